/* SPDX-License-Identifier: MIT */
/* upload: carries the sender's bytes to the stream, and tells the exchange how far the request is.
 */
#include "connection_state.h"

#include <assert.h>

enum { WRITES_MAX = 64 }; /* of the stream in one call: it may take a byte at a time */

/* Tells the exchange how the upload stands. */
static void upload_report(ferry_wire *wire) {
    ferry_exchange *exchange = wire->base.exchange;
    exchange->awaits_continue = ferry_h1_sender_awaits_continue(&wire->sender);
    exchange->awaits_body = ferry_h1_sender_awaits_piece(&wire->sender);
    if (ferry_wire_is_uploading(wire)) {
        return;
    }
    ferry_h1_sender_trim(&wire->sender);
    ferry_exchange_sent(exchange);
    if (exchange->state == FERRY_EXCHANGE_BODY && exchange->response_ended) {
        ferry_wire_end_exchange(wire);
    }
}

/* A body whose length was announced needs no end to be said. */
static void upload_check_pieces(ferry_wire *wire) {
    ferry_exchange *exchange = wire->base.exchange;
    if (exchange->takes_body && !ferry_h1_sender_takes_pieces(&wire->sender)) {
        exchange->takes_body = false;
        exchange->awaits_finish = true;
    }
}

void ferry_wire_stop_upload(ferry_wire *wire) {
    ferry_exchange *exchange = wire->base.exchange;
    if (!ferry_h1_receiver_is_tunnel(&wire->receiver)) {
        ferry_log(wire->base.context, FERRY_LOG_INFO,
                  "the request is cut after %lld bytes of its body",
                  (long long)exchange->bytes_sent);
    }
    exchange->upload_stopped = true;
    exchange->takes_body = false;
    exchange->writer_waits = false;
    exchange->sender_has_work = false;
    ferry_h1_sender_reset(&wire->sender);
    upload_report(wire);
}

/* The peer may have answered before it stopped listening, so the exchange goes on until reading
 * says how it ended. */
static void upload_fail(ferry_wire *wire) {
    ferry_format(wire->write_reason, sizeof wire->write_reason, "%s", wire->stream_reason);
    ferry_wire_stop_upload(wire);
}

/* What the stream was given may still be with it, and would go with the connection. The end of a
 * tunnel goes its own way. */
static void upload_advance(ferry_wire *wire) {
    if (wire->sender.state != FERRY_H1_SENDER_PASSING) {
        upload_report(wire);
        return;
    }
    ferry_stream_result result = FERRY_STREAM_OK;
    if (!ferry_h1_receiver_is_tunnel(&wire->receiver)) {
        result = ferry_stream_flush(wire->stream, &wire->stream_reason);
    }
    switch (result) {
    case FERRY_STREAM_OK:
        ferry_h1_sender_passed(&wire->sender);
        break;
    case FERRY_STREAM_AGAIN:
        break;
    case FERRY_STREAM_END:
    case FERRY_STREAM_TRUNCATED:
    case FERRY_STREAM_FAILED:
        upload_fail(wire);
        return;
    }
    upload_report(wire);
}

void ferry_wire_drain(ferry_wire *wire) {
    if (wire->sender.state == FERRY_H1_SENDER_PASSING) {
        upload_advance(wire);
    }
}

/* One write of at most so many bytes of what there is. */
static ferry_stream_result upload_write(ferry_wire *wire, size_t most, size_t *written) {
    ferry_slice slices[FERRY_H1_SENDER_SLICES];
    size_t count = ferry_h1_sender_get(&wire->sender, most, slices);
    ferry_stream_result result = ferry_wire_stream_write(wire, slices, count, written);
    if (result == FERRY_STREAM_OK) {
        size_t body = ferry_h1_sender_sent(&wire->sender, *written);
        wire->base.exchange->bytes_sent += (int64_t)body;
    }
    return result;
}

