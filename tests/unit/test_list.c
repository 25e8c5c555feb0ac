/* SPDX-License-Identifier: MIT */
/* test_list: the order of a list after each of its calls. */
#include "base/list.h"
#include "check.h"

#include <string.h>

typedef struct thing {
    char name;
    ferry_list_node node;
} thing;

static thing things[8];
static ferry_list_node head;
static ferry_list_node other;

static void begin(void) {
    ferry_list_init(&head);
    ferry_list_init(&other);
    for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
        things[i] = (thing){.name = (char)('a' + i)};
    }
}

static void append(ferry_list_node *list, const char *names) {
    for (; *names != '\0'; names++) {
        ferry_list_append(list, &things[*names - 'a'].node);
    }
}

/* The names in order, which must be the same backwards. */
static const char *names_of(const ferry_list_node *list) {
    static char names[16];
    size_t count = 0;
    for (ferry_list_node *node = ferry_list_first(list); node != NULL;
         node = ferry_list_next(list, node)) {
        CHECK(node->next->previous == node && node->previous->next == node);
        names[count++] = FERRY_LIST_ITEM(node, thing, node)->name;
    }
    names[count] = '\0';
    return names;
}

static void empty_list_has_neither_first_nor_last(void) {
    begin();
    CHECK(ferry_list_is_empty(&head));
    CHECK(ferry_list_first(&head) == NULL);
    CHECK(ferry_list_last(&head) == NULL);
    CHECK(ferry_list_take(&head) == NULL);
    CHECK(!ferry_list_has(&things[0].node));
}

static void nodes_come_in_the_order_of_appending(void) {
    begin();
    append(&head, "abc");
    CHECK_STR(names_of(&head), "abc");
    CHECK(ferry_list_first(&head) == &things[0].node);
    CHECK(ferry_list_last(&head) == &things[2].node);
    CHECK(ferry_list_take(&head) == &things[0].node);
    CHECK(!ferry_list_has(&things[0].node));
    CHECK_STR(names_of(&head), "bc");
}

static void nodes_leave_from_anywhere_and_twice(void) {
    begin();
    append(&head, "abcd");
    ferry_list_remove(&things[1].node);
    ferry_list_remove(&things[1].node);
    CHECK_STR(names_of(&head), "acd");
    ferry_list_remove(&things[0].node);
    ferry_list_remove(&things[3].node);
    CHECK_STR(names_of(&head), "c");
    ferry_list_remove(&things[2].node);
    CHECK(ferry_list_is_empty(&head));
}

static void lists_are_put_before_and_behind_others(void) {
    begin();
    append(&head, "ab");
    append(&other, "cd");
    ferry_list_append_all(&head, &other);
    CHECK_STR(names_of(&head), "abcd");
    CHECK(ferry_list_is_empty(&other));
    append(&other, "ef");
    ferry_list_prepend_all(&head, &other);
    CHECK_STR(names_of(&head), "efabcd");
    CHECK(ferry_list_is_empty(&other));
}

static void empty_lists_change_nothing(void) {
    begin();
    append(&head, "ab");
    ferry_list_append_all(&head, &other);
    ferry_list_prepend_all(&head, &other);
    CHECK_STR(names_of(&head), "ab");
    ferry_list_append_all(&other, &head);
    CHECK_STR(names_of(&other), "ab");
    CHECK(ferry_list_is_empty(&head));
    ferry_list_prepend_all(&head, &other);
    CHECK_STR(names_of(&head), "ab");
}

static void list_is_inserted_behind_a_node(void) {
    begin();
    append(&head, "ab");
    append(&other, "cd");
    ferry_list_insert_all(&things[0].node, &other);
    CHECK_STR(names_of(&head), "acdb");
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(empty_list_has_neither_first_nor_last),
        CHECK_TEST(nodes_come_in_the_order_of_appending),
        CHECK_TEST(nodes_leave_from_anywhere_and_twice),
        CHECK_TEST(lists_are_put_before_and_behind_others),
        CHECK_TEST(empty_lists_change_nothing),
        CHECK_TEST(list_is_inserted_behind_a_node),
    };
    return CHECK_RUN(tests, argc, argv);
}
