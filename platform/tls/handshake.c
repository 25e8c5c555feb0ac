/* SPDX-License-Identifier: MIT */
/* handshake: steps through a handshake, judges its result, and decides which attempt comes next. */
#include "handshake.h"

#include "calls.h"
#include "failures.h"
#include "names.h"
#include "platform.h"

#include <assert.h>
#include <mbedtls/platform.h>
#include <mbedtls/version.h>
#include <string.h>

_Static_assert(MBEDTLS_VERSION_NUMBER >= 0x03060000, "ferry needs mbedTLS 3.6");
#if defined(MBEDTLS_THREADING_C) && defined(MBEDTLS_HAVE_TIME_DATE)
enum { IS_FIT = 1 };
#else
enum { IS_FIT = 0 };
#endif
_Static_assert(IS_FIT, "ferry needs an mbedTLS that is built with threads and with a calendar");

enum { HANDSHAKE_US = 250 }; /* after which no other step of a handshake is begun in one call */

/* ---- Attempts ---- */

static void attempt_enter(ferry_tls_stream *self, ferry_tls_attempt next) {
    switch (self->attempt) {
    case FERRY_TLS_WITH_SESSION:
        assert(next == FERRY_TLS_WITHOUT_SESSION || next == FERRY_TLS_NO_ATTEMPT);
        break;
    case FERRY_TLS_WITHOUT_SESSION:
        assert(next == FERRY_TLS_WITHOUT_PSS || next == FERRY_TLS_NO_ATTEMPT);
        break;
    case FERRY_TLS_WITHOUT_PSS:
        assert(next == FERRY_TLS_NO_ATTEMPT);
        break;
    case FERRY_TLS_NO_ATTEMPT:
        assert(self->attempt != FERRY_TLS_NO_ATTEMPT); /* the handshake is over */
        break;
    }
    self->attempt = next;
}

/* The attempt that may succeed where this one has failed with `code`, which comes to `error`. */
static ferry_tls_attempt attempt_after_failure(const ferry_tls_stream *self, int code,
                                               ferry_error error) {
    switch (self->attempt) {
    case FERRY_TLS_WITH_SESSION:
        return error == FERRY_ERROR_TLS_HANDSHAKE || error == FERRY_ERROR_CONNECTION_ERROR
                   ? FERRY_TLS_WITHOUT_SESSION
                   : FERRY_TLS_NO_ATTEMPT;
    case FERRY_TLS_WITHOUT_SESSION:
        return code == MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER && self->config->allows_1_2 &&
                       mbedtls_ssl_get_version_number(&self->ssl) == MBEDTLS_SSL_VERSION_TLS1_2
                   ? FERRY_TLS_WITHOUT_PSS
                   : FERRY_TLS_NO_ATTEMPT;
    case FERRY_TLS_WITHOUT_PSS:
    case FERRY_TLS_NO_ATTEMPT:
        break;
    }
    return FERRY_TLS_NO_ATTEMPT;
}

ferry_tls_attempt ferry_tls_get_next_attempt(const ferry_stream *stream) {
    return ((const ferry_tls_stream *)stream)->attempt;
}

/* ---- Its end ---- */

/* What is wrong with the server's answer; NULL: nothing. A server that speaks TLS 1.3 says so in
 * its random value where it chooses TLS 1.2 (RFC 8446 section 4.1.3). An attempt without PSS is
 * made only where the server had chosen TLS 1.2 before; if it speaks TLS 1.3, somebody between has
 * made it choose so. The random value is signed, but how the server cuts its answer into records is
 * not: only a record that holds the whole value is looked at. */
