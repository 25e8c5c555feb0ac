/* SPDX-License-Identifier: MIT */
/* tls: TLS over any stream. tls_mbedtls.c and its neighbours define it, or tls_none.c where the
 * library is built without. */
#ifndef FERRY_TLS_H
#define FERRY_TLS_H

#include "connector.h"

/* What the options hold, read and ready: authorities, certificate and key, pins, sessions. It does
 * not change, and streams on different threads share it. */
typedef struct ferry_tls_config ferry_tls_config;

/* UNAVAILABLE with a detail where this build has no TLS. */
ferry_error ferry_tls_check(ferry_context *context);

/* Finds in the options' cache what has been read before, or reads it. Without a cache it is
 * `*own`, which is made where it is NULL. INVALID_PARAMETER: a certificate, a key, a CRL or a pin
 * cannot be read. UNAVAILABLE: no TLS, or no authorities on this system. OUT_OF_MEMORY. */
ferry_error ferry_tls_config_get(ferry_context *context, const ferry_tls_options *options,
                                 ferry_tls_cache **own, ferry_tls_config **config);
void ferry_tls_config_release(ferry_tls_config *config);

/* A stream that speaks TLS over `beneath`, which belongs to it from then on; where this fails it
 * stays the caller's. `host` is a name or an address, without brackets; sessions are resumed with
 * the same host and port. OUT_OF_MEMORY, FAILED. */
ferry_error ferry_tls_new(ferry_context *context, ferry_tls_config *config, const char *host,
                          uint16_t port, ferry_stream *beneath, ferry_stream **stream);

/* Goes on with the handshake as far as the stream beneath lets it; `done` tells whether that was
 * to its end. What to wait for otherwise the stream's `wants` says. TLS_HANDSHAKE,
 * TLS_CERTIFICATE, CONNECTION_ERROR, with a detail. */
ferry_error ferry_tls_handshake(ferry_stream *stream, bool *done);

#endif
