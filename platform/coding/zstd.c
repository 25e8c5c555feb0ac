/* SPDX-License-Identifier: MIT */
/* zstd: the zstd coding, frame after frame, windows up to the 8 MiB that RFC 9659 allows on
 * the web. */
#include "codings.h"

#include <string.h>

/* For ZSTD_createDStream_advanced(), the only way to hand the library an allocator; shared builds
 * export it too. */
#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>
#include <zstd_errors.h>

enum {
    MAGIC_SIZE = 4,
    WINDOW_LOG_MAX = 23, /* RFC 9659 section 3 */
};

typedef enum zstd_state {
    ZSTD_STATE_MAGIC, /* before a frame, or after the last one */
    ZSTD_STATE_FRAME,
    ZSTD_STATE_ENDED,
} zstd_state;

typedef struct zstd_decoder {
    ferry_decoder base;
    ZSTD_DStream *stream;
    zstd_state state;
    unsigned char magic[MAGIC_SIZE];
    size_t magic_length;
    bool has_frame; /* a whole one has been decoded */
    bool was_full;  /* the last call left no room: there may be more to come without input */
} zstd_decoder;

static void *zstd_alloc(void *opaque, size_t size) {
    return size == 0 ? NULL : ferry_alloc(opaque, size);
}

static void zstd_free(void *opaque, void *block) {
    ferry_free(opaque, block);
}

static ferry_error zstd_fail(zstd_decoder *decoder, size_t result) {
    ferry_context *context = decoder->base.context;
    switch (ZSTD_getErrorCode(result)) {
    case ZSTD_error_memory_allocation:
        return ferry_fail_memory(context);
    case ZSTD_error_frameParameter_windowTooLarge:
        return ferry_fail(
            context, FERRY_ERROR_INVALID_DATA,
            "the zstd data need a window of more than the 8 MiB that RFC 9659 allows");
    default:
        return ferry_fail(context, FERRY_ERROR_INVALID_DATA, "the body is not valid zstd data: %s",
                          ZSTD_getErrorName(result));
    }
}

/* RFC 8878 sections 3.1.1 and 3.1.2: a frame's magic number, or one of the 16 of frames to skip. */
static bool is_magic_byte(const zstd_decoder *decoder, unsigned char byte) {
    static const unsigned char frame[MAGIC_SIZE] = {0x28, 0xb5, 0x2f, 0xfd};
    static const unsigned char skippable[MAGIC_SIZE] = {0x50, 0x2a, 0x4d, 0x18};
    size_t i = decoder->magic_length;
    if (i == 0) {
        return byte == frame[0] || (byte & 0xf0) == skippable[0];
    }
    return byte == (decoder->magic[0] == frame[0] ? frame[i] : skippable[i]);
}

/* The magic number goes in by a call of its own. Given a whole frame and enough room at once, the
 * library would decode it in one go and not look at its window: the answer must not depend on how
 * the bytes happen to arrive. */
static ferry_error zstd_begin_frame(zstd_decoder *decoder) {
    unsigned char no_room;
    ZSTD_inBuffer in = {decoder->magic, MAGIC_SIZE, 0};
    ZSTD_outBuffer out = {&no_room, 0, 0};
    size_t result = ZSTD_decompressStream(decoder->stream, &out, &in);
    if (ZSTD_isError(result)) {
        return zstd_fail(decoder, result);
    }
    if (in.pos != in.size) {
        return ferry_fail(decoder->base.context, FERRY_ERROR_INVALID_DATA,
                          "the body is not valid zstd data: the frame header was not taken");
    }
    decoder->magic_length = 0;
    decoder->state = ZSTD_STATE_FRAME;
    return FERRY_OK;
}

static ferry_error zstd_read_magic(zstd_decoder *decoder, ZSTD_inBuffer *in) {
    unsigned char byte = ((const unsigned char *)in->src)[in->pos++];
    if (!is_magic_byte(decoder, byte)) {
        if (decoder->has_frame) {
            decoder->state = ZSTD_STATE_ENDED;
            return FERRY_OK;
        }
        return ferry_fail(decoder->base.context, FERRY_ERROR_INVALID_DATA,
                          "the body is not valid zstd data: it does not begin with a frame");
    }
    decoder->magic[decoder->magic_length++] = byte;
    return decoder->magic_length == MAGIC_SIZE ? zstd_begin_frame(decoder) : FERRY_OK;
}

