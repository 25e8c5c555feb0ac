/* SPDX-License-Identifier: MIT */
/* stream: the stream: handshake, records, alerts and the end, over the stream beneath. */
#include "tls_state.h"

#include <assert.h>
#include <mbedtls/error.h>
#include <mbedtls/platform.h>
#include <mbedtls/version.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(MBEDTLS_VERSION_NUMBER >= 0x03060000, "ferry needs mbedTLS 3.6");
#if defined(MBEDTLS_THREADING_C) && defined(MBEDTLS_HAVE_TIME_DATE)
enum { IS_FIT = 1 };
#else
enum { IS_FIT = 0 };
#endif
_Static_assert(IS_FIT, "ferry needs an mbedTLS that is built with threads and with a calendar");

enum {
    /* Slices that are shorter than this together go in one record. */
    JOINED_BYTES = 4096,
    REASON_SIZE = 384,
    MOST_TURNS = 64,    /* messages without data that are looked at in one call */
    HANDSHAKE_US = 250, /* after which no other step of a handshake is begun in one call */
    MOST_TICKETS = 4,   /* that are kept of one connection */
};

/* The end of what is written, behind all that was written before it. */
typedef enum tls_end {
    TLS_END_NONE = 0,
    TLS_END_WANTED, /* close_notify is to be made */
    TLS_END_MADE,   /* it is on its way */
    TLS_END_SENT,   /* and the stream beneath has been ended too */
} tls_end;

typedef struct tls {
    ferry_stream base;
    ferry_context *context;
    ferry_tls_transport beneath;
    ferry_tls_config *config;
    mbedtls_ssl_context ssl;
    ferry_tls_verification *verification; /* until the handshake has ended */
    bool is_open;                         /* the handshake has ended */
    bool is_broken;                       /* a fatal error, after which nothing goes on */
    bool write_failed;                    /* nothing more can be written */
    bool write_wants_bytes;               /* it goes on when something has come, not before */
    ferry_stream_result reading_end;      /* OK while it has not ended */
    bool offered_session;
    int64_t verified_ms; /* when the chain was looked at, by this connection or an earlier one */
    unsigned tickets;    /* that the server has sent */
    bool has_more;       /* reading has paused though more may be there */
    tls_end writing_end;
    ferry_tls_attempt attempt;
    bool has_next_attempt;
    ferry_tls_attempt next_attempt;
    bool wants_write; /* the handshake waits for room, not for bytes */

    char *reason; /* REASON_SIZE bytes, once something has failed; NULL before */
    uint16_t port;
    char host[];
} tls;

/* A record is made that the stream beneath has not taken whole, and may yet take. */
static bool has_unsent(const tls *self) {
    size_t kept = self->beneath.kept_end - self->beneath.kept_begin;
    return (kept > 0 || self->ssl.MBEDTLS_PRIVATE(out_left) > 0) && !self->write_failed;
}

/* ---- Why it failed ---- */

/* mbedTLS has no call for it; its content is a level and the description. */
static int alert_of(const tls *self) {
    return self->ssl.MBEDTLS_PRIVATE(in_msg)[1];
}

static void set_reason(tls *self, const char *words) {
    if (self->reason == NULL) {
        self->reason = ferry_alloc(self->context, REASON_SIZE);
    }
    if (self->reason != NULL) {
        snprintf(self->reason, REASON_SIZE, "%s", words);
    }
}

static void note_reason(tls *self, int result) {
    char words[REASON_SIZE];
    char name[200];
    if (self->beneath.failed) {
        snprintf(words, sizeof words, "%s", self->beneath.reason);
    } else if (result == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) {
        ferry_tls_write_alert(alert_of(self), name, sizeof name);
        snprintf(words, sizeof words, "the server ended the TLS connection with the alert %s",
                 name);
    } else if (result == MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE) {
        snprintf(words, sizeof words,
                 "the server sent a TLS message that is not understood in the middle of a "
                 "connection, such as KeyUpdate");
    } else if (result == MBEDTLS_ERR_SSL_INVALID_MAC) {
        snprintf(words, sizeof words,
                 "a TLS record was damaged on its way (its authentication tag is wrong), or four "
                 "in a row held no data, which mbedTLS does not accept");
    } else {
        ferry_tls_write_error(result, name, sizeof name);
        snprintf(words, sizeof words, "the TLS connection failed: %s", name);
    }
    set_reason(self, words);
}

