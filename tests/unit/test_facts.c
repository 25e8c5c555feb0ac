/* SPDX-License-Identifier: MIT */
/* test_facts: what the client tells of its connection, of the latest request, and of the response's
 * first line; when what happened, by a clock that the test moves. */
#include "check.h"
#include "runtime/fake_runtime.h"
#include "script_stream.h"

#include <stdio.h>
#include <string.h>

/* ---- A connection ---- */

/* Each step takes it one stage further; the last one opens the link. */
typedef struct staged_connector {
    ferry_connector connector;
    ferry_link_facts *facts;
    int steps;
    bool is_given; /* over a stream that was there: there is nothing to look up or to dial */
} staged_connector;

static staged_connector staged;
static script_stream script;

static ferry_error staged_prepare(ferry_connector *connector, const ferry_origin *origin) {
    (void)connector;
    (void)origin;
    return FERRY_OK;
}

static ferry_error staged_start(ferry_connector *connector, const ferry_origin *origin,
                                int64_t now_ms) {
    (void)connector;
    (void)now_ms;
    staged.facts = origin->facts;
    staged.is_given = origin->stream != NULL;
    staged.steps = 0;
    return FERRY_OK;
}

static ferry_error staged_step(ferry_connector *connector, int64_t now_ms, ferry_link *link,
                               ferry_stream **stream) {
    (void)connector;
    (void)now_ms;
    staged.steps++;
    *link = FERRY_LINK_CONNECTING;
    if (staged.steps == 1 && !staged.is_given) {
        staged.facts->stage = FERRY_LINK_STAGE_RESOLVED;
    } else if (staged.steps == 2 && !staged.is_given) {
        staged.facts->stage = FERRY_LINK_STAGE_CONNECTED;
        strcpy(staged.facts->peer, "192.0.2.1:80");
    } else if (staged.steps == 3) {
        *link = FERRY_LINK_OPEN;
        *stream = &script.stream;
    }
    return FERRY_OK;
}

static size_t staged_get_waits(const ferry_connector *connector, ferry_wait *waits, size_t capacity,
                               int64_t *deadline_ms) {
    (void)connector;
    (void)waits;
    (void)capacity;
    *deadline_ms = 0;
    return 0;
}

static bool staged_owns(const ferry_connector *connector, const ferry_stream *made,
                        const ferry_stream *stream) {
    (void)connector;
    (void)made;
    (void)stream;
    return false;
}

static void staged_forget(ferry_connector *connector) {
    (void)connector;
}

static const ferry_connector_ops staged_ops = {
    .prepare = staged_prepare,
    .start = staged_start,
    .step = staged_step,
    .get_waits = staged_get_waits,
    .owns = staged_owns,
    .cancel = staged_forget,
    .destroy = staged_forget,
};

static int64_t ready_at_once(unsigned events) {
    (void)events;
    return 0;
}

static ferry_client *begin(const char *response) {
    static const fake_runtime untouched = {.now_us = 5000000, .until_ready = ready_at_once};
    machine = untouched;
    staged = (staged_connector){.connector.ops = &staged_ops};
    machine.connector = &staged.connector;
    script_stream_init(&script, response, strlen(response), FERRY_STREAM_AGAIN);
    return ferry_client_new(NULL);
}

static ferry_client *begin_connected(const char *response) {
    ferry_client *client = begin(response);
    CHECK_INT(ferry_client_set_connection(client, &script.stream), FERRY_OK);
    return client;
}

/* The clock passes in front of the call. */
static void poll_after(ferry_client *client, int us) {
    machine.now_us += us;
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
}

static void connect_in_steps(ferry_client *client) {
    CHECK_INT(ferry_client_connect_to_host(client, "peer.example", -1, NULL), FERRY_OK);
    poll_after(client, 100);
    poll_after(client, 20);
    poll_after(client, 3);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
}

static size_t read_after(ferry_client *client, int us) {
    char body[64];
    size_t length = 0;
    machine.now_us += us;
    CHECK_INT(ferry_client_read_response_body(client, body, sizeof body, &length), FERRY_OK);
    return length;
}

static void get(ferry_client *client) {
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
}

static void check_connecting(const ferry_client *client, int resolved, int connected, int ready) {
    ferry_timings timings;
    ferry_client_get_timings(client, &timings);
    CHECK_INT(timings.resolved_us, resolved);
    CHECK_INT(timings.connected_us, connected);
    CHECK_INT(timings.ready_us, ready);
}