void ferry_wire_flush(ferry_wire *wire) {
    ferry_exchange *exchange = wire->base.exchange;
    size_t budget = ferry_size_least(wire->base.context->poll_budget_bytes, FERRY_SEND_PIECE);
    bool has_room = true;
    exchange->sender_has_work = false;
    ferry_h1_sender_retry(&wire->sender);
    for (int writes = 0; writes < WRITES_MAX && budget > 0; writes++) {
        if (ferry_h1_sender_wants_piece(&wire->sender)) {
            ferry_error error = ferry_h1_sender_pull(&wire->sender);
            if (error != FERRY_OK) { /* half a request is out: the connection is of no use */
                ferry_wire_fail(wire, error);
                return;
            }
        }
        if (!ferry_h1_sender_has_bytes(&wire->sender)) {
            break;
        }
        size_t written = 0;
        ferry_stream_result result = upload_write(wire, budget, &written);
        if (result == FERRY_STREAM_AGAIN) {
            has_room = false;
            break;
        }
        if (result != FERRY_STREAM_OK) {
            upload_fail(wire);
            return;
        }
        budget -= written;
    }
    exchange->sender_has_work = has_room && ferry_h1_sender_has_bytes(&wire->sender);
    upload_advance(wire);
}

/* Sends what is there and what the caller lends in one call of the stream: small bodies would gain
 * nothing from a second one. What it does not take of a long one is sent by steps. */
static ferry_stream_result upload_transmit(ferry_wire *wire) {
    size_t written = 0;
    size_t most = ferry_buffer_length(&wire->sender.out) + FERRY_SEND_PIECE;
    ferry_stream_result result = upload_write(wire, most, &written);
    if (result != FERRY_STREAM_OK && result != FERRY_STREAM_AGAIN) {
        upload_fail(wire);
    }
    return result;
}

/* Sends the head, and of the body what goes along with it. */
static void upload_begin(ferry_wire *wire, const ferry_message *message) {
    ferry_h1_sender *sender = &wire->sender;
    wire->base.exchange->takes_body = message->streamed && message->body_read == NULL;
    upload_check_pieces(wire);
    bool needs_no_caller = sender->state == FERRY_H1_SENDER_PULLING ||
                           (sender->piece.length > 0 && !ferry_h1_sender_has_lent(sender));
    if (needs_no_caller) {
        ferry_wire_flush(wire);
        return;
    }
    ferry_stream_result result = upload_transmit(wire);
    if (result != FERRY_STREAM_OK && result != FERRY_STREAM_AGAIN) {
        return;
    }
    if (ferry_h1_sender_has_lent(sender)) {
        size_t taken;
        ferry_error error = ferry_h1_sender_keep(sender, &taken);
        if (error != FERRY_OK) {
            ferry_wire_fail(wire, error); /* half a request is out */
            return;
        }
    }
    upload_advance(wire);
}

ferry_error ferry_wire_send(ferry_backend *backend, const ferry_message *message) {
    ferry_wire *wire = (ferry_wire *)backend;
    char why[FERRY_WIRE_WORDS_SIZE];
    assert(backend->link == FERRY_LINK_OPEN);
    ferry_wire_idle idle = ferry_wire_look(wire, why);
    /* One that breaks before its first request is no stale one (a server of TLS 1.3 refuses a
     * client's certificate after the handshake): another would break as well. */
    if (idle == FERRY_WIRE_ENDED || (idle == FERRY_WIRE_BROKEN && wire->is_reused)) {
        ferry_wire_disconnect(wire);
        return ferry_fail(backend->context, FERRY_ERROR_CONNECT_AGAIN,
                          "%s: nothing was sent, connect again", why);
    }
    wire->undo_codings = !backend->context->keep_content_coding &&
                         (message->present & (FERRY_HAS_ACCEPT_ENCODING | FERRY_HAS_RANGE)) == 0;
    ferry_span accept = ferry_span_of(wire->undo_codings ? ferry_codings_accept : "");
    ferry_error error = ferry_h1_sender_begin(&wire->sender, message, accept);
    if (error != FERRY_OK) {
        return error;
    }
    ferry_exchange_reset(backend->exchange);
    ferry_exchange_begin(backend->exchange);
    ferry_wire_reset_response(wire);
    wire->facts = (ferry_h1_request_facts){
        .is_head = message->method == FERRY_METHOD_HEAD,
        .is_connect = message->method == FERRY_METHOD_CONNECT,
        .has_upgrade = (message->present & FERRY_HAS_UPGRADE) != 0,
        .wants_close = (message->present & FERRY_HAS_CONNECTION_CLOSE) != 0,
    };
    upload_begin(wire, message);
    ferry_wire_settle_failure(wire);
    return FERRY_OK;
}

