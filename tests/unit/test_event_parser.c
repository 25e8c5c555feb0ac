/* SPDX-License-Identifier: MIT */
/* test_event_parser: server-sent events, as HTML's section 9.2.6 reads them, cut at every place. */
#include "ferry.h"

#include "check.h"
#include "counted_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct bytes {
    const char *data;
    size_t length;
} bytes;

#define BYTES(literal) ((bytes){(literal), sizeof(literal) - 1})

/* Appends "type|data|id;" of each event in the bytes, which lie in memory of exactly their size. */
static ferry_error feed(ferry_event_parser *parser, bytes piece, char *line, size_t size) {
    char *copy = malloc(piece.length + 1);
    char *at = copy;
    ferry_error error = FERRY_OK;
    memcpy(copy, piece.data, piece.length);
    while (piece.length > 0) {
        const ferry_event *event = NULL;
        size_t taken = 0;
        error = ferry_event_parser_read(parser, at, piece.length, &taken, &event);
        if (error != FERRY_OK) {
            break;
        }
        CHECK(taken > 0 && taken <= piece.length && (event != NULL || taken == piece.length));
        if (event != NULL) {
            CHECK(event->type[event->type_length] == '\0');
            CHECK(event->data[event->data_length] == '\0');
            CHECK_STR(event->last_event_id, ferry_event_parser_get_last_event_id(parser));
            size_t used = strlen(line);
            snprintf(line + used, size - used, "%s|%s|%s;", event->type, event->data,
                     event->last_event_id);
        }
        at += taken;
        piece.length -= taken;
    }
    free(copy);
    return error;
}

/* Whole, byte by byte, and cut at every place; an empty read between the pieces means nothing. */
static void check_stream(bytes stream, const char *expected) {
    for (size_t cut = 0; cut <= stream.length + 1; cut++) {
        char line[512] = "";
        ferry_event_parser *parser = ferry_event_parser_new(NULL);
        bool is_byte_by_byte = cut > stream.length;
        size_t first = is_byte_by_byte ? 0 : cut;
        CHECK_INT(feed(parser, (bytes){stream.data, first}, line, sizeof line), FERRY_OK);
        for (size_t i = 0; is_byte_by_byte && i < stream.length; i++) {
            CHECK_INT(feed(parser, (bytes){stream.data + i, 1}, line, sizeof line), FERRY_OK);
        }
        if (!is_byte_by_byte) {
            const ferry_event *event;
            size_t taken;
            CHECK_INT(ferry_event_parser_read(parser, NULL, 0, &taken, &event), FERRY_OK);
            CHECK(taken == 0 && event == NULL);
            CHECK_INT(
                feed(parser, (bytes){stream.data + cut, stream.length - cut}, line, sizeof line),
                FERRY_OK);
        }
        if (!CHECK_STR(line, expected)) {
            printf("        cut at %zu\n", cut);
        }
        ferry_event_parser_free(parser);
    }
}

#define CHECK_STREAM(literal, expected) check_stream(BYTES(literal), (expected))

static void the_examples_of_the_standard_are_read(void) {
    CHECK_STREAM("data: YHOO\ndata: +2\ndata: 10\n\n", "message|YHOO\n+2\n10|;");
    CHECK_STREAM(": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
                 "data:  third event\n\n",
                 "message|first event|1;message|second event|;message| third event|;");
    CHECK_STREAM("data\n\ndata\ndata\n\ndata:", "message||;message|\n|;");
    CHECK_STREAM("data:test\n\ndata: test\n\n", "message|test|;message|test|;");
    CHECK_STREAM("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n"
                 "event: add\ndata: 113411\n\n",
                 "add|73857293|;remove|2153|;add|113411|;");
}

static void lines_end_with_cr_lf_or_both(void) {
    CHECK_STREAM("data:a\r\rdata:b\n\ndata:c\r\n\r\n", "message|a|;message|b|;message|c|;");
    CHECK_STREAM("data:a\r\n\ndata:b\n\r\n\ndata:c\r\n\n", "message|a|;message|b|;message|c|;");
    CHECK_STREAM("data:a\r\n\rdata:b\r\r\ndata:c\n\r", "message|a|;message|b|;message|c|;");
    CHECK_STREAM("data:a\rdata:b\r\ndata:c\ndata:d\n\r\n\r\r\n\n", "message|a\nb\nc\nd|;");
}

