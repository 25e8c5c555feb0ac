/* SPDX-License-Identifier: MIT */
/* chunked: a state for each place in the grammar, so that bytes may come in any pieces and none
 * needs to be kept but those of an incomplete trailer line. Line ends are CRLF only: see
 * ferry_h1_line_end. */
#include "chunked.h"

#include "base/number.h"

#include <assert.h>
#include <string.h>

enum { CHUNK_LINE_LIMIT = 4096 };

void ferry_h1_chunked_init(ferry_h1_chunked *chunked, const ferry_context *context) {
    *chunked = (ferry_h1_chunked){.state = FERRY_H1_CHUNKED_SIZE};
    ferry_buffer_init(&chunked->line, context->max_head_bytes, "a line of the trailers");
}

void ferry_h1_chunked_deinit(ferry_h1_chunked *chunked, const ferry_context *context) {
    ferry_buffer_deinit(&chunked->line, context);
}

void ferry_h1_chunked_reset(ferry_h1_chunked *chunked) {
    chunked->state = FERRY_H1_CHUNKED_SIZE;
    chunked->remaining = 0;
    chunked->line_bytes = 0;
    chunked->trailer_bytes = 0;
    ferry_buffer_clear(&chunked->line);
}

static ferry_error chunked_refuse(ferry_context *context, const char *what) {
    return ferry_fail(context, FERRY_ERROR_PROTOCOL, "the chunked body is broken: %s", what);
}

static ferry_error chunked_take_size_digit(ferry_h1_chunked *chunked, ferry_context *context,
                                           int digit) {
    /* 63 bits: a size must fit the signed numbers that count bytes. */
    if (chunked->remaining > (uint64_t)INT64_MAX >> 4) {
        return chunked_refuse(context, "a chunk size over 63 bits");
    }
    chunked->remaining = chunked->remaining << 4 | (uint64_t)digit;
    chunked->state = FERRY_H1_CHUNKED_SIZE_DIGITS;
    return FERRY_OK;
}

static ferry_error chunked_take_after_size(ferry_h1_chunked *chunked, ferry_context *context,
                                           char c) {
    if (c == '\r') {
        chunked->state = FERRY_H1_CHUNKED_SIZE_LF;
    } else if (c == ';') {
        chunked->state = FERRY_H1_CHUNKED_EXTENSION;
    } else if (c == ' ' || c == '\t') {
        chunked->state = FERRY_H1_CHUNKED_SIZE_SPACE;
    } else {
        return chunked_refuse(context, "something other than a size in the line of a chunk size");
    }
    return FERRY_OK;
}

/* One byte of a chunk-size line. */
static ferry_error chunked_take_size_line_byte(ferry_h1_chunked *chunked, ferry_context *context,
                                               char c) {
    if (++chunked->line_bytes > CHUNK_LINE_LIMIT) {
        return ferry_fail(context, FERRY_ERROR_TOO_LARGE, "a chunk size line exceeds %d bytes",
                          CHUNK_LINE_LIMIT);
    }
    if (chunked->state == FERRY_H1_CHUNKED_SIZE || chunked->state == FERRY_H1_CHUNKED_SIZE_DIGITS) {
        int digit = ferry_hex_value(c);
        if (digit >= 0) {
            return chunked_take_size_digit(chunked, context, digit);
        }
        if (chunked->state == FERRY_H1_CHUNKED_SIZE) {
            return chunked_refuse(context, "a chunk size that is not hexadecimal");
        }
        return chunked_take_after_size(chunked, context, c);
    }
    if (chunked->state == FERRY_H1_CHUNKED_SIZE_SPACE) {
        return chunked_take_after_size(chunked, context, c);
    }
    if (chunked->state == FERRY_H1_CHUNKED_EXTENSION) {
        if (c == '\r') {
            chunked->state = FERRY_H1_CHUNKED_SIZE_LF;
        } else if (c == '\n' || c == '\0') {
            return chunked_refuse(context, "a bare LF or a NUL in a chunk extension");
        }
        return FERRY_OK;
    }
    if (c != '\n') {
        return chunked_refuse(context, "a CR without its LF after a chunk size");
    }
    chunked->line_bytes = 0;
    chunked->state = chunked->remaining > 0 ? FERRY_H1_CHUNKED_DATA : FERRY_H1_CHUNKED_TRAILERS;
    return FERRY_OK;
}

