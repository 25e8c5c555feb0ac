/* SPDX-License-Identifier: MIT */
/* test_chunked: the chunked coding undone, in whatever pieces it comes and into whatever room. */
#include "h1/chunked.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

typedef struct chunked_rig {
    ferry_context context;
    ferry_h1_chunked chunked;
    ferry_headers trailers;
    char body[200];
    size_t length;
    size_t consumed;
} chunked_rig;

static void rig_begin(chunked_rig *rig) {
    *rig = (chunked_rig){.context = {.allocator = ferry_default_allocator,
                                     .max_head_bytes = 100,
                                     .max_header_count = 3}};
    ferry_h1_chunked_init(&rig->chunked, &rig->context);
    ferry_headers_init(&rig->trailers, &rig->context);
}

static void rig_end(chunked_rig *rig) {
    ferry_headers_deinit(&rig->trailers, &rig->context);
    ferry_h1_chunked_deinit(&rig->chunked, &rig->context);
}

/* Gives the bytes in pieces of `piece`, and takes the data in pieces of `room`. */
static ferry_error rig_decode(chunked_rig *rig, const char *text, size_t length, size_t piece,
                              size_t room) {
    ferry_error error = FERRY_OK;
    while (error == FERRY_OK && rig->consumed < length &&
           rig->chunked.state != FERRY_H1_CHUNKED_DONE) {
        size_t consumed = 0;
        size_t produced = 0;
        size_t given = length - rig->consumed < piece ? length - rig->consumed : piece;
        size_t capacity = sizeof rig->body - rig->length;
        error = ferry_h1_chunked_decode(
            &rig->chunked, &rig->context, &rig->trailers, text + rig->consumed, given, &consumed,
            rig->body + rig->length, room < capacity ? room : capacity, &produced);
        rig->consumed += consumed;
        rig->length += produced;
        if (error == FERRY_OK && consumed == 0) {
            CHECK(false);
            break;
        }
    }
    return error;
}

static void expect_refusal(const char *text, ferry_error expected, const char *words) {
    for (size_t piece = 1; piece <= 2 + strlen(text); piece += strlen(text) + 1) {
        chunked_rig rig;
        rig_begin(&rig);
        int before = check_failures();
        CHECK_INT(rig_decode(&rig, text, strlen(text), piece, 100), expected);
        CHECK_CONTAINS(rig.context.detail, words);
        if (check_failures() > before) {
            printf("        of \"%s\"\n", text);
        }
        rig_end(&rig);
    }
}

static void a_body_is_the_same_in_whatever_pieces_it_comes_and_goes(void) {
    static const char text[] =
        "5\r\nhello\r\n0006;a=b;c=\"\x80\"\r\n world\r\nA \t\r\n0123456789\r\n"
        "0\r\nX: 1\r\nY: 2\r\n\r\nnext";
    for (size_t piece = 1; piece <= sizeof text; piece++) {
        for (size_t room = 1; room <= 12; room++) {
            chunked_rig rig;
            rig_begin(&rig);
            CHECK_INT(rig_decode(&rig, text, sizeof text - 1, piece, room), FERRY_OK);
            CHECK_INT(rig.chunked.state, FERRY_H1_CHUNKED_DONE);
            CHECK_MEM(rig.body, rig.length, "hello world0123456789", 21);
            CHECK_INT(rig.consumed, sizeof text - 1 - 4); /* what follows is not touched */
            CHECK_INT(rig.trailers.count, 2);
            rig_end(&rig);
        }
    }
}

static void the_bytes_may_be_where_the_data_goes(void) {
    char text[] = "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n";
    size_t consumed;
    size_t produced;
    chunked_rig rig;
    rig_begin(&rig);
    CHECK_INT(ferry_h1_chunked_decode(&rig.chunked, &rig.context, &rig.trailers, text,
                                      sizeof text - 1, &consumed, text, sizeof text - 1, &produced),
              FERRY_OK);
    CHECK_INT(consumed, sizeof text - 1);
    CHECK_MEM(text, produced, "abcd", 4);
    rig_end(&rig);
}

static void a_reset_makes_it_ready_for_another_body(void) {
    static const char first[] = "5\r\nhel";
    static const char second[] = "2\r\nok\r\n0\r\n\r\n";
    chunked_rig rig;
    rig_begin(&rig);
    CHECK_INT(rig_decode(&rig, first, sizeof first - 1, 100, 100), FERRY_OK);
    ferry_h1_chunked_reset(&rig.chunked);
    rig.consumed = 0;
    rig.length = 0;
    CHECK_INT(rig_decode(&rig, second, sizeof second - 1, 100, 100), FERRY_OK);
    CHECK_MEM(rig.body, rig.length, "ok", 2);
    CHECK_INT(rig.chunked.state, FERRY_H1_CHUNKED_DONE);
    rig_end(&rig);
}

