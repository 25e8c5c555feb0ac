/* SPDX-License-Identifier: MIT */
/* calls: what a return code of mbedTLS means for its connection. */
#ifndef FERRY_TLS_CALLS_H
#define FERRY_TLS_CALLS_H

#include "codes.h"
#include "stream_state.h"

enum { FERRY_TLS_MAX_TURNS = 64 }; /* messages without data that are handled in one call */

/* Whether there is a record that the transport has not taken whole, and may yet take. */
bool ferry_tls_stream_has_unsent(const ferry_tls_stream *stream);

/* Remembers the session of the connection, unless it has remembered enough. */
void ferry_tls_stream_keep_session(ferry_tls_stream *stream);

/* What a code means, after the connection has done what the code asks of it: never
 * FERRY_TLS_HAS_SESSION. */
ferry_tls_meaning ferry_tls_stream_handle(ferry_tls_stream *stream, ferry_tls_call call, int code);

#endif
