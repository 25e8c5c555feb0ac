/* SPDX-License-Identifier: MIT */
/* test_framing: where a body ends, and whether the connection can be used again (RFC 9112 sections
 * 6.3 and 9.3). */
#include "h1/framing.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

typedef struct framing_row {
    const char *head; /* fields, each with its line end */
    int code;
    ferry_h1_body_kind kind;
    uint64_t length;
    bool keep_alive;
} framing_row;

static ferry_context context;

/* Decides for a head of HTTP/1.`minor`; false where it is refused. */
static bool decide(const char *fields, int code, int minor, const ferry_h1_request_facts *request,
                   ferry_h1_framing *framing) {
    char text[1000];
    int length = snprintf(text, sizeof text, "HTTP/1.%d %d\r\n%s\r\n", minor, code, fields);
    ferry_h1_head head;
    ferry_headers headers;
    bool complete;
    context = (ferry_context){
        .allocator = ferry_default_allocator, .max_head_bytes = 1000, .max_header_count = 20};
    ferry_h1_head_init(&head);
    ferry_headers_init(&headers, &context);
    CHECK_INT(ferry_h1_head_parse(&head, &context, &headers, text, (size_t)length, &complete),
              FERRY_OK);
    CHECK(complete);
    ferry_error error = ferry_h1_framing_decide(framing, &context, request, &head);
    CHECK(error == FERRY_OK || error == FERRY_ERROR_PROTOCOL);
    ferry_headers_deinit(&headers, &context);
    return error == FERRY_OK;
}

static void expect_rows(const framing_row *rows, size_t count, int minor,
                        const ferry_h1_request_facts *request) {
    for (size_t i = 0; i < count; i++) {
        ferry_h1_framing framing;
        int before = check_failures();
        if (CHECK(decide(rows[i].head, rows[i].code, minor, request, &framing))) {
            CHECK_INT(framing.kind, rows[i].kind);
            CHECK_INT(framing.length, rows[i].length);
            CHECK_INT(framing.keep_alive, rows[i].keep_alive);
        }
        if (check_failures() > before) {
            printf("        of %d with \"%s\"\n", rows[i].code, rows[i].head);
        }
    }
}

#define EXPECT_ROWS(minor, request, ...)                                                           \
    do {                                                                                           \
        static const framing_row rows[] = {__VA_ARGS__};                                           \
        expect_rows(rows, sizeof rows / sizeof *rows, minor, request);                             \
    } while (0)

static const ferry_h1_request_facts get = {.is_head = false};

static void a_length_says_where_the_body_ends(void) {
    EXPECT_ROWS(
        1, &get, {"Content-Length: 5\r\n", 200, FERRY_H1_BODY_LENGTH, 5, true},
        {"content-length:\t007 \r\n", 404, FERRY_H1_BODY_LENGTH, 7, true},
        {"Content-Length: 9223372036854775807\r\n", 200, FERRY_H1_BODY_LENGTH, INT64_MAX, true},
        {"Content-Length: 0\r\n", 200, FERRY_H1_BODY_NONE, 0, true},
        {"Content-Length: 5\r\nContent-Length: 5\r\n", 200, FERRY_H1_BODY_LENGTH, 5, true},
        {"Content-Length: 5, 5\r\n", 200, FERRY_H1_BODY_LENGTH, 5, true});
}

static void a_folded_field_is_read_whole(void) {
    EXPECT_ROWS(
        1, &get, {"Content-Length:\r\n 5\r\n", 200, FERRY_H1_BODY_LENGTH, 5, true},
        {"Content-Length: 5\r\n \r\n", 200, FERRY_H1_BODY_LENGTH, 5, true},
        {"Content-Length: 5,\r\n\t5\r\nA: b\r\n", 200, FERRY_H1_BODY_LENGTH, 5, true},
        {"Transfer-Encoding:\r\n chunked\r\n", 200, FERRY_H1_BODY_CHUNKED, 0, true},
        {"Connection: keep-alive,\r\n close\r\nContent-Length: 5\r\n", 200, FERRY_H1_BODY_LENGTH, 5,
         false},
        {"Content-Length: 5\r\nConnection: clo\r\n se\r\n", 200, FERRY_H1_BODY_LENGTH, 5, true});
}

