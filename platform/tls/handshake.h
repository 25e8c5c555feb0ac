/* SPDX-License-Identifier: MIT */
/* handshake: opens a TLS connection. The other calls of tls.h are in the files beside it. */
#ifndef FERRY_TLS_HANDSHAKE_H
#define FERRY_TLS_HANDSHAKE_H

#include "stream_state.h"

/* Makes mbedTLS ready for the handshake. 0, or mbedTLS's code. */
int ferry_tls_handshake_init(ferry_tls_stream *stream);

#endif
