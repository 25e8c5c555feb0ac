/* SPDX-License-Identifier: MIT */
/* test_tls: the TLS stream against a server in memory: versions, pieces, blocked writes, ends,
 * sessions, memory that is not there, and what is not accepted. */
#include "check.h"
#include "counted_memory.h"
#include "platform.h"
#include "tls/names.h"
#include "tls/sessions.h"
#include "tls_peer.h"

#include <mbedtls/psa_util.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_POLLS = 200000, LOG_SIZE = 4096 };

static char log_text[LOG_SIZE];

static void note_log(void *ctx, ferry_log_kind kind, const char *message) {
    (void)ctx;
    size_t used = strlen(log_text);
    if (kind == FERRY_LOG_INFO) {
        snprintf(log_text + used, sizeof log_text - used, "%s\n", message);
    }
}

static ferry_client *client_new(void) {
    log_text[0] = '\0';
    return ferry_client_new(&(ferry_client_options){.log = note_log});
}

static ferry_tls_options trusting(void) {
    return (ferry_tls_options){.ca_pem = tls_peer_certificate()};
}

static ferry_error start_tls(ferry_client *client, const char *host, const ferry_tls_options *tls) {
    ferry_error error = ferry_client_start_tls(client, host, tls);
    for (int i = 0; i < MOST_POLLS && error == FERRY_OK; i++) {
        if (ferry_client_get_status(client) == FERRY_STATUS_CONNECTED) {
            return FERRY_OK;
        }
        error = ferry_client_poll(client);
    }
    return error;
}

static ferry_error connect_over(ferry_client *client, tls_peer *peer, const char *host,
                                const ferry_tls_options *tls) {
    ferry_error error = ferry_client_set_connection(client, tls_peer_stream(peer));
    return error == FERRY_OK ? start_tls(client, host, tls) : error;
}

/* A request and its answer; the body goes to `text`. */
static ferry_error get(ferry_client *client, char text[64]) {
    ferry_error error = ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL);
    size_t total = 0;
    for (int i = 0; i < MOST_POLLS && error == FERRY_OK; i++) {
        ferry_status status = ferry_client_get_status(client);
        if (status != FERRY_STATUS_REQUESTING && status != FERRY_STATUS_BODY) {
            break;
        }
        error = ferry_client_poll(client);
        if (error == FERRY_OK && ferry_client_get_status(client) == FERRY_STATUS_BODY) {
            size_t length = 0;
            error = ferry_client_read_response_body(client, text + total, 63 - total, &length);
            total += length;
        }
    }
    text[total] = '\0';
    return error;
}

static void exchange_with(const tls_peer_behaviour *behaviour) {
    ferry_tls_options tls = trusting();
    ferry_client *client = client_new();
    tls_peer *peer = tls_peer_new(behaviour);
    CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
    for (int i = 0; i < 2; i++) {
        char text[64];
        CHECK_INT(get(client, text), FERRY_OK);
        CHECK_STR(text, "hello");
        CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    }
    CHECK_STR(tls_peer_server_name(peer), "peer.example");
    CHECK_STR(ferry_client_get_response_url(client), "https://peer.example/");
    ferry_client_free(client);
    CHECK(tls_peer_is_closed(peer));
    CHECK(tls_peer_was_told(peer) || behaviour->pause); /* it may find no room for that */
    tls_peer_free(peer);
}

static void both_versions_carry_exchanges(void) {
    exchange_with(&(tls_peer_behaviour){.version = 12});
    CHECK_CONTAINS(log_text, "TLS 1.2");
    exchange_with(&(tls_peer_behaviour){.version = 13});
    CHECK_CONTAINS(log_text, "TLS 1.3");
}

