/* SPDX-License-Identifier: MIT */
/* download: carries the stream's bytes to the receiver, undoes content codings, and tells the
 * exchange and the sender what has come. */
#include "connection_state.h"

#include <assert.h>
#include <string.h>

enum {
    READS_MAX = 64,        /* of the stream in one step */
    HEAD_READ_MAX = 65536, /* bytes of heads in one step */
};

/* The next one allocates in any case: what it reads into goes too. */
static void download_drop_decoding(ferry_wire *wire) {
    if (wire->decoding != NULL) {
        ferry_decoding_free(wire->decoding);
        wire->decoding = NULL;
        ferry_buffer_deinit(&wire->coded, wire->base.context);
    }
}

void ferry_wire_reset_response(ferry_wire *wire) {
    ferry_h1_receiver_reset(&wire->receiver);
    ferry_buffer_clear(&wire->coded);
    download_drop_decoding(wire);
    wire->pending = FERRY_OK;
    wire->write_reason[0] = '\0';
}

static bool download_is_success(const ferry_wire *wire) {
    return wire->receiver.head.code >= 200 && wire->receiver.head.code <= 299;
}

/* The server has answered with success what could not be sent whole. */
static bool download_is_cut(const ferry_wire *wire) {
    return wire->write_reason[0] != '\0' && !ferry_h1_receiver_is_tunnel(&wire->receiver) &&
           download_is_success(wire);
}

/* The server has taken the request for complete that was not: whoever sent it must know. */
static ferry_error download_explain_cut(ferry_wire *wire) {
    return ferry_fail(wire->base.context, FERRY_ERROR_UPLOAD_STOPPED,
                      "the server answered %d, but the connection took only %lld bytes of the "
                      "request's body: %s",
                      wire->receiver.head.code, (long long)wire->base.exchange->bytes_sent,
                      wire->write_reason);
}

void ferry_wire_end_exchange(ferry_wire *wire) {
    ferry_exchange *exchange = wire->base.exchange;
    ferry_h1_receiver *receiver = &wire->receiver;
    if (download_is_cut(wire)) {
        ferry_wire_fail(wire, download_explain_cut(wire));
        return;
    }
    ferry_exchange_end(exchange);
    wire->is_reused = true;
    if (exchange->upload_stopped || !ferry_h1_receiver_is_reusable(receiver)) {
        ferry_wire_disconnect(wire);
    } else if (ferry_h1_receiver_has_rest(receiver)) {
        ferry_log(wire->base.context, FERRY_LOG_INFO,
                  "the connection is closed: the server sent more than the response");
        ferry_wire_disconnect(wire);
    } else {
        ferry_buffer_clear(&receiver->in);
        ferry_wire_trim_response(wire);
    }
}

/* The response is complete. A request that is still on its way goes on, unless it is a tunnel,
 * which ends for both. */
static void download_complete(ferry_wire *wire) {
    download_drop_decoding(wire);
    if (ferry_wire_is_uploading(wire) && !ferry_h1_receiver_is_tunnel(&wire->receiver)) {
        ferry_exchange_response_end(wire->base.exchange);
        return;
    }
    if (ferry_wire_is_uploading(wire)) {
        ferry_wire_stop_upload(wire);
    }
    ferry_wire_end_exchange(wire);
}

/* Nothing of the response is left with the peer: only the request is waited for. */
static void download_record_arrival(ferry_wire *wire) {
    ferry_exchange *exchange = wire->base.exchange;
    exchange->response_arrived =
        exchange->response_ended || ferry_h1_receiver_has_arrived(&wire->receiver);
}

/* ---- The head ---- */

/* All Content-Encoding values joined into `coded`, which is idle yet. */
static ferry_error download_join_codings(ferry_wire *wire) {
    ferry_context *context = wire->base.context;
    const ferry_headers *headers = &wire->base.exchange->headers;
    ferry_buffer *names = &wire->coded;
    ferry_span value;
    for (size_t at = 0; ferry_headers_find(headers, FERRY_SPAN("content-encoding"), &at, &value);) {
        const char *separator = ferry_buffer_length(names) > 0 ? "," : "";
        ferry_error error = ferry_buffer_append(names, context, separator, strlen(separator));
        if (error == FERRY_OK) {
            error = ferry_buffer_append(names, context, value.data, value.length);
        }
        if (error != FERRY_OK) {
            return ferry_buffer_explain(names, context, error, "Content-Encoding");
        }
    }
    return FERRY_OK;
}

