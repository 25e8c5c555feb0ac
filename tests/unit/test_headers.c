/* SPDX-License-Identifier: MIT */
/* test_headers: fields as lines, one by one or from a block, found by name and joined by name. */
#include "message/headers.h"

#include "check.h"
#include "counted_memory.h"

#include <stdio.h>
#include <string.h>

typedef struct headers_rig {
    counted_memory memory;
    ferry_context context;
    ferry_headers headers;
} headers_rig;

static void rig_begin(headers_rig *rig) {
    *rig = (headers_rig){.context = {.max_head_bytes = 1000, .max_header_count = 20}};
    rig->context.allocator = counted_memory_allocator(&rig->memory);
    ferry_headers_init(&rig->headers, &rig->context);
}

static void rig_end(headers_rig *rig) {
    ferry_headers_deinit(&rig->headers, &rig->context);
    CHECK_INT(rig->memory.live, 0);
}

static ferry_error rig_add(headers_rig *rig, const char *name, const char *value) {
    return ferry_headers_add(&rig->headers, &rig->context, ferry_span_of(name),
                             ferry_span_of(value));
}

/* Notes a field of the block by what stands there, then takes the block. */
static void rig_note(headers_rig *rig, const char *block, const char *name, const char *value) {
    ferry_span name_there = {strstr(block, name), strlen(name)};
    ferry_span value_there = {strstr(block, value), strlen(value)};
    CHECK_INT(ferry_headers_note(&rig->headers, &rig->context, block, name_there, value_there),
              FERRY_OK);
}

/* The same where it stands there as "Name: value". */
static void rig_note_plain(headers_rig *rig, const char *block, const char *name,
                           const char *value) {
    size_t line = (size_t)(strstr(block, name) - block);
    CHECK_INT(
        ferry_headers_note_plain(&rig->headers, &rig->context, line, strlen(name), strlen(value)),
        FERRY_OK);
}

static void check_lines(headers_rig *rig, const char *const *expected) {
    const char *const *lines = ferry_headers_lines(&rig->headers);
    for (; *expected != NULL; expected++, lines++) {
        if (!CHECK_STR(*lines, *expected) || *lines == NULL) {
            return;
        }
    }
    CHECK(*lines == NULL);
}

static void without_fields_there_are_lines_and_a_dictionary_of_none(void) {
    headers_rig rig;
    size_t count = 7;
    rig_begin(&rig);
    CHECK(ferry_headers_lines(&rig.headers)[0] == NULL);
    ferry_headers_dictionary(&rig.headers, &count);
    CHECK_INT(count, 0);
    CHECK_INT(ferry_headers_seal(&rig.headers, &rig.context), FERRY_OK);
    CHECK_INT(rig.memory.calls, 0);
    rig_end(&rig);
}

static void fields_become_lines_in_their_order(void) {
    static const char *const lines[] = {"B: 2", "a: 1", "Empty: ", "B: 3", NULL};
    headers_rig rig;
    rig_begin(&rig);
    CHECK_INT(rig_add(&rig, "B", "2"), FERRY_OK);
    CHECK_INT(rig_add(&rig, "a", "1"), FERRY_OK);
    CHECK_INT(rig_add(&rig, "Empty", ""), FERRY_OK);
    CHECK_INT(rig_add(&rig, "B", "3"), FERRY_OK);
    CHECK_INT(ferry_headers_seal(&rig.headers, &rig.context), FERRY_OK);
    check_lines(&rig, lines);
    rig_end(&rig);
}

static void fields_are_found_in_any_case_one_after_the_other(void) {
    headers_rig rig;
    size_t index = 0;
    ferry_span value;
    rig_begin(&rig);
    CHECK_INT(rig_add(&rig, "Set-Cookie", "a=1"), FERRY_OK);
    CHECK_INT(rig_add(&rig, "Set-Cookies", "x"), FERRY_OK);
    CHECK_INT(rig_add(&rig, "set-cookie", "b=2"), FERRY_OK);
    CHECK(ferry_headers_find(&rig.headers, FERRY_SPAN("SET-COOKIE"), &index, &value));
    CHECK_MEM(value.data, value.length, "a=1", 3);
    CHECK_INT(index, 1);
    CHECK(ferry_headers_find(&rig.headers, FERRY_SPAN("SET-COOKIE"), &index, &value));
    CHECK_MEM(value.data, value.length, "b=2", 3);
    CHECK_INT(index, 3);
    CHECK(!ferry_headers_find(&rig.headers, FERRY_SPAN("SET-COOKIE"), &index, &value));
    rig_end(&rig);
}

