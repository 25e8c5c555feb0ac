/* SPDX-License-Identifier: MIT */
/* test_blocking: what each call waits for in blocking mode, on a machine whose sleep takes no time,
 * and how long at most. */
#include "check.h"
#include "runtime/fake_runtime.h"
#include "script_stream.h"

#include <stdio.h>
#include <string.h>

enum { LIMIT_MS = 50, STEP_US = 5000 };

/* ---- The peer ---- */

/* Connecting takes a sleep for each of its steps; -1: it never gets further. */
typedef struct slow_connector {
    ferry_connector connector;
    int steps_left;
    ferry_error error; /* that the last step ends in */
} slow_connector;

static slow_connector slow;
static script_stream script;
static int sleeps;      /* so far */
static int sleeps_left; /* before nothing comes any more; -1: each brings something */
static int signals;     /* that end the sleeps from now on, before anything else does */
static int wakes_in;    /* so many sleeps from now the client is woken; 0: not at all */
static ferry_client *woken;

static ferry_error slow_prepare(ferry_connector *connector, const ferry_origin *origin) {
    (void)connector;
    (void)origin;
    return FERRY_OK;
}

static ferry_error slow_start(ferry_connector *connector, const ferry_origin *origin,
                              int64_t now_ms) {
    (void)connector;
    (void)origin;
    (void)now_ms;
    return FERRY_OK;
}

static ferry_error slow_step(ferry_connector *connector, int64_t now_ms, ferry_link *link,
                             ferry_stream **stream) {
    (void)connector;
    (void)now_ms;
    *link = FERRY_LINK_CONNECTING;
    if (slow.steps_left < 0 || slow.steps_left-- > 0) {
        return FERRY_OK;
    }
    if (slow.error == FERRY_OK) {
        *link = FERRY_LINK_OPEN;
        *stream = &script.stream;
    }
    return slow.error;
}

/* A descriptor that the fake runtime never looks at. */
static size_t slow_get_waits(const ferry_connector *connector, ferry_wait *waits, size_t capacity,
                             int64_t *deadline_ms) {
    (void)connector;
    (void)deadline_ms;
    if (capacity > 0) {
        waits[0] = (ferry_wait){0, FERRY_EVENT_READ};
    }
    return 1;
}

static bool slow_owns(const ferry_connector *connector, const ferry_stream *made,
                      const ferry_stream *stream) {
    (void)connector;
    (void)made;
    (void)stream;
    return false;
}

static void slow_forget(ferry_connector *connector) {
    (void)connector;
}

static const ferry_connector_ops slow_ops = {
    .prepare = slow_prepare,
    .start = slow_start,
    .step = slow_step,
    .get_waits = slow_get_waits,
    .owns = slow_owns,
    .cancel = slow_forget,
    .destroy = slow_forget,
};

/* Each sleep takes some time, and ends as if something had come; the script has it or not. */
static int64_t until_ready(unsigned events) {
    (void)events;
    sleeps++;
    if (wakes_in > 0 && --wakes_in == 0) {
        ferry_client_wake(woken);
    }
    if (signals > 0) {
        signals--;
        return FAKE_SIGNAL;
    }
    if (sleeps_left == 0) {
        return -1;
    }
    sleeps_left -= sleeps_left > 0;
    return STEP_US;
}

static ferry_client *begin_with(const char *answer, const ferry_client_options *options) {
    machine =
        (fake_runtime){.now_us = 1000000, .until_ready = until_ready, .connector = &slow.connector};
    slow = (slow_connector){.connector.ops = &slow_ops, .steps_left = 3};
    sleeps = 0;
    sleeps_left = -1;
    signals = 0;
    wakes_in = 0;
    script_stream_init(&script, answer, strlen(answer), FERRY_STREAM_AGAIN);
    script.descriptor = 0;
    ferry_client *client = ferry_client_new(options);
    CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
    woken = client;
    return client;
}

static ferry_client *begin(const char *answer) {
    return begin_with(answer, NULL);
}

static ferry_error connect_to(ferry_client *client) {
    return ferry_client_connect_to_host(client, "peer.example", -1, NULL);
}

