/* SPDX-License-Identifier: MIT */
/* test_packer: what is packed is counted as it is written, aligned, and apart from what it was. */
#include "base/packer.h"
#include "check.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK_SIZE = 512, MARK = 0x5a };

/* Its size is exactly what was counted: a byte more is a byte beyond. */
static _Alignas(max_align_t) char block[BLOCK_SIZE];

static void counting_gives_no_places(void) {
    static const char *const lines[] = {"a", "b", NULL};
    ferry_packer counter = {0};
    CHECK(ferry_pack_bytes(&counter, "abc", 3) == NULL);
    CHECK_INT(counter.size, 3);
    CHECK(ferry_pack_text(&counter, "abc") == NULL);
    CHECK_INT(counter.size, 7);
    CHECK(ferry_pack_room(&counter, 1) == NULL);
    CHECK(ferry_pack_lines(&counter, lines) == NULL);
    CHECK(counter.size > 8);
}

static void nothing_takes_no_room(void) {
    ferry_packer packer = {.block = block};
    CHECK(ferry_pack_bytes(&packer, NULL, 5) == NULL);
    CHECK(ferry_pack_text(&packer, NULL) == NULL);
    CHECK(ferry_pack_lines(&packer, NULL) == NULL);
    CHECK_INT(packer.size, 0);
    CHECK(ferry_pack_bytes(&packer, "", 0) != NULL);
    CHECK_INT(packer.size, 0);
}

static void room_is_aligned_behind_anything(void) {
    for (size_t length = 0; length < 40; length++) {
        ferry_packer packer = {.block = block};
        ferry_pack_bytes(&packer, "0123456789012345678901234567890123456789", length);
        void *room = ferry_pack_room(&packer, sizeof(void *));
        CHECK_INT((uintptr_t)room % _Alignof(max_align_t), 0);
        CHECK((char *)room >= block + length);
    }
}

static size_t pack_all(ferry_packer *packer, const char **text, const char *const **copies,
                       const char **bytes) {
    char line[] = "second";
    const char *const lines[] = {"first", line, "", NULL};
    *text = ferry_pack_text(packer, "text");
    *copies = ferry_pack_lines(packer, lines);
    *bytes = ferry_pack_bytes(packer, "\0\1\2", 3);
    memset(line, 'x', sizeof line - 1); /* the copy is apart from it */
    return packer->size;
}

static void what_is_counted_is_what_is_written(void) {
    const char *text;
    const char *const *lines;
    const char *bytes;
    ferry_packer counter = {0};
    size_t size = pack_all(&counter, &text, &lines, &bytes);
    CHECK(size < BLOCK_SIZE);
    memset(block, MARK, sizeof block);
    ferry_packer packer = {.block = block};
    CHECK_INT(pack_all(&packer, &text, &lines, &bytes), size);
    CHECK_INT(block[size], MARK);
    CHECK_STR(text, "text");
    CHECK_STR(lines[0], "first");
    CHECK_STR(lines[1], "second");
    CHECK_STR(lines[2], "");
    CHECK(lines[3] == NULL);
    CHECK_MEM(bytes, 3, "\0\1\2", 3);
}

static void empty_list_ends_with_null(void) {
    static const char *const none[] = {NULL};
    ferry_packer packer = {.block = block};
    const char *const *copies = ferry_pack_lines(&packer, none);
    CHECK(copies != NULL && copies[0] == NULL);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(counting_gives_no_places),        CHECK_TEST(nothing_takes_no_room),
        CHECK_TEST(room_is_aligned_behind_anything), CHECK_TEST(what_is_counted_is_what_is_written),
        CHECK_TEST(empty_list_ends_with_null),
    };
    return CHECK_RUN(tests, argc, argv);
}
