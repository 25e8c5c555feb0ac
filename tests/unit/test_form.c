/* SPDX-License-Identifier: MIT */
/* test_form: forms as multipart/form-data, read in pieces of every size, and read again. */
#include "ferry.h"

#include "check.h"
#include "counted_memory.h"
#include "runtime/fake_runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The fake machine's bytes, from 0 on. */
#define B "----ferry000102030405060708090a0b0c0d0e0f"

enum { TEXT_SIZE = 1024 };

/* Reads all of the form, at most `capacity` bytes a call, into memory of exactly that size. */
static ferry_error read_all(ferry_form *form, size_t capacity, char *text, size_t *total) {
    char *piece = malloc(capacity);
    ferry_error error = FERRY_OK;
    *total = 0;
    for (;;) {
        size_t length = 999;
        error = ferry_form_read(form, piece, capacity, &length);
        if (error != FERRY_OK || length == 0 || !CHECK(length <= capacity) ||
            !CHECK(*total + length < TEXT_SIZE)) {
            break;
        }
        memcpy(text + *total, piece, length);
        *total += length;
    }
    text[*total] = '\0';
    free(piece);
    return error;
}

/* In pieces of every size, one after another, each from the beginning. */
static void check_body(ferry_form *form, const char *expected, bool is_length_known) {
    size_t expected_length = strlen(expected);
    CHECK_INT(ferry_form_get_length(form), is_length_known ? (long long)expected_length : -1);
    for (size_t capacity = 1; capacity <= expected_length + 1; capacity++) {
        char text[TEXT_SIZE];
        size_t length;
        CHECK_INT(read_all(form, capacity, text, &length), FERRY_OK);
        if (!CHECK_MEM(text, length, expected, expected_length)) {
            printf("        in pieces of %zu\n", capacity);
        }
        CHECK_INT(ferry_form_rewind(form), FERRY_OK);
    }
}

static void check_part(const ferry_form_part *part, const char *expected) {
    ferry_form *form = ferry_form_new(NULL);
    CHECK_INT(ferry_form_add(form, part), FERRY_OK);
    check_body(form, expected, true);
    ferry_form_free(form);
}

/* A part's bytes by a function: what is left of a text, `step` bytes a call at most. */
typedef struct text_source {
    const char *text;
    size_t at;
    size_t step; /* 0: as many as there is room for */
    ferry_error error;
    ferry_error rewind_error;
    int calls;
    int rewinds;
} text_source;

static ferry_error source_read(void *ctx, void *dst, size_t capacity, size_t *length) {
    text_source *source = ctx;
    size_t left = strlen(source->text) - source->at;
    size_t piece = source->step > 0 && source->step < capacity ? source->step : capacity;
    piece = piece < left ? piece : left;
    source->calls++;
    memcpy(dst, source->text + source->at, piece);
    source->at += piece;
    *length = piece;
    return source->error;
}

static ferry_error source_rewind(void *ctx) {
    text_source *source = ctx;
    source->rewinds++;
    if (source->rewind_error == FERRY_OK) {
        source->at = 0;
    }
    return source->rewind_error;
}

static ferry_form_part source_part(text_source *source, int64_t length) {
    return (ferry_form_part){
        .name = "f",
        .file_name = "n",
        .read = source_read,
        .rewind = source_rewind,
        .ctx = source,
        .read_length = length,
    };
}

#define FILE_HEAD                                                                                  \
    "--" B "\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n\"\r\n"                    \
    "Content-Type: application/octet-stream\r\n\r\n"

