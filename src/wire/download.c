/* SPDX-License-Identifier: MIT */
/* download: carries the stream's bytes to the receiver, undoes content codings, and tells the
 * exchange and the sender what has come. */
#include "connection_state.h"

#include <assert.h>
#include <string.h>

enum {
    READS_MAX = 64,        /* of the stream in one step */
    HEAD_READ_MAX = 32768, /* bytes of heads in one step: TLS takes 0.5 ms for so many */
};

/* The next one allocates in any case: what it reads into goes too. */
static void download_drop_decoding(ferry_connection *connection) {
    if (connection->decoding != NULL) {
        ferry_decoding_free(connection->decoding);
        connection->decoding = NULL;
        ferry_buffer_deinit(&connection->coded, connection->base.context);
    }
}

void ferry_connection_reset_response(ferry_connection *connection) {
    ferry_h1_receiver_reset(&connection->receiver);
    ferry_buffer_clear(&connection->coded);
    download_drop_decoding(connection);
    connection->pending.error = FERRY_OK;
    connection->write_reason[0] = '\0';
}

/* The response is complete. A request that is still on its way goes on, unless it is a tunnel,
 * which ends for both. */
static void download_complete(ferry_connection *connection) {
    download_drop_decoding(connection);
    if (ferry_connection_is_uploading(connection) &&
        !ferry_h1_receiver_is_tunnel(&connection->receiver)) {
        ferry_exchange_response_end(connection->base.exchange);
        return;
    }
    if (ferry_connection_is_uploading(connection)) {
        ferry_connection_stop_upload(connection);
    }
    ferry_connection_end_exchange(connection);
}

/* Nothing of the response is left with the peer: only the request is waited for. */
static void download_record_arrival(ferry_connection *connection) {
    ferry_exchange *exchange = connection->base.exchange;
    exchange->response_arrived =
        exchange->response_ended || ferry_h1_receiver_has_arrived(&connection->receiver);
}

/* ---- The head ---- */

/* All Content-Encoding values joined into `coded`, which is idle yet. */
static ferry_error download_join_codings(ferry_connection *connection) {
    ferry_context *context = connection->base.context;
    const ferry_headers *headers = &connection->base.exchange->headers;
    ferry_buffer *names = &connection->coded;
    ferry_span value;
    for (size_t at = 0; ferry_headers_find(headers, FERRY_SPAN("content-encoding"), &at, &value);) {
        const char *separator = ferry_buffer_length(names) > 0 ? "," : "";
        ferry_error error = ferry_buffer_append(names, context, separator, strlen(separator));
        if (error == FERRY_OK) {
            error = ferry_buffer_append(names, context, value.data, value.length);
        }
        if (error != FERRY_OK) {
            return error;
        }
    }
    return FERRY_OK;
}

static ferry_error download_open_decoding(ferry_connection *connection) {
    const ferry_h1_framing *framing = &connection->receiver.framing;
    if (!connection->undo_codings || !framing->has_content_coding ||
        framing->kind == FERRY_H1_BODY_NONE || framing->kind == FERRY_H1_BODY_TUNNEL) {
        return FERRY_OK;
    }
    ferry_error error = download_join_codings(connection);
    if (error == FERRY_OK) {
        ferry_span names = {ferry_buffer_content(&connection->coded),
                            ferry_buffer_length(&connection->coded)};
        error = ferry_decoding_new(connection->base.context, names, &connection->decoding);
    }
    ferry_buffer_clear(&connection->coded);
    return error;
}

static int64_t download_known_length(const ferry_connection *connection) {
    const ferry_h1_framing *framing = &connection->receiver.framing;
    if (framing->kind == FERRY_H1_BODY_NONE) {
        return 0;
    }
    if (framing->kind == FERRY_H1_BODY_LENGTH && connection->decoding == NULL) {
        return (int64_t)framing->length;
    }
    return -1;
}

/* A request that is still being sent goes on after a 2xx (RFC 9110 section 7.5), which may be an
 * echo of it; any other answer makes the rest pointless (RFC 9112 section 9.5). */
static void download_resolve_upload(ferry_connection *connection) {
    ferry_connection_drain(connection);
    if (ferry_connection_is_uploading(connection) &&
        (!ferry_connection_is_success(connection) ||
         ferry_h1_sender_is_held(&connection->sender))) {
        ferry_connection_stop_upload(connection);
    }
}

