/* SPDX-License-Identifier: MIT */
/* receiver: collects heads, since they are parsed as a whole. It does not collect a body: only the
 * bytes that one read brought along with the head. */
#include "receiver.h"

#include <assert.h>
#include <string.h>

enum {
    FIRST_READ = 4096,    /* a head and a small body, usually in one read */
    CHUNKED_READ = 65536, /* framing and data in one piece of work */
};

void ferry_h1_receiver_init(ferry_h1_receiver *receiver, ferry_context *context,
                            ferry_headers *headers, ferry_headers *trailers) {
    *receiver = (ferry_h1_receiver){
        .context = context,
        .headers = headers,
        .trailers = trailers,
    };
    ferry_buffer_init(&receiver->in, context->max_head_bytes + FERRY_LIMIT_READ_AHEAD,
                      "the response head");
    ferry_h1_head_init(&receiver->head);
    ferry_h1_chunked_init(&receiver->chunked, context);
}

void ferry_h1_receiver_deinit(ferry_h1_receiver *receiver) {
    ferry_h1_chunked_deinit(&receiver->chunked, receiver->context);
    ferry_buffer_deinit(&receiver->in, receiver->context);
}

void ferry_h1_receiver_reset(ferry_h1_receiver *receiver) {
    receiver->state = FERRY_H1_RECEIVER_HEADS;
    receiver->error = FERRY_OK;
    ferry_buffer_clear(&receiver->in);
    ferry_h1_head_init(&receiver->head);
    receiver->interim_count = 0;
    receiver->framing = (ferry_h1_framing){.kind = FERRY_H1_BODY_NONE};
    receiver->remaining = 0;
    ferry_h1_chunked_reset(&receiver->chunked);
    receiver->has_surplus = false;
    receiver->body_bytes = 0;
}

static void receiver_fail(ferry_h1_receiver *receiver, ferry_error error) {
    receiver->error = error;
    receiver->state = FERRY_H1_RECEIVER_FAILED;
}

/* ---- Heads ---- */

ferry_error ferry_h1_receiver_grow(ferry_h1_receiver *receiver) {
    ferry_buffer *in = &receiver->in;
    size_t wanted = in->capacity == 0 ? FIRST_READ : FERRY_H1_RECEIVER_ROOM;
    return ferry_buffer_reserve(in, receiver->context, wanted);
}

/* 1xx other than 101: the response is still to come (RFC 9110 section 15.2). */
static ferry_h1_event receiver_take_interim(ferry_h1_receiver *receiver) {
    ferry_context *context = receiver->context;
    bool is_continue = receiver->head.code == FERRY_RESPONSE_CONTINUE;
    if (++receiver->interim_count > context->max_interim_responses) {
        receiver_fail(receiver,
                      ferry_fail(context, FERRY_ERROR_TOO_LARGE,
                                 "more than %zu interim (1xx) responses (max_interim_responses)",
                                 context->max_interim_responses));
        return FERRY_H1_EVENT_ERROR;
    }
    ferry_headers_clear(receiver->headers);
    ferry_h1_head_init(&receiver->head);
    return is_continue ? FERRY_H1_EVENT_CONTINUE : FERRY_H1_EVENT_INTERIM;
}

ferry_h1_event ferry_h1_receiver_take_head(ferry_h1_receiver *receiver) {
    assert(receiver->state == FERRY_H1_RECEIVER_HEADS);
    ferry_buffer *in = &receiver->in;
    ferry_h1_head *head = &receiver->head;
    bool is_complete;
    if (!ferry_h1_receiver_has_bytes(receiver)) {
        return FERRY_H1_EVENT_NONE;
    }
    ferry_error error =
        ferry_h1_head_parse(head, receiver->context, receiver->headers, ferry_buffer_content(in),
                            ferry_buffer_length(in), &is_complete);
    if (error != FERRY_OK) {
        receiver_fail(receiver, error);
        return FERRY_H1_EVENT_ERROR;
    }
    if (!is_complete) {
        return FERRY_H1_EVENT_NONE;
    }
    receiver->head_start = in->start;
    ferry_buffer_consume(in, head->bytes);
    if (head->code < 200 && head->code != FERRY_RESPONSE_SWITCHING_PROTOCOLS) {
        return receiver_take_interim(receiver);
    }
    return FERRY_H1_EVENT_FINAL;
}

ferry_span ferry_h1_receiver_get_reason(const ferry_h1_receiver *receiver) {
    static const size_t code_end = sizeof "HTTP/1.1 407" - 1;
    const char *head = receiver->in.data + receiver->head_start;
    const char *end = memchr(head, '\n', receiver->head.bytes);
    ferry_span line = {head + code_end, (size_t)(end - head) - code_end};
    while (line.length > 0 && line.data[line.length - 1] == '\r') {
        line.length--;
    }
    return ferry_span_trim(line);
}

ferry_error ferry_h1_receiver_begin_body(ferry_h1_receiver *receiver,
                                         const ferry_h1_request_facts *request) {
    ferry_h1_framing *framing = &receiver->framing;
    ferry_error error =
        ferry_h1_framing_decide(framing, receiver->context, request, &receiver->head);
    if (error != FERRY_OK) {
        receiver_fail(receiver, error);
        return error;
    }
    receiver->remaining = framing->length;
    receiver->state =
        framing->kind == FERRY_H1_BODY_NONE ? FERRY_H1_RECEIVER_ENDED : FERRY_H1_RECEIVER_BODY;
    return FERRY_OK;
}

/* ---- The body ---- */

