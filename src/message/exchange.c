/* SPDX-License-Identifier: MIT */
/* exchange: the states of one request and its response. Events out of order are a backend's bug and
 * are asserted; those after the end, which a cancel can leave behind, are dropped. */
#include "exchange.h"

#include <assert.h>

void ferry_exchange_init(ferry_exchange *exchange, ferry_context *context) {
    *exchange = (ferry_exchange){.context = context, .body_length = -1, .body_length_hint = -1};
    ferry_headers_init(&exchange->headers, context);
    ferry_headers_init(&exchange->trailers, context);
    ferry_buffer_init(&exchange->url, FERRY_LIMIT_URL, "the URL");
}

void ferry_exchange_deinit(ferry_exchange *exchange) {
    ferry_buffer_deinit(&exchange->url, exchange->context);
    ferry_headers_deinit(&exchange->trailers, exchange->context);
    ferry_headers_deinit(&exchange->headers, exchange->context);
}

void ferry_exchange_reset(ferry_exchange *exchange) {
    exchange->state = FERRY_EXCHANGE_NONE;
    exchange->error = FERRY_OK;
    ferry_headers_clear(&exchange->headers);
    ferry_headers_clear(&exchange->trailers);
    ferry_headers_trim(&exchange->headers, exchange->context);
    ferry_headers_trim(&exchange->trailers, exchange->context);
    ferry_buffer_clear(&exchange->url);
    exchange->code = 0;
    exchange->chunked = false;
    exchange->has_response = false;
    exchange->takes_body = false;
    exchange->pulls_body = false;
    exchange->sender_has_work = false;
    exchange->awaits_body = false;
    exchange->awaits_continue = false;
    exchange->reader_has_work = false;
    exchange->is_exposed = false;
    exchange->is_sent = false;
    exchange->has_begun = false;
    exchange->upload_stopped = false;
    exchange->body_is_whole = false;
    exchange->response_ended = false;
    exchange->response_arrived = false;
    exchange->body_length = -1;
    exchange->body_length_hint = -1;
    exchange->bytes_received = 0;
    exchange->bytes_sent = 0;
}

void ferry_exchange_head(ferry_exchange *exchange, int code, bool chunked, int64_t body_length,
                         int64_t body_length_hint) {
    if (!ferry_exchange_is_under_way(exchange)) {
        return;
    }
    assert(exchange->state != FERRY_EXCHANGE_BODY);
    ferry_error error = ferry_headers_seal(&exchange->headers, exchange->context);
    if (error != FERRY_OK) {
        error = ferry_headers_explain(&exchange->headers, exchange->context, error);
        ferry_exchange_fail(exchange, error);
        return;
    }
    exchange->state = FERRY_EXCHANGE_BODY;
    exchange->has_begun = true;
    exchange->has_response = true;
    exchange->code = code;
    exchange->chunked = chunked;
    exchange->body_length = body_length;
    exchange->body_length_hint = body_length_hint;
}

void ferry_exchange_response_end(ferry_exchange *exchange) {
    assert(exchange->state == FERRY_EXCHANGE_BODY);
    exchange->response_ended = true;
    exchange->response_arrived = true;
}

void ferry_exchange_end(ferry_exchange *exchange) {
    if (!ferry_exchange_is_under_way(exchange)) {
        return;
    }
    assert(exchange->state == FERRY_EXCHANGE_BODY);
    exchange->state = FERRY_EXCHANGE_DONE;
    exchange->takes_body = false;
    exchange->pulls_body = false;
    exchange->sender_has_work = false;
    exchange->awaits_body = false;
    exchange->awaits_continue = false;
}

void ferry_exchange_fail(ferry_exchange *exchange, ferry_error error) {
    if (!ferry_exchange_is_under_way(exchange)) {
        return;
    }
    assert(error != FERRY_OK);
    exchange->state = FERRY_EXCHANGE_FAILED;
    exchange->error = error;
    exchange->takes_body = false;
    exchange->pulls_body = false;
    exchange->sender_has_work = false;
    exchange->awaits_body = false;
    exchange->awaits_continue = false;
}

ferry_error ferry_exchange_note_refusal(ferry_exchange *exchange, int code) {
    assert(exchange->state == FERRY_EXCHANGE_NONE);
    ferry_error error = ferry_headers_seal(&exchange->headers, exchange->context);
    if (error != FERRY_OK) {
        error = ferry_headers_explain(&exchange->headers, exchange->context, error);
        ferry_headers_clear(&exchange->headers);
        return error;
    }
    exchange->code = code;
    return FERRY_OK;
}
