/* SPDX-License-Identifier: MIT */
/* pushback: gives bytes that were read too early again, before those of the stream itself. */
#ifndef FERRY_PLATFORM_NET_PUSHBACK_H
#define FERRY_PLATFORM_NET_PUSHBACK_H

#include "base/buffer.h"

/* Puts a stream that has the bytes already over *stream. It takes both over, and leaves the buffer
 * empty. OUT_OF_MEMORY, where both stay the caller's. */
ferry_error ferry_pushback_put(ferry_context *context, ferry_buffer *bytes, ferry_stream **stream);

#endif