static void bytes_may_come_and_go_in_any_pieces(void) {
    static const int versions[] = {12, 13};
    static const size_t pieces[] = {1, 3, 1000};
    for (size_t v = 0; v < 2; v++) {
        for (size_t p = 0; p < 3; p++) {
            exchange_with(&(tls_peer_behaviour){.version = versions[v], .piece = pieces[p]});
            exchange_with(&(tls_peer_behaviour){.version = versions[v], .room = pieces[p]});
            exchange_with(&(tls_peer_behaviour){
                .version = versions[v], .piece = pieces[p], .room = pieces[p], .pause = true});
        }
    }
}

/* What the server says on the idle connection by itself; nobody polls before the next request. */
typedef struct idle_record {
    unsigned char kind;
    const char *bytes;
    size_t length;
    const char *reason; /* NULL: the connection goes on */
} idle_record;

static void what_comes_on_an_idle_connection_is_no_answer(void) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ninjected";
    static const idle_record records[] = {
        {23, answer, sizeof answer - 1, "bytes that nobody asked for"},
        {23, "x", 1, "bytes that nobody asked for"},
        {23, "\r\n", 2, NULL},
        {23, "", 0, NULL},
        {21, "\x01\x00", 2, "closed the idle connection"}, /* close_notify */
        {21, "\x02\x28", 2, "handshake_failure"},          /* a fatal alert */
    };
    for (int version = 12; version <= 13; version++) {
        for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
            const idle_record *record = &records[i];
            char text[64];
            ferry_tls_options tls = trusting();
            ferry_client *client = client_new();
            tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = version});
            CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
            CHECK_INT(get(client, text), FERRY_OK);
            size_t received = tls_peer_received(peer);
            tls_peer_send(peer, record->kind, record->bytes, record->length);
            ferry_error error = get(client, text);
            if (record->reason == NULL) {
                CHECK_INT(error, FERRY_OK);
                CHECK_STR(text, "hello");
            } else {
                CHECK_INT(error, FERRY_ERROR_CONNECT_AGAIN);
                CHECK_CONTAINS(ferry_client_get_error_detail(client), record->reason);
                CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
                CHECK_INT(tls_peer_received(peer), received);
            }
            ferry_client_free(client);
            tls_peer_free(peer);
        }
    }
}

static void records_without_data_are_passed_over(void) {
    for (int version = 12; version <= 13; version++) {
        exchange_with(&(tls_peer_behaviour){.version = version, .empty_records = 3});
    }
}

/* All of it, however little is taken at once. */
static void write_all(ferry_client *client, size_t length) {
    static const char data[4000];
    ferry_error error = FERRY_OK;
    for (int i = 0; i < MOST_POLLS && length > 0 && error == FERRY_OK; i++) {
        size_t written = 0;
        size_t part = length < sizeof data ? length : sizeof data;
        error = ferry_client_write_request_body(client, data, part, &written);
        length -= written;
        if (error == FERRY_OK && written == 0) {
            error = ferry_client_poll(client);
        }
    }
    CHECK_INT(error, FERRY_OK);
    CHECK_INT(length, 0);
}

static unsigned waited_for(const ferry_client *client) {
    ferry_wait wait = {FERRY_NO_DESCRIPTOR, 0};
    return ferry_client_get_waits(client, &wait, 1) == 1 ? wait.events : 0;
}

