/* SPDX-License-Identifier: MIT */
/* heap: things by their keys, the least one first. A node is a member of the thing; it is in one
 * heap at most. Adding, moving and removing take a time that grows with the logarithm of how many
 * there are. */
#ifndef FERRY_BASE_HEAP_H
#define FERRY_BASE_HEAP_H

#include "context.h"

#include <stdint.h>

/* Among equal keys the least `order` comes first. */
typedef struct ferry_heap_node {
    int64_t key;
    uint64_t order;
    size_t place; /* in the heap, counted from 1; 0: it is in none */
} ferry_heap_node;

typedef struct ferry_heap {
    ferry_heap_node **nodes;
    size_t count;
    size_t capacity;
} ferry_heap;

#define FERRY_HEAP_ITEM(node, type, member)                                                        \
    ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline bool ferry_heap_has(const ferry_heap_node *node) {
    return node->place != 0;
}

/* The least node; NULL: the heap is empty. */
static inline ferry_heap_node *ferry_heap_first(const ferry_heap *heap) {
    return heap->count > 0 ? heap->nodes[0] : NULL;
}

/* Makes room for `count` nodes in all. OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_heap_reserve(ferry_heap *heap, ferry_context *context,
                                              size_t count);

/* Adds the node with this key, or gives it this key if it is there. There must be room. */
void ferry_heap_put(ferry_heap *heap, ferry_heap_node *node, int64_t key);

/* Does nothing where the node is in no heap. */
void ferry_heap_remove(ferry_heap *heap, ferry_heap_node *node);

void ferry_heap_deinit(ferry_heap *heap, const ferry_context *context);

#endif