static ferry_client *begin_connected(const char *answer, const ferry_timeouts *timeouts) {
    ferry_client_options options = {.timeouts = *timeouts};
    ferry_client *client = begin_with(answer, &options);
    CHECK_INT(ferry_client_set_connection(client, &script.stream), FERRY_OK);
    CHECK_INT(sleeps, 0);
    return client;
}

static const ferry_timeouts no_timeouts;

/* ---- Connecting ---- */

static void connecting_returns_when_connected(void) {
    ferry_client *client = begin("");
    CHECK_INT(connect_to(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    CHECK_INT(sleeps, 4);
    CHECK_INT(ferry_client_poll(client), FERRY_OK); /* as a loop would that was written before */
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    slow.steps_left = 3;
    CHECK_INT(ferry_client_start_tls(client, "peer.example", NULL), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    ferry_client_free(client);
}

static void connecting_returns_with_what_it_ended_in(void) {
    static const struct {
        ferry_error error;
        ferry_status status;
    } rows[] = {
        {FERRY_ERROR_CANT_CONNECT, FERRY_STATUS_CANT_CONNECT},
        {FERRY_ERROR_TLS_CERTIFICATE, FERRY_STATUS_TLS_HANDSHAKE_ERROR},
        {FERRY_ERROR_OUT_OF_MEMORY, FERRY_STATUS_CANT_CONNECT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ferry_client *client = begin("");
        slow.error = rows[i].error;
        CHECK_INT(connect_to(client), rows[i].error);
        CHECK_INT(ferry_client_get_status(client), rows[i].status);
        CHECK_INT(ferry_client_get_error(client), rows[i].error);
        CHECK_INT(ferry_client_poll(client), rows[i].error);
        slow.error = FERRY_OK;
        slow.steps_left = 0;
        CHECK_INT(connect_to(client), FERRY_OK);
        ferry_client_free(client);
    }
}

static void connecting_ends_in_its_time(void) {
    ferry_client_options options = {.timeouts = {.connect_ms = LIMIT_MS}};
    ferry_client *client = begin_with("", &options);
    slow.steps_left = -1;
    CHECK_INT(connect_to(client), FERRY_ERROR_TIMEOUT);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CANT_CONNECT);
    CHECK(machine.now_us > 1000000 + LIMIT_MS * 1000);
    CHECK(machine.now_us <= 1000000 + LIMIT_MS * 1000 + 2 * STEP_US);
    ferry_client_free(client);
}

/* ---- Requesting ---- */

static void request_returns_when_the_head_is_there(void) {
    static const char answer[] = "HTTP/1.1 103 Soon\r\n\r\nHTTP/1.1 200 OK\r\n"
                                 "Content-Length: 5\r\n\r\nhello";
    char body[16];
    size_t length = 0;
    ferry_client *client = begin_connected(answer, &no_timeouts);
    script.piece = 1;
    script.pause = true;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    CHECK_INT(ferry_client_get_response_code(client), 200);
    for (size_t i = 0; i < 5; i++) {
        CHECK_INT(ferry_client_read_response_body(client, body, sizeof body, &length), FERRY_OK);
        CHECK_MEM(body, length, &"hello"[i], 1);
    }
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    ferry_client_free(client);
}

static void request_without_a_body_to_read_is_over_when_it_returns(void) {
    ferry_client *client =
        begin_connected("HTTP/1.1 204 None\r\nConnection: close\r\n\r\n", &no_timeouts);
    script.pause = true;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_POST, "/", NULL, "body"), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    CHECK_INT(ferry_client_get_response_code(client), 204);
    ferry_client_free(client);
}

static void request_returns_with_what_it_ended_in(void) {
    ferry_client *client = begin_connected("HTTP/1.1 200", &no_timeouts);
    script.end = FERRY_STREAM_END;
    script.pause = true;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL),
              FERRY_ERROR_CONNECTION_ERROR);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTION_ERROR);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), "response head");
    ferry_client_free(client);
}