/* After the end it reads, or does no more than to poll while it is asked to. */
static void tunnel_that_is_ended_loses_nothing(const tls_peer_behaviour *behaviour, bool reads) {
    enum { LENGTH = 20000 };
    static const char *const headers[] = {"Connection: upgrade", "Upgrade: a", NULL};
    ferry_tls_options tls = trusting();
    ferry_client *client = client_new();
    tls_peer *peer = tls_peer_new(behaviour);
    CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", headers, NULL), FERRY_OK);
    for (int i = 0; i < MOST_POLLS && ferry_client_get_status(client) == FERRY_STATUS_REQUESTING;
         i++) {
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
    }
    CHECK_INT(ferry_client_get_response_code(client), FERRY_RESPONSE_SWITCHING_PROTOCOLS);
    size_t head_length = tls_peer_received(peer);
    write_all(client, LENGTH);
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_OK);
    for (int i = 0; i < MOST_POLLS && !reads && waited_for(client) != 0; i++) {
        CHECK_INT(waited_for(client), FERRY_EVENT_WRITE);
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
    }
    CHECK(reads || tls_peer_was_ended_in_order(peer));
    ferry_error error = FERRY_OK;
    for (int i = 0; i < MOST_POLLS && ferry_client_get_status(client) == FERRY_STATUS_BODY &&
                    error == FERRY_OK;
         i++) {
        char byte;
        size_t length = 0;
        error = ferry_client_read_response_body(client, &byte, 1, &length);
        CHECK_INT(length, 0);
        if (error == FERRY_OK && ferry_client_get_wait_timeout_ms(client) == 0) {
            error = ferry_client_poll(client); /* what may be done between two polls is done */
        }
    }
    CHECK_INT(error, FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    CHECK_INT(tls_peer_received(peer), head_length + LENGTH);
    CHECK(tls_peer_was_ended_in_order(peer));
    ferry_client_free(client);
    tls_peer_free(peer);
}

static void the_end_of_a_tunnel_goes_behind_all_that_was_written(void) {
    for (int version = 12; version <= 13; version++) {
        for (int reads = 0; reads <= 1; reads++) {
            tunnel_that_is_ended_loses_nothing(
                &(tls_peer_behaviour){.version = version, .switches = true}, reads == 1);
            tunnel_that_is_ended_loses_nothing(
                &(tls_peer_behaviour){
                    .version = version, .switches = true, .room = 100, .pause = true},
                reads == 1);
        }
    }
}

static void answer_is_read_though_writing_has_failed(void) {
    for (int version = 12; version <= 13; version++) {
        static const char piece[1000];
        ferry_tls_options tls = trusting();
        ferry_client *client = client_new();
        tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = version, .refuses = true});
        ferry_request request = {
            .method = FERRY_METHOD_POST, .url = "/", .streamed = true, .streamed_length = -1};
        CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
        CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
        size_t length = 0;
        ferry_error error = FERRY_OK;
        for (int i = 0; i < MOST_POLLS && error == FERRY_OK; i++) {
            error = ferry_client_write_request_body(client, piece, sizeof piece, &length);
        }
        CHECK_INT(error, FERRY_ERROR_UPLOAD_STOPPED);
        for (int i = 0;
             i < MOST_POLLS && ferry_client_get_status(client) == FERRY_STATUS_REQUESTING; i++) {
            CHECK_INT(ferry_client_poll(client), FERRY_OK);
        }
        CHECK_INT(ferry_client_get_response_code(client), 413);
        char text[64];
        CHECK_INT(ferry_client_read_response_body(client, text, sizeof text, &length), FERRY_OK);
        CHECK_MEM(text, length, "hello", 5);
        ferry_client_free(client);
        tls_peer_free(peer);
    }
}

/* Messages that are not data come all the time, while there is hardly any room. */
static void an_upload_survives_what_comes_in_the_middle_of_its_records(void) {
    enum { LENGTH = 200000, WINDOW = 700 };
    static const char ticket[] = "\4\0\0\x12\0\0\x0e\x10\1\2\3\4\1n\0\4tick\0\0";
    static const char body[LENGTH];
    for (int version = 12; version <= 13; version++) {
        ferry_tls_options tls = trusting();
        ferry_client *client = client_new();
        tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = version, .body = LENGTH});
        CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
        CHECK_INT(ferry_client_request_raw(client, FERRY_METHOD_POST, "/", NULL, body, LENGTH),
                  FERRY_OK);
        ferry_error error = FERRY_OK;
        for (int i = 0; i < MOST_POLLS && error == FERRY_OK &&
                        ferry_client_get_status(client) == FERRY_STATUS_REQUESTING;
             i++) {
            tls_peer_set_window(peer, WINDOW);
            if (version == 13) {
                tls_peer_send(peer, 22, ticket, sizeof ticket - 1);
            } else {
                tls_peer_send(peer, 22, "\0\0\0\0", 4); /* HelloRequest */
            }
            error = ferry_client_poll(client);
        }
        CHECK_INT(error, FERRY_OK);
        CHECK_INT(ferry_client_get_bytes_sent(client), LENGTH);
        CHECK_INT(ferry_client_get_response_code(client), 200);
        ferry_client_free(client);
        tls_peer_free(peer);
    }
}

