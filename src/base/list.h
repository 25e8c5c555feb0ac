/* SPDX-License-Identifier: MIT */
/* list: a doubly linked ring of what many things share. A node is a member of the thing that is
 * listed; it is in one list at most. */
#ifndef FERRY_BASE_LIST_H
#define FERRY_BASE_LIST_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

/* Nothing but the functions below looks into nodes: where a loop reads a head's member by its name,
 * GCC 12 takes what the loop's other accesses do to it for nothing (-O2).
 *
 * A list's head is such a node too. An unlisted node's `next` is NULL. */
typedef struct ferry_list_node {
    struct ferry_list_node *next;
    struct ferry_list_node *previous;
} ferry_list_node;

/* The struct of which `node` is that member. */
#define FERRY_LIST_ITEM(node, type, member)                                                        \
    ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void ferry_list_init(ferry_list_node *head) {
    head->next = head;
    head->previous = head;
}

static inline bool ferry_list_is_empty(const ferry_list_node *head) {
    return head->next == head;
}

static inline bool ferry_list_has(const ferry_list_node *node) {
    return node->next != NULL;
}

/* The node behind this one, the first and the last one; NULL: there is none. */
static inline ferry_list_node *ferry_list_next(const ferry_list_node *head,
                                               const ferry_list_node *node) {
    return node->next != head ? node->next : NULL;
}

static inline ferry_list_node *ferry_list_first(const ferry_list_node *head) {
    return ferry_list_next(head, head);
}

static inline ferry_list_node *ferry_list_last(const ferry_list_node *head) {
    return head->previous != head ? head->previous : NULL;
}

static inline void ferry_list_append(ferry_list_node *head, ferry_list_node *node) {
    assert(!ferry_list_has(node));
    node->previous = head->previous;
    node->next = head;
    head->previous->next = node;
    head->previous = node;
}

/* Does nothing where the node is in no list. */
static inline void ferry_list_remove(ferry_list_node *node) {
    if (ferry_list_has(node)) {
        node->previous->next = node->next;
        node->next->previous = node->previous;
        node->next = NULL;
        node->previous = NULL;
    }
}

/* Moves all nodes of `from` behind `node`, which is a head or in a list; `from` is empty then. */
static inline void ferry_list_insert_all(ferry_list_node *node, ferry_list_node *from) {
    if (ferry_list_is_empty(from)) {
        return;
    }
    ferry_list_node *first = from->next;
    ferry_list_node *last = from->previous;
    assert(first != NULL && last != NULL); /* a ring has no gap */
    ferry_list_init(from);
    first->previous = node;
    last->next = node->next;
    node->next->previous = last;
    node->next = first;
}

static inline void ferry_list_prepend_all(ferry_list_node *head, ferry_list_node *from) {
    ferry_list_insert_all(head, from);
}

static inline void ferry_list_append_all(ferry_list_node *head, ferry_list_node *from) {
    ferry_list_insert_all(head->previous, from);
}

/* The first node, which is taken out; NULL: the list is empty. */
static inline ferry_list_node *ferry_list_take(ferry_list_node *head) {
    if (ferry_list_is_empty(head)) {
        return NULL;
    }
    ferry_list_node *first = head->next;
    ferry_list_remove(first);
    return first;
}

#endif
