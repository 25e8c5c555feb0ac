/* SPDX-License-Identifier: MIT */
/* tcp: a connected socket as a stream. */
#ifndef FERRY_PLATFORM_NET_TCP_H
#define FERRY_PLATFORM_NET_TCP_H

#include "platform.h"

/* A stream over a connected socket, which it owns from then on. OUT_OF_MEMORY. */
ferry_error ferry_tcp_new(ferry_context *context, ferry_descriptor socket, ferry_stream **stream);

#endif
