/* SPDX-License-Identifier: MIT */
/* stream: calls the read, write and flush of every stream. */
#include "stream.h"

#include <stddef.h>

static const char *stream_reason(ferry_stream *stream) {
    const char *reason =
        stream->ops->get_error_detail != NULL ? stream->ops->get_error_detail(stream) : NULL;
    return reason != NULL ? reason : "the connection failed";
}

ferry_stream_result ferry_stream_explain(ferry_stream *stream, ferry_stream_result result,
                                         size_t moved, const char **reason) {
    if (result == FERRY_STREAM_OK) {
        *reason = moved == 0 ? "the stream says that it moved bytes, and moved none"
                             : "the stream says that it moved more bytes than it was asked for";
        return FERRY_STREAM_FAILED;
    }
    if (result == FERRY_STREAM_FAILED) {
        *reason = stream_reason(stream);
    }
    return result;
}

ferry_stream_result ferry_stream_write(ferry_context *context, ferry_stream *stream,
                                       const ferry_slice *slices, size_t count, size_t *length,
                                       const char **reason) {
    size_t moved = 0;
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        most += slices[i].length;
    }
    ferry_stream_result result = stream->ops->write(stream, slices, count, &moved);
    if (result == FERRY_STREAM_OK && moved > 0 && moved <= most) {
        context->bytes_moved += moved;
        *length = moved;
        return FERRY_STREAM_OK;
    }
    /* Only reading has an end of its own. */
    if (result == FERRY_STREAM_END || result == FERRY_STREAM_TRUNCATED) {
        *reason = "the stream takes no more bytes";
        return FERRY_STREAM_FAILED;
    }
    return ferry_stream_explain(stream, result, moved, reason);
}

ferry_stream_result ferry_stream_flush(ferry_stream *stream, const char **reason) {
    ferry_stream_result result =
        stream->ops->flush != NULL ? stream->ops->flush(stream) : FERRY_STREAM_OK;
    if (result == FERRY_STREAM_OK || result == FERRY_STREAM_AGAIN) {
        return result;
    }
    *reason = stream_reason(stream);
    return FERRY_STREAM_FAILED;
}

ferry_stream_result ferry_stream_shutdown(ferry_stream *stream) {
    return stream->ops->shutdown != NULL ? stream->ops->shutdown(stream) : FERRY_STREAM_OK;
}
