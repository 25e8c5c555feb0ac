/* SPDX-License-Identifier: MIT */
/* upload: carries the sender's bytes to the stream, and tells the exchange how far the request is.
 */
#include "connection_state.h"

#include <assert.h>

enum { WRITES_MAX = 64 }; /* of the stream in one call: it may take a byte at a time */

/* Tells the exchange how the upload stands. */
static void upload_report(ferry_connection *connection) {
    ferry_exchange *exchange = connection->base.exchange;
    exchange->awaits_continue = ferry_h1_sender_awaits_continue(&connection->sender);
    exchange->awaits_body = ferry_h1_sender_awaits_piece(&connection->sender);
    if (ferry_connection_is_uploading(connection)) {
        return;
    }
    ferry_h1_sender_trim(&connection->sender);
    ferry_exchange_sent(exchange);
    if (exchange->response_ended) {
        assert(exchange->state == FERRY_EXCHANGE_BODY);
        ferry_connection_end_exchange(connection);
    }
}

/* A body whose length was announced needs no end to be said. */
static void upload_check_pieces(ferry_connection *connection) {
    ferry_exchange *exchange = connection->base.exchange;
    if (exchange->takes_body && !ferry_h1_sender_takes_pieces(&connection->sender)) {
        exchange->takes_body = false;
        exchange->body_is_whole = true;
    }
}

void ferry_connection_stop_upload(ferry_connection *connection) {
    ferry_exchange *exchange = connection->base.exchange;
    if (!ferry_h1_receiver_is_tunnel(&connection->receiver)) {
        ferry_log(connection->base.context, FERRY_LOG_INFO,
                  "the request is cut after %lld bytes of its body",
                  (long long)exchange->bytes_sent);
    }
    exchange->upload_stopped = true;
    exchange->takes_body = false;
    exchange->sender_has_work = false;
    ferry_h1_sender_reset(&connection->sender);
    upload_report(connection);
}

/* The peer may have answered before it stopped listening, so the exchange goes on until reading
 * says how it ended. */
static void upload_fail(ferry_connection *connection) {
    ferry_format(connection->write_reason, sizeof connection->write_reason, "%s",
                 connection->stream_reason);
    ferry_connection_stop_upload(connection);
}

/* What the stream was given may still be with it, and would go with the connection. The end of a
 * tunnel goes its own way. */
static void upload_advance(ferry_connection *connection) {
    if (connection->sender.state != FERRY_H1_SENDER_PASSING) {
        upload_report(connection);
        return;
    }
    ferry_stream_result result = FERRY_STREAM_OK;
    if (!ferry_h1_receiver_is_tunnel(&connection->receiver)) {
        result = ferry_stream_flush(connection->stream, &connection->stream_reason);
    }
    switch (result) {
    case FERRY_STREAM_OK:
        ferry_h1_sender_passed(&connection->sender);
        break;
    case FERRY_STREAM_AGAIN:
        break;
    case FERRY_STREAM_END:
    case FERRY_STREAM_TRUNCATED:
    case FERRY_STREAM_FAILED:
        upload_fail(connection);
        return;
    }
    upload_report(connection);
}

void ferry_connection_drain(ferry_connection *connection) {
    if (connection->sender.state == FERRY_H1_SENDER_PASSING) {
        upload_advance(connection);
    }
}

/* One write of at most so many bytes of what there is. */
static ferry_stream_result upload_write(ferry_connection *connection, size_t most,
                                        size_t *written) {
    ferry_slice slices[FERRY_H1_SENDER_SLICES];
    size_t count = ferry_h1_sender_get(&connection->sender, most, slices);
    ferry_stream_result result = ferry_connection_stream_write(connection, slices, count, written);
    if (result == FERRY_STREAM_OK) {
        size_t body = ferry_h1_sender_sent(&connection->sender, *written);
        connection->base.exchange->bytes_sent += (int64_t)body;
        connection->base.exchange->is_exposed = true;
    }
    return result;
}

