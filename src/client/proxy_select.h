/* SPDX-License-Identifier: MIT */
/* proxy_select: which way an origin is reached by, as the program and the environment say; one
 * definition in platform/, one in web/, chosen at link time. */
#ifndef FERRY_CLIENT_PROXY_SELECT_H
#define FERRY_CLIENT_PROXY_SELECT_H

#include "message/backend.h"

typedef struct ferry_proxy_select ferry_proxy_select;

/* With a copy of what the options say; NULL where there is nothing to keep. OUT_OF_MEMORY. */
ferry_error ferry_proxy_select_new(ferry_context *context, const ferry_client_options *options,
                                   ferry_proxy_select **select);
void ferry_proxy_select_free(ferry_context *context, ferry_proxy_select *select);

/* Sets the proxy for http:// or https:// origins, or none where `host` is NULL. `*select` is made
 * where it is NULL. INVALID_PARAMETER, UNAVAILABLE, OUT_OF_MEMORY; all is then as it was. */
ferry_error ferry_proxy_select_set_proxy(ferry_context *context, ferry_proxy_select **select,
                                         bool secure, const char *host, uint16_t port);

/* Fills in the origin's proxy and address for a host, which the origin does not have yet; they live
 * until the next call with this select, which may be NULL. INVALID_PARAMETER, UNAVAILABLE,
 * OUT_OF_MEMORY. */
ferry_error ferry_proxy_select_choose(ferry_context *context, ferry_proxy_select *select,
                                      ferry_span host, ferry_origin *origin);

#endif