static void fields_and_files_have_their_heads(void) {
    check_part(&(ferry_form_part){.name = "title", .data = "Mole", .data_length = 4},
               "--" B "\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nMole\r\n"
               "--" B "--\r\n");
    check_part(&(ferry_form_part){.name = "f", .file_name = "n", .data = "x", .data_length = 1},
               FILE_HEAD "x\r\n--" B "--\r\n");
    check_part(&(ferry_form_part){.name = "f",
                                  .file_name = "mole.png",
                                  .content_type = "image/png",
                                  .data = "x",
                                  .data_length = 1},
               "--" B "\r\nContent-Disposition: form-data; name=\"f\"; filename=\"mole.png\"\r\n"
               "Content-Type: image/png\r\n\r\nx\r\n--" B "--\r\n");
    check_part(&(ferry_form_part){.name = "j", .content_type = "application/json; charset=utf-8"},
               "--" B "\r\nContent-Disposition: form-data; name=\"j\"\r\n"
               "Content-Type: application/json; charset=utf-8\r\n\r\n\r\n--" B "--\r\n");
    check_part(&(ferry_form_part){.name = "", .file_name = ""},
               "--" B "\r\nContent-Disposition: form-data; name=\"\"; filename=\"\"\r\n"
               "Content-Type: application/octet-stream\r\n\r\n\r\n--" B "--\r\n");
}

static void quotes_and_line_breaks_in_names_are_escaped(void) {
    check_part(&(ferry_form_part){.name = "a\"b\r\nc\rd\ne\n\rf%22\\\xc3\xa9;'\t"},
               "--" B "\r\nContent-Disposition: form-data; "
               "name=\"a%22b%0D%0Ac%0D%0Ad%0D%0Ae%0D%0A%0D%0Af%22\\\xc3\xa9;'\t\"\r\n\r\n\r\n"
               "--" B "--\r\n");
    check_part(&(ferry_form_part){.name = "f", .file_name = "\"a\"\r\nb\rc\nd\n\re\r"},
               "--" B "\r\nContent-Disposition: form-data; name=\"f\"; "
               "filename=\"%22a%22%0D%0Ab%0Dc%0Ad%0A%0De%0D\"\r\n"
               "Content-Type: application/octet-stream\r\n\r\n\r\n--" B "--\r\n");
}

static void a_line_break_at_the_end_of_a_name_is_one(void) {
    check_part(&(ferry_form_part){.name = "a\r\n"},
               "--" B "\r\nContent-Disposition: form-data; name=\"a%0D%0A\"\r\n\r\n\r\n"
               "--" B "--\r\n");
    check_part(&(ferry_form_part){.name = "a\r"},
               "--" B "\r\nContent-Disposition: form-data; name=\"a%0D%0A\"\r\n\r\n\r\n"
               "--" B "--\r\n");
}

static void what_is_in_memory_is_given_at_once(void) {
    char text[TEXT_SIZE];
    size_t length;
    ferry_form_part part = {.name = "a", .data = "xyz", .data_length = 3};
    ferry_form *form = ferry_form_new(NULL);
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    CHECK_INT(ferry_form_read(form, text, sizeof text, &length), FERRY_OK);
    CHECK_INT(length, ferry_form_get_length(form));
    ferry_form_free(form);
}

static void an_empty_form_has_its_end_alone(void) {
    ferry_form *form = ferry_form_new(NULL);
    check_body(form, "--" B "--\r\n", true);
    ferry_form_free(form);
}

static void parts_follow_each_other_in_order(void) {
    text_source known = {.text = "known", .step = 2};
    text_source unknown = {.text = "unknown"};
    ferry_form_part parts[] = {
        {.name = "a", .data = "1\r\n", .data_length = 3},
        source_part(&known, 5),
        {.name = "b"},
    };
    ferry_form *form = ferry_form_new(NULL);
    for (size_t i = 0; i < 3; i++) {
        CHECK_INT(ferry_form_add(form, &parts[i]), FERRY_OK);
    }
#define FIRST_THREE                                                                                \
    "--" B "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\r\n" FILE_HEAD "known\r\n" \
    "--" B "\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n\r\n"
    check_body(form, FIRST_THREE "--" B "--\r\n", true);
    ferry_form_part last = source_part(&unknown, -5);
    CHECK_INT(ferry_form_add(form, &last), FERRY_OK);
    check_body(form, FIRST_THREE FILE_HEAD "unknown\r\n--" B "--\r\n", false);
    ferry_form_free(form);
}

static void the_end_is_told_again_and_again(void) {
    char text[TEXT_SIZE];
    size_t length;
    ferry_form *form = ferry_form_new(NULL);
    CHECK_INT(read_all(form, 100, text, &length), FERRY_OK);
    CHECK(length > 0);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(ferry_form_read(form, text, 100, &length), FERRY_OK);
        CHECK_INT(length, 0);
    }
    ferry_form_free(form);
}