static ferry_error download_open_decoding(ferry_wire *wire) {
    const ferry_h1_framing *framing = &wire->receiver.framing;
    if (!wire->undo_codings || !framing->has_content_coding ||
        framing->kind == FERRY_H1_BODY_NONE || framing->kind == FERRY_H1_BODY_TUNNEL) {
        return FERRY_OK;
    }
    ferry_error error = download_join_codings(wire);
    if (error == FERRY_OK) {
        ferry_span names = {ferry_buffer_content(&wire->coded), ferry_buffer_length(&wire->coded)};
        error = ferry_decoding_new(wire->base.context, names, &wire->decoding);
    }
    ferry_buffer_clear(&wire->coded);
    return error;
}

static int64_t download_known_length(const ferry_wire *wire) {
    const ferry_h1_framing *framing = &wire->receiver.framing;
    if (framing->kind == FERRY_H1_BODY_NONE) {
        return 0;
    }
    if (framing->kind == FERRY_H1_BODY_LENGTH && wire->decoding == NULL) {
        return (int64_t)framing->length;
    }
    return -1;
}

/* A request that is still being sent goes on after a 2xx (RFC 9110 section 7.5), which may be an
 * echo of it; any other answer makes the rest pointless (RFC 9112 section 9.5). */
static void download_settle_upload(ferry_wire *wire) {
    ferry_wire_drain(wire);
    if (ferry_wire_is_uploading(wire) &&
        (!download_is_success(wire) || ferry_h1_sender_is_held(&wire->sender))) {
        ferry_wire_stop_upload(wire);
    }
}

static void download_take_final(ferry_wire *wire) {
    ferry_exchange *exchange = wire->base.exchange;
    ferry_h1_receiver *receiver = &wire->receiver;
    ferry_error error = ferry_h1_receiver_begin_body(receiver, &wire->facts);
    if (error == FERRY_OK) {
        error = download_open_decoding(wire);
    }
    if (error != FERRY_OK) {
        ferry_wire_fail(wire, error);
        return;
    }
    int64_t length = download_known_length(wire);
    ferry_exchange_head(exchange, receiver->head.code,
                        receiver->framing.kind == FERRY_H1_BODY_CHUNKED, length, length);
    if (exchange->state == FERRY_EXCHANGE_FAILED) {
        ferry_wire_disconnect(wire);
        return;
    }
    if (ferry_h1_receiver_is_tunnel(receiver)) {
        ferry_wire_open_tunnel(wire);
        return;
    }
    if (ferry_wire_is_uploading(wire)) {
        download_settle_upload(wire);
    }
    if (receiver->state == FERRY_H1_RECEIVER_ENDED) {
        download_complete(wire);
        return;
    }
    download_record_arrival(wire);
}

static bool download_awaits_head(const ferry_wire *wire) {
    ferry_exchange_state state = wire->base.exchange->state;
    return state == FERRY_EXCHANGE_SENDING || state == FERRY_EXCHANGE_WAITING;
}

/* Takes all heads that have come. */
static void download_take_heads(ferry_wire *wire) {
    ferry_h1_event event;
    do {
        event = ferry_h1_receiver_take_head(&wire->receiver);
        switch (event) {
        case FERRY_H1_EVENT_NONE:
        case FERRY_H1_EVENT_INTERIM:
            break;
        case FERRY_H1_EVENT_CONTINUE:
            ferry_wire_proceed(&wire->base);
            break;
        case FERRY_H1_EVENT_FINAL:
            download_take_final(wire);
            return;
        case FERRY_H1_EVENT_ERROR:
            ferry_wire_fail(wire, wire->receiver.error);
            return;
        }
    } while (event != FERRY_H1_EVENT_NONE && download_awaits_head(wire));
}

