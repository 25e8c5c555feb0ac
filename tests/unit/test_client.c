/* SPDX-License-Identifier: MIT */
/* test_client: the client over a stream that plays a script: what it sends, what it allocates, and
 * what it does when there is no memory. */
#include "check.h"
#include "counted_memory.h"
#include "ferry.h"
#include "script_stream.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ferry_client_options counted_options(counted_memory *memory) {
    return (ferry_client_options){
        .allocator = counted_memory_allocator(memory),
        .user_agent = "test",
    };
}

/* ---- Helpers ---- */

static ferry_client *connected(script_stream *script, const char *response,
                               const ferry_client_options *options) {
    ferry_client *client = ferry_client_new(options);
    script_stream_init(script, response, strlen(response), FERRY_STREAM_AGAIN);
    CHECK_INT(ferry_client_set_connection(client, &script->stream), FERRY_OK);
    return client;
}

static void check_sent(const script_stream *script, const char *expected) {
    CHECK_MEM(script->sent, script->sent_length, expected, strlen(expected));
}

static ferry_client_options plain_options(void) {
    return (ferry_client_options){.user_agent = "test", .keep_content_coding = true};
}

static void check_head(const ferry_request *request, const char *expected) {
    ferry_client_options options = plain_options();
    script_stream script;
    ferry_client *client = connected(&script, "", &options);
    CHECK_INT(ferry_client_send(client, request), FERRY_OK);
    check_sent(&script, expected);
    CHECK_INT(script.writes, 1);
    ferry_client_free(client);
    CHECK(script.is_destroyed);
}

static ferry_error finish_exchange(ferry_client *client, char *body, size_t room, size_t *length) {
    ferry_error error = FERRY_OK;
    *length = 0;
    for (int i = 0; i < 1000 && error == FERRY_OK; i++) {
        error = ferry_client_poll(client);
        ferry_status status = ferry_client_get_status(client);
        size_t got = 0;
        if (error == FERRY_OK && status == FERRY_STATUS_BODY) {
            error = ferry_client_read_response_body(client, body + *length, room - *length, &got);
            *length += got;
            status = ferry_client_get_status(client);
        }
        if (error == FERRY_OK && status != FERRY_STATUS_REQUESTING && status != FERRY_STATUS_BODY) {
            break;
        }
    }
    return error;
}

/* ---- What is sent ---- */

static void get_fills_in_absent_headers(void) {
    check_head(&(ferry_request){.url = "/"}, "GET / HTTP/1.1\r\nHost: localhost\r\n"
                                             "User-Agent: test\r\nAccept: */*\r\n\r\n");
}

static void present_headers_are_sent_as_they_are(void) {
    const char *headers[] = {"hOST:  x", "accept: a", "user-agent:", "X:y", NULL};
    check_head(&(ferry_request){.url = "/a?b", .headers = headers},
               "GET /a?b HTTP/1.1\r\nhOST:  x\r\naccept: a\r\nuser-agent:\r\nX:y\r\n\r\n");
}

static void body_follows_its_length_in_the_same_write(void) {
    static const char expected[] = "PUT / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
                                   "User-Agent: test\r\nAccept: */*\r\n\r\na\0b";
    ferry_client_options options = plain_options();
    script_stream script;
    ferry_client *client = connected(&script, "", &options);
    CHECK_INT(ferry_client_request_raw(client, FERRY_METHOD_PUT, "/", NULL, "a\0b", 3), FERRY_OK);
    CHECK_MEM(script.sent, script.sent_length, expected, sizeof expected - 1);
    CHECK_INT(script.writes, 1);
    ferry_client_free(client);
}

static void empty_post_has_length_zero(void) {
    check_head(&(ferry_request){.method = FERRY_METHOD_POST, .url = "/"},
               "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
               "User-Agent: test\r\nAccept: */*\r\n\r\n");
}

static void get_ignores_a_body(void) {
    check_head(&(ferry_request){.url = "/", .body = "x", .body_length = 1},
               "GET / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n");
}

static void target_outside_ascii_is_percent_encoded(void) {
    check_head(&(ferry_request){.url = "/\xc3\xa5?\xff"},
               "GET /%C3%A5?%FF HTTP/1.1\r\nHost: localhost\r\n"
               "User-Agent: test\r\nAccept: */*\r\n\r\n");
}

