/* SPDX-License-Identifier: MIT */
/* reuse: the stream of a connection between two exchanges: it looks whether the stream is still
 * good, keeps it for another exchange, or closes it. */
#include "connection_state.h"

void ferry_connection_trim_response(ferry_connection *connection) {
    ferry_h1_receiver_trim(&connection->receiver);
    ferry_buffer_trim(&connection->coded, connection->base.context);
}

void ferry_connection_disconnect(ferry_connection *connection) {
    if (connection->stream != NULL) {
        connection->stream->ops->destroy(connection->stream);
        connection->stream = NULL;
    }
    connection->base.link = FERRY_LINK_CLOSED;
    ferry_buffer_clear(&connection->receiver.in);
    ferry_h1_sender_reset(&connection->sender);
    ferry_h1_sender_trim(&connection->sender);
    connection->is_ending = false;
    ferry_connection_trim_response(connection);
}

void ferry_connection_fail(ferry_connection *connection, ferry_error error) {
    ferry_exchange_fail(connection->base.exchange, error);
    ferry_connection_disconnect(connection);
}

void ferry_connection_end_writing(ferry_connection *connection) {
    if (ferry_h1_sender_has_out(&connection->sender)) {
        return;
    }
    connection->is_ending = ferry_stream_shutdown(connection->stream) == FERRY_STREAM_AGAIN;
}

/* Nothing is expected on an idle link: whatever comes, its end included, ends it, lest it be taken
 * for the answer to the next request. Only the empty lines that some servers put behind a body are
 * passed over, as they are in front of a message (RFC 9112 section 2.2). */
ferry_connection_idle ferry_connection_look(ferry_connection *connection, const char **why) {
    enum { PIECE = 64, MAX_PIECES = 16 };
    char bytes[PIECE];
    size_t length = 0;
    ferry_stream_result result = FERRY_STREAM_OK;
    for (int i = 0; i < MAX_PIECES && result == FERRY_STREAM_OK; i++) {
        result = ferry_connection_stream_read(connection, bytes, sizeof bytes, &length);
        if (result == FERRY_STREAM_OK && !ferry_h1_are_line_ends(bytes, length)) {
            break;
        }
    }
    if (result == FERRY_STREAM_AGAIN) {
        return FERRY_CONNECTION_IDLE;
    }
    *why = "the server closed the idle connection";
    if (result == FERRY_STREAM_OK) {
        *why = "the server sent bytes that nobody asked for on the idle connection";
    } else if (result == FERRY_STREAM_FAILED) {
        *why = connection->stream_reason;
    }
    ferry_log(connection->base.context, FERRY_LOG_INFO, "%s", *why);
    return result == FERRY_STREAM_FAILED ? FERRY_CONNECTION_BROKEN : FERRY_CONNECTION_ENDED;
}

ferry_error ferry_connection_explain_cut(ferry_connection *connection) {
    return ferry_fail(connection->base.context, FERRY_ERROR_UPLOAD_STOPPED,
                      "the server answered %d, but the connection took only %lld bytes of the "
                      "request's body: %s",
                      connection->receiver.head.code,
                      (long long)connection->base.exchange->bytes_sent, connection->write_reason);
}

void ferry_connection_end_exchange(ferry_connection *connection) {
    ferry_exchange *exchange = connection->base.exchange;
    ferry_h1_receiver *receiver = &connection->receiver;
    if (ferry_connection_is_cut(connection)) {
        ferry_connection_fail(connection, ferry_connection_explain_cut(connection));
        return;
    }
    ferry_exchange_end(exchange);
    connection->is_reused = true;
    if (exchange->upload_stopped || !ferry_h1_receiver_is_reusable(receiver)) {
        ferry_connection_disconnect(connection);
    } else if (ferry_h1_receiver_has_rest(receiver)) {
        ferry_log(connection->base.context, FERRY_LOG_INFO,
                  "the connection is closed: the server sent more than the response");
        ferry_connection_disconnect(connection);
    } else {
        ferry_buffer_clear(&receiver->in);
        ferry_connection_trim_response(connection);
    }
}