static ferry_error download_explain_missing_head(ferry_wire *wire, ferry_stream_result result) {
    ferry_context *context = wire->base.context;
    const char *reason =
        result == FERRY_STREAM_FAILED ? wire->stream_reason : "the server closed the connection";
    if (result == FERRY_STREAM_AGAIN) {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR, "sending the request failed: %s",
                          wire->write_reason);
    }
    if (wire->write_reason[0] != '\0') {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR,
                          "sending the request failed (%s), and no response came: %s",
                          wire->write_reason, reason);
    }
    if (wire->base.exchange->state == FERRY_EXCHANGE_SENDING) {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR,
                          "%s while the request was being sent", reason);
    }
    if (ferry_h1_receiver_has_begun(&wire->receiver)) {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR,
                          "%s in the middle of the response head", reason);
    }
    return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR, "%s without answering%s", reason,
                      wire->is_reused
                          ? "; it was kept open from an earlier exchange, which servers "
                            "end when they like: connect again"
                          : "");
}

/* One read of at most *left bytes, which it is lowered by. False where nothing came. */
static bool download_read_head(ferry_wire *wire, size_t *left) {
    size_t capacity;
    size_t length = 0;
    ferry_error error = ferry_h1_receiver_reserve(&wire->receiver);
    if (error != FERRY_OK) {
        ferry_wire_fail(wire, error);
        return false;
    }
    char *room = ferry_h1_receiver_get_room(&wire->receiver, &capacity);
    ferry_stream_result result =
        ferry_wire_stream_read(wire, room, ferry_size_least(capacity, *left), &length);
    if (result == FERRY_STREAM_OK) {
        ferry_h1_receiver_stored(&wire->receiver, length);
        *left -= length;
        return true;
    }
    if (result != FERRY_STREAM_AGAIN) {
        ferry_wire_fail(wire, download_explain_missing_head(wire, result));
    }
    return false;
}

void ferry_wire_receive_head(ferry_wire *wire) {
    bool has_come = true;
    size_t left = HEAD_READ_MAX;
    for (int reads = 0; reads < READS_MAX && left > 0 && download_awaits_head(wire) && has_come;
         reads++) {
        has_come = download_read_head(wire, &left);
        if (has_come) {
            download_take_heads(wire);
        }
    }
    if (!has_come && download_awaits_head(wire) && wire->write_reason[0] != '\0') {
        ferry_wire_fail(wire, download_explain_missing_head(wire, FERRY_STREAM_AGAIN));
    }
}

void ferry_wire_settle_failure(ferry_wire *wire) {
    if (wire->write_reason[0] != '\0' && download_awaits_head(wire)) {
        ferry_wire_receive_head(wire);
    }
}

/* ---- The body ---- */

/* What comes before the error is read first. */
static void download_set_pending(ferry_wire *wire, ferry_error error) {
    if (wire->pending == FERRY_OK) {
        wire->pending = error;
        memcpy(wire->pending_detail, wire->base.context->detail, sizeof wire->pending_detail);
    }
}

/* The stream gives no bytes of the body, for now or for good. */
static void download_take_end(ferry_wire *wire, ferry_stream_result result) {
    ferry_error error = FERRY_OK;
    switch (result) {
    case FERRY_STREAM_OK:
        break;
    case FERRY_STREAM_AGAIN:
        /* Where the request was cut the server may wait for the rest of it for ever. */
        error = download_is_cut(wire) ? download_explain_cut(wire) : FERRY_OK;
        break;
    case FERRY_STREAM_END:
    case FERRY_STREAM_TRUNCATED:
        ferry_h1_receiver_end(&wire->receiver, result == FERRY_STREAM_END);
        error = wire->receiver.error;
        break;
    case FERRY_STREAM_FAILED:
        error = ferry_fail(wire->base.context, FERRY_ERROR_CONNECTION_ERROR,
                           "%s after %lld bytes of the body", wire->stream_reason,
                           (long long)wire->receiver.body_bytes);
        break;
    }
    if (error != FERRY_OK) {
        download_set_pending(wire, error);
    }
}

/* Body bytes without their framing: of those that came along with the head first, then from the
 * stream straight to where they are wanted. 0 where there are none, or the work consisted of
 * framing alone. */
