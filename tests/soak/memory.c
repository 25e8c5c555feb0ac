/* SPDX-License-Identifier: MIT */
/* memory: the C library's, counted. */
#include "memory.h"

#include <stdlib.h>

static bool memory_fails(soak_memory *memory) {
    bool fails = memory->fails_in > 0 && chance_below(&memory->chance, memory->fails_in) == 0;
    memory->failures += fails ? 1 : 0;
    return fails;
}

static void *memory_realloc(void *ctx, void *block, size_t size) {
    soak_memory *memory = ctx;
    void *made = memory_fails(memory) ? NULL : realloc(block, size);
    memory->live += block == NULL && made != NULL ? 1 : 0;
    return made;
}

static void *memory_alloc(void *ctx, size_t size) {
    return memory_realloc(ctx, NULL, size);
}

static void memory_free(void *ctx, void *block) {
    soak_memory *memory = ctx;
    memory->live -= block != NULL ? 1 : 0;
    free(block);
}

ferry_allocator memory_allocator(soak_memory *memory) {
    return (ferry_allocator){memory_alloc, memory_realloc, memory_free, memory};
}
