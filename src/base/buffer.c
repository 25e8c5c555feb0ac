/* SPDX-License-Identifier: MIT */
/* buffer: a buffer doubles its memory when it needs more, and never passes its limit. */
#include "buffer.h"

#include <string.h>

enum { BUFFER_FIRST_CAPACITY = 512 };

void ferry_buffer_init(ferry_buffer *buffer, size_t limit, const char *what) {
    *buffer = (ferry_buffer){.limit = limit, .what = what};
}

void ferry_buffer_deinit(ferry_buffer *buffer, const ferry_context *context) {
    ferry_free(context, buffer->data);
    ferry_buffer_init(buffer, buffer->limit, buffer->what);
}

ferry_error ferry_buffer_grow(ferry_buffer *buffer, ferry_context *context, size_t length) {
    size_t content = ferry_buffer_length(buffer);
    if (length > buffer->limit || content > buffer->limit - length) {
        return ferry_fail(context, FERRY_ERROR_TOO_LARGE, "%s exceeds %zu bytes", buffer->what,
                          buffer->limit);
    }
    if (content > 0 && buffer->start > 0) {
        memmove(buffer->data, buffer->data + buffer->start, content);
    }
    buffer->start = 0;
    buffer->end = content;
    size_t needed = content + length;
    if (needed <= buffer->capacity) {
        return FERRY_OK;
    }
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : BUFFER_FIRST_CAPACITY;
    while (capacity < needed) {
        capacity = capacity > buffer->limit / 2 ? buffer->limit : capacity * 2;
    }
    char *data = ferry_resize(context, buffer->data, content, capacity);
    if (data == NULL) {
        return ferry_fail_memory(context);
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return FERRY_OK;
}

ferry_error ferry_buffer_append(ferry_buffer *buffer, ferry_context *context, const void *data,
                                size_t length) {
    if (length == 0) {
        return FERRY_OK;
    }
    ferry_error error = ferry_buffer_reserve(buffer, context, length);
    if (error == FERRY_OK) {
        memcpy(buffer->data + buffer->end, data, length);
        buffer->end += length;
    }
    return error;
}
