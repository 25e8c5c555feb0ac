/* SPDX-License-Identifier: MIT */
/* sender: the states of a request that is being sent, and its bytes. The head and the pieces of
 * a body go through `out`; a body that lies in memory goes out from there, behind what is in
 * `out`. */
#include "sender.h"

#include "message/announced_length.h"
#include "request_head.h"

#include <assert.h>
#include <string.h>

enum {
    PIECE_MAX = FERRY_SEND_PIECE, /* a chunk that was announced must be sent whole: this much of one
                                     may have to be kept here */
    /* More than an idle client keeps, so that it goes when the upload is over. */
    PULL_ROOM = 2 * FERRY_KEPT_BYTES,
    PULL_MAX = PULL_ROOM - FERRY_H1_CHUNK_SIZE_LINE - 2,
};

/*  state       is followed by            when
 *
 *  IDLE        HELD                      a request begins, and the server is to say 100 (Continue)
 *              OPEN, PULLING, LAST       one begins whose body comes from the caller, from the
 *                                        program's function, or is here
 *  HELD        HELD_ENDED                the caller gives no piece
 *              OPEN, PULLING, LAST       the server says so, or is waited for no longer
 *  HELD_ENDED  LAST                      likewise
 *  OPEN        FULL                      a piece was not taken whole
 *              LAST                      the caller has given all
 *  FULL        OPEN                      there may be room
 *              LAST                      the caller has given all
 *  PULLING     LAST                      the program's function has
 *  LAST        PASSING                   all was written
 *  PASSING     IDLE                      the stream has passed it on
 *
 *  IDLE follows any where the request is cut, or the connection goes; OPEN any where the connection
 *  becomes a tunnel. */
static void sender_enter(ferry_h1_sender *sender, ferry_h1_sender_state next) {
    enum {
        ALWAYS = 1 << FERRY_H1_SENDER_IDLE | 1 << FERRY_H1_SENDER_OPEN,
        BODY = 1 << FERRY_H1_SENDER_PULLING | 1 << FERRY_H1_SENDER_LAST,
    };
    static const unsigned followers[] = {
        [FERRY_H1_SENDER_IDLE] = ALWAYS | BODY | 1 << FERRY_H1_SENDER_HELD,
        [FERRY_H1_SENDER_HELD] = ALWAYS | BODY | 1 << FERRY_H1_SENDER_HELD_ENDED,
        [FERRY_H1_SENDER_HELD_ENDED] = ALWAYS | 1 << FERRY_H1_SENDER_LAST,
        [FERRY_H1_SENDER_OPEN] = ALWAYS | 1 << FERRY_H1_SENDER_FULL | 1 << FERRY_H1_SENDER_LAST,
        [FERRY_H1_SENDER_FULL] = ALWAYS | 1 << FERRY_H1_SENDER_FULL | 1 << FERRY_H1_SENDER_LAST,
        [FERRY_H1_SENDER_PULLING] = ALWAYS | 1 << FERRY_H1_SENDER_LAST,
        [FERRY_H1_SENDER_LAST] = ALWAYS | 1 << FERRY_H1_SENDER_PASSING,
        [FERRY_H1_SENDER_PASSING] = ALWAYS,
    };
    assert((followers[sender->state] >> next & 1) != 0);
    (void)followers;
    sender->state = next;
}

static bool sender_is_empty(const ferry_h1_sender *sender) {
    return !ferry_h1_sender_has_out(sender) && sender->piece.length == 0 &&
           sender->suffix.length == 0;
}

/* LAST is over once everything was written. */
static void sender_advance(ferry_h1_sender *sender) {
    if (sender->state == FERRY_H1_SENDER_LAST && sender_is_empty(sender)) {
        sender_enter(sender, FERRY_H1_SENDER_PASSING);
    }
}

void ferry_h1_sender_init(ferry_h1_sender *sender, ferry_context *context) {
    *sender = (ferry_h1_sender){.context = context};
    ferry_buffer_init(&sender->out, FERRY_LIMIT_REQUEST, "the request");
    ferry_buffer_init(&sender->held, FERRY_LIMIT_COPIED_BODY, "the request");
}

void ferry_h1_sender_deinit(ferry_h1_sender *sender) {
    ferry_buffer_deinit(&sender->held, sender->context);
    ferry_buffer_deinit(&sender->out, sender->context);
}

/* Forgets the body, but for what is in `out`. */
static void sender_drop_body(ferry_h1_sender *sender) {
    sender->body = FERRY_H1_SENDER_WHOLE;
    sender->piece = (ferry_span){NULL, 0};
    sender->suffix = (ferry_span){NULL, 0};
    ferry_buffer_clear(&sender->held);
}