static void download_take_final(ferry_connection *connection) {
    ferry_exchange *exchange = connection->base.exchange;
    ferry_h1_receiver *receiver = &connection->receiver;
    ferry_error error = ferry_h1_receiver_begin_body(receiver, &connection->facts);
    if (error == FERRY_OK) {
        error = download_open_decoding(connection);
    }
    if (error != FERRY_OK) {
        ferry_connection_fail(connection, error);
        return;
    }
    int64_t length = download_known_length(connection);
    ferry_exchange_head(exchange, receiver->head.code,
                        receiver->framing.kind == FERRY_H1_BODY_CHUNKED, length, length);
    if (exchange->state == FERRY_EXCHANGE_FAILED) {
        ferry_connection_disconnect(connection);
        return;
    }
    if (ferry_h1_receiver_is_tunnel(receiver)) {
        ferry_connection_open_tunnel(connection);
        return;
    }
    if (ferry_connection_is_uploading(connection)) {
        download_resolve_upload(connection);
    }
    if (receiver->state == FERRY_H1_RECEIVER_ENDED) {
        download_complete(connection);
        return;
    }
    download_record_arrival(connection);
}

static bool download_awaits_head(const ferry_connection *connection) {
    ferry_exchange_state state = connection->base.exchange->state;
    return state == FERRY_EXCHANGE_SENDING || state == FERRY_EXCHANGE_WAITING;
}

/* Takes all heads that have come. */
static void download_take_heads(ferry_connection *connection) {
    ferry_h1_event event;
    do {
        event = ferry_h1_receiver_take_head(&connection->receiver);
        switch (event) {
        case FERRY_H1_EVENT_NONE:
        case FERRY_H1_EVENT_INTERIM:
            break;
        case FERRY_H1_EVENT_CONTINUE:
            ferry_connection_proceed(connection);
            break;
        case FERRY_H1_EVENT_FINAL:
            download_take_final(connection);
            return;
        case FERRY_H1_EVENT_ERROR:
            ferry_connection_fail(connection, connection->receiver.error);
            return;
        }
    } while (event != FERRY_H1_EVENT_NONE && download_awaits_head(connection));
}

static ferry_error download_explain_missing_head(ferry_connection *connection,
                                                 ferry_stream_result result) {
    ferry_context *context = connection->base.context;
    const char *reason = result == FERRY_STREAM_FAILED ? connection->stream_reason
                                                       : "the server closed the connection";
    if (result == FERRY_STREAM_AGAIN) {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR, "sending the request failed: %s",
                          connection->write_reason);
    }
    if (connection->write_reason[0] != '\0') {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR,
                          "sending the request failed (%s), and no response came: %s",
                          connection->write_reason, reason);
    }
    if (connection->base.exchange->state == FERRY_EXCHANGE_SENDING) {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR,
                          "%s while the request was being sent", reason);
    }
    if (ferry_h1_receiver_has_begun(&connection->receiver)) {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR,
                          "%s in the middle of the response head", reason);
    }
    return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR, "%s without answering%s", reason,
                      connection->is_reused
                          ? "; it was kept open from an earlier exchange, which servers "
                            "end when they like: connect again"
                          : "");
}

/* One read of at most *left bytes, which it is lowered by. False where nothing came. */
static bool download_read_head(ferry_connection *connection, size_t *left) {
    size_t capacity;
    size_t length = 0;
    ferry_error error = ferry_h1_receiver_reserve(&connection->receiver);
    if (error != FERRY_OK) {
        ferry_connection_fail(connection, error);
        return false;
    }
    char *room = ferry_h1_receiver_get_room(&connection->receiver, &capacity);
    ferry_stream_result result =
        ferry_connection_stream_read(connection, room, ferry_size_least(capacity, *left), &length);
    if (result == FERRY_STREAM_OK) {
        ferry_h1_receiver_stored(&connection->receiver, length);
        *left -= length;
        connection->base.exchange->has_begun = true;
        return true;
    }
    if (result != FERRY_STREAM_AGAIN) {
        ferry_connection_fail(connection, download_explain_missing_head(connection, result));
    }
    return false;
}

void ferry_connection_receive_head(ferry_connection *connection) {
    bool has_come = true;
    size_t left = HEAD_READ_MAX;
    for (int reads = 0;
         reads < READS_MAX && left > 0 && download_awaits_head(connection) && has_come; reads++) {
        has_come = download_read_head(connection, &left);
        if (has_come) {
            download_take_heads(connection);
        }
    }
    if (!has_come && download_awaits_head(connection) && connection->write_reason[0] != '\0') {
        ferry_connection_fail(connection,
                              download_explain_missing_head(connection, FERRY_STREAM_AGAIN));
    }
}

/* ---- The body ---- */

/* What comes before the error is read first. */
static void download_set_pending(ferry_connection *connection, ferry_error error) {
    if (connection->pending.error == FERRY_OK) {
        ferry_failure_keep(&connection->pending, connection->base.context, error);
    }
}

