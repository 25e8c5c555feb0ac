/* SPDX-License-Identifier: MIT */
/* test_client_reading: how a response and its body are read. */
#include "check.h"
#include "ferry.h"
#include "script_client.h"
#include "script_stream.h"

static void no_more_than_the_budget_comes_between_two_polls(void) {
    ferry_client_options options = script_client_options();
    options.poll_budget_bytes = 3;
    script_stream script;
    ferry_client *client =
        script_client_new(&script, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", &options);
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
        script_client_new(&script, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", NULL);
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
    ferry_client_options options = script_client_options();
    script_stream script;
    ferry_client *client = script_client_new(
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

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(no_more_than_the_budget_comes_between_two_polls),
        CHECK_TEST(no_room_may_be_null_and_some_may_not),
        CHECK_TEST(dictionary_joins_and_getters_do_not_consume),
    };
    return CHECK_RUN(tests, argc, argv);
}