static void data_are_borrowed_unless_they_are_copied(void) {
    for (int copies = 0; copies < 2; copies++) {
        char data[] = "before";
        char text[TEXT_SIZE];
        char name[] = "n";
        char type[] = "t/t";
        size_t length;
        ferry_form_part part = {.name = name,
                                .file_name = name,
                                .content_type = type,
                                .data = data,
                                .data_length = 6,
                                .copy_data = copies == 1};
        ferry_form *form = ferry_form_new(NULL);
        CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
        memcpy(data, "after!", 6);
        name[0] = 'x';
        type[0] = 'x';
        CHECK_INT(read_all(form, 100, text, &length), FERRY_OK);
        CHECK_CONTAINS(text, "name=\"n\"; filename=\"n\"\r\nContent-Type: t/t\r\n");
        CHECK_CONTAINS(text, copies == 1 ? "\r\n\r\nbefore\r\n" : "\r\n\r\nafter!\r\n");
        ferry_form_free(form);
    }
}

static void a_function_is_asked_for_no_more_than_its_length(void) {
    text_source source = {.text = "more than that"};
    ferry_form_part part = source_part(&source, 4);
    char text[TEXT_SIZE];
    size_t length;
    ferry_form *form = ferry_form_new(NULL);
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    CHECK_INT(read_all(form, 200, text, &length), FERRY_OK);
    CHECK_STR(text, FILE_HEAD "more\r\n--" B "--\r\n");
    CHECK_INT(source.calls, 1);
    ferry_form_free(form);
    source = (text_source){.text = "x"};
    part = source_part(&source, 0);
    check_part(&part, FILE_HEAD "\r\n--" B "--\r\n");
    CHECK_INT(source.calls, 0);
}

/* What a slow source has given does not wait for what it will give. */
static void what_a_function_gave_is_given_at_once(void) {
    text_source source = {.text = "abcdef", .step = 3};
    ferry_form_part part = source_part(&source, -1);
    char text[TEXT_SIZE];
    size_t length;
    ferry_form *form = ferry_form_new(NULL);
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    CHECK_INT(ferry_form_read(form, text, sizeof text, &length), FERRY_OK);
    CHECK_MEM(text, length, FILE_HEAD "abc", strlen(FILE_HEAD "abc"));
    CHECK_INT(source.calls, 1);
    CHECK_INT(ferry_form_read(form, text, sizeof text, &length), FERRY_OK);
    CHECK_MEM(text, length, "def", 3);
    ferry_form_free(form);
}

