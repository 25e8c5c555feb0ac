/* SPDX-License-Identifier: MIT */
/* send: the request: its head, its body from the caller's memory or piece by piece, and the
 * wait for 100 (Continue). */
#include "connection_state.h"

#include "h1/request_head.h"

#include <assert.h>
#include <string.h>

enum {
    CHUNK_LIMIT = 65536, /* a chunk that a write announces must be sent whole; this much of one may
                            be kept here */
    MOST_WRITES = 64,    /* of the stream in one call: it may take a byte at a time */
};

static bool is_idle(const ferry_wire *wire) {
    return ferry_buffer_length(&wire->tx) == 0;
}

/* Bytes that can be sent without the caller. */
static bool has_unsent(const ferry_wire *wire) {
    return !is_idle(wire) || wire->upload == FERRY_UPLOAD_SOURCE;
}

bool ferry_wire_can_flush(const ferry_wire *wire) {
    return has_unsent(wire) || wire->write_blocked || wire->is_draining;
}

bool ferry_wire_is_uploading(const ferry_wire *wire) {
    return wire->upload != FERRY_UPLOAD_COMPLETE || !is_idle(wire) || wire->is_draining;
}

/* Tells the exchange how the upload stands. */
static void update(ferry_wire *wire) {
    ferry_exchange *exchange = wire->base.exchange;
    exchange->awaits_continue = wire->upload == FERRY_UPLOAD_HELD && is_idle(wire);
    exchange->awaits_body =
        wire->upload == FERRY_UPLOAD_OPEN && is_idle(wire) && !wire->write_blocked;
    if (ferry_wire_is_uploading(wire)) {
        return;
    }
    ferry_wire_trim_request(wire);
    ferry_exchange_sent(exchange);
    if (exchange->state == FERRY_EXCHANGE_BODY && exchange->response_ended) {
        ferry_wire_end_exchange(wire);
    }
}

static void drop_upload(ferry_wire *wire) {
    ferry_buffer_clear(&wire->tx);
    ferry_buffer_clear(&wire->held);
    wire->source = (ferry_body_source){.read = NULL};
    wire->borrowed = (ferry_span){NULL, 0};
    wire->tx_prefix = 0;
    wire->tx_body = 0;
    wire->upload = FERRY_UPLOAD_COMPLETE;
    wire->write_blocked = false;
    wire->is_draining = false;
    wire->base.exchange->sender_has_work = false;
    update(wire);
}

void ferry_wire_stop_upload(ferry_wire *wire) {
    if (wire->framing.kind != FERRY_H1_BODY_TUNNEL) {
        ferry_log(wire->base.context, FERRY_LOG_INFO,
                  "the request is cut after %lld bytes of its body",
                  (long long)wire->base.exchange->bytes_sent);
    }
    wire->base.exchange->upload_stopped = true;
    wire->base.exchange->takes_body = false;
    wire->base.exchange->writer_waits = false;
    wire->framing.keep_alive = false;
    drop_upload(wire);
}

/* The peer may have answered before it stopped listening, so the exchange goes on until reading
 * says how it ended. */
static void fail_upload(ferry_wire *wire) {
    ferry_format(wire->write_reason, sizeof wire->write_reason, "%s", wire->stream_reason);
    ferry_wire_stop_upload(wire);
}

/* What the stream was given may still be with it, and would go with the connection. The end of a
 * tunnel goes its own way. */
static void upload_advance(ferry_wire *wire) {
    wire->is_draining = false;
    if (ferry_wire_is_uploading(wire) || wire->framing.kind == FERRY_H1_BODY_TUNNEL) {
        update(wire);
        return;
    }
    switch (ferry_stream_flush(wire->stream, &wire->stream_reason)) {
    case FERRY_STREAM_OK:
        break;
    case FERRY_STREAM_AGAIN:
        wire->is_draining = true;
        break;
    case FERRY_STREAM_END:
    case FERRY_STREAM_TRUNCATED:
    case FERRY_STREAM_FAILED:
        fail_upload(wire);
        return;
    }
    update(wire);
}

void ferry_wire_drain(ferry_wire *wire) {
    if (wire->is_draining) {
        upload_advance(wire);
    }
}

/* Counts `length` bytes of tx as sent: framing, then body, then framing. */
static void count_sent(ferry_wire *wire, size_t length) {
    ferry_exchange *exchange = wire->base.exchange;
    size_t prefix = length < wire->tx_prefix ? length : wire->tx_prefix;
    wire->tx_prefix -= prefix;
    length -= prefix;
    size_t body = length < wire->tx_body ? length : wire->tx_body;
    wire->tx_body -= body;
    exchange->bytes_sent += (int64_t)body;
}

