/* SPDX-License-Identifier: MIT */
/* test_client_memory: what a client allocates, and what it does when there is no memory. */
#include "check.h"
#include "counted_memory.h"
#include "ferry.h"
#include "script_client.h"
#include "script_stream.h"

#include <stdio.h>
#include <string.h>

static ferry_client_options counted_options(counted_memory *memory) {
    return (ferry_client_options){
        .allocator = counted_memory_allocator(memory),
        .user_agent = "test",
    };
}

static const char big_response[] = "HTTP/1.1 200 OK\r\nServer: script\r\nDate: today\r\n"
                                   "Content-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
                                   "0123456789";

static void steady_state_allocates_nothing(void) {
    counted_memory c = {0};
    ferry_client_options options = counted_options(&c);
    script_stream script;
    ferry_client *client = script_client_new(&script, big_response, &options);
    const char *headers[] = {"X-Key: value", NULL};
    size_t warm = 0;
    for (int i = 0; i < 5; i++) {
        char body[16];
        size_t length;
        script_stream_rewind(&script);
        CHECK_INT(ferry_client_request(client, FERRY_METHOD_POST, "/path", headers, "body"),
                  FERRY_OK);
        CHECK_INT(script_client_finish(client, body, sizeof body, &length), FERRY_OK);
        CHECK_INT(length, 10);
        ferry_field fields[8];
        ferry_client_get_response_headers_as_dictionary(client, fields, 8);
        if (i == 0) {
            warm = c.calls;
        }
    }
    CHECK_INT(c.calls, warm);
    CHECK_INT(script.writes, 5);
    ferry_client_free(client);
    CHECK_INT(c.live, 0);
}

typedef struct memory_exchange {
    const char *name;
    ferry_request request;
    const char *response;
    bool uses_chunks; /* reads by read_response_body_chunk */
    size_t write_limit;
} memory_exchange;

static ferry_error send_pieces(ferry_client *client) {
    size_t left = 10;
    ferry_error error = FERRY_OK;
    for (int i = 0; i < 200 && left > 0 && error == FERRY_OK; i++) {
        size_t written = 0;
        error = ferry_client_write_request_body(client, &"0123456789"[10 - left], left, &written);
        left -= written;
        if (error == FERRY_OK) {
            error = ferry_client_poll(client);
        }
    }
    return error == FERRY_OK ? ferry_client_finish_request_body(client) : error;
}

static ferry_error read_chunks(ferry_client *client) {
    const void *chunk;
    size_t length = 1;
    ferry_error error = FERRY_OK;
    while (error == FERRY_OK && length > 0) {
        error = ferry_client_read_response_body_chunk(client, &chunk, &length);
    }
    return error;
}

static ferry_error run_exchange(ferry_client *client, script_stream *script,
                                const memory_exchange *exchange) {
    char body[64];
    size_t length;
    script_stream_init(script, exchange->response, strlen(exchange->response), FERRY_STREAM_AGAIN);
    script->piece = 20;
    script->write_limit = exchange->write_limit;
    ferry_error error = ferry_client_set_connection(client, &script->stream);
    if (error == FERRY_OK) {
        error = ferry_client_send(client, &exchange->request);
    }
    if (error == FERRY_OK && exchange->request.streamed) {
        error = send_pieces(client);
    }
    while (error == FERRY_OK && exchange->uses_chunks &&
           ferry_client_get_status(client) == FERRY_STATUS_REQUESTING) {
        error = ferry_client_poll(client);
    }
    if (error == FERRY_OK && exchange->uses_chunks) {
        error = read_chunks(client);
    }
    return error == FERRY_OK ? script_client_finish(client, body, sizeof body, &length) : error;
}

/* Fails the n-th allocation, for every n, until the exchange comes through. */
static void fail_every_allocation(const memory_exchange *exchange) {
    for (size_t n = 1;; n++) {
        counted_memory c = {.fail_at = n};
        ferry_client_options options = counted_options(&c);
        ferry_client *client = ferry_client_new(&options);
        if (client == NULL) {
            CHECK_INT(c.live, 0);
            continue;
        }
        script_stream script;
        ferry_error error = run_exchange(client, &script, exchange);
        bool failed = c.calls >= n;
        if (!CHECK_INT(error, failed ? FERRY_ERROR_OUT_OF_MEMORY : FERRY_OK)) {
            printf("    %s, allocation %zu\n", exchange->name, n);
        }
        c.fail_at = 0;
        ferry_client_close(client);
        CHECK_INT(run_exchange(client, &script, exchange), FERRY_OK);
        ferry_client_free(client);
        CHECK_INT(c.live, 0);
        if (!failed || n > 1000) {
            CHECK(n > 3 && n <= 1000);
            return;
        }
    }
}

static void every_failed_allocation_is_reported_and_survived(void) {
    static const char *const expect[] = {"Expect: 100-continue", NULL};
    static const char chunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "5\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n";
    static const char after_continue[] = "HTTP/1.1 100 Continue\r\n\r\n"
                                         "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n";
    const memory_exchange exchanges[] = {
        {"get", {.url = "/"}, big_response, false, 0},
        {"get by chunks", {.url = "/"}, big_response, true, 0},
        {"chunked", {.url = "/"}, chunked, false, 0},
        {"post",
         {.method = FERRY_METHOD_POST, .url = "/", .body = "hello", .body_length = 5},
         big_response,
         false,
         10},
        {"expect",
         {.method = FERRY_METHOD_PUT,
          .url = "/",
          .headers = expect,
          .body = "hello",
          .body_length = 5},
         after_continue,
         false,
         10},
        {"streamed",
         {.method = FERRY_METHOD_PUT, .url = "/", .streamed = true, .streamed_length = 10},
         big_response,
         false,
         10},
        {"streamed in chunks",
         {.method = FERRY_METHOD_PUT, .url = "/", .streamed = true, .streamed_length = -1},
         big_response,
         false,
         10},
    };
    for (size_t i = 0; i < sizeof exchanges / sizeof *exchanges; i++) {
        fail_every_allocation(&exchanges[i]);
    }
}