static ferry_error chunked_take_trailer_line(ferry_h1_chunked *chunked, ferry_context *context,
                                             ferry_headers *trailers, ferry_span line) {
    if (line.length > 0) {
        return ferry_h1_field_add(context, trailers, line);
    }
    ferry_error error = ferry_headers_seal(trailers, context);
    if (error != FERRY_OK) {
        return ferry_headers_explain(trailers, context, error);
    }
    chunked->state = FERRY_H1_CHUNKED_DONE;
    return FERRY_OK;
}

/* Takes bytes up to the next LF; a line in one piece is not copied. */
static ferry_error chunked_take_trailers(ferry_h1_chunked *chunked, ferry_context *context,
                                         ferry_headers *trailers, const char *src, size_t length,
                                         size_t *taken) {
    const char *lf = memchr(src, '\n', length);
    *taken = lf != NULL ? (size_t)(lf - src) + 1 : length;
    chunked->trailer_bytes += *taken;
    if (chunked->trailer_bytes > context->max_head_bytes) {
        return ferry_fail(context, FERRY_ERROR_TOO_LARGE,
                          "the trailers exceed %zu bytes (max_head_bytes)",
                          context->max_head_bytes);
    }
    ferry_span text = {src, *taken};
    if (lf == NULL || ferry_buffer_length(&chunked->line) > 0) {
        ferry_error error = ferry_buffer_append(&chunked->line, context, src, *taken);
        if (error != FERRY_OK) {
            return error;
        }
        text =
            (ferry_span){ferry_buffer_content(&chunked->line), ferry_buffer_length(&chunked->line)};
    }
    if (lf == NULL) {
        return FERRY_OK;
    }
    assert(text.data != NULL);
    ferry_h1_line_end end = ferry_h1_find_line_end(text.data, text.data + text.length);
    ferry_error error = FERRY_OK;
    if (end.length == FERRY_H1_BAD_BYTE) {
        error = ferry_h1_refuse_line(context, text);
    } else if (end.length != 2) {
        error = chunked_refuse(context, "a bare LF ends a line of its trailers");
    } else {
        ferry_span line = {text.data, (size_t)(end.at - text.data)};
        error = chunked_take_trailer_line(chunked, context, trailers, line);
    }
    ferry_buffer_clear(&chunked->line);
    return error;
}

/* How much of the chunk's data there is, and room for. */
static size_t chunked_data_length(const ferry_h1_chunked *chunked, size_t given, size_t room) {
    size_t length = ferry_size_least(given, room);
    return chunked->remaining < length ? (size_t)chunked->remaining : length;
}

ferry_error ferry_h1_chunked_decode(ferry_h1_chunked *chunked, ferry_context *context,
                                    ferry_headers *trailers, const char *src, size_t src_length,
                                    size_t *consumed, char *dst, size_t capacity,
                                    size_t *produced) {
    size_t at = 0;
    size_t out = 0;
    ferry_error error = FERRY_OK;
    while (error == FERRY_OK && at < src_length && chunked->state != FERRY_H1_CHUNKED_DONE) {
        switch (chunked->state) {
        case FERRY_H1_CHUNKED_SIZE:
        case FERRY_H1_CHUNKED_SIZE_DIGITS:
        case FERRY_H1_CHUNKED_SIZE_SPACE:
        case FERRY_H1_CHUNKED_EXTENSION:
        case FERRY_H1_CHUNKED_SIZE_LF:
            error = chunked_take_size_line_byte(chunked, context, src[at++]);
            break;
        case FERRY_H1_CHUNKED_DATA: {
            size_t length = chunked_data_length(chunked, src_length - at, capacity - out);
            if (length == 0) {
                goto full;
            }
            memmove(dst + out, src + at, length);
            at += length;
            out += length;
            chunked->remaining -= length;
            if (chunked->remaining == 0) {
                chunked->state = FERRY_H1_CHUNKED_DATA_CR;
            }
            break;
        }
        case FERRY_H1_CHUNKED_DATA_CR:
            if (src[at++] != '\r') {
                error = chunked_refuse(context, "no CRLF after the data of a chunk");
            }
            chunked->state = FERRY_H1_CHUNKED_DATA_LF;
            break;
        case FERRY_H1_CHUNKED_DATA_LF:
            if (src[at++] != '\n') {
                error = chunked_refuse(context, "no CRLF after the data of a chunk");
            }
            chunked->state = FERRY_H1_CHUNKED_SIZE;
            break;
        case FERRY_H1_CHUNKED_TRAILERS: {
            size_t taken;
            error = chunked_take_trailers(chunked, context, trailers, src + at, src_length - at,
                                          &taken);
            at += taken;
            break;
        }
        case FERRY_H1_CHUNKED_DONE:
            break;
        }
    }
full:
    *consumed = at;
    *produced = out;
    return error;
}