static void request_that_breaks_at_once_returns_with_that(void) {
    ferry_client *client = begin_connected("", &no_timeouts);
    script.write_room = 1;
    script.write_end = FERRY_STREAM_FAILED;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_POST, "/", NULL, "body"),
              FERRY_ERROR_CONNECTION_ERROR);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTION_ERROR);
    ferry_client_free(client);
}

static void request_ends_in_its_time(void) {
    static const ferry_timeouts rows[] = {
        {.response_ms = LIMIT_MS}, {.idle_ms = LIMIT_MS}, {.total_ms = LIMIT_MS}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ferry_client *client = begin_connected("", &rows[i]);
        sleeps_left = 0;
        CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL),
                  FERRY_ERROR_TIMEOUT);
        CHECK(!machine.slept_for_ever);
        CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTION_ERROR);
        CHECK_INT(machine.now_us / 1000, 1000 + LIMIT_MS + 1);
        ferry_client_free(client);
    }
}

static void request_that_is_refused_sleeps_not_at_all(void) {
    ferry_client *client = begin_connected("", &no_timeouts);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "no path", NULL, NULL),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    CHECK_INT(sleeps, 0);
    ferry_client_free(client);
}

static void stream_that_cannot_be_waited_for_is_told_once_the_request_is_out(void) {
    ferry_client *client = begin_connected("", &no_timeouts);
    script.descriptor = FERRY_NO_DESCRIPTOR;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL),
              FERRY_ERROR_UNAVAILABLE);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_REQUESTING);
    CHECK(script.sent_length > 0);
    ferry_client_free(client);
}

/* ---- Streamed bodies ---- */

static ferry_request streamed(int64_t length, const char *const *headers) {
    return (ferry_request){.method = FERRY_METHOD_PUT,
                           .url = "/",
                           .headers = headers,
                           .streamed = true,
                           .streamed_length = length};
}

static void streamed_request_returns_when_its_body_may_be_written(void) {
    ferry_client *client = begin_connected("HTTP/1.1 204 None\r\n\r\n", &no_timeouts);
    ferry_request request = streamed(-1, NULL);
    size_t written = 0;
    script.write_limit = 10;
    script.gate = "0\r\n\r\n";
    script.gate_at = 0;
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_REQUESTING);
    CHECK_MEM(script.sent + script.sent_length - 4, 4, "\r\n\r\n", 4);
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &written), FERRY_OK);
    CHECK_INT(written, 5);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_REQUESTING);
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_OK);
    CHECK_INT(ferry_client_get_response_code(client), 204);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    ferry_client_free(client);
}

static void announced_body_is_answered_when_finish_returns(void) {
    ferry_client *client = begin_connected("HTTP/1.1 204 None\r\n\r\n", &no_timeouts);
    ferry_request request = streamed(5, NULL);
    size_t written = 0;
    script.gate = "hello";
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &written), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_REQUESTING);
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_OK);
    CHECK_INT(ferry_client_get_response_code(client), 204);
    ferry_client_free(client);
}

static void finishing_ends_in_its_time(void) {
    ferry_client *client = begin_connected("", &(ferry_timeouts){.response_ms = LIMIT_MS});
    ferry_request request = streamed(-1, NULL);
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    sleeps_left = 0;
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_ERROR_TIMEOUT);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), "response_ms");
    ferry_client_free(client);
}

static void streamed_request_waits_for_the_servers_word(void) {
    static const char *const expect[] = {"Expect: 100-continue", NULL};
    static const char answer[] = "HTTP/1.1 100 Continue\r\n\r\n";
    for (int answers = 0; answers < 2; answers++) {
        ferry_client *client =
            begin_connected(answers == 1 ? answer : "", &(ferry_timeouts){.continue_ms = LIMIT_MS});
        ferry_request request = streamed(-1, expect);
        script.pause = true;
        sleeps_left = answers == 1 ? -1 : 0;
        CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
        CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_REQUESTING);
        CHECK_INT(machine.now_us / 1000 >= 1000 + LIMIT_MS, answers == 0);
        size_t written = 0;
        CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &written), FERRY_OK);
        CHECK_INT(written, 5);
        ferry_client_free(client);
    }
}

