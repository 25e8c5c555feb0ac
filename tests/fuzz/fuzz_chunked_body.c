/* SPDX-License-Identifier: MIT */
/* fuzz_chunked_body: the chunked decoder gives the same for any pieces and any room, and when it
 * decodes in place. The first two bytes choose the pieces. */
#include "h1/chunked.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct result {
    ferry_error error;
    ferry_h1_chunked_state state;
    size_t consumed;
    size_t produced;
    char *body;
    size_t trailer_count;
} result;

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static size_t least(size_t a, size_t b) {
    return a < b ? a : b;
}

static void decode(result *r, ferry_context *context, const char *data, size_t size, size_t piece,
                   size_t room, bool in_place) {
    ferry_h1_chunked chunked;
    ferry_headers trailers;
    ferry_h1_chunked_init(&chunked, context);
    ferry_headers_init(&trailers, context);
    *r = (result){.body = malloc(size + 1)};
    require(r->body != NULL);
    while (r->error == FERRY_OK && r->consumed < size && chunked.state != FERRY_H1_CHUNKED_DONE) {
        size_t length = least(piece, size - r->consumed);
        size_t capacity = in_place ? length : room;
        char *src = malloc(length);
        char *dst = in_place ? src : malloc(capacity);
        require(src != NULL && dst != NULL);
        memcpy(src, data + r->consumed, length);
        size_t consumed;
        size_t produced;
        r->error = ferry_h1_chunked_decode(&chunked, context, &trailers, src, length, &consumed,
                                           dst, capacity, &produced);
        require(consumed <= length && produced <= capacity && produced <= consumed);
        require(r->error != FERRY_OK || consumed > 0);
        memcpy(r->body + r->produced, dst, produced);
        r->consumed += consumed;
        r->produced += produced;
        if (!in_place) {
            free(dst);
        }
        free(src);
    }
    r->state = chunked.state;
    r->trailer_count = trailers.count;
    ferry_headers_deinit(&trailers, context);
    ferry_h1_chunked_deinit(&chunked, context);
}

static void compare(const result *a, const result *b) {
    require(a->error == b->error && a->produced == b->produced);
    require(memcmp(a->body, b->body, a->produced) == 0);
    if (a->error == FERRY_OK) {
        require(a->state == b->state && a->consumed == b->consumed);
        require(a->trailer_count == b->trailer_count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) {
        return 0;
    }
    ferry_context context = {
        .allocator = ferry_default_allocator,
        .max_head_bytes = 1024,
        .max_header_count = 16,
        .max_interim_responses = 8,
    };
    const char *bytes = (const char *)data + 2;
    size_t length = size - 2;
    result whole;
    result pieces;
    result in_place;
    decode(&whole, &context, bytes, length, length, length, false);
    decode(&pieces, &context, bytes, length, (size_t)data[0] % 31 + 1, (size_t)data[1] % 31 + 1,
           false);
    decode(&in_place, &context, bytes, length, (size_t)data[1] + 1, 0, true);
    compare(&whole, &pieces);
    compare(&whole, &in_place);
    free(whole.body);
    free(pieces.body);
    free(in_place.body);
    return 0;
}