static void fail_stream(tls *self, int result) {
    self->is_broken = true;
    note_reason(self, result);
}

/* What the server has said can still be read: an answer, or an alert with the reason. */
static void fail_writing(tls *self, int result) {
    self->write_failed = true;
    note_reason(self, result);
    ferry_tls_transport_give_up_writing(&self->beneath);
}

static bool is_plain_http(const tls *self) {
    return self->beneath.first_count >= 5 && memcmp(self->beneath.first_bytes, "HTTP/", 5) == 0;
}

static bool is_tls(const tls *self) {
    return self->beneath.first_count == 0 ||
           (self->beneath.first_bytes[0] >= 20 && self->beneath.first_bytes[0] <= 24);
}

static const char *alert_hint(int alert) {
    switch (alert) {
    case MBEDTLS_SSL_ALERT_MSG_HANDSHAKE_FAILURE:
        return ": no version, cipher or key exchange is common to both";
    case MBEDTLS_SSL_ALERT_MSG_PROTOCOL_VERSION:
        return ": it speaks no TLS version that is accepted here";
    case MBEDTLS_SSL_ALERT_MSG_UNRECOGNIZED_NAME:
        return ": it does not know this host";
    case MBEDTLS_SSL_ALERT_MSG_NO_APPLICATION_PROTOCOL:
        return ": it does not speak HTTP/1.1";
    case 116: /* certificate_required */
        return ": it asks for a client certificate";
    case MBEDTLS_SSL_ALERT_MSG_BAD_CERT:
    case MBEDTLS_SSL_ALERT_MSG_UNSUPPORTED_CERT:
    case MBEDTLS_SSL_ALERT_MSG_CERT_REVOKED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_EXPIRED:
    case MBEDTLS_SSL_ALERT_MSG_CERT_UNKNOWN:
    case MBEDTLS_SSL_ALERT_MSG_UNKNOWN_CA:
    case MBEDTLS_SSL_ALERT_MSG_ACCESS_DENIED:
        return ": it does not accept the client certificate";
    default:
        return "";
    }
}

static bool is_certificate_format(int result) {
    int high = -(-result & ~0x7f);
    return high <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && high >= -0x2980;
}

/* What is wrong with the server's answer; NULL: nothing. A server that could speak TLS 1.3 says so
 * in its random value where it speaks TLS 1.2 (RFC 8446 section 4.1.3). In an attempt without PSS
 * that means that the first one was made to fail. It is looked for in a record that holds all of
 * it: the value itself is signed, how records are cut is not. */
static const char *find_downgrade(const tls *self) {
    static const unsigned char sign[] = {'D', 'O', 'W', 'N', 'G', 'R', 'D', 1};
    const unsigned char *bytes = self->beneath.first_bytes;
    size_t length = (size_t)bytes[3] << 8 | bytes[4];
    if (self->attempt != FERRY_TLS_WITHOUT_PSS) {
        return NULL;
    }
    if (self->beneath.first_count < FERRY_TLS_SERVER_HELLO_BYTES ||
        bytes[0] != MBEDTLS_SSL_MSG_HANDSHAKE ||
        length < FERRY_TLS_SERVER_HELLO_BYTES - FERRY_TLS_RECORD_HEADER_BYTES) {
        return "answers in pieces that are too small to tell whether it speaks TLS 1.3, where TLS "
               "1.2 was answered at first";
    }
    return memcmp(bytes + FERRY_TLS_SERVER_HELLO_BYTES - sizeof sign, sign, sizeof sign) == 0
               ? "speaks TLS 1.3, and yet TLS 1.2 was answered at first: somebody between may "
                 "have changed that"
               : NULL;
}