static void sizes_go_up_to_63_bits(void) {
    static const char text[] = "7fffffffffffffff\r\nx";
    chunked_rig rig;
    rig_begin(&rig);
    CHECK_INT(rig_decode(&rig, text, sizeof text - 1, 100, 100), FERRY_OK);
    CHECK_INT(rig.chunked.remaining, INT64_MAX - 1);
    rig_end(&rig);
    expect_refusal("8000000000000000\r\n", FERRY_ERROR_PROTOCOL, "a chunk size over 63 bits");
    expect_refusal("10000000000000000\r\n", FERRY_ERROR_PROTOCOL, "a chunk size over 63 bits");
}

static void what_is_no_size_is_refused(void) {
    static const char *const none[] = {"\r\n", "\n", ";a\r\n", " 5\r\n", "g\r\n", "-1\r\n", "\x80"};
    static const char *const more[] = {"5x\r\n", "5 5\r\n", "0x5\r\n", "5\n", "5\t\n"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        expect_refusal(none[i], FERRY_ERROR_PROTOCOL, "a chunk size that is not hexadecimal");
    }
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        expect_refusal(more[i], FERRY_ERROR_PROTOCOL, "the chunked body is broken: ");
    }
}

static void only_crlf_ends_a_line(void) {
    static const char *const texts[] = {"5\r\nhelloX\n", "5\r\nhello\n", "5\r\nhello\rX",
                                        "5\rX",          "5;a\n",        "0\r\nA: 1\n\r\n",
                                        "0\r\n\n",       "5;a\rb"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        expect_refusal(texts[i], FERRY_ERROR_PROTOCOL, "the chunked body is broken: ");
    }
}

static void long_size_lines_are_refused(void) {
    char text[5000];
    memset(text, 'a', sizeof text);
    memcpy(text, "5;", 2);
    chunked_rig rig;
    rig_begin(&rig);
    CHECK_INT(rig_decode(&rig, text, 4096, 100, 100), FERRY_OK);
    CHECK_INT(rig_decode(&rig, text, 4097, 100, 100), FERRY_ERROR_TOO_LARGE);
    CHECK_STR(rig.context.detail, "a chunk size line exceeds 4096 bytes");
    rig_end(&rig);
}

static void each_size_line_has_the_limit_for_itself(void) {
    char text[3000 + sizeof "\r\nx\r\n"];
    chunked_rig rig;
    rig_begin(&rig);
    memset(text, 'a', sizeof text);
    memcpy(text, "1;", 2);
    memcpy(text + 3000, "\r\nx\r\n", 5);
    for (int times = 0; times < 3; times++) {
        rig.consumed = 0;
        CHECK_INT(rig_decode(&rig, text, 3005, 1000, 100), FERRY_OK);
    }
    CHECK_MEM(rig.body, rig.length, "xxx", 3);
    rig_end(&rig);
}

static void trailers_have_the_limits_of_a_head(void) {
    char text[200];
    int length = snprintf(text, sizeof text, "0\r\nA: %0100d\r\n\r\n", 0);
    chunked_rig rig;
    rig_begin(&rig);
    CHECK_INT(rig_decode(&rig, text, (size_t)length, 7, 100), FERRY_ERROR_TOO_LARGE);
    rig_end(&rig);
    expect_refusal("0\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\n\r\n", FERRY_ERROR_TOO_LARGE,
                   "more than 3 header fields");
    expect_refusal("0\r\nno colon\r\n\r\n", FERRY_ERROR_PROTOCOL, "colon");
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_body_is_the_same_in_whatever_pieces_it_comes_and_goes),
        CHECK_TEST(the_bytes_may_be_where_the_data_goes),
        CHECK_TEST(a_reset_makes_it_ready_for_another_body),
        CHECK_TEST(sizes_go_up_to_63_bits),
        CHECK_TEST(what_is_no_size_is_refused),
        CHECK_TEST(only_crlf_ends_a_line),
        CHECK_TEST(long_size_lines_are_refused),
        CHECK_TEST(each_size_line_has_the_limit_for_itself),
        CHECK_TEST(trailers_have_the_limits_of_a_head),
    };
    return CHECK_RUN(tests, argc, argv);
}
