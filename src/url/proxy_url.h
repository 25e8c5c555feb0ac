/* SPDX-License-Identifier: MIT */
/* proxy_url: reads how a program or the environment names a proxy. */
#ifndef FERRY_URL_PROXY_URL_H
#define FERRY_URL_PROXY_URL_H

#include "base/context.h"

typedef struct ferry_proxy {
    const char *host; /* no brackets */
    uint16_t port;
    bool secure;                  /* TLS to the proxy itself */
    const ferry_tls_options *tls; /* for that; NULL: the default */
    const char *authorization;    /* what Proxy-Authorization says; NULL: nothing */
    const char *const *headers;   /* lines for it alone, checked, ended by NULL; NULL: none */
} ferry_proxy;

/* "host", "http://host" or "https://host", any case, with "user:password@" before the host if need
 * be. With a `port` of 0 the text is a URL, which may have a port and a path; without a port it is
 * 80, or 443 for "https://". One block of memory, for ferry_free(); its `tls` is NULL.
 * INVALID_PARAMETER; UNAVAILABLE: SOCKS; OUT_OF_MEMORY; each with a detail, which never holds the
 * password. */
ferry_error ferry_proxy_read(ferry_context *context, const char *text, uint16_t port,
                             ferry_proxy **proxy);

#endif
