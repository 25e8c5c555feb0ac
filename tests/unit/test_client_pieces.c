/* SPDX-License-Identifier: MIT */
/* test_client_pieces: request bodies that come piece by piece, and tunnels. */
#include "check.h"
#include "ferry.h"
#include "script_client.h"
#include "script_stream.h"

#include <stdint.h>

static void start_upload(ferry_client *client, int64_t length, const char *const *headers) {
    ferry_request request = {
        .method = FERRY_METHOD_PUT,
        .url = "/",
        .headers = headers,
        .streamed = true,
        .streamed_length = length,
    };
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
}

static void pieces_become_chunks(void) {
    ferry_client_options options = script_client_options();
    script_stream script;
    ferry_client *client = script_client_new(&script, "", &options);
    size_t written = 0;
    start_upload(client, -1, NULL);
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &written), FERRY_OK);
    CHECK_INT(written, 5);
    CHECK_INT(ferry_client_write_request_body(client, "", 0, &written), FERRY_OK);
    CHECK_INT(ferry_client_write_request_body(client, "0123456789abcdefg", 17, &written), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(client), 22);
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_OK);
    script_client_check_sent(&script,
                             "PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                             "User-Agent: test\r\nAccept: */*\r\n\r\n"
                             "5\r\nhello\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n");
    ferry_client_free(client);
}

static void stream_that_takes_one_byte_a_time_gets_all_of_it(void) {
    ferry_client_options options = script_client_options();
    script_stream script;
    ferry_client *client = script_client_new(&script, "", &options);
    script.write_limit = 1;
    start_upload(client, -1, NULL);
    const char *data = "hello";
    size_t left = 5;
    for (int i = 0; i < 100 && left > 0; i++) {
        size_t written = 0;
        CHECK_INT(ferry_client_write_request_body(client, data, left, &written), FERRY_OK);
        data += written;
        left -= written;
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
    }
    CHECK_INT(left, 0);
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(client), 5);
    script_client_check_sent(&script,
                             "PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                             "User-Agent: test\r\nAccept: */*\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    ferry_client_free(client);
}

static void announced_length_is_kept(void) {
    ferry_client_options options = script_client_options();
    script_stream script;
    ferry_client *client = script_client_new(&script, "", &options);
    size_t written = 99;
    start_upload(client, 5, NULL);
    CHECK_INT(ferry_client_write_request_body(client, "hello!", 6, &written),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(written, 99);
    CHECK_INT(ferry_client_write_request_body(client, "hel", 3, &written), FERRY_OK);
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), "2 bytes shorter");
    CHECK_INT(ferry_client_write_request_body(client, "lo", 2, &written), FERRY_OK);
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(client), 5);
    CHECK_INT(ferry_client_write_request_body(client, "x", 1, &written), FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_ERROR_UNCONFIGURED);
    ferry_client_free(client);
}

/* One request's end is not another's. */
static void announced_length_is_finished_once_in_each_request(void) {
    ferry_client_options options = script_client_options();
    script_stream script;
    ferry_client *client =
        script_client_new(&script, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &options);
    for (int i = 0; i < 2; i++) {
        char body[8];
        size_t length = 0;
        script_stream_rewind(&script);
        start_upload(client, 5, NULL);
        CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &length), FERRY_OK);
        CHECK_INT(ferry_client_finish_request_body(client), FERRY_OK);
        CHECK_INT(ferry_client_finish_request_body(client), FERRY_ERROR_UNCONFIGURED);
        CHECK_INT(script_client_finish(client, body, sizeof body, &length), FERRY_OK);
        CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    }
    ferry_client_free(client);
}

static void body_waits_for_continue(void) {
    const char *headers[] = {"Expect: 100-continue", NULL};
    ferry_client_options options = script_client_options();
    script_stream script;
    char body[8];
    size_t length;
    ferry_client *client = script_client_new(
        &script, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        &options);
    script.pause = true;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_PUT, "/", headers, "hello"), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(client), 0);
    CHECK_INT(script_client_finish(client, body, sizeof body, &length), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(client), 5);
    CHECK_MEM(script.sent + script.sent_length - 5, 5, "hello", 5);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    ferry_client_free(client);
}

