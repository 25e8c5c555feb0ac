/* SPDX-License-Identifier: MIT */
/* receive: the response: heads, interim ones skipped, then the body, read from the stream
 * straight into the reader's memory but for what came along with the head. */
#include "connection_state.h"

#include <assert.h>
#include <string.h>

enum {
    RX_FIRST_READ = 4096, /* a head and a small body, usually in one read */
    RX_LEAST_READ = 2048,
    MOST_READS = 64,      /* of the stream in one step */
    CHUNKED_READ = 65536, /* framing and data in one piece of work */
    HEAD_READ = 65536,    /* of heads in one step */
};

/* The next one allocates in any case: what it reads into goes too. */
static void drop_decoding(ferry_wire *wire) {
    if (wire->decoding != NULL) {
        ferry_decoding_free(wire->decoding);
        wire->decoding = NULL;
        ferry_buffer_deinit(&wire->raw, wire->base.context);
    }
}

void ferry_wire_reset_response(ferry_wire *wire) {
    ferry_buffer_clear(&wire->rx);
    ferry_buffer_clear(&wire->raw);
    ferry_h1_head_init(&wire->head);
    wire->framing = (ferry_h1_framing){.kind = FERRY_H1_BODY_NONE};
    wire->interim_count = 0;
    wire->remaining = 0;
    ferry_h1_chunked_reset(&wire->chunked);
    drop_decoding(wire);
    wire->raw_ended = false;
    wire->pending = FERRY_OK;
    wire->write_reason[0] = '\0';
    ferry_wire_trim_response(wire);
}

static bool is_success(const ferry_wire *wire) {
    return wire->head.code >= 200 && wire->head.code <= 299;
}

/* The server has answered with success what could not be sent whole. */
static bool is_cut(const ferry_wire *wire) {
    return wire->framing.kind != FERRY_H1_BODY_TUNNEL && is_success(wire) &&
           wire->write_reason[0] != '\0';
}

/* The server has taken the request for complete that was not: whoever sent it must know. */
static ferry_error explain_cut(ferry_wire *wire) {
    return ferry_fail(wire->base.context, FERRY_ERROR_UPLOAD_STOPPED,
                      "the server answered %d, but the connection took only %lld bytes of the "
                      "request's body: %s",
                      wire->head.code, (long long)wire->base.exchange->bytes_sent,
                      wire->write_reason);
}

void ferry_wire_end_exchange(ferry_wire *wire) {
    ferry_context *context = wire->base.context;
    if (is_cut(wire)) {
        ferry_wire_fail(wire, explain_cut(wire));
        return;
    }
    ferry_exchange_end(wire->base.exchange);
    ferry_wire_trim_response(wire);
    wire->is_reused = true;
    if (!wire->framing.keep_alive) {
        ferry_wire_disconnect(wire);
    } else if (!ferry_wire_are_line_ends(ferry_buffer_content(&wire->rx),
                                         ferry_buffer_length(&wire->rx))) {
        ferry_log(context, FERRY_LOG_INFO,
                  "the connection is closed: the server sent more than the response");
        ferry_wire_disconnect(wire);
    } else {
        ferry_buffer_clear(&wire->rx);
    }
}

/* The response is complete. A request that is still on its way goes on, unless it is a tunnel,
 * which ends for both. */
static void complete(ferry_wire *wire) {
    drop_decoding(wire);
    if (ferry_wire_is_uploading(wire) && wire->framing.kind != FERRY_H1_BODY_TUNNEL) {
        ferry_exchange_response_end(wire->base.exchange);
        return;
    }
    if (ferry_wire_is_uploading(wire)) {
        ferry_wire_stop_upload(wire);
    }
    ferry_wire_end_exchange(wire);
}

/* Nothing of the response is left with the peer: only the request is waited for. */
static void note_arrival(ferry_wire *wire) {
    bool has_rest = wire->framing.kind == FERRY_H1_BODY_LENGTH &&
                    ferry_buffer_length(&wire->rx) >= wire->remaining;
    wire->base.exchange->response_arrived =
        wire->base.exchange->response_ended || wire->raw_ended || has_rest;
}

/* ---- The head ---- */

