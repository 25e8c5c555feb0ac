/* SPDX-License-Identifier: MIT */
/* buffer: a growable stretch of bytes with a limit that is given when it is made. */
#ifndef FERRY_BASE_BUFFER_H
#define FERRY_BASE_BUFFER_H

#include "context.h"
#include "size_limits.h"

#include <assert.h>

/* The bytes from `start` to `end` are the content; they are consumed at the front. */
typedef struct ferry_buffer {
    char *data;
    size_t start;
    size_t end;
    size_t capacity;
    size_t limit;
    const char *what; /* it is of, as a sentence begins: "the request" */
} ferry_buffer;

/* Allocates nothing. The content never exceeds `limit` bytes. */
void ferry_buffer_init(ferry_buffer *buffer, size_t limit, const char *what);
void ferry_buffer_deinit(ferry_buffer *buffer, const ferry_context *context);

static inline size_t ferry_buffer_length(const ferry_buffer *buffer) {
    return buffer->end - buffer->start;
}

static inline char *ferry_buffer_content(const ferry_buffer *buffer) {
    return buffer->start == 0 ? buffer->data : buffer->data + buffer->start; /* data may be NULL */
}

/* Drops the content, keeps the memory. */
static inline void ferry_buffer_clear(ferry_buffer *buffer) {
    buffer->start = 0;
    buffer->end = 0;
}

/* Drops the first `length` bytes of the content. */
static inline void ferry_buffer_consume(ferry_buffer *buffer, size_t length) {
    assert(length <= ferry_buffer_length(buffer));
    buffer->start += length;
    if (buffer->start == buffer->end) {
        ferry_buffer_clear(buffer);
    }
}

/* Frees the memory of an empty buffer that is larger than what an idle client keeps. */
static inline void ferry_buffer_trim(ferry_buffer *buffer, const ferry_context *context) {
    if (buffer->capacity > FERRY_KEPT_BYTES && ferry_buffer_length(buffer) == 0) {
        ferry_buffer_deinit(buffer, context);
    }
}

/* The part of ferry_buffer_reserve() that is seldom needed. */
FERRY_MUST_USE ferry_error ferry_buffer_grow(ferry_buffer *buffer, ferry_context *context,
                                             size_t length);

/* Makes room for `length` more bytes at data + end, moving the content to the front where needed.
 * TOO_LARGE past the limit, OUT_OF_MEMORY; both with a detail, and without a change of the content.
 */
FERRY_MUST_USE static inline ferry_error
ferry_buffer_reserve(ferry_buffer *buffer, ferry_context *context, size_t length) {
    return length <= buffer->capacity - buffer->end ? FERRY_OK
                                                    : ferry_buffer_grow(buffer, context, length);
}

/* Appends; errors as above. */
FERRY_MUST_USE ferry_error ferry_buffer_append(ferry_buffer *buffer, ferry_context *context,
                                               const void *data, size_t length);

#endif