void ferry_h1_sender_reset(ferry_h1_sender *sender) {
    sender_drop_body(sender);
    ferry_buffer_clear(&sender->out);
    sender->out_framing = 0;
    sender->out_body = 0;
    sender_enter(sender, FERRY_H1_SENDER_IDLE);
}

/* ---- The message ---- */

/* All that was announced has been given: the request is complete, whether or not the caller ever
 * says so. */
static void sender_check_length(ferry_h1_sender *sender) {
    if (sender->remaining == 0) {
        sender_enter(sender, FERRY_H1_SENDER_LAST);
        sender_advance(sender);
    }
}

static ferry_h1_sender_body sender_body_of(const ferry_message *message) {
    if (!message->streamed) {
        bool is_borrowed = message->is_borrowed && message->body_length > 0;
        return is_borrowed ? FERRY_H1_SENDER_BORROWED : FERRY_H1_SENDER_WHOLE;
    }
    if (message->body_read == NULL) {
        return FERRY_H1_SENDER_PIECES;
    }
    return message->streamed_length != 0 ? FERRY_H1_SENDER_SOURCE : FERRY_H1_SENDER_WHOLE;
}

/* Keeps what is to be sent after 100 (Continue). */
static ferry_error sender_hold(ferry_h1_sender *sender, const ferry_message *message) {
    sender_enter(sender, FERRY_H1_SENDER_HELD);
    if (sender->body == FERRY_H1_SENDER_BORROWED) {
        sender->borrowed = (ferry_span){message->body, message->body_length};
        return FERRY_OK;
    }
    return ferry_buffer_append(&sender->held, sender->context, message->body, message->body_length);
}

/* The body may come, from wherever it does. */
static void sender_start_body(ferry_h1_sender *sender, ferry_span body) {
    switch (sender->body) {
    case FERRY_H1_SENDER_WHOLE:
    case FERRY_H1_SENDER_BORROWED:
        sender->piece = body;
        sender_enter(sender, FERRY_H1_SENDER_LAST);
        break;
    case FERRY_H1_SENDER_PIECES:
        sender_enter(sender, FERRY_H1_SENDER_OPEN);
        sender_check_length(sender);
        break;
    case FERRY_H1_SENDER_SOURCE:
        sender_enter(sender, FERRY_H1_SENDER_PULLING);
        break;
    }
}

ferry_error ferry_h1_sender_begin(ferry_h1_sender *sender, const ferry_message *message,
                                  ferry_span accept_encoding) {
    assert(sender->state == FERRY_H1_SENDER_IDLE && sender_is_empty(sender));
    ferry_error error =
        ferry_h1_request_write(&sender->out, sender->context, message, accept_encoding);
    if (error != FERRY_OK) {
        return error;
    }
    sender->body = sender_body_of(message);
    sender->out_framing = ferry_buffer_length(&sender->out);
    if (message->streamed) {
        sender->remaining = message->streamed_length;
        sender->is_chunked = message->streamed_length < 0;
        sender->source =
            (ferry_body_source){message->body_read, message->body_ctx, message->streamed_length};
    }
    if ((message->present & FERRY_HAS_EXPECT_CONTINUE) == 0) {
        sender_start_body(sender, (ferry_span){message->body, message->body_length});
        return FERRY_OK;
    }
    error = sender_hold(sender, message);
    if (error != FERRY_OK) {
        ferry_h1_sender_reset(sender);
    }
    return error;
}

void ferry_h1_sender_begin_written(ferry_h1_sender *sender, ferry_span bytes) {
    assert(sender->state == FERRY_H1_SENDER_IDLE && sender_is_empty(sender));
    sender->body = FERRY_H1_SENDER_BORROWED;
    sender_start_body(sender, bytes);
}

/* A whole body takes the place of `out`, behind what is left of the head there. */
static ferry_error sender_release(ferry_h1_sender *sender) {
    size_t length = ferry_buffer_length(&sender->held);
    if (!ferry_h1_sender_has_out(sender)) {
        ferry_buffer sent = sender->out;
        sender->out = sender->held;
        sender->held = sent;
    } else {
        ferry_error error = ferry_buffer_append(&sender->out, sender->context,
                                                ferry_buffer_content(&sender->held), length);
        if (error != FERRY_OK) {
            return error;
        }
    }
    sender->out_body = length;
    ferry_buffer_clear(&sender->held);
    return FERRY_OK;
}

/* The caller has given everything, and the server wants it. */
static ferry_error sender_end_pieces(ferry_h1_sender *sender) {
    if (sender->is_chunked) {
        ferry_span last = FERRY_SPAN("0\r\n\r\n");
        ferry_error error =
            ferry_buffer_append(&sender->out, sender->context, last.data, last.length);
        if (error != FERRY_OK) {
            return error;
        }
    }
    sender_enter(sender, FERRY_H1_SENDER_LAST);
    sender_advance(sender);
    return FERRY_OK;
}

