/* SPDX-License-Identifier: MIT */
/* test_heap: the least comes first, whatever is added, moved and removed. */
#include "base/heap.h"
#include "check.h"
#include "counted_memory.h"

enum { COUNT = 500 };

static counted_memory memory;
static ferry_context context;
static ferry_heap heap;
static ferry_heap_node nodes[COUNT];

static void begin(void) {
    memory = (counted_memory){0};
    context = (ferry_context){.allocator = counted_memory_allocator(&memory)};
    heap = (ferry_heap){0};
    for (size_t i = 0; i < COUNT; i++) {
        nodes[i] = (ferry_heap_node){.order = i};
    }
}

static void end(void) {
    ferry_heap_deinit(&heap, &context);
    CHECK_INT(memory.live, 0);
}

/* The same numbers in each run. */
static int64_t number_of(size_t i) {
    return (int64_t)((i * 2654435761u) % 97);
}

static void fill(void) {
    CHECK_INT(ferry_heap_reserve(&heap, &context, COUNT), FERRY_OK);
    for (size_t i = 0; i < COUNT; i++) {
        ferry_heap_put(&heap, &nodes[i], number_of(i));
    }
}

/* Takes all out; they must come in order. Returns how many came. */
static size_t drain(void) {
    size_t count = 0;
    ferry_heap_node *before = NULL;
    for (ferry_heap_node *node; (node = ferry_heap_first(&heap)) != NULL; count++) {
        if (before != NULL) {
            CHECK(before->key < node->key ||
                  (before->key == node->key && before->order < node->order));
        }
        ferry_heap_remove(&heap, node);
        CHECK(!ferry_heap_has(node));
        before = node;
    }
    return count;
}

static void empty_heap_has_no_first(void) {
    begin();
    CHECK(ferry_heap_first(&heap) == NULL);
    end();
}

static void nodes_come_by_key_and_then_by_order(void) {
    begin();
    fill();
    CHECK_INT(drain(), COUNT);
    end();
}

static void node_that_is_put_again_moves(void) {
    begin();
    fill();
    ferry_heap_put(&heap, &nodes[COUNT / 2], -1);
    CHECK(ferry_heap_first(&heap) == &nodes[COUNT / 2]);
    ferry_heap_put(&heap, &nodes[COUNT / 2], 1000);
    CHECK(ferry_heap_first(&heap) != &nodes[COUNT / 2]);
    for (size_t i = 0; i < COUNT; i += 3) {
        ferry_heap_put(&heap, &nodes[i], 96 - number_of(i));
    }
    CHECK_INT(heap.count, COUNT);
    CHECK_INT(drain(), COUNT);
    end();
}

static void nodes_leave_from_anywhere(void) {
    begin();
    fill();
    for (size_t i = 0; i < COUNT; i += 2) {
        ferry_heap_remove(&heap, &nodes[i]);
        CHECK(!ferry_heap_has(&nodes[i]));
    }
    for (size_t i = 1; i < COUNT; i += 2) {
        CHECK(ferry_heap_has(&nodes[i]));
    }
    CHECK_INT(drain(), COUNT / 2);
    end();
}

static void removing_what_is_not_there_does_nothing(void) {
    begin();
    ferry_heap_remove(&heap, &nodes[0]);
    CHECK_INT(ferry_heap_reserve(&heap, &context, 1), FERRY_OK);
    ferry_heap_put(&heap, &nodes[0], 5);
    ferry_heap_remove(&heap, &nodes[1]);
    CHECK(ferry_heap_first(&heap) == &nodes[0]);
    ferry_heap_remove(&heap, &nodes[0]);
    ferry_heap_remove(&heap, &nodes[0]);
    CHECK(ferry_heap_first(&heap) == NULL);
    end();
}

static void room_without_memory_leaves_the_heap_as_it_was(void) {
    begin();
    CHECK_INT(ferry_heap_reserve(&heap, &context, 1), FERRY_OK);
    size_t room = heap.capacity;
    for (size_t i = 0; i < room; i++) {
        ferry_heap_put(&heap, &nodes[i], number_of(i));
    }
    memory.fail_at = memory.calls + 1;
    CHECK_INT(ferry_heap_reserve(&heap, &context, room + 1), FERRY_ERROR_OUT_OF_MEMORY);
    CHECK_INT(heap.capacity, room);
    CHECK_INT(drain(), room);
    end();
}

static void room_grows_by_doubling(void) {
    begin();
    for (size_t i = 0; i < COUNT; i++) {
        CHECK_INT(ferry_heap_reserve(&heap, &context, heap.count + 1), FERRY_OK);
        ferry_heap_put(&heap, &nodes[i], number_of(i));
    }
    CHECK(memory.calls < 10);
    end();
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(empty_heap_has_no_first),
        CHECK_TEST(nodes_come_by_key_and_then_by_order),
        CHECK_TEST(node_that_is_put_again_moves),
        CHECK_TEST(nodes_leave_from_anywhere),
        CHECK_TEST(removing_what_is_not_there_does_nothing),
        CHECK_TEST(room_without_memory_leaves_the_heap_as_it_was),
        CHECK_TEST(room_grows_by_doubling),
    };
    return CHECK_RUN(tests, argc, argv);
}
