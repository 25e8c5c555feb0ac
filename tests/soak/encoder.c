/* SPDX-License-Identifier: MIT */
/* encoder: by the encoders of the libraries that the decoders come from, at their fastest. */
#include "encoder.h"

#include "require.h"

#include <stdlib.h>
#include <string.h>
#ifdef FERRY_HAVE_ZLIB
#include <zlib.h>
#endif
#ifdef FERRY_HAVE_BROTLI
#include <brotli/encode.h>
#endif
#ifdef FERRY_HAVE_ZSTD
#include <zstd.h>
#endif

bool encoder_has(script_coding coding) {
    switch (coding) {
    case SCRIPT_CODING_IDENTITY:
        return true;
    case SCRIPT_CODING_GZIP:
    case SCRIPT_CODING_DEFLATE:
#ifdef FERRY_HAVE_ZLIB
        return true;
#else
        return false;
#endif
    case SCRIPT_CODING_BROTLI:
#ifdef FERRY_HAVE_BROTLI
        return true;
#else
        return false;
#endif
    case SCRIPT_CODING_ZSTD:
#ifdef FERRY_HAVE_ZSTD
        return true;
#else
        return false;
#endif
    }
    return false;
}

#ifdef FERRY_HAVE_ZLIB
static unsigned char *encode_zlib(int window_bits, const void *bytes, size_t length,
                                  size_t *encoded_length) {
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    require(deflateInit2(&stream, 1, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK,
            "deflateInit2");
    size_t capacity = deflateBound(&stream, (uLong)length) + 64;
    unsigned char *encoded = require_memory(malloc(capacity));
    stream.next_in = (Bytef *)(uintptr_t)bytes;
    stream.avail_in = (uInt)length;
    stream.next_out = encoded;
    stream.avail_out = (uInt)capacity;
    require(deflate(&stream, Z_FINISH) == Z_STREAM_END, "deflate");
    *encoded_length = capacity - stream.avail_out;
    deflateEnd(&stream);
    return encoded;
}
#endif

#ifdef FERRY_HAVE_BROTLI
static unsigned char *encode_brotli(const void *bytes, size_t length, size_t *encoded_length) {
    size_t capacity = BrotliEncoderMaxCompressedSize(length) + 64;
    unsigned char *encoded = require_memory(malloc(capacity));
    *encoded_length = capacity;
    require(BrotliEncoderCompress(1, 18, BROTLI_MODE_GENERIC, length, bytes, encoded_length,
                                  encoded) == BROTLI_TRUE,
            "brotli");
    return encoded;
}
#endif

#ifdef FERRY_HAVE_ZSTD
static unsigned char *encode_zstd(const void *bytes, size_t length, size_t *encoded_length) {
    size_t capacity = ZSTD_compressBound(length) + 64;
    unsigned char *encoded = require_memory(malloc(capacity));
    ZSTD_CCtx *context = require_memory(ZSTD_createCCtx());
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 1);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    *encoded_length = ZSTD_compress2(context, encoded, capacity, bytes, length);
    require(!ZSTD_isError(*encoded_length), "zstd");
    ZSTD_freeCCtx(context);
    return encoded;
}
#endif

unsigned char *encoder_encode(script_coding coding, const void *bytes, size_t length,
                              size_t *encoded_length) {
    switch (coding) {
#ifdef FERRY_HAVE_ZLIB
    case SCRIPT_CODING_GZIP:
        return encode_zlib(15 + 16, bytes, length, encoded_length);
    case SCRIPT_CODING_DEFLATE:
        return encode_zlib(15, bytes, length, encoded_length);
#endif
#ifdef FERRY_HAVE_BROTLI
    case SCRIPT_CODING_BROTLI:
        return encode_brotli(bytes, length, encoded_length);
#endif
#ifdef FERRY_HAVE_ZSTD
    case SCRIPT_CODING_ZSTD:
        return encode_zstd(bytes, length, encoded_length);
#endif
    default:
        break;
    }
    unsigned char *copy = require_memory(malloc(length + 1));
    memcpy(copy, bytes, length);
    *encoded_length = length;
    return copy;
}