static void final_response_instead_of_continue_stops_the_body(void) {
    const char *headers[] = {"Expect: 100-continue", NULL};
    ferry_client_options options = script_client_options();
    script_stream script;
    size_t written = 0;
    ferry_client *client =
        script_client_new(&script, "HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno", &options);
    start_upload(client, 5, headers);
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &written), FERRY_OK);
    CHECK_INT(written, 0);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &written),
              FERRY_ERROR_UPLOAD_STOPPED);
    char body[8];
    CHECK_INT(script_client_finish(client, body, sizeof body, &written), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    CHECK_INT(ferry_client_get_response_code(client), 417);
    CHECK_INT(ferry_client_get_bytes_sent(client), 0);
    ferry_client_free(client);
}

static void response_is_read_though_sending_fails(void) {
    ferry_client_options options = script_client_options();
    script_stream script;
    size_t written = 0;
    char body[8];
    ferry_client *client = script_client_new(
        &script, "HTTP/1.1 413 Too large\r\nContent-Length: 2\r\n\r\nno", &options);
    start_upload(client, 1000, NULL);
    script.write_room = script.sent_length + 3;
    script.write_end = FERRY_STREAM_FAILED;
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &written), FERRY_OK);
    CHECK_INT(written, 3);
    CHECK_INT(ferry_client_write_request_body(client, "lo", 2, &written),
              FERRY_ERROR_UPLOAD_STOPPED);
    CHECK_INT(script_client_finish(client, body, sizeof body, &written), FERRY_OK);
    CHECK_INT(ferry_client_get_response_code(client), 413);
    CHECK_MEM(body, written, "no", 2);
    /* What the server has of the request is not whole: the next one would be read as its rest. */
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    CHECK(script.is_destroyed);
    ferry_client_free(client);
}

static void tunnel_carries_bytes_both_ways(void) {
    const char *headers[] = {"Connection: Upgrade", "Upgrade: echo", NULL};
    ferry_client_options options = script_client_options();
    script_stream script;
    ferry_client *client = script_client_new(&script, "HTTP/1.1 101 Yes\r\n\r\nping", &options);
    char bytes[8];
    size_t length = 0;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", headers, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_MEM(bytes, length, "ping", 4);
    size_t before = script.sent_length;
    CHECK_INT(ferry_client_write_request_body(client, "pong", 4, &length), FERRY_OK);
    CHECK_MEM(script.sent + before, script.sent_length - before, "pong", 4);
    ferry_client_free(client);
}

static void end_of_a_tunnel_is_said_until_it_is_out(void) {
    static const char *const upgrade[] = {"Connection: upgrade", "Upgrade: x", NULL};
    for (unsigned needed = 0; needed <= 3; needed++) {
        script_stream script;
        ferry_client *client =
            script_client_new(&script, "HTTP/1.1 101 Yes\r\nUpgrade: x\r\n\r\n", NULL);
        script.shutdowns_needed = needed;
        CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", upgrade, NULL), FERRY_OK);
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
        CHECK_INT(script.shutdowns, 0);
        CHECK_INT(ferry_client_finish_request_body(client), FERRY_OK);
        for (int i = 0; i < 5; i++) {
            ferry_wait wait = {FERRY_NO_DESCRIPTOR, 0};
            bool is_out = script.shutdowns >= needed;
            ferry_client_get_waits(client, &wait, 1);
            CHECK_INT((wait.events & FERRY_EVENT_WRITE) != 0, !is_out);
            CHECK_INT(ferry_client_poll(client), FERRY_OK);
        }
        CHECK_INT(script.shutdowns, needed > 1 ? needed : 1);
        ferry_client_free(client);
    }
}