static void a_function_that_ends_early_fails_the_form(void) {
    text_source source = {.text = "abc"};
    ferry_form_part part = source_part(&source, 4);
    char text[TEXT_SIZE];
    size_t length;
    ferry_form *form = ferry_form_new(NULL);
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    CHECK_INT(read_all(form, 100, text, &length), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_CONTAINS(ferry_form_get_error_detail(form), "the part \"f\" of the form: ");
    CHECK_CONTAINS(ferry_form_get_error_detail(form), "ended 1 bytes before");
    ferry_form_free(form);
}

static void an_error_of_a_function_lasts_until_the_form_is_rewound(void) {
    text_source source = {.text = "abc", .error = FERRY_ERROR_ABORTED};
    ferry_form_part part = source_part(&source, 3);
    char text[TEXT_SIZE];
    size_t length;
    ferry_form *form = ferry_form_new(NULL);
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    CHECK_INT(read_all(form, 100, text, &length), FERRY_ERROR_ABORTED);
    CHECK_CONTAINS(ferry_form_get_error_detail(form), "body_read returned the error 15");
    source.error = FERRY_OK;
    CHECK_INT(read_all(form, 100, text, &length), FERRY_ERROR_ABORTED);
    CHECK_INT(source.calls, 1);
    CHECK_INT(ferry_form_add(form, &part), FERRY_ERROR_BUSY);
    CHECK_INT(ferry_form_rewind(form), FERRY_OK);
    check_body(form, FILE_HEAD "abc\r\n--" B "--\r\n", true);
    ferry_form_free(form);
}

static void only_what_was_read_is_rewound(void) {
    text_source first = {.text = "abc"};
    text_source second = {.text = "def"};
    ferry_form_part parts[] = {source_part(&first, 3), source_part(&second, 3)};
    parts[1].rewind = NULL;
    char text[TEXT_SIZE];
    size_t length;
    ferry_form *form = ferry_form_new(NULL);
    CHECK_INT(ferry_form_add(form, &parts[0]), FERRY_OK);
    CHECK_INT(ferry_form_add(form, &parts[1]), FERRY_OK);
    CHECK_INT(ferry_form_rewind(form), FERRY_OK);
    CHECK_INT(first.rewinds, 0);
    CHECK_INT(ferry_form_read(form, text, sizeof text, &length), FERRY_OK); /* up to "abc" */
    CHECK_INT(ferry_form_rewind(form), FERRY_OK);
    CHECK_INT(first.rewinds, 1);
    CHECK_INT(ferry_form_rewind(form), FERRY_OK);
    CHECK_INT(first.rewinds, 1);
    CHECK_INT(read_all(form, 300, text, &length), FERRY_OK);
    CHECK_INT(ferry_form_rewind(form), FERRY_ERROR_UNAVAILABLE);
    CHECK_STR(ferry_form_get_error_detail(form),
              "the part \"f\" of the form: it was read, and has no function that rewinds it");
    CHECK_INT(ferry_form_read(form, text, sizeof text, &length), FERRY_ERROR_UNAVAILABLE);
    ferry_form_free(form);
}

static void a_rewind_that_failed_may_be_tried_again(void) {
    text_source source = {.text = "abc", .rewind_error = FERRY_ERROR_FAILED};
    ferry_form_part part = source_part(&source, 3);
    char text[TEXT_SIZE];
    size_t length;
    ferry_form *form = ferry_form_new(NULL);
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    CHECK_INT(read_all(form, 300, text, &length), FERRY_OK);
    CHECK_INT(ferry_form_rewind(form), FERRY_ERROR_FAILED);
    CHECK_CONTAINS(ferry_form_get_error_detail(form), "the program did not rewind it: ");
    CHECK_INT(ferry_form_read(form, text, sizeof text, &length), FERRY_ERROR_FAILED);
    source.rewind_error = FERRY_OK;
    CHECK_INT(ferry_form_rewind(form), FERRY_OK);
    check_body(form, FILE_HEAD "abc\r\n--" B "--\r\n", true);
    ferry_form_free(form);
}

static void no_part_is_added_once_reading_has_begun(void) {
    ferry_form_part part = {.name = "a"};
    char text[4];
    size_t length;
    ferry_form *form = ferry_form_new(NULL);
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    CHECK_INT(ferry_form_read(form, text, 1, &length), FERRY_OK);
    CHECK_INT(ferry_form_add(form, &part), FERRY_ERROR_BUSY);
    CHECK_INT(ferry_form_rewind(form), FERRY_OK);
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    ferry_form_free(form);
    form = ferry_form_new(NULL); /* with nothing but its end */
    CHECK_INT(ferry_form_read(form, text, 1, &length), FERRY_OK);
    CHECK_INT(ferry_form_add(form, &part), FERRY_ERROR_BUSY);
    ferry_form_free(form);
}

static void check_refused(const ferry_form_part *part, ferry_error error, const char *detail) {
    ferry_form *form = ferry_form_new(NULL);
    CHECK_STR(ferry_form_get_error_detail(form), "");
    CHECK_INT(ferry_form_add(form, part), error);
    CHECK_CONTAINS(ferry_form_get_error_detail(form), detail);
    check_body(form, "--" B "--\r\n", true);
    ferry_form_free(form);
}

static void parts_that_mean_nothing_are_refused(void) {
    text_source source = {.text = "abc"};
    ferry_form_part both = source_part(&source, 3);
    both.data = "x";
    static const char *const types[] = {"", "a\r\nb", "a\rb", "a\nb", "a\x7f", "\x01"};
    check_refused(&(ferry_form_part){.data = "x"}, FERRY_ERROR_INVALID_PARAMETER, "no name");
    check_refused(&both, FERRY_ERROR_INVALID_PARAMETER, "both data and a function");
    both.data = NULL;
    both.data_length = 1;
    check_refused(&both, FERRY_ERROR_INVALID_PARAMETER, "both data and a function");
    check_refused(&(ferry_form_part){.name = "a", .data_length = 1}, FERRY_ERROR_INVALID_PARAMETER,
                  "NULL");
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        check_refused(&(ferry_form_part){.name = "a", .content_type = types[i]},
                      FERRY_ERROR_INVALID_PARAMETER, "content type");
    }
    CHECK_INT(source.calls, 0);
}