/* All Content-Encoding values joined into `raw`, which is idle yet. */
static ferry_error join_content_encoding(ferry_wire *wire) {
    ferry_context *context = wire->base.context;
    const ferry_headers *headers = &wire->base.exchange->headers;
    ferry_span value;
    for (size_t at = 0; ferry_headers_find(headers, FERRY_SPAN("content-encoding"), &at, &value);) {
        const char *separator = ferry_buffer_length(&wire->raw) > 0 ? "," : "";
        ferry_error error = ferry_buffer_append(&wire->raw, context, separator, strlen(separator));
        if (error == FERRY_OK) {
            error = ferry_buffer_append(&wire->raw, context, value.data, value.length);
        }
        if (error != FERRY_OK) {
            return ferry_buffer_explain(&wire->raw, context, error, "Content-Encoding");
        }
    }
    return FERRY_OK;
}

static ferry_error open_decoding(ferry_wire *wire) {
    if (!wire->undo_codings || !wire->framing.has_content_coding ||
        wire->framing.kind == FERRY_H1_BODY_NONE || wire->framing.kind == FERRY_H1_BODY_TUNNEL) {
        return FERRY_OK;
    }
    ferry_error error = join_content_encoding(wire);
    if (error == FERRY_OK) {
        ferry_span names = {ferry_buffer_content(&wire->raw), ferry_buffer_length(&wire->raw)};
        error = ferry_decoding_new(wire->base.context, names, &wire->decoding);
    }
    ferry_buffer_clear(&wire->raw);
    return error;
}

static int64_t known_length(const ferry_wire *wire) {
    if (wire->framing.kind == FERRY_H1_BODY_NONE) {
        return 0;
    }
    if (wire->framing.kind == FERRY_H1_BODY_LENGTH && wire->decoding == NULL) {
        return (int64_t)wire->framing.length;
    }
    return -1;
}

/* A request that is still being sent goes on after a 2xx (RFC 9110 section 7.5), which may be an
 * echo of it; any other answer makes the rest pointless (RFC 9112 section 9.5). */
static void settle_upload(ferry_wire *wire) {
    ferry_wire_drain(wire);
    if (ferry_wire_is_uploading(wire) &&
        (!is_success(wire) || ferry_h1_sender_is_held(&wire->sender))) {
        ferry_wire_stop_upload(wire);
    }
}

static void take_final_head(ferry_wire *wire) {
    ferry_context *context = wire->base.context;
    ferry_exchange *exchange = wire->base.exchange;
    bool was_stopped = exchange->upload_stopped;
    ferry_error error = ferry_h1_framing_decide(&wire->framing, context, &wire->facts, &wire->head,
                                                &exchange->headers);
    if (error == FERRY_OK) {
        error = open_decoding(wire);
    }
    if (error != FERRY_OK) {
        ferry_wire_fail(wire, error);
        return;
    }
    wire->remaining = wire->framing.length;
    wire->framing.keep_alive = wire->framing.keep_alive && !was_stopped;
    int64_t length = known_length(wire);
    ferry_exchange_head(exchange, wire->head.code, wire->framing.kind == FERRY_H1_BODY_CHUNKED,
                        length, length);
    if (exchange->state == FERRY_EXCHANGE_FAILED) {
        ferry_wire_disconnect(wire);
        return;
    }
    if (wire->framing.kind == FERRY_H1_BODY_TUNNEL) {
        ferry_wire_open_tunnel(wire);
        return;
    }
    settle_upload(wire);
    if (wire->framing.kind == FERRY_H1_BODY_NONE) {
        complete(wire);
        return;
    }
    note_arrival(wire);
}

/* 1xx other than 101: the response is still to come (RFC 9110 section 15.2). */
static void take_interim_head(ferry_wire *wire) {
    if (++wire->interim_count > wire->base.context->max_interim_responses) {
        ferry_wire_fail(wire, ferry_h1_refuse_interim(wire->base.context));
        return;
    }
    bool is_continue = wire->head.code == FERRY_RESPONSE_CONTINUE;
    ferry_headers_clear(&wire->base.exchange->headers);
    ferry_h1_head_init(&wire->head);
    if (is_continue) {
        ferry_wire_proceed(&wire->base);
    }
}