static void lengths_that_are_none_or_differ_are_refused(void) {
    static const char *const heads[] = {
        "Content-Length: \r\n",
        "Content-Length: -1\r\n",
        "Content-Length: +1\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5 5\r\n",
        "Content-Length: 5, 6\r\n",
        "Content-Length: ,\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: x\r\n",
        "Content-Length: x\r\nContent-Length: 5\r\n",
        "Content-Length: x\r\nContent-Length: 5, 5\r\n",
        "Content-Length: 5\r\n 6\r\n",
        "Content-Length: 5,\r\n 6\r\n",
        "Content-Length: 9223372036854775808\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        ferry_h1_framing framing;
        if (CHECK(!decide(heads[i], 200, 1, &get, &framing))) {
            CHECK_STR(context.detail, "the Content-Length is not a number, or two of them differ");
        } else {
            printf("        of \"%s\"\n", heads[i]);
        }
    }
}

static void chunked_goes_before_a_length_and_ends_the_connection_then(void) {
    EXPECT_ROWS(1, &get, {"Transfer-Encoding: chunked\r\n", 200, FERRY_H1_BODY_CHUNKED, 0, true},
                {"transfer-encoding: , CHUNKED\r\n", 200, FERRY_H1_BODY_CHUNKED, 0, true},
                {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 200, FERRY_H1_BODY_CHUNKED,
                 0, false},
                {"Content-Length: x\r\nTransfer-Encoding: chunked\r\n", 200, FERRY_H1_BODY_CHUNKED,
                 0, false});
    EXPECT_ROWS(0, &get,
                {"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n", 200,
                 FERRY_H1_BODY_CHUNKED, 0, false});
}

static void other_transfer_codings_are_refused(void) {
    static const char *const heads[] = {
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: \r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked,\r\n gzip\r\n",
        "Transfer-Encoding: chunked;q=1\r\n",
        "Transfer-Encoding: identity\r\nContent-Length: 5\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        ferry_h1_framing framing;
        if (CHECK(!decide(heads[i], 200, 1, &get, &framing))) {
            CHECK_CONTAINS(context.detail, "transfer coding other than chunked");
        } else {
            printf("        of \"%s\"\n", heads[i]);
        }
    }
}

static void without_either_the_body_goes_on_to_the_end(void) {
    EXPECT_ROWS(1, &get, {"", 200, FERRY_H1_BODY_UNTIL_CLOSE, 0, false},
                {"Connection: keep-alive\r\n", 200, FERRY_H1_BODY_UNTIL_CLOSE, 0, false},
                {"X-Content-Length: 5\r\n", 500, FERRY_H1_BODY_UNTIL_CLOSE, 0, false});
}

static void some_responses_have_no_body_whatever_they_say(void) {
    static const ferry_h1_request_facts head = {.is_head = true};
    EXPECT_ROWS(1, &get, {"Content-Length: 5\r\n", 204, FERRY_H1_BODY_NONE, 0, true},
                {"Transfer-Encoding: chunked\r\n", 304, FERRY_H1_BODY_NONE, 0, true},
                {"", 304, FERRY_H1_BODY_NONE, 0, true},
                {"Content-Length: 5\r\n", 205, FERRY_H1_BODY_LENGTH, 5, true});
    EXPECT_ROWS(1, &head, {"Content-Length: 5\r\n", 200, FERRY_H1_BODY_NONE, 0, true},
                {"Transfer-Encoding: gzip\r\n", 200, FERRY_H1_BODY_NONE, 0, true},
                {"", 404, FERRY_H1_BODY_NONE, 0, true});
}

