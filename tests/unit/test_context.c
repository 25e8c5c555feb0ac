/* SPDX-License-Identifier: MIT */
/* test_context: memory through the program's functions, and how failures get their sentences. */
#include "base/context.h"

#include "check.h"
#include "counted_memory.h"

#include <stdlib.h>
#include <string.h>

static ferry_context make_context(counted_memory *memory) {
    return (ferry_context){.allocator = counted_memory_allocator(memory)};
}

static void memory_comes_from_the_program_s_functions(void) {
    counted_memory memory = {0};
    ferry_context context = make_context(&memory);
    char *block = ferry_alloc(&context, 3);
    CHECK_INT(memory.live, 1);
    memcpy(block, "abc", 3);
    block = ferry_resize(&context, block, 3, 1000);
    CHECK_MEM(block, 3, "abc", 3);
    CHECK_INT(memory.live, 1);
    ferry_free(&context, block);
    CHECK_INT(memory.live, 0);
}

/* counted_memory checks it. */
static void the_program_s_functions_never_get_null(void) {
    counted_memory memory = {0};
    ferry_context context = make_context(&memory);
    ferry_free(&context, NULL);
    void *block = ferry_resize(&context, NULL, 0, 10);
    CHECK(block != NULL);
    CHECK_INT(memory.live, 1);
    ferry_free(&context, block);
    CHECK_INT(memory.live, 0);
}

/* The default allocator has no realloc. */
static void a_block_moves_where_there_is_no_realloc(void) {
    ferry_context context = {.allocator = ferry_default_allocator};
    char *block = ferry_resize(&context, NULL, 0, 4);
    memcpy(block, "abcd", 4);
    block = ferry_resize(&context, block, 2, 2000);
    CHECK_MEM(block, 2, "ab", 2);
    ferry_free(&context, block);
}

static void a_text_is_copied_with_its_end(void) {
    counted_memory memory = {0};
    ferry_context context = make_context(&memory);
    char text[] = "text";
    char *copy = ferry_text_copy(&context.allocator, text);
    memset(text, '#', sizeof text - 1);
    CHECK_STR(copy, "text");
    CHECK_INT(memory.live, 1);
    ferry_free(&context, copy);
    copy = ferry_text_copy(&context.allocator, "");
    CHECK_STR(copy, "");
    ferry_free(&context, copy);
    CHECK_INT(memory.live, 0);
}

static void a_text_without_memory_is_null(void) {
    counted_memory memory = {.fail_at = 1};
    ferry_context context = make_context(&memory);
    CHECK(ferry_text_copy(&context.allocator, "text") == NULL);
}

static void a_failure_has_a_printable_sentence(void) {
    ferry_context context = {.allocator = ferry_default_allocator};
    CHECK_INT(ferry_fail(&context, FERRY_ERROR_PROTOCOL, "no \"%s\" in %d", "a\r\n\x1b[2J", 7),
              FERRY_ERROR_PROTOCOL);
    CHECK_STR(context.detail, "no \"a???[2J\" in 7");
    CHECK_INT(ferry_fail_memory(&context), FERRY_ERROR_OUT_OF_MEMORY);
    CHECK_STR(context.detail, "out of memory");
}

static void a_prefix_says_where_it_happened(void) {
    ferry_context context = {.allocator = ferry_default_allocator};
    ferry_fail(&context, FERRY_ERROR_TIMEOUT, "nothing came");
    CHECK_INT(ferry_fail_prefix(&context, FERRY_ERROR_TIMEOUT, "proxy \"%s\"", "a\nb"),
              FERRY_ERROR_TIMEOUT);
    CHECK_STR(context.detail, "proxy \"a?b\": nothing came");
    ferry_fail_prefix(&context, FERRY_ERROR_TIMEOUT, "tunnel");
    CHECK_STR(context.detail, "tunnel: proxy \"a?b\": nothing came");
    ferry_fail_memory(&context);
    CHECK_INT(ferry_fail_prefix(&context, FERRY_ERROR_OUT_OF_MEMORY, "proxy"),
              FERRY_ERROR_OUT_OF_MEMORY);
    CHECK_STR(context.detail, "out of memory");
}