/* The stream gives no bytes of the body, for now or for good. */
static void download_take_end(ferry_connection *connection, ferry_stream_result result) {
    ferry_error error = FERRY_OK;
    switch (result) {
    case FERRY_STREAM_OK:
        break;
    case FERRY_STREAM_AGAIN:
        /* Where the request was cut the server may wait for the rest of it for ever. */
        error = ferry_connection_is_cut(connection) ? ferry_connection_explain_cut(connection)
                                                    : FERRY_OK;
        break;
    case FERRY_STREAM_END:
    case FERRY_STREAM_TRUNCATED:
        ferry_h1_receiver_end(&connection->receiver, result == FERRY_STREAM_END);
        error = connection->receiver.error;
        break;
    case FERRY_STREAM_FAILED:
        error = ferry_fail(connection->base.context, FERRY_ERROR_CONNECTION_ERROR,
                           "%s after %lld bytes of the body", connection->stream_reason,
                           (long long)connection->receiver.body_bytes);
        break;
    }
    if (error != FERRY_OK) {
        download_set_pending(connection, error);
    }
}

/* Body bytes without their framing: of those that came along with the head first, then from the
 * stream straight to where they are wanted. 0 where there are none, or the work consisted of
 * framing alone. */
static size_t download_read_body(ferry_connection *connection, char *dst, size_t capacity) {
    ferry_h1_receiver *receiver = &connection->receiver;
    ferry_exchange *exchange = connection->base.exchange;
    size_t produced = 0;
    if (receiver->state != FERRY_H1_RECEIVER_BODY || connection->pending.error != FERRY_OK) {
        return 0;
    }
    if (ferry_h1_receiver_has_bytes(receiver)) {
        produced = ferry_h1_receiver_take(receiver, dst, capacity);
    } else {
        size_t length = 0;
        size_t most = ferry_h1_receiver_get_direct(receiver, capacity);
        ferry_stream_result result = ferry_connection_stream_read(connection, dst, most, &length);
        if (result != FERRY_STREAM_OK) {
            download_take_end(connection, result);
            return 0;
        }
        produced = ferry_h1_receiver_take_direct(receiver, dst, length);
    }
    exchange->bytes_received = receiver->body_bytes;
    exchange->reader_has_work = produced == 0 && receiver->state == FERRY_H1_RECEIVER_BODY;
    if (receiver->state == FERRY_H1_RECEIVER_FAILED) {
        download_set_pending(connection, receiver->error);
    }
    return produced;
}

/* Fetches coded bytes where there are none. False where none came. */
static bool download_fill_coded(ferry_connection *connection) {
    ferry_buffer *coded = &connection->coded;
    if (ferry_buffer_length(coded) > 0) {
        return true;
    }
    ferry_error error = ferry_buffer_reserve(coded, connection->base.context, FERRY_LIMIT_CODED);
    if (error != FERRY_OK) {
        download_set_pending(connection, error);
        return false;
    }
    size_t length = download_read_body(connection, coded->data, FERRY_LIMIT_CODED);
    coded->start = 0;
    coded->end = length;
    return length > 0;
}

/* One piece of work: to decode, or else to fetch what is to be decoded. Sets *ended once all is. */
static size_t download_read_decoded(ferry_connection *connection, char *dst, size_t capacity,
                                    bool *ended) {
    bool *has_work = &connection->base.exchange->reader_has_work;
    size_t consumed = 0;
    size_t produced = 0;
    ferry_error error = ferry_decoding_decode(
        connection->decoding, ferry_buffer_content(&connection->coded),
        ferry_buffer_length(&connection->coded), &consumed, dst, capacity, &produced, has_work);
    ferry_buffer_consume(&connection->coded, consumed);
    if (error == FERRY_OK && !*has_work && connection->receiver.state == FERRY_H1_RECEIVER_ENDED) {
        error = ferry_decoding_finish(connection->decoding);
        *ended = error == FERRY_OK;
    } else if (error == FERRY_OK && !*has_work) {
        bool has_come = download_fill_coded(connection);
        *has_work = *has_work || has_come || connection->receiver.state == FERRY_H1_RECEIVER_ENDED;
    }
    if (error != FERRY_OK) {
        *has_work = false;
        download_set_pending(connection, error);
    }
    return produced;
}

size_t ferry_connection_read(ferry_connection *connection, void *dst, size_t capacity) {
    ferry_exchange *exchange = connection->base.exchange;
    assert(capacity > 0);
    exchange->reader_has_work = false;
    if (exchange->state != FERRY_EXCHANGE_BODY || exchange->response_ended) {
        return 0;
    }
    bool ended = false;
    size_t length;
    if (connection->decoding != NULL) {
        length = download_read_decoded(connection, dst, capacity, &ended);
    } else {
        length = download_read_body(connection, dst, capacity);
        ended = connection->receiver.state == FERRY_H1_RECEIVER_ENDED;
    }
    if (ended) {
        exchange->reader_has_work = false;
        download_complete(connection);
    } else if (length == 0 && connection->pending.error != FERRY_OK && !exchange->reader_has_work) {
        ferry_connection_fail(connection,
                              ferry_failure_return(&connection->pending, connection->base.context));
    } else {
        download_record_arrival(connection);
    }
    return length;
}
