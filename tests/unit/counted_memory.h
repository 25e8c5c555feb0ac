/* SPDX-License-Identifier: MIT */
/* counted_memory: an allocator that counts, and fails where it is told to. */
#ifndef FERRY_TESTS_COUNTED_MEMORY_H
#define FERRY_TESTS_COUNTED_MEMORY_H

#include "ferry.h"

/* Zeroed, it counts and never fails. */
typedef struct counted_memory {
    size_t calls;   /* for memory, those that failed too */
    size_t live;    /* blocks in use */
    size_t fail_at; /* the call that fails, from 1; 0: none */
    bool fails_on;  /* and so do all after it */
    bool is_inside; /* the allocator is at work */
    size_t bytes;   /* in the blocks in use */
    size_t most;    /* that `bytes` has been */
} counted_memory;

/* `memory` must outlive what is allocated. */
ferry_allocator counted_memory_allocator(counted_memory *memory);

/* Counts a call for memory. True: it must fail. */
bool counted_memory_fails(counted_memory *memory);

#endif
