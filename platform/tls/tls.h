/* SPDX-License-Identifier: MIT */
/* tls: TLS over any stream. The files of this folder define it with mbedTLS, or none.c does where
 * the library is built without TLS. */
#ifndef FERRY_TLS_H
#define FERRY_TLS_H

#include "base/context.h"

/* What the options hold, read and made ready: authorities, certificate and key, pins, and the
 * sessions that can be resumed. Streams on different threads share it. */
typedef struct ferry_tls_config ferry_tls_config;

/* Whether TLS can be used. With a detail:
 *   FERRY_ERROR_UNAVAILABLE  this build has no TLS; or this process is a child after fork(), and
 *                            mbedTLS is older than 3.6.6
 *   FERRY_ERROR_FAILED       this system gives no random bytes */
ferry_error ferry_tls_check(ferry_context *context);

/* Gives the configuration for these options: the one that the options' cache has, or a new one.
 * Where the options bring no cache, `*own` is the cache, which is made where it is NULL.
 *
 * The system's authorities may have to be read first. A thread does that; what is wrong with them,
 * ferry_tls_config_poll() says. Where no thread can be had, this call reads them, and returns the
 * errors of ferry_tls_config_poll() too.
 *
 * The errors of ferry_tls_check(), and:
 *   FERRY_ERROR_INVALID_PARAMETER  a certificate, a key, a revocation list or a pin cannot be read
 *   FERRY_ERROR_OUT_OF_MEMORY */
ferry_error ferry_tls_config_get(ferry_context *context, const ferry_tls_options *options,
                                 ferry_tls_cache **own, ferry_tls_config **config);
void ferry_tls_config_release(ferry_tls_config *config);

/* Whether a handshake can begin. After an error this configuration cannot be used any more:
 * ferry_tls_config_get() makes another one.
 *   FERRY_ERROR_UNAVAILABLE  there are no authorities on this system
 *   FERRY_ERROR_FAILED       they cannot be read
 *   FERRY_ERROR_OUT_OF_MEMORY */
ferry_error ferry_tls_config_poll(ferry_tls_config *config, ferry_context *context, bool *ready);

/* Called while it is not ready. The descriptor becomes ready for reading when the configuration is
 * ready. FERRY_NO_DESCRIPTOR: poll it again soon. Each begin_wait has its end_wait. */
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

/* Makes a stream that speaks TLS over `transport`. The transport belongs to the stream from then
 * on; where this call fails, it stays the caller's. `host` is a name or an address, without
 * brackets. Sessions are resumed with the same host and port. Port 0: nobody knows the port, so no
 * session is resumed or remembered.
 *   FERRY_ERROR_FAILED  mbedTLS does not accept the host, such as a very long name
 *   FERRY_ERROR_OUT_OF_MEMORY */
ferry_error ferry_tls_new(ferry_context *context, ferry_tls_config *config,
                          ferry_tls_attempt attempt, const char *host, uint16_t port,
                          ferry_stream *transport, ferry_stream **stream);

/* What the stream speaks TLS over; NULL where it is not a stream of ferry_tls_new(). */
ferry_stream *ferry_tls_get_transport(const ferry_stream *stream);

/* Goes on with the handshake as far as the transport lets it. `done` tells whether it has ended. If
 * not, the stream's `wants` says what to wait for. With a detail:
 *   FERRY_ERROR_TLS_HANDSHAKE     the server does not speak TLS, or not as it must, or refuses
 *   FERRY_ERROR_TLS_CERTIFICATE   the server's certificates are not good
 *   FERRY_ERROR_CONNECTION_ERROR  the transport has failed
 *   FERRY_ERROR_OUT_OF_MEMORY */
ferry_error ferry_tls_handshake(ferry_stream *stream, bool *done);

/* After the handshake: which attempt is to be made next, on a new connection. */
ferry_tls_attempt ferry_tls_get_next_attempt(const ferry_stream *stream);

#endif