/* Takes what was written off tx, then off the borrowed body. */
static void consume_sent(ferry_wire *wire, size_t length) {
    size_t of_tx = ferry_size_least(length, ferry_buffer_length(&wire->tx));
    count_sent(wire, of_tx);
    ferry_buffer_consume(&wire->tx, of_tx);
    length -= of_tx;
    if (length == 0) {
        return;
    }
    wire->base.exchange->bytes_sent += (int64_t)length;
    wire->borrowed.data += length;
    wire->borrowed.length -= length;
    if (wire->borrowed.length == 0) {
        wire->upload = FERRY_UPLOAD_COMPLETE;
    }
}

/* One write of what is in tx and, in the same call, of a borrowed body. */
static ferry_stream_result send_some(ferry_wire *wire, size_t most, size_t *written) {
    bool is_borrowed = wire->upload == FERRY_UPLOAD_SOURCE && wire->source.read == NULL;
    size_t of_tx = ferry_size_least(ferry_buffer_length(&wire->tx), most);
    size_t of_body = is_borrowed ? ferry_size_least(wire->borrowed.length, most - of_tx) : 0;
    ferry_slice slices[] = {
        {ferry_buffer_content(&wire->tx), of_tx},
        {wire->borrowed.data, of_body},
    };
    size_t first = of_tx > 0 ? 0 : 1;
    size_t last = of_body > 0 ? 2 : 1;
    ferry_stream_result result =
        ferry_wire_stream_write(wire, slices + first, last - first, written);
    if (result == FERRY_STREAM_OK) {
        consume_sent(wire, *written);
    }
    return result;
}

void ferry_wire_flush(ferry_wire *wire) {
    size_t budget = ferry_size_least(wire->base.context->poll_budget_bytes, FERRY_SEND_PIECE);
    bool has_room = true;
    wire->base.exchange->sender_has_work = false;
    wire->write_blocked = false; /* asked again: the stream may have room now */
    for (int writes = 0; writes < MOST_WRITES && budget > 0; writes++) {
        if (is_idle(wire) && wire->upload == FERRY_UPLOAD_SOURCE && wire->source.read != NULL) {
            ferry_wire_pull(wire);
            if (wire->stream == NULL) {
                return; /* the function has failed, and the exchange with it */
            }
        }
        if (is_idle(wire) && wire->upload != FERRY_UPLOAD_SOURCE) {
            break;
        }
        size_t written = 0;
        ferry_stream_result result = send_some(wire, budget, &written);
        if (result == FERRY_STREAM_AGAIN) {
            has_room = false;
            break;
        }
        if (result != FERRY_STREAM_OK) {
            fail_upload(wire);
            return;
        }
        budget -= written;
    }
    wire->base.exchange->sender_has_work = has_room && has_unsent(wire);
    upload_advance(wire);
}

static ferry_error keep_rest(ferry_wire *wire, const ferry_slice *slices, size_t skip) {
    size_t head = ferry_buffer_length(&wire->tx);
    size_t consumed = skip < head ? skip : head;
    ferry_buffer_consume(&wire->tx, consumed);
    skip -= consumed;
    for (size_t i = 1; i < 3; i++) {
        size_t skipped = skip < slices[i].length ? skip : slices[i].length;
        skip -= skipped;
        if (skipped == slices[i].length) {
            continue;
        }
        ferry_error error =
            ferry_buffer_append(&wire->tx, wire->base.context,
                                (const char *)slices[i].data + skipped, slices[i].length - skipped);
        if (error != FERRY_OK) {
            return ferry_buffer_explain(&wire->tx, wire->base.context, error, "the request");
        }
    }
    return FERRY_OK;
}

/* Sends tx, which holds framing only, then `body`, then `suffix`, in one call of the stream; keeps
 * a copy of what it does not take. Small bodies would gain nothing from a second call. */
static void transmit(ferry_wire *wire, ferry_span body, ferry_span suffix) {
    assert(wire->tx_body == 0);
    ferry_slice slices[] = {
        {ferry_buffer_content(&wire->tx), ferry_buffer_length(&wire->tx)},
        {body.data, body.length},
        {suffix.data, suffix.length},
    };
    wire->tx_prefix = slices[0].length;
    wire->tx_body = body.length;
    size_t first = slices[0].length > 0 ? 0 : 1;
    size_t last = suffix.length > 0 ? 3 : (body.length > 0 ? 2 : 1);
    size_t written = 0;
    if (body.length > FERRY_SEND_PIECE) { /* the rest is sent by steps */
        slices[1].length = FERRY_SEND_PIECE;
        last = 2;
    }
    ferry_stream_result result =
        ferry_wire_stream_write(wire, slices + first, last - first, &written);
    slices[1].length = body.length;
    if (result == FERRY_STREAM_AGAIN) {
        written = 0;
    } else if (result != FERRY_STREAM_OK) {
        fail_upload(wire);
        return;
    } else {
        count_sent(wire, written);
    }
    ferry_error error = keep_rest(wire, slices, written);
    if (error != FERRY_OK) {
        ferry_wire_fail(wire, error); /* half a request is out: the connection is of no use */
        return;
    }
    upload_advance(wire);
}