static void any_method_may_be_named(void) {
    check_head(&(ferry_request){.method_name = "PROPFIND", .url = "/"},
               "PROPFIND / HTTP/1.1\r\nHost: localhost\r\nUser-Agent: test\r\n"
               "Accept: */*\r\n\r\n");
}

static void range_asks_for_no_coding(void) {
    const char *headers[] = {"Range: bytes=0-1", NULL};
    check_head(&(ferry_request){.url = "/", .headers = headers},
               "GET / HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-1\r\n"
               "Accept-Encoding: identity\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n");
}

static void bad_requests_send_nothing_and_keep_the_response(void) {
    static const char *const split[] = {"X: a\r\nY: b", NULL};
    static const char *const no_colon[] = {"X", NULL};
    static const char *const no_token[] = {"X y: z", NULL};
    static const char *const coding[] = {"Transfer-Encoding: chunked", NULL};
    static const char *const length[] = {"Content-Length: 3", NULL};
    static const char *const expect[] = {"Expect: 100-continue", NULL};
    static const char *const hosts[] = {"Host: a", "Host: b", NULL};
    const ferry_request bad[] = {
        {.url = NULL},
        {.url = ""},
        {.url = "x"},
        {.url = "*"},
        {.url = "/ x"},
        {.url = "/\r\nX: y"},
        {.url = "/\x7f"},
        {.url = "/#f"},
        {.url = "http://"},
        {.url = "/", .method = FERRY_METHOD_CONNECT},
        {.url = "h", .method = FERRY_METHOD_CONNECT},
        {.url = "h:0", .method = FERRY_METHOD_CONNECT},
        {.url = "/", .method = FERRY_METHOD_MAX},
        {.url = "/", .method = (ferry_method)-1},
        {.url = "/", .method_name = ""},
        {.url = "/", .method_name = "A B"},
        {.url = "/", .headers = split},
        {.url = "/", .headers = no_colon},
        {.url = "/", .headers = no_token},
        {.url = "/", .headers = coding},
        {.url = "/", .headers = length},
        {.url = "/", .headers = expect},
        {.url = "/", .headers = hosts},
        {.url = "/", .method = FERRY_METHOD_PUT, .body_length = 1},
        {.url = "/", .streamed = true},
        {.url = "/", .method = FERRY_METHOD_PUT, .streamed = true, .body = "x"},
    };
    ferry_client_options options = plain_options();
    script_stream script;
    ferry_client *client =
        connected(&script, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &options);
    char body[1];
    size_t body_length;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(finish_exchange(client, body, sizeof body, &body_length), FERRY_OK);
    size_t sent = script.sent_length;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (!CHECK_INT(ferry_client_send(client, &bad[i]), FERRY_ERROR_INVALID_PARAMETER)) {
            printf("    request number %zu\n", i);
        }
        CHECK(strlen(ferry_client_get_error_detail(client)) > 10);
        CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
        CHECK_INT(ferry_client_get_response_code(client), 200);
    }
    CHECK_INT(script.sent_length, sent);
    ferry_client_free(client);
}

/* ---- Uploads ---- */

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
    ferry_client_options options = plain_options();
    script_stream script;
    ferry_client *client = connected(&script, "", &options);
    size_t written = 0;
    start_upload(client, -1, NULL);
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &written), FERRY_OK);
    CHECK_INT(written, 5);
    CHECK_INT(ferry_client_write_request_body(client, "", 0, &written), FERRY_OK);
    CHECK_INT(ferry_client_write_request_body(client, "0123456789abcdefg", 17, &written), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(client), 22);
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_OK);
    check_sent(&script, "PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                        "User-Agent: test\r\nAccept: */*\r\n\r\n"
                        "5\r\nhello\r\n11\r\n0123456789abcdefg\r\n0\r\n\r\n");
    ferry_client_free(client);
}

static void stream_that_takes_one_byte_a_time_gets_all_of_it(void) {
    ferry_client_options options = plain_options();
    script_stream script;
    ferry_client *client = connected(&script, "", &options);
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
    check_sent(&script, "PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                        "User-Agent: test\r\nAccept: */*\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
    ferry_client_free(client);
}

static void announced_length_is_kept(void) {
    ferry_client_options options = plain_options();
    script_stream script;
    ferry_client *client = connected(&script, "", &options);
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

static void body_waits_for_continue(void) {
    const char *headers[] = {"Expect: 100-continue", NULL};
    ferry_client_options options = plain_options();
    script_stream script;
    char body[8];
    size_t length;
    ferry_client *client = connected(
        &script, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        &options);
    script.pause = true;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_PUT, "/", headers, "hello"), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(client), 0);
    CHECK_INT(finish_exchange(client, body, sizeof body, &length), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(client), 5);
    CHECK_MEM(script.sent + script.sent_length - 5, 5, "hello", 5);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    ferry_client_free(client);
}

