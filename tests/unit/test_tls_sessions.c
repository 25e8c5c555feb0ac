/* SPDX-License-Identifier: MIT */
/* test_tls_sessions: what a session that is remembered decides, and what it must not. */
#include "check.h"
#include "tls/tls.h"
#include "tls_peer.h"

#include <stdio.h>
#include <string.h>

enum { MOST_STEPS = 10000, PORT = 443 };

/* What the next connection is made with. */
static struct {
    ferry_tls_options options;
    ferry_tls_cache *cache;
    const char *host;
    uint16_t port;
    ferry_tls_attempt attempt;
} next;

static void begin(void) {
    next.options = (ferry_tls_options){.ca_pem = tls_peer_certificate()};
    next.cache = ferry_tls_cache_new();
    next.host = "peer.example";
    next.port = PORT;
    next.attempt = FERRY_TLS_WITH_SESSION;
}

static void end(void) {
    ferry_tls_cache_free(next.cache);
}

typedef struct outcome {
    ferry_error error;
    bool is_resumed;
    bool is_1_3;
    ferry_tls_attempt next_attempt;
    char detail[FERRY_DETAIL_SIZE];
} outcome;

static void note_log(void *ctx, ferry_log_kind kind, const char *message) {
    outcome *result = ctx;
    if (kind == FERRY_LOG_INFO && strncmp(message, "TLS 1.", 6) == 0) {
        result->is_resumed = strstr(message, ", resumed") != NULL;
        result->is_1_3 = message[6] == '3';
    }
}

static void shake_hands(ferry_stream *stream, outcome *result) {
    bool done = false;
    for (int i = 0; i < MOST_STEPS && !done && result->error == FERRY_OK; i++) {
        result->error = ferry_tls_handshake(stream, &done);
    }
    CHECK(done == (result->error == FERRY_OK));
    result->next_attempt = ferry_tls_get_next_attempt(stream);
    if (done) {
        char byte;
        size_t length = 0;
        CHECK_INT(stream->ops->read(stream, &byte, 1, &length), FERRY_STREAM_AGAIN); /* tickets */
    }
}

/* One connection to a peer that behaves so. */
static outcome dial(const tls_peer_behaviour *behaviour) {
    outcome result = {.error = FERRY_OK};
    ferry_context context = {
        .allocator = ferry_default_allocator, .log = note_log, .log_ctx = &result};
    ferry_tls_config *config = NULL;
    ferry_stream *stream = NULL;
    tls_peer *peer = tls_peer_new(behaviour);
    CHECK_INT(ferry_tls_config_get(&context, &next.options, &next.cache, &config), FERRY_OK);
    CHECK_INT(ferry_tls_new(&context, config, next.attempt, next.host, next.port,
                            tls_peer_stream(peer), &stream),
              FERRY_OK);
    shake_hands(stream, &result);
    memcpy(result.detail, context.detail, sizeof result.detail);
    stream->ops->destroy(stream);
    ferry_tls_config_release(config);
    tls_peer_free(peer);
    return result;
}

static bool is_resumed(int version) {
    outcome result = dial(&(tls_peer_behaviour){.version = version});
    CHECK_INT(result.error, FERRY_OK);
    CHECK_INT(result.next_attempt, FERRY_TLS_NO_ATTEMPT);
    return result.is_resumed;
}

static void sessions_are_resumed_by_connections_that_share_a_cache(void) {
    for (int version = 12; version <= 13; version++) {
        begin();
        CHECK(!is_resumed(version));
        CHECK(is_resumed(version));
        CHECK(is_resumed(version));
        end();
    }
}

static void sessions_are_of_one_origin_and_of_its_options(void) {
    for (int version = 12; version <= 13; version++) {
        begin();
        CHECK(!is_resumed(version));
        next.port = PORT + 1;
        CHECK(!is_resumed(version));
        next.port = PORT;
        next.host = "127.0.0.1";
        CHECK(!is_resumed(version));
        next.host = "peer.example";
        next.options.first_cipher = FERRY_TLS_CIPHER_AES_256_GCM;
        CHECK(!is_resumed(version));
        next.options.first_cipher = FERRY_TLS_CIPHER_FASTEST;
        CHECK(is_resumed(version));
        end();
    }
}

static void nothing_is_remembered_of_a_server_whose_port_is_not_known(void) {
    for (int version = 12; version <= 13; version++) {
        begin();
        next.port = 0;
        CHECK(!is_resumed(version));
        CHECK(!is_resumed(version));
        next.port = PORT;
        CHECK(!is_resumed(version));
        next.port = 0;
        CHECK(!is_resumed(version));
        next.port = PORT;
        CHECK(is_resumed(version));
        end();
    }
}

/* With a session mbedTLS offers one version: what that comes to is not the last word. */
static void a_server_of_another_version_by_now_gets_a_connection_without_the_session(void) {
    for (int before = 12; before <= 13; before++) {
        const tls_peer_behaviour other = {.version = before == 12 ? 13 : 12};
        begin();
        CHECK(!is_resumed(before));
        outcome refused = dial(&other);
        CHECK_INT(refused.error, FERRY_ERROR_TLS_HANDSHAKE);
        CHECK_INT(refused.next_attempt, FERRY_TLS_WITHOUT_SESSION);
        next.attempt = refused.next_attempt;
        outcome again = dial(&other);
        CHECK_INT(again.error, FERRY_OK);
        CHECK(!again.is_resumed);
        CHECK(again.is_1_3 == (before == 12));
        next.attempt = FERRY_TLS_WITH_SESSION;
        CHECK(is_resumed(before == 12 ? 13 : 12)); /* the new one; the old one is forgotten */
        end();
    }
}

