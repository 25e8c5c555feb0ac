/* SPDX-License-Identifier: MIT */
/* tls: TLS over any stream. stream.c and its neighbours define it, or none.c where the
 * library is built without. */
#ifndef FERRY_TLS_H
#define FERRY_TLS_H

#include "base/context.h"

/* What the options hold, read and ready: authorities, certificate and key, pins, sessions. It does
 * not change, and streams on different threads share it. */
typedef struct ferry_tls_config ferry_tls_config;

/* UNAVAILABLE with a detail where this build has no TLS. */
ferry_error ferry_tls_check(ferry_context *context);

/* Finds in the options' cache what has been read before, or reads it. Without a cache it is
 * `*own`, which is made where it is NULL. INVALID_PARAMETER: a certificate, a key, a CRL or a pin
 * cannot be read. UNAVAILABLE: no TLS. OUT_OF_MEMORY. The system's authorities may have to be read
 * yet, by a thread: what is wrong with them ferry_tls_config_poll() says, or this one where no
 * thread can be had. */
ferry_error ferry_tls_config_get(ferry_context *context, const ferry_tls_options *options,
                                 ferry_tls_cache **own, ferry_tls_config **config);
void ferry_tls_config_release(ferry_tls_config *config);

/* Whether a handshake can begin. UNAVAILABLE: there are no authorities on this system; FAILED: they
 * cannot be read; OUT_OF_MEMORY. The configuration is then of no use any more, and
 * ferry_tls_config_get() makes another. */
ferry_error ferry_tls_config_poll(ferry_tls_config *config, ferry_context *context, bool *ready);

/* While it is not ready: what is ready for reading when it is. FERRY_NO_DESCRIPTOR: it is to be
 * polled again before long. Each begin has its end. */
ferry_descriptor ferry_tls_config_begin_wait(ferry_tls_config *config);
void ferry_tls_config_end_wait(ferry_tls_config *config);

/* How TLS is spoken to one server. Where an attempt fails and another one may succeed, that one is
 * made on a new connection. Attempts follow each other in this order; none is made twice.
 *
 *     WITH_SESSION     -> WITHOUT_SESSION  no session is remembered: the same connection goes on so
 *     WITH_SESSION     -> WITHOUT_SESSION  the handshake failed: it may have been the session
 *     WITHOUT_SESSION  -> WITHOUT_PSS      the server chose TLS 1.2 and signed with RSA-PSS
 *     each of them     -> NO_ATTEMPT       it succeeded, or it failed and no other one would help
 */
typedef enum ferry_tls_attempt {
    /* The session that is remembered is offered. mbedTLS then offers the version of that session
     * alone. */
    FERRY_TLS_WITH_SESSION,
    /* Every version is offered that the options allow. */
    FERRY_TLS_WITHOUT_SESSION,
    /* TLS 1.2 alone is offered, and no RSA-PSS. mbedTLS 3.6 has to offer RSA-PSS signatures for
     * TLS 1.3, but does not accept one in TLS 1.2. */
    FERRY_TLS_WITHOUT_PSS,
    FERRY_TLS_NO_ATTEMPT,
} ferry_tls_attempt;

/* A stream that speaks TLS over `transport`, which belongs to it from then on; where this fails it
 * stays the caller's. `host` is a name or an address, without brackets; sessions are resumed with
 * the same host and port. Port 0: nobody knows it, and no session is resumed or remembered.
 * OUT_OF_MEMORY, FAILED. */
ferry_error ferry_tls_new(ferry_context *context, ferry_tls_config *config,
                          ferry_tls_attempt attempt, const char *host, uint16_t port,
                          ferry_stream *transport, ferry_stream **stream);

/* What the stream speaks TLS over; NULL where it speaks none. */
ferry_stream *ferry_tls_get_transport(const ferry_stream *stream);

/* Goes on with the handshake as far as the stream beneath lets it; `done` tells whether that was
 * to its end. What to wait for otherwise the stream's `wants` says. TLS_HANDSHAKE,
 * TLS_CERTIFICATE, CONNECTION_ERROR, with a detail. */
ferry_error ferry_tls_handshake(ferry_stream *stream, bool *done);

/* After the handshake: which attempt is to be made next. */
ferry_tls_attempt ferry_tls_get_next_attempt(const ferry_stream *stream);

#endif