static void either_side_may_close_the_connection(void) {
    static const ferry_h1_request_facts closing = {.wants_close = true};
    EXPECT_ROWS(
        1, &get,
        {"Content-Length: 5\r\nConnection: close\r\n", 200, FERRY_H1_BODY_LENGTH, 5, false},
        {"Content-Length: 5\r\nConnection: x, CLOSE\r\n", 200, FERRY_H1_BODY_LENGTH, 5, false},
        {"Content-Length: 5\r\nConnection: keep-alive, close\r\n", 200, FERRY_H1_BODY_LENGTH, 5,
         false},
        {"Content-Length: 5\r\nConnection: closed\r\n", 200, FERRY_H1_BODY_LENGTH, 5, true});
    EXPECT_ROWS(1, &closing, {"Content-Length: 5\r\n", 200, FERRY_H1_BODY_LENGTH, 5, false});
}

static void http_1_0_keeps_the_connection_where_it_says_so(void) {
    EXPECT_ROWS(
        0, &get, {"Content-Length: 5\r\n", 200, FERRY_H1_BODY_LENGTH, 5, false},
        {"Content-Length: 5\r\nConnection: Keep-Alive\r\n", 200, FERRY_H1_BODY_LENGTH, 5, true},
        {"Content-Length: 5\r\nConnection: keep-alive\r\n", 200, FERRY_H1_BODY_LENGTH, 5, true},
        {"Content-Length: 5\r\nConnection: keep-alive\r\nConnection: close\r\n", 200,
         FERRY_H1_BODY_LENGTH, 5, false});
}

static void a_tunnel_has_no_end_of_http_s(void) {
    static const ferry_h1_request_facts connect = {.is_connect = true};
    static const ferry_h1_request_facts upgrade = {.has_upgrade = true};
    EXPECT_ROWS(1, &connect, {"Content-Length: 5\r\n", 200, FERRY_H1_BODY_TUNNEL, 0, false},
                {"Transfer-Encoding: chunked\r\n", 299, FERRY_H1_BODY_TUNNEL, 0, false},
                {"Content-Length: 5\r\n", 300, FERRY_H1_BODY_LENGTH, 5, true},
                {"Content-Length: 5\r\n", 407, FERRY_H1_BODY_LENGTH, 5, true});
    EXPECT_ROWS(1, &upgrade, {"", 101, FERRY_H1_BODY_TUNNEL, 0, false},
                {"Content-Length: 5\r\n", 200, FERRY_H1_BODY_LENGTH, 5, true});
    ferry_h1_framing framing;
    CHECK(!decide("", 101, 1, &get, &framing));
    CHECK_CONTAINS(context.detail, "without having been asked to");
}

static void a_content_coding_is_noticed(void) {
    ferry_h1_framing framing;
    CHECK(decide("Content-Encoding: gzip\r\n", 200, 1, &get, &framing));
    CHECK(framing.has_content_coding);
    CHECK(decide("Content-Encodings: gzip\r\nContent-Language: en\r\n", 200, 1, &get, &framing));
    CHECK(!framing.has_content_coding);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_length_says_where_the_body_ends),
        CHECK_TEST(a_folded_field_is_read_whole),
        CHECK_TEST(lengths_that_are_none_or_differ_are_refused),
        CHECK_TEST(chunked_goes_before_a_length_and_ends_the_connection_then),
        CHECK_TEST(other_transfer_codings_are_refused),
        CHECK_TEST(without_either_the_body_goes_on_to_the_end),
        CHECK_TEST(some_responses_have_no_body_whatever_they_say),
        CHECK_TEST(either_side_may_close_the_connection),
        CHECK_TEST(http_1_0_keeps_the_connection_where_it_says_so),
        CHECK_TEST(a_tunnel_has_no_end_of_http_s),
        CHECK_TEST(a_content_coding_is_noticed),
    };
    return CHECK_RUN(tests, argc, argv);
}