static ferry_error fail_handshake(tls *self, int result) {
    ferry_context *context = self->context;
    char words[200];
    if (self->beneath.failed) {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR, "in the TLS handshake with %s: %s",
                          self->host, self->beneath.reason);
    }
    if (self->verification->words[0] != '\0') {
        return ferry_fail(context, FERRY_ERROR_TLS_CERTIFICATE, "%s", self->verification->words);
    }
    if (!is_tls(self)) {
        char port[24] = "";
        if (self->port != 0) {
            snprintf(port, sizeof port, " port %u", (unsigned)self->port);
        }
        return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE, "%s%s %s", self->host, port,
                          is_plain_http(self) ? "speaks plain HTTP, not TLS"
                                              : "does not speak TLS");
    }
    if (self->beneath.ended || result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE,
                          "%s ended the connection in the TLS handshake", self->host);
    }
    switch (result) {
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
        ferry_tls_write_alert(alert_of(self), words, sizeof words);
        return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE,
                          "%s refused the TLS handshake with the alert %s%s", self->host, words,
                          alert_hint(alert_of(self)));
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
        return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE,
                          "%s speaks no TLS version that is accepted here", self->host);
    case MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER:
        if (mbedtls_ssl_get_version_number(&self->ssl) == MBEDTLS_SSL_VERSION_TLS1_2) {
            return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE,
                              "%s signs its part of a TLS 1.2 handshake with what was not asked "
                              "for; if that is RSA-PSS, mbedTLS 3.6 does not take it in TLS 1.2",
                              self->host);
        }
        break;
    case MBEDTLS_ERR_SSL_BAD_INPUT_DATA: /* so it says where a message is too large for it */
        return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE,
                          "%s sent a TLS handshake message of more than 16 KiB, such as a "
                          "certificate with very many names",
                          self->host);
    default:
        break;
    }
    ferry_tls_write_error(result, words, sizeof words);
    if (is_certificate_format(result)) {
        return ferry_fail(context, FERRY_ERROR_TLS_CERTIFICATE,
                          "a certificate that %s sent cannot be read: %s", self->host, words);
    }
    return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE, "the TLS handshake with %s failed: %s",
                      self->host, words);
}

/* ---- Sessions ---- */

static void keep_session(tls *self) {
    if (self->port != 0 && self->tickets++ < MOST_TICKETS) {
        ferry_tls_sessions_keep(&self->config->sessions, self->host, self->port, self->verified_ms,
                                &self->ssl);
    }
}

/* What a code says, after what it says to the connection itself. */
static ferry_tls_meaning heed(tls *self, ferry_tls_call call, int code) {
    ferry_tls_meaning meaning = ferry_tls_meaning_of(call, code);
    if (meaning == FERRY_TLS_HAS_SESSION) {
        keep_session(self);
        return FERRY_TLS_GOES_ON;
    }
    /* mbedTLS says so too after a record that was not for it, with others behind it. */
    if (meaning == FERRY_TLS_WANTS_READ && !self->beneath.is_starved) {
        return FERRY_TLS_GOES_ON;
    }
    /* An alert, with which it fails; it would make that anew as often as there is no room for it.
     */
    if (meaning == FERRY_TLS_WANTS_WRITE && self->ssl.MBEDTLS_PRIVATE(send_alert) != 0 &&
        !self->beneath.keeps) {
        self->beneath.keeps = true;
        return FERRY_TLS_GOES_ON;
    }
    return meaning;
}

