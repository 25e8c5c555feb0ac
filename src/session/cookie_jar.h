/* SPDX-License-Identifier: MIT */
/* cookie_jar: stores cookies, and chooses those that go with a request (RFC 6265bis sections 5.7
 * and 5.8). A session calls a jar by its `ops` alone, so that programs without one do not carry it.
 */
#ifndef FERRY_SESSION_COOKIE_JAR_H
#define FERRY_SESSION_COOKIE_JAR_H

#include "base/buffer.h"
#include "base/list.h"
#include "cookie.h"
#include "place.h"

enum {
    FERRY_COOKIES_OF_RESPONSE = 50,
    FERRY_COOKIES_OF_DOMAIN = 50,
    FERRY_COOKIES_OF_JAR = 3000,
    FERRY_COOKIE_BUCKETS = 64,
};

/* What a session calls. */
typedef struct ferry_cookie_ops {
    /* Stores what the response of a place sets; `lines` are its header lines. OUT_OF_MEMORY. */
    ferry_error (*take)(ferry_cookie_jar *jar, const ferry_place *place, const char *const *lines,
                        size_t count);

    /* Gives the header line for a place; NULL: there is none. Valid until the next call of the jar.
     * OUT_OF_MEMORY. */
    ferry_error (*select)(ferry_cookie_jar *jar, const ferry_place *place, const char **line);
} ferry_cookie_ops;

/* Cookies of one domain. */
typedef struct ferry_cookie_domain {
    ferry_list_node node; /* in its bucket */
    ferry_list_node cookies;
    size_t count;
    size_t length;
    char name[]; /* in lower case, no dot at its end */
} ferry_cookie_domain;

typedef struct ferry_stored_cookie {
    ferry_list_node all;  /* in jar.all */
    ferry_list_node near; /* in domain.cookies */
    ferry_cookie_domain *domain;
    uint64_t order;           /* the one that was set first has the lowest */
    uint64_t used;            /* the one that was used last has the highest */
    ferry_cookie_parts parts; /* spans of `text`, each with a NUL behind it */
    size_t size;
    char text[];
} ferry_stored_cookie;

struct ferry_cookie_jar {
    const ferry_cookie_ops *ops;
    ferry_context context;
    ferry_error flaw;    /* with which all fails */
    bool is_not_all;     /* a file could not be read: none is written */
    ferry_list_node all; /* the one that was set first is first */
    ferry_list_node buckets[FERRY_COOKIE_BUCKETS];
    size_t count;
    uint64_t last_order;
    uint64_t last_use;
    ferry_stored_cookie **chosen; /* room for all */
    size_t capacity;
    ferry_buffer line;
};

/* Where a cookie comes from, or goes. */
typedef struct ferry_cookie_site {
    const char *host;
    bool secure;        /* https */
    const char *target; /* path and query */
} ferry_cookie_site;

/* Stores what one Set-Cookie of that site says, or not: that is no error. OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_cookie_jar_take(ferry_cookie_jar *jar,
                                                 const ferry_cookie_site *site, ferry_span text,
                                                 int64_t now_s);

/* As ferry_cookie_ops.select. */
FERRY_MUST_USE ferry_error ferry_cookie_jar_select(ferry_cookie_jar *jar,
                                                   const ferry_cookie_site *site, int64_t now_s,
                                                   const char **line);

/* Stores a sound cookie, with its domain and path, in the place of one with the same name, domain
 * and path. Drops others where there are too many. OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_cookie_jar_put(ferry_cookie_jar *jar,
                                                const ferry_cookie_parts *parts, int64_t now_s);

/* Drops the cookies whose time is over. */
void ferry_cookie_jar_expire(ferry_cookie_jar *jar, int64_t now_s);

#endif
