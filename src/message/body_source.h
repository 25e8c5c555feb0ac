/* SPDX-License-Identifier: MIT */
/* body_source: a request body that a function of the program's gives (ferry_request.body_read):
 * what it is asked for, and what it must not do. */
#ifndef FERRY_MESSAGE_BODY_SOURCE_H
#define FERRY_MESSAGE_BODY_SOURCE_H

#include "backend.h"

typedef struct ferry_body_source {
    ferry_body_read read; /* NULL: there is none */
    void *ctx;
    int64_t remaining; /* of the announced length; -1: none was announced */
} ferry_body_source;

/* True once nothing more is to be asked for. */
static inline bool ferry_body_source_is_exhausted(const ferry_body_source *source) {
    return source->remaining == 0;
}

/* Has the next piece stored in `dst`, 1 to `capacity` bytes; *length 0: the body has ended, where
 * it may. Fails, with a detail, as the function says, and INVALID_PARAMETER where it says that it
 * stored more than there was room for, or ends before the announced length. */
ferry_error ferry_body_source_read(ferry_body_source *source, ferry_context *context, void *dst,
                                   size_t capacity, size_t *length);

#endif