static void unread_bytes_do_not_wake_a_blocked_write(void) {
    const char *headers[] = {"Connection: Upgrade", "Upgrade: echo", NULL};
    ferry_client_options options = script_client_options();
    script_stream script;
    ferry_client *client = script_client_new(&script, "HTTP/1.1 101 Yes\r\n\r\nping", &options);
    ferry_wait wait;
    char bytes[8];
    size_t length = 1;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", headers, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    script.write_room = script.sent_length;
    CHECK_INT(ferry_client_write_request_body(client, "pong", 4, &length), FERRY_OK);
    CHECK_INT(length, 0);
    CHECK_INT(ferry_client_get_waits(client, &wait, 1), 1);
    CHECK_INT(wait.events, FERRY_EVENT_WRITE);
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_INT(length, 0);
    CHECK_INT(ferry_client_get_waits(client, &wait, 1), 1);
    CHECK_INT(wait.events, FERRY_EVENT_READ | FERRY_EVENT_WRITE);
    ferry_client_free(client);
}

/* The read before found nothing. That was another response, and this one has bytes. */
static void response_that_a_write_finds_is_there_to_be_read_at_once(void) {
    static const char ended[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "5\r\nhello\r\n0\r\n\r\n";
    static const char early[] = "HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno";
    ferry_client_options options = script_client_options();
    script_stream script;
    char body[8];
    size_t length = 0;
    ferry_client *client = script_client_new(&script, ended, &options);
    script.split = sizeof ended - 1 - 5; /* the last chunk comes by itself */
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, body, sizeof body, &length), FERRY_OK);
    CHECK_INT(length, 5);
    CHECK_INT(ferry_client_poll(client), FERRY_OK); /* reads may have used up their time */
    CHECK_INT(ferry_client_read_response_body(client, body, sizeof body, &length), FERRY_OK);
    CHECK_INT(length, 0);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    script.bytes = early;
    script.length = 0; /* it has not come yet */
    script.at = 0;
    script.end = FERRY_STREAM_AGAIN;
    start_upload(client, -1, NULL);
    script.length = sizeof early - 1;
    script.write_room = script.sent_length;
    script.write_end = FERRY_STREAM_FAILED;
    ferry_client_write_request_body(client, "hello", 5, &length);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    CHECK_INT(ferry_client_get_wait_timeout_ms(client), 0);
    CHECK_INT(script_client_finish(client, body, sizeof body, &length), FERRY_OK);
    CHECK_MEM(body, length, "no", 2);
    ferry_client_free(client);
}

/* The connection takes all that is written, so that nothing ever waits for it. */
static void early_answer_is_seen_between(size_t piece) {
    enum { MOST_BYTES = 4 * 1024 * 1024 };
    static const char data[MOST_BYTES];
    script_stream script;
    ferry_client *client =
        script_client_new(&script, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", NULL);
    script.forgets = true;
    ferry_request request = {
        .method = FERRY_METHOD_POST, .url = "/", .streamed = true, .streamed_length = -1};
    CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    ferry_error error = FERRY_OK;
    for (size_t at = 0; error == FERRY_OK && at < MOST_BYTES; at += piece) {
        size_t written = 0;
        error = ferry_client_write_request_body(client, data, piece, &written);
    }
    CHECK_INT(error, FERRY_ERROR_UPLOAD_STOPPED);
    CHECK(ferry_client_get_bytes_sent(client) < MOST_BYTES / 4);
    CHECK_INT(ferry_client_get_response_code(client), 413);
    ferry_client_free(client);
}

static void early_answer_is_seen_by_a_program_that_only_writes(void) {
    early_answer_is_seen_between(4096);
    early_answer_is_seen_between(4 * 1024 * 1024);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(pieces_become_chunks),
        CHECK_TEST(stream_that_takes_one_byte_a_time_gets_all_of_it),
        CHECK_TEST(announced_length_is_kept),
        CHECK_TEST(announced_length_is_finished_once_in_each_request),
        CHECK_TEST(body_waits_for_continue),
        CHECK_TEST(final_response_instead_of_continue_stops_the_body),
        CHECK_TEST(response_is_read_though_sending_fails),
        CHECK_TEST(tunnel_carries_bytes_both_ways),
        CHECK_TEST(end_of_a_tunnel_is_said_until_it_is_out),
        CHECK_TEST(unread_bytes_do_not_wake_a_blocked_write),
        CHECK_TEST(response_that_a_write_finds_is_there_to_be_read_at_once),
        CHECK_TEST(early_answer_is_seen_by_a_program_that_only_writes),
    };
    return CHECK_RUN(tests, argc, argv);
}
