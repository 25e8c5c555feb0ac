/* SPDX-License-Identifier: MIT */
/* tls_mbedtls: the stream: handshake, records, alerts and the end, over the stream beneath. */
#include "tls_state.h"

#include "stream.h"

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
    /* What is read at once: a head and a small body are one system call. */
    SMALL_BYTES = 2048,
    /* While more comes than that: several records at once. */
    LARGE_BYTES = 65536,
    /* Slices that are shorter than this together go in one record. */
    JOINED_BYTES = 4096,
    REASON_SIZE = 384,
    MOST_TURNS = 64,  /* messages without data that are looked at in one call */
    MOST_TICKETS = 4, /* that are kept of one connection */
    /* Of a record with a ServerHello, up to the end of its random value: two headers, a version. */
    RECORD_HEADER_BYTES = 5,
    SERVER_HELLO_BYTES = RECORD_HEADER_BYTES + 4 + 2 + 32,
};

/* Codes of our own, for what the stream beneath said; mbedTLS hands them through. */
enum {
    BENEATH_FAILED = MBEDTLS_ERR_SSL_INTERNAL_ERROR,
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
    ferry_stream *beneath;
    const char *beneath_reason; /* why it failed */
    ferry_tls_config *config;
    mbedtls_ssl_context ssl;
    ferry_tls_verification *verification; /* until the handshake has ended */
    bool is_open;                         /* the handshake has ended */
    bool is_broken;                       /* a fatal error, after which nothing goes on */
    bool write_failed;                    /* nothing more can be written */
    bool beneath_failed;                  /* it said why, if it can */
    bool beneath_ended;
    bool offered_session;
    int64_t verified_ms; /* when the chain was looked at, by this connection or an earlier one */
    unsigned tickets;    /* that the server has sent */
    bool has_more;       /* reading has paused though more may be there */
    tls_end writing_end;
    ferry_tls_attempt attempt;
    bool wants_second_attempt;
    bool is_starved;  /* the stream beneath had no more bytes */
    bool wants_write; /* the handshake waits for room, not for bytes */
    unsigned char first_bytes[SERVER_HELLO_BYTES];
    size_t first_count; /* of what the server sent */

    /* What was read and mbedTLS has not asked for yet. */
    char *large; /* LARGE_BYTES, while much comes; NULL otherwise */
    size_t begin;
    size_t end;
    char small[SMALL_BYTES];

    char *reason; /* REASON_SIZE bytes, once something has failed; NULL before */
    uint16_t port;
    char host[];
} tls;

/* ---- What mbedTLS reads and writes ---- */

static char *buffer_of(tls *self) {
    return self->large != NULL ? self->large : self->small;
}

static void note_first(tls *self, const char *bytes, size_t length) {
    while (self->first_count < sizeof self->first_bytes && length > 0) {
        self->first_bytes[self->first_count++] = (unsigned char)*bytes++;
        length--;
    }
}

/* After a full read there is more than fits: the next one is a large one. After a small one the
 * large buffer goes. */
static void choose_buffer(tls *self, size_t length) {
    if (self->large == NULL && length == SMALL_BYTES) {
        self->large = malloc(LARGE_BYTES); /* without it, it goes on in small steps */
    }
}

static int receive_failed(tls *self, ferry_stream_result result) {
    if (result == FERRY_STREAM_AGAIN) {
        self->is_starved = true;
        if (self->large != NULL) {
            free(self->large); /* it is empty: all is asked for before more is read */
            self->large = NULL;
        }
        return MBEDTLS_ERR_SSL_WANT_READ;
    }
    if (result == FERRY_STREAM_FAILED) {
        self->beneath_failed = true;
        return BENEATH_FAILED;
    }
    self->beneath_ended = true;
    return 0;
}

static int receive(void *ctx, unsigned char *dst, size_t capacity) {
    tls *self = ctx;
    if (self->begin == self->end) {
        size_t room = self->large != NULL ? LARGE_BYTES : SMALL_BYTES;
        size_t length = 0;
        self->begin = 0;
        self->end = 0;
        ferry_stream_result result = ferry_stream_read(
            self->context, self->beneath, buffer_of(self), room, &length, &self->beneath_reason);
        if (result != FERRY_STREAM_OK) {
            return receive_failed(self, result);
        }
        self->end = length;
        note_first(self, buffer_of(self), length);
    }
    size_t length = self->end - self->begin;
    length = length < capacity ? length : capacity;
    memcpy(dst, buffer_of(self) + self->begin, length);
    self->begin += length;
    if (self->begin == self->end) {
        choose_buffer(self, self->end);
    }
    return (int)length;
}

