/* SPDX-License-Identifier: MIT */
/* context: memory, failures and log lines, each through what the program's options say. */
#include "context.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void *default_alloc(void *ctx, size_t size) {
    (void)ctx;
    return malloc(size);
}

static void default_free(void *ctx, void *block) {
    (void)ctx;
    free(block);
}

const ferry_allocator ferry_default_allocator = {
    .alloc = default_alloc,
    .free = default_free,
    .ctx = NULL,
};

void *ferry_alloc(const ferry_context *context, size_t size) {
    assert(size > 0);
    return context->allocator.alloc(context->allocator.ctx, size);
}

void ferry_free(const ferry_context *context, void *block) {
    if (block != NULL) {
        context->allocator.free(context->allocator.ctx, block);
    }
}

/* The program's realloc() is used where it gave one. The C library's is not: what it saves, seldom
 * and for little, is not worth what it adds to a program in a browser. */
void *ferry_resize(const ferry_context *context, void *block, size_t kept, size_t size) {
    assert(size > 0 && kept <= size);
    if (block != NULL && context->allocator.realloc != NULL) {
        return context->allocator.realloc(context->allocator.ctx, block, size);
    }
    void *moved = ferry_alloc(context, size);
    if (moved != NULL && block != NULL) {
        memcpy(moved, block, kept);
        ferry_free(context, block);
    }
    return moved;
}

/* Through a pointer to what is volatile: a compiler may not leave this out. */
void ferry_wipe(void *block, size_t size) {
    volatile char *at = block;
    for (; size > 0; size--) {
        *at++ = 0;
    }
}

char *ferry_text_copy(const ferry_allocator *allocator, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = allocator->alloc(allocator->ctx, size);
    return copy != NULL ? memcpy(copy, text, size) : NULL;
}

ferry_error ferry_fail(ferry_context *context, ferry_error error, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    ferry_format_list(context->detail, sizeof context->detail, format, arguments);
    va_end(arguments);
    ferry_text_make_printable(context->detail);
    return error;
}

void ferry_failure_keep(ferry_failure *failure, const ferry_context *context, ferry_error error) {
    failure->error = error;
    memcpy(failure->detail, context->detail, sizeof failure->detail);
}

ferry_error ferry_failure_return(const ferry_failure *failure, ferry_context *context) {
    memcpy(context->detail, failure->detail, sizeof context->detail);
    return failure->error;
}

ferry_error ferry_fail_prefix(ferry_context *context, ferry_error error, const char *format, ...) {
    if (error == FERRY_ERROR_OUT_OF_MEMORY) {
        return error;
    }
    ferry_failure reason;
    ferry_failure_keep(&reason, context, error);
    va_list arguments;
    va_start(arguments, format);
    size_t length = ferry_format_list(context->detail, sizeof context->detail, format, arguments);
    va_end(arguments);
    ferry_format(context->detail + length, sizeof context->detail - length, ": %s", reason.detail);
    ferry_text_make_printable(context->detail);
    return error;
}

ferry_error ferry_fail_memory(ferry_context *context) {
    return ferry_fail(context, FERRY_ERROR_OUT_OF_MEMORY, "out of memory");
}

void ferry_log(const ferry_context *context, ferry_log_kind kind, const char *format, ...) {
    if (context->log == NULL) {
        return;
    }
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    ferry_format_list(line, sizeof line, format, arguments);
    va_end(arguments);
    ferry_text_make_printable(line);
    context->log(context->log_ctx, kind, line);
}
