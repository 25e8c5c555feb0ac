/* SPDX-License-Identifier: MIT */
/* counted_memory: what it counts is calls and blocks, the C library does the rest. */
#include "counted_memory.h"

#include <stdlib.h>

static bool fails(counted_memory *memory) {
    memory->calls++;
    return memory->calls == memory->fail_at ||
           (memory->fails_on && memory->fail_at != 0 && memory->calls > memory->fail_at);
}

static void *counted_realloc(void *ctx, void *block, size_t size) {
    counted_memory *memory = ctx;
    if (fails(memory)) {
        return NULL;
    }
    void *made = realloc(block, size);
    memory->live += block == NULL && made != NULL ? 1 : 0;
    return made;
}

static void *counted_alloc(void *ctx, size_t size) {
    return counted_realloc(ctx, NULL, size);
}

static void counted_free(void *ctx, void *block) {
    counted_memory *memory = ctx;
    memory->live -= block != NULL ? 1 : 0;
    free(block);
}

ferry_allocator counted_memory_allocator(counted_memory *memory) {
    return (ferry_allocator){counted_alloc, counted_realloc, counted_free, memory};
}