static void log_handshake(tls *self, bool is_resumed) {
    bool is_1_3 = mbedtls_ssl_get_version_number(&self->ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
    const char *protocol = mbedtls_ssl_get_alpn_protocol(&self->ssl);
    ferry_log(self->context, FERRY_LOG_INFO, "%s, %s, %s, %s%s", is_1_3 ? "TLS 1.3" : "TLS 1.2",
              mbedtls_ssl_get_ciphersuite(&self->ssl), is_resumed ? "resumed" : "new session",
              protocol != NULL ? "ALPN " : "no ALPN", protocol != NULL ? protocol : "");
}

/* The chain has been looked at: neither the connection nor its session needs it any more. */
static void drop_chain(tls *self) {
    mbedtls_ssl_session *session = self->ssl.MBEDTLS_PRIVATE(session);
    if (session != NULL && session->MBEDTLS_PRIVATE(peer_cert) != NULL) {
        mbedtls_x509_crt_free(session->MBEDTLS_PRIVATE(peer_cert));
        mbedtls_free(session->MBEDTLS_PRIVATE(peer_cert));
        session->MBEDTLS_PRIVATE(peer_cert) = NULL;
    }
}

static void end_handshake(tls *self) {
    bool is_resumed = self->offered_session && !self->verification->was_called;
    self->is_open = true;
    if (self->verification->was_called) {
        self->verified_ms = ferry_platform_now_ms();
    }
    ferry_tls_verification_free(self->context, self->verification);
    self->verification = NULL;
    mbedtls_ssl_set_verify(&self->ssl, NULL, NULL);
    drop_chain(self);
    log_handshake(self, is_resumed);
    /* In TLS 1.3 it comes later, by a message of its own. */
    if (mbedtls_ssl_get_version_number(&self->ssl) != MBEDTLS_SSL_VERSION_TLS1_2 || is_resumed) {
        return;
    }
    if (!self->offered_session) {
        keep_session(self);
    } else {
        /* TLS 1.2 was all that the server could choose: the next time all versions are offered. */
        ferry_tls_sessions_forget(&self->config->sessions, self->host, self->port);
    }
}

/* What the next attempt is to be, if there is any sense in one. `error` is what this one comes to.
 */
static bool choose_next_attempt(tls *self, int code, ferry_error error) {
    if (self->offered_session) { /* it may be what the server did not like */
        self->next_attempt = FERRY_TLS_WITHOUT_SESSION;
        return error == FERRY_ERROR_TLS_HANDSHAKE || error == FERRY_ERROR_CONNECTION_ERROR;
    }
    self->next_attempt = FERRY_TLS_WITHOUT_PSS;
    return code == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER && self->config->allows_1_2 &&
           self->attempt != FERRY_TLS_WITHOUT_PSS &&
           mbedtls_ssl_get_version_number(&self->ssl) == MBEDTLS_SSL_VERSION_TLS1_2;
}

bool ferry_tls_get_next_attempt(const ferry_stream *stream, ferry_tls_attempt *next) {
    const tls *self = (const tls *)stream;
    if (self->has_next_attempt) {
        *next = self->next_attempt;
    }
    return self->has_next_attempt;
}

static ferry_error handshake_failed(tls *self, int code) {
    bool lacked_memory = ferry_tls_lacked_memory(code);
    self->is_broken = true;
    if (self->offered_session) {
        ferry_tls_sessions_forget(&self->config->sessions, self->host, self->port);
    }
    if (lacked_memory && !self->beneath.failed) {
        return ferry_fail_memory(self->context);
    }
    ferry_error error = fail_handshake(self, code);
    self->has_next_attempt = choose_next_attempt(self, code, error);
    return error;
}

static ferry_error handshake_succeeded(tls *self) {
    const char *downgrade = find_downgrade(self);
    if (downgrade != NULL) {
        self->is_broken = true;
        return ferry_fail(self->context, FERRY_ERROR_TLS_HANDSHAKE, "%s %s", self->host, downgrade);
    }
    end_handshake(self);
    return FERRY_OK;
}

/* One step. Where the server's certificates have made it fail, and may be read otherwise, it counts
 * as one that has changed nothing: the alert that says so is taken back, and the number of its
 * record. */
static int handshake_step(tls *self) {
    mbedtls_ssl_context *ssl = &self->ssl;
    ferry_tls_transport *beneath = &self->beneath;
    unsigned char counter[sizeof ssl->MBEDTLS_PRIVATE(cur_out_ctr)];
    memcpy(counter, ssl->MBEDTLS_PRIVATE(cur_out_ctr), sizeof counter);
    beneath->withholds =
        ssl->MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_SERVER_CERTIFICATE && !has_unsent(self);
    ferry_tls_forget_memory();
    int code = mbedtls_ssl_handshake_step(ssl);
    if (!beneath->withholds) {
        return code;
    }
    beneath->withholds = false;
    if (is_certificate_format(code) && ferry_tls_chain_reread(ssl, self->verification)) {
        beneath->kept_begin = 0;
        beneath->kept_end = 0;
        memcpy(ssl->MBEDTLS_PRIVATE(cur_out_ctr), counter, sizeof counter);
        return 0;
    }
    ferry_tls_transport_send_kept(beneath);
    return code;
}

/* A step is a message, and mbedTLS reckons for a millisecond or more at some of them. */
ferry_error ferry_tls_handshake(ferry_stream *stream, bool *done) {
    tls *self = (tls *)stream;
    int64_t until_us = ferry_platform_now_us() + HANDSHAKE_US;
    self->has_more = false;
    *done = false;
    for (int turns = 0; turns < MOST_TURNS; turns++) {
        self->beneath.is_starved = false;
        int code = handshake_step(self);
        ferry_tls_meaning meaning = heed(self, FERRY_TLS_HANDSHAKE, code);
        self->wants_write = meaning == FERRY_TLS_WANTS_WRITE;
        switch (meaning) {
        case FERRY_TLS_DONE:
            if (mbedtls_ssl_is_handshake_over(&self->ssl)) {
                *done = true;
                return handshake_succeeded(self);
            }
            break;
        case FERRY_TLS_WANTS_READ:
        case FERRY_TLS_WANTS_WRITE:
            return FERRY_OK;
        case FERRY_TLS_GOES_ON:
        case FERRY_TLS_HAS_SESSION:
            break;
        case FERRY_TLS_GIVES_NOTHING:
        case FERRY_TLS_ENDS:
        case FERRY_TLS_ENDS_EARLY:
        case FERRY_TLS_FAILS:
            return handshake_failed(self, code);
        }
        if (ferry_platform_now_us() >= until_us) {
            break;
        }
    }
    self->has_more = true; /* the rest in another call */
    return FERRY_OK;
}

/* ---- The stream ---- */

/* With a record that is not sent, mbedTLS sends that and looks at no data; or it looks at a message
 * that has come before, and says what that was. */
static ferry_stream_result flush_record(tls *self) {
    if (self->write_failed || self->is_broken) {
        return FERRY_STREAM_FAILED;
    }
    for (int turns = 0; turns < MOST_TURNS && has_unsent(self); turns++) {
        self->beneath.is_starved = false;
        int code = ferry_tls_transport_send_kept(&self->beneath);
        if (code == 0 && has_unsent(self)) {
            code = mbedtls_ssl_write(&self->ssl, (const unsigned char *)"", 0);
        }
        ferry_tls_meaning meaning = heed(self, FERRY_TLS_WRITE, code);
        self->write_wants_bytes = meaning == FERRY_TLS_WANTS_READ;
        switch (meaning) {
        case FERRY_TLS_DONE:
        case FERRY_TLS_GOES_ON:
        case FERRY_TLS_HAS_SESSION:
            break;
        case FERRY_TLS_WANTS_READ:
        case FERRY_TLS_WANTS_WRITE:
            return FERRY_STREAM_AGAIN;
        case FERRY_TLS_GIVES_NOTHING:
        case FERRY_TLS_ENDS:
        case FERRY_TLS_ENDS_EARLY:
        case FERRY_TLS_FAILS:
            fail_writing(self, code);
            return FERRY_STREAM_FAILED;
        }
    }
    return has_unsent(self) ? FERRY_STREAM_AGAIN : FERRY_STREAM_OK;
}

/* What there is no room for is flushed later. */
static ferry_stream_result make_end(tls *self) {
    int code = mbedtls_ssl_close_notify(&self->ssl);
    self->writing_end = TLS_END_MADE;
    if (ferry_tls_meaning_of(FERRY_TLS_CLOSE, code) == FERRY_TLS_FAILS) {
        fail_writing(self, code);
    }
    return flush_record(self);
}

static ferry_stream_result flush(tls *self) {
    ferry_stream_result result = flush_record(self);
    if (result == FERRY_STREAM_OK && self->writing_end == TLS_END_WANTED) {
        result = make_end(self);
    }
    if (result == FERRY_STREAM_OK && self->writing_end == TLS_END_MADE) {
        self->writing_end = TLS_END_SENT;
        if (self->beneath.stream->ops->shutdown != NULL) {
            self->beneath.stream->ops->shutdown(self->beneath.stream);
        }
    }
    return result;
}

static ferry_stream_result end_reading(tls *self, ferry_stream_result end) {
    self->reading_end = end;
    return end;
}

/* Where it was writing that failed, in the middle of reading, reading goes on. */
static bool has_read_on(tls *self, int code) {
    if (!self->beneath.refused) {
        fail_stream(self, code);
        return false;
    }
    fail_writing(self, code);
    return true;
}

static ferry_stream_result read_records(tls *self, void *dst, size_t capacity, size_t *length) {
    for (int turns = 0; turns < MOST_TURNS; turns++) {
        self->beneath.is_starved = false;
        int code = mbedtls_ssl_read(&self->ssl, dst, capacity);
        switch (heed(self, FERRY_TLS_READ, code)) {
        case FERRY_TLS_DONE:
            *length = (size_t)code;
            return FERRY_STREAM_OK;
        case FERRY_TLS_GIVES_NOTHING:
        case FERRY_TLS_ENDS_EARLY:
            if (self->beneath.ended) {
                return end_reading(self, FERRY_STREAM_TRUNCATED);
            }
            break;
        case FERRY_TLS_ENDS:
            return end_reading(self, FERRY_STREAM_END);
        case FERRY_TLS_WANTS_READ:
            return FERRY_STREAM_AGAIN;
        case FERRY_TLS_WANTS_WRITE:
            if (self->beneath.keeps) {
                return FERRY_STREAM_AGAIN;
            }
            self->beneath.keeps = true; /* an answer may be behind what cannot go out yet */
            break;
        case FERRY_TLS_GOES_ON:
        case FERRY_TLS_HAS_SESSION:
            break;
        case FERRY_TLS_FAILS:
            if (!has_read_on(self, code)) {
                return FERRY_STREAM_FAILED;
            }
            break;
        }
    }
    self->has_more = true; /* messages without data, and no end of them: not all in one call */
    return FERRY_STREAM_AGAIN;
}

static ferry_stream_result tls_read(ferry_stream *stream, void *dst, size_t capacity,
                                    size_t *length) {
    tls *self = (tls *)stream;
    if (self->is_broken) {
        return FERRY_STREAM_FAILED;
    }
    flush(self);
    self->has_more = false;
    self->write_wants_bytes = false;
    if (self->reading_end != FERRY_STREAM_OK) {
        return self->reading_end;
    }
    ferry_stream_result result = read_records(self, dst, capacity, length);
    self->beneath.keeps = false;
    return result;
}

/* Bytes that are here already make no descriptor readable, but one to write to is ready. */
static bool has_unread(const tls *self) {
    return self->has_more || self->beneath.begin < self->beneath.end ||
           mbedtls_ssl_get_bytes_avail(&self->ssl) > 0;
}

/* Small slices become one, so that a head and its body are one record. */
static ferry_slice join(const ferry_slice *slices, size_t count, char joined[JOINED_BYTES]) {
    size_t length = 0;
    if (count == 1 || slices[0].length >= JOINED_BYTES) {
        return slices[0];
    }
    for (size_t i = 0; i < count && length < JOINED_BYTES; i++) {
        size_t room = JOINED_BYTES - length;
        size_t part = slices[i].length < room ? slices[i].length : room;
        if (part > 0) {
            memcpy(joined + length, slices[i].data, part);
        }
        length += part;
    }
    return (ferry_slice){joined, length};
}

/* How much of the data went into the record that was made of it. */
static size_t payload_of_record(tls *self, size_t length) {
    int most = mbedtls_ssl_get_max_out_record_payload(&self->ssl);
    return most > 0 && (size_t)most < length ? (size_t)most : length;
}

static ferry_stream_result write_record(tls *self, const ferry_slice *data, size_t *length) {
    for (int turns = 0; turns < MOST_TURNS; turns++) {
        self->beneath.is_starved = false;
        int code = mbedtls_ssl_write(&self->ssl, data->data, data->length);
        ferry_tls_meaning meaning = heed(self, FERRY_TLS_WRITE, code);
        self->write_wants_bytes = meaning == FERRY_TLS_WANTS_READ;
        switch (meaning) {
        case FERRY_TLS_DONE:
            *length = (size_t)code;
            return FERRY_STREAM_OK;
        case FERRY_TLS_WANTS_WRITE:
            if (!has_unsent(self)) {
                return FERRY_STREAM_AGAIN;
            }
            *length = payload_of_record(self, data->length);
            return FERRY_STREAM_OK;
        case FERRY_TLS_WANTS_READ:
            return FERRY_STREAM_AGAIN;
        case FERRY_TLS_GOES_ON: /* a message came before; the data is not yet looked at */
        case FERRY_TLS_HAS_SESSION:
            break;
        case FERRY_TLS_GIVES_NOTHING:
        case FERRY_TLS_ENDS:
        case FERRY_TLS_ENDS_EARLY:
        case FERRY_TLS_FAILS:
            fail_writing(self, code);
            return FERRY_STREAM_FAILED;
        }
    }
    return FERRY_STREAM_AGAIN;
}

/* A record that the stream beneath does not take whole is kept by mbedTLS: what is in it counts as
 * taken, and goes with the next call of any kind. */
static ferry_stream_result tls_write(ferry_stream *stream, const ferry_slice *slices, size_t count,
                                     size_t *length) {
    tls *self = (tls *)stream;
    char joined[JOINED_BYTES];
    if (self->writing_end != TLS_END_NONE) {
        return FERRY_STREAM_FAILED;
    }
    ferry_stream_result flushed = flush(self);
    if (flushed != FERRY_STREAM_OK) {
        return flushed;
    }
    ferry_slice data = join(slices, count, joined);
    if (data.length > MBEDTLS_SSL_OUT_CONTENT_LEN) {
        data.length = MBEDTLS_SSL_OUT_CONTENT_LEN;
    }
    return write_record(self, &data, length);
}

static bool tls_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    tls *self = (tls *)stream;
    if (!self->is_open) {
        events = self->wants_write ? FERRY_EVENT_WRITE : FERRY_EVENT_READ;
    }
    if (self->write_wants_bytes && (events & FERRY_EVENT_WRITE) != 0) {
        events = FERRY_EVENT_READ;
    }
    bool reads = (events & FERRY_EVENT_READ) != 0;
    if ((self->is_open && has_unsent(self)) || (reads && has_unread(self))) {
        events |= FERRY_EVENT_WRITE;
    }
    return self->beneath.stream->ops->wants != NULL &&
           self->beneath.stream->ops->wants(self->beneath.stream, events, wait);
}