static void one_byte_order_mark_is_skipped(void) {
    CHECK_STREAM("\xef\xbb\xbf"
                 "data:a\n\n",
                 "message|a|;");
    CHECK_STREAM("\xef\xbb\xbf:c\n\xef\xbb\xbf"
                 "data:a\n\ndata:b\n\n",
                 "message|b|;");
    CHECK_STREAM("\xef\xbb\xbf\xef\xbb\xbf"
                 "data:a\n\ndata:b\n\n",
                 "message|b|;");
    CHECK_STREAM("\xef\xbb\xbf\n\ndata:a\n\n", "message|a|;");
    CHECK_STREAM("\xef\xbb"
                 "data:a\ndata:\xef\xbb\xbf\n\n",
                 "message|\xef\xbb\xbf|;");
    CHECK_STREAM(":\n\xef\xbb\xbf"
                 "data:a\ndata:b\n\n",
                 "message|b|;");
}

static void comments_and_unknown_fields_are_skipped(void) {
    CHECK_STREAM(":\n:data:a\n: \ndata:b\n:c\ndata:d\n\n:\n\n", "message|b\nd|;");
    CHECK_STREAM("Data:a\nDATA:b\n data:c\ndata :d\ndatas:e\ndat:f\nEvent:g\nID:1\n\ndata:h\n\n",
                 "message|h|;");
    CHECK_STREAM("\t\nx\ny:z\ndata:a\n\n", "message|a|;");
}

static void one_space_behind_the_colon_is_no_part_of_the_value(void) {
    CHECK_STREAM("data:  a \ndata:\ndata: \ndata::b:\ndata: \t\n\n", "message| a \n\n\n:b:\n\t|;");
    CHECK_STREAM("event:  e\ndata:\n\n", " e||;");
}

static void an_event_without_data_is_none(void) {
    CHECK_STREAM("event:a\n\ndata:b\n\n\n\n", "message|b|;");
    CHECK_STREAM("event:a\nevent:b\ndata:c\n\n", "b|c|;");
    CHECK_STREAM("event:a\nevent\ndata:c\n\n", "message|c|;");
    CHECK_STREAM("event:a\nevent:\ndata:c\n\n", "message|c|;");
    CHECK_STREAM("data\n\n", "message||;");
}

static void an_unfinished_event_is_none(void) {
    CHECK_STREAM("data:a\n\ndata:b\n", "message|a|;");
    CHECK_STREAM("data:a\n\ndata:b", "message|a|;");
    CHECK_STREAM("data:a", "");
    CHECK_STREAM("", "");
}

static void the_id_stays_until_another_one_comes(void) {
    CHECK_STREAM("id:1\ndata:a\n\ndata:b\n\nid: 2 \n\ndata:c\n\nid\ndata:d\n\n",
                 "message|a|1;message|b|1;message|c|2 ;message|d|;");
    CHECK_STREAM("id:1\nid:2\ndata:a\n\n", "message|a|2;");
    CHECK_STREAM("id:1\ndata:a\n\nid:2\0\ndata:b\n\nid:\0003\ndata:c\n\n",
                 "message|a|1;message|b|1;message|c|1;");
}

static void the_last_id_is_that_of_the_last_complete_event(void) {
    char line[512] = "";
    ferry_event_parser *parser = ferry_event_parser_new(NULL);
    CHECK_STR(ferry_event_parser_get_last_event_id(parser), "");
    CHECK_INT(feed(parser, BYTES("id:1\n"), line, sizeof line), FERRY_OK);
    CHECK_STR(ferry_event_parser_get_last_event_id(parser), "");
    CHECK_INT(feed(parser, BYTES("\n"), line, sizeof line), FERRY_OK);
    CHECK_STR(ferry_event_parser_get_last_event_id(parser), "1"); /* without data too */
    CHECK_INT(feed(parser, BYTES("id:2\ndata:a\n"), line, sizeof line), FERRY_OK);
    CHECK_STR(ferry_event_parser_get_last_event_id(parser), "1");
    ferry_event_parser_reset(parser);
    CHECK_INT(feed(parser, BYTES("data:b\n\n"), line, sizeof line), FERRY_OK);
    CHECK_STR(line, "message|b|1;");
    ferry_event_parser_free(parser);
}

