/* SPDX-License-Identifier: MIT */
/* happy_eyeballs: the connector for plain TCP (RFC 8305). */
#ifndef FERRY_PLATFORM_NET_HAPPY_EYEBALLS_H
#define FERRY_PLATFORM_NET_HAPPY_EYEBALLS_H

#include "wire/connector.h"

/* OUT_OF_MEMORY. */
ferry_error ferry_happy_eyeballs_new(ferry_context *context, ferry_connector **connector);

#endif