static bool awaits_head(const ferry_wire *wire) {
    ferry_exchange_state state = wire->base.exchange->state;
    return state == FERRY_EXCHANGE_SENDING || state == FERRY_EXCHANGE_WAITING;
}

/* Takes all heads that are complete in rx. */
static void parse_heads(ferry_wire *wire) {
    bool complete_head = true;
    while (complete_head && awaits_head(wire) && ferry_buffer_length(&wire->rx) > 0) {
        ferry_error error = ferry_h1_head_parse(
            &wire->head, wire->base.context, &wire->base.exchange->headers,
            ferry_buffer_content(&wire->rx), ferry_buffer_length(&wire->rx), &complete_head);
        if (error != FERRY_OK) {
            ferry_wire_fail(wire, error);
            return;
        }
        if (!complete_head) {
            return;
        }
        ferry_buffer_consume(&wire->rx, wire->head.bytes);
        if (wire->head.code < 200 && wire->head.code != FERRY_RESPONSE_SWITCHING_PROTOCOLS) {
            take_interim_head(wire);
        } else {
            take_final_head(wire);
        }
    }
}

static ferry_error explain_missing_head(ferry_wire *wire, ferry_stream_result result) {
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
    if (!ferry_h1_head_is_empty(&wire->head)) {
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR,
                          "%s in the middle of the response head", reason);
    }
    return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR, "%s without answering%s", reason,
                      wire->is_reused
                          ? "; it was kept open from an earlier exchange, which servers "
                            "end when they like: connect again"
                          : "");
}

/* One read into rx, of what is left of the step's bytes. False where nothing came. */
static bool fill_rx(ferry_wire *wire, size_t *left) {
    ferry_context *context = wire->base.context;
    ferry_buffer *rx = &wire->rx;
    size_t room = rx->capacity - rx->end;
    if (room < RX_LEAST_READ) {
        size_t wanted = rx->capacity == 0 ? RX_FIRST_READ : RX_LEAST_READ;
        ferry_error error = ferry_buffer_reserve(rx, context, wanted);
        if (error != FERRY_OK) {
            ferry_wire_fail(wire, ferry_buffer_explain(rx, context, error, "the response head"));
            return false;
        }
        room = rx->capacity - rx->end;
    }
    size_t length = 0;
    ferry_stream_result result =
        ferry_wire_stream_read(wire, rx->data + rx->end, ferry_size_least(room, *left), &length);
    if (result == FERRY_STREAM_OK) {
        rx->end += length;
        *left -= length;
        return true;
    }
    if (result != FERRY_STREAM_AGAIN) {
        ferry_wire_fail(wire, explain_missing_head(wire, result));
    }
    return false;
}

void ferry_wire_receive_head(ferry_wire *wire) {
    bool has_come = true;
    size_t left = HEAD_READ;
    for (int reads = 0; reads < MOST_READS && left > 0 && awaits_head(wire) && has_come; reads++) {
        has_come = fill_rx(wire, &left);
        if (has_come) {
            parse_heads(wire);
        }
    }
    if (awaits_head(wire) && !has_come && wire->write_reason[0] != '\0') {
        ferry_wire_fail(wire, explain_missing_head(wire, FERRY_STREAM_AGAIN));
    }
}

void ferry_wire_settle_failure(ferry_wire *wire) {
    if (wire->write_reason[0] != '\0' && awaits_head(wire)) {
        ferry_wire_receive_head(wire);
    }
}

/* ---- The body ---- */

/* What comes before the error is read first. */
static void set_pending(ferry_wire *wire, ferry_error error) {
    if (wire->pending == FERRY_OK) {
        wire->pending = error;
        memcpy(wire->pending_detail, wire->base.context->detail, sizeof wire->pending_detail);
    }
}