static int transmit(void *ctx, const unsigned char *data, size_t length) {
    tls *self = ctx;
    ferry_slice slice = {data, length};
    size_t written = 0;
    ferry_stream_result result = ferry_stream_write(self->context, self->beneath, &slice, 1,
                                                    &written, &self->beneath_reason);
    if (result == FERRY_STREAM_AGAIN) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    if (result != FERRY_STREAM_OK) {
        self->beneath_failed = true;
        return BENEATH_FAILED;
    }
    return (int)written;
}

/* mbedTLS says so too after a record that was not for it, with others behind it. */
static bool must_go_on(const tls *self, int result) {
    return result == MBEDTLS_ERR_SSL_WANT_READ && !self->is_starved;
}

/* A record is made that the stream beneath has not taken whole, and may yet take. */
static bool has_unsent(const tls *self) {
    return self->ssl.MBEDTLS_PRIVATE(out_left) > 0 && !self->write_failed;
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
    if (self->beneath_failed) {
        snprintf(words, sizeof words, "%s", self->beneath_reason);
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
                 "a TLS record was damaged on its way (its authentication tag is wrong)");
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
    self->ssl.MBEDTLS_PRIVATE(out_left) = 0; /* mbedTLS would send it before it goes on reading */
    note_reason(self, result);
}

static bool is_plain_http(const tls *self) {
    return self->first_count >= 5 && memcmp(self->first_bytes, "HTTP/", 5) == 0;
}

static bool is_tls(const tls *self) {
    return self->first_count == 0 || (self->first_bytes[0] >= 20 && self->first_bytes[0] <= 24);
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
 * in its random value where it speaks TLS 1.2 (RFC 8446 section 4.1.3). In a second attempt that
 * means that the first one was made to fail. It is looked for in a record that holds all of it: the
 * value itself is signed, how records are cut is not. */
static const char *find_downgrade(const tls *self) {
    static const unsigned char sign[] = {'D', 'O', 'W', 'N', 'G', 'R', 'D', 1};
    const unsigned char *bytes = self->first_bytes;
    size_t length = (size_t)bytes[3] << 8 | bytes[4];
    if (self->attempt != FERRY_TLS_SECOND_ATTEMPT) {
        return NULL;
    }
    if (self->first_count < SERVER_HELLO_BYTES || bytes[0] != MBEDTLS_SSL_MSG_HANDSHAKE ||
        length < SERVER_HELLO_BYTES - RECORD_HEADER_BYTES) {
        return "answers in pieces that are too small to tell whether it speaks TLS 1.3, where TLS "
               "1.2 was answered at first";
    }
    return memcmp(bytes + SERVER_HELLO_BYTES - sizeof sign, sign, sizeof sign) == 0
               ? "speaks TLS 1.3, and yet TLS 1.2 was answered at first: somebody between may "
                 "have changed that"
               : NULL;
}

static ferry_error fail_handshake(tls *self, int result) {
    ferry_context *context = self->context;
    char words[200];
    if (self->beneath_failed) {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR, "in the TLS handshake with %s: %s",
                          self->host, self->beneath_reason);
    }
    if (self->verification->words[0] != '\0') {
        return ferry_fail(context, FERRY_ERROR_TLS_CERTIFICATE, "%s", self->verification->words);
    }
    if (is_plain_http(self)) {
        return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE,
                          "%s port %u speaks plain HTTP, not TLS", self->host,
                          (unsigned)self->port);
    }
    if (!is_tls(self)) {
        return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE, "%s port %u does not speak TLS",
                          self->host, (unsigned)self->port);
    }
    if (self->beneath_ended) {
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
    case MBEDTLS_ERR_SSL_ALLOC_FAILED:
    case MBEDTLS_ERR_X509_ALLOC_FAILED:
        return ferry_fail_memory(context);
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
                          "a certificate that %s sent cannot be read, or has a critical extension "
                          "that is not understood, such as name constraints: %s",
                          self->host, words);
    }
    return ferry_fail(context, FERRY_ERROR_TLS_HANDSHAKE, "the TLS handshake with %s failed: %s",
                      self->host, words);
}

/* ---- Sessions ---- */

static void keep_session(tls *self) {
    if (self->tickets++ < MOST_TICKETS) {
        ferry_tls_sessions_keep(&self->config->sessions, self->host, self->port, self->verified_ms,
                                &self->ssl);
    }
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
    ferry_free(self->context, self->verification);
    self->verification = NULL;
    mbedtls_ssl_set_verify(&self->ssl, NULL, NULL);
    drop_chain(self);
    log_handshake(self, is_resumed);
    if (mbedtls_ssl_get_version_number(&self->ssl) == MBEDTLS_SSL_VERSION_TLS1_2 && !is_resumed) {
        keep_session(self); /* in TLS 1.3 it comes later, by a message of its own */
    }
}

