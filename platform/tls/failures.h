/* SPDX-License-Identifier: MIT */
/* failures: says in a sentence why a handshake or a connection has failed. */
#ifndef FERRY_TLS_FAILURES_H
#define FERRY_TLS_FAILURES_H

#include "stream_state.h"

/* Fails with what the handshake comes to: TLS_HANDSHAKE, TLS_CERTIFICATE, CONNECTION_ERROR. */
ferry_error ferry_tls_handshake_explain(const ferry_tls_stream *stream, int code);

/* Why an open connection has failed. */
void ferry_tls_failure_write(const ferry_tls_stream *stream, int code, char *text, size_t size);

#endif
