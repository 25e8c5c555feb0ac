/* SPDX-License-Identifier: MIT */
/* test_own_connection: set_connection() with what get_connection() gives: after CONNECT, after 101,
 * idle, and where it would lose something. */
#include "check.h"
#include "counted_memory.h"
#include "ferry.h"
#include "script_stream.h"

#include <string.h>

static const char *const upgrade[] = {"Connection: Upgrade", "Upgrade: raw", NULL};

static ferry_client *connected(script_stream *script, const char *bytes) {
    ferry_client *client = ferry_client_new(
        &(ferry_client_options){.user_agent = "test", .keep_content_coding = true});
    script_stream_init(script, bytes, strlen(bytes), FERRY_STREAM_AGAIN);
    CHECK_INT(ferry_client_set_connection(client, &script->stream), FERRY_OK);
    return client;
}

static ferry_error set_again(ferry_client *client) {
    return ferry_client_set_connection(client, ferry_client_get_connection(client));
}

/* A request of this connection's has this Host, and its answer is read. */
static void check_exchange(ferry_client *client, script_stream *script, const char *host) {
    static const char response[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    char head[200] = "GET / HTTP/1.1\r\nHost: ";
    strcat(head, host);
    strcat(head, "\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n");
    script_stream_rewind(script);
    script->bytes = response;
    script->length = sizeof response - 1;
    char body[8];
    size_t length = 0;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_MEM(script->sent, script->sent_length, head, strlen(head));
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, body, sizeof body, &length), FERRY_OK);
    CHECK_MEM(body, length, "ok", 2);
    CHECK_INT(ferry_client_get_response_code(client), 200);
    char url[200] = "http://";
    strcat(url, host);
    strcat(url, "/");
    CHECK_STR(ferry_client_get_response_url(client), url);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
}

static void check_fresh(ferry_client *client, script_stream *script) {
    CHECK_INT(set_again(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    CHECK(ferry_client_get_connection(client) == &script->stream);
    CHECK(!ferry_client_has_response(client));
    CHECK_INT(ferry_client_get_response_code(client), 0);
    CHECK_STR(ferry_client_get_error_detail(client), "");
    CHECK(!script->is_destroyed);
}

static void idle_connection_stays_whatever_it_has_carried(void) {
    script_stream script;
    ferry_client *client = connected(&script, "");
    check_fresh(client, &script);
    check_exchange(client, &script, "localhost");
    check_fresh(client, &script);
    check_fresh(client, &script);
    check_exchange(client, &script, "localhost");
    ferry_client_free(client);
    CHECK(script.is_destroyed);
}

/* They are nobody's bytes: no call would ever read them. */
static void empty_lines_behind_a_body_are_nothing_that_would_be_lost(void) {
    script_stream script;
    char body[8];
    size_t length = 0;
    ferry_client *client = connected(&script, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n");
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, body, sizeof body, &length), FERRY_OK);
    CHECK_MEM(body, length, "ok", 2);
    check_fresh(client, &script);
    ferry_client_free(client);
}

static void tunnel_of_connect_takes_requests_to_where_it_leads(void) {
    static const char *const cases[][2] = {
        {"example.org:80", "example.org"},
        {"example.org:443", "example.org:443"},
        {"[::1]:8080", "[::1]:8080"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        script_stream script;
        ferry_client *client = connected(&script, "HTTP/1.1 200 Yes\r\n\r\n");
        CHECK_INT(ferry_client_request(client, FERRY_METHOD_CONNECT, cases[i][0], NULL, NULL),
                  FERRY_OK);
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
        CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
        check_fresh(client, &script);
        check_exchange(client, &script, cases[i][1]);
        check_fresh(client, &script);
        check_exchange(client, &script, cases[i][1]);
        ferry_client_free(client);
        CHECK(script.is_destroyed);
    }
}

static void tunnel_after_101_takes_requests(void) {
    script_stream script;
    ferry_client *client = connected(&script, "HTTP/1.1 101 Yes\r\n\r\n");
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", upgrade, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    check_fresh(client, &script);
    check_exchange(client, &script, "localhost");
    ferry_client_free(client);
}

static void check_busy(ferry_client *client, const char *words) {
    ferry_status before = ferry_client_get_status(client);
    ferry_stream *stream = ferry_client_get_connection(client);
    CHECK_INT(set_again(client), FERRY_ERROR_BUSY);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), words);
    CHECK_INT(ferry_client_get_status(client), before);
    CHECK(ferry_client_get_connection(client) == stream);
}

static void bytes_that_nobody_read_are_not_lost(void) {
    script_stream script;
    ferry_client *client = connected(&script, "HTTP/1.1 101 Yes\r\n\r\nping");
    char bytes[8];
    size_t length = 0;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", upgrade, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    check_busy(client, "nobody has read");
    CHECK_INT(ferry_client_read_response_body(client, bytes, 3, &length), FERRY_OK);
    check_busy(client, "nobody has read");
    CHECK_INT(ferry_client_read_response_body(client, bytes + 3, 5, &length), FERRY_OK);
    CHECK_MEM(bytes, 3 + length, "ping", 4);
    check_fresh(client, &script);
    check_exchange(client, &script, "localhost");
    ferry_client_free(client);
}