static void garble(void *ctx, bool to_client, unsigned char *bytes, size_t *length) {
    (void)ctx;
    for (size_t i = 0; to_client && i < *length; i++) {
        bytes[i] ^= 0x55;
    }
}

static void a_session_that_may_have_made_a_handshake_fail_is_dropped(void) {
    const tls_peer_behaviour bad = {.version = 12, .tamper = garble};
    begin();
    CHECK(!is_resumed(12));
    CHECK(is_resumed(12)); /* one of TLS 1.2 serves more than once */
    CHECK(is_resumed(12));
    outcome refused = dial(&bad);
    CHECK_INT(refused.error, FERRY_ERROR_TLS_HANDSHAKE);
    CHECK_INT(refused.next_attempt, FERRY_TLS_WITHOUT_SESSION);
    refused = dial(&bad); /* this time there is nothing that it could be but the server */
    CHECK_INT(refused.error, FERRY_ERROR_TLS_HANDSHAKE);
    CHECK_INT(refused.next_attempt, FERRY_TLS_NO_ATTEMPT);
    CHECK(!is_resumed(12));
    end();
}

/* A client with a session of TLS 1.2 offers that version alone. If the server does not resume, it
 * may be one that speaks TLS 1.3 by now. */
static void a_handshake_that_does_not_resume_does_not_bind_the_next_one_to_tls_1_2(void) {
    begin();
    CHECK(!is_resumed(12));
    tls_peer_forget_tickets();
    outcome fresh = dial(&(tls_peer_behaviour){.version = 0});
    CHECK_INT(fresh.error, FERRY_OK);
    CHECK(!fresh.is_resumed);
    CHECK(!fresh.is_1_3);
    fresh = dial(&(tls_peer_behaviour){.version = 0});
    CHECK_INT(fresh.error, FERRY_OK);
    CHECK(fresh.is_1_3);
    end();
}

static void a_certificate_that_is_refused_is_so_at_once(void) {
    begin();
    CHECK(!is_resumed(13));
    tls_peer_forget_tickets();
    outcome good = dial(&(tls_peer_behaviour){.version = 13});
    CHECK(!good.is_resumed);
    next.host = "other.example";
    outcome refused = dial(&(tls_peer_behaviour){.version = 13});
    CHECK_INT(refused.error, FERRY_ERROR_TLS_CERTIFICATE);
    CHECK_INT(refused.next_attempt, FERRY_TLS_NO_ATTEMPT);
    end();
}

static void the_attempt_without_pss_offers_tls_1_2_alone_and_is_the_last(void) {
    begin();
    next.attempt = FERRY_TLS_WITHOUT_PSS;
    outcome old = dial(&(tls_peer_behaviour){.version = 12});
    CHECK_INT(old.error, FERRY_OK);
    CHECK(!old.is_1_3);
    CHECK_INT(old.next_attempt, FERRY_TLS_NO_ATTEMPT);
    outcome bad = dial(&(tls_peer_behaviour){.version = 12, .tamper = garble});
    CHECK_INT(bad.error, FERRY_ERROR_TLS_HANDSHAKE);
    CHECK_INT(bad.next_attempt, FERRY_TLS_NO_ATTEMPT);
    outcome modern = dial(&(tls_peer_behaviour){.version = 0});
    CHECK_INT(modern.error, FERRY_ERROR_TLS_HANDSHAKE);
    CHECK(strstr(modern.detail, "speaks TLS 1.3, and yet") != NULL);
    CHECK_INT(modern.next_attempt, FERRY_TLS_NO_ATTEMPT);
    end();
}

static void the_attempt_without_a_session_remembers_one_and_offers_none(void) {
    for (int version = 12; version <= 13; version++) {
        begin();
        CHECK(!is_resumed(version));
        next.attempt = FERRY_TLS_WITHOUT_SESSION;
        CHECK(!is_resumed(version));
        next.attempt = FERRY_TLS_WITH_SESSION;
        CHECK(is_resumed(version));
        end();
    }
}

static void a_port_that_is_not_known_is_not_told(void) {
    begin();
    for (int is_known = 0; is_known <= 1; is_known++) {
        next.port = is_known == 1 ? PORT : 0;
        outcome plain = dial(&(tls_peer_behaviour){.tamper = garble});
        CHECK_INT(plain.error, FERRY_ERROR_TLS_HANDSHAKE);
        CHECK_STR(plain.detail, is_known == 1 ? "peer.example port 443 does not speak TLS"
                                              : "peer.example does not speak TLS");
    }
    end();
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(sessions_are_resumed_by_connections_that_share_a_cache),
        CHECK_TEST(sessions_are_of_one_origin_and_of_its_options),
        CHECK_TEST(nothing_is_remembered_of_a_server_whose_port_is_not_known),
        CHECK_TEST(a_server_of_another_version_by_now_gets_a_connection_without_the_session),
        CHECK_TEST(a_session_that_may_have_made_a_handshake_fail_is_dropped),
        CHECK_TEST(a_handshake_that_does_not_resume_does_not_bind_the_next_one_to_tls_1_2),
        CHECK_TEST(a_certificate_that_is_refused_is_so_at_once),
        CHECK_TEST(the_attempt_without_pss_offers_tls_1_2_alone_and_is_the_last),
        CHECK_TEST(the_attempt_without_a_session_remembers_one_and_offers_none),
        CHECK_TEST(a_port_that_is_not_known_is_not_told),
    };
    return CHECK_RUN(tests, argc, argv);
}
