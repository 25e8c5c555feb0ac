/* SPDX-License-Identifier: MIT */
/* connect_chain: the connector for every origin: it connects to the origin or its proxy, then
 * speaks TLS, asks for a tunnel, and speaks TLS within that, as the origin needs it. */
#ifndef FERRY_PLATFORM_NET_CONNECT_CHAIN_H
#define FERRY_PLATFORM_NET_CONNECT_CHAIN_H

#include "wire/connector.h"

/* OUT_OF_MEMORY. */
ferry_error ferry_connect_chain_new(ferry_context *context, ferry_exchange *exchange,
                                    ferry_connector **connector);

#endif