static void texts_may_have_a_nul_within(void) {
    const ferry_event *event = NULL;
    size_t taken;
    bytes stream = BYTES("event:a\0b\ndata:c\0\ndata:\0d\n\n");
    ferry_event_parser *parser = ferry_event_parser_new(NULL);
    CHECK_INT(ferry_event_parser_read(parser, stream.data, stream.length, &taken, &event),
              FERRY_OK);
    if (CHECK(event != NULL)) {
        CHECK_MEM(event->type, event->type_length, "a\0b", 3);
        CHECK_MEM(event->data, event->data_length, "c\0\n\0d", 5);
    }
    ferry_event_parser_free(parser);
}

static void check_retry(bytes stream, int64_t expected) {
    char line[512] = "";
    ferry_event_parser *parser = ferry_event_parser_new(NULL);
    CHECK_INT(feed(parser, stream, line, sizeof line), FERRY_OK);
    CHECK_INT(ferry_event_parser_get_retry_ms(parser), expected);
    ferry_event_parser_reset(parser);
    CHECK_INT(ferry_event_parser_get_retry_ms(parser), expected);
    ferry_event_parser_free(parser);
}

static void the_reconnection_time_has_digits_only(void) {
    check_retry(BYTES("data:a\n\n"), -1);
    check_retry(BYTES("retry:0\n"), 0);
    check_retry(BYTES("retry: 3000\n"), 3000);
    check_retry(BYTES("retry:00000000000000000000000012\n"), 12);
    check_retry(BYTES("retry:1\nretry:2x\nretry:-3\nretry:+4\nretry:5.0\nretry:\nretry\nretry: 6 \n"
                      "retry:  7\nretry:8\0\nretry:0x9\n"),
                1);
    check_retry(BYTES("retry:9223372036854775807\n"), INT64_MAX);
    check_retry(BYTES("retry:9223372036854775808\n"), INT64_MAX);
    check_retry(BYTES("retry:1"), -1);
    check_retry(BYTES("retries:1\nretr:2\nRetry:3\nx:4\n"), -1);
}

static void reset_drops_what_was_incomplete(void) {
    static const char *const beginnings[] = {"data:a\ndata:b", "event:x\n",  ":",     "data:a\r",
                                             "\xef",           "data:a\n\n", "id:9\n"};
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        char line[512] = "";
        ferry_event_parser *parser = ferry_event_parser_new(NULL);
        bytes beginning = {beginnings[i], strlen(beginnings[i])};
        CHECK_INT(feed(parser, beginning, line, sizeof line), FERRY_OK);
        ferry_event_parser_reset(parser);
        line[0] = '\0';
        CHECK_INT(feed(parser,
                       BYTES("\xef\xbb\xbf"
                             "data:c\n\n"),
                       line, sizeof line),
                  FERRY_OK);
        CHECK_STR(line, "message|c|;");
        ferry_event_parser_free(parser);
    }
}

/* A line break that ended the one before is no part of a stream; a mark behind it is none. */
static void a_stream_begins_with_its_own_first_byte(void) {
    char line[512] = "";
    ferry_event_parser *parser = ferry_event_parser_new(NULL);
    CHECK_INT(feed(parser, BYTES("data:a\r"), line, sizeof line), FERRY_OK);
    ferry_event_parser_reset(parser);
    CHECK_INT(feed(parser,
                   BYTES("\n\xef\xbb\xbf"
                         "data:b\n\ndata:c\n\n"),
                   line, sizeof line),
              FERRY_OK);
    CHECK_STR(line, "message|c|;");
    ferry_event_parser_free(parser);
}

static ferry_event_parser *parser_of(size_t max_event_bytes) {
    ferry_event_parser_options options = {.max_event_bytes = max_event_bytes};
    return ferry_event_parser_new(&options);
}

static void an_event_over_the_limit_is_too_large(void) {
    static const bytes streams[] = {
        {"data:56789ab", 12},
        {"data:56789a\ndata:c\n\n", 20},
        {"event:6789a\ndata:9\n\n", 20},
        {"id:3456789ab", 12},
        {"xxxxxxxxxxxx", 12},
        {"data:56789ab\n", 13},
    };
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++) {
        for (size_t cut = 0; cut < 12; cut++) {
            char line[512] = "";
            ferry_event_parser *parser = parser_of(11);
            CHECK_INT(feed(parser, (bytes){streams[i].data, cut}, line, sizeof line), FERRY_OK);
            bytes rest = {streams[i].data + cut, streams[i].length - cut};
            CHECK_INT(feed(parser, rest, line, sizeof line), FERRY_ERROR_TOO_LARGE);
            CHECK_STR(ferry_event_parser_get_error_detail(parser),
                      "an event exceeds 11 bytes (max_event_bytes)");
            CHECK_STR(line, "");
            ferry_event_parser_free(parser);
        }
    }
}