static void end_early(ferry_wire *wire, ferry_stream_result result) {
    ferry_context *context = wire->base.context;
    long long received = (long long)wire->base.exchange->bytes_received;
    ferry_error error;
    if (result == FERRY_STREAM_FAILED) {
        error = ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR, "%s after %lld bytes of the body",
                           wire->stream_reason, received);
    } else if (wire->framing.kind == FERRY_H1_BODY_LENGTH) {
        error = ferry_fail(context, FERRY_ERROR_BODY_TRUNCATED,
                           "the connection ended after %lld of the %llu bytes of the body",
                           received, (unsigned long long)wire->framing.length);
    } else if (wire->framing.kind == FERRY_H1_BODY_CHUNKED) {
        error = ferry_fail(
            context, FERRY_ERROR_BODY_TRUNCATED,
            "the connection ended after %lld bytes, before the last chunk of the body", received);
    } else {
        error = ferry_fail(
            context, FERRY_ERROR_BODY_TRUNCATED,
            "the connection ended after %lld bytes without the end that TLS gives it", received);
    }
    set_pending(wire, error);
}

/* Where the request was cut the server may wait for the rest of it for ever. */
static void note_silence(ferry_wire *wire) {
    if (is_cut(wire)) {
        set_pending(wire, explain_cut(wire));
    }
}

/* Body bytes as they are on the wire, from rx first, then from the stream. */
static size_t read_plain(ferry_wire *wire, char *dst, size_t capacity) {
    size_t buffered = ferry_buffer_length(&wire->rx);
    if (buffered > 0) {
        size_t length = buffered < capacity ? buffered : capacity;
        memcpy(dst, ferry_buffer_content(&wire->rx), length);
        ferry_buffer_consume(&wire->rx, length);
        return length;
    }
    size_t length = 0;
    ferry_stream_result result = ferry_wire_stream_read(wire, dst, capacity, &length);
    if (result == FERRY_STREAM_OK) {
        return length;
    }
    if (result == FERRY_STREAM_END && (wire->framing.kind == FERRY_H1_BODY_UNTIL_CLOSE ||
                                       wire->framing.kind == FERRY_H1_BODY_TUNNEL)) {
        wire->raw_ended = true;
    } else if (result == FERRY_STREAM_AGAIN) {
        note_silence(wire);
    } else {
        end_early(wire, result);
    }
    return 0;
}

static size_t read_length(ferry_wire *wire, char *dst, size_t capacity) {
    if (capacity > wire->remaining) {
        capacity = (size_t)wire->remaining;
    }
    size_t length = read_plain(wire, dst, capacity);
    wire->remaining -= length;
    wire->raw_ended = wire->remaining == 0;
    return length;
}

/* Decodes `length` coded bytes, which may be in `dst` itself. */
static size_t decode_chunked(ferry_wire *wire, const char *src, size_t length, size_t *consumed,
                             char *dst, size_t capacity) {
    size_t produced;
    ferry_error error =
        ferry_h1_chunked_decode(&wire->chunked, wire->base.context, &wire->base.exchange->trailers,
                                src, length, consumed, dst, capacity, &produced);
    if (error != FERRY_OK) {
        set_pending(wire, error);
    }
    wire->raw_ended = wire->chunked.state == FERRY_H1_CHUNKED_DONE;
    return produced;
}

/* One piece of work, which may consist of framing alone. Data may come in any amount, framing is
 * looked at byte by byte. */
static size_t read_chunked(ferry_wire *wire, char *dst, size_t capacity) {
    size_t most =
        wire->chunked.state == FERRY_H1_CHUNKED_DATA && wire->chunked.remaining > CHUNKED_READ
            ? capacity
            : CHUNKED_READ;
    size_t produced;
    size_t consumed;
    if (ferry_buffer_length(&wire->rx) > 0) {
        produced = decode_chunked(wire, ferry_buffer_content(&wire->rx),
                                  ferry_size_least(ferry_buffer_length(&wire->rx), most), &consumed,
                                  dst, capacity);
        ferry_buffer_consume(&wire->rx, consumed);
    } else {
        size_t length = 0;
        ferry_stream_result result =
            ferry_wire_stream_read(wire, dst, ferry_size_least(capacity, most), &length);
        if (result == FERRY_STREAM_AGAIN) {
            note_silence(wire);
            return 0;
        }
        if (result != FERRY_STREAM_OK) {
            end_early(wire, result);
            return 0;
        }
        produced = decode_chunked(wire, dst, length, &consumed, dst, length);
        if (!ferry_wire_are_line_ends(dst + consumed, length - consumed)) {
            wire->framing.keep_alive = false; /* more than the response came */
        }
    }
    wire->base.exchange->reader_has_work =
        produced == 0 && !wire->raw_ended && wire->pending == FERRY_OK;
    return produced;
}

