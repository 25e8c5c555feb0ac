/* SPDX-License-Identifier: MIT */
/* counted: malloc, realloc and free that count, so that what a client allocates and holds is known
 * to the byte and not guessed from the process. */
#ifndef COUNTED_H
#define COUNTED_H

#include "bench.h"

static struct {
    int64_t calls;  /* that asked for memory, so far */
    int64_t bytes;  /* held now, as they were asked for */
    int64_t blocks; /* held now */
} counted;

/* A block begins with its size. */
typedef union counted_block {
    size_t size;
    max_align_t alignment;
} counted_block;

static inline void *counted_malloc(size_t size) {
    counted_block *made = malloc(sizeof *made + size);
    if (made == NULL) {
        return NULL;
    }
    made->size = size;
    counted.calls++;
    counted.blocks++;
    counted.bytes += (int64_t)size;
    return made + 1;
}

static inline void counted_free(void *pointer) {
    if (pointer == NULL) {
        return;
    }
    counted_block *old = (counted_block *)pointer - 1;
    counted.blocks--;
    counted.bytes -= (int64_t)old->size;
    free(old);
}

static inline void *counted_realloc(void *pointer, size_t size) {
    if (pointer == NULL) {
        return counted_malloc(size);
    }
    counted_block *old = (counted_block *)pointer - 1;
    size_t old_size = old->size;
    counted_block *made = realloc(old, sizeof *made + size);
    if (made == NULL) {
        return NULL;
    }
    made->size = size;
    counted.calls++;
    counted.bytes += (int64_t)size - (int64_t)old_size;
    return made + 1;
}

/* What is held, or how much more than before, divided among `n` clients when it is reported. */
typedef struct counted_memory {
    double heap; /* by malloc's own account, without what the counting adds */
    double requested;
    double blocks;
} counted_memory;

static inline counted_memory counted_now(void) {
    return (counted_memory){
        .heap = bench_heap() - (double)counted.blocks * (double)sizeof(counted_block),
        .requested = (double)counted.bytes,
        .blocks = (double)counted.blocks,
    };
}

static inline void counted_report(counted_memory before, counted_memory after, long n) {
    bench_report_number("heap_per_client", (after.heap - before.heap) / (double)n);
    bench_report_number("requested_per_client", (after.requested - before.requested) / (double)n);
    bench_report_number("blocks_per_client", (after.blocks - before.blocks) / (double)n);
}

#endif