static const char *handshake_find_downgrade(const ferry_tls_stream *self) {
    static const unsigned char sign[] = {'D', 'O', 'W', 'N', 'G', 'R', 'D', 1};
    const unsigned char *bytes = self->bio.first_bytes;
    size_t length = (size_t)bytes[3] << 8 | bytes[4];
    if (self->attempt != FERRY_TLS_WITHOUT_PSS) {
        return NULL;
    }
    if (self->bio.first_count < FERRY_TLS_SERVER_HELLO_BYTES ||
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

static void handshake_log(ferry_tls_stream *self, bool is_resumed) {
    bool is_1_3 = mbedtls_ssl_get_version_number(&self->ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
    const char *protocol = mbedtls_ssl_get_alpn_protocol(&self->ssl);
    ferry_log(self->context, FERRY_LOG_INFO, "%s, %s, %s, %s%s", is_1_3 ? "TLS 1.3" : "TLS 1.2",
              mbedtls_ssl_get_ciphersuite(&self->ssl), is_resumed ? "resumed" : "new session",
              protocol != NULL ? "ALPN " : "no ALPN", protocol != NULL ? protocol : "");
}

/* The chain has been verified: neither the connection nor its session needs it any more. */
static void handshake_drop_chain(ferry_tls_stream *self) {
    mbedtls_ssl_session *session = self->ssl.MBEDTLS_PRIVATE(session);
    if (session != NULL && session->MBEDTLS_PRIVATE(peer_cert) != NULL) {
        mbedtls_x509_crt_free(session->MBEDTLS_PRIVATE(peer_cert));
        mbedtls_free(session->MBEDTLS_PRIVATE(peer_cert));
        session->MBEDTLS_PRIVATE(peer_cert) = NULL;
    }
}

/* In TLS 1.3 the session comes later, in a message of its own: see calls.c. */
static void handshake_keep_session(ferry_tls_stream *self, bool is_resumed) {
    if (mbedtls_ssl_get_version_number(&self->ssl) != MBEDTLS_SSL_VERSION_TLS1_2 || is_resumed) {
        return;
    }
    if (self->attempt != FERRY_TLS_WITH_SESSION) {
        ferry_tls_stream_keep_session(self);
    } else {
        /* The session was not resumed. With it, TLS 1.2 alone was offered, but the server may speak
         * TLS 1.3 by now. The next connection offers both. */
        ferry_tls_sessions_forget(&self->config->sessions, self->host, self->port);
    }
}

static void handshake_open(ferry_tls_stream *self) {
    bool was_verified = self->verification->was_called;
    bool is_resumed = self->attempt == FERRY_TLS_WITH_SESSION && !was_verified;
    self->is_open = true;
    if (was_verified) {
        self->verified_ms = ferry_platform_now_ms();
    }
    ferry_tls_verification_free(self->context, self->verification);
    self->verification = NULL;
    mbedtls_ssl_set_verify(&self->ssl, NULL, NULL);
    handshake_drop_chain(self);
    handshake_log(self, is_resumed);
    handshake_keep_session(self, is_resumed);
}

static ferry_error handshake_fail(ferry_tls_stream *self, int code) {
    bool lacks_memory = ferry_tls_shortage_caused(code) && !self->bio.failed;
    ferry_tls_attempt next = FERRY_TLS_NO_ATTEMPT;
    self->is_broken = true;
    if (self->attempt == FERRY_TLS_WITH_SESSION) { /* the session may be why it failed */
        ferry_tls_sessions_forget(&self->config->sessions, self->host, self->port);
    }
    ferry_error error = FERRY_OK;
    if (lacks_memory) {
        error = ferry_fail_memory(self->context);
    } else {
        error = ferry_tls_handshake_explain(self, code);
        next = attempt_after_failure(self, code, error);
    }
    attempt_enter(self, next);
    return error;
}

static ferry_error handshake_succeed(ferry_tls_stream *self) {
    const char *downgrade = handshake_find_downgrade(self);
    ferry_error error = FERRY_OK;
    if (downgrade != NULL) {
        self->is_broken = true;
        error =
            ferry_fail(self->context, FERRY_ERROR_TLS_HANDSHAKE, "%s %s", self->host, downgrade);
    } else {
        handshake_open(self);
    }
    attempt_enter(self, FERRY_TLS_NO_ATTEMPT);
    return error;
}

/* Makes one step. mbedTLS may refuse certificates that chain.c can read. Then the step counts as
 * one that has changed nothing, and is made again: the alert that says that the handshake has
 * failed is dropped, and the number of its record is used again. */
static int handshake_step(ferry_tls_stream *self) {
    mbedtls_ssl_context *ssl = &self->ssl;
    ferry_tls_bio *bio = &self->bio;
    unsigned char counter[sizeof ssl->MBEDTLS_PRIVATE(cur_out_ctr)];
    memcpy(counter, ssl->MBEDTLS_PRIVATE(cur_out_ctr), sizeof counter);
    bio->withholds = ssl->MBEDTLS_PRIVATE(state) == MBEDTLS_SSL_SERVER_CERTIFICATE &&
                     !ferry_tls_stream_has_unsent(self);
    ferry_tls_shortage_clear();
    int code = mbedtls_ssl_handshake_step(ssl);
    if (!bio->withholds) {
        return code;
    }
    bio->withholds = false;
    if (ferry_tls_code_is_of_certificate(code) &&
        ferry_tls_chain_reread(ssl, &self->verification->reread)) {
        ferry_tls_bio_drop_kept(bio);
        memcpy(ssl->MBEDTLS_PRIVATE(cur_out_ctr), counter, sizeof counter);
        return 0;
    }
    ferry_tls_bio_send_kept(bio);
    return code;
}

/* A step handles one message, and mbedTLS calculates for a millisecond or more in some steps. So
 * that a call returns soon, only the first HANDSHAKE_US of it begin steps. */
ferry_error ferry_tls_handshake(ferry_stream *stream, bool *done) {
    ferry_tls_stream *self = (ferry_tls_stream *)stream;
    int64_t until_us = ferry_platform_now_us() + HANDSHAKE_US;
    self->has_more = false;
    *done = false;
    for (int turns = 0; turns < FERRY_TLS_MAX_TURNS; turns++) {
        self->bio.is_starved = false;
        int code = handshake_step(self);
        ferry_tls_meaning meaning = ferry_tls_stream_handle(self, FERRY_TLS_HANDSHAKE, code);
        self->wants_write = meaning == FERRY_TLS_WANTS_WRITE;
        switch (meaning) {
        case FERRY_TLS_DONE:
            if (mbedtls_ssl_is_handshake_over(&self->ssl)) {
                ferry_error error = handshake_succeed(self);
                *done = error == FERRY_OK;
                return error;
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
            return handshake_fail(self, code);
        }
        if (ferry_platform_now_us() >= until_us) {
            break;
        }
    }
    self->has_more = true; /* the rest in another call */
    return FERRY_OK;
}

/* ---- Its beginning ---- */

static bool handshake_take_session(ferry_tls_stream *self) {
    return self->port != 0 && ferry_tls_sessions_take(&self->config->sessions, self->host,
                                                      self->port, &self->verified_ms, &self->ssl);
}

int ferry_tls_handshake_init(ferry_tls_stream *self) {
    bool has_pss = self->attempt != FERRY_TLS_WITHOUT_PSS;
    int result = mbedtls_ssl_setup(&self->ssl,
                                   has_pss ? &self->config->ssl : &self->config->ssl_without_pss);
    if (result != 0) {
        return result;
    }
    mbedtls_ssl_set_bio(&self->ssl, &self->bio, ferry_tls_bio_transmit, ferry_tls_bio_receive,
                        NULL);
    mbedtls_ssl_set_verify(&self->ssl, ferry_tls_verify, self->verification);
    result = ferry_tls_server_name_set(&self->ssl, self->host);
    if (result == 0 && self->attempt == FERRY_TLS_WITH_SESSION && !handshake_take_session(self)) {
        attempt_enter(self, FERRY_TLS_WITHOUT_SESSION);
    }
    return result;
}