static void tls_shutdown(ferry_stream *stream) {
    tls *self = (tls *)stream;
    if (self->is_open && self->writing_end == TLS_END_NONE) {
        self->writing_end = TLS_END_WANTED;
    }
    flush(self);
}

static void release(tls *self) {
    mbedtls_ssl_free(&self->ssl);
    ferry_tls_config_release(self->config);
    ferry_tls_transport_deinit(&self->beneath);
    ferry_tls_verification_free(self->context, self->verification);
    ferry_free(self->context, self->reason);
    ferry_free(self->context, self);
}

static void tls_destroy(ferry_stream *stream) {
    tls *self = (tls *)stream;
    if (self->is_open && !self->beneath.ended) {
        if (self->writing_end == TLS_END_NONE) {
            self->writing_end = TLS_END_WANTED;
        }
        flush(self); /* as far as there is room */
    }
    self->beneath.stream->ops->destroy(self->beneath.stream);
    release(self);
}

static const char *tls_get_error_detail(ferry_stream *stream) {
    const char *reason = ((const tls *)stream)->reason;
    return reason != NULL ? reason : "the TLS connection failed";
}

static ferry_stream_result tls_flush(ferry_stream *stream) {
    tls *self = (tls *)stream;
    ferry_stream_result result = flush(self);
    if (result == FERRY_STREAM_OK) {
        result = ferry_tls_transport_flush(&self->beneath);
    }
    if (result == FERRY_STREAM_FAILED && self->beneath.failed) {
        fail_writing(self, 0);
    }
    return result;
}

