/* SPDX-License-Identifier: MIT */
/* library_memory: makes memory that is asked of the C library, by ferry or by mbedTLS, fail as that
 * of the allocator does. Only a program that is linked with FERRY_WRAPS_MALLOC has it. */
#ifndef FERRY_TESTS_LIBRARY_MEMORY_H
#define FERRY_TESTS_LIBRARY_MEMORY_H

#include "counted_memory.h"

/* From now on malloc(), calloc() and realloc() count as calls of `memory`, and fail as it says, in
 * the thread that calls this; NULL: no longer. Returns what it was. What the allocator of `memory`
 * itself asks for counts once. */
counted_memory *library_memory_use(counted_memory *memory);

#endif
