/* SPDX-License-Identifier: MIT */
/* test_body_source: a body from a function of the program's, which is not believed. */
#include "message/body_source.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

/* What the function does, and what it was asked for. */
typedef struct source_script {
    ferry_error error;
    size_t claims;   /* bytes that it says it gave */
    size_t capacity; /* of the latest call */
    int calls;
} source_script;

static ferry_context context;

static ferry_error script_read(void *ctx, void *dst, size_t capacity, size_t *length) {
    source_script *script = ctx;
    size_t given = script->claims < capacity ? script->claims : capacity;
    script->calls++;
    script->capacity = capacity;
    memset(dst, 'x', given);
    *length = script->claims;
    return script->error;
}

static ferry_error read_piece(source_script *script, int64_t *remaining, size_t *length) {
    char dst[8];
    ferry_body_source source = {script_read, script, *remaining};
    ferry_error error = ferry_body_source_read(&source, &context, dst, sizeof dst, length);
    *remaining = source.remaining;
    return error;
}

static void pieces_of_a_known_length_are_counted(void) {
    source_script script = {.claims = 8};
    int64_t remaining = 11;
    size_t length;
    CHECK_INT(read_piece(&script, &remaining, &length), FERRY_OK);
    CHECK_INT(length, 8);
    CHECK_INT(remaining, 3);
    script.claims = 2;
    CHECK_INT(read_piece(&script, &remaining, &length), FERRY_OK);
    CHECK_INT(script.capacity, 3); /* no more is asked for than is left */
    CHECK_INT(remaining, 1);
    script.claims = 1;
    CHECK_INT(read_piece(&script, &remaining, &length), FERRY_OK);
    ferry_body_source source = {script_read, &script, remaining};
    CHECK(ferry_body_source_is_exhausted(&source));
}

static void a_body_of_unknown_length_ends_with_an_empty_piece(void) {
    source_script script = {.claims = 5};
    int64_t remaining = -1;
    size_t length = 7;
    CHECK_INT(read_piece(&script, &remaining, &length), FERRY_OK);
    CHECK_INT(length, 5);
    CHECK_INT(remaining, -1);
    script.claims = 0;
    CHECK_INT(read_piece(&script, &remaining, &length), FERRY_OK);
    CHECK_INT(length, 0);
    ferry_body_source source = {script_read, &script, remaining};
    CHECK(!ferry_body_source_is_exhausted(&source));
}

static void a_body_that_ends_early_is_refused(void) {
    source_script script = {.claims = 0};
    int64_t remaining = 11;
    size_t length = 7;
    CHECK_INT(read_piece(&script, &remaining, &length), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(context.detail, "the body of the request (body_read) ended 11 bytes before its "
                              "announced length");
}

static void a_piece_longer_than_its_room_is_refused(void) {
    source_script script = {.claims = 9};
    int64_t remaining = -1;
    size_t length;
    CHECK_INT(read_piece(&script, &remaining, &length), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(context.detail, "body_read says that it gave 9 bytes where there was room for 8");
    remaining = 5;
    script.claims = 6; /* there was room, but no more was asked for */
    CHECK_INT(read_piece(&script, &remaining, &length), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(context.detail, "body_read says that it gave 6 bytes where there was room for 5");
}

static void an_error_of_the_function_is_passed_on(void) {
    source_script script = {.error = FERRY_ERROR_ABORTED, .claims = 100};
    int64_t remaining = 11;
    size_t length;
    CHECK_INT(read_piece(&script, &remaining, &length), FERRY_ERROR_ABORTED);
    char expected[120];
    snprintf(expected, sizeof expected,
             "the program did not give the body of the request: body_read returned the error %d",
             FERRY_ERROR_ABORTED);
    CHECK_STR(context.detail, expected);
    CHECK_INT(remaining, 11);
    CHECK_INT(script.calls, 1);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(pieces_of_a_known_length_are_counted),
        CHECK_TEST(a_body_of_unknown_length_ends_with_an_empty_piece),
        CHECK_TEST(a_body_that_ends_early_is_refused),
        CHECK_TEST(a_piece_longer_than_its_room_is_refused),
        CHECK_TEST(an_error_of_the_function_is_passed_on),
    };
    return CHECK_RUN(tests, argc, argv);
}
