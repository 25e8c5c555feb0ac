/* SPDX-License-Identifier: MIT */
/* ferry_cookies: jars of cookies, for sessions. */
#include "ferry.h" /* which includes this file where it has its place */

#ifndef FERRY_COOKIES_H
#define FERRY_COOKIES_H

#ifdef __cplusplus
extern "C" {
#endif

/* Keeps cookies as browsers do (RFC 6265bis), for the sessions that are given it. Each request gets
 * the cookies of its own URL, redirects included. Each response may set some, whatever its code is,
 * but not a proxy's refusal (407). One thread at a time uses a jar and all sessions that have it.
 *
 * A jar takes 50 cookies of a response, each with 4,096 bytes of name and value, for 400 days at
 * most. It keeps 50 of a domain, and 3,000 in all. The ones that were used least recently go first,
 * but no Secure cookie goes for one that is not. A request gets 8,190 bytes of them: those with the
 * longest paths, and the oldest of these first.
 *
 * Domain needs libpsl (FERRY_PSL), which knows what domains strangers share. A build without it
 * sends each cookie back only to the host that set it, as every build does for addresses. */
typedef struct ferry_cookie_jar ferry_cookie_jar;

/* An empty jar. The allocator may be NULL; if only some of its functions are given, what loads and
 * saves fails, and so do all transfers. NULL: no memory. */
ferry_cookie_jar *ferry_cookie_jar_new(const ferry_allocator *allocator);

/* No session may have it any more. NULL is legal. */
void ferry_cookie_jar_free(ferry_cookie_jar *jar);

/* Adds the cookies of a file in the Netscape format, which curl reads and writes. A file that is
 * not there has none. Cookies that are over, or that nobody may set, are passed over. This call may
 * wait for a disk.
 *
 * FERRY_ERROR_FILE:         the file cannot be read; the detail has the system's words.
 * FERRY_ERROR_INVALID_DATA: a line is none of that format; nothing is added.
 * FERRY_ERROR_TOO_LARGE:    it has more than 32 MiB.
 * FERRY_ERROR_INVALID_PARAMETER: there is no path, or see `allocator`.
 * FERRY_ERROR_OUT_OF_MEMORY
 * FERRY_ERROR_UNAVAILABLE:  on the web. */
ferry_error ferry_cookie_jar_load(ferry_cookie_jar *jar, const char *path);

/* Writes all cookies to a file in that format, those too that end with the session (their expiry is
 * 0), but for those that it cannot hold: without a name, or with a tab in them. The bytes go to a
 * new file beside `path`, which only its owner may read, and which then takes the place of what is
 * there. If the call fails, what is there stays as it was. This call may wait for a disk.
 *
 * FERRY_ERROR_FILE: the file cannot be written; or ferry_cookie_jar_load() has failed before, so
 *                   that cookies would be lost: this jar is never saved.
 * FERRY_ERROR_INVALID_PARAMETER, _TOO_LARGE, _OUT_OF_MEMORY, _UNAVAILABLE: as above. */
ferry_error ferry_cookie_jar_save(ferry_cookie_jar *jar, const char *path);

/* Drops the cookies that end with the session: for a program that begins one, after
 * ferry_cookie_jar_load(). */
void ferry_cookie_jar_end_session(ferry_cookie_jar *jar);

/* Drops all cookies. */
void ferry_cookie_jar_clear(ferry_cookie_jar *jar);

/* SameSite. It is kept for who asks, and restrains nothing here: it is about requests that one
 * site's page makes to another site, and a program without pages makes all of its requests itself.
 */
typedef enum ferry_same_site {
    FERRY_SAME_SITE_DEFAULT = 0, /* nothing is said, or something unknown */
    FERRY_SAME_SITE_NONE = 1,
    FERRY_SAME_SITE_LAX = 2,
    FERRY_SAME_SITE_STRICT = 3,
} ferry_same_site;

/* A cookie of a jar. The texts are valid until the jar is used again. */
typedef struct ferry_cookie {
    const char *name; /* may be "" */
    const char *value;
    const char *domain; /* in lower case, without a dot at its beginning or end */
    const char *path;
    int64_t expires_s; /* seconds since 1970; 0: it ends with the session */
    bool host_only;    /* it goes to `domain`, and to no host below it */
    bool secure;       /* it goes over https alone */
    bool http_only;    /* kept for who asks: there are no scripts here */
    ferry_same_site same_site;
} ferry_cookie;

/* Writes the first `capacity` cookies, the one that was set first at the beginning. Returns how
 * many there are, which may be more. `cookies` may be NULL if `capacity` is 0. */
size_t ferry_cookie_jar_list(ferry_cookie_jar *jar, ferry_cookie *cookies, size_t capacity);

/* What was wrong in the last call that failed, as a sentence; "" before that. */
const char *ferry_cookie_jar_get_error_detail(const ferry_cookie_jar *jar);

#ifdef __cplusplus
}
#endif

#endif
