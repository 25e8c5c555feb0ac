/* SPDX-License-Identifier: MIT */
/* connection: the link: connecting, stepping, what to wait for, and the end. */
#include "connection.h"

#include "connection_state.h"

#include <assert.h>

void ferry_wire_trim_response(ferry_wire *wire) {
    ferry_h1_receiver_trim(&wire->receiver);
    ferry_buffer_trim(&wire->coded, wire->base.context);
}

void ferry_wire_disconnect(ferry_wire *wire) {
    if (wire->stream != NULL) {
        wire->stream->ops->destroy(wire->stream);
        wire->stream = NULL;
    }
    wire->base.link = FERRY_LINK_CLOSED;
    ferry_buffer_clear(&wire->receiver.in);
    ferry_h1_sender_reset(&wire->sender);
    ferry_h1_sender_trim(&wire->sender);
    wire->is_ending = false;
    ferry_wire_trim_response(wire);
}

void ferry_wire_end(ferry_wire *wire) {
    const ferry_stream_ops *ops = wire->stream->ops;
    ferry_wait wait = {FERRY_NO_DESCRIPTOR, 0};
    if (ferry_h1_sender_has_out(&wire->sender)) {
        return;
    }
    if (ops->shutdown != NULL) {
        ops->shutdown(wire->stream);
    }
    wire->is_ending = ops->wants != NULL && ops->wants(wire->stream, 0, &wait) &&
                      (wait.events & FERRY_EVENT_WRITE) != 0;
}

void ferry_wire_fail(ferry_wire *wire, ferry_error error) {
    ferry_exchange_fail(wire->base.exchange, error);
    ferry_wire_disconnect(wire);
}

static ferry_error wire_prepare(ferry_backend *backend, const ferry_origin *origin) {
    ferry_connector *connector = ((ferry_wire *)backend)->connector;
    return connector->ops->prepare(connector, origin);
}

static ferry_error wire_open(ferry_backend *backend, const ferry_origin *origin, int64_t now_ms) {
    ferry_wire *wire = (ferry_wire *)backend;
    assert(wire->connector != NULL && wire->stream == NULL);
    ferry_wire_reset_response(wire);
    wire->is_reused = false;
    ferry_error error = wire->connector->ops->start(wire->connector, origin, now_ms);
    if (error == FERRY_OK) {
        backend->link = FERRY_LINK_RESOLVING;
    }
    return error;
}

/* Nothing is expected on an idle link: whatever comes, its end included, ends it, lest it be taken
 * for the answer to the next request. Only the empty lines that some servers put behind a body are
 * passed over, as they are in front of a message (RFC 9112 section 2.2). */
ferry_wire_idle ferry_wire_look(ferry_wire *wire, char why[FERRY_WIRE_WORDS_SIZE]) {
    enum { PIECE = 64, MOST_PIECES = 16 };
    char bytes[PIECE];
    size_t length = 0;
    ferry_stream_result result = FERRY_STREAM_OK;
    for (int i = 0; i < MOST_PIECES && result == FERRY_STREAM_OK; i++) {
        result = ferry_wire_stream_read(wire, bytes, sizeof bytes, &length);
        if (result == FERRY_STREAM_OK && !ferry_h1_are_line_ends(bytes, length)) {
            break;
        }
    }
    if (result == FERRY_STREAM_AGAIN) {
        return FERRY_WIRE_IDLE;
    }
    const char *words = "the server closed the idle connection";
    if (result == FERRY_STREAM_OK) {
        words = "the server sent bytes that nobody asked for on the idle connection";
    } else if (result == FERRY_STREAM_FAILED) {
        words = wire->stream_reason;
    }
    ferry_format(why, FERRY_WIRE_WORDS_SIZE, "%s", words);
    ferry_log(wire->base.context, FERRY_LOG_INFO, "%s", why);
    return result == FERRY_STREAM_FAILED ? FERRY_WIRE_BROKEN : FERRY_WIRE_ENDED;
}