static void streamed_request_that_is_refused_returns_with_the_head(void) {
    static const char *const expect[] = {"Expect: 100-continue", NULL};
    ferry_client *client =
        begin_connected("HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno", &no_timeouts);
    ferry_request request = streamed(-1, expect);
    script.pause = true;
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    CHECK_INT(ferry_client_get_response_code(client), 413);
    CHECK(ferry_client_is_upload_stopped(client));
    ferry_client_free(client);
}

/* ---- What ends a sleep ---- */

static void signals_end_no_call(void) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx";
    char body[4];
    size_t length = 0;
    ferry_client *client = begin(answer);
    signals = 20;
    CHECK_INT(connect_to(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    CHECK_INT(sleeps, 20 + 4);
    script.pause = true;
    script.piece = sizeof answer - 2;
    signals = 20;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    CHECK_INT(signals, 0);
    signals = 20;
    CHECK_INT(ferry_client_read_response_body(client, body, sizeof body, &length), FERRY_OK);
    CHECK_MEM(body, length, "x", 1);
    CHECK_INT(signals, 0);
    ferry_client_free(client);
}

static void time_passes_while_signals_come(void) {
    ferry_client *client = begin_connected("", &(ferry_timeouts){.response_ms = LIMIT_MS});
    signals = 20;
    sleeps_left = 0;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_ERROR_TIMEOUT);
    CHECK_INT(machine.now_us / 1000, 1000 + LIMIT_MS + 1);
    ferry_client_free(client);
}

static void woken_connecting_goes_on_by_polls(void) {
    ferry_client *client = begin("");
    wakes_in = 2;
    CHECK_INT(connect_to(client), FERRY_ERROR_ABORTED);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTING);
    CHECK_INT(ferry_client_get_error(client), FERRY_OK);
    CHECK_INT(sleeps, 2);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    ferry_client_free(client);
}

static void woken_finish_goes_on_by_polls(void) {
    ferry_client *client = begin_connected("HTTP/1.1 204 None\r\n\r\n", &no_timeouts);
    ferry_request request = streamed(-1, NULL);
    script.pause = true;
    script.gate = "0\r\n\r\n";
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    wakes_in = 1;
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_ERROR_ABORTED);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_REQUESTING);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_response_code(client), 204);
    ferry_client_free(client);
}

/* The client's time goes on meanwhile. */
static void woken_request_ends_in_its_time(void) {
    ferry_client *client = begin_connected("", &(ferry_timeouts){.response_ms = LIMIT_MS});
    sleeps_left = 0;
    wakes_in = 1;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_ERROR_ABORTED);
    machine.now_us += 2 * LIMIT_MS * INT64_C(1000);
    CHECK_INT(ferry_client_poll(client), FERRY_ERROR_TIMEOUT);
    ferry_client_free(client);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(connecting_returns_when_connected),
        CHECK_TEST(connecting_returns_with_what_it_ended_in),
        CHECK_TEST(connecting_ends_in_its_time),
        CHECK_TEST(request_returns_when_the_head_is_there),
        CHECK_TEST(request_without_a_body_to_read_is_over_when_it_returns),
        CHECK_TEST(request_returns_with_what_it_ended_in),
        CHECK_TEST(request_that_breaks_at_once_returns_with_that),
        CHECK_TEST(request_ends_in_its_time),
        CHECK_TEST(request_that_is_refused_sleeps_not_at_all),
        CHECK_TEST(stream_that_cannot_be_waited_for_is_told_once_the_request_is_out),
        CHECK_TEST(streamed_request_returns_when_its_body_may_be_written),
        CHECK_TEST(announced_body_is_answered_when_finish_returns),
        CHECK_TEST(finishing_ends_in_its_time),
        CHECK_TEST(streamed_request_waits_for_the_servers_word),
        CHECK_TEST(streamed_request_that_is_refused_returns_with_the_head),
        CHECK_TEST(signals_end_no_call),
        CHECK_TEST(time_passes_while_signals_come),
        CHECK_TEST(woken_connecting_goes_on_by_polls),
        CHECK_TEST(woken_finish_goes_on_by_polls),
        CHECK_TEST(woken_request_ends_in_its_time),
    };
    return CHECK_RUN(tests, argc, argv);
}