static void a_failure_is_kept_while_others_come(void) {
    ferry_context context = {.allocator = ferry_default_allocator};
    ferry_failure kept = {.error = FERRY_OK};
    ferry_failure_keep(&kept, &context, ferry_fail(&context, FERRY_ERROR_PROTOCOL, "one"));
    ferry_fail(&context, FERRY_ERROR_BUSY, "another one, which is longer");
    CHECK_STR(kept.detail, "one");
    CHECK_INT(ferry_failure_return(&kept, &context), FERRY_ERROR_PROTOCOL);
    CHECK_STR(context.detail, "one");
    ferry_fail_prefix(&context, kept.error, "proxy");
    CHECK_STR(context.detail, "proxy: one");
    CHECK_STR(kept.detail, "one");
    ferry_failure_keep(&kept, &context, ferry_fail(&context, FERRY_ERROR_TIMEOUT, "two"));
    CHECK_INT(kept.error, FERRY_ERROR_TIMEOUT);
    CHECK_STR(kept.detail, "two");
}

static void sentences_are_cut_where_they_are_too_long(void) {
    ferry_context context = {.allocator = ferry_default_allocator};
    char much[2 * FERRY_DETAIL_SIZE];
    memset(much, 'x', sizeof much - 1);
    much[sizeof much - 1] = '\0';
    ferry_fail(&context, FERRY_ERROR_PROTOCOL, "%s", much);
    CHECK_INT(strlen(context.detail), FERRY_DETAIL_SIZE - 1);
    ferry_fail_prefix(&context, FERRY_ERROR_PROTOCOL, "proxy");
    CHECK_INT(strlen(context.detail), FERRY_DETAIL_SIZE - 1);
    CHECK(strncmp(context.detail, "proxy: xxx", 10) == 0);
    ferry_fail_prefix(&context, FERRY_ERROR_PROTOCOL, "%s", much);
    CHECK_INT(strlen(context.detail), FERRY_DETAIL_SIZE - 1);
}

typedef struct logged_lines {
    int count;
    ferry_log_kind kind;
    char line[64];
} logged_lines;

static void lines_note(void *ctx, ferry_log_kind kind, const char *line) {
    logged_lines *lines = ctx;
    lines->count++;
    lines->kind = kind;
    strncpy(lines->line, line, sizeof lines->line - 1);
}

static void lines_of_the_log_are_printable(void) {
    logged_lines lines = {0};
    ferry_context context = {.log = lines_note, .log_ctx = &lines};
    ferry_log(&context, FERRY_LOG_WARNING, "%s|%zu", "\x1b]0;x\x07", (size_t)5);
    CHECK_INT(lines.count, 1);
    CHECK_INT(lines.kind, FERRY_LOG_WARNING);
    CHECK_STR(lines.line, "?]0;x?|5");
    context.log = NULL;
    ferry_log(&context, FERRY_LOG_WARNING, "nobody hears it");
    CHECK_INT(lines.count, 1);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(memory_comes_from_the_program_s_functions),
        CHECK_TEST(the_program_s_functions_never_get_null),
        CHECK_TEST(a_block_moves_where_there_is_no_realloc),
        CHECK_TEST(a_text_is_copied_with_its_end),
        CHECK_TEST(a_text_without_memory_is_null),
        CHECK_TEST(a_failure_has_a_printable_sentence),
        CHECK_TEST(a_prefix_says_where_it_happened),
        CHECK_TEST(a_failure_is_kept_while_others_come),
        CHECK_TEST(sentences_are_cut_where_they_are_too_long),
        CHECK_TEST(lines_of_the_log_are_printable),
    };
    return CHECK_RUN(tests, argc, argv);
}