/* The answer comes early, the connection is to end, and TLS holds half of the last record. */
static ferry_client *answered_early(tls_peer *peer, const char *body, size_t size) {
    static const char *const close[] = {"Connection: close", NULL};
    ferry_tls_options tls = trusting();
    ferry_client *client = client_new();
    char text[16];
    size_t total = 0;
    CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
    tls_peer_set_window(peer, size / 2);
    CHECK_INT(ferry_client_request_raw(client, FERRY_METHOD_POST, "/", close, body, size),
              FERRY_OK);
    for (int i = 0; i < 10; i++) {
        size_t length = 0;
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
        if (ferry_client_get_status(client) == FERRY_STATUS_BODY) {
            CHECK_INT(
                ferry_client_read_response_body(client, text + total, sizeof text - total, &length),
                FERRY_OK);
            total += length;
        }
    }
    CHECK_MEM(text, total, "hello", 5);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    CHECK_INT(ferry_client_get_wait_timeout_ms(client), -1);
    ferry_wait wait;
    CHECK_INT(ferry_client_get_waits(client, &wait, 1), 1);
    CHECK_INT(wait.events & FERRY_EVENT_WRITE, FERRY_EVENT_WRITE);
    return client;
}

static void an_exchange_lasts_until_tls_holds_nothing_of_the_request(void) {
    enum { LENGTH = 9000 };
    static const char body[LENGTH];
    for (int version = 12; version <= 13; version++) {
        for (int breaks = 0; breaks <= 1; breaks++) {
            tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = version});
            ferry_client *client = answered_early(peer, body, LENGTH);
            if (breaks == 1) {
                tls_peer_refuse(peer);
                CHECK_INT(ferry_client_poll(client), FERRY_ERROR_UPLOAD_STOPPED);
                CHECK(ferry_client_is_upload_stopped(client));
            } else {
                tls_peer_set_window(peer, SIZE_MAX);
                CHECK_INT(ferry_client_poll(client), FERRY_OK);
                CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
                CHECK(tls_peer_received(peer) > LENGTH);
                CHECK(!ferry_client_is_upload_stopped(client));
            }
            ferry_client_free(client);
            tls_peer_free(peer);
        }
    }
}

static void a_new_handshake_is_declined_and_the_exchange_goes_on(void) {
    exchange_with(&(tls_peer_behaviour){.version = 12, .asks_again = true});
}

static ferry_error last_exchange(const tls_peer_behaviour *behaviour, char text[64]) {
    ferry_tls_options tls = trusting();
    ferry_client *client = client_new();
    tls_peer *peer = tls_peer_new(behaviour);
    CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
    ferry_error error = get(client, text);
    ferry_client_free(client);
    tls_peer_free(peer);
    return error;
}

static void a_body_until_the_end_needs_the_end_that_tls_gives(void) {
    char text[64];
    for (int version = 12; version <= 13; version++) {
        CHECK_INT(last_exchange(&(tls_peer_behaviour){.version = version, .ends = true}, text),
                  FERRY_OK);
        CHECK_STR(text, "hello");
        CHECK_INT(last_exchange(
                      &(tls_peer_behaviour){.version = version, .ends_without_alert = true}, text),
                  FERRY_ERROR_BODY_TRUNCATED);
        CHECK_STR(text, "hello");
    }
}

static void check_refused(const char *host, const ferry_tls_options *tls, ferry_error expected,
                          const char *words) {
    ferry_client *client = client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
    CHECK_INT(connect_over(client, peer, host, tls), expected);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), words);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_TLS_HANDSHAKE_ERROR);
    CHECK_INT(tls_peer_received(peer), 0);
    CHECK(tls_peer_is_closed(peer));
    ferry_client_free(client);
    tls_peer_free(peer);
}