static void final_response_instead_of_continue_stops_the_body(void) {
    const char *headers[] = {"Expect: 100-continue", NULL};
    ferry_client_options options = plain_options();
    script_stream script;
    size_t written = 0;
    ferry_client *client =
        connected(&script, "HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno", &options);
    start_upload(client, 5, headers);
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &written), FERRY_OK);
    CHECK_INT(written, 0);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &written),
              FERRY_ERROR_UPLOAD_STOPPED);
    char body[8];
    CHECK_INT(finish_exchange(client, body, sizeof body, &written), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    CHECK_INT(ferry_client_get_response_code(client), 417);
    CHECK_INT(ferry_client_get_bytes_sent(client), 0);
    ferry_client_free(client);
}

static void response_is_read_though_sending_fails(void) {
    ferry_client_options options = plain_options();
    script_stream script;
    size_t written = 0;
    char body[8];
    ferry_client *client =
        connected(&script, "HTTP/1.1 413 Too large\r\nContent-Length: 2\r\n\r\nno", &options);
    start_upload(client, 1000, NULL);
    script.write_room = script.sent_length + 3;
    script.write_end = FERRY_STREAM_FAILED;
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &written), FERRY_OK);
    CHECK_INT(written, 3);
    CHECK_INT(ferry_client_write_request_body(client, "lo", 2, &written),
              FERRY_ERROR_UPLOAD_STOPPED);
    CHECK_INT(finish_exchange(client, body, sizeof body, &written), FERRY_OK);
    CHECK_INT(ferry_client_get_response_code(client), 413);
    CHECK_MEM(body, written, "no", 2);
    /* What the server has of the request is not whole: the next one would be read as its rest. */
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    CHECK(script.is_destroyed);
    ferry_client_free(client);
}

