/* SPDX-License-Identifier: MIT */
/* calls: makes of each return code of mbedTLS what it means for the connection. Some codes say that
 * there is a session to keep; others say less than they seem to. */
#include "calls.h"

enum { MAX_TICKETS = 4 }; /* that are kept of one connection */

bool ferry_tls_stream_has_unsent(const ferry_tls_stream *self) {
    size_t kept = self->bio.kept_end - self->bio.kept_begin;
    return (kept > 0 || self->ssl.MBEDTLS_PRIVATE(out_left) > 0) && !self->write_failed;
}

void ferry_tls_stream_keep_session(ferry_tls_stream *self) {
    if (self->port != 0 && self->tickets++ < MAX_TICKETS) {
        ferry_tls_sessions_keep(&self->config->sessions, self->host, self->port, self->verified_ms,
                                &self->ssl);
    }
}

ferry_tls_meaning ferry_tls_stream_handle(ferry_tls_stream *self, ferry_tls_call call, int code) {
    ferry_tls_meaning meaning = ferry_tls_code_get_meaning(call, code);
    if (meaning == FERRY_TLS_HAS_SESSION) {
        ferry_tls_stream_keep_session(self);
        return FERRY_TLS_GOES_ON;
    }
    /* mbedTLS says so also after a message that was not for the caller, though more bytes are
     * there. */
    if (meaning == FERRY_TLS_WANTS_READ && !self->bio.is_starved) {
        return FERRY_TLS_GOES_ON;
    }
    /* There is no room for an alert that mbedTLS sends before it fails. mbedTLS would make the
     * alert once more with each call, so it is kept here. */
    if (meaning == FERRY_TLS_WANTS_WRITE && self->ssl.MBEDTLS_PRIVATE(send_alert) != 0 &&
        !self->bio.keeps) {
        self->bio.keeps = true;
        return FERRY_TLS_GOES_ON;
    }
    return meaning;
}
