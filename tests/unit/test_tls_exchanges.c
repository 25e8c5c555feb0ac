/* SPDX-License-Identifier: MIT */
/* test_tls_exchanges: requests and responses over TLS, in any pieces, with a server in memory. */
#include "check.h"
#include "tls_client.h"
#include "tls_peer.h"

#include <stdint.h>

static void exchange_with(const tls_peer_behaviour *behaviour) {
    ferry_tls_options tls = tls_client_trusting();
    ferry_client *client = tls_client_new();
    tls_peer *peer = tls_peer_new(behaviour);
    CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
    for (int i = 0; i < 2; i++) {
        char text[64];
        CHECK_INT(tls_client_get(client, text), FERRY_OK);
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
    CHECK_CONTAINS(tls_client_log, "TLS 1.2");
    exchange_with(&(tls_peer_behaviour){.version = 13});
    CHECK_CONTAINS(tls_client_log, "TLS 1.3");
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
            ferry_tls_options tls = tls_client_trusting();
            ferry_client *client = tls_client_new();
            tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = version});
            CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
            CHECK_INT(tls_client_get(client, text), FERRY_OK);
            size_t received = tls_peer_received(peer);
            tls_peer_send(peer, record->kind, record->bytes, record->length);
            ferry_error error = tls_client_get(client, text);
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
    for (int i = 0; i < TLS_CLIENT_MAX_POLLS && length > 0 && error == FERRY_OK; i++) {
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
    ferry_tls_options tls = tls_client_trusting();
    ferry_client *client = tls_client_new();
    tls_peer *peer = tls_peer_new(behaviour);
    CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", headers, NULL), FERRY_OK);
    for (int i = 0;
         i < TLS_CLIENT_MAX_POLLS && ferry_client_get_status(client) == FERRY_STATUS_REQUESTING;
         i++) {
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
    }
    CHECK_INT(ferry_client_get_response_code(client), FERRY_RESPONSE_SWITCHING_PROTOCOLS);
    size_t head_length = tls_peer_received(peer);
    write_all(client, LENGTH);
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_OK);
    for (int i = 0; i < TLS_CLIENT_MAX_POLLS && !reads && waited_for(client) != 0; i++) {
        CHECK_INT(waited_for(client), FERRY_EVENT_WRITE);
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
    }
    CHECK(reads || tls_peer_was_ended_in_order(peer));
    ferry_error error = FERRY_OK;
    for (int i = 0; i < TLS_CLIENT_MAX_POLLS &&
                    ferry_client_get_status(client) == FERRY_STATUS_BODY && error == FERRY_OK;
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
        ferry_tls_options tls = tls_client_trusting();
        ferry_client *client = tls_client_new();
        tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = version, .refuses = true});
        ferry_request request = {
            .method = FERRY_METHOD_POST, .url = "/", .streamed = true, .streamed_length = -1};
        CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
        CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
        size_t length = 0;
        ferry_error error = FERRY_OK;
        for (int i = 0; i < TLS_CLIENT_MAX_POLLS && error == FERRY_OK; i++) {
            error = ferry_client_write_request_body(client, piece, sizeof piece, &length);
        }
        CHECK_INT(error, FERRY_ERROR_UPLOAD_STOPPED);
        for (int i = 0;
             i < TLS_CLIENT_MAX_POLLS && ferry_client_get_status(client) == FERRY_STATUS_REQUESTING;
             i++) {
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
        ferry_tls_options tls = tls_client_trusting();
        ferry_client *client = tls_client_new();
        tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = version, .body = LENGTH});
        CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
        CHECK_INT(ferry_client_request_raw(client, FERRY_METHOD_POST, "/", NULL, body, LENGTH),
                  FERRY_OK);
        ferry_error error = FERRY_OK;
        for (int i = 0; i < TLS_CLIENT_MAX_POLLS && error == FERRY_OK &&
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
    ferry_tls_options tls = tls_client_trusting();
    ferry_client *client = tls_client_new();
    char text[16];
    size_t total = 0;
    CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
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
    ferry_tls_options tls = tls_client_trusting();
    ferry_client *client = tls_client_new();
    tls_peer *peer = tls_peer_new(behaviour);
    CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
    ferry_error error = tls_client_get(client, text);
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

static void many_tickets_are_not_all_read_in_one_call(void) {
    enum { TICKETS = 300, MOST_CALLS = 20 };
    ferry_tls_options tls = tls_client_trusting();
    ferry_client *client = tls_client_new();
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.version = 13, .tickets = TICKETS});
    CHECK_INT(tls_client_connect(client, peer, "peer.example", &tls), FERRY_OK);
    int calls = 0;
    do {
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
        calls++;
    } while (calls < MOST_CALLS && waited_for(client) != FERRY_EVENT_READ);
    /* While there were more, a wait for room ended at once. */
    CHECK(calls > 2);
    CHECK(calls < MOST_CALLS);
    char text[64];
    CHECK_INT(tls_client_get(client, text), FERRY_OK);
    CHECK_STR(text, "hello");
    ferry_client_free(client);
    tls_peer_free(peer);
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
        CHECK_TEST(many_tickets_are_not_all_read_in_one_call),
    };
    return CHECK_RUN(tests, argc, argv);
}
