/* SPDX-License-Identifier: MIT */
/* own_stream: a connection as a program may make one itself: a socket that gives and takes little
 * at a time, and now and then takes nothing. */
#ifndef FERRY_SOAK_OWN_STREAM_H
#define FERRY_SOAK_OWN_STREAM_H

#include "ferry.h"

#include <stdint.h>

/* Connected with a port of this machine. At most `most` bytes are moved at a time. */
ferry_stream *own_stream_new(int port, size_t most, uint64_t seed);

#endif