/* Sends one piece, which the caller keeps where it is not taken. */
static ferry_error upload_offer(ferry_wire *wire, const void *data, size_t length, size_t *taken) {
    ferry_error error = ferry_h1_sender_offer(&wire->sender, data, length);
    if (error != FERRY_OK) {
        return error;
    }
    ferry_stream_result result = upload_transmit(wire);
    if (result != FERRY_STREAM_OK && result != FERRY_STREAM_AGAIN) {
        return FERRY_OK; /* the exchange knows */
    }
    error = ferry_h1_sender_keep(&wire->sender, taken);
    if (error != FERRY_OK) {
        ferry_wire_fail(wire, error); /* half a chunk is out */
        return FERRY_OK;
    }
    upload_check_pieces(wire);
    upload_advance(wire);
    return FERRY_OK;
}

ferry_error ferry_wire_write(ferry_backend *backend, const void *data, size_t length,
                             size_t *written) {
    ferry_wire *wire = (ferry_wire *)backend;
    *written = 0;
    ferry_error error = ferry_h1_sender_check(&wire->sender, length);
    if (error != FERRY_OK) {
        return error;
    }
    if (ferry_h1_sender_has_out(&wire->sender)) {
        ferry_wire_flush(wire);
        ferry_wire_settle_failure(wire);
    }
    bool is_ready =
        wire->sender.state == FERRY_H1_SENDER_FULL || ferry_h1_sender_awaits_piece(&wire->sender);
    if (!is_ready || length == 0) {
        return FERRY_OK;
    }
    error = upload_offer(wire, data, length, written);
    if (error == FERRY_OK) {
        ferry_wire_settle_failure(wire);
    }
    return error;
}

ferry_error ferry_wire_finish(ferry_backend *backend) {
    ferry_wire *wire = (ferry_wire *)backend;
    ferry_error error = ferry_h1_sender_finish(&wire->sender);
    if (error == FERRY_ERROR_INVALID_PARAMETER) {
        return error;
    }
    backend->exchange->takes_body = false;
    if (error == FERRY_OK && !ferry_h1_sender_is_held(&wire->sender)) {
        ferry_wire_flush(wire);
    }
    ferry_wire_settle_failure(wire);
    if (error == FERRY_OK && ferry_h1_receiver_is_tunnel(&wire->receiver) && wire->stream != NULL) {
        wire->is_ending = true;
        ferry_wire_end(wire);
    }
    return error;
}

void ferry_wire_proceed(ferry_backend *backend) {
    ferry_wire *wire = (ferry_wire *)backend;
    ferry_h1_sender *sender = &wire->sender;
    if (!ferry_h1_sender_is_held(sender)) {
        return;
    }
    ferry_error error = ferry_h1_sender_proceed(sender);
    if (error != FERRY_OK) {
        ferry_wire_fail(wire, error);
        return;
    }
    upload_check_pieces(wire);
    if (ferry_h1_sender_has_bytes(sender) && sender->state != FERRY_H1_SENDER_OPEN) {
        ferry_wire_flush(wire);
    } else {
        upload_advance(wire);
    }
}

void ferry_wire_open_tunnel(ferry_wire *wire) {
    ferry_h1_sender_open_tunnel(&wire->sender);
    wire->base.exchange->takes_body = true;
    upload_report(wire);
}