static void new_request_has_no_detail_of_an_earlier_one(void) {
    ferry_client_options options = plain_options();
    script_stream script;
    size_t length = 0;
    char body[8];
    ferry_client *client =
        connected(&script, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", &options);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "no path", NULL, NULL),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK(ferry_client_get_error_detail(client)[0] != '\0');
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_STR(ferry_client_get_error_detail(client), "");
    CHECK_INT(finish_exchange(client, body, sizeof body, &length), FERRY_OK);
    CHECK_STR(ferry_client_get_error_detail(client), "");
    ferry_client_free(client);
}

static void tunnel_carries_bytes_both_ways(void) {
    const char *headers[] = {"Connection: Upgrade", "Upgrade: echo", NULL};
    ferry_client_options options = plain_options();
    script_stream script;
    ferry_client *client = connected(&script, "HTTP/1.1 101 Yes\r\n\r\nping", &options);
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
        ferry_client *client = connected(&script, "HTTP/1.1 101 Yes\r\nUpgrade: x\r\n\r\n", NULL);
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
    ferry_client_options options = plain_options();
    script_stream script;
    ferry_client *client = connected(&script, "HTTP/1.1 101 Yes\r\n\r\nping", &options);
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

/* ---- Reading ---- */

static void no_more_than_the_budget_comes_between_two_polls(void) {
    ferry_client_options options = plain_options();
    options.poll_budget_bytes = 3;
    script_stream script;
    ferry_client *client =
        connected(&script, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", &options);
    char bytes[8];
    size_t length = 0;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_INT(length, 3);
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_INT(length, 0);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    CHECK_INT(ferry_client_get_wait_timeout_ms(client), 0);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_INT(length, 2);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    ferry_client_free(client);
}

static void no_room_may_be_null_and_some_may_not(void) {
    script_stream script;
    ferry_client *client =
        connected(&script, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", NULL);
    char bytes[8];
    size_t length = 1;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, NULL, 0, &length), FERRY_OK);
    CHECK_INT(length, 0);
    CHECK_INT(ferry_client_read_response_body(client, NULL, 1, &length),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_MEM(bytes, length, "hello", 5);
    ferry_client_free(client);
}

static void dictionary_joins_and_getters_do_not_consume(void) {
    ferry_client_options options = plain_options();
    script_stream script;
    ferry_client *client = connected(
        &script, "HTTP/1.1 200 OK\r\nX-A: 1\r\nB: 2\r\nx-a: 3\r\nContent-Length: 0\r\n\r\n",
        &options);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/p", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    for (int i = 0; i < 2; i++) {
        ferry_field fields[8];
        CHECK_INT(ferry_client_get_response_headers_as_dictionary(client, fields, 8), 3);
        CHECK_STR(fields[0].name, "X-A");
        CHECK_STR(fields[0].value, "1; 3");
        CHECK_STR(fields[1].name, "B");
        CHECK_STR(fields[2].value, "0");
        CHECK_STR(ferry_client_get_response_header(client, "X-a", 1), "3");
        CHECK_STR(ferry_client_get_response_header(client, "X-a", 2), NULL);
        CHECK_STR(ferry_client_get_response_url(client), "http://localhost/p");
        size_t count;
        CHECK_STR(ferry_client_get_response_headers(client, &count)[2], "x-a: 3");
        CHECK_INT(count, 4);
    }
    ferry_client_close(client);
    CHECK(!ferry_client_has_response(client));
    CHECK_INT(ferry_client_get_response_headers_as_dictionary(client, NULL, 0), 0);
    CHECK_STR(ferry_client_get_response_headers(client, NULL)[0], NULL);
    CHECK_STR(ferry_client_get_response_url(client), "");
    ferry_client_free(client);
}

/* ---- Misuse ---- */

static void calls_without_a_connection_are_refused(void) {
    ferry_client *client = ferry_client_new(NULL);
    const void *chunk = NULL;
    size_t length = 7;
    CHECK_INT(ferry_client_poll(client), FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL),
              FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(ferry_client_read_response_body_chunk(client, &chunk, &length),
              FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(length, 7);
    CHECK_INT(ferry_client_write_request_body(client, "", 0, &length), FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(ferry_client_set_read_chunk_size(client, 255), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_set_read_chunk_size(client, 16 * 1024 * 1024 + 1),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_get_read_chunk_size(client), 65536);
    CHECK(ferry_client_get_connection(client) == NULL);
    ferry_client_close(client);
    ferry_client_close(client);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    ferry_client_free(client);
    ferry_client_free(NULL);
}

static void impossible_hosts_and_ports_are_refused(void) {
    char long_ipv6[400] = "1:1:";
    memset(long_ipv6 + 4, 'a', sizeof long_ipv6 - 5);
    const char *const hosts[] = {
        "",
        "http://",
        "ftp://a",
        "a b",
        "a/b",
        "a@b",
        "a:80",
        "[::1]:80",
        "[::1",
        "a\r\nX: y",
        ".a",
        "a..b",
        "::1::2::3::4::5::6",
        long_ipv6,
        "[a]",
        "http://a?b",
        "\xc3\xa5.example",
    };
    ferry_client *client = ferry_client_new(NULL);
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        if (!CHECK_INT(ferry_client_connect_to_host(client, hosts[i], -1, NULL),
                       FERRY_ERROR_INVALID_PARAMETER)) {
            printf("    host \"%s\"\n", hosts[i]);
        }
        CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    }
    CHECK_INT(ferry_client_connect_to_host(client, NULL, -1, NULL), FERRY_ERROR_INVALID_PARAMETER);
    static const int ports[] = {0, -2, 65536};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        CHECK_INT(ferry_client_connect_to_host(client, "a", ports[i], NULL),
                  FERRY_ERROR_INVALID_PARAMETER);
    }
    ferry_tls_options tls = ferry_tls_options_client(NULL, NULL);
    CHECK_INT(ferry_client_connect_to_host(client, "http://a", -1, &tls),
              FERRY_ERROR_INVALID_PARAMETER);
#if !defined(__EMSCRIPTEN__) && !defined(FERRY_HAVE_TLS) /* a browser speaks TLS itself */
    CHECK_INT(ferry_client_connect_to_host(client, "a", -1, &tls), FERRY_ERROR_UNAVAILABLE);
    CHECK_INT(ferry_client_connect_to_host(client, "HTTPS://a", -1, NULL), FERRY_ERROR_UNAVAILABLE);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), "TLS");
#endif
#ifdef __EMSCRIPTEN__
    CHECK_INT(ferry_client_set_http_proxy(client, "proxy", 8080), FERRY_ERROR_UNAVAILABLE);
    CHECK_INT(ferry_client_set_https_proxy(client, "proxy", 8080), FERRY_ERROR_UNAVAILABLE);
#endif
    CHECK_INT(ferry_client_set_http_proxy(client, "proxy", 0), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_set_http_proxy(client, "", 8080), FERRY_OK);
    CHECK_INT(ferry_client_set_http_proxy(client, "proxy", -1), FERRY_OK);
    ferry_client_free(client);
}

