/* SPDX-License-Identifier: MIT */
/* stream: how the library calls a stream, its own or a program's. It counts the bytes that move,
 * and checks that the stream keeps its contract. */
#ifndef FERRY_WIRE_STREAM_H
#define FERRY_WIRE_STREAM_H

#include "base/context.h"

/* What a call of the stream gave, where it is not simply some bytes. */
ferry_stream_result ferry_stream_explain(ferry_stream *stream, ferry_stream_result result,
                                         size_t moved, const char **reason);

/* As the stream's own `read`. With FERRY_STREAM_FAILED, *reason says why, and is never NULL. A
 * stream that says OK and moved no byte, or more than it was asked for, has failed: the loops that
 * call it rely on progress. */
static inline ferry_stream_result ferry_stream_read(ferry_context *context, ferry_stream *stream,
                                                    void *dst, size_t capacity, size_t *length,
                                                    const char **reason) {
    size_t moved = 0;
    ferry_stream_result result = stream->ops->read(stream, dst, capacity, &moved);
    if (result != FERRY_STREAM_OK || moved == 0 || moved > capacity) {
        return ferry_stream_explain(stream, result, moved, reason);
    }
    context->bytes_moved += moved;
    *length = moved;
    return FERRY_STREAM_OK;
}

/* As the stream's own `write`. */
ferry_stream_result ferry_stream_write(ferry_context *context, ferry_stream *stream,
                                       const ferry_slice *slices, size_t count, size_t *length,
                                       const char **reason);

/* As the stream's own `flush`, and OK where it has none. */
ferry_stream_result ferry_stream_flush(ferry_stream *stream, const char **reason);

/* As the stream's own `shutdown`, and OK where it has none. */
ferry_stream_result ferry_stream_shutdown(ferry_stream *stream);

#endif