static void the_largest_limit_is_one(void) {
    char line[512] = "";
    ferry_event_parser *parser = parser_of(SIZE_MAX);
    CHECK_INT(feed(parser, BYTES("da"), line, sizeof line), FERRY_OK);
    CHECK_INT(feed(parser, BYTES("ta:a\nid:1\n\n"), line, sizeof line), FERRY_OK);
    CHECK_STR(line, "message|a|1;");
    ferry_event_parser_free(parser);
}

static void events_up_to_the_limit_are_given(void) {
    char line[512] = "";
    ferry_event_parser *parser = parser_of(11);
    CHECK_INT(feed(parser, BYTES("data:56789a\n\nid:3456789a\n\ndata:a\ndata:1234\n\n"), line,
                   sizeof line),
              FERRY_OK);
    CHECK_STR(line, "message|56789a|;message|a\n1234|3456789a;");
    ferry_event_parser_free(parser);
}

static void comments_have_no_limit(void) {
    char line[512] = "";
    ferry_event_parser *parser = parser_of(11);
    CHECK_INT(feed(parser, BYTES(":234567890123456789"), line, sizeof line), FERRY_OK);
    CHECK_INT(feed(parser, BYTES(":234567890123456789"), line, sizeof line), FERRY_OK);
    CHECK_INT(feed(parser, BYTES("data:x\ndata:y\n\n"), line, sizeof line), FERRY_OK);
    CHECK_STR(line, "message|y|;");
    ferry_event_parser_free(parser);
}

static void an_error_lasts_until_the_reset(void) {
    char line[512] = "";
    ferry_event_parser *parser = parser_of(11);
    size_t taken = 77;
    const ferry_event *event = NULL;
    CHECK_INT(feed(parser, BYTES("id:1\ndata:a\n\n"), line, sizeof line), FERRY_OK);
    CHECK_INT(feed(parser, BYTES("data:56789ab"), line, sizeof line), FERRY_ERROR_TOO_LARGE);
    CHECK_INT(ferry_event_parser_read(parser, "\n\n", 2, &taken, &event), FERRY_ERROR_TOO_LARGE);
    CHECK(taken == 77 && event == NULL);
    ferry_event_parser_reset(parser);
    CHECK_INT(feed(parser, BYTES("data:b\n\n"), line, sizeof line), FERRY_OK);
    CHECK_STR(line, "message|a|1;message|b|1;");
    ferry_event_parser_free(parser);
}

static void a_megabyte_is_the_limit_by_default(void) {
    enum { MEBIBYTE = 1024 * 1024 };
    char *data = malloc(MEBIBYTE + 1);
    memset(data, 'x', MEBIBYTE + 1);
    for (size_t excess = 0; excess < 2; excess++) {
        const ferry_event *event = NULL;
        size_t taken;
        ferry_event_parser *parser = ferry_event_parser_new(NULL);
        memcpy(data, "data:", 5);
        CHECK_INT(ferry_event_parser_read(parser, data, MEBIBYTE + excess, &taken, &event),
                  excess == 0 ? FERRY_OK : FERRY_ERROR_TOO_LARGE);
        if (excess == 0) {
            CHECK_INT(ferry_event_parser_read(parser, "\n\n", 2, &taken, &event), FERRY_OK);
            CHECK(event != NULL && event->data_length == MEBIBYTE - 5);
        }
        ferry_event_parser_free(parser);
    }
    free(data);
}

/* A large event's memory goes with it. */
static void check_memory(const char *field, const char *end) {
    enum { LARGE = 300 * 1024 };
    counted_memory memory = {0};
    ferry_event_parser_options options = {.allocator = counted_memory_allocator(&memory)};
    ferry_event_parser *parser = ferry_event_parser_new(&options);
    size_t empty = memory.bytes;
    char *data = malloc(LARGE);
    char line[64] = "";
    memset(data, 'x', LARGE);
    memcpy(data, field, strlen(field));
    const ferry_event *event = NULL;
    size_t taken;
    CHECK_INT(ferry_event_parser_read(parser, data, LARGE, &taken, &event), FERRY_OK);
    CHECK_INT(ferry_event_parser_read(parser, end, strlen(end), &taken, &event), FERRY_OK);
    CHECK(event != NULL && event->data_length + event->type_length >= LARGE - strlen(field));
    CHECK(memory.bytes > LARGE);
    CHECK_INT(feed(parser, BYTES("data:a\n\n"), line, sizeof line), FERRY_OK);
    CHECK(memory.bytes < empty + 64 * 1024);
    ferry_event_parser_free(parser);
    CHECK_INT(memory.live, 0);
    free(data);
}