static void second_request_within_an_exchange_is_busy(void) {
    ferry_client_options options = plain_options();
    script_stream script;
    ferry_client *client = connected(&script, "", &options);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_ERROR_BUSY);
    ferry_client_free(client);
}

static void stream_without_its_functions_is_refused(void) {
    static const ferry_stream_ops none = {.read = NULL};
    ferry_stream stream = {.ops = &none};
    ferry_client *client = ferry_client_new(NULL);
    CHECK_INT(ferry_client_set_connection(client, &stream), FERRY_ERROR_INVALID_PARAMETER);
    stream.ops = NULL;
    CHECK_INT(ferry_client_set_connection(client, &stream), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_client_set_connection(client, NULL), FERRY_OK);
    ferry_client_free(client);
}

/* Says that bytes were moved, and names another number than there were. */
typedef struct lying_stream {
    ferry_stream stream;
    size_t read_length;
    size_t write_length;
    unsigned reads;
    unsigned writes;
} lying_stream;

static ferry_stream_result lying_read(ferry_stream *stream, void *dst, size_t capacity,
                                      size_t *length) {
    lying_stream *self = (lying_stream *)stream;
    (void)dst;
    (void)capacity;
    self->reads++;
    *length = self->read_length;
    return self->writes == 0 ? FERRY_STREAM_AGAIN : FERRY_STREAM_OK;
}

static ferry_stream_result lying_write(ferry_stream *stream, const ferry_slice *slices,
                                       size_t count, size_t *length) {
    lying_stream *self = (lying_stream *)stream;
    (void)slices;
    (void)count;
    self->writes++;
    *length = self->write_length;
    return FERRY_STREAM_OK;
}

static void lying_destroy(ferry_stream *stream) {
    (void)stream;
}

/* The request goes out a byte a call where the stream says so. */
static void check_lie(size_t read_length, size_t write_length, const char *sentence) {
    static const ferry_stream_ops ops = {
        .read = lying_read, .write = lying_write, .destroy = lying_destroy};
    lying_stream lying = {{&ops}, read_length, write_length, 0, 0};
    ferry_client *client = ferry_client_new(NULL);
    CHECK_INT(ferry_client_set_connection(client, &lying.stream), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_PUT, "/", NULL, "hello"), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_ERROR_CONNECTION_ERROR);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), sentence);
    CHECK(lying.reads < 8);
    CHECK(lying.writes < 500);
    ferry_client_free(client);
}

static void stream_that_moves_nothing_and_says_ok_has_failed(void) {
    check_lie(0, 1, "moved none");
    check_lie(SIZE_MAX, 1, "moved more bytes than it was asked for");
    check_lie(0, 0, "moved none");
    check_lie(0, SIZE_MAX, "moved more bytes than it was asked for");
}

/* There would be no telling what is wrong without a client. */
static void half_an_allocator_is_refused_by_what_connects(void) {
    for (int given = 1; given < 7; given++) {
        counted_memory memory = {0};
        ferry_client_options options = {.allocator = counted_memory_allocator(&memory)};
        options.allocator.alloc = (given & 1) != 0 ? options.allocator.alloc : NULL;
        options.allocator.realloc = (given & 2) != 0 ? options.allocator.realloc : NULL;
        options.allocator.free = (given & 4) != 0 ? options.allocator.free : NULL;
        script_stream script;
        script_stream_init(&script, "", 0, FERRY_STREAM_AGAIN);
        ferry_client *client = ferry_client_new(&options);
        if (!CHECK(client != NULL)) {
            return;
        }
        CHECK_INT(ferry_client_connect_to_host(client, "127.0.0.1", 9, NULL),
                  FERRY_ERROR_INVALID_PARAMETER);
        CHECK_CONTAINS(ferry_client_get_error_detail(client), "allocator");
        CHECK_INT(ferry_client_set_connection(client, &script.stream),
                  FERRY_ERROR_INVALID_PARAMETER);
        CHECK_CONTAINS(ferry_client_get_error_detail(client), "allocator");
        ferry_client_free(client);
        CHECK(!script.is_destroyed);
        CHECK_INT(memory.calls, 0);
        CHECK_INT(memory.live, 0);
    }
}

