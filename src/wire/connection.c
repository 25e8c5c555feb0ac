/* SPDX-License-Identifier: MIT */
/* connection: implements the calls of a backend: connect, send, receive, and what to wait for. */
#include "connection.h"

#include "connection_state.h"

#include <assert.h>

static ferry_error connection_prepare(ferry_backend *backend, const ferry_origin *origin) {
    ferry_connector *connector = ((ferry_connection *)backend)->connector;
    return connector->ops->prepare(connector, origin);
}

static ferry_error connection_open(ferry_backend *backend, const ferry_origin *origin,
                                   int64_t now_ms) {
    ferry_connection *connection = (ferry_connection *)backend;
    assert(connection->connector != NULL && connection->stream == NULL);
    ferry_connection_reset_response(connection);
    connection->is_reused = false;
    ferry_error error = connection->connector->ops->start(connection->connector, origin, now_ms);
    if (error == FERRY_OK) {
        backend->link = FERRY_LINK_RESOLVING;
    }
    return error;
}

static void connection_step_open(ferry_connection *connection) {
    ferry_exchange *exchange = connection->base.exchange;
    if (!ferry_exchange_is_under_way(exchange)) {
        const char *why;
        if (ferry_connection_look(connection, &why) != FERRY_CONNECTION_IDLE) {
            ferry_connection_disconnect(connection);
        }
        return;
    }
    if (ferry_h1_sender_awaits_room(&connection->sender)) {
        ferry_connection_flush(connection);
    }
    if (connection->is_ending) {
        ferry_connection_end_writing(connection);
    }
    if (exchange->state == FERRY_EXCHANGE_SENDING || exchange->state == FERRY_EXCHANGE_WAITING) {
        ferry_connection_receive_head(connection);
    }
}

static ferry_error connection_step(ferry_backend *backend, int64_t now_ms) {
    ferry_connection *connection = (ferry_connection *)backend;
    switch (backend->link) {
    case FERRY_LINK_CLOSED:
        return FERRY_OK;
    case FERRY_LINK_RESOLVING:
    case FERRY_LINK_CONNECTING:
        return connection->connector->ops->step(connection->connector, now_ms, &backend->link,
                                                &connection->stream);
    case FERRY_LINK_OPEN:
        connection_step_open(connection);
        return FERRY_OK;
    }
    return FERRY_OK;
}

static ferry_error connection_send(ferry_backend *backend, const ferry_message *message) {
    ferry_connection *connection = (ferry_connection *)backend;
    const char *why;
    assert(backend->link == FERRY_LINK_OPEN);
    ferry_connection_idle idle = ferry_connection_look(connection, &why);
    /* One that breaks before its first request is no stale one (a server of TLS 1.3 refuses a
     * client's certificate after the handshake): another would break as well. */
    if (idle == FERRY_CONNECTION_ENDED ||
        (idle == FERRY_CONNECTION_BROKEN && connection->is_reused)) {
        ferry_error again = ferry_fail(backend->context, FERRY_ERROR_CONNECT_AGAIN,
                                       "%s: nothing was sent, connect again", why);
        ferry_connection_disconnect(connection);
        backend->exchange->is_exposed = false;
        return again;
    }
    connection->undo_codings =
        !backend->context->keep_content_coding &&
        (message->present & (FERRY_HAS_ACCEPT_ENCODING | FERRY_HAS_RANGE)) == 0;
    ferry_span accept = connection->undo_codings ? ferry_codings_accept : (ferry_span){"", 0};
    ferry_error error = ferry_h1_sender_begin(&connection->sender, message, accept);
    if (error != FERRY_OK) {
        return error;
    }
    ferry_exchange_reset(backend->exchange);
    ferry_exchange_begin(backend->exchange);
    ferry_connection_reset_response(connection);
    connection->facts = (ferry_h1_request_facts){
        .is_head = message->method == FERRY_METHOD_HEAD,
        .is_connect = message->method == FERRY_METHOD_CONNECT,
        .has_upgrade = (message->present & FERRY_HAS_UPGRADE) != 0,
        .wants_close = (message->present & FERRY_HAS_CONNECTION_CLOSE) != 0,
    };
    ferry_connection_begin_upload(connection, message);
    ferry_connection_resolve_failure(connection);
    return FERRY_OK;
}

