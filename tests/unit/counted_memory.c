/* SPDX-License-Identifier: MIT */
/* counted_memory: what it counts is calls, blocks and bytes, the C library does the rest. */
#include "counted_memory.h"

#include "check.h"

#include <stdlib.h>

/* Stands before each block. */
typedef union counted_block {
    size_t size;
    max_align_t align;
} counted_block;

bool counted_memory_fails(counted_memory *memory) {
    memory->calls++;
    return memory->calls == memory->fail_at ||
           (memory->fails_on && memory->fail_at != 0 && memory->calls > memory->fail_at);
}

static void *counted_resize(void *ctx, void *block, size_t size) {
    counted_memory *memory = ctx;
    counted_block *before = block != NULL ? (counted_block *)block - 1 : NULL;
    size_t size_before = before != NULL ? before->size : 0;
    if (counted_memory_fails(memory)) {
        return NULL;
    }
    memory->is_inside = true;
    counted_block *made = realloc(before, sizeof *made + size);
    memory->is_inside = false;
    if (made == NULL) {
        return NULL;
    }
    made->size = size;
    memory->live += block == NULL ? 1 : 0;
    memory->bytes += size - size_before;
    memory->most = memory->bytes > memory->most ? memory->bytes : memory->most;
    return made + 1;
}

static void *counted_alloc(void *ctx, size_t size) {
    return counted_resize(ctx, NULL, size);
}

/* A program's functions need not know NULL. */
static void *counted_realloc(void *ctx, void *block, size_t size) {
    CHECK(block != NULL);
    return counted_resize(ctx, block, size);
}

static void counted_free(void *ctx, void *block) {
    counted_memory *memory = ctx;
    if (CHECK(block != NULL)) {
        counted_block *freed = (counted_block *)block - 1;
        memory->live--;
        memory->bytes -= freed->size;
        free(freed);
    }
}

ferry_allocator counted_memory_allocator(counted_memory *memory) {
    return (ferry_allocator){counted_alloc, counted_realloc, counted_free, memory};
}
