/* SPDX-License-Identifier: MIT */
/* test_buffer: bytes that are appended and consumed, up to the limit and no further. */
#include "base/buffer.h"

#include "check.h"
#include "counted_memory.h"

#include <string.h>

#define CHECK_CONTENT(buffer, expected)                                                            \
    CHECK_MEM(ferry_buffer_content(buffer), ferry_buffer_length(buffer), expected, strlen(expected))

static counted_memory memory;
static ferry_context context;

static void begin(void) {
    memory = (counted_memory){0};
    context = (ferry_context){.allocator = counted_memory_allocator(&memory)};
}

static void a_new_buffer_has_no_memory(void) {
    ferry_buffer buffer;
    begin();
    ferry_buffer_init(&buffer, 100, "the text");
    CHECK_INT(ferry_buffer_length(&buffer), 0);
    CHECK_INT(ferry_buffer_append(&buffer, &context, "", 0), FERRY_OK);
    ferry_buffer_deinit(&buffer, &context);
    CHECK_INT(memory.calls, 0);
}

static void what_is_appended_is_there_until_it_is_consumed(void) {
    ferry_buffer buffer;
    begin();
    ferry_buffer_init(&buffer, 100, "the text");
    CHECK_INT(ferry_buffer_append(&buffer, &context, "hello ", 6), FERRY_OK);
    CHECK_INT(ferry_buffer_append(&buffer, &context, "world", 5), FERRY_OK);
    CHECK_CONTENT(&buffer, "hello world");
    ferry_buffer_consume(&buffer, 6);
    CHECK_CONTENT(&buffer, "world");
    CHECK_INT(ferry_buffer_append(&buffer, &context, "!", 1), FERRY_OK);
    CHECK_CONTENT(&buffer, "world!");
    ferry_buffer_consume(&buffer, 6);
    CHECK_INT(ferry_buffer_length(&buffer), 0);
    CHECK_INT(buffer.start, 0); /* an empty one has all its room again */
    ferry_buffer_deinit(&buffer, &context);
    CHECK_INT(memory.live, 0);
}

static void the_limit_can_be_reached_and_not_exceeded(void) {
    static const char bytes[2000];
    ferry_buffer buffer;
    begin();
    ferry_buffer_init(&buffer, sizeof bytes, "the text");
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, sizeof bytes - 1), FERRY_OK);
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, 2), FERRY_ERROR_TOO_LARGE);
    CHECK_STR(context.detail, "the text exceeds 2000 bytes");
    CHECK_INT(ferry_buffer_length(&buffer), sizeof bytes - 1);
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, 1), FERRY_OK);
    CHECK_INT(buffer.capacity, sizeof bytes);
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, 1), FERRY_ERROR_TOO_LARGE);
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, SIZE_MAX), FERRY_ERROR_TOO_LARGE);
    ferry_buffer_deinit(&buffer, &context);
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, sizeof bytes), FERRY_OK); /* again */
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, 1), FERRY_ERROR_TOO_LARGE);
    ferry_buffer_deinit(&buffer, &context);
}

static void consumed_bytes_do_not_count(void) {
    static const char bytes[1000];
    ferry_buffer buffer;
    begin();
    ferry_buffer_init(&buffer, sizeof bytes, "the text");
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, sizeof bytes - 3), FERRY_OK);
    CHECK_INT(ferry_buffer_append(&buffer, &context, "end", 3), FERRY_OK);
    ferry_buffer_consume(&buffer, sizeof bytes - 3);
    size_t calls = memory.calls;
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, sizeof bytes - 3), FERRY_OK);
    CHECK_INT(memory.calls, calls); /* what is left has moved to the front */
    CHECK_INT(buffer.start, 0);
    CHECK_MEM(ferry_buffer_content(&buffer), 3, "end", 3);
    CHECK_INT(ferry_buffer_length(&buffer), sizeof bytes);
    ferry_buffer_deinit(&buffer, &context);
}

static void growing_costs_a_few_allocations_only(void) {
    ferry_buffer buffer;
    begin();
    ferry_buffer_init(&buffer, 1 << 20, "the text");
    for (int i = 0; i < 1 << 20; i++) {
        if (ferry_buffer_append(&buffer, &context, "x", 1) != FERRY_OK) {
            CHECK(false);
            break;
        }
    }
    CHECK(memory.calls <= 12);
    ferry_buffer_deinit(&buffer, &context);
}

static void without_memory_the_content_stays(void) {
    static const char bytes[4000];
    ferry_buffer buffer;
    begin();
    ferry_buffer_init(&buffer, 10000, "the text");
    CHECK_INT(ferry_buffer_append(&buffer, &context, "kept", 4), FERRY_OK);
    memory.fail_at = memory.calls + 1;
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, sizeof bytes),
              FERRY_ERROR_OUT_OF_MEMORY);
    CHECK_STR(context.detail, "out of memory");
    CHECK_CONTENT(&buffer, "kept");
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, sizeof bytes), FERRY_OK);
    CHECK_INT(ferry_buffer_length(&buffer), 4 + sizeof bytes);
    ferry_buffer_deinit(&buffer, &context);
    CHECK_INT(memory.live, 0);
}

static void only_large_empty_buffers_are_trimmed(void) {
    static const char bytes[2 * FERRY_KEPT_BYTES];
    ferry_buffer buffer;
    begin();
    ferry_buffer_init(&buffer, sizeof bytes, "the text");
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, 10), FERRY_OK);
    ferry_buffer_clear(&buffer);
    ferry_buffer_trim(&buffer, &context);
    CHECK_INT(memory.live, 1);
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, sizeof bytes), FERRY_OK);
    ferry_buffer_trim(&buffer, &context);
    CHECK_INT(ferry_buffer_length(&buffer), sizeof bytes);
    ferry_buffer_clear(&buffer);
    ferry_buffer_trim(&buffer, &context);
    CHECK_INT(memory.live, 0);
    CHECK_INT(ferry_buffer_append(&buffer, &context, bytes, 10), FERRY_OK);
    ferry_buffer_deinit(&buffer, &context);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_new_buffer_has_no_memory),
        CHECK_TEST(what_is_appended_is_there_until_it_is_consumed),
        CHECK_TEST(the_limit_can_be_reached_and_not_exceeded),
        CHECK_TEST(consumed_bytes_do_not_count),
        CHECK_TEST(growing_costs_a_few_allocations_only),
        CHECK_TEST(without_memory_the_content_stays),
        CHECK_TEST(only_large_empty_buffers_are_trimmed),
    };
    return CHECK_RUN(tests, argc, argv);
}