ferry_error ferry_h1_sender_proceed(ferry_h1_sender *sender) {
    ferry_error error = FERRY_OK;
    if (sender->state == FERRY_H1_SENDER_HELD_ENDED) {
        return sender_end_pieces(sender);
    }
    if (sender->state != FERRY_H1_SENDER_HELD) {
        return FERRY_OK;
    }
    ferry_span rest = {NULL, 0};
    if (sender->body == FERRY_H1_SENDER_WHOLE) {
        error = sender_release(sender);
    } else if (sender->body == FERRY_H1_SENDER_BORROWED) {
        rest = sender->borrowed;
    }
    if (error == FERRY_OK) {
        sender_start_body(sender, rest);
        sender_advance(sender);
    }
    return error;
}

/* ---- Bodies in pieces ---- */

ferry_error ferry_h1_sender_check(const ferry_h1_sender *sender, size_t length) {
    return ferry_announced_check_piece(sender->context, sender->remaining, length);
}

/* Announces a chunk. There is room for the whole of it first: once its size is out, all of it must
 * follow. */
static ferry_error sender_begin_chunk(ferry_h1_sender *sender, size_t length) {
    char line[FERRY_H1_CHUNK_SIZE_LINE];
    size_t line_length = ferry_h1_chunk_size_write(length, line);
    ferry_error error = ferry_buffer_reserve(&sender->out, sender->context,
                                             line_length + length + sizeof "\r\n" - 1);
    if (error == FERRY_OK) {
        error = ferry_buffer_append(&sender->out, sender->context, line, line_length);
    }
    if (error == FERRY_OK) {
        sender->out_framing = line_length;
        sender->suffix = FERRY_SPAN("\r\n");
    }
    return error;
}

ferry_error ferry_h1_sender_offer(ferry_h1_sender *sender, const void *data, size_t length) {
    assert(sender->state == FERRY_H1_SENDER_OPEN || sender->state == FERRY_H1_SENDER_FULL);
    assert(sender_is_empty(sender) && length > 0);
    length = ferry_size_least(length, PIECE_MAX);
    if (sender->is_chunked) {
        ferry_error error = sender_begin_chunk(sender, length);
        if (error != FERRY_OK) {
            return error;
        }
    }
    sender->piece = (ferry_span){data, length};
    sender->lent = length;
    return FERRY_OK;
}

ferry_error ferry_h1_sender_finish(ferry_h1_sender *sender) {
    ferry_error error = ferry_announced_check_end(sender->context, sender->remaining);
    if (error != FERRY_OK) {
        return error;
    }
    if (sender->state == FERRY_H1_SENDER_HELD) {
        sender_enter(sender, FERRY_H1_SENDER_HELD_ENDED);
        return FERRY_OK;
    }
    return sender_end_pieces(sender);
}

void ferry_h1_sender_open_tunnel(ferry_h1_sender *sender) {
    sender_drop_body(sender);
    sender->body = FERRY_H1_SENDER_PIECES;
    sender->is_chunked = false;
    sender->remaining = -1;
    if (sender->state != FERRY_H1_SENDER_FULL) {
        sender_enter(sender, FERRY_H1_SENDER_OPEN);
    }
}

/* ---- Bodies from a function ---- */

/* The function has ended the body, whose length was not announced. */
static void sender_end_source(ferry_h1_sender *sender) {
    static const char last_chunk[] = "0\r\n\r\n";
    ferry_buffer *out = &sender->out;
    memcpy(out->data, last_chunk, sizeof last_chunk - 1); /* there is room for a piece */
    out->start = 0;
    out->end = sizeof last_chunk - 1;
    sender->out_framing = sizeof last_chunk - 1;
    sender_enter(sender, FERRY_H1_SENDER_LAST);
}

/* Frames the piece that lies behind the room for a chunk's size. */
static void sender_frame_piece(ferry_h1_sender *sender, size_t length) {
    ferry_buffer *out = &sender->out;
    char line[FERRY_H1_CHUNK_SIZE_LINE];
    size_t line_length = 0;
    out->end = FERRY_H1_CHUNK_SIZE_LINE + length;
    if (sender->is_chunked) {
        line_length = ferry_h1_chunk_size_write(length, line);
        memcpy(out->data + FERRY_H1_CHUNK_SIZE_LINE - line_length, line, line_length);
        memcpy(out->data + out->end, "\r\n", 2);
        out->end += 2;
    }
    out->start = FERRY_H1_CHUNK_SIZE_LINE - line_length;
    sender->out_framing = line_length;
    sender->out_body = length;
}