static ferry_error prepare(ferry_wire *wire, const ferry_message *message) {
    ferry_context *context = wire->base.context;
    ferry_span accept = ferry_span_of(wire->undo_codings ? ferry_codings_accept : "");
    ferry_error error = ferry_h1_request_write(&wire->tx, context, message, accept);
    if (error != FERRY_OK || (message->present & FERRY_HAS_EXPECT_CONTINUE) == 0 ||
        message->is_borrowed) {
        return error;
    }
    error = ferry_buffer_append(&wire->held, context, message->body, message->body_length);
    return ferry_buffer_explain(&wire->held, context, error, "the body");
}

/* All that was announced of a streamed body has been given: the request is complete, whether or not
 * the caller ever says so. */
static void complete_by_length(ferry_wire *wire) {
    if (wire->upload == FERRY_UPLOAD_OPEN && wire->upload_remaining == 0) {
        wire->upload = FERRY_UPLOAD_COMPLETE;
        wire->is_finished = true;
        wire->base.exchange->takes_body = false;
        wire->base.exchange->awaits_finish = true;
    }
}

static void set_up_upload(ferry_wire *wire, const ferry_message *message) {
    bool is_piecewise = message->streamed && message->body_read == NULL;
    wire->is_streamed = is_piecewise;
    wire->is_finished = false;
    wire->upload_remaining = message->streamed ? message->streamed_length : -1;
    wire->upload_is_chunked = message->streamed && message->streamed_length < 0;
    wire->source =
        (ferry_body_source){message->body_read, message->body_ctx, message->streamed_length};
    wire->borrowed = message->is_borrowed ? (ferry_span){message->body, message->body_length}
                                          : (ferry_span){NULL, 0};
    wire->base.exchange->takes_body = is_piecewise;
}

static bool has_source(const ferry_wire *wire) {
    return wire->source.read != NULL ? wire->upload_remaining != 0 : wire->borrowed.length > 0;
}

/* Sends the head, and of the body what goes along with it. */
static void begin_upload(ferry_wire *wire, const ferry_message *message) {
    ferry_span body = {message->body, message->body_length};
    wire->upload = wire->is_streamed ? FERRY_UPLOAD_OPEN : FERRY_UPLOAD_COMPLETE;
    if ((message->present & FERRY_HAS_EXPECT_CONTINUE) != 0) {
        wire->upload = FERRY_UPLOAD_HELD;
        body.length = 0;
    } else if (has_source(wire)) {
        wire->upload = FERRY_UPLOAD_SOURCE;
        wire->tx_prefix = ferry_buffer_length(&wire->tx);
        ferry_wire_flush(wire);
        return;
    }
    complete_by_length(wire);
    transmit(wire, body, (ferry_span){NULL, 0});
}

