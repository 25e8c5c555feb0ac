/* SPDX-License-Identifier: MIT */
/* exchange: what a backend knows of a request and its response. The backend alone writes it, and
 * the client reads it. It also checks the order of events, which is the same for every backend: the
 * head, then the body, then one end. */
#ifndef FERRY_MESSAGE_EXCHANGE_H
#define FERRY_MESSAGE_EXCHANGE_H

#include "headers.h"

#include <assert.h>

typedef enum ferry_exchange_state {
    FERRY_EXCHANGE_NONE = 0, /* no exchange yet */
    FERRY_EXCHANGE_SENDING,  /* the request is on its way, or waits for the caller's next piece */
    FERRY_EXCHANGE_WAITING,  /* the request is sent; no final head */
    FERRY_EXCHANGE_BODY,     /* head received */
    FERRY_EXCHANGE_DONE,     /* ended well */
    FERRY_EXCHANGE_FAILED,   /* ended badly: see error */
} ferry_exchange_state;

typedef struct ferry_exchange {
    ferry_context *context;
    ferry_exchange_state state;
    ferry_error error;
    ferry_headers headers;
    ferry_headers trailers;
    ferry_buffer url; /* where the response came from, and NUL; empty: from where it was asked */
    int code;         /* 0: no final head yet */
    bool chunked;
    bool has_response;
    bool takes_body;      /* a streamed body (or a tunnel) is not finished yet */
    bool pulls_body;      /* there is more to fetch from the program's function, at any time */
    bool awaits_body;     /* a streamed body's next piece can be taken now */
    bool awaits_continue; /* the body waits for 100 (Continue) */
    bool reader_has_work; /* BODY: the last read ended in the middle of work that needs nothing from
                             outside */
    bool sender_has_work; /* the last step sent a piece, and there was room for more */
    bool is_exposed;      /* a byte of the request was given to the connection: the peer may have
                             seen it */
    bool is_sent;         /* nothing of the request is left to be sent, or will be */
    bool has_begun;       /* a byte of a response has come, be it an interim one */
    bool upload_stopped;  /* the request was cut: it is not sent whole, and will not be */
    bool body_is_whole;   /* a streamed body has all its announced bytes: it needs no `finish` */
    bool response_ended;  /* BODY: only the request is still under way */
    bool response_arrived;    /* BODY: nothing of the response is left with the peer */
    int64_t body_length;      /* -1: not exactly known */
    int64_t body_length_hint; /* -1: not known */
    int64_t bytes_received;
    int64_t bytes_sent;
} ferry_exchange;

void ferry_exchange_init(ferry_exchange *exchange, ferry_context *context);
void ferry_exchange_deinit(ferry_exchange *exchange);

/* Forgets everything: state NONE. */
void ferry_exchange_reset(ferry_exchange *exchange);

static inline bool ferry_exchange_is_under_way(const ferry_exchange *exchange) {
    return exchange->state >= FERRY_EXCHANGE_SENDING && exchange->state <= FERRY_EXCHANGE_BODY;
}

/* The events, in the only order that is possible; another one is a bug of the backend's. */

/* NONE, DONE, FAILED → SENDING */
static inline void ferry_exchange_begin(ferry_exchange *exchange) {
    assert(!ferry_exchange_is_under_way(exchange));
    exchange->state = FERRY_EXCHANGE_SENDING;
}
/* SENDING → WAITING */
static inline void ferry_exchange_sent(ferry_exchange *exchange) {
    exchange->is_sent = true;
    if (exchange->state == FERRY_EXCHANGE_SENDING) {
        exchange->state = FERRY_EXCHANGE_WAITING;
    }
}
/* The final head: code, headers (sealed by this call) and lengths are in place.
 * SENDING, WAITING → BODY, or FAILED where there is no memory. */
void ferry_exchange_head(ferry_exchange *exchange, int code, bool chunked, int64_t body_length,
                         int64_t body_length_hint);
/* All of the response has been read, and the request is still being sent: BODY goes on. */
void ferry_exchange_response_end(ferry_exchange *exchange);
void ferry_exchange_end(ferry_exchange *exchange); /* BODY → DONE */
/* Anything under way → FAILED; the detail is in the context. Ignored after an end. */
void ferry_exchange_fail(ferry_exchange *exchange, ferry_error error);

/* No event of an exchange: a proxy has refused the way to the origin, in its own words. The code
 * and the headers can be read, but they are no response of the origin's. OUT_OF_MEMORY. */
ferry_error ferry_exchange_note_refusal(ferry_exchange *exchange, int code);

#endif
