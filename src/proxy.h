/* SPDX-License-Identifier: MIT */
/* proxy: reads how a program or the environment names a proxy. */
#ifndef FERRY_PROXY_H
#define FERRY_PROXY_H

#include "backend.h"

/* "host", "http://host" or "https://host", any case, with "user:password@" before the host if need
 * be. With a `port` of 0 the text is a URL, which may have a port and a path; without a port it is
 * 80, or 443 for "https://". One block of memory, for ferry_free(); its `tls` is NULL.
 * INVALID_PARAMETER; UNAVAILABLE: SOCKS; OUT_OF_MEMORY; each with a detail, which never holds the
 * password. */
ferry_error ferry_proxy_read(ferry_context *context, const char *text, uint16_t port,
                             ferry_proxy **proxy);

#endif
