/* SPDX-License-Identifier: MIT */
/* proxy_select: by which proxy, and at which address, an origin is reached: what the program and
 * the environment say. platform/net/ defines it, and web/ for browsers; the linker chooses. */
#ifndef FERRY_CLIENT_PROXY_SELECT_H
#define FERRY_CLIENT_PROXY_SELECT_H

#include "message/backend.h"

typedef struct ferry_proxy_select ferry_proxy_select;

/* Copies what the options say; *select is NULL if they say nothing. OUT_OF_MEMORY. */
ferry_error ferry_proxy_select_new(ferry_context *context, const ferry_client_options *options,
                                   ferry_proxy_select **select);
void ferry_proxy_select_free(ferry_context *context, ferry_proxy_select *select);

/* Sets the proxy for http:// or https:// origins; a NULL host means none. Makes *select if it is
 * NULL. INVALID_PARAMETER, UNAVAILABLE, OUT_OF_MEMORY: nothing has changed then. */
ferry_error ferry_proxy_select_set_proxy(ferry_context *context, ferry_proxy_select **select,
                                         bool secure, const char *host, uint16_t port);

/* Sets the origin's proxy and address for this host. They stay valid until the next call with this
 * `select`, which may be NULL. INVALID_PARAMETER, UNAVAILABLE, OUT_OF_MEMORY. */
ferry_error ferry_proxy_select_choose(ferry_context *context, ferry_proxy_select *select,
                                      ferry_span host, ferry_origin *origin);

#endif
