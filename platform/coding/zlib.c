/* SPDX-License-Identifier: MIT */
/* zlib: gzip with all its members, and deflate in the two forms that servers send. */
#include "codings.h"

#include <limits.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

/* Window bits, as inflateInit2() takes them. */
enum {
    BITS_ZLIB = 15,
    BITS_RAW = -15,
    BITS_GZIP = 15 + 16,
};

/* How many bytes are kept while the guess that deflate data have a zlib header may still be wrong:
 * a header, and room for the first block to show that it is none. */
enum { KEPT_SIZE = 128 };

typedef enum zlib_state {
    ZLIB_DETECT, /* deflate: the first two bytes decide on its form */
    ZLIB_TRIAL,  /* deflate: taken for RFC 1950, nothing has come out yet */
    ZLIB_DATA,
    ZLIB_NEXT, /* gzip: after a member; another one may follow */
    ZLIB_ENDED,
} zlib_state;

typedef struct zlib_decoder {
    ferry_decoder base;
    const char *name;
    z_stream stream;
    zlib_state state;
    bool is_gzip;
    bool has_begun;
    const char *trial_message; /* why the zlib form was given up; NULL: it was not */
    unsigned char kept[KEPT_SIZE];
    size_t kept_length;
    size_t kept_start; /* what of `kept` is still to be inflated begins here */
} zlib_decoder;

/* What is left of a call's input and room. */
typedef struct zlib_io {
    const unsigned char *src;
    size_t src_length;
    unsigned char *dst;
    size_t capacity;
} zlib_io;

static voidpf zlib_alloc(voidpf opaque, uInt items, uInt size) {
    return ferry_alloc(opaque, (size_t)items * size);
}

static void zlib_free(voidpf opaque, voidpf block) {
    ferry_free(opaque, block);
}

static uInt zlib_clamp(size_t size) {
    return (uInt)ferry_size_least(size, UINT_MAX);
}

static unsigned char zlib_take(zlib_io *io) {
    io->src_length--;
    return *io->src++;
}

/* RFC 1950 section 2.2: method 8, a window of at most 32 KiB, a check value, and no dictionary,
 * which nobody could have agreed on here. */
static bool is_zlib_header(const unsigned char head[2]) {
    unsigned value = head[0] * 256u + head[1];
    return (head[0] & 0x0f) == 8 && head[0] >> 4 <= 7 && value % 31 == 0 && (head[1] & 0x20) == 0;
}

static void zlib_detect(zlib_decoder *decoder, zlib_io *io) {
    decoder->kept[decoder->kept_length++] = zlib_take(io);
    if (decoder->kept_length < 2) {
        return;
    }
    if (is_zlib_header(decoder->kept)) {
        decoder->state = ZLIB_TRIAL;
    } else {
        inflateReset2(&decoder->stream, BITS_RAW);
        decoder->state = ZLIB_DATA;
    }
}

/* RFC 1952 section 2.2: a further member begins with 1f 8b; anything else is no concern of ours. */
static void zlib_look_for_member(zlib_decoder *decoder, zlib_io *io) {
    static const unsigned char magic[2] = {0x1f, 0x8b};
    unsigned char byte = zlib_take(io);
    if (byte != magic[decoder->kept_length]) {
        decoder->state = ZLIB_ENDED;
        return;
    }
    decoder->kept[decoder->kept_length++] = byte;
    if (decoder->kept_length == 2) {
        inflateReset(&decoder->stream);
        decoder->state = ZLIB_DATA;
    }
}

static void zlib_keep(zlib_decoder *decoder, zlib_io *io) {
    size_t length = KEPT_SIZE - decoder->kept_length;
    if (length > io->src_length) {
        length = io->src_length;
    }
    if (length > 0) {
        memcpy(decoder->kept + decoder->kept_length, io->src, length);
        decoder->kept_length += length;
        io->src += length;
        io->src_length -= length;
    }
}

static ferry_error zlib_fail_data(zlib_decoder *decoder, const char *message) {
    if (decoder->trial_message != NULL) {
        message = decoder->trial_message;
    }
    return ferry_fail(decoder->base.context, FERRY_ERROR_INVALID_DATA,
                      "the body is not valid %s data: %s", decoder->name,
                      message != NULL ? message : "the decoder makes no progress");
}

/* What inflate() says, made into what the decoder does next. */
static ferry_error zlib_judge(zlib_decoder *decoder, int result, bool has_moved, bool could_move) {
    switch (result) {
    case Z_STREAM_END:
        decoder->state = decoder->is_gzip ? ZLIB_NEXT : ZLIB_ENDED;
        decoder->kept_length = 0;
        decoder->kept_start = 0;
        return FERRY_OK;
    case Z_OK:
    case Z_BUF_ERROR:
        if (!has_moved && could_move) {
            return zlib_fail_data(decoder, NULL);
        }
        return FERRY_OK;
    case Z_MEM_ERROR:
        return ferry_fail_memory(decoder->base.context);
    default:
        break;
    }
    if (decoder->state == ZLIB_TRIAL && decoder->stream.total_out == 0) {
        decoder->trial_message = decoder->stream.msg;
        inflateReset2(&decoder->stream, BITS_RAW);
        decoder->kept_start = 0;
        decoder->state = ZLIB_DATA;
        return FERRY_OK;
    }
    return zlib_fail_data(decoder, decoder->stream.msg);
}

