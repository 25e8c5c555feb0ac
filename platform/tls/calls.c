/* SPDX-License-Identifier: MIT */
/* calls: what comes of a call of mbedTLS, for its connection: sessions that are to be kept, codes
 * that say less than they seem to. */
#include "calls.h"

enum { MAX_TICKETS = 4 }; /* that are kept of one connection */

/* A record is made that the stream beneath has not taken whole, and may yet take. */
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

/* What a code says, after what it says to the connection itself. */
ferry_tls_meaning ferry_tls_stream_handle(ferry_tls_stream *self, ferry_tls_call call, int code) {
    ferry_tls_meaning meaning = ferry_tls_code_get_meaning(call, code);
    if (meaning == FERRY_TLS_HAS_SESSION) {
        ferry_tls_stream_keep_session(self);
        return FERRY_TLS_GOES_ON;
    }
    /* mbedTLS says so too after a record that was not for it, with others behind it. */
    if (meaning == FERRY_TLS_WANTS_READ && !self->bio.is_starved) {
        return FERRY_TLS_GOES_ON;
    }
    /* An alert, with which it fails; it would make that anew as often as there is no room for it.
     */
    if (meaning == FERRY_TLS_WANTS_WRITE && self->ssl.MBEDTLS_PRIVATE(send_alert) != 0 &&
        !self->bio.keeps) {
        self->bio.keeps = true;
        return FERRY_TLS_GOES_ON;
    }
    return meaning;
}
