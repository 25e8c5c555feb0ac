/* SPDX-License-Identifier: MIT */
/* heap: a binary heap in an array. */
#include "heap.h"

#include <assert.h>

static bool node_is_less(const ferry_heap_node *a, const ferry_heap_node *b) {
    return a->key < b->key || (a->key == b->key && a->order < b->order);
}

static void heap_set(ferry_heap *heap, size_t index, ferry_heap_node *node) {
    heap->nodes[index] = node;
    node->place = index + 1;
}

static void heap_lift(ferry_heap *heap, ferry_heap_node *node) {
    size_t index = node->place - 1;
    while (index > 0) {
        size_t parent = (index - 1) / 2;
        if (!node_is_less(node, heap->nodes[parent])) {
            break;
        }
        heap_set(heap, index, heap->nodes[parent]);
        index = parent;
    }
    heap_set(heap, index, node);
}

static void heap_sink(ferry_heap *heap, ferry_heap_node *node) {
    size_t index = node->place - 1;
    for (;;) {
        size_t child = 2 * index + 1;
        if (child >= heap->count) {
            break;
        }
        if (child + 1 < heap->count && node_is_less(heap->nodes[child + 1], heap->nodes[child])) {
            child++;
        }
        if (!node_is_less(heap->nodes[child], node)) {
            break;
        }
        heap_set(heap, index, heap->nodes[child]);
        index = child;
    }
    heap_set(heap, index, node);
}

ferry_error ferry_heap_reserve(ferry_heap *heap, ferry_context *context, size_t count) {
    if (count <= heap->capacity) {
        return FERRY_OK;
    }
    size_t capacity = heap->capacity * 2 > count ? heap->capacity * 2 : count + 15;
    ferry_heap_node **nodes =
        ferry_resize(context, heap->nodes, heap->count * sizeof(ferry_heap_node *),
                     capacity * sizeof(ferry_heap_node *));
    if (nodes == NULL) {
        return ferry_fail_memory(context);
    }
    heap->nodes = nodes;
    heap->capacity = capacity;
    return FERRY_OK;
}

void ferry_heap_put(ferry_heap *heap, ferry_heap_node *node, int64_t key) {
    if (!ferry_heap_has(node)) {
        assert(heap->count < heap->capacity);
        heap_set(heap, heap->count++, node);
    }
    node->key = key;
    heap_lift(heap, node);
    heap_sink(heap, node);
}

void ferry_heap_remove(ferry_heap *heap, ferry_heap_node *node) {
    if (!ferry_heap_has(node)) {
        return;
    }
    size_t index = node->place - 1;
    assert(heap->nodes[index] == node);
    ferry_heap_node *last = heap->nodes[--heap->count];
    node->place = 0;
    if (last != node) {
        heap_set(heap, index, last);
        heap_lift(heap, last);
        heap_sink(heap, last);
    }
}

void ferry_heap_deinit(ferry_heap *heap, const ferry_context *context) {
    ferry_free(context, heap->nodes);
    *heap = (ferry_heap){0};
}
