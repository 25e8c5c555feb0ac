/* SPDX-License-Identifier: MIT */
/* host: names of hosts as they are compared, and the ports behind them. */
#ifndef FERRY_URL_HOST_H
#define FERRY_URL_HOST_H

#include "base/span.h"

/* "example.org." without its last dot, which stands for the root (RFC 1034 section 3.1). */
ferry_span ferry_host_without_dot(ferry_span host);

/* The same name, in any case, with the root's dot or without it. */
bool ferry_host_equals(ferry_span a, ferry_span b);

/* True where the host is "anything.domain", in any case. Neither has the root's dot. */
bool ferry_host_is_below(ferry_span host, ferry_span domain);

/* The same, or where it is the domain itself. */
bool ferry_host_is_within(ferry_span host, ferry_span domain);

/* A number from 1 to 65535, in decimal digits only. */
bool ferry_port_read(ferry_span text, uint16_t *port);

#endif