static void what_is_wrong_with_a_certificate_is_said(void) {
    ferry_tls_options tls = trusting();
    check_refused("other.example", &tls, FERRY_ERROR_TLS_CERTIFICATE,
                  "certificate of peer is for 127.0.0.1, peer.example, not for other.example");
    check_refused("127.0.0.2", &tls, FERRY_ERROR_TLS_CERTIFICATE, "not for 127.0.0.2");
    tls.verify_name = "another.example";
    check_refused("peer.example", &tls, FERRY_ERROR_TLS_CERTIFICATE, "not for another.example");
    static const char *const pins[] = {"sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                       NULL};
    tls = trusting();
    tls.pins = pins;
    check_refused("peer.example", &tls, FERRY_ERROR_TLS_CERTIFICATE, "pinned");
    tls.ca_pem = NULL;
    tls.unsafe = true;
    check_refused("peer.example", &tls, FERRY_ERROR_TLS_CERTIFICATE, "pinned");
}

static void an_address_is_matched_and_no_name_is_sent(void) {
    ferry_tls_options tls = trusting();
    ferry_client *client = client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
    CHECK_INT(connect_over(client, peer, "127.0.0.1", &tls), FERRY_OK);
    CHECK_STR(tls_peer_server_name(peer), "");
    ferry_client_free(client);
    tls_peer_free(peer);
}

static void unsafe_accepts_any_certificate(void) {
    ferry_tls_options tls = ferry_tls_options_client_unsafe(NULL);
    for (int version = 12; version <= 13; version++) {
        ferry_client *client = client_new();
        tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = version});
        char text[64];
        CHECK_INT(connect_over(client, peer, "whoever.example", &tls), FERRY_OK);
        CHECK_INT(get(client, text), FERRY_OK);
        CHECK_STR(text, "hello");
        ferry_client_free(client);
        tls_peer_free(peer);
    }
}

/* Nobody knows where the program's stream leads, nor can another one be had where the session makes
 * the handshake fail. */
static void tls_over_a_stream_of_the_programs_own_shares_no_session(void) {
    for (int version = 12; version <= 13; version++) {
        ferry_tls_options tls = trusting();
        tls.cache = ferry_tls_cache_new();
        for (int i = 0; i < 3; i++) {
            ferry_client *client = client_new();
            tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = version});
            char text[64];
            CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
            CHECK(strstr(log_text, ", resumed") == NULL);
            if (i == 2) {
                ferry_tls_cache_free(tls.cache); /* the client's connection goes on */
            }
            CHECK_INT(get(client, text), FERRY_OK);
            ferry_client_free(client);
            tls_peer_free(peer);
        }
    }
}

static void many_tickets_are_not_all_read_in_one_call(void) {
    enum { TICKETS = 300, MOST_CALLS = 20 };
    ferry_tls_options tls = trusting();
    ferry_client *client = client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = 13, .tickets = TICKETS});
    CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
    int calls = 0;
    do {
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
        calls++;
    } while (calls < MOST_CALLS && waited_for(client) != FERRY_EVENT_READ);
    /* While there were more, a wait for room ended at once. */
    CHECK(calls > 2);
    CHECK(calls < MOST_CALLS);
    char text[64];
    CHECK_INT(get(client, text), FERRY_OK);
    CHECK_STR(text, "hello");
    ferry_client_free(client);
    tls_peer_free(peer);
}

