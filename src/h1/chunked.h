/* SPDX-License-Identifier: MIT */
/* chunked: undoes the chunked transfer coding (RFC 9112 section 7.1). */
#ifndef FERRY_H1_CHUNKED_H
#define FERRY_H1_CHUNKED_H

#include "field.h"

typedef enum ferry_h1_chunked_state {
    FERRY_H1_CHUNKED_SIZE = 0,    /* before the first digit of a chunk-size */
    FERRY_H1_CHUNKED_SIZE_DIGITS, /* after a digit */
    FERRY_H1_CHUNKED_SIZE_SPACE,  /* white space before an extension */
    FERRY_H1_CHUNKED_EXTENSION,   /* in an extension, which is skipped */
    FERRY_H1_CHUNKED_SIZE_LF,     /* the LF of a chunk-size line */
    FERRY_H1_CHUNKED_DATA,        /* `remaining` bytes of data */
    FERRY_H1_CHUNKED_DATA_CR,     /* the CR after the data */
    FERRY_H1_CHUNKED_DATA_LF,     /* the LF after the data */
    FERRY_H1_CHUNKED_TRAILERS,    /* lines up to an empty one */
    FERRY_H1_CHUNKED_DONE,
} ferry_h1_chunked_state;

typedef struct ferry_h1_chunked {
    ferry_h1_chunked_state state;
    uint64_t remaining;
    size_t line_bytes;    /* of the current chunk-size line */
    size_t trailer_bytes; /* of all trailer lines */
    ferry_buffer line;    /* a trailer line that is not complete */
} ferry_h1_chunked;

void ferry_h1_chunked_init(ferry_h1_chunked *chunked, const ferry_context *context);
void ferry_h1_chunked_deinit(ferry_h1_chunked *chunked, const ferry_context *context);

/* Ready for a new body; keeps the memory. */
void ferry_h1_chunked_reset(ferry_h1_chunked *chunked);

/* Takes coded bytes from `src`, moves data to `dst`, which may be `src` itself: data never outrun
 * the bytes they come from. All of `src` is consumed unless `dst` is full or the body is done.
 * Trailers go to `trailers`. PROTOCOL, TOO_LARGE, OUT_OF_MEMORY, with a detail. */
ferry_error ferry_h1_chunked_decode(ferry_h1_chunked *chunked, ferry_context *context,
                                    ferry_headers *trailers, const char *src, size_t src_length,
                                    size_t *consumed, char *dst, size_t capacity, size_t *produced);

#endif