static void check_exchange(const ferry_client *client, int sent, int first_byte, int end) {
    ferry_timings timings;
    ferry_client_get_timings(client, &timings);
    CHECK_INT(timings.sent_us, sent);
    CHECK_INT(timings.first_byte_us, first_byte);
    CHECK_INT(timings.end_us, end);
}

/* ---- The status line ---- */

static void check_status_line(const char *head, const char *reason, int version) {
    for (size_t piece = 0; piece <= 1; piece++) {
        ferry_client *client = begin_connected(head);
        script.piece = piece;
        get(client);
        CHECK_STR(ferry_client_get_response_reason(client), "");
        CHECK_INT(ferry_client_get_response_http_version(client), 0);
        for (int i = 0; i < 200 && !ferry_client_has_response(client); i++) {
            poll_after(client, 0);
        }
        CHECK_STR(ferry_client_get_response_reason(client), reason);
        CHECK_INT(ferry_client_get_response_http_version(client), version);
        ferry_client_close(client);
        CHECK_STR(ferry_client_get_response_reason(client), "");
        CHECK_INT(ferry_client_get_response_http_version(client), 0);
        ferry_client_free(client);
    }
}

static void reason_and_version_are_those_of_the_status_line(void) {
    check_status_line("HTTP/1.1 200 OK\r\nA: 1\r\n\r\n", "OK", 11);
    check_status_line("HTTP/1.0 404 Not Found\r\n\r\n", "Not Found", 10);
    check_status_line("HTTP/1.1 200 \r\nA: 1\r\n\r\n", "", 11);
    check_status_line("HTTP/1.1 200\nA: 1\n\n", "", 11);
    check_status_line("HTTP/1.7 299  two\t\xe9 \r\n\r\n", " two\t\xe9 ", 17);
    check_status_line("HTTP/1.1 200 Fine\r\nA: 1\r\n 2\r\nb:3\r\n\r\n", "Fine", 11);
    check_status_line("HTTP/1.1 103 Early Hints\r\nA: 1\r\n\r\nHTTP/1.0 200\r\n\r\n", "", 10);
}

/* ---- The request ---- */

static void connection_is_reused_from_its_second_request_on(void) {
    static const char answer[] = "HTTP/1.1 204 None\r\n\r\n";
    ferry_client *client = begin_connected(answer);
    CHECK(!ferry_client_is_connection_reused(client));
    for (int i = 0; i < 3; i++) {
        get(client);
        poll_after(client, 0);
        CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
        CHECK_INT(ferry_client_is_connection_reused(client), i > 0);
        script_stream_rewind(&script);
    }
    CHECK_INT(ferry_client_set_connection(client, &script.stream), FERRY_OK);
    CHECK(!ferry_client_is_connection_reused(client)); /* there is no request */
    get(client);
    CHECK(ferry_client_is_connection_reused(client));
    script_stream_rewind(&script);
    ferry_client_close(client);
    CHECK(!ferry_client_is_connection_reused(client));
    CHECK_INT(ferry_client_set_connection(client, &script.stream), FERRY_OK);
    get(client);
    CHECK(!ferry_client_is_connection_reused(client));
    ferry_client_free(client);
}

static void tunnel_that_takes_requests_was_not_used_before(void) {
    ferry_client *client = begin_connected("HTTP/1.1 200 OK\r\n\r\n");
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_CONNECT, "a.example:80", NULL, NULL),
              FERRY_OK);
    poll_after(client, 0);
    CHECK_INT(ferry_client_set_connection(client, ferry_client_get_connection(client)), FERRY_OK);
    CHECK(!ferry_client_may_send_again(client));
    get(client);
    CHECK(!ferry_client_is_connection_reused(client));
    ferry_client_free(client);
}

