/* SPDX-License-Identifier: MIT */
/* sender: makes a request into bytes to be written, while its body comes and the server may answer.
 * It calls no stream: its owner writes the bytes, and says how many of them were sent. */
#ifndef FERRY_H1_SENDER_H
#define FERRY_H1_SENDER_H

#include "message/body_source.h"

/* How far a request is. sender.c has the table of what may follow what. */
typedef enum ferry_h1_sender_state {
    FERRY_H1_SENDER_IDLE = 0,   /* there is none, or it is over */
    FERRY_H1_SENDER_HELD,       /* its body waits for 100 (Continue) */
    FERRY_H1_SENDER_HELD_ENDED, /* the same, and the caller has ended a body without bytes */
    FERRY_H1_SENDER_OPEN,       /* the caller gives the next piece of its body */
    FERRY_H1_SENDER_FULL,       /* the same, but for now there is no room for one */
    FERRY_H1_SENDER_PULLING,    /* the program's function gives it, whenever there is room */
    FERRY_H1_SENDER_LAST,       /* nothing follows the bytes that are here */
    FERRY_H1_SENDER_PASSING,    /* all of it was written, and may still be with the stream */
} ferry_h1_sender_state;

/* Where the body comes from. */
typedef enum ferry_h1_sender_body {
    FERRY_H1_SENDER_WHOLE = 0, /* the message has all of it, or there is none */
    FERRY_H1_SENDER_BORROWED,  /* the same, and its memory stays until the upload has ended */
    FERRY_H1_SENDER_PIECES,    /* the caller, piece by piece */
    FERRY_H1_SENDER_SOURCE,    /* the program's function */
} ferry_h1_sender_body;

/* What is to be written next is `out`, then `piece`, then `suffix`. */
typedef struct ferry_h1_sender {
    ferry_context *context;
    ferry_h1_sender_state state;
    ferry_h1_sender_body body;
    bool is_chunked;     /* in pieces, each a chunk */
    ferry_buffer out;    /* framing, then bytes of the body, then framing */
    size_t out_framing;  /* how many bytes of framing are in front there */
    size_t out_body;     /* and how many of the body behind them */
    ferry_span piece;    /* bytes of the body, which are the program's */
    size_t lent;         /* how many those were */
    ferry_span suffix;   /* what ends a chunk */
    ferry_buffer held;   /* a whole body that waits for 100 (Continue) */
    ferry_span borrowed; /* the same, in the program's memory */
    ferry_body_source source;
    int64_t remaining; /* of an announced length, what was not given yet; -1: none was announced */
} ferry_h1_sender;

void ferry_h1_sender_init(ferry_h1_sender *sender, ferry_context *context);
void ferry_h1_sender_deinit(ferry_h1_sender *sender);

/* Forgets what is not sent: IDLE; keeps the memory. */
void ferry_h1_sender_reset(ferry_h1_sender *sender);

/* Frees what is large, where it holds nothing. */
static inline void ferry_h1_sender_trim(ferry_h1_sender *sender) {
    ferry_buffer_trim(&sender->out, sender->context);
    ferry_buffer_trim(&sender->held, sender->context);
}

/* Begins a request: its head is there to be written, and of its body what goes along with it. An
 * error leaves it IDLE. OUT_OF_MEMORY, TOO_LARGE. */
ferry_error ferry_h1_sender_begin(ferry_h1_sender *sender, const ferry_message *message,
                                  ferry_span accept_encoding);

/* Begins a request that is written already, in memory that stays until it is sent. */
void ferry_h1_sender_begin_written(ferry_h1_sender *sender, ferry_span bytes);

/* 100 (Continue) has come, or is waited for no longer. Nothing where the body is not held.
 * OUT_OF_MEMORY, TOO_LARGE: what follows the head is lost. */
ferry_error ferry_h1_sender_proceed(ferry_h1_sender *sender);

/* Offers the next piece of a body in pieces, which has to be OPEN (or FULL) with nothing else to be
 * written. It is lent: one write has to follow, then ferry_h1_sender_keep(). OUT_OF_MEMORY. */
ferry_error ferry_h1_sender_offer(ferry_h1_sender *sender, const void *data, size_t length);

/* INVALID_PARAMETER with a detail: so many bytes are more than what is left of the announced
 * length. */