static const ferry_stream_ops tls_ops = {
    .read = tls_read,
    .write = tls_write,
    .wants = tls_wants,
    .shutdown = tls_shutdown,
    .destroy = tls_destroy,
    .get_error_detail = tls_get_error_detail,
    .flush = tls_flush,
};

/* ---- Making one ---- */

static bool is_address(const char *host) {
    unsigned char address[16];
    return mbedtls_x509_crt_parse_cn_inet_pton(host, address) > 0;
}

/* The server is told the name that it is reached by; an address is no name (RFC 6066 section 3).
 * What mbedTLS makes of the name while it verifies, verify.c puts right. */
static int set_server_name(tls *self) {
    size_t length = strlen(self->host);
    if (is_address(self->host) || strchr(self->host, ':') != NULL) {
        return mbedtls_ssl_set_hostname(&self->ssl, NULL);
    }
    if (length > 0 && self->host[length - 1] == '.') {
        char name[MBEDTLS_SSL_MAX_HOST_NAME_LEN + 1];
        if (length > sizeof name) {
            return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
        }
        memcpy(name, self->host, length - 1);
        name[length - 1] = '\0';
        return mbedtls_ssl_set_hostname(&self->ssl, name);
    }
    return mbedtls_ssl_set_hostname(&self->ssl, self->host);
}