/* One call of inflate(), from the kept bytes while there are any. */
static ferry_error zlib_inflate(zlib_decoder *decoder, zlib_io *io) {
    z_stream *stream = &decoder->stream;
    unsigned char no_room = 0;
    bool from_kept = decoder->kept_start < decoder->kept_length;
    size_t kept_left = decoder->kept_length - decoder->kept_start;
    uInt in = zlib_clamp(from_kept ? kept_left : io->src_length);
    uInt out = zlib_clamp(io->capacity);
    stream->next_in = from_kept ? decoder->kept + decoder->kept_start : io->src;
    stream->avail_in = in;
    stream->next_out = io->capacity > 0 ? io->dst : &no_room;
    stream->avail_out = out;
    int result = inflate(stream, Z_NO_FLUSH);
    size_t used = in - stream->avail_in;
    size_t made = out - stream->avail_out;
    if (from_kept) {
        decoder->kept_start += used;
    } else if (used > 0) {
        io->src += used;
        io->src_length -= used;
    }
    if (made > 0) {
        io->dst += made;
        io->capacity -= made;
    }
    return zlib_judge(decoder, result, used > 0 || made > 0, in > 0 && out > 0);
}

static ferry_error zlib_go_on(zlib_decoder *decoder, zlib_io *io) {
    ferry_error error = zlib_inflate(decoder, io);
    if (decoder->state == ZLIB_TRIAL &&
        (decoder->stream.total_out > 0 || decoder->kept_start == KEPT_SIZE)) {
        decoder->state = ZLIB_DATA;
    }
    return error;
}

static bool zlib_has_input(const zlib_decoder *decoder, const zlib_io *io) {
    return io->src_length > 0 || (decoder->kept_start < decoder->kept_length &&
                                  (decoder->state == ZLIB_TRIAL || decoder->state == ZLIB_DATA));
}

static ferry_error zlib_run(zlib_decoder *decoder, zlib_io *io) {
    ferry_error error = FERRY_OK;
    bool is_first = true;
    while (error == FERRY_OK) {
        bool has_input = zlib_has_input(decoder, io);
        switch (decoder->state) {
        case ZLIB_DETECT:
            if (!has_input) {
                return FERRY_OK;
            }
            zlib_detect(decoder, io);
            break;
        case ZLIB_TRIAL:
        case ZLIB_DATA:
            /* The first time even without input or room: what was held back for want of the other
             * may go on. */
            if (!is_first && (!has_input || io->capacity == 0)) {
                return FERRY_OK;
            }
            is_first = false;
            if (decoder->state == ZLIB_TRIAL) {
                zlib_keep(decoder, io);
            }
            error = zlib_go_on(decoder, io);
            break;
        case ZLIB_NEXT:
            if (!has_input) {
                return FERRY_OK;
            }
            zlib_look_for_member(decoder, io);
            break;
        case ZLIB_ENDED:
            io->src_length = 0;
            return FERRY_OK;
        }
    }
    return error;
}

static ferry_error zlib_decode(ferry_decoder *base, const void *src, size_t src_length,
                               size_t *consumed, void *dst, size_t capacity, size_t *produced) {
    zlib_decoder *decoder = (zlib_decoder *)base;
    zlib_io io = {src, src_length, dst, capacity};
    decoder->has_begun = decoder->has_begun || src_length > 0;
    ferry_error error = zlib_run(decoder, &io);
    *consumed = src_length - io.src_length;
    *produced = capacity - io.capacity;
    return error;
}

static bool zlib_is_complete(const ferry_decoder *base) {
    const zlib_decoder *decoder = (const zlib_decoder *)base;
    return !decoder->has_begun || decoder->state == ZLIB_ENDED ||
           (decoder->state == ZLIB_NEXT && decoder->kept_length == 0);
}

static void zlib_destroy(ferry_decoder *base) {
    zlib_decoder *decoder = (zlib_decoder *)base;
    inflateEnd(&decoder->stream);
    ferry_free(base->context, decoder);
}

static const ferry_decoder_ops zlib_ops = {
    .decode = zlib_decode,
    .is_complete = zlib_is_complete,
    .destroy = zlib_destroy,
};

static ferry_error zlib_open(ferry_context *context, const char *name, int window_bits,
                             zlib_state state, ferry_decoder **result) {
    zlib_decoder *decoder = ferry_alloc(context, sizeof *decoder);
    if (decoder == NULL) {
        return ferry_fail_memory(context);
    }
    *decoder = (zlib_decoder){
        .base = {&zlib_ops, context},
        .name = name,
        .stream = {.zalloc = zlib_alloc, .zfree = zlib_free, .opaque = context},
        .state = state,
        .is_gzip = window_bits == BITS_GZIP,
    };
    int opened = inflateInit2(&decoder->stream, window_bits);
    if (opened != Z_OK) {
        ferry_free(context, decoder);
        return opened == Z_MEM_ERROR ? ferry_fail_memory(context)
                                     : ferry_fail(context, FERRY_ERROR_FAILED,
                                                  "zlib could not be set up: %s", zError(opened));
    }
    *result = &decoder->base;
    return FERRY_OK;
}

static ferry_error gzip_open(ferry_context *context, ferry_decoder **decoder) {
    return zlib_open(context, "gzip", BITS_GZIP, ZLIB_DATA, decoder);
}

static ferry_error deflate_open(ferry_context *context, ferry_decoder **decoder) {
    return zlib_open(context, "deflate", BITS_ZLIB, ZLIB_DETECT, decoder);
}

const ferry_coding ferry_coding_gzip = {"gzip", gzip_open};
const ferry_coding ferry_coding_deflate = {"deflate", deflate_open};