static void bytes_that_are_not_sent_are_not_lost(void) {
    script_stream script;
    ferry_client *client = connected(&script, "HTTP/1.1 200 Yes\r\n\r\n");
    script.write_room = 10;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_CONNECT, "example.org:80", NULL, NULL),
              FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_response_code(client), 200);
    check_busy(client, "not sent");
    script.write_room = 0;
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_MEM(script.sent, 28, "CONNECT example.org:80 HTTP/", 28);
    check_fresh(client, &script);
    check_exchange(client, &script, "example.org");
    ferry_client_free(client);
}

static void tunnel_that_was_ended_takes_nothing(void) {
    script_stream script;
    ferry_client *client = connected(&script, "HTTP/1.1 101 Yes\r\n\r\n");
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", upgrade, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_finish_request_body(client), FERRY_OK);
    check_busy(client, "ended");
    script.end = FERRY_STREAM_END;
    char bytes[8];
    size_t length = 1;
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_INT(length, 0);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    CHECK(script.is_destroyed);
    ferry_client_free(client);
}

static void tunnel_that_broke_takes_nothing(void) {
    script_stream script;
    ferry_client *client = connected(&script, "HTTP/1.1 101 Yes\r\n\r\n");
    size_t written = 0;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", upgrade, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    script.write_room = script.sent_length;
    script.write_end = FERRY_STREAM_FAILED;
    ferry_client_write_request_body(client, "ping", 4, &written);
    CHECK_INT(written, 0);
    check_busy(client, "broke");
    ferry_client_free(client);
    CHECK(script.is_destroyed);
}

static void exchange_under_way_goes_on(void) {
    script_stream script;
    ferry_client *client = connected(&script, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nok");
    char body[8];
    size_t length = 0;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    check_busy(client, "under way");
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    check_busy(client, "under way");
    CHECK_INT(ferry_client_read_response_body(client, body, sizeof body, &length), FERRY_OK);
    CHECK_MEM(body, length, "ok", 2);
    check_busy(client, "under way");
    ferry_client_free(client);
    CHECK(script.is_destroyed);
}

static void no_connection_is_dropped_by_none(void) {
    script_stream script;
    ferry_client *client = ferry_client_new(NULL);
    CHECK_INT(set_again(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    ferry_client_free(client);
    client = connected(&script, "");
    ferry_client_close(client);
    CHECK(script.is_destroyed);
    CHECK_INT(set_again(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    ferry_client_free(client);
    client = connected(&script, "not HTTP");
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_ERROR_PROTOCOL);
    CHECK(script.is_destroyed);
    CHECK_INT(set_again(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    ferry_client_free(client);
}

/* Whichever allocation fails, the call has worked, or nothing has changed. */
static void without_memory_nothing_changes(void) {
    bool has_worked = false;
    for (size_t n = 1; n < 100 && !has_worked; n++) {
        counted_memory memory = {.fail_at = 0};
        ferry_client_options options = {.allocator = counted_memory_allocator(&memory),
                                        .user_agent = "test",
                                        .keep_content_coding = true};
        ferry_client *client = ferry_client_new(&options);
        script_stream scripts[2];
        for (size_t i = 0; i < 2; i++) {
            script_stream_init(&scripts[i], "", 0, FERRY_STREAM_AGAIN);
        }
        CHECK_INT(ferry_client_set_connection(client, &scripts[0].stream), FERRY_OK);
        memory.fail_at = memory.calls + n;
        CHECK_INT(set_again(client), FERRY_OK); /* all that it needs is there */
        ferry_error error = ferry_client_set_connection(client, &scripts[1].stream);
        has_worked = error == FERRY_OK;
        memory.fail_at = 0;
        CHECK(has_worked || error == FERRY_ERROR_OUT_OF_MEMORY);
        CHECK(scripts[0].is_destroyed == has_worked);
        check_exchange(client, &scripts[has_worked], "localhost");
        ferry_client_free(client);
        CHECK(scripts[1].is_destroyed == has_worked);
        CHECK_INT(memory.live, 0);
    }
    CHECK(has_worked);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(idle_connection_stays_whatever_it_has_carried),
        CHECK_TEST(empty_lines_behind_a_body_are_nothing_that_would_be_lost),
        CHECK_TEST(tunnel_of_connect_takes_requests_to_where_it_leads),
        CHECK_TEST(tunnel_after_101_takes_requests),
        CHECK_TEST(bytes_that_nobody_read_are_not_lost),
        CHECK_TEST(bytes_that_are_not_sent_are_not_lost),
        CHECK_TEST(tunnel_that_was_ended_takes_nothing),
        CHECK_TEST(tunnel_that_broke_takes_nothing),
        CHECK_TEST(exchange_under_way_goes_on),
        CHECK_TEST(no_connection_is_dropped_by_none),
        CHECK_TEST(without_memory_nothing_changes),
    };
    return CHECK_RUN(tests, argc, argv);
}