static void heads_and_lengths_have_limits(void) {
    enum { LONG = 22 * 1024 }; /* three times as long as it is written */
    char *name = malloc(LONG + 1);
    text_source source = {.text = ""};
    ferry_form_part part = source_part(&source, INT64_MAX);
    memset(name, '"', LONG);
    name[LONG] = '\0';
    check_refused(&(ferry_form_part){.name = name}, FERRY_ERROR_TOO_LARGE, "exceeds 65536 bytes");
    check_refused(&(ferry_form_part){.name = "a", .file_name = name}, FERRY_ERROR_TOO_LARGE,
                  "exceeds 65536 bytes");
    check_refused(
        &(ferry_form_part){.name = "a", .data = "x", .data_length = 1073741825, .copy_data = true},
        FERRY_ERROR_TOO_LARGE, "exceed 1073741824 bytes");
    check_refused(&part, FERRY_ERROR_TOO_LARGE, "9223372036854775807");
    ferry_form *form = ferry_form_new(NULL);
    ferry_form_part borrowed = {.name = "a", .data = "x", .data_length = 1073741825};
    CHECK_INT(ferry_form_add(form, &borrowed), FERRY_OK); /* of any length */
    part.read_length = INT64_MAX / 2;
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    CHECK_INT(ferry_form_add(form, &part), FERRY_ERROR_TOO_LARGE);
    part.read_length = -1; /* then nothing is counted */
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    part.read_length = INT64_MAX;
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    CHECK_INT(ferry_form_get_length(form), -1);
    ferry_form_free(form);
    memset(name, 'x', LONG);
    check_refused(&(ferry_form_part){.name = name, .file_name = name, .content_type = name},
                  FERRY_ERROR_TOO_LARGE, "exceeds 65536 bytes");
    form = ferry_form_new(NULL);
    CHECK_INT(ferry_form_add(form, &(ferry_form_part){.name = name, .file_name = name}), FERRY_OK);
    ferry_form_free(form);
    free(name);
}

static void the_length_ends_at_the_last_number(void) {
    text_source source = {.text = ""};
    int64_t overhead = (int64_t)strlen(FILE_HEAD "\r\n--" B "--\r\n");
    ferry_form_part part = source_part(&source, INT64_MAX - overhead);
    ferry_form *form = ferry_form_new(NULL);
    CHECK_INT(ferry_form_add(form, &part), FERRY_OK);
    CHECK(ferry_form_get_length(form) == INT64_MAX);
    ferry_form_free(form);
    part.read_length++;
    check_refused(&part, FERRY_ERROR_TOO_LARGE, "9223372036854775807");
}

static void the_boundary_is_made_of_random_bytes(void) {
    ferry_form *form = ferry_form_new(NULL);
    CHECK_STR(ferry_form_get_content_type(form), "multipart/form-data; boundary=" B);
    CHECK_STR(ferry_form_get_header(form), "Content-Type: multipart/form-data; boundary=" B);
    ferry_form_free(form);
    machine.random = 0xf8;
    form = ferry_form_new(NULL);
    CHECK_STR(ferry_form_get_content_type(form),
              "multipart/form-data; boundary=----ferryf8f9fafbfcfdfeff0001020304050607");
    ferry_form_free(form);
    machine.random = 0;
}