static size_t download_read_body(ferry_wire *wire, char *dst, size_t capacity) {
    ferry_h1_receiver *receiver = &wire->receiver;
    ferry_exchange *exchange = wire->base.exchange;
    size_t produced = 0;
    if (receiver->state != FERRY_H1_RECEIVER_BODY || wire->pending != FERRY_OK) {
        return 0;
    }
    if (ferry_h1_receiver_has_bytes(receiver)) {
        produced = ferry_h1_receiver_take(receiver, dst, capacity);
    } else {
        size_t length = 0;
        size_t most = ferry_h1_receiver_get_direct(receiver, capacity);
        ferry_stream_result result = ferry_wire_stream_read(wire, dst, most, &length);
        if (result != FERRY_STREAM_OK) {
            download_take_end(wire, result);
            return 0;
        }
        produced = ferry_h1_receiver_take_direct(receiver, dst, length);
    }
    exchange->bytes_received = receiver->body_bytes;
    exchange->reader_has_work = produced == 0 && receiver->state == FERRY_H1_RECEIVER_BODY;
    if (receiver->state == FERRY_H1_RECEIVER_FAILED) {
        download_set_pending(wire, receiver->error);
    }
    return produced;
}

/* Fetches coded bytes where there are none. False where none came. */
static bool download_fill_coded(ferry_wire *wire) {
    ferry_buffer *coded = &wire->coded;
    if (ferry_buffer_length(coded) > 0) {
        return true;
    }
    ferry_error error = ferry_buffer_reserve(coded, wire->base.context, FERRY_LIMIT_CODED);
    if (error != FERRY_OK) {
        error = ferry_buffer_explain(coded, wire->base.context, error, "the coded body");
        download_set_pending(wire, error);
        return false;
    }
    size_t length = download_read_body(wire, coded->data, FERRY_LIMIT_CODED);
    coded->start = 0;
    coded->end = length;
    return length > 0;
}

/* One piece of work: to decode, or else to fetch what is to be decoded. Sets *ended once all is. */
static size_t download_read_decoded(ferry_wire *wire, char *dst, size_t capacity, bool *ended) {
    bool *has_work = &wire->base.exchange->reader_has_work;
    size_t consumed = 0;
    size_t produced = 0;
    ferry_error error = ferry_decoding_decode(wire->decoding, ferry_buffer_content(&wire->coded),
                                              ferry_buffer_length(&wire->coded), &consumed, dst,
                                              capacity, &produced, has_work);
    ferry_buffer_consume(&wire->coded, consumed);
    if (error == FERRY_OK && !*has_work && wire->receiver.state == FERRY_H1_RECEIVER_ENDED) {
        error = ferry_decoding_finish(wire->decoding);
        *ended = error == FERRY_OK;
    } else if (error == FERRY_OK && !*has_work) {
        bool has_come = download_fill_coded(wire);
        *has_work = *has_work || has_come || wire->receiver.state == FERRY_H1_RECEIVER_ENDED;
    }
    if (error != FERRY_OK) {
        *has_work = false;
        download_set_pending(wire, error);
    }
    return produced;
}

static void download_fail_pending(ferry_wire *wire) {
    memcpy(wire->base.context->detail, wire->pending_detail, sizeof wire->pending_detail);
    ferry_wire_fail(wire, wire->pending);
}

size_t ferry_wire_read(ferry_backend *backend, void *dst, size_t capacity) {
    ferry_wire *wire = (ferry_wire *)backend;
    ferry_exchange *exchange = backend->exchange;
    assert(capacity > 0);
    exchange->reader_has_work = false;
    if (exchange->state != FERRY_EXCHANGE_BODY || exchange->response_ended) {
        return 0;
    }
    bool ended = false;
    size_t length;
    if (wire->decoding != NULL) {
        length = download_read_decoded(wire, dst, capacity, &ended);
    } else {
        length = download_read_body(wire, dst, capacity);
        ended = wire->receiver.state == FERRY_H1_RECEIVER_ENDED;
    }
    if (ended) {
        exchange->reader_has_work = false;
        download_complete(wire);
    } else if (length == 0 && wire->pending != FERRY_OK && !exchange->reader_has_work) {
        download_fail_pending(wire);
    } else {
        download_record_arrival(wire);
    }
    return length;
}
