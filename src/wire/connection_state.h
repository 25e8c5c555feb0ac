/* SPDX-License-Identifier: MIT */
/* connection_state: what the parts of a connection share. Each calls only those above itself:
 * reuse.c (the stream, and what becomes of it), upload.c (from the sender to the stream),
 * download.c (from the stream to the receiver and on to the reader), connection.c (the backend's
 * calls). */
#ifndef FERRY_WIRE_CONNECTION_STATE_H
#define FERRY_WIRE_CONNECTION_STATE_H

#include "connector.h"
#include "h1/receiver.h"
#include "h1/sender.h"
#include "message/decoding.h"
#include "stream.h"

enum { FERRY_CONNECTION_REASON_SIZE = 160 };

typedef struct ferry_connection {
    ferry_backend base;
    ferry_connector *connector; /* NULL where the stream is the caller's */
    ferry_stream *stream;       /* NULL unless the link is open */
    const char *stream_reason;  /* why it failed; lives as long as the stream */
    bool is_reused;             /* the connection has carried an exchange before */

    /* The request: upload.c's. */
    ferry_h1_sender sender;
    bool is_ending; /* the stream is to be ended for writing, behind what is not sent yet */
    /* Why sending failed; "": it did not. A copy, since reading goes on, and where that fails too
     * the stream has another reason. */
    char write_reason[FERRY_CONNECTION_REASON_SIZE];

    /* The response: download.c's. */
    ferry_h1_receiver receiver;
    ferry_h1_request_facts facts;
    bool undo_codings;
    ferry_decoding *decoding; /* NULL where there is nothing to undo */
    ferry_buffer coded;       /* bytes on their way to `decoding` */
    ferry_failure pending;    /* what ends the body once the bytes before it are read */
} ferry_connection;

/* ---- reuse.c ---- */

typedef enum ferry_connection_idle {
    FERRY_CONNECTION_IDLE = 0,
    FERRY_CONNECTION_ENDED,  /* by the peer, or it has sent bytes that nobody asked for */
    FERRY_CONNECTION_BROKEN, /* the stream has failed */
} ferry_connection_idle;

/* Calls the stream, and keeps its reason for FERRY_STREAM_FAILED in stream_reason. */
static inline ferry_stream_result ferry_connection_stream_read(ferry_connection *connection,
                                                               void *dst, size_t capacity,
                                                               size_t *length) {
    return ferry_stream_read(connection->base.context, connection->stream, dst, capacity, length,
                             &connection->stream_reason);
}
static inline ferry_stream_result ferry_connection_stream_write(ferry_connection *connection,
                                                                const ferry_slice *slices,
                                                                size_t count, size_t *length) {
    return ferry_stream_write(connection->base.context, connection->stream, slices, count, length,
                              &connection->stream_reason);
}

/* Frees what a response has left that is large, once it is over. */
void ferry_connection_trim_response(ferry_connection *connection);
/* Drops the connection: the link is CLOSED. */
void ferry_connection_disconnect(ferry_connection *connection);
/* Ends the exchange with an error (the detail is set) and drops the connection. */
void ferry_connection_fail(ferry_connection *connection, ferry_error error);
/* Says to the stream that is_ending that nothing follows, once nothing is left to be sent. */
void ferry_connection_end_writing(ferry_connection *connection);
/* Looks at an idle link once, without waiting. Where it is idle no more, *why says so, for as long
 * as the stream lives. */
ferry_connection_idle ferry_connection_look(ferry_connection *connection, const char **why);

static inline bool ferry_connection_is_success(const ferry_connection *connection) {
    return connection->receiver.head.code >= 200 && connection->receiver.head.code <= 299;
}
/* True where the server has answered with success what could not be sent whole: it has taken for
 * complete what was not, and whoever sent it must know. */
static inline bool ferry_connection_is_cut(const ferry_connection *connection) {
    return connection->write_reason[0] != '\0' &&
           !ferry_h1_receiver_is_tunnel(&connection->receiver) &&
           ferry_connection_is_success(connection);
}
/* UPLOAD_STOPPED, with that detail. */
ferry_error ferry_connection_explain_cut(ferry_connection *connection);

/* Ends an exchange whose request and response are both over: the connection is kept or dropped. */
void ferry_connection_end_exchange(ferry_connection *connection);

/* ---- upload.c ---- */

/* Sends what the sender has begun with: the head, and of the body what goes along with it. */
void ferry_connection_begin_upload(ferry_connection *connection, const ferry_message *message);
/* Sends one piece of the body; *taken says how much of it the caller need not give again. */
ferry_error ferry_connection_offer(ferry_connection *connection, const void *data, size_t length,
                                   size_t *taken);
/* 100 (Continue) has come, or is waited for no longer. */
void ferry_connection_proceed(ferry_connection *connection);
/* Sends what does not wait for the caller, as far as the stream takes it. */
void ferry_connection_flush(ferry_connection *connection);
/* Learns whether the stream still holds some of the request: reading may have sent that as well. */
void ferry_connection_drain(ferry_connection *connection);
/* Forgets what was not sent; the exchange goes on with the response. */
void ferry_connection_stop_upload(ferry_connection *connection);
void ferry_connection_open_tunnel(ferry_connection *connection);

/* True while bytes of the request are outstanding: here, at the caller, or with the stream. */
static inline bool ferry_connection_is_uploading(const ferry_connection *connection) {
    return connection->sender.state != FERRY_H1_SENDER_IDLE;
}

/* ---- download.c ---- */

/* Ready for the next response; keeps the memory. */
void ferry_connection_reset_response(ferry_connection *connection);
/* Reads and parses until the final head is complete or nothing more is there. Where sending has
 * failed, nothing more will come: the exchange then ends. */
void ferry_connection_receive_head(ferry_connection *connection);
/* The same, where sending has just failed. */
static inline void ferry_connection_resolve_failure(ferry_connection *connection) {
    ferry_exchange_state state = connection->base.exchange->state;
    if (connection->write_reason[0] != '\0' &&
        (state == FERRY_EXCHANGE_SENDING || state == FERRY_EXCHANGE_WAITING)) {
        ferry_connection_receive_head(connection);
    }
}
/* As ferry_backend_ops.read. */
size_t ferry_connection_read(ferry_connection *connection, void *dst, size_t capacity);

#endif