static ferry_error connection_write(ferry_backend *backend, const void *data, size_t length,
                                    size_t *written) {
    ferry_connection *connection = (ferry_connection *)backend;
    *written = 0;
    ferry_error error = ferry_h1_sender_check(&connection->sender, length);
    if (error != FERRY_OK) {
        return error;
    }
    if (ferry_h1_sender_has_out(&connection->sender)) {
        ferry_connection_flush(connection);
        ferry_connection_resolve_failure(connection);
    }
    bool is_ready = connection->sender.state == FERRY_H1_SENDER_FULL ||
                    ferry_h1_sender_awaits_piece(&connection->sender);
    if (!is_ready || length == 0) {
        return FERRY_OK;
    }
    error = ferry_connection_offer(connection, data, length, written);
    if (error == FERRY_OK) {
        ferry_connection_resolve_failure(connection);
    }
    return error;
}

static ferry_error connection_finish(ferry_backend *backend) {
    ferry_connection *connection = (ferry_connection *)backend;
    ferry_error error = ferry_h1_sender_finish(&connection->sender);
    if (error == FERRY_ERROR_INVALID_PARAMETER) {
        return error;
    }
    backend->exchange->takes_body = false;
    if (error == FERRY_OK && !ferry_h1_sender_is_held(&connection->sender)) {
        ferry_connection_flush(connection);
    }
    ferry_connection_resolve_failure(connection);
    if (error == FERRY_OK && ferry_h1_receiver_is_tunnel(&connection->receiver) &&
        connection->stream != NULL) {
        connection->is_ending = true;
        ferry_connection_end_writing(connection);
    }
    return error;
}

/* As the time for 100 (Continue) is over. */
static void connection_proceed(ferry_backend *backend) {
    ferry_connection *connection = (ferry_connection *)backend;
    ferry_connection_proceed(connection);
    ferry_connection_resolve_failure(connection);
}

static size_t connection_read(ferry_backend *backend, void *dst, size_t capacity) {
    return ferry_connection_read((ferry_connection *)backend, dst, capacity);
}

static size_t connection_get_waits(ferry_backend *backend, ferry_wait *waits, size_t capacity,
                                   int64_t *deadline_ms, bool wants_body) {
    ferry_connection *connection = (ferry_connection *)backend;
    if (backend->link == FERRY_LINK_RESOLVING || backend->link == FERRY_LINK_CONNECTING) {
        return connection->connector->ops->get_waits(connection->connector, waits, capacity,
                                                     deadline_ms);
    }
    if (connection->stream == NULL) {
        return 0;
    }
    bool is_unread = backend->exchange->state == FERRY_EXCHANGE_BODY &&
                     (!wants_body || backend->exchange->response_arrived);
    unsigned events = is_unread ? 0 : FERRY_EVENT_READ;
    if (ferry_h1_sender_awaits_room(&connection->sender) || connection->is_ending) {
        events |= FERRY_EVENT_WRITE;
    }
    if (events == 0) {
        return 0;
    }
    ferry_wait wait = {FERRY_NO_DESCRIPTOR, 0};
    if (connection->stream->ops->wants == NULL ||
        !connection->stream->ops->wants(connection->stream, events, &wait)) {
        wait = (ferry_wait){FERRY_NO_DESCRIPTOR, events};
    }
    if (capacity > 0) {
        waits[0] = wait;
    }
    return 1;
}

static void connection_drop(ferry_connection *connection) {
    if (connection->connector != NULL) {
        connection->connector->ops->cancel(connection->connector);
    }
    ferry_connection_disconnect(connection);
    ferry_connection_reset_response(connection);
}

static void connection_abort(ferry_backend *backend, ferry_error error) {
    ferry_exchange_fail(backend->exchange, error);
    connection_drop((ferry_connection *)backend);
}

static void connection_close(ferry_backend *backend) {
    ferry_exchange_reset(backend->exchange);
    connection_drop((ferry_connection *)backend);
}

static void connection_destroy(ferry_backend *backend) {
    ferry_connection *connection = (ferry_connection *)backend;
    ferry_context *context = backend->context;
    connection_close(backend);
    if (connection->connector != NULL) {
        connection->connector->ops->destroy(connection->connector);
    }
    ferry_buffer_deinit(&connection->coded, context);
    ferry_h1_receiver_deinit(&connection->receiver);
    ferry_h1_sender_deinit(&connection->sender);
    ferry_free(context, connection);
}

static ferry_stream *connection_get_stream(const ferry_backend *backend) {
    return ((const ferry_connection *)backend)->stream;
}

