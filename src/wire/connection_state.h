/* SPDX-License-Identifier: MIT */
/* connection_state: what the parts of the wire backend share: connection.c (the link), upload.c
 * (the request), and download.c (the response). Nothing else includes it. */
#ifndef FERRY_WIRE_CONNECTION_STATE_H
#define FERRY_WIRE_CONNECTION_STATE_H

#include "connector.h"
#include "h1/receiver.h"
#include "h1/sender.h"
#include "message/decoding.h"
#include "stream.h"

enum { FERRY_WIRE_REASON_SIZE = 160 };

typedef struct ferry_wire {
    ferry_backend base;
    ferry_connector *connector; /* NULL where the stream is the caller's */
    ferry_stream *stream;       /* NULL unless the link is open */
    const char *stream_reason;  /* why it failed; lives as long as the stream */
    bool is_reused;             /* the connection has carried an exchange before */

    /* The request. */
    ferry_h1_sender sender;
    bool is_ending; /* the stream is to be ended for writing, behind what is not sent yet */

    /* The response. */
    ferry_h1_receiver receiver;
    ferry_h1_request_facts facts;
    bool undo_codings;
    ferry_decoding *decoding; /* NULL where there is nothing to undo */
    ferry_buffer coded;       /* bytes on their way to `decoding` */
    ferry_error pending;      /* what ends the body once the bytes before it are read */
    char pending_detail[FERRY_DETAIL_SIZE];
    char write_reason[FERRY_WIRE_REASON_SIZE]; /* why sending failed; "": it did not */
} ferry_wire;

/* connection.c */

enum { FERRY_WIRE_WORDS_SIZE = 192 };

typedef enum ferry_wire_idle {
    FERRY_WIRE_IDLE = 0,
    FERRY_WIRE_ENDED,  /* by the peer, or it has sent bytes that nobody asked for */
    FERRY_WIRE_BROKEN, /* the stream has failed */
} ferry_wire_idle;

/* Looks at an idle link once, without waiting. Where it is idle no more, `why` says so. */
ferry_wire_idle ferry_wire_look(ferry_wire *wire, char why[FERRY_WIRE_WORDS_SIZE]);
/* Ends the exchange with an error (the detail is set) and drops the connection. */
void ferry_wire_fail(ferry_wire *wire, ferry_error error);
/* Says to the stream that is_ending that nothing follows, once nothing is left to be sent. */
void ferry_wire_end(ferry_wire *wire);
/* Frees what a response has left that is large, once it is over. */
void ferry_wire_trim_response(ferry_wire *wire);
/* Drops the connection: the link is CLOSED. */
void ferry_wire_disconnect(ferry_wire *wire);
/* Calls the stream, and keeps its reason for FERRY_STREAM_FAILED in stream_reason. */
static inline ferry_stream_result ferry_wire_stream_read(ferry_wire *wire, void *dst,
                                                         size_t capacity, size_t *length) {
    return ferry_stream_read(wire->base.context, wire->stream, dst, capacity, length,
                             &wire->stream_reason);
}
static inline ferry_stream_result
ferry_wire_stream_write(ferry_wire *wire, const ferry_slice *slices, size_t count, size_t *length) {
    return ferry_stream_write(wire->base.context, wire->stream, slices, count, length,
                              &wire->stream_reason);
}

/* upload.c */

ferry_error ferry_wire_send(ferry_backend *backend, const ferry_message *message);
ferry_error ferry_wire_write(ferry_backend *backend, const void *data, size_t length,
                             size_t *written);
ferry_error ferry_wire_finish(ferry_backend *backend);
void ferry_wire_proceed(ferry_backend *backend);
/* Sends what does not wait for the caller, as far as the stream takes it. */
void ferry_wire_flush(ferry_wire *wire);
/* Forgets what was not sent; the exchange goes on with the response. */
void ferry_wire_stop_upload(ferry_wire *wire);
/* Learns whether the stream still holds some of the request: reading may have sent that as well. */
void ferry_wire_drain(ferry_wire *wire);
/* True while bytes of the request are outstanding: here, at the caller, or with the stream. */
static inline bool ferry_wire_is_uploading(const ferry_wire *wire) {
    return wire->sender.state != FERRY_H1_SENDER_IDLE;
}
void ferry_wire_open_tunnel(ferry_wire *wire);

/* download.c */

/* Reads and parses until the final head is complete or nothing more is there. Where sending has
 * failed, nothing more will come: the exchange then ends. */
void ferry_wire_receive_head(ferry_wire *wire);
/* The same, where sending has just failed. */
void ferry_wire_settle_failure(ferry_wire *wire);
size_t ferry_wire_read(ferry_backend *backend, void *dst, size_t capacity);
/* Ends an exchange whose request and response are both over: the connection is kept or dropped. */
void ferry_wire_end_exchange(ferry_wire *wire);
/* Ready for the next response; keeps the memory. */
void ferry_wire_reset_response(ferry_wire *wire);

#endif