/* What one piece of work may look at: data in any amount, framing byte by byte. */
static size_t receiver_chunked_most(const ferry_h1_chunked *chunked, size_t capacity) {
    bool is_data = chunked->state == FERRY_H1_CHUNKED_DATA && chunked->remaining > CHUNKED_READ;
    return is_data ? capacity : CHUNKED_READ;
}

/* Undoes the chunks of `length` bytes, which may be in `dst` itself. */
static size_t receiver_decode(ferry_h1_receiver *receiver, const char *src, size_t length,
                              size_t *consumed, char *dst, size_t capacity) {
    size_t produced;
    ferry_error error =
        ferry_h1_chunked_decode(&receiver->chunked, receiver->context, receiver->trailers, src,
                                length, consumed, dst, capacity, &produced);
    if (error != FERRY_OK) {
        receiver_fail(receiver, error);
    } else if (receiver->chunked.state == FERRY_H1_CHUNKED_DONE) {
        receiver->state = FERRY_H1_RECEIVER_ENDED;
    }
    receiver->body_bytes += (int64_t)produced;
    return produced;
}

static size_t receiver_take_chunked(ferry_h1_receiver *receiver, char *dst, size_t capacity) {
    ferry_buffer *in = &receiver->in;
    size_t most = receiver_chunked_most(&receiver->chunked, capacity);
    size_t consumed;
    size_t produced =
        receiver_decode(receiver, ferry_buffer_content(in),
                        ferry_size_least(ferry_buffer_length(in), most), &consumed, dst, capacity);
    ferry_buffer_consume(in, consumed);
    return produced;
}

/* Of so many bytes, how many are the body's, which is not chunked. */
static size_t receiver_limit(const ferry_h1_receiver *receiver, size_t length) {
    bool is_too_much =
        receiver->framing.kind == FERRY_H1_BODY_LENGTH && length > receiver->remaining;
    return is_too_much ? (size_t)receiver->remaining : length;
}

/* So many bytes of it were given. */
static void receiver_count(ferry_h1_receiver *receiver, size_t length) {
    receiver->body_bytes += (int64_t)length;
    if (receiver->framing.kind == FERRY_H1_BODY_LENGTH) {
        receiver->remaining -= length;
        if (receiver->remaining == 0) {
            receiver->state = FERRY_H1_RECEIVER_ENDED;
        }
    }
}

size_t ferry_h1_receiver_take(ferry_h1_receiver *receiver, char *dst, size_t capacity) {
    assert(receiver->state == FERRY_H1_RECEIVER_BODY);
    ferry_buffer *in = &receiver->in;
    if (receiver->framing.kind == FERRY_H1_BODY_CHUNKED) {
        return receiver_take_chunked(receiver, dst, capacity);
    }
    size_t length = receiver_limit(receiver, ferry_size_least(ferry_buffer_length(in), capacity));
    memcpy(dst, ferry_buffer_content(in), length);
    ferry_buffer_consume(in, length);
    receiver_count(receiver, length);
    return length;
}

size_t ferry_h1_receiver_get_direct(const ferry_h1_receiver *receiver, size_t capacity) {
    assert(receiver->state == FERRY_H1_RECEIVER_BODY && !ferry_h1_receiver_has_bytes(receiver));
    if (receiver->framing.kind == FERRY_H1_BODY_CHUNKED) {
        return ferry_size_least(capacity, receiver_chunked_most(&receiver->chunked, capacity));
    }
    return receiver_limit(receiver, capacity);
}

size_t ferry_h1_receiver_take_direct(ferry_h1_receiver *receiver, char *dst, size_t length) {
    assert(length > 0 && length <= ferry_h1_receiver_get_direct(receiver, length));
    if (receiver->framing.kind != FERRY_H1_BODY_CHUNKED) {
        receiver_count(receiver, length);
        return length;
    }
    size_t consumed;
    size_t produced = receiver_decode(receiver, dst, length, &consumed, dst, length);
    if (!ferry_h1_are_line_ends(dst + consumed, length - consumed)) {
        receiver->has_surplus = true;
    }
    return produced;
}

void ferry_h1_receiver_end(ferry_h1_receiver *receiver, bool is_orderly) {
    ferry_h1_body_kind kind = receiver->framing.kind;
    ferry_context *context = receiver->context;
    long long received = (long long)receiver->body_bytes;
    if (is_orderly && (kind == FERRY_H1_BODY_UNTIL_CLOSE || kind == FERRY_H1_BODY_TUNNEL)) {
        receiver->state = FERRY_H1_RECEIVER_ENDED;
        return;
    }
    receiver_fail(receiver, FERRY_ERROR_BODY_TRUNCATED);
    if (kind == FERRY_H1_BODY_LENGTH) {
        ferry_fail(context, FERRY_ERROR_BODY_TRUNCATED,
                   "the connection ended after %lld of the %llu bytes of the body", received,
                   (unsigned long long)receiver->framing.length);
    } else if (kind == FERRY_H1_BODY_CHUNKED) {
        ferry_fail(context, FERRY_ERROR_BODY_TRUNCATED,
                   "the connection ended after %lld bytes, before the last chunk of the body",
                   received);
    } else {
        ferry_fail(context, FERRY_ERROR_BODY_TRUNCATED,
                   "the connection ended after %lld bytes without the end that TLS gives it",
                   received);
    }
}

/* ---- Behind it ---- */

bool ferry_h1_are_line_ends(const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (bytes[i] != '\r' && bytes[i] != '\n') {
            return false;
        }
    }
    return true;
}