void ferry_connection_flush(ferry_connection *connection) {
    ferry_exchange *exchange = connection->base.exchange;
    size_t budget = ferry_size_least(connection->base.context->poll_budget_bytes, FERRY_SEND_PIECE);
    bool has_room = true;
    exchange->sender_has_work = false;
    ferry_h1_sender_retry(&connection->sender);
    for (int writes = 0; writes < WRITES_MAX && budget > 0; writes++) {
        if (ferry_h1_sender_wants_piece(&connection->sender)) {
            ferry_error error = ferry_h1_sender_pull(&connection->sender);
            if (error != FERRY_OK) { /* half a request is out: the connection is of no use */
                ferry_connection_fail(connection, error);
                return;
            }
        }
        if (!ferry_h1_sender_has_bytes(&connection->sender)) {
            break;
        }
        size_t written = 0;
        ferry_stream_result result = upload_write(connection, budget, &written);
        if (result == FERRY_STREAM_AGAIN) {
            has_room = false;
            break;
        }
        if (result != FERRY_STREAM_OK) {
            upload_fail(connection);
            return;
        }
        budget -= written;
    }
    exchange->sender_has_work = has_room && ferry_h1_sender_has_bytes(&connection->sender);
    upload_advance(connection);
}

/* Sends what is there and what the caller lends in one call of the stream: small bodies would gain
 * nothing from a second one. What it does not take of a long one is sent by steps. */
static ferry_stream_result upload_transmit(ferry_connection *connection) {
    size_t written = 0;
    size_t most = ferry_buffer_length(&connection->sender.out) + FERRY_SEND_PIECE;
    ferry_stream_result result = upload_write(connection, most, &written);
    if (result != FERRY_STREAM_OK && result != FERRY_STREAM_AGAIN) {
        upload_fail(connection);
    }
    return result;
}

void ferry_connection_begin_upload(ferry_connection *connection, const ferry_message *message) {
    ferry_h1_sender *sender = &connection->sender;
    connection->base.exchange->takes_body = message->streamed && message->body_read == NULL;
    upload_check_pieces(connection);
    bool needs_no_caller = sender->state == FERRY_H1_SENDER_PULLING ||
                           (sender->piece.length > 0 && !ferry_h1_sender_has_lent(sender));
    if (needs_no_caller) {
        ferry_connection_flush(connection);
        return;
    }
    ferry_stream_result result = upload_transmit(connection);
    if (result != FERRY_STREAM_OK && result != FERRY_STREAM_AGAIN) {
        return;
    }
    if (ferry_h1_sender_has_lent(sender)) {
        size_t taken;
        ferry_error error = ferry_h1_sender_keep(sender, &taken);
        if (error != FERRY_OK) {
            ferry_connection_fail(connection, error); /* half a request is out */
            return;
        }
    }
    upload_advance(connection);
}

ferry_error ferry_connection_offer(ferry_connection *connection, const void *data, size_t length,
                                   size_t *taken) {
    ferry_error error = ferry_h1_sender_offer(&connection->sender, data, length);
    if (error != FERRY_OK) {
        return error;
    }
    ferry_stream_result result = upload_transmit(connection);
    if (result != FERRY_STREAM_OK && result != FERRY_STREAM_AGAIN) {
        return FERRY_OK; /* the exchange knows */
    }
    error = ferry_h1_sender_keep(&connection->sender, taken);
    if (error != FERRY_OK) {
        ferry_connection_fail(connection, error); /* half a chunk is out */
        return FERRY_OK;
    }
    upload_check_pieces(connection);
    upload_advance(connection);
    return FERRY_OK;
}

void ferry_connection_proceed(ferry_connection *connection) {
    ferry_h1_sender *sender = &connection->sender;
    if (!ferry_h1_sender_is_held(sender)) {
        return;
    }
    ferry_error error = ferry_h1_sender_proceed(sender);
    if (error != FERRY_OK) {
        ferry_connection_fail(connection, error);
        return;
    }
    upload_check_pieces(connection);
    if (ferry_h1_sender_has_bytes(sender) && sender->state != FERRY_H1_SENDER_OPEN) {
        ferry_connection_flush(connection);
    } else {
        upload_advance(connection);
    }
}

void ferry_connection_open_tunnel(ferry_connection *connection) {
    ferry_h1_sender_open_tunnel(&connection->sender);
    connection->base.exchange->takes_body = true;
    upload_report(connection);
}