static void step_open(ferry_wire *wire) {
    ferry_exchange *exchange = wire->base.exchange;
    if (!ferry_exchange_is_under_way(exchange)) {
        char why[FERRY_WIRE_WORDS_SIZE];
        if (ferry_wire_look(wire, why) != FERRY_WIRE_IDLE) {
            ferry_wire_disconnect(wire);
        }
        return;
    }
    if (ferry_h1_sender_awaits_room(&wire->sender)) {
        ferry_wire_flush(wire);
    }
    if (wire->is_ending) {
        ferry_wire_end(wire);
    }
    if (exchange->state == FERRY_EXCHANGE_SENDING || exchange->state == FERRY_EXCHANGE_WAITING) {
        ferry_wire_receive_head(wire);
    }
}

static ferry_error wire_step(ferry_backend *backend, int64_t now_ms) {
    ferry_wire *wire = (ferry_wire *)backend;
    switch (backend->link) {
    case FERRY_LINK_CLOSED:
        return FERRY_OK;
    case FERRY_LINK_RESOLVING:
    case FERRY_LINK_CONNECTING:
        return wire->connector->ops->step(wire->connector, now_ms, &backend->link, &wire->stream);
    case FERRY_LINK_OPEN:
        step_open(wire);
        return FERRY_OK;
    }
    return FERRY_OK;
}

/* As the time for 100 (Continue) is over. */
static void wire_proceed(ferry_backend *backend) {
    ferry_wire_proceed(backend);
    ferry_wire_settle_failure((ferry_wire *)backend);
}

static size_t wire_get_waits(ferry_backend *backend, ferry_wait *waits, size_t capacity,
                             int64_t *deadline_ms) {
    ferry_wire *wire = (ferry_wire *)backend;
    if (backend->link == FERRY_LINK_RESOLVING || backend->link == FERRY_LINK_CONNECTING) {
        return wire->connector->ops->get_waits(wire->connector, waits, capacity, deadline_ms);
    }
    if (wire->stream == NULL) {
        return 0;
    }
    /* A body that nobody waits for is left where it is, with the peer if need be. */
    bool is_unread = backend->exchange->state == FERRY_EXCHANGE_BODY &&
                     (!backend->exchange->reader_waits || backend->exchange->response_arrived);
    unsigned events = is_unread ? 0 : FERRY_EVENT_READ;
    if (ferry_h1_sender_awaits_room(&wire->sender) || wire->is_ending) {
        events |= FERRY_EVENT_WRITE;
    }
    if (events == 0) {
        return 0;
    }
    ferry_wait wait = {FERRY_NO_DESCRIPTOR, 0};
    if (wire->stream->ops->wants == NULL ||
        !wire->stream->ops->wants(wire->stream, events, &wait)) {
        wait = (ferry_wait){FERRY_NO_DESCRIPTOR, events};
    }
    if (capacity > 0) {
        waits[0] = wait;
    }
    return 1;
}

static void wire_close(ferry_backend *backend) {
    ferry_wire *wire = (ferry_wire *)backend;
    if (wire->connector != NULL) {
        wire->connector->ops->cancel(wire->connector);
    }
    ferry_wire_disconnect(wire);
    ferry_wire_reset_response(wire);
}

static void wire_destroy(ferry_backend *backend) {
    ferry_wire *wire = (ferry_wire *)backend;
    ferry_context *context = backend->context;
    wire_close(backend);
    if (wire->connector != NULL) {
        wire->connector->ops->destroy(wire->connector);
    }
    ferry_buffer_deinit(&wire->coded, context);
    ferry_h1_receiver_deinit(&wire->receiver);
    ferry_h1_sender_deinit(&wire->sender);
    ferry_free(context, wire);
}

static ferry_stream *wire_get_stream(const ferry_backend *backend) {
    return ((const ferry_wire *)backend)->stream;
}

