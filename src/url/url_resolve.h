/* SPDX-License-Identifier: MIT */
/* url_resolve: resolves a reference, and says where in the result its parts are. */
#ifndef FERRY_URL_URL_RESOLVE_H
#define FERRY_URL_URL_RESOLVE_H

#include "ferry_url.h"

/* Places in a URL in its normal form. */
typedef struct ferry_url_layout {
    bool secure;
    int port;
    size_t userinfo;  /* "user:password@", up to `authority`; empty: there is none */
    size_t authority; /* host and port, up to `target` */
    size_t host;      /* without brackets */
    size_t host_end;
    size_t target; /* path and query */
    size_t target_end;
} ferry_url_layout;

/* As ferry_url_resolve(). */
ferry_error ferry_url_resolve_layout(const char *base, const char *reference, char *dst,
                                     size_t capacity, ferry_url_layout *layout,
                                     const char **reason);

#endif