static bool is_for_second_attempt(const tls *self, int result) {
    return result == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER && self->config->has_second &&
           self->attempt == FERRY_TLS_FIRST_ATTEMPT &&
           mbedtls_ssl_get_version_number(&self->ssl) == MBEDTLS_SSL_VERSION_TLS1_2;
}

bool ferry_tls_wants_second_attempt(const ferry_stream *stream) {
    return ((const tls *)stream)->wants_second_attempt;
}

ferry_error ferry_tls_handshake(ferry_stream *stream, bool *done) {
    tls *self = (tls *)stream;
    int result;
    int turns = 0;
    do {
        self->is_starved = false;
        result = mbedtls_ssl_handshake(&self->ssl);
    } while (must_go_on(self, result) && ++turns < MOST_TURNS);
    self->has_more = must_go_on(self, result);
    self->wants_write = result == MBEDTLS_ERR_SSL_WANT_WRITE;
    if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) {
        *done = false;
        return FERRY_OK;
    }
    if (result != 0) {
        self->is_broken = true;
        if (self->offered_session) { /* it may be what the server did not like */
            ferry_tls_sessions_forget(&self->config->sessions, self->host, self->port);
        }
        self->wants_second_attempt = is_for_second_attempt(self, result);
        return fail_handshake(self, result);
    }
    const char *downgrade = find_downgrade(self);
    if (downgrade != NULL) {
        self->is_broken = true;
        return ferry_fail(self->context, FERRY_ERROR_TLS_HANDSHAKE, "%s %s", self->host, downgrade);
    }
    end_handshake(self);
    *done = true;
    return FERRY_OK;
}

/* ---- The stream ---- */

/* With a record that is not sent, mbedTLS sends that and looks at no data. */
static ferry_stream_result flush_record(tls *self) {
    if (self->write_failed || self->is_broken) {
        return FERRY_STREAM_FAILED;
    }
    if (!has_unsent(self)) {
        return FERRY_STREAM_OK;
    }
    int result = mbedtls_ssl_write(&self->ssl, (const unsigned char *)"", 0);
    if (result >= 0) {
        return FERRY_STREAM_OK;
    }
    if (result == MBEDTLS_ERR_SSL_WANT_WRITE || result == MBEDTLS_ERR_SSL_WANT_READ) {
        return FERRY_STREAM_AGAIN;
    }
    fail_writing(self, result);
    return FERRY_STREAM_FAILED;
}

static ferry_stream_result flush(tls *self) {
    ferry_stream_result result = flush_record(self);
    if (result == FERRY_STREAM_OK && self->writing_end == TLS_END_WANTED) {
        self->writing_end = TLS_END_MADE;
        mbedtls_ssl_close_notify(&self->ssl); /* what there is no room for is flushed later */
        result = flush_record(self);
    }
    if (result == FERRY_STREAM_OK && self->writing_end == TLS_END_MADE) {
        self->writing_end = TLS_END_SENT;
        if (self->beneath->ops->shutdown != NULL) {
            self->beneath->ops->shutdown(self->beneath);
        }
    }
    return result;
}

static ferry_stream_result tls_read(ferry_stream *stream, void *dst, size_t capacity,
                                    size_t *length) {
    tls *self = (tls *)stream;
    if (self->is_broken) {
        return FERRY_STREAM_FAILED;
    }
    flush(self);
    self->has_more = false;
    for (int turns = 0; turns < MOST_TURNS; turns++) {
        self->is_starved = false;
        int result = mbedtls_ssl_read(&self->ssl, dst, capacity);
        if (result > 0) {
            *length = (size_t)result;
            return FERRY_STREAM_OK;
        }
        switch (result) {
        case 0: /* the end beneath, or records without data (RFC 8446 section 5.4) */
        case MBEDTLS_ERR_SSL_CONN_EOF:
            if (!self->beneath_ended) {
                break;
            }
            return FERRY_STREAM_TRUNCATED;
        case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
            return FERRY_STREAM_END;
        case MBEDTLS_ERR_SSL_WANT_READ:
            if (must_go_on(self, result)) {
                break;
            }
            return FERRY_STREAM_AGAIN;
        case MBEDTLS_ERR_SSL_WANT_WRITE:
            return FERRY_STREAM_AGAIN;
        case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
            keep_session(self);
            break;
        default:
            fail_stream(self, result);
            return FERRY_STREAM_FAILED;
        }
    }
    self->has_more = true; /* messages without data, and no end of them: not all in one call */
    return FERRY_STREAM_AGAIN;
}

