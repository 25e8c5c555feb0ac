/* SPDX-License-Identifier: MIT */
/* test_client_requests: what a request says on the connection, and which are refused. */
#include "check.h"
#include "ferry.h"
#include "script_client.h"
#include "script_stream.h"

#include <stdio.h>
#include <string.h>

static void check_head(const ferry_request *request, const char *expected) {
    ferry_client_options options = script_client_options();
    script_stream script;
    ferry_client *client = script_client_new(&script, "", &options);
    CHECK_INT(ferry_client_send(client, request), FERRY_OK);
    script_client_check_sent(&script, expected);
    CHECK_INT(script.writes, 1);
    ferry_client_free(client);
    CHECK(script.is_destroyed);
}

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
    ferry_client_options options = script_client_options();
    script_stream script;
    ferry_client *client = script_client_new(&script, "", &options);
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
    ferry_client_options options = script_client_options();
    script_stream script;
    ferry_client *client =
        script_client_new(&script, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &options);
    char body[1];
    size_t body_length;
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(script_client_finish(client, body, sizeof body, &body_length), FERRY_OK);
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

static void new_request_has_no_detail_of_an_earlier_one(void) {
    ferry_client_options options = script_client_options();
    script_stream script;
    size_t length = 0;
    char body[8];
    ferry_client *client =
        script_client_new(&script, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", &options);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "no path", NULL, NULL),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK(ferry_client_get_error_detail(client)[0] != '\0');
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_STR(ferry_client_get_error_detail(client), "");
    CHECK_INT(script_client_finish(client, body, sizeof body, &length), FERRY_OK);
    CHECK_STR(ferry_client_get_error_detail(client), "");
    ferry_client_free(client);
}

static void second_request_within_an_exchange_is_busy(void) {
    ferry_client_options options = script_client_options();
    script_stream script;
    ferry_client *client = script_client_new(&script, "", &options);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_ERROR_BUSY);
    ferry_client_free(client);
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
        CHECK_TEST(new_request_has_no_detail_of_an_earlier_one),
        CHECK_TEST(second_request_within_an_exchange_is_busy),
    };
    return CHECK_RUN(tests, argc, argv);
}