ferry_error ferry_h1_sender_pull(ferry_h1_sender *sender) {
    assert(ferry_h1_sender_wants_piece(sender));
    ferry_buffer *out = &sender->out;
    size_t length = 0;
    ferry_error error = ferry_buffer_reserve(out, sender->context, PULL_ROOM);
    if (error != FERRY_OK) {
        return error;
    }
    error = ferry_body_source_read(&sender->source, sender->context,
                                   out->data + FERRY_H1_CHUNK_SIZE_LINE, PULL_MAX, &length);
    if (error != FERRY_OK) {
        return error;
    }
    if (length == 0) {
        sender_end_source(sender);
        return FERRY_OK;
    }
    sender_frame_piece(sender, length);
    if (ferry_body_source_is_exhausted(&sender->source)) {
        sender_enter(sender, FERRY_H1_SENDER_LAST);
    }
    return FERRY_OK;
}

/* ---- The bytes ---- */

size_t ferry_h1_sender_get(const ferry_h1_sender *sender, size_t most,
                           ferry_slice slices[FERRY_H1_SENDER_SLICES]) {
    size_t count = 0;
    size_t of_out = ferry_size_least(ferry_buffer_length(&sender->out), most);
    if (of_out > 0) {
        slices[count++] = (ferry_slice){ferry_buffer_content(&sender->out), of_out};
    }
    size_t of_piece = ferry_size_least(sender->piece.length, most - of_out);
    if (of_piece > 0) {
        slices[count++] = (ferry_slice){sender->piece.data, of_piece};
    }
    if (sender->suffix.length > 0 && of_piece == sender->piece.length) {
        slices[count++] = (ferry_slice){sender->suffix.data, sender->suffix.length};
    }
    return count;
}

/* Takes bytes off `out`; returns how many were the body's. */
static size_t sender_consume_out(ferry_h1_sender *sender, size_t length) {
    size_t framing = ferry_size_least(length, sender->out_framing);
    size_t body = ferry_size_least(length - framing, sender->out_body);
    sender->out_framing -= framing;
    sender->out_body -= body;
    ferry_buffer_consume(&sender->out, length);
    return body;
}

size_t ferry_h1_sender_sent(ferry_h1_sender *sender, size_t length) {
    size_t of_out = ferry_size_least(length, ferry_buffer_length(&sender->out));
    size_t body = sender_consume_out(sender, of_out);
    length -= of_out;
    if (length > 0) {
        size_t of_piece = ferry_size_least(length, sender->piece.length);
        size_t of_suffix = length - of_piece;
        assert(of_suffix <= sender->suffix.length);
        sender->piece.data += of_piece;
        sender->piece.length -= of_piece;
        if (of_suffix > 0) {
            sender->suffix.data += of_suffix;
            sender->suffix.length -= of_suffix;
        }
        body += of_piece;
    }
    sender_advance(sender);
    return body;
}

/* The caller gives the rest of a plain piece again. */
static size_t sender_return_piece(ferry_h1_sender *sender) {
    size_t rest = sender->piece.length;
    size_t taken = sender->lent - rest;
    sender->piece = (ferry_span){NULL, 0};
    sender_enter(sender, rest > 0 ? FERRY_H1_SENDER_FULL : FERRY_H1_SENDER_OPEN);
    if (sender->remaining >= 0) {
        sender->remaining -= (int64_t)taken;
        sender_check_length(sender);
    }
    return taken;
}

ferry_error ferry_h1_sender_keep(ferry_h1_sender *sender, size_t *taken) {
    bool is_plain_piece = sender->body == FERRY_H1_SENDER_PIECES && !sender->is_chunked;
    if (is_plain_piece) {
        *taken = sender_return_piece(sender);
        return FERRY_OK;
    }
    ferry_span rest[] = {sender->piece, sender->suffix};
    sender->piece = (ferry_span){NULL, 0};
    sender->suffix = (ferry_span){NULL, 0};
    *taken = sender->lent;
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        ferry_error error =
            ferry_buffer_append(&sender->out, sender->context, rest[i].data, rest[i].length);
        if (error != FERRY_OK) {
            return error;
        }
    }
    sender->out_body += rest[0].length;
    return FERRY_OK;
}

void ferry_h1_sender_passed(ferry_h1_sender *sender) {
    sender_enter(sender, FERRY_H1_SENDER_IDLE);
}

void ferry_h1_sender_retry(ferry_h1_sender *sender) {
    if (sender->state == FERRY_H1_SENDER_FULL) {
        sender_enter(sender, FERRY_H1_SENDER_OPEN);
    }
}