/* Bytes that are here already make no descriptor readable, but one to write to is ready. */
static bool has_unread(const tls *self) {
    return self->has_more || self->begin < self->end || mbedtls_ssl_get_bytes_avail(&self->ssl) > 0;
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
    int result = mbedtls_ssl_write(&self->ssl, data.data, data.length);
    if (result > 0) {
        *length = (size_t)result;
        return FERRY_STREAM_OK;
    }
    if (result == MBEDTLS_ERR_SSL_WANT_WRITE && has_unsent(self)) {
        int most = mbedtls_ssl_get_max_out_record_payload(&self->ssl);
        *length = most > 0 && (size_t)most < data.length ? (size_t)most : data.length;
        return FERRY_STREAM_OK;
    }
    if (result == MBEDTLS_ERR_SSL_WANT_WRITE || result == MBEDTLS_ERR_SSL_WANT_READ) {
        return FERRY_STREAM_AGAIN;
    }
    fail_writing(self, result);
    return FERRY_STREAM_FAILED;
}

static bool tls_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    tls *self = (tls *)stream;
    if (!self->is_open) {
        events = self->wants_write ? FERRY_EVENT_WRITE : FERRY_EVENT_READ;
    }
    bool reads = (events & FERRY_EVENT_READ) != 0;
    if ((self->is_open && has_unsent(self)) || (reads && has_unread(self))) {
        events |= FERRY_EVENT_WRITE;
    }
    return self->beneath->ops->wants != NULL &&
           self->beneath->ops->wants(self->beneath, events, wait);
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
    free(self->large);
    ferry_free(self->context, self->verification);
    ferry_free(self->context, self->reason);
    ferry_free(self->context, self);
}

static void tls_destroy(ferry_stream *stream) {
    tls *self = (tls *)stream;
    if (self->is_open && !self->beneath_ended) {
        if (self->writing_end == TLS_END_NONE) {
            self->writing_end = TLS_END_WANTED;
        }
        flush(self); /* as far as there is room */
    }
    self->beneath->ops->destroy(self->beneath);
    release(self);
}

static const char *tls_get_error_detail(ferry_stream *stream) {
    const char *reason = ((const tls *)stream)->reason;
    return reason != NULL ? reason : "the TLS connection failed";
}

static const ferry_stream_ops tls_ops = {
    .read = tls_read,
    .write = tls_write,
    .wants = tls_wants,
    .shutdown = tls_shutdown,
    .destroy = tls_destroy,
    .get_error_detail = tls_get_error_detail,
};

/* ---- Making one ---- */

static bool is_address(const char *host) {
    unsigned char address[16];
    return mbedtls_x509_crt_parse_cn_inet_pton(host, address) > 0;
}

/* The server is told the name that it is reached by; an address is no name (RFC 6066 section 3).
 * What mbedTLS makes of the name while it verifies, tls_verify.c puts right. */
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
    int result = mbedtls_ssl_setup(&self->ssl, &self->config->ssl[self->attempt]);
    if (result != 0) {
        return result;
    }
    mbedtls_ssl_set_bio(&self->ssl, self, transmit, receive, NULL);
    mbedtls_ssl_set_verify(&self->ssl, ferry_tls_verify, self->verification);
    result = set_server_name(self);
    /* A session brings its version along, and the second attempt has its own. */
    if (result == 0 && self->attempt == FERRY_TLS_FIRST_ATTEMPT) {
        self->offered_session = ferry_tls_sessions_take(&self->config->sessions, self->host,
                                                        self->port, &self->verified_ms, &self->ssl);
    }
    return result;
}

ferry_stream *ferry_tls_beneath(const ferry_stream *stream) {
    return stream->ops == &tls_ops ? ((const tls *)stream)->beneath : NULL;
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
    self->beneath = beneath;
    self->config = config;
    self->attempt = attempt;
    self->port = port;
    memcpy(self->host, host, host_size);
    const char *name = config->name != NULL ? config->name : self->host;
    *verification = (ferry_tls_verification){
        .config = config,
        .context = context,
        .name = config->unsafe_name ? NULL : name,
    };
    self->verification = verification;
    ferry_platform_lock();
    config->users++;
    ferry_platform_unlock();
    mbedtls_ssl_init(&self->ssl);
    int result = set_up(self);
    if (result != 0) {
        release(self);
        if (result == MBEDTLS_ERR_SSL_ALLOC_FAILED) {
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