ferry_error ferry_wire_send(ferry_backend *backend, const ferry_message *message) {
    ferry_wire *wire = (ferry_wire *)backend;
    char why[FERRY_WIRE_WORDS_SIZE];
    assert(is_idle(wire) && backend->link == FERRY_LINK_OPEN);
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
    ferry_error error = prepare(wire, message);
    if (error != FERRY_OK) {
        ferry_buffer_clear(&wire->tx);
        ferry_buffer_clear(&wire->held);
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
    set_up_upload(wire, message);
    begin_upload(wire, message);
    ferry_wire_settle_failure(wire);
    return FERRY_OK;
}

ferry_error ferry_wire_write(ferry_backend *backend, const void *data, size_t length,
                             size_t *written) {
    ferry_wire *wire = (ferry_wire *)backend;
    *written = 0;
    if (wire->upload_remaining >= 0 && length > (uint64_t)wire->upload_remaining) {
        return ferry_fail(backend->context, FERRY_ERROR_INVALID_PARAMETER,
                          "%zu bytes are more than the %lld that are left of the announced length",
                          length, (long long)wire->upload_remaining);
    }
    if (!is_idle(wire)) {
        ferry_wire_flush(wire);
        ferry_wire_settle_failure(wire);
    }
    if (wire->upload != FERRY_UPLOAD_OPEN || !is_idle(wire) || length == 0) {
        return FERRY_OK;
    }
    if (wire->upload_is_chunked) {
        length = length < CHUNK_LIMIT ? length : CHUNK_LIMIT;
        char line[FERRY_H1_CHUNK_SIZE_LINE];
        size_t line_length = ferry_h1_chunk_size_write(length, line);
        /* Room for the whole chunk first: once its size is out, all of it must follow. */
        ferry_error error =
            ferry_buffer_reserve(&wire->tx, backend->context, line_length + length + 2);
        if (error == FERRY_OK) {
            error = ferry_buffer_append(&wire->tx, backend->context, line, line_length);
        }
        if (error != FERRY_OK) {
            return ferry_buffer_explain(&wire->tx, backend->context, error, "the request");
        }
        transmit(wire, (ferry_span){data, length}, FERRY_SPAN("\r\n"));
        *written = wire->write_reason[0] == '\0' ? length : 0;
        ferry_wire_settle_failure(wire);
        return FERRY_OK;
    }
    ferry_slice slice = {data, ferry_size_least(length, FERRY_SEND_PIECE)};
    ferry_stream_result result = ferry_wire_stream_write(wire, &slice, 1, written);
    wire->write_blocked = result == FERRY_STREAM_AGAIN || *written < slice.length;
    if (result == FERRY_STREAM_AGAIN) {
        *written = 0;
    } else if (result != FERRY_STREAM_OK) {
        *written = 0;
        fail_upload(wire);
        ferry_wire_settle_failure(wire);
        return FERRY_OK;
    }
    wire->tx_body = *written;
    count_sent(wire, *written);
    if (wire->upload_remaining >= 0) {
        wire->upload_remaining -= (int64_t)*written;
        complete_by_length(wire);
    }
    upload_advance(wire);
    ferry_wire_settle_failure(wire);
    return FERRY_OK;
}

/* The caller has given everything, and the server wants it. */
static ferry_error complete(ferry_wire *wire) {
    if (wire->upload_is_chunked) {
        ferry_error error =
            ferry_buffer_append(&wire->tx, wire->base.context, FERRY_SPAN("0\r\n\r\n").data, 5);
        if (error != FERRY_OK) {
            return ferry_buffer_explain(&wire->tx, wire->base.context, error, "the request");
        }
    }
    wire->upload = FERRY_UPLOAD_COMPLETE;
    ferry_wire_flush(wire);
    return FERRY_OK;
}

ferry_error ferry_wire_finish(ferry_backend *backend) {
    ferry_wire *wire = (ferry_wire *)backend;
    if (wire->upload_remaining > 0) {
        return ferry_fail(backend->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the body is %lld bytes shorter than announced",
                          (long long)wire->upload_remaining);
    }
    wire->is_finished = true;
    backend->exchange->takes_body = false;
    ferry_error error = wire->upload == FERRY_UPLOAD_HELD ? FERRY_OK : complete(wire);
    ferry_wire_settle_failure(wire);
    if (error == FERRY_OK && wire->framing.kind == FERRY_H1_BODY_TUNNEL && wire->stream != NULL) {
        wire->is_ending = true;
        ferry_wire_end(wire);
    }
    return error;
}

void ferry_wire_proceed(ferry_backend *backend) {
    ferry_wire *wire = (ferry_wire *)backend;
    if (wire->upload != FERRY_UPLOAD_HELD) {
        return;
    }
    if (wire->is_streamed) {
        wire->upload = FERRY_UPLOAD_OPEN;
        complete_by_length(wire);
        if (wire->is_finished) {
            ferry_error error = complete(wire);
            if (error != FERRY_OK) {
                ferry_wire_fail(wire, error);
            }
            return;
        }
        upload_advance(wire);
        return;
    }
    if (has_source(wire)) {
        wire->upload = FERRY_UPLOAD_SOURCE;
        ferry_wire_flush(wire);
        return;
    }
    /* A whole body takes the place of tx, behind what is left of the head there. */
    wire->upload = FERRY_UPLOAD_COMPLETE;
    if (is_idle(wire)) {
        ferry_buffer sent = wire->tx;
        wire->tx = wire->held;
        wire->held = sent;
    } else {
        ferry_error error =
            ferry_buffer_append(&wire->tx, wire->base.context, ferry_buffer_content(&wire->held),
                                ferry_buffer_length(&wire->held));
        if (error != FERRY_OK) {
            ferry_wire_fail(
                wire, ferry_buffer_explain(&wire->tx, wire->base.context, error, "the request"));
            return;
        }
    }
    wire->tx_body = ferry_buffer_length(&wire->tx) - wire->tx_prefix;
    ferry_buffer_clear(&wire->held);
    ferry_wire_flush(wire);
}

void ferry_wire_open_tunnel(ferry_wire *wire) {
    wire->upload = FERRY_UPLOAD_OPEN;
    wire->is_streamed = true;
    wire->is_finished = false;
    wire->upload_remaining = -1;
    wire->upload_is_chunked = false;
    wire->base.exchange->takes_body = true;
    update(wire);
}
