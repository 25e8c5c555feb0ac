/* SPDX-License-Identifier: MIT */
/* brotli: the br coding, windows up to the 16 MiB of RFC 7932. */
#include "codings.h"

#include <brotli/decode.h>

typedef struct brotli_decoder {
    ferry_decoder base;
    BrotliDecoderState *state;
    bool has_begun;
    bool has_ended;
} brotli_decoder;

static void *brotli_alloc(void *opaque, size_t size) {
    return size == 0 ? NULL : ferry_alloc(opaque, size);
}

static void brotli_free(void *opaque, void *block) {
    ferry_free(opaque, block);
}

static ferry_error brotli_fail(brotli_decoder *decoder) {
    BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(decoder->state);
    /* The codes of failed allocations are a range of their own. */
    if (code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
        code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES) {
        return ferry_fail_memory(decoder->base.context);
    }
    return ferry_fail(decoder->base.context, FERRY_ERROR_INVALID_DATA,
                      "the body is not valid br data: %s", BrotliDecoderErrorString(code));
}

static ferry_error brotli_decode(ferry_decoder *base, const void *src, size_t src_length,
                                 size_t *consumed, void *dst, size_t capacity, size_t *produced) {
    brotli_decoder *decoder = (brotli_decoder *)base;
    *consumed = 0;
    *produced = 0;
    decoder->has_begun = decoder->has_begun || src_length > 0;
    if (!decoder->has_begun || decoder->has_ended) {
        *consumed = src_length;
        return FERRY_OK;
    }
    const uint8_t *next_in = src;
    size_t in = src_length;
    uint8_t *next_out = dst;
    size_t out = capacity;
    BrotliDecoderResult result =
        BrotliDecoderDecompressStream(decoder->state, &in, &next_in, &out, &next_out, NULL);
    *consumed = src_length - in;
    *produced = capacity - out;
    switch (result) {
    case BROTLI_DECODER_RESULT_SUCCESS:
        decoder->has_ended = true;
        *consumed = src_length;
        return FERRY_OK;
    case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT:
    case BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT:
        return FERRY_OK;
    case BROTLI_DECODER_RESULT_ERROR:
        break;
    }
    return brotli_fail(decoder);
}

static bool brotli_is_complete(const ferry_decoder *base) {
    const brotli_decoder *decoder = (const brotli_decoder *)base;
    return !decoder->has_begun || decoder->has_ended;
}

static void brotli_destroy(ferry_decoder *base) {
    brotli_decoder *decoder = (brotli_decoder *)base;
    BrotliDecoderDestroyInstance(decoder->state);
    ferry_free(base->context, decoder);
}

static const ferry_decoder_ops brotli_ops = {
    .decode = brotli_decode,
    .is_complete = brotli_is_complete,
    .destroy = brotli_destroy,
};

static ferry_error brotli_open(ferry_context *context, ferry_decoder **result) {
    brotli_decoder *decoder = ferry_alloc(context, sizeof *decoder);
    if (decoder == NULL) {
        return ferry_fail_memory(context);
    }
    *decoder = (brotli_decoder){
        .base = {&brotli_ops, context},
        .state = BrotliDecoderCreateInstance(brotli_alloc, brotli_free, context),
    };
    if (decoder->state == NULL) {
        ferry_free(context, decoder);
        return ferry_fail_memory(context);
    }
    *result = &decoder->base;
    return FERRY_OK;
}

const ferry_coding ferry_coding_brotli = {"br", brotli_open};