/* ---- Sessions by themselves ---- */

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
    for (int i = 0; i < MOST_POLLS && result == MBEDTLS_ERR_SSL_WANT_READ; i++) {
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

/* ---- Authorities of the system ---- */

static void what_the_authorities_depend_on_is_what_the_environment_says(void) {
    ferry_trust_places places;
    setenv("SSL_CERT_FILE", "/certificates/first.pem", 1);
    unsetenv("SSL_CERT_DIR");
    CHECK(ferry_trust_places_init(&places));
    CHECK_STR(places.file, "/certificates/first.pem");
    CHECK(places.folders == NULL);
    setenv("SSL_CERT_FILE", "/certificates/other.pem", 1); /* a copy has been made */
    setenv("SSL_CERT_DIR", "/certificates:/more", 1);
    CHECK_STR(places.file, "/certificates/first.pem");
    ferry_trust_places_deinit(&places);
    CHECK(ferry_trust_places_init(&places));
    CHECK_STR(places.file, "/certificates/other.pem");
    CHECK_STR(places.folders, "/certificates:/more");
    ferry_trust_places_deinit(&places);
    unsetenv("SSL_CERT_FILE");
    unsetenv("SSL_CERT_DIR");
}

/* ---- Options ---- */

static void check_options(ferry_tls_options tls, const char *words) {
    ferry_client *client = client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
    CHECK_INT(ferry_client_set_connection(client, tls_peer_stream(peer)), FERRY_OK);
    CHECK_INT(ferry_client_start_tls(client, "peer.example", &tls), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), words);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    CHECK(!tls_peer_is_closed(peer));
    ferry_client_free(client);
    tls_peer_free(peer);
}

static void options_that_cannot_be_read_leave_the_connection(void) {
    static const char *const bad_pins[] = {"sha256//short", NULL};
    check_options((ferry_tls_options){.ca_pem = "nothing"}, "authorities");
    check_options((ferry_tls_options){.ca_der = {"\x30\x05xx", 4}}, "authorities");
    check_options((ferry_tls_options){.certificate_pem = tls_peer_certificate()}, "key");
    check_options((ferry_tls_options){.key_pem = "x"}, "certificate");
    check_options((ferry_tls_options){.certificate_pem = tls_peer_certificate(), .key_pem = "x"},
                  "key");
    check_options((ferry_tls_options){.crl_pem = "x"}, "revocation list");
    check_options((ferry_tls_options){.crl_pem = "x", .unsafe = true}, "not verified");
    check_options((ferry_tls_options){.pins = bad_pins}, "pin");
    check_options((ferry_tls_options){.verify_name = ""}, "verify_name");
    check_options((ferry_tls_options){.min_version = (ferry_tls_version)11}, "version");
    check_options((ferry_tls_options){.first_cipher = (ferry_tls_cipher)9}, "cipher");
}

static void a_wrong_password_is_told_whatever_it_makes_of_the_key(void) {
    /* "right" opens it; "wrong 70" leaves padding that is in order, around nonsense. */
    static const char key[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                              "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAjYOMMXYYi7nQIBATAM\n"
                              "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQDwIJeOifKDpzkHcezrA3bgSBkE/5\n"
                              "eTuVzbM68wWSMX9/anV0yrI7fYBbZ3SqMorHs53NQOtNZkxKiSWzRNFnebzztg1X\n"
                              "MkKk0sr5NWax+bkx5EI9pdCXqsiQTcL0zBWHehlnaCYlNiDIB8Jd3EJgBYwGuaSJ\n"
                              "VEg/r1Kn7KJKVZXfVay/DmVR1SejkJp2EdL3kPrdZuJLmx8aEJw9pmYDmckSmw==\n"
                              "-----END ENCRYPTED PRIVATE KEY-----\n";
    ferry_tls_options tls = {.certificate_pem = tls_peer_certificate(), .key_pem = key};
    static const char *const wrong[] = {"wrong 1", "wrong 70"};
    for (size_t i = 0; i < 2; i++) {
        tls.key_password = wrong[i];
        check_options(tls, "the password does not open the client's key");
    }
    tls.key_password = "right";
    check_options(tls, "does not belong to its certificate");
    tls.key_password = NULL;
    check_options(tls, "no password is given");
}

static void starting_where_it_cannot_be_is_refused(void) {
    ferry_tls_options tls = trusting();
    ferry_client *client = client_new();
    CHECK_INT(ferry_client_start_tls(client, "peer.example", &tls), FERRY_ERROR_UNCONFIGURED);
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
    CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_start_tls(client, "peer.example", &tls), FERRY_ERROR_BUSY);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_REQUESTING);
    ferry_client_close(client);
    CHECK_INT(ferry_client_start_tls(client, "http://peer.example", &tls),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_start_tls(client, "http://peer.example", NULL),
              FERRY_ERROR_INVALID_PARAMETER);
    ferry_client_free(client);
    tls_peer_free(peer);
}

