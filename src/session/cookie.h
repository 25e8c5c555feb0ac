/* SPDX-License-Identifier: MIT */
/* cookie: what one Set-Cookie says (RFC 6265bis section 5.6), and which hosts and paths a cookie is
 * for (section 5.1). */
#ifndef FERRY_SESSION_COOKIE_H
#define FERRY_SESSION_COOKIE_H

#include "base/span.h"
#include "ferry_cookies.h"

enum {
    FERRY_COOKIE_MAX_BYTES = 4096,     /* of name and value together */
    FERRY_COOKIE_MAX_ATTRIBUTE = 1024, /* of an attribute's value */
    FERRY_COOKIE_MAX_AGE_S = 400 * 24 * 60 * 60,
};

/* When a cookie ends that is not kept beyond the session, and one that has ended already. */
#define FERRY_COOKIE_NEVER INT64_MAX
#define FERRY_COOKIE_LONG_AGO INT64_MIN

/* A cookie; the spans point into what it was read from. */
typedef struct ferry_cookie_parts {
    ferry_span name; /* may be empty */
    ferry_span value;
    ferry_span domain; /* of Domain, without its first dot, as it came; empty: there is none */
    ferry_span path;   /* begins with '/'; empty: there is none */
    int64_t expires_s; /* since 1970, or FERRY_COOKIE_NEVER */
    bool host_only;
    bool secure;
    bool http_only;
    ferry_same_site same_site;
} ferry_cookie_parts;

/* Reads the value of a Set-Cookie header; `host_only` says that it has no Domain. False: it is none
 * that is to be stored, whoever sent it. */
bool ferry_cookie_parse(ferry_span text, int64_t now_s, ferry_cookie_parts *parts);

/* What holds for every cookie, wherever it comes from: octets, lengths, and what its name promises.
 * The path must have been decided. */
bool ferry_cookie_is_sound(const ferry_cookie_parts *parts);

/* Not later than the latest time that a cookie may be kept to. */
int64_t ferry_cookie_limit_expiry(int64_t expires_s, int64_t now_s);

/* The path of a request target, without its query; and what a cookie from there gets that names no
 * path. */
ferry_span ferry_cookie_request_path(const char *target);
ferry_span ferry_cookie_default_path(ferry_span request_path);

/* True where a request for `request_path` is one for what lies at `path`. */
bool ferry_cookie_path_matches(ferry_span request_path, ferry_span path);

#endif