/* Body bytes with the transfer coding undone. Sets raw_ended or pending where nothing follows. */
static size_t read_raw(ferry_wire *wire, char *dst, size_t capacity) {
    size_t length = 0;
    if (wire->raw_ended || wire->pending != FERRY_OK) {
        return 0;
    }
    switch (wire->framing.kind) {
    case FERRY_H1_BODY_NONE:
        wire->raw_ended = true;
        break;
    case FERRY_H1_BODY_LENGTH:
        length = read_length(wire, dst, capacity);
        break;
    case FERRY_H1_BODY_CHUNKED:
        length = read_chunked(wire, dst, capacity);
        break;
    case FERRY_H1_BODY_UNTIL_CLOSE:
    case FERRY_H1_BODY_TUNNEL:
        length = read_plain(wire, dst, capacity);
        break;
    }
    wire->base.exchange->bytes_received += (int64_t)length;
    return length;
}

/* Fetches coded bytes where there are none. False where none came. */
static bool fill_raw(ferry_wire *wire) {
    if (ferry_buffer_length(&wire->raw) > 0) {
        return true;
    }
    ferry_error error = ferry_buffer_reserve(&wire->raw, wire->base.context, FERRY_LIMIT_CODED);
    if (error != FERRY_OK) {
        set_pending(wire,
                    ferry_buffer_explain(&wire->raw, wire->base.context, error, "the coded body"));
        return false;
    }
    size_t length = read_raw(wire, wire->raw.data, FERRY_LIMIT_CODED);
    wire->raw.start = 0;
    wire->raw.end = length;
    return length > 0;
}

/* One piece of work: to decode, or else to fetch what is to be decoded. Sets *ended once all is. */
static size_t read_decoded(ferry_wire *wire, char *dst, size_t capacity, bool *ended) {
    bool *has_work = &wire->base.exchange->reader_has_work;
    size_t consumed = 0;
    size_t produced = 0;
    ferry_error error = ferry_decoding_decode(wire->decoding, ferry_buffer_content(&wire->raw),
                                              ferry_buffer_length(&wire->raw), &consumed, dst,
                                              capacity, &produced, has_work);
    ferry_buffer_consume(&wire->raw, consumed);
    if (error == FERRY_OK && !*has_work && wire->raw_ended) {
        error = ferry_decoding_finish(wire->decoding);
        *ended = error == FERRY_OK;
    } else if (error == FERRY_OK && !*has_work) {
        bool has_come = fill_raw(wire);
        *has_work = *has_work || has_come || wire->raw_ended;
    }
    if (error != FERRY_OK) {
        *has_work = false;
        set_pending(wire, error);
    }
    return produced;
}

static void fail_pending(ferry_wire *wire) {
    memcpy(wire->base.context->detail, wire->pending_detail, sizeof wire->pending_detail);
    ferry_wire_fail(wire, wire->pending);
}

size_t ferry_wire_read(ferry_backend *backend, void *dst, size_t capacity) {
    ferry_wire *wire = (ferry_wire *)backend;
    assert(capacity > 0);
    backend->exchange->reader_has_work = false;
    if (backend->exchange->state != FERRY_EXCHANGE_BODY || backend->exchange->response_ended) {
        return 0;
    }
    bool ended = false;
    size_t length;
    if (wire->decoding != NULL) {
        length = read_decoded(wire, dst, capacity, &ended);
    } else {
        length = read_raw(wire, dst, capacity);
        ended = wire->raw_ended;
    }
    if (ended) {
        backend->exchange->reader_has_work = false;
        complete(wire);
    } else if (length == 0 && wire->pending != FERRY_OK && !backend->exchange->reader_has_work) {
        fail_pending(wire);
    } else {
        note_arrival(wire);
    }
    return length;
}