static void connection_of_tls_may_be_set_again(void) {
    ferry_tls_options tls = trusting();
    ferry_client *client = client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
    char text[64];
    CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
    for (int i = 0; i < 3; i++) {
        ferry_stream *stream = ferry_client_get_connection(client);
        CHECK_INT(ferry_client_set_connection(client, stream), FERRY_OK);
        CHECK(ferry_client_get_connection(client) == stream);
        CHECK_INT(get(client, text), FERRY_OK);
        CHECK_STR(text, "hello");
        CHECK_STR(ferry_client_get_response_url(client), "https://peer.example/");
    }
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_set_connection(client, ferry_client_get_connection(client)),
              FERRY_ERROR_BUSY);
    CHECK(!tls_peer_is_closed(peer));
    ferry_client_free(client);
    CHECK(tls_peer_is_closed(peer));
    tls_peer_free(peer);
}

static void tunnel_over_tls_takes_requests(void) {
    static const char *const headers[] = {"Connection: Upgrade", "Upgrade: raw", NULL};
    ferry_tls_options tls = trusting();
    ferry_client *client = client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.switches = true});
    CHECK_INT(connect_over(client, peer, "peer.example", &tls), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", headers, NULL), FERRY_OK);
    for (int i = 0; i < MOST_POLLS && ferry_client_get_status(client) != FERRY_STATUS_BODY; i++) {
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
    }
    CHECK_INT(ferry_client_set_connection(client, ferry_client_get_connection(client)), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    size_t before = tls_peer_received(peer);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK(tls_peer_received(peer) > before);
    ferry_client_free(client);
    CHECK(tls_peer_is_closed(peer));
    tls_peer_free(peer);
}

/* The program has a pointer to its stream yet, which TLS is spoken over. */
static void stream_beneath_tls_is_no_connection(void) {
    ferry_tls_options tls = trusting();
    ferry_client *client = client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.pause = true});
    ferry_stream *beneath = tls_peer_stream(peer);
    char text[64];
    CHECK_INT(ferry_client_set_connection(client, beneath), FERRY_OK);
    CHECK_INT(ferry_client_start_tls(client, "peer.example", &tls), FERRY_OK);
    int refused = 0;
    for (int i = 0; i < MOST_POLLS; i++) {
        refused += ferry_client_set_connection(client, beneath) == FERRY_ERROR_INVALID_PARAMETER;
        CHECK_CONTAINS(ferry_client_get_error_detail(client), "TLS");
        CHECK_INT(refused, i + 1);
        if (ferry_client_get_status(client) == FERRY_STATUS_CONNECTED ||
            !CHECK_INT(ferry_client_poll(client), FERRY_OK)) {
            break;
        }
    }
    CHECK(refused > 3); /* before, in and after the handshake */
    CHECK_INT(get(client, text), FERRY_OK);
    CHECK_STR(text, "hello");
    ferry_client_free(client);
    CHECK(tls_peer_is_closed(peer));
    tls_peer_free(peer);
}

/* ---- Memory ---- */