static const char *connection_get_phase(const ferry_backend *backend) {
    const ferry_connector *connector = ((const ferry_connection *)backend)->connector;
    return connector != NULL && connector->ops->get_phase != NULL
               ? connector->ops->get_phase(connector)
               : NULL;
}

static bool connection_owns_stream(const ferry_backend *backend, const ferry_stream *stream) {
    const ferry_connection *connection = (const ferry_connection *)backend;
    return connection->stream == stream ||
           (connection->connector != NULL &&
            connection->connector->ops->owns(connection->connector, connection->stream, stream));
}

/* Refuses to let go of the stream where that would lose something. */
static ferry_error connection_check_free(const ferry_connection *connection) {
    ferry_context *context = connection->base.context;
    bool is_under_way = ferry_exchange_is_under_way(connection->base.exchange);
    const char *why = NULL;
    if (connection->stream == NULL ||
        (is_under_way && !ferry_h1_receiver_is_tunnel(&connection->receiver))) {
        why = "an exchange is under way: read its body, or close";
    } else if (ferry_buffer_length(&connection->receiver.in) > 0) {
        why = "bytes have come that nobody has read: read them first";
    } else if (ferry_h1_sender_has_out(&connection->sender)) {
        why = "what was written is not sent yet: poll first";
    } else if (is_under_way && !ferry_h1_sender_takes_pieces(&connection->sender)) {
        why = "it was ended, or it broke: nothing more can be sent";
    }
    return why == NULL ? FERRY_OK
                       : ferry_fail(context, FERRY_ERROR_BUSY,
                                    "the connection cannot be used for something else: %s", why);
}

static ferry_error connection_take_stream(ferry_backend *backend, ferry_stream **stream) {
    ferry_connection *connection = (ferry_connection *)backend;
    ferry_error error = connection_check_free(connection);
    if (error == FERRY_OK) {
        *stream = connection->stream;
        connection->stream = NULL;
        connection_close(backend);
    }
    return error;
}

static ferry_error connection_restart(ferry_backend *backend) {
    ferry_connection *connection = (ferry_connection *)backend;
    ferry_error error = connection_check_free(connection);
    if (error == FERRY_OK) {
        bool was_tunnel = ferry_exchange_is_under_way(backend->exchange);
        ferry_exchange_reset(backend->exchange);
        ferry_connection_reset_response(connection);
        ferry_connection_trim_response(connection);
        ferry_h1_sender_reset(&connection->sender);
        connection->is_reused = connection->is_reused && !was_tunnel; /* it leads to another peer */
    }
    return error;
}

static const ferry_backend_ops connection_ops = {
    .shows_connection = true,
    .prepare = connection_prepare,
    .open = connection_open,
    .step = connection_step,
    .send = connection_send,
    .write = connection_write,
    .finish = connection_finish,
    .proceed = connection_proceed,
    .read = connection_read,
    .get_waits = connection_get_waits,
    .get_phase = connection_get_phase,
    .abort = connection_abort,
    .close = connection_close,
    .destroy = connection_destroy,
    .get_stream = connection_get_stream,
    .owns_stream = connection_owns_stream,
    .take_stream = connection_take_stream,
    .restart = connection_restart,
};

ferry_error ferry_connection_new(ferry_context *context, ferry_exchange *exchange,
                                 ferry_connector *connector, ferry_stream *stream,
                                 ferry_backend **backend) {
    assert((connector == NULL) != (stream == NULL));
    ferry_connection *connection = ferry_alloc(context, sizeof *connection);
    if (connection == NULL) {
        return ferry_fail_memory(context);
    }
    *connection = (ferry_connection){
        .base = {.ops = &connection_ops, .context = context, .exchange = exchange},
        .connector = connector,
        .stream = stream,
    };
    connection->base.link = stream != NULL ? FERRY_LINK_OPEN : FERRY_LINK_CLOSED;
    ferry_h1_sender_init(&connection->sender, context);
    ferry_h1_receiver_init(&connection->receiver, context, &exchange->headers, &exchange->trailers);
    /* It holds the names of the codings too, which come out of a head. */
    size_t limit =
        context->max_head_bytes > FERRY_LIMIT_CODED ? context->max_head_bytes : FERRY_LIMIT_CODED;
    ferry_buffer_init(&connection->coded, limit, "the coded body");
    *backend = &connection->base;
    return FERRY_OK;
}