static void check_again(ferry_method method, const char *name, bool is_expected) {
    ferry_client *client = begin_connected("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
    ferry_request request = {.method = method, .method_name = name, .url = "/"};
    CHECK(!ferry_client_may_send_again(client));
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    CHECK_INT(ferry_client_may_send_again(client), is_expected);
    poll_after(client, 0);
    script.end = FERRY_STREAM_END;
    char body[64];
    size_t length = 0;
    while (ferry_client_read_response_body(client, body, sizeof body, &length) == FERRY_OK) {
        poll_after(client, 0);
    }
    CHECK_INT(ferry_client_get_error(client), FERRY_ERROR_BODY_TRUNCATED);
    CHECK_INT(ferry_client_may_send_again(client), is_expected);
    ferry_client_close(client);
    CHECK(!ferry_client_may_send_again(client));
    ferry_client_free(client);
}

static void idempotent_requests_may_be_sent_again_whatever_was_seen(void) {
    check_again(FERRY_METHOD_GET, NULL, true);
    check_again(FERRY_METHOD_PUT, NULL, true);
    check_again(FERRY_METHOD_DELETE, NULL, true);
    check_again(FERRY_METHOD_OPTIONS, NULL, true);
    check_again(FERRY_METHOD_TRACE, NULL, true);
    check_again(FERRY_METHOD_POST, NULL, false);
    check_again(FERRY_METHOD_PATCH, NULL, false);
    check_again(FERRY_METHOD_GET, "PUT", true);
    check_again(FERRY_METHOD_GET, "PROPFIND", false);
    check_again(FERRY_METHOD_GET, "put", false);
}

static void any_request_may_be_sent_again_of_which_no_byte_was_taken(void) {
    ferry_client *client = begin_connected("");
    script.write_room = 1;
    script.sent_length = 1;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_POST, "/", NULL, "body"), FERRY_OK);
    poll_after(client, 0);
    CHECK(ferry_client_may_send_again(client));
    script.write_end = FERRY_STREAM_FAILED;
    machine.now_us += 10;
    CHECK_INT(ferry_client_poll(client), FERRY_ERROR_CONNECTION_ERROR);
    CHECK(ferry_client_may_send_again(client));
    check_exchange(client, -1, -1, -1);
    ferry_client_free(client);

    client = begin_connected("");
    script.write_room = 1;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_POST, "/", NULL, "body"), FERRY_OK);
    CHECK_INT(script.sent_length, 1);
    CHECK(!ferry_client_may_send_again(client));
    ferry_client_free(client);
}

static void request_that_found_the_connection_ended_may_be_sent_again(void) {
    ferry_client *client = begin_connected("HTTP/1.1 204 None\r\n\r\n");
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_POST, "/", NULL, "body"), FERRY_OK);
    poll_after(client, 0);
    CHECK(!ferry_client_may_send_again(client));
    script.end = FERRY_STREAM_END;
    script.speaks_first = true;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_POST, "/", NULL, "body"),
              FERRY_ERROR_CONNECT_AGAIN);
    CHECK(ferry_client_may_send_again(client));
    CHECK(ferry_client_is_connection_reused(client));
    ferry_client_free(client);
}

/* ---- Times ---- */

static void times_are_those_of_what_happened(void) {
    ferry_client *client = begin("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello you");
    CHECK_STR(ferry_client_get_peer_address(client), "");
    check_connecting(client, -1, -1, -1);
    check_exchange(client, -1, -1, -1);
    connect_in_steps(client);
    CHECK_STR(ferry_client_get_peer_address(client), "192.0.2.1:80");
    check_connecting(client, 100, 120, 123);
    check_exchange(client, -1, -1, -1);
    machine.now_us += 1000;
    script.split = 10; /* in the middle of the head */
    script.pause = true;
    get(client);
    check_exchange(client, 0, -1, -1);
    poll_after(client, 7);
    check_exchange(client, 0, -1, -1);
    poll_after(client, 7);
    check_exchange(client, 0, 14, -1);
    script.split = 42; /* "hell" */
    poll_after(client, 7);
    poll_after(client, 7);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    while (ferry_client_get_status(client) == FERRY_STATUS_BODY) {
        check_exchange(client, 0, 14, -1);
        if (read_after(client, 50) == 0) {
            poll_after(client, 0);
        }
    }
    int64_t end_us = machine.now_us - 5000000 - 1123;
    check_exchange(client, 0, 14, (int)end_us);
    machine.now_us += 1000;
    poll_after(client, 1);
    check_exchange(client, 0, 14, (int)end_us);
    check_connecting(client, 100, 120, 123);
    ferry_client_close(client);
    check_connecting(client, -1, -1, -1);
    check_exchange(client, -1, -1, -1);
    CHECK_STR(ferry_client_get_peer_address(client), "");
    ferry_client_free(client);
}