static int set_up(tls *self) {
    bool has_pss = self->attempt != FERRY_TLS_WITHOUT_PSS;
    int result = mbedtls_ssl_setup(&self->ssl,
                                   has_pss ? &self->config->ssl : &self->config->ssl_without_pss);
    if (result != 0) {
        return result;
    }
    mbedtls_ssl_set_bio(&self->ssl, &self->beneath, ferry_tls_transport_transmit,
                        ferry_tls_transport_receive, NULL);
    mbedtls_ssl_set_verify(&self->ssl, ferry_tls_verify, self->verification);
    result = set_server_name(self);
    if (result == 0 && self->port != 0 && self->attempt == FERRY_TLS_FIRST_ATTEMPT) {
        self->offered_session = ferry_tls_sessions_take(&self->config->sessions, self->host,
                                                        self->port, &self->verified_ms, &self->ssl);
    }
    return result;
}

ferry_stream *ferry_tls_beneath(const ferry_stream *stream) {
    return stream->ops == &tls_ops ? ((const tls *)stream)->beneath.stream : NULL;
}

ferry_error ferry_tls_new(ferry_context *context, ferry_tls_config *config,
                          ferry_tls_attempt attempt, const char *host, uint16_t port,
                          ferry_stream *beneath, ferry_stream **stream) {
    size_t host_size = strlen(host) + 1;
    tls *self = ferry_alloc(context, sizeof *self + host_size);
    ferry_tls_verification *verification = ferry_alloc(context, sizeof *verification);
    if (self == NULL || verification == NULL) {
        ferry_free(context, self);
        ferry_free(context, verification);
        return ferry_fail_memory(context);
    }
    memset(self, 0, sizeof *self);
    self->base.ops = &tls_ops;
    self->context = context;
    self->beneath = (ferry_tls_transport){
        .context = context, .stream = beneath, .process = ferry_platform_process()};
    self->config = config;
    self->attempt = attempt;
    self->port = port;
    self->wants_write = true; /* the client speaks first */
    memcpy(self->host, host, host_size);
    const char *name = config->name != NULL ? config->name : self->host;
    *verification = (ferry_tls_verification){
        .config = config,
        .context = context,
        .name = config->unsafe_name ? NULL : name,
        .path_left = -1,
    };
    self->verification = verification;
    ferry_platform_lock();
    config->users++;
    ferry_platform_unlock();
    mbedtls_ssl_init(&self->ssl);
    ferry_tls_forget_memory();
    int result = set_up(self);
    if (result != 0) {
        bool lacked_memory = ferry_tls_lacked_memory(result);
        release(self);
        if (lacked_memory) {
            return ferry_fail_memory(context);
        }
        char words[200];
        ferry_tls_write_error(result, words, sizeof words);
        return ferry_fail(context, FERRY_ERROR_FAILED, "TLS to %s could not be set up: %s", host,
                          words);
    }
    *stream = &self->base;
    return FERRY_OK;
}
