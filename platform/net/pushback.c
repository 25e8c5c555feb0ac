/* SPDX-License-Identifier: MIT */
/* pushback: gives bytes that were read too early again, before those of the stream itself. */
#include "pushback.h"

#include "wire/stream.h"

#include <string.h>

typedef struct pushback {
    ferry_stream base;
    ferry_context *context;
    ferry_stream *below;
    const char *reason; /* why `below` failed; NULL: it has not */
    ferry_buffer bytes;
} pushback;

static ferry_stream_result pushback_read(ferry_stream *stream, void *dst, size_t capacity,
                                         size_t *length) {
    pushback *self = (pushback *)stream;
    size_t left = ferry_buffer_length(&self->bytes);
    if (left == 0) {
        return ferry_stream_read(self->context, self->below, dst, capacity, length, &self->reason);
    }
    *length = left < capacity ? left : capacity;
    memcpy(dst, ferry_buffer_content(&self->bytes), *length);
    ferry_buffer_consume(&self->bytes, *length);
    if (ferry_buffer_length(&self->bytes) == 0) {
        ferry_buffer_deinit(&self->bytes, self->context);
    }
    return FERRY_STREAM_OK;
}

static ferry_stream_result pushback_write(ferry_stream *stream, const ferry_slice *slices,
                                          size_t count, size_t *length) {
    pushback *self = (pushback *)stream;
    return ferry_stream_write(self->context, self->below, slices, count, length, &self->reason);
}

static bool pushback_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    pushback *self = (pushback *)stream;
    if ((events & FERRY_EVENT_READ) != 0 && ferry_buffer_length(&self->bytes) > 0) {
        events |= FERRY_EVENT_WRITE; /* which is possible nearly always: do not wait */
    }
    return self->below->ops->wants != NULL && self->below->ops->wants(self->below, events, wait);
}

static ferry_stream_result pushback_shutdown(ferry_stream *stream) {
    return ferry_stream_shutdown(((pushback *)stream)->below);
}

static void pushback_destroy(ferry_stream *stream) {
    pushback *self = (pushback *)stream;
    self->below->ops->destroy(self->below);
    ferry_buffer_deinit(&self->bytes, self->context);
    ferry_free(self->context, self);
}

static const char *pushback_get_error_detail(ferry_stream *stream) {
    return ((const pushback *)stream)->reason;
}

static ferry_stream_result pushback_flush(ferry_stream *stream) {
    pushback *self = (pushback *)stream;
    return ferry_stream_flush(self->below, &self->reason);
}

static const ferry_stream_ops pushback_ops = {
    .read = pushback_read,
    .write = pushback_write,
    .wants = pushback_wants,
    .shutdown = pushback_shutdown,
    .destroy = pushback_destroy,
    .get_error_detail = pushback_get_error_detail,
    .flush = pushback_flush,
};

ferry_error ferry_pushback_put(ferry_context *context, ferry_buffer *bytes, ferry_stream **stream) {
    pushback *made = ferry_alloc(context, sizeof *made);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    *made = (pushback){
        .base = {.ops = &pushback_ops},
        .context = context,
        .below = *stream,
        .bytes = *bytes,
    };
    ferry_buffer_init(bytes, bytes->limit, bytes->what);
    *stream = &made->base;
    return FERRY_OK;
}