static void the_dictionary_joins_values_of_one_name(void) {
    headers_rig rig;
    size_t count = 0;
    rig_begin(&rig);
    CHECK_INT(rig_add(&rig, "Via", "1"), FERRY_OK);
    CHECK_INT(rig_add(&rig, "via", ""), FERRY_OK);
    CHECK_INT(rig_add(&rig, "Age", "5"), FERRY_OK);
    CHECK_INT(rig_add(&rig, "VIA", "3"), FERRY_OK);
    CHECK_INT(ferry_headers_seal(&rig.headers, &rig.context), FERRY_OK);
    size_t calls = rig.memory.calls;
    for (int times = 0; times < 2; times++) {
        const ferry_field *fields = ferry_headers_dictionary(&rig.headers, &count);
        CHECK_INT(count, 2);
        CHECK_STR(fields[0].name, "Via");
        CHECK_STR(fields[0].value, "1; ; 3");
        CHECK_STR(fields[1].name, "Age");
        CHECK_STR(fields[1].value, "5");
    }
    CHECK_INT(rig.memory.calls, calls); /* sealing has made the room */
    rig_end(&rig);
}

static void a_folded_line_goes_on_behind_one_space(void) {
    static const char *const lines[] = {"A: one two", "B: three", NULL};
    headers_rig rig;
    rig_begin(&rig);
    CHECK_INT(rig_add(&rig, "A", "one"), FERRY_OK);
    CHECK_INT(ferry_headers_fold(&rig.headers, &rig.context, FERRY_SPAN("two")), FERRY_OK);
    CHECK_INT(ferry_headers_fold(&rig.headers, &rig.context, FERRY_SPAN("")), FERRY_OK);
    CHECK_INT(rig_add(&rig, "B", ""), FERRY_OK);
    CHECK_INT(ferry_headers_fold(&rig.headers, &rig.context, FERRY_SPAN("three")), FERRY_OK);
    CHECK_INT(ferry_headers_seal(&rig.headers, &rig.context), FERRY_OK);
    check_lines(&rig, lines);
    rig_end(&rig);
}

static void a_block_is_taken_as_it_is(void) {
    static const char block[] = "Server: x\r\nAge: 5\r\n\r\n";
    static const char *const lines[] = {"Server: x", "Age: 5", NULL};
    headers_rig rig;
    rig_begin(&rig);
    rig_note_plain(&rig, block, "Server", "x");
    rig_note_plain(&rig, block, "Age", "5");
    CHECK_INT(ferry_headers_adopt(&rig.headers, &rig.context, block, sizeof block - 1), FERRY_OK);
    check_lines(&rig, lines);
    rig_end(&rig);
}

static void lines_are_those_of_the_block_that_was_taken_last(void) {
    static const char first[] = "A:one\r\nB: two\r\nC: three\r\n\r\n";
    static const char second[] = "Server: x\r\nAge: 5\r\n\r\n";
    static const char *const first_lines[] = {"A: one", "B: two", "C: three", NULL};
    static const char *const second_lines[] = {"Server: x", "Age: 5", NULL};
    headers_rig rig;
    rig_begin(&rig);
    rig_note(&rig, first, "A", "one");
    rig_note_plain(&rig, first, "B", "two");
    rig_note_plain(&rig, first, "C", "three");
    CHECK_INT(ferry_headers_adopt(&rig.headers, &rig.context, first, sizeof first - 1), FERRY_OK);
    check_lines(&rig, first_lines);
    ferry_headers_clear(&rig.headers);
    rig_note_plain(&rig, second, "Server", "x");
    rig_note_plain(&rig, second, "Age", "5");
    CHECK_INT(ferry_headers_adopt(&rig.headers, &rig.context, second, sizeof second - 1), FERRY_OK);
    check_lines(&rig, second_lines);
    CHECK_INT(rig.headers.text.end, sizeof second - 1); /* and nothing was spelled again */
    rig_end(&rig);
}

