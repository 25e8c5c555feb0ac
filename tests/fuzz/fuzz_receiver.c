/* SPDX-License-Identifier: MIT */
/* fuzz_receiver: a response means the same in whatever pieces it comes, and however much room its
 * reader has. The first byte chooses the request and the end, the next two the pieces and the room.
 */
#include "h1/receiver.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EVENTS_MAX = 32 };

typedef struct result {
    ferry_h1_receiver receiver;
    ferry_headers headers;
    ferry_headers trailers;
    ferry_h1_event events[EVENTS_MAX];
    size_t event_count;
    char *body;
    size_t body_length;
} result;

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void take_heads(result *r, const ferry_h1_request_facts *request) {
    while (r->receiver.state == FERRY_H1_RECEIVER_HEADS) {
        ferry_h1_event event = ferry_h1_receiver_take_head(&r->receiver);
        if (event == FERRY_H1_EVENT_NONE) {
            return;
        }
        require(r->event_count < EVENTS_MAX);
        r->events[r->event_count++] = event;
        if (event == FERRY_H1_EVENT_FINAL) {
            ferry_span reason = ferry_h1_receiver_get_reason(&r->receiver);
            require(memchr(reason.data, '\n', reason.length) == NULL);
            ferry_h1_receiver_begin_body(&r->receiver, request);
        }
    }
}

/* Up to `piece` bytes, from *at on. False where there are none, or they are not wanted. */
static bool feed(result *r, const uint8_t *data, size_t size, size_t *at, size_t piece,
                 const ferry_h1_request_facts *request) {
    if (*at == size || r->receiver.state != FERRY_H1_RECEIVER_HEADS ||
        ferry_h1_receiver_reserve(&r->receiver) != FERRY_OK) {
        return false;
    }
    size_t capacity;
    char *room = ferry_h1_receiver_get_room(&r->receiver, &capacity);
    size_t length = ferry_size_least(ferry_size_least(piece, capacity), size - *at);
    memcpy(room, data + *at, length);
    ferry_h1_receiver_stored(&r->receiver, length);
    *at += length;
    take_heads(r, request);
    return true;
}

/* One piece of work, in memory of exactly that size, so that what goes beyond it is seen. */
static bool read_body(result *r, const uint8_t *data, size_t size, size_t *at, size_t piece,
                      size_t room) {
    if (r->receiver.state != FERRY_H1_RECEIVER_BODY) {
        return false;
    }
    bool has_bytes = ferry_h1_receiver_has_bytes(&r->receiver);
    size_t most = has_bytes ? room : ferry_h1_receiver_get_direct(&r->receiver, room);
    size_t length = ferry_size_least(ferry_size_least(piece, most), size - *at);
    require(most > 0 && most <= room);
    if (!has_bytes && length == 0) {
        return false;
    }
    char *dst = malloc(most);
    require(dst != NULL);
    size_t produced;
    if (has_bytes) {
        produced = ferry_h1_receiver_take(&r->receiver, dst, room);
    } else {
        memcpy(dst, data + *at, length);
        *at += length;
        produced = ferry_h1_receiver_take_direct(&r->receiver, dst, length);
        require(produced <= length);
    }
    require(produced <= most && r->body_length + produced <= size);
    memcpy(r->body + r->body_length, dst, produced);
    r->body_length += produced;
    free(dst);
    return true;
}

static void run(result *r, ferry_context *context, const uint8_t *data, size_t size, size_t piece,
                size_t room, const ferry_h1_request_facts *request, bool is_orderly) {
    size_t at = 0;
    memset(r, 0, sizeof *r);
    r->body = malloc(size + 1);
    require(r->body != NULL);
    ferry_headers_init(&r->headers, context);
    ferry_headers_init(&r->trailers, context);
    ferry_h1_receiver_init(&r->receiver, context, &r->headers, &r->trailers);
    while (feed(r, data, size, &at, piece, request)) {
    }
    while (read_body(r, data, size, &at, piece, room)) {
    }
    if (r->receiver.state == FERRY_H1_RECEIVER_BODY) {
        ferry_h1_receiver_end(&r->receiver, is_orderly);
        require(r->receiver.state != FERRY_H1_RECEIVER_BODY);
    }
    require((size_t)r->receiver.body_bytes == r->body_length);
    require((r->receiver.error != FERRY_OK) == (r->receiver.state == FERRY_H1_RECEIVER_FAILED));
}

static void compare(const result *a, const result *b) {
    require(a->receiver.state == b->receiver.state && a->receiver.error == b->receiver.error);
    require(a->event_count == b->event_count);
    require(memcmp(a->events, b->events, a->event_count * sizeof *a->events) == 0);
    require(a->body_length == b->body_length);
    require(memcmp(a->body, b->body, a->body_length) == 0);
    if (a->receiver.state == FERRY_H1_RECEIVER_ENDED) {
        require(a->receiver.head.code == b->receiver.head.code);
        require(a->headers.count == b->headers.count);
        require(a->trailers.count == b->trailers.count);
    }
}

static void result_free(result *r, const ferry_context *context) {
    ferry_h1_receiver_deinit(&r->receiver);
    ferry_headers_deinit(&r->trailers, context);
    ferry_headers_deinit(&r->headers, context);
    free(r->body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) {
        return 0;
    }
    ferry_context context = {
        .allocator = ferry_default_allocator,
        .max_head_bytes = 4096,
        .max_header_count = 32,
        .max_interim_responses = 8,
    };
    ferry_h1_request_facts request = {
        .is_head = (data[0] & 1) != 0,
        .is_connect = (data[0] & 2) != 0,
        .has_upgrade = (data[0] & 4) != 0,
        .wants_close = (data[0] & 8) != 0,
    };
    bool is_orderly = (data[0] & 16) == 0;
    result whole;
    result pieces;
    run(&whole, &context, data + 3, size - 3, size, size, &request, is_orderly);
    run(&pieces, &context, data + 3, size - 3, (size_t)data[1] + 1, (size_t)data[2] + 1, &request,
        is_orderly);
    compare(&whole, &pieces);
    result_free(&whole, &context);
    result_free(&pieces, &context);
    return 0;
}