static void every_allocation_may_fail(void) {
    ferry_tls_options tls = trusting();
    for (size_t n = 1; n <= 60; n++) {
        counted_memory memory = {.fail_at = n, .fails_on = true};
        ferry_client_options options = {.allocator = counted_memory_allocator(&memory)};
        ferry_client *client = ferry_client_new(&options);
        tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){0});
        bool is_given = false;
        if (client != NULL) {
            char text[64];
            ferry_error error = ferry_client_set_connection(client, tls_peer_stream(peer));
            is_given = error == FERRY_OK;
            if (is_given) {
                error = start_tls(client, "peer.example", &tls);
            }
            if (error == FERRY_OK) {
                error = get(client, text);
            }
            CHECK(error == FERRY_OK || error == FERRY_ERROR_OUT_OF_MEMORY);
        }
        ferry_client_free(client);
        CHECK(tls_peer_is_closed(peer) == is_given);
        CHECK_INT(memory.live, 0);
        tls_peer_free(peer);
    }
}

/* ---- Names ---- */

static bool matches(const char *pattern, const char *name) {
    return ferry_tls_name_matches(pattern, strlen(pattern), name);
}

static void names_match_as_rfc_9525_says(void) {
    CHECK(matches("a.example", "a.example"));
    CHECK(matches("A.Example", "a.eXample"));
    CHECK(matches("a.example", "a.example."));
    CHECK(!matches("a.example", "b.example"));
    CHECK(!matches("a.example", "a.example.org"));
    CHECK(!matches("", ""));
    CHECK(!matches("", "a"));
    CHECK(matches("*.a.example", "b.a.example"));
    CHECK(matches("*.a.example", "B.A.example."));
    CHECK(!matches("*.a.example", "a.example"));
    CHECK(!matches("*.a.example", "c.b.a.example"));
    CHECK(!matches("*.a.example", ".a.example"));
    CHECK(!matches("a.*.example", "a.b.example"));
    CHECK(!matches("f*.a.example", "foo.a.example"));
    CHECK(!matches("*o.a.example", "foo.a.example"));
    CHECK(!matches("*.*.example", "a.b.example"));
    CHECK(!matches("*.example", "a.example"));
    CHECK(!matches("*", "a"));
    CHECK(!matches("*.", "a."));
    CHECK(!ferry_tls_name_matches("a.example\0.evil", 15, "a.example"));
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(both_versions_carry_exchanges),
        CHECK_TEST(bytes_may_come_and_go_in_any_pieces),
        CHECK_TEST(what_comes_on_an_idle_connection_is_no_answer),
        CHECK_TEST(records_without_data_are_passed_over),
        CHECK_TEST(the_end_of_a_tunnel_goes_behind_all_that_was_written),
        CHECK_TEST(answer_is_read_though_writing_has_failed),
        CHECK_TEST(an_upload_survives_what_comes_in_the_middle_of_its_records),
        CHECK_TEST(an_exchange_lasts_until_tls_holds_nothing_of_the_request),
        CHECK_TEST(a_new_handshake_is_declined_and_the_exchange_goes_on),
        CHECK_TEST(a_body_until_the_end_needs_the_end_that_tls_gives),
        CHECK_TEST(what_is_wrong_with_a_certificate_is_said),
        CHECK_TEST(an_address_is_matched_and_no_name_is_sent),
        CHECK_TEST(unsafe_accepts_any_certificate),
        CHECK_TEST(tls_over_a_stream_of_the_programs_own_shares_no_session),
        CHECK_TEST(many_tickets_are_not_all_read_in_one_call),
        CHECK_TEST(a_session_is_not_offered_a_day_after_its_chain_was_looked_at),
        CHECK_TEST(sessions_are_of_one_host_and_port_and_few),
        CHECK_TEST(what_the_authorities_depend_on_is_what_the_environment_says),
        CHECK_TEST(options_that_cannot_be_read_leave_the_connection),
        CHECK_TEST(a_wrong_password_is_told_whatever_it_makes_of_the_key),
        CHECK_TEST(starting_where_it_cannot_be_is_refused),
        CHECK_TEST(connection_of_tls_may_be_set_again),
        CHECK_TEST(tunnel_over_tls_takes_requests),
        CHECK_TEST(stream_beneath_tls_is_no_connection),
        CHECK_TEST(every_allocation_may_fail),
        CHECK_TEST(names_match_as_rfc_9525_says),
    };
    return CHECK_RUN(tests, argc, argv);
}
