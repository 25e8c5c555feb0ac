/* SPDX-License-Identifier: MIT */
/* test_tls_session_rules: which sessions are kept, for whom, and for how long. */
#include "check.h"
#include "platform.h"
#include "tls/sessions.h"
#include "tls_client.h"
#include "tls_peer.h"

#include <mbedtls/psa_util.h>
#include <stdint.h>
#include <string.h>

/* Nobody knows where the program's stream leads, nor can another one be had where the session makes
 * the handshake fail. */
static void tls_over_a_stream_of_the_programs_own_shares_no_session(void) {
    for (int version = 12; version <= 13; version++) {
        ferry_tls_options tls = tls_client_trusting();
        tls.cache = ferry_tls_cache_new();
        for (int i = 0; i < 3; i++) {
            ferry_client *client = tls_client_new();
            tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = version});
            char text[64];
            CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
            CHECK(strstr(tls_client_log, ", resumed") == NULL);
            if (i == 2) {
                ferry_tls_cache_free(tls.cache); /* the client's connection goes on */
            }
            CHECK_INT(tls_client_get(client, text), FERRY_OK);
            ferry_client_free(client);
            tls_peer_free(peer);
        }
    }
}

static int plain_send(void *ctx, const unsigned char *bytes, size_t length) {
    ferry_stream *stream = tls_peer_stream(ctx);
    ferry_slice slice = {bytes, length};
    size_t written = 0;
    ferry_stream_result result = stream->ops->write(stream, &slice, 1, &written);
    return result == FERRY_STREAM_OK ? (int)written : MBEDTLS_ERR_SSL_WANT_WRITE;
}

static int plain_receive(void *ctx, unsigned char *dst, size_t capacity) {
    ferry_stream *stream = tls_peer_stream(ctx);
    size_t length = 0;
    ferry_stream_result result = stream->ops->read(stream, dst, capacity, &length);
    return result == FERRY_STREAM_OK ? (int)length : MBEDTLS_ERR_SSL_WANT_READ;
}

static int no_verification(void *ctx, mbedtls_x509_crt *certificate, int depth, uint32_t *flags) {
    (void)ctx;
    (void)certificate;
    (void)depth;
    *flags = 0;
    return 0;
}

/* A handshake of mbedTLS's own, whose session can be kept and taken. */
typedef struct handshake {
    tls_peer *peer;
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
} handshake;

static void handshake_init(handshake *self) {
    self->peer = tls_peer_new(&(tls_peer_behaviour){.version = 12});
    mbedtls_ssl_config_init(&self->config);
    mbedtls_ssl_init(&self->ssl);
    CHECK_INT(mbedtls_ssl_config_defaults(&self->config, MBEDTLS_SSL_IS_CLIENT,
                                          MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT),
              0);
    mbedtls_ssl_conf_rng(&self->config, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_authmode(&self->config, MBEDTLS_SSL_VERIFY_OPTIONAL);
    mbedtls_ssl_conf_verify(&self->config, no_verification, NULL);
    CHECK_INT(mbedtls_ssl_setup(&self->ssl, &self->config), 0);
    CHECK_INT(mbedtls_ssl_set_hostname(&self->ssl, NULL), 0);
    mbedtls_ssl_set_bio(&self->ssl, self->peer, plain_send, plain_receive, NULL);
    int result = MBEDTLS_ERR_SSL_WANT_READ;
    for (int i = 0; i < TLS_CLIENT_MAX_POLLS && result == MBEDTLS_ERR_SSL_WANT_READ; i++) {
        result = mbedtls_ssl_handshake(&self->ssl);
    }
    CHECK_INT(result, 0);
}

static void handshake_deinit(handshake *self) {
    mbedtls_ssl_free(&self->ssl);
    mbedtls_ssl_config_free(&self->config);
    tls_peer_free(self->peer);
}

/* mbedTLS gives a session once; here one serves for many. */
static void keep(handshake *done, ferry_tls_sessions *sessions, const char *host, uint16_t port,
                 int64_t verified_ms) {
    done->ssl.MBEDTLS_PRIVATE(session)->MBEDTLS_PRIVATE(exported) = 0;
    ferry_tls_sessions_keep(sessions, host, port, verified_ms, &done->ssl);
}

static bool is_offered(handshake *done, ferry_tls_sessions *sessions, int64_t verified_ms) {
    mbedtls_ssl_context next;
    int64_t kept_ms = 0;
    keep(done, sessions, "peer.example", 443, verified_ms);
    CHECK(sessions->newest != NULL);
    mbedtls_ssl_init(&next);
    CHECK_INT(mbedtls_ssl_setup(&next, &done->config), 0);
    bool taken = ferry_tls_sessions_take(sessions, "peer.example", 443, &kept_ms, &next);
    CHECK(!taken || kept_ms == verified_ms);
    mbedtls_ssl_free(&next);
    return taken;
}

static void a_session_is_not_offered_a_day_after_its_chain_was_looked_at(void) {
    const int64_t hour_ms = 3600 * 1000;
    int64_t now_ms = ferry_platform_now_ms();
    handshake done;
    ferry_tls_sessions sessions = {NULL};
    handshake_init(&done);
    CHECK(is_offered(&done, &sessions, now_ms));
    CHECK(is_offered(&done, &sessions, now_ms - 23 * hour_ms));
    CHECK(!is_offered(&done, &sessions, now_ms - 25 * hour_ms));
    CHECK(sessions.newest == NULL);
    ferry_tls_sessions_deinit(&sessions);
    handshake_deinit(&done);
}

static void sessions_are_of_one_host_and_port_and_few(void) {
    int64_t now_ms = ferry_platform_now_ms();
    int64_t kept_ms = 0;
    handshake done;
    ferry_tls_sessions sessions = {NULL};
    mbedtls_ssl_context next;
    handshake_init(&done);
    mbedtls_ssl_init(&next);
    CHECK_INT(mbedtls_ssl_setup(&next, &done.config), 0);
    keep(&done, &sessions, "a.example", 443, now_ms);
    keep(&done, &sessions, "b.example", 443, now_ms);
    CHECK(!ferry_tls_sessions_take(&sessions, "a.example", 444, &kept_ms, &next));
    CHECK(!ferry_tls_sessions_take(&sessions, "c.example", 443, &kept_ms, &next));
    ferry_tls_sessions_forget(&sessions, "a.example", 443);
    CHECK(!ferry_tls_sessions_take(&sessions, "a.example", 443, &kept_ms, &next));
    for (uint16_t port = 1; port <= 100; port++) {
        keep(&done, &sessions, "c.example", port, now_ms);
    }
    CHECK(!ferry_tls_sessions_take(&sessions, "b.example", 443, &kept_ms, &next));
    CHECK(!ferry_tls_sessions_take(&sessions, "c.example", 36, &kept_ms, &next));
    CHECK(ferry_tls_sessions_take(&sessions, "c.example", 37, &kept_ms, &next));
    mbedtls_ssl_free(&next);
    ferry_tls_sessions_deinit(&sessions);
    handshake_deinit(&done);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(tls_over_a_stream_of_the_programs_own_shares_no_session),
        CHECK_TEST(a_session_is_not_offered_a_day_after_its_chain_was_looked_at),
        CHECK_TEST(sessions_are_of_one_host_and_port_and_few),
    };
    return CHECK_RUN(tests, argc, argv);
}