static void tls_over_a_connection_leaves_its_peer_as_it_is(void) {
    ferry_client *client = begin("");
    connect_in_steps(client);
    machine.now_us += 1000;
    CHECK_INT(ferry_client_start_tls(client, "peer.example", NULL), FERRY_OK);
    CHECK_STR(ferry_client_get_peer_address(client), "192.0.2.1:80");
    check_connecting(client, -1, -1, -1);
    poll_after(client, 1);
    poll_after(client, 10);
    poll_after(client, 100);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    CHECK_STR(ferry_client_get_peer_address(client), "192.0.2.1:80");
    check_connecting(client, -1, -1, 111);
    ferry_client_free(client);
}

static void response_ends_when_its_last_byte_has_come(void) {
    static const char *const answers[] = {
        "HTTP/1.1 204 None\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    };
    for (size_t i = 0; i < 2; i++) {
        ferry_client *client = begin_connected(answers[i]);
        check_connecting(client, -1, -1, -1);
        get(client);
        poll_after(client, 40);
        check_exchange(client, 0, 40, 40);
        if (i > 0) {
            CHECK_INT(read_after(client, 500), 5); /* the program took its time */
        }
        CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
        check_exchange(client, 0, 40, 40);
        check_connecting(client, -1, -1, -1);
        ferry_client_free(client);
    }
}

static void body_of_unknown_length_ends_when_it_is_read(void) {
    for (int blocking = 0; blocking < 2; blocking++) {
        ferry_client *client =
            begin_connected("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
        get(client);
        poll_after(client, 40);
        check_exchange(client, 0, 40, -1);
        CHECK_INT(ferry_client_set_blocking_mode(client, blocking == 1), FERRY_OK);
        CHECK_INT(read_after(client, 500), 0);
        CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
        check_exchange(client, 0, 40, 540);
        ferry_client_free(client);
    }
}

static void request_is_sent_when_all_of_it_is_taken(void) {
    ferry_client *client = begin_connected("HTTP/1.1 204 None\r\n\r\n");
    script.write_limit = 40;
    script.gate = "body";
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_POST, "/", NULL, "body"), FERRY_OK);
    check_exchange(client, -1, -1, -1);
    script.write_room = 50; /* no room but for that */
    poll_after(client, 30);
    check_exchange(client, -1, -1, -1);
    script.write_room = 0;
    poll_after(client, 30);
    check_exchange(client, 60, 60, 60);
    ferry_client_free(client);
}

static void request_that_was_cut_was_never_sent(void) {
    ferry_client *client = begin_connected("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
    ferry_request request = {
        .method = FERRY_METHOD_PUT, .url = "/", .streamed = true, .streamed_length = 100};
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    poll_after(client, 30);
    CHECK(ferry_client_is_upload_stopped(client));
    check_exchange(client, -1, 30, 30);
    ferry_client_free(client);
}

static void upload_behind_an_early_answer_is_sent_with_its_last_byte(void) {
    ferry_client *client = begin_connected("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    ferry_request request = {
        .method = FERRY_METHOD_PUT, .url = "/", .streamed = true, .streamed_length = 4};
    size_t written = 0;
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    poll_after(client, 30);
    check_exchange(client, -1, 30, 30);
    machine.now_us += 10;
    CHECK_INT(ferry_client_write_request_body(client, "body", 4, &written), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    check_exchange(client, 40, 30, 30);
    ferry_client_free(client);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(reason_and_version_are_those_of_the_status_line),
        CHECK_TEST(connection_is_reused_from_its_second_request_on),
        CHECK_TEST(tunnel_that_takes_requests_was_not_used_before),
        CHECK_TEST(idempotent_requests_may_be_sent_again_whatever_was_seen),
        CHECK_TEST(any_request_may_be_sent_again_of_which_no_byte_was_taken),
        CHECK_TEST(request_that_found_the_connection_ended_may_be_sent_again),
        CHECK_TEST(times_are_those_of_what_happened),
        CHECK_TEST(tls_over_a_connection_leaves_its_peer_as_it_is),
        CHECK_TEST(response_ends_when_its_last_byte_has_come),
        CHECK_TEST(body_of_unknown_length_ends_when_it_is_read),
        CHECK_TEST(request_is_sent_when_all_of_it_is_taken),
        CHECK_TEST(request_that_was_cut_was_never_sent),
        CHECK_TEST(upload_behind_an_early_answer_is_sent_with_its_last_byte),
    };
    return CHECK_RUN(tests, argc, argv);
}