ferry_error ferry_h1_sender_check(const ferry_h1_sender *sender, size_t length);

/* The caller has given all pieces. INVALID_PARAMETER: they are less than was announced, and nothing
 * has changed. OUT_OF_MEMORY. */
ferry_error ferry_h1_sender_finish(ferry_h1_sender *sender);

/* The connection is a tunnel now: what was left of the request's body is none of it. The caller
 * gives pieces, as they are, for as long as it likes. */
void ferry_h1_sender_open_tunnel(ferry_h1_sender *sender);

/* Has the program's function give the next piece, where ferry_h1_sender_wants_piece() says so.
 * Errors are those of ferry_body_source_read(), OUT_OF_MEMORY. */
ferry_error ferry_h1_sender_pull(ferry_h1_sender *sender);

/* What is to be written next, `most` bytes of it (and the few that end a chunk): how many slices,
 * 0 where there is nothing. */
enum { FERRY_H1_SENDER_SLICES = 3 };
size_t ferry_h1_sender_get(const ferry_h1_sender *sender, size_t most,
                           ferry_slice slices[FERRY_H1_SENDER_SLICES]);

/* So many of those bytes were sent. Returns how many of them were the body's. */
size_t ferry_h1_sender_sent(ferry_h1_sender *sender, size_t length);

/* The caller's memory goes: after ferry_h1_sender_offer(), and where ferry_h1_sender_has_lent()
 * says so. What was not sent is copied, but for a piece that the caller can give again. *taken: how
 * many of the bytes that were offered are not to be given again. OUT_OF_MEMORY, TOO_LARGE: they are
 * lost.
 */
ferry_error ferry_h1_sender_keep(ferry_h1_sender *sender, size_t *taken);

/* PASSING is over: the stream holds nothing of the request any more. */
void ferry_h1_sender_passed(ferry_h1_sender *sender);

/* FULL is over: there may be room now. */
void ferry_h1_sender_retry(ferry_h1_sender *sender);

static inline bool ferry_h1_sender_has_out(const ferry_h1_sender *sender) {
    return ferry_buffer_length(&sender->out) > 0;
}

static inline bool ferry_h1_sender_wants_piece(const ferry_h1_sender *sender) {
    return sender->state == FERRY_H1_SENDER_PULLING && !ferry_h1_sender_has_out(sender);
}

/* True where what is to be written includes memory of the caller's, which goes with the call. */
static inline bool ferry_h1_sender_has_lent(const ferry_h1_sender *sender) {
    return sender->piece.length > 0 && sender->body != FERRY_H1_SENDER_BORROWED;
}

/* True where there are bytes to be sent that need not be waited for. */
static inline bool ferry_h1_sender_has_bytes(const ferry_h1_sender *sender) {
    return sender->state == FERRY_H1_SENDER_PULLING || sender->state == FERRY_H1_SENDER_LAST ||
           ferry_h1_sender_has_out(sender);
}

/* True where a stream with room would let the request get on without the caller. */
static inline bool ferry_h1_sender_awaits_room(const ferry_h1_sender *sender) {
    return sender->state >= FERRY_H1_SENDER_FULL || ferry_h1_sender_has_out(sender);
}

/* True where the caller has yet to give pieces, or to say that there are no more. */
static inline bool ferry_h1_sender_takes_pieces(const ferry_h1_sender *sender) {
    return sender->body == FERRY_H1_SENDER_PIECES &&
           (sender->state == FERRY_H1_SENDER_HELD || sender->state == FERRY_H1_SENDER_OPEN ||
            sender->state == FERRY_H1_SENDER_FULL);
}

/* True where it takes a piece at once. */
static inline bool ferry_h1_sender_awaits_piece(const ferry_h1_sender *sender) {
    return sender->state == FERRY_H1_SENDER_OPEN && !ferry_h1_sender_has_out(sender);
}

static inline bool ferry_h1_sender_is_held(const ferry_h1_sender *sender) {
    return sender->state == FERRY_H1_SENDER_HELD || sender->state == FERRY_H1_SENDER_HELD_ENDED;
}

/* True where only 100 (Continue) is waited for. */
static inline bool ferry_h1_sender_awaits_continue(const ferry_h1_sender *sender) {
    return ferry_h1_sender_is_held(sender) && !ferry_h1_sender_has_out(sender);
}

#endif