static void check_flawed(ferry_form *form, ferry_error error, const char *detail) {
    char text[8];
    size_t length = 7;
    CHECK_INT(ferry_form_add(form, &(ferry_form_part){.name = "a"}), error);
    CHECK_INT(ferry_form_read(form, text, sizeof text, &length), error);
    CHECK_INT(ferry_form_rewind(form), error);
    CHECK_INT(ferry_form_read(form, text, sizeof text, &length), error);
    CHECK_INT(length, 7);
    CHECK_CONTAINS(ferry_form_get_error_detail(form), detail);
    ferry_form_free(form);
}

static void without_random_bytes_there_is_no_form(void) {
    machine.has_no_random = true;
    ferry_form *form = ferry_form_new(NULL);
    machine.has_no_random = false;
    CHECK_STR(ferry_form_get_content_type(form), "");
    CHECK_STR(ferry_form_get_header(form), "");
    check_flawed(form, FERRY_ERROR_FAILED, "no random bytes");
}

static void half_an_allocator_is_refused(void) {
    counted_memory memory = {0};
    ferry_allocator allocator = counted_memory_allocator(&memory);
    allocator.free = NULL;
    check_flawed(ferry_form_new(&allocator), FERRY_ERROR_INVALID_PARAMETER, "allocator");
    CHECK_INT(memory.calls, 0);
    ferry_form_free(NULL);
}

static void every_allocation_may_fail(void) {
    size_t failures = 0;
    for (size_t fail_at = 1; fail_at < 12; fail_at++) {
        counted_memory memory = {.fail_at = fail_at};
        ferry_allocator allocator = counted_memory_allocator(&memory);
        ferry_form *form = ferry_form_new(&allocator);
        if (form == NULL) {
            CHECK_INT(fail_at, 1);
            failures++;
            continue;
        }
        ferry_form_part part = {.name = "a", .data = "x", .data_length = 1, .copy_data = true};
        char text[TEXT_SIZE];
        size_t length;
        int added = 0;
        for (int i = 0; i < 2; i++) {
            ferry_error error = ferry_form_add(form, &part);
            added += error == FERRY_OK;
            CHECK(error == FERRY_OK || error == FERRY_ERROR_OUT_OF_MEMORY);
        }
        failures += added < 2;
        CHECK(added >= 1);
        CHECK_INT(read_all(form, 100, text, &length), FERRY_OK);
        CHECK_INT(length, ferry_form_get_length(form));
        ferry_form_free(form);
        CHECK_INT(memory.live, 0);
    }
    CHECK(failures >= 5);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(fields_and_files_have_their_heads),
        CHECK_TEST(quotes_and_line_breaks_in_names_are_escaped),
        CHECK_TEST(a_line_break_at_the_end_of_a_name_is_one),
        CHECK_TEST(what_is_in_memory_is_given_at_once),
        CHECK_TEST(an_empty_form_has_its_end_alone),
        CHECK_TEST(parts_follow_each_other_in_order),
        CHECK_TEST(the_end_is_told_again_and_again),
        CHECK_TEST(data_are_borrowed_unless_they_are_copied),
        CHECK_TEST(a_function_is_asked_for_no_more_than_its_length),
        CHECK_TEST(what_a_function_gave_is_given_at_once),
        CHECK_TEST(a_function_that_ends_early_fails_the_form),
        CHECK_TEST(an_error_of_a_function_lasts_until_the_form_is_rewound),
        CHECK_TEST(only_what_was_read_is_rewound),
        CHECK_TEST(a_rewind_that_failed_may_be_tried_again),
        CHECK_TEST(no_part_is_added_once_reading_has_begun),
        CHECK_TEST(parts_that_mean_nothing_are_refused),
        CHECK_TEST(heads_and_lengths_have_limits),
        CHECK_TEST(the_length_ends_at_the_last_number),
        CHECK_TEST(the_boundary_is_made_of_random_bytes),
        CHECK_TEST(without_random_bytes_there_is_no_form),
        CHECK_TEST(half_an_allocator_is_refused),
        CHECK_TEST(every_allocation_may_fail),
    };
    return CHECK_RUN(tests, argc, argv);
}