static void a_block_in_other_spellings_is_spelled_again(void) {
    static const char block[] = "A:one\r\nB: \t two\r\nC: three\r\n";
    static const char *const lines[] = {"A: one", "B: two", "C: three", NULL};
    headers_rig rig;
    rig_begin(&rig);
    rig_note(&rig, block, "A", "one");
    rig_note(&rig, block, "B", "two");
    rig_note_plain(&rig, block, "C", "three");
    CHECK_INT(ferry_headers_adopt(&rig.headers, &rig.context, block, sizeof block - 1), FERRY_OK);
    check_lines(&rig, lines);
    rig_end(&rig);
}

static void folds_in_a_block_become_one_space(void) {
    static const char block[] = "A: one \r\n\t two\r\n \r\n three\r\nB: four\r\n";
    static const char *const lines[] = {"A: one two three", "B: four", NULL};
    headers_rig rig;
    rig_begin(&rig);
    rig_note_plain(&rig, block, "A", "one");
    ferry_headers_note_fold(&rig.headers, (size_t)(strstr(block, "\r\nB") - block));
    rig_note_plain(&rig, block, "B", "four");
    CHECK_INT(ferry_headers_adopt(&rig.headers, &rig.context, block, sizeof block - 1), FERRY_OK);
    check_lines(&rig, lines);
    rig_end(&rig);
}

static void a_value_that_begins_in_a_fold_begins_without_space(void) {
    static const char block[] = "A:\r\n one\r\n";
    static const char *const lines[] = {"A: one", NULL};
    headers_rig rig;
    rig_begin(&rig);
    rig_note(&rig, block, "A", "\r\n one");
    ferry_headers_note_fold(&rig.headers, sizeof block - 1 - 2);
    CHECK_INT(ferry_headers_adopt(&rig.headers, &rig.context, block, sizeof block - 1), FERRY_OK);
    check_lines(&rig, lines);
    rig_end(&rig);
}

static void there_may_be_as_many_as_max_header_count_says(void) {
    static const char block[] = "D: 4\r\n";
    headers_rig rig;
    rig_begin(&rig);
    rig.context.max_header_count = 2;
    ferry_headers_init(&rig.headers, &rig.context);
    CHECK_INT(rig_add(&rig, "A", "1"), FERRY_OK);
    CHECK_INT(rig_add(&rig, "B", "2"), FERRY_OK);
    CHECK_INT(rig_add(&rig, "C", "3"), FERRY_ERROR_TOO_LARGE);
    CHECK_INT(ferry_headers_note(&rig.headers, &rig.context, block, (ferry_span){block, 1},
                                 (ferry_span){block + 3, 1}),
              FERRY_ERROR_TOO_LARGE);
    ferry_headers_explain(&rig.headers, &rig.context, FERRY_ERROR_TOO_LARGE);
    CHECK_CONTAINS(rig.context.detail, "more than 2 header fields (max_header_count)");
    CHECK_INT(rig.headers.count, 2);
    rig_end(&rig);
}

static void fields_that_exceed_the_head_are_refused_whole(void) {
    static const char *const lines[] = {"A: 1", NULL};
    char value[5000];
    headers_rig rig;
    rig_begin(&rig);
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    CHECK_INT(rig_add(&rig, "A", "1"), FERRY_OK);
    CHECK_INT(rig_add(&rig, "B", value), FERRY_ERROR_TOO_LARGE);
    ferry_headers_explain(&rig.headers, &rig.context, FERRY_ERROR_TOO_LARGE);
    CHECK_STR(rig.context.detail, "the response head exceeds 1000 bytes (max_head_bytes)");
    CHECK_INT(ferry_headers_seal(&rig.headers, &rig.context), FERRY_OK);
    check_lines(&rig, lines);
    rig_end(&rig);
}