static void memory_is_bounded_and_the_callers(void) {
    check_memory("data:", "\n\n");
    check_memory("event:", "\ndata:x\n\n");
}

static void every_allocation_may_fail(void) {
    bytes stream = BYTES("event:a\nid:1\ndata:b\n\nid:2\ndata:c");
    size_t failures = 0;
    for (size_t fail_at = 1; fail_at < 20; fail_at++) {
        counted_memory memory = {.fail_at = fail_at};
        ferry_event_parser_options options = {.allocator = counted_memory_allocator(&memory)};
        ferry_event_parser *parser = ferry_event_parser_new(&options);
        char line[64] = "";
        if (parser == NULL) {
            CHECK_INT(fail_at, 1);
            failures++;
            continue;
        }
        ferry_error error = feed(parser, stream, line, sizeof line);
        if (memory.calls >= fail_at) {
            failures++;
            CHECK_INT(error, FERRY_ERROR_OUT_OF_MEMORY);
            CHECK_STR(ferry_event_parser_get_error_detail(parser), "out of memory");
            ferry_event_parser_reset(parser);
            line[0] = '\0';
            CHECK_INT(feed(parser, BYTES("data:d\n\nx"), line, sizeof line), FERRY_OK);
            CHECK_CONTAINS(line, "message|d|");
        } else {
            CHECK_INT(error, FERRY_OK);
        }
        ferry_event_parser_free(parser);
        CHECK_INT(memory.live, 0);
    }
    CHECK(failures >= 5);
}

static void half_an_allocator_and_no_bytes_are_refused(void) {
    counted_memory memory = {0};
    ferry_event_parser_options options = {.allocator = counted_memory_allocator(&memory)};
    options.allocator.realloc = NULL;
    ferry_event_parser *parser = ferry_event_parser_new(&options);
    const ferry_event *event;
    size_t taken;
    for (int i = 0; i < 2; i++) {
        CHECK_INT(ferry_event_parser_read(parser, "\n", 1, &taken, &event),
                  FERRY_ERROR_INVALID_PARAMETER);
        CHECK_CONTAINS(ferry_event_parser_get_error_detail(parser), "allocator");
        ferry_event_parser_reset(parser);
    }
    ferry_event_parser_free(parser);
    CHECK_INT(memory.calls, 0);
    ferry_event_parser_free(NULL);
    parser = ferry_event_parser_new(NULL);
    CHECK_STR(ferry_event_parser_get_error_detail(parser), "");
    CHECK_INT(ferry_event_parser_read(parser, NULL, 1, &taken, &event),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_event_parser_read(parser, "\n", 1, &taken, &event), FERRY_OK);
    ferry_event_parser_free(parser);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(the_examples_of_the_standard_are_read),
        CHECK_TEST(lines_end_with_cr_lf_or_both),
        CHECK_TEST(one_byte_order_mark_is_skipped),
        CHECK_TEST(comments_and_unknown_fields_are_skipped),
        CHECK_TEST(one_space_behind_the_colon_is_no_part_of_the_value),
        CHECK_TEST(an_event_without_data_is_none),
        CHECK_TEST(an_unfinished_event_is_none),
        CHECK_TEST(the_id_stays_until_another_one_comes),
        CHECK_TEST(the_last_id_is_that_of_the_last_complete_event),
        CHECK_TEST(texts_may_have_a_nul_within),
        CHECK_TEST(the_reconnection_time_has_digits_only),
        CHECK_TEST(reset_drops_what_was_incomplete),
        CHECK_TEST(a_stream_begins_with_its_own_first_byte),
        CHECK_TEST(the_largest_limit_is_one),
        CHECK_TEST(an_event_over_the_limit_is_too_large),
        CHECK_TEST(events_up_to_the_limit_are_given),
        CHECK_TEST(comments_have_no_limit),
        CHECK_TEST(an_error_lasts_until_the_reset),
        CHECK_TEST(a_megabyte_is_the_limit_by_default),
        CHECK_TEST(memory_is_bounded_and_the_callers),
        CHECK_TEST(every_allocation_may_fail),
        CHECK_TEST(half_an_allocator_and_no_bytes_are_refused),
    };
    return CHECK_RUN(tests, argc, argv);
}
