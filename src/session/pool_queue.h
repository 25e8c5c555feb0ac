/* SPDX-License-Identifier: MIT */
/* pool_queue: the transfers that wait for a connection to an origin. */
#ifndef FERRY_SESSION_POOL_QUEUE_H
#define FERRY_SESSION_POOL_QUEUE_H

#include "pool_origin.h"

static inline ferry_transfer *ferry_pool_queue_head(const ferry_heap *queue) {
    ferry_heap_node *node = ferry_heap_first(queue);
    return node != NULL ? FERRY_HEAP_ITEM(node, ferry_transfer, queue) : NULL;
}

/* Who has the next connection; NULL: nobody waits. */
static inline ferry_transfer *ferry_pool_queue_first(const ferry_pool_origin *origin) {
    ferry_transfer *renewing = ferry_pool_queue_head(&origin->renewing);
    return renewing != NULL ? renewing : ferry_pool_queue_head(&origin->waiting);
}

static inline size_t ferry_pool_queue_count(const ferry_pool_origin *origin) {
    return origin->renewing.count + origin->waiting.count;
}

/* Where it waits, or will: `needs_new` must not change as long as it is there. */
static inline ferry_heap *ferry_pool_queue_of(const ferry_transfer *transfer) {
    return transfer->needs_new ? &transfer->origin->renewing : &transfer->origin->waiting;
}

static inline void ferry_pool_queue_remove(ferry_transfer *transfer) {
    ferry_heap_remove(ferry_pool_queue_of(transfer), &transfer->queue);
    ferry_pool_origin_note_demand(transfer->session, transfer->origin);
}

static inline void ferry_pool_queue_put(ferry_transfer *transfer, int64_t key) {
    transfer->state = FERRY_TRANSFER_WAITING;
    ferry_heap_put(ferry_pool_queue_of(transfer), &transfer->queue, key);
    ferry_pool_origin_note_demand(transfer->session, transfer->origin);
}

#endif