#if !defined(__EMSCRIPTEN__) /* where no proxy can be set */
static void proxy_that_there_is_no_memory_for_is_reported(void) {
    bool has_failed = true;
    for (size_t n = 1; has_failed; n++) {
        counted_memory c = {0};
        ferry_client_options options = counted_options(&c);
        ferry_client *client = ferry_client_new(&options);
        size_t live = c.live;
        c.fail_at = c.calls + n;
        ferry_error error = ferry_client_set_http_proxy(client, "proxy.example", 3128);
        has_failed = c.calls >= c.fail_at;
        CHECK_INT(error, has_failed ? FERRY_ERROR_OUT_OF_MEMORY : FERRY_OK);
        CHECK_INT(c.live == live, has_failed);
        c.fail_at = 0;
        CHECK_INT(ferry_client_set_http_proxy(client, "proxy.example", 3128), FERRY_OK);
        ferry_client_free(client);
        CHECK_INT(c.live, 0);
        CHECK(n > 2 || has_failed); /* the proxy, and where it is kept */
    }
}
#endif

/* Nothing is sent of it, so that the program may give it again. */
static void piece_that_there_is_no_memory_for_is_reported_at_once(void) {
    static const char piece[5000];
    counted_memory c = {0};
    ferry_client_options options = counted_options(&c);
    script_stream script;
    ferry_client *client = script_client_new(&script, big_response, &options);
    CHECK_INT(ferry_client_send(client, &(ferry_request){.method = FERRY_METHOD_PUT,
                                                         .url = "/",
                                                         .streamed = true,
                                                         .streamed_length = -1}),
              FERRY_OK);
    size_t sent = script.sent_length;
    size_t written = 12345;
    c.fail_at = c.calls + 1;
    CHECK_INT(ferry_client_write_request_body(client, piece, sizeof piece, &written),
              FERRY_ERROR_OUT_OF_MEMORY);
    CHECK_INT(c.calls, c.fail_at);
    CHECK_INT(script.sent_length, sent);
    CHECK_INT(written, 12345);
    CHECK_INT(ferry_client_write_request_body(client, piece, sizeof piece, &written), FERRY_OK);
    CHECK_INT(written, sizeof piece);
    CHECK(script.sent_length > sent + sizeof piece);
    ferry_client_free(client);
    CHECK_INT(c.live, 0);
}

/* A request can end in the very call that starts it; there is then nothing to sleep for. Where the
 * client blocks the call says so itself: to sleep would be UNAVAILABLE with this stream. */
static void request_that_fails_at_once_is_reported(bool is_blocking) {
    static char body[100000];
    bool was_seen = false;
    for (size_t n = 1; n < 100; n++) {
        counted_memory c = {.fail_at = n};
        ferry_client_options options = counted_options(&c);
        ferry_client *client = ferry_client_new(&options);
        script_stream script;
        script_stream_init(&script, "", 0, FERRY_STREAM_AGAIN);
        script.write_limit = 10;
        if (client == NULL) {
            continue;
        }
        bool is_connected = ferry_client_set_blocking_mode(client, is_blocking) == FERRY_OK &&
                            ferry_client_set_connection(client, &script.stream) == FERRY_OK;
        ferry_error error = is_connected ? ferry_client_request_raw(client, FERRY_METHOD_POST, "/",
                                                                    NULL, body, sizeof body)
                                         : FERRY_OK;
        if (is_connected && !is_blocking && error == FERRY_OK && c.calls >= n) {
            was_seen = true;
            CHECK_INT(ferry_client_wait(client, -1), FERRY_OK);
            CHECK_INT(ferry_client_get_wait_timeout_ms(client), 0);
            CHECK_INT(ferry_client_poll(client), FERRY_ERROR_OUT_OF_MEMORY);
            CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTION_ERROR);
        } else if (is_blocking && ferry_client_get_error(client) != FERRY_OK) {
            was_seen = true;
            CHECK_INT(error, FERRY_ERROR_OUT_OF_MEMORY);
            CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTION_ERROR);
        }
        ferry_client_free(client);
        CHECK_INT(c.live, 0);
    }
    CHECK(was_seen);
}

static void request_that_failed_at_once_is_reported_without_a_wait(void) {
    request_that_fails_at_once_is_reported(false);
    request_that_fails_at_once_is_reported(true);
}

static void client_that_there_is_no_memory_for_has_a_sentence(void) {
    CHECK_STR(ferry_client_get_error_detail(NULL), "out of memory");
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(steady_state_allocates_nothing),
        CHECK_TEST(request_that_failed_at_once_is_reported_without_a_wait),
        CHECK_TEST(client_that_there_is_no_memory_for_has_a_sentence),
#if !defined(__EMSCRIPTEN__)
        CHECK_TEST(proxy_that_there_is_no_memory_for_is_reported),
#endif
        CHECK_TEST(piece_that_there_is_no_memory_for_is_reported_at_once),
        CHECK_TEST(every_failed_allocation_is_reported_and_survived),
    };
    return CHECK_RUN(tests, argc, argv);
}