static bool wire_owns_stream(const ferry_backend *backend, const ferry_stream *stream) {
    const ferry_wire *wire = (const ferry_wire *)backend;
    return wire->stream == stream ||
           (wire->connector != NULL &&
            wire->connector->ops->owns(wire->connector, wire->stream, stream));
}

/* Refuses to let go of the stream where that would lose something. */
static ferry_error wire_check_free(const ferry_wire *wire) {
    ferry_context *context = wire->base.context;
    bool is_under_way = ferry_exchange_is_under_way(wire->base.exchange);
    const char *why = NULL;
    if (wire->stream == NULL || (is_under_way && !ferry_h1_receiver_is_tunnel(&wire->receiver))) {
        why = "an exchange is under way: read its body, or close";
    } else if (ferry_buffer_length(&wire->receiver.in) > 0) {
        why = "bytes have come that nobody has read: read them first";
    } else if (ferry_h1_sender_has_out(&wire->sender)) {
        why = "what was written is not sent yet: poll first";
    } else if (is_under_way && !ferry_h1_sender_takes_pieces(&wire->sender)) {
        why = "it was ended, or it broke: nothing more can be sent";
    }
    return why == NULL ? FERRY_OK
                       : ferry_fail(context, FERRY_ERROR_BUSY,
                                    "the connection cannot be used for something else: %s", why);
}

static ferry_error wire_take_stream(ferry_backend *backend, ferry_stream **stream) {
    ferry_wire *wire = (ferry_wire *)backend;
    ferry_error error = wire_check_free(wire);
    if (error == FERRY_OK) {
        *stream = wire->stream;
        wire->stream = NULL;
        wire_close(backend);
    }
    return error;
}

static ferry_error wire_restart(ferry_backend *backend) {
    ferry_wire *wire = (ferry_wire *)backend;
    ferry_error error = wire_check_free(wire);
    if (error == FERRY_OK) {
        bool was_tunnel = ferry_exchange_is_under_way(backend->exchange);
        ferry_exchange_reset(backend->exchange);
        ferry_wire_reset_response(wire);
        ferry_wire_trim_response(wire);
        ferry_h1_sender_reset(&wire->sender);
        wire->is_reused = wire->is_reused && !was_tunnel; /* it leads to another peer */
    }
    return error;
}

static const ferry_backend_ops wire_ops = {
    .prepare = wire_prepare,
    .open = wire_open,
    .step = wire_step,
    .send = ferry_wire_send,
    .write = ferry_wire_write,
    .finish = ferry_wire_finish,
    .proceed = wire_proceed,
    .read = ferry_wire_read,
    .get_waits = wire_get_waits,
    .close = wire_close,
    .destroy = wire_destroy,
    .get_stream = wire_get_stream,
    .owns_stream = wire_owns_stream,
    .take_stream = wire_take_stream,
    .restart = wire_restart,
};

ferry_error ferry_wire_new(ferry_context *context, ferry_exchange *exchange,
                           ferry_connector *connector, ferry_stream *stream,
                           ferry_backend **backend) {
    assert((connector == NULL) != (stream == NULL));
    ferry_wire *wire = ferry_alloc(context, sizeof *wire);
    if (wire == NULL) {
        return ferry_fail_memory(context);
    }
    *wire = (ferry_wire){
        .base = {.ops = &wire_ops, .context = context, .exchange = exchange},
        .connector = connector,
        .stream = stream,
    };
    wire->base.link = stream != NULL ? FERRY_LINK_OPEN : FERRY_LINK_CLOSED;
    ferry_h1_sender_init(&wire->sender, context);
    ferry_h1_receiver_init(&wire->receiver, context, &exchange->headers, &exchange->trailers);
    /* It holds the names of the codings too, which come out of a head. */
    ferry_buffer_init(&wire->coded, context->max_head_bytes > FERRY_LIMIT_CODED
                                        ? context->max_head_bytes
                                        : FERRY_LIMIT_CODED);
    *backend = &wire->base;
    return FERRY_OK;
}