static void cleared_fields_leave_their_memory(void) {
    headers_rig rig;
    rig_begin(&rig);
    for (int times = 0; times < 3; times++) {
        size_t calls = rig.memory.calls;
        CHECK_INT(rig_add(&rig, "A", "1"), FERRY_OK);
        CHECK_INT(ferry_headers_seal(&rig.headers, &rig.context), FERRY_OK);
        CHECK(times == 0 || rig.memory.calls == calls);
        ferry_headers_clear(&rig.headers);
        ferry_headers_trim(&rig.headers, &rig.context);
        CHECK(ferry_headers_lines(&rig.headers)[0] == NULL);
    }
    rig_end(&rig);
}

static void a_field_without_memory_is_not_there(void) {
    for (size_t fail_at = 1; fail_at <= 5; fail_at++) {
        headers_rig rig;
        rig_begin(&rig);
        rig.memory.fail_at = fail_at;
        ferry_error added = rig_add(&rig, "A", "1");
        CHECK(added == (fail_at <= 2 ? FERRY_ERROR_OUT_OF_MEMORY : FERRY_OK));
        CHECK_INT(rig.headers.count, added == FERRY_OK ? 1 : 0);
        CHECK_INT(ferry_buffer_length(&rig.headers.text), added == FERRY_OK ? sizeof "A: 1" : 0);
        CHECK_INT(ferry_headers_seal(&rig.headers, &rig.context),
                  fail_at > 2 ? FERRY_ERROR_OUT_OF_MEMORY : FERRY_OK);
        rig_end(&rig);
    }
}

static void reason_stays_beside_the_fields_until_they_are_forgotten(void) {
    headers_rig rig;
    rig_begin(&rig);
    CHECK_STR(ferry_headers_reason(&rig.headers), "");
    CHECK_INT(ferry_headers_add_reason(&rig.headers, &rig.context, FERRY_SPAN("")), FERRY_OK);
    CHECK_STR(ferry_headers_reason(&rig.headers), "");
    CHECK_INT(ferry_headers_add_reason(&rig.headers, &rig.context, FERRY_SPAN("Not Found")),
              FERRY_OK);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(rig_add(&rig, "name", "a value that makes the memory grow"), FERRY_OK);
    }
    CHECK_INT(ferry_headers_seal(&rig.headers, &rig.context), FERRY_OK);
    CHECK_STR(ferry_headers_reason(&rig.headers), "Not Found");
    CHECK_STR(ferry_headers_lines(&rig.headers)[0], "name: a value that makes the memory grow");
    ferry_headers_clear(&rig.headers);
    CHECK_STR(ferry_headers_reason(&rig.headers), "");
    rig_end(&rig);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(without_fields_there_are_lines_and_a_dictionary_of_none),
        CHECK_TEST(reason_stays_beside_the_fields_until_they_are_forgotten),
        CHECK_TEST(fields_become_lines_in_their_order),
        CHECK_TEST(fields_are_found_in_any_case_one_after_the_other),
        CHECK_TEST(the_dictionary_joins_values_of_one_name),
        CHECK_TEST(a_folded_line_goes_on_behind_one_space),
        CHECK_TEST(a_block_is_taken_as_it_is),
        CHECK_TEST(lines_are_those_of_the_block_that_was_taken_last),
        CHECK_TEST(a_block_in_other_spellings_is_spelled_again),
        CHECK_TEST(folds_in_a_block_become_one_space),
        CHECK_TEST(a_value_that_begins_in_a_fold_begins_without_space),
        CHECK_TEST(there_may_be_as_many_as_max_header_count_says),
        CHECK_TEST(fields_that_exceed_the_head_are_refused_whole),
        CHECK_TEST(cleared_fields_leave_their_memory),
        CHECK_TEST(a_field_without_memory_is_not_there),
    };
    return CHECK_RUN(tests, argc, argv);
}
