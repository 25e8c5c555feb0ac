/* SPDX-License-Identifier: MIT */
/* memory: an allocator that counts, and fails now and then where it is told to. */
#ifndef FERRY_SOAK_MEMORY_H
#define FERRY_SOAK_MEMORY_H

#include "chance.h"

#include "ferry.h"

typedef struct soak_memory {
    soak_chance chance;
    unsigned fails_in; /* one of so many; 0: never */
    size_t live;       /* blocks */
    size_t failures;
} soak_memory;

/* `memory` must outlive what is allocated. */
ferry_allocator memory_allocator(soak_memory *memory);

#endif
