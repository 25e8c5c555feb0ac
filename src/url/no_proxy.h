/* SPDX-License-Identifier: MIT */
/* no_proxy: tells which hosts are connected to without a proxy. */
#ifndef FERRY_URL_NO_PROXY_H
#define FERRY_URL_NO_PROXY_H

#include "base/span.h"

/* True if one of the rules matches the host (no brackets) and the port. Commas or white space
 * separate the rules. A rule that cannot be read matches no host. */
bool ferry_no_proxy_matches(ferry_span rules, ferry_span host, uint16_t port);

#endif