/* One call of the library's, which counts calls that could move nothing and fails in the end: there
 * is none unless something can be moved. */
static ferry_error zstd_read_frame(zstd_decoder *decoder, ZSTD_inBuffer *in, ZSTD_outBuffer *out) {
    size_t in_pos = in->pos;
    size_t out_pos = out->pos;
    bool could_move = in->pos < in->size;
    size_t result = ZSTD_decompressStream(decoder->stream, out, in);
    decoder->was_full = out->pos == out->size;
    if (ZSTD_isError(result)) {
        return zstd_fail(decoder, result);
    }
    if (result == 0) {
        decoder->has_frame = true;
        decoder->state = ZSTD_STATE_MAGIC;
        decoder->was_full = false;
    } else if (could_move && in->pos == in_pos && out->pos == out_pos) {
        return ferry_fail(decoder->base.context, FERRY_ERROR_INVALID_DATA,
                          "the body is not valid zstd data: the decoder makes no progress");
    }
    return FERRY_OK;
}

static ferry_error zstd_run(zstd_decoder *decoder, ZSTD_inBuffer *in, ZSTD_outBuffer *out) {
    ferry_error error = FERRY_OK;
    while (error == FERRY_OK) {
        switch (decoder->state) {
        case ZSTD_STATE_MAGIC:
            if (in->pos == in->size) {
                return FERRY_OK;
            }
            error = zstd_read_magic(decoder, in);
            break;
        case ZSTD_STATE_FRAME:
            if (out->pos == out->size || (in->pos == in->size && !decoder->was_full)) {
                return FERRY_OK;
            }
            error = zstd_read_frame(decoder, in, out);
            break;
        case ZSTD_STATE_ENDED:
            in->pos = in->size;
            return FERRY_OK;
        }
    }
    return error;
}

static ferry_error zstd_decode(ferry_decoder *base, const void *src, size_t src_length,
                               size_t *consumed, void *dst, size_t capacity, size_t *produced) {
    ZSTD_inBuffer in = {src, src_length, 0};
    ZSTD_outBuffer out = {dst, capacity, 0};
    ferry_error error = zstd_run((zstd_decoder *)base, &in, &out);
    *consumed = in.pos;
    *produced = out.pos;
    return error;
}

static bool zstd_is_complete(const ferry_decoder *base) {
    const zstd_decoder *decoder = (const zstd_decoder *)base;
    return decoder->state == ZSTD_STATE_ENDED ||
           (decoder->state == ZSTD_STATE_MAGIC && decoder->magic_length == 0);
}

static void zstd_destroy(ferry_decoder *base) {
    zstd_decoder *decoder = (zstd_decoder *)base;
    ZSTD_freeDStream(decoder->stream);
    ferry_free(base->context, decoder);
}

static const ferry_decoder_ops zstd_ops = {
    .decode = zstd_decode,
    .is_complete = zstd_is_complete,
    .destroy = zstd_destroy,
};

static ferry_error zstd_open(ferry_context *context, ferry_decoder **result) {
    zstd_decoder *decoder = ferry_alloc(context, sizeof *decoder);
    if (decoder == NULL) {
        return ferry_fail_memory(context);
    }
    ZSTD_customMem memory = {zstd_alloc, zstd_free, context};
    *decoder = (zstd_decoder){
        .base = {&zstd_ops, context},
        .stream = ZSTD_createDStream_advanced(memory),
    };
    if (decoder->stream == NULL) {
        ferry_free(context, decoder);
        return ferry_fail_memory(context);
    }
    size_t set = ZSTD_DCtx_setParameter(decoder->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
    if (ZSTD_isError(set)) {
        zstd_destroy(&decoder->base);
        return ferry_fail(context, FERRY_ERROR_FAILED, "zstd could not be set up: %s",
                          ZSTD_getErrorName(set));
    }
    *result = &decoder->base;
    return FERRY_OK;
}

const ferry_coding ferry_coding_zstd = {"zstd", zstd_open};
