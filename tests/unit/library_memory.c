/* SPDX-License-Identifier: MIT */
/* library_memory: the linker's --wrap sends each call to __wrap_X(), where X() is __real_X(). */
#include "library_memory.h"

#include <errno.h>
#include <stdlib.h>

static _Thread_local counted_memory *used;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
static void *fail_for_memory(void) {
    errno = ENOMEM;
    return NULL;
}

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);

counted_memory *library_memory_use(counted_memory *memory) {
    counted_memory *before = used;
    used = memory;
    return before;
}

static bool must_fail(void) {
    return used != NULL && !used->is_inside && counted_memory_fails(used);
}

void *__wrap_malloc(size_t size) {
    return must_fail() ? fail_for_memory() : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return must_fail() ? fail_for_memory() : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size) {
    return must_fail() ? fail_for_memory() : __real_realloc(block, size);
}
