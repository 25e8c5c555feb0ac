/* SPDX-License-Identifier: MIT */
/* coding: undoes one content coding (RFC 9110 section 8.4.1). The linker decides which ones there
 * are. */
#ifndef FERRY_MESSAGE_CODING_H
#define FERRY_MESSAGE_CODING_H

#include "base/context.h"
#include "base/span.h"

typedef struct ferry_decoder ferry_decoder;

typedef struct ferry_decoder_ops {
    /* Takes bytes from `src` and gives decoded ones to `dst`; either number may be 0. It makes
     * progress unless it needs more input (then all of `src` is consumed) or more room (then `dst`
     * is full). INVALID_DATA with a detail where the data are not what the coding says. Bytes after
     * the end of the coded data are consumed and ignored, but a further gzip member is decoded
     * (RFC 1952 section 2.2). */
    ferry_error (*decode)(ferry_decoder *decoder, const void *src, size_t src_length,
                          size_t *consumed, void *dst, size_t capacity, size_t *produced);
    /* True where the data may end here: everything is complete, or nothing came at all. */
    bool (*is_complete)(const ferry_decoder *decoder);
    void (*destroy)(ferry_decoder *decoder);
} ferry_decoder_ops;

/* The first member of each decoder's own struct. */
struct ferry_decoder {
    const ferry_decoder_ops *ops;
    ferry_context *context;
};

typedef struct ferry_coding {
    const char *name; /* lower case, as in Accept-Encoding */
    ferry_error (*open)(ferry_context *context, ferry_decoder **decoder);
} ferry_coding;

/* The codings that are built in, in order of preference, and the Accept-Encoding value that names
 * them (empty where there is none). Defined in platform/coding/registry.c, and empty in web/: the
 * browser has undone them already. */
extern const ferry_coding *const ferry_codings[]; /* ends with NULL */
extern const ferry_span ferry_codings_accept;

#endif
