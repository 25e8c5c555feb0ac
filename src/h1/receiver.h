/* SPDX-License-Identifier: MIT */
/* receiver: says what the bytes of a connection mean: interim responses, the final head, the body,
 * the end. It calls no stream: its owner hands over what has come. It says how much of a body may
 * be read straight into the reader's memory. */
#ifndef FERRY_H1_RECEIVER_H
#define FERRY_H1_RECEIVER_H

#include "chunked.h"
#include "framing.h"

typedef enum ferry_h1_receiver_state {
    FERRY_H1_RECEIVER_HEADS = 0, /* the final head is not complete */
    FERRY_H1_RECEIVER_BODY,      /* it is, and there is a body (or a tunnel) */
    FERRY_H1_RECEIVER_ENDED,     /* the response is complete */
    FERRY_H1_RECEIVER_FAILED,    /* it is none, as `error` says; the detail is in the context */
} ferry_h1_receiver_state;

typedef enum ferry_h1_event {
    FERRY_H1_EVENT_NONE = 0, /* more bytes have to come */
    FERRY_H1_EVENT_CONTINUE, /* 100 (Continue) */
    FERRY_H1_EVENT_INTERIM,  /* another response that is not the final one: 1xx but 101 */
    FERRY_H1_EVENT_FINAL,    /* the final head: head.code, and the fields */
    FERRY_H1_EVENT_ERROR,    /* FAILED: PROTOCOL, TOO_LARGE, OUT_OF_MEMORY */
} ferry_h1_event;

typedef struct ferry_h1_receiver {
    ferry_context *context;
    ferry_headers *headers;  /* where the fields of heads go */
    ferry_headers *trailers; /* and those behind a body */
    ferry_h1_receiver_state state;
    ferry_error error;
    ferry_buffer in; /* what has come along with a head, and was not taken yet */
    ferry_h1_head head;
    size_t head_start; /* where the final head was in the memory of `in` */
    size_t interim_count;
    ferry_h1_framing framing;
    uint64_t remaining; /* of a body whose length is known */
    ferry_h1_chunked chunked;
    bool has_surplus;   /* bytes came behind the end of the response, which are lost */
    int64_t body_bytes; /* of the body, taken so far */
} ferry_h1_receiver;

void ferry_h1_receiver_init(ferry_h1_receiver *receiver, ferry_context *context,
                            ferry_headers *headers, ferry_headers *trailers);
void ferry_h1_receiver_deinit(ferry_h1_receiver *receiver);

/* Ready for the next response; keeps the memory. */
void ferry_h1_receiver_reset(ferry_h1_receiver *receiver);

/* Frees what is large, where it holds nothing. */
static inline void ferry_h1_receiver_trim(ferry_h1_receiver *receiver) {
    ferry_buffer_trim(&receiver->in, receiver->context);
    ferry_buffer_trim(&receiver->chunked.line, receiver->context);
}

/* ---- Heads ---- */

enum { FERRY_H1_RECEIVER_ROOM = 2048 };

/* Makes room for at least so many bytes of a head. OUT_OF_MEMORY, TOO_LARGE, with a detail. */
ferry_error ferry_h1_receiver_grow(ferry_h1_receiver *receiver);
static inline ferry_error ferry_h1_receiver_reserve(ferry_h1_receiver *receiver) {
    const ferry_buffer *in = &receiver->in;
    return in->capacity - in->end >= FERRY_H1_RECEIVER_ROOM ? FERRY_OK
                                                            : ferry_h1_receiver_grow(receiver);
}

/* That room: bytes may be stored at its beginning, and ferry_h1_receiver_stored() tells how many.
 */
static inline char *ferry_h1_receiver_get_room(const ferry_h1_receiver *receiver,
                                               size_t *capacity) {
    *capacity = receiver->in.capacity - receiver->in.end;
    return receiver->in.data + receiver->in.end;
}
static inline void ferry_h1_receiver_stored(ferry_h1_receiver *receiver, size_t length) {
    receiver->in.end += length;
}

/* Takes the next head that has come whole. Only those of the final one stay in `headers`, and
 * ferry_h1_receiver_begin_body() has to follow it. */
ferry_h1_event ferry_h1_receiver_take_head(ferry_h1_receiver *receiver);

/* What the status line of the final head says behind the code; until more bytes are stored. */
ferry_span ferry_h1_receiver_get_reason(const ferry_h1_receiver *receiver);

/* True where some of a head has come, but not all. */
static inline bool ferry_h1_receiver_has_begun(const ferry_h1_receiver *receiver) {
    return !ferry_h1_head_is_empty(&receiver->head);
}

/* Decides what follows the final head. PROTOCOL, with a detail. */
ferry_error ferry_h1_receiver_begin_body(ferry_h1_receiver *receiver,
                                         const ferry_h1_request_facts *request);

/* ---- The body ---- */

/* True where bytes of it have come along with the head: they are to be taken first. */
static inline bool ferry_h1_receiver_has_bytes(const ferry_h1_receiver *receiver) {
    return ferry_buffer_length(&receiver->in) > 0;
}

/* Gives bytes of the body that have come; returns how many. It is a bounded piece of work, which
 * may give none. Look at the state: ENDED, or FAILED for PROTOCOL, TOO_LARGE, OUT_OF_MEMORY. */
size_t ferry_h1_receiver_take(ferry_h1_receiver *receiver, char *dst, size_t capacity);

/* How many bytes, where none have come, may be read straight into a reader's memory that has room
 * for `capacity` of them. */
size_t ferry_h1_receiver_get_direct(const ferry_h1_receiver *receiver, size_t capacity);

/* So many bytes were read there. Returns how many of them are now the body's, in front. As
 * ferry_h1_receiver_take(). */
size_t ferry_h1_receiver_take_direct(ferry_h1_receiver *receiver, char *dst, size_t length);

/* The stream has ended; `is_orderly`: as its peer meant it to. FAILED for BODY_TRUNCATED where that
 * is not the end of the body. */
void ferry_h1_receiver_end(ferry_h1_receiver *receiver, bool is_orderly);

/* True where nothing of the response is left with the peer. */
static inline bool ferry_h1_receiver_has_arrived(const ferry_h1_receiver *receiver) {
    return receiver->state == FERRY_H1_RECEIVER_ENDED ||
           (receiver->framing.kind == FERRY_H1_BODY_LENGTH &&
            ferry_buffer_length(&receiver->in) >= receiver->remaining);
}

static inline bool ferry_h1_receiver_is_tunnel(const ferry_h1_receiver *receiver) {
    return receiver->framing.kind == FERRY_H1_BODY_TUNNEL;
}

/* ---- Behind it ---- */

/* Nothing but CR and LF: what some servers put behind a body, and may stand in front of a message
 * (RFC 9112 section 2.2). */
bool ferry_h1_are_line_ends(const char *bytes, size_t length);

/* After the end, true where the connection can carry another response. */
static inline bool ferry_h1_receiver_is_reusable(const ferry_h1_receiver *receiver) {
    return receiver->framing.keep_alive && !receiver->has_surplus;
}

/* After the end, true where something has come that is no part of the response. */
static inline bool ferry_h1_receiver_has_rest(const ferry_h1_receiver *receiver) {
    return ferry_h1_receiver_has_bytes(receiver) &&
           !ferry_h1_are_line_ends(ferry_buffer_content(&receiver->in),
                                   ferry_buffer_length(&receiver->in));
}

#endif
