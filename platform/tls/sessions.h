/* SPDX-License-Identifier: MIT */
/* sessions: TLS sessions that later connections can resume, by host and port. */
#ifndef FERRY_TLS_SESSIONS_H
#define FERRY_TLS_SESSIONS_H

#include <mbedtls/ssl.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ferry_tls_session ferry_tls_session;

/* Zeroed, it is empty. */
typedef struct ferry_tls_sessions {
    ferry_tls_session *newest; /* a list, the newest first */
} ferry_tls_sessions;

/* Gives the newest session with this host and port to `ssl`, and says whether there was one. A
 * session of TLS 1.3 is used only once (RFC 8446 appendix C.4). */
bool ferry_tls_sessions_take(ferry_tls_sessions *sessions, const char *host, uint16_t port,
                             int64_t *verified_ms, mbedtls_ssl_context *ssl);

/* Keeps the session that `ssl` has; without memory it is not kept. `verified_ms` is when the
 * server's chain was verified, by this connection or by the one whose session it resumed. */
void ferry_tls_sessions_keep(ferry_tls_sessions *sessions, const char *host, uint16_t port,
                             int64_t verified_ms, const mbedtls_ssl_context *ssl);

/* Drops every session with this host and port. */
void ferry_tls_sessions_forget(ferry_tls_sessions *sessions, const char *host, uint16_t port);

void ferry_tls_sessions_deinit(ferry_tls_sessions *sessions);

#endif