/* ---- Memory ---- */

static const char big_response[] = "HTTP/1.1 200 OK\r\nServer: script\r\nDate: today\r\n"
                                   "Content-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
                                   "0123456789";

static void steady_state_allocates_nothing(void) {
    counted_memory c = {0};
    ferry_client_options options = counted_options(&c);
    script_stream script;
    ferry_client *client = connected(&script, big_response, &options);
    const char *headers[] = {"X-Key: value", NULL};
    size_t warm = 0;
    for (int i = 0; i < 5; i++) {
        char body[16];
        size_t length;
        script_stream_rewind(&script);
        CHECK_INT(ferry_client_request(client, FERRY_METHOD_POST, "/path", headers, "body"),
                  FERRY_OK);
        CHECK_INT(finish_exchange(client, body, sizeof body, &length), FERRY_OK);
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
    return error == FERRY_OK ? finish_exchange(client, body, sizeof body, &length) : error;
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

/* A request can end in the very call that starts it; there is then nothing to sleep for. */
static void request_that_failed_at_once_is_reported_without_a_wait(void) {
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
        CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
        static char body[100000];
        if (ferry_client_set_connection(client, &script.stream) == FERRY_OK &&
            ferry_client_request_raw(client, FERRY_METHOD_POST, "/", NULL, body, sizeof body) ==
                FERRY_OK &&
            c.calls >= n) {
            was_seen = true;
            CHECK_INT(ferry_client_wait(client, -1), FERRY_OK);
            CHECK_INT(ferry_client_get_wait_timeout_ms(client), 0);
            CHECK_INT(ferry_client_poll(client), FERRY_ERROR_OUT_OF_MEMORY);
            CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTION_ERROR);
        }
        ferry_client_free(client);
        CHECK_INT(c.live, 0);
    }
    CHECK(was_seen);
}

/* The connection takes all that is written, so that nothing ever waits for it. */
static void early_answer_is_seen_between(size_t piece) {
    enum { MOST_BYTES = 4 * 1024 * 1024 };
    static const char data[MOST_BYTES];
    script_stream script;
    ferry_client *client =
        connected(&script, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", NULL);
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
        CHECK_TEST(get_fills_in_absent_headers),
        CHECK_TEST(present_headers_are_sent_as_they_are),
        CHECK_TEST(body_follows_its_length_in_the_same_write),
        CHECK_TEST(empty_post_has_length_zero),
        CHECK_TEST(get_ignores_a_body),
        CHECK_TEST(target_outside_ascii_is_percent_encoded),
        CHECK_TEST(any_method_may_be_named),
        CHECK_TEST(range_asks_for_no_coding),
        CHECK_TEST(bad_requests_send_nothing_and_keep_the_response),
        CHECK_TEST(pieces_become_chunks),
        CHECK_TEST(stream_that_takes_one_byte_a_time_gets_all_of_it),
        CHECK_TEST(announced_length_is_kept),
        CHECK_TEST(body_waits_for_continue),
        CHECK_TEST(final_response_instead_of_continue_stops_the_body),
        CHECK_TEST(response_is_read_though_sending_fails),
        CHECK_TEST(new_request_has_no_detail_of_an_earlier_one),
        CHECK_TEST(tunnel_carries_bytes_both_ways),
        CHECK_TEST(end_of_a_tunnel_is_said_until_it_is_out),
        CHECK_TEST(unread_bytes_do_not_wake_a_blocked_write),
        CHECK_TEST(no_more_than_the_budget_comes_between_two_polls),
        CHECK_TEST(no_room_may_be_null_and_some_may_not),
        CHECK_TEST(dictionary_joins_and_getters_do_not_consume),
        CHECK_TEST(calls_without_a_connection_are_refused),
        CHECK_TEST(impossible_hosts_and_ports_are_refused),
        CHECK_TEST(second_request_within_an_exchange_is_busy),
        CHECK_TEST(stream_without_its_functions_is_refused),
        CHECK_TEST(stream_that_moves_nothing_and_says_ok_has_failed),
        CHECK_TEST(half_an_allocator_is_refused_by_what_connects),
        CHECK_TEST(steady_state_allocates_nothing),
        CHECK_TEST(request_that_failed_at_once_is_reported_without_a_wait),
        CHECK_TEST(early_answer_is_seen_by_a_program_that_only_writes),
        CHECK_TEST(every_failed_allocation_is_reported_and_survived),
    };
    return CHECK_RUN(tests, argc, argv);
}
