/* SPDX-License-Identifier: MIT */
/* exchange: one request of a transfer over a connection, and what becomes of its response. */
#include "exchange.h"

#include "base/format.h"
#include "base/span.h"
#include "body_file.h"
#include "exchange_request.h"
#include "feed.h"
#include "integrity.h"
#include "pool.h"
#include "pooled.h"
#include "redirect.h"
#include "response.h"
#include "response_body.h"
#include "retry.h"
#include "throttle.h"
#include "transfer.h"
#include "transfer_redirect.h"

#include <string.h>

/* ---- Whether it may be sent again ---- */

static bool may_send_again(const ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    bool is_used_up = transfer->was_sent && !ferry_request_plan_is_repeatable(&transfer->plan);
    if (is_used_up || transfer->has_delivered || request->send_again == FERRY_SEND_AGAIN_NO) {
        return false;
    }
    return request->send_again == FERRY_SEND_AGAIN_YES ||
           ferry_client_may_send_again(transfer->connection->client);
}

/* ---- The head ---- */

static const char *find_header(const ferry_transfer *transfer, const char *name) {
    return ferry_transfer_get_response_header(transfer, name, 0);
}

/* How long to wait before the request is sent again; negative: it is not. */
static int64_t retry_delay_ms(ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    if (!ferry_retry_is_code(transfer->code) || transfer->retries >= request->max_retries ||
        !may_send_again(transfer)) {
        return -1;
    }
    const char *after = find_header(transfer, "Retry-After");
    int64_t delay_ms =
        after != NULL ? ferry_retry_after_ms(after, ferry_session_wall_clock_s()) : -1;
    if (delay_ms < 0) {
        uint32_t chance = ferry_retry_chance(transfer->session->now_us, transfer->queue.order);
        return ferry_retry_delay_ms(transfer->retries, chance);
    }
    return delay_ms <= request->max_retry_after_ms ? delay_ms : -1;
}

static bool is_unwanted(const ferry_transfer *transfer) {
    return transfer->use == FERRY_USE_REDIRECT || transfer->use == FERRY_USE_RETRY ||
           transfer->use == FERRY_USE_ANEW || transfer->use == FERRY_USE_WHOLE;
}

static ferry_response_use choose_use(ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    if (transfer->download != NULL) {
        ferry_response_use use = transfer->download->judge(transfer);
        if (use != FERRY_USE_NONE) {
            return use;
        }
    }
    if (ferry_session_dials && ferry_redirect_is_code(transfer->code) &&
        request->max_redirects > 0 && find_header(transfer, "Location") != NULL) {
        return FERRY_USE_REDIRECT;
    }
    transfer->retry_ms = retry_delay_ms(transfer);
    if (transfer->retry_ms >= 0) {
        return FERRY_USE_RETRY;
    }
    bool is_success = transfer->code >= 200 && transfer->code <= 299;
    return is_success || request->any_status ? FERRY_USE_DELIVER : FERRY_USE_STATUS;
}

static bool check_announced_length(ferry_transfer *transfer) {
    int64_t length = ferry_client_get_response_body_length(transfer->connection->client);
    int64_t expected = transfer->plan.request.expected_bytes;
    if (transfer->use != FERRY_USE_DELIVER || length < 0) {
        return true;
    }
    length += transfer->body_bytes; /* that were there before */
    if (length > ferry_response_max_body(transfer)) {
        ferry_transfer_stop(transfer, FERRY_ERROR_TOO_LARGE,
                            "the body is longer than max_body_bytes");
        return false;
    }
    if (expected > 0 && length != expected && transfer->plan.request.method != FERRY_METHOD_HEAD) {
        ferry_transfer_stop(transfer, FERRY_ERROR_INVALID_DATA,
                            "the body has another length than expected_bytes");
        return false;
    }
    return true;
}

/* Of every response, whatever becomes of it, but for that of a proxy (RFC 9110 section 15.5.8). */
static ferry_error exchange_take_cookies(ferry_transfer *transfer) {
    ferry_cookie_jar *jar = transfer->session->cookies;
    if (jar == NULL || transfer->code == FERRY_RESPONSE_PROXY_AUTHENTICATION_REQUIRED) {
        return FERRY_OK;
    }
    return jar->ops->take(jar, &transfer->place, transfer->header_lines, transfer->header_count);
}

/* Returns false where the transfer has not gone on. */
static bool exchange_call_head(ferry_transfer *transfer,
                               ferry_error (*function)(void *ctx, ferry_transfer *transfer),
                               const char *name) {
    const ferry_pool_connection *connection = transfer->connection;
    ferry_error error =
        function != NULL ? function(transfer->plan.request.ctx, transfer) : FERRY_OK;
    if (transfer->connection != connection || transfer->session->is_freed) {
        return false; /* it has cancelled the transfer, or freed it, or all of them */
    }
    if (error != FERRY_OK) {
        char detail[40];
        ferry_format(detail, sizeof detail, "%s has ended the transfer", name);
        ferry_transfer_stop(transfer, error, detail);
    }
    return error == FERRY_OK;
}

/* On the web the browser has followed redirects. */
static void note_final_url(ferry_transfer *transfer) {
    const char *url = ferry_client_get_response_url(transfer->connection->client);
    if (ferry_session_dials || *url == '\0') {
        return;
    }
    char *copy = ferry_text_copy(&transfer->context.allocator, url);
    if (copy == NULL) {
        return;
    }
    char *before = transfer->place.url;
    transfer->place.url = copy;
    /* fetch() tells URLs without their fragments. Without memory it stays so. */
    ferry_error error = ferry_place_take_fragment(&transfer->place, &transfer->context, before);
    (void)error;
    ferry_free(&transfer->context, before);
}

/* Returns false where the transfer has not gone on. */
static bool exchange_take_head(ferry_transfer *transfer) {
    const ferry_client *client = transfer->connection->client;
    const ferry_transfer_functions *functions = &transfer->plan.request.functions;
    if (ferry_transfer_take_head(transfer, client) != FERRY_OK ||
        exchange_take_cookies(transfer) != FERRY_OK) {
        ferry_transfer_stop(transfer, FERRY_ERROR_OUT_OF_MEMORY,
                            ferry_error_message(FERRY_ERROR_OUT_OF_MEMORY));
        return false;
    }
    int keep_alive_ms = ferry_transfer_get_keep_alive_ms(transfer);
    if (keep_alive_ms >= 0) {
        transfer->connection->max_idle_ms = keep_alive_ms;
    }
    note_final_url(transfer);
    transfer->timings.first_byte_us = transfer->session->now_us - transfer->started_us;
    transfer->body_total = ferry_client_get_response_body_length_hint(client);
    transfer->use = choose_use(transfer);
    if (transfer->use == FERRY_USE_REDIRECT) {
        return exchange_call_head(transfer, functions->on_redirect, "on_redirect");
    }
    if (transfer->use == FERRY_USE_DELIVER && ferry_transfer_has_events(transfer)) {
        ferry_pool_note_stream(transfer->connection);
    }
    bool has_body = transfer->use == FERRY_USE_DELIVER || transfer->use == FERRY_USE_WHOLE;
    if (has_body && transfer->download != NULL) {
        ferry_error error = transfer->download->begin(transfer);
        if (error != FERRY_OK) {
            ferry_pool_withdraw(transfer);
            ferry_transfer_finish(transfer, error);
            return false;
        }
    }
    if (!check_announced_length(transfer)) {
        return false;
    }
    bool is_success = has_body || transfer->use == FERRY_USE_UNCHANGED;
    return !is_success || exchange_call_head(transfer, functions->on_head, "on_head");
}

/* ---- The end ---- */

static bool has_integrity(ferry_transfer *transfer) {
    unsigned char digest[FERRY_HASH_MAX_SIZE];
    if (transfer->hash == NULL) {
        return true;
    }
    size_t size = ferry_hash_finish(transfer->hash, digest);
    return ferry_integrity_matches(transfer->plan.request.integrity, transfer->hash_kind, digest,
                                   size);
}

static void exchange_finish_body(ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    ferry_error error = FERRY_OK;
    if (transfer->use == FERRY_USE_UNCHANGED) {
        transfer->is_unchanged = true;
        ferry_transfer_finish(transfer, FERRY_OK);
        return;
    }
    if (transfer->use == FERRY_USE_STATUS) {
        error = ferry_fail(&transfer->context, FERRY_ERROR_STATUS, "the server answered %d",
                           transfer->code);
    } else if (request->expected_bytes > 0 && transfer->body_bytes != request->expected_bytes &&
               request->method != FERRY_METHOD_HEAD) {
        error = ferry_fail(&transfer->context, FERRY_ERROR_INVALID_DATA,
                           "the body has %lld bytes, and expected_bytes is %lld",
                           (long long)transfer->body_bytes, (long long)request->expected_bytes);
    }
    if (error == FERRY_OK && !has_integrity(transfer)) {
        error = ferry_fail(&transfer->context, FERRY_ERROR_INTEGRITY,
                           "the body has another digest than integrity says");
    }
    if (error == FERRY_OK && transfer->download != NULL && transfer->file != NULL) {
        transfer->download->complete(transfer);
        return;
    }
    ferry_transfer_finish(transfer, error);
}

/* The response is not the rest of what is there. */
static void exchange_begin_anew(ferry_transfer *transfer) {
    if (transfer->plan.request.send_again == FERRY_SEND_AGAIN_NO) {
        ferry_transfer_finish(transfer, ferry_fail(&transfer->context, FERRY_ERROR_INVALID_DATA,
                                                   "the response does not continue the part, and "
                                                   "send_again allows no other request"));
        return;
    }
    transfer->download->begin_anew(transfer);
    ferry_transfer_drop_response(transfer);
    transfer->stale_tries = 0;
    ferry_error error = ferry_transfer_return(transfer);
    if (error == FERRY_OK) {
        ferry_pool_submit(transfer);
    } else {
        ferry_transfer_finish(transfer, error);
    }
}

static void exchange_complete(ferry_transfer *transfer) {
    ferry_response_use use = transfer->use;
    ferry_pool_release(transfer->connection);
    if (use == FERRY_USE_REDIRECT) {
        ferry_transfer_follow(transfer);
    } else if (use == FERRY_USE_RETRY) {
        transfer->retries++;
        ferry_transfer_delay(transfer, transfer->retry_ms);
    } else if (use == FERRY_USE_ANEW) {
        exchange_begin_anew(transfer);
    } else {
        exchange_finish_body(transfer);
    }
}

static void exchange_fail(ferry_transfer *transfer) {
    ferry_pool_connection *connection = transfer->connection;
    ferry_client *client = connection->client;
    ferry_error error = ferry_client_get_error(client);
    bool again = may_send_again(transfer);
    /* It was kept, and ended as the request was on its way: so have others of that origin, maybe.
     */
    bool is_stale = error == FERRY_ERROR_CONNECTION_ERROR && connection->is_kept &&
                    !ferry_client_has_response(client);
    ferry_fail(&transfer->context, error, "%s", ferry_client_get_error_detail(client));
    if (is_stale) {
        ferry_pool_drop_idle(transfer->session, connection->origin);
    }
    ferry_pool_release(connection);
    if (is_stale && again) {
        transfer->needs_new = true; /* another kept one may have ended too */
        ferry_pool_submit(transfer);
        return;
    }
    ferry_transfer_fail_attempt(transfer, error, again);
}

/* True where the response's head is there, also of one whose body has failed already. */
static bool exchange_has_head(const ferry_client *client) {
    return ferry_client_get_status(client) != FERRY_STATUS_REQUESTING &&
           ferry_client_has_response(client);
}

/* What is left of a body that nobody wants is no reason to wait, and what is wrong with it is no
 * reason to fail. */
static void exchange_leave(ferry_transfer *transfer) {
    ferry_client *client = transfer->connection->client;
    if (ferry_client_get_status(client) == FERRY_STATUS_BODY) {
        ferry_response_read_away(transfer);
    }
    if (ferry_client_get_status(client) != FERRY_STATUS_CONNECTED) {
        ferry_client_close(client);
    }
    exchange_complete(transfer);
}

/* Goes on by one piece. False: there is no more to do now. */
static bool exchange_step(ferry_transfer *transfer) {
    ferry_pool_connection *connection = transfer->connection;
    ferry_client *client = connection->client;
    if (ferry_client_get_status(client) == FERRY_STATUS_REQUESTING) {
        return false;
    }
    if (transfer->use == FERRY_USE_NONE && exchange_has_head(client) &&
        !exchange_take_head(transfer)) {
        return false;
    }
    if (is_unwanted(transfer)) {
        exchange_leave(transfer);
        return false;
    }
    ferry_status status = ferry_client_get_status(client);
    if (!exchange_has_head(client) ||
        (status != FERRY_STATUS_BODY && ferry_client_get_error(client) != FERRY_OK)) {
        exchange_fail(transfer);
        return false;
    }
    if (status != FERRY_STATUS_BODY) {
        exchange_complete(transfer);
        return false;
    }
    ferry_read_result result = ferry_response_read(transfer);
    if (result == FERRY_READ_ENOUGH) {
        exchange_leave(transfer);
        return false;
    }
    if (result == FERRY_READ_OVER) {
        return false;
    }
    if (ferry_client_get_status(client) != FERRY_STATUS_BODY) {
        return true;
    }
    connection->is_paused = result == FERRY_READ_PAUSED;
    if (result == FERRY_READ_MORE && ferry_session_is_out_of_time(transfer->session)) {
        if (!ferry_list_has(&connection->item.node)) {
            ferry_list_append(&transfer->session->ready, &connection->item.node);
        }
        return false;
    }
    return result == FERRY_READ_MORE;
}

void ferry_exchange_advance(ferry_transfer *transfer) {
    ferry_pool_connection *connection = transfer->connection;
    const ferry_session *session = transfer->session;
    ferry_transfer_hold(transfer);
    connection->is_paused = false;
    ferry_client_poll(connection->client); /* its error is the status's */
    bool goes_on = ferry_feed_advance(transfer) && ferry_body_file_send(transfer);
    while (goes_on && transfer->connection == connection && !session->is_freed) {
        goes_on = exchange_step(transfer);
    }
    if (transfer->connection == connection) {
        ferry_throttle_pass(transfer);
        ferry_pooled_watch(connection);
    }
    ferry_transfer_release(transfer);
}

const ferry_pool_events ferry_exchange_events = {
    .on_connection = ferry_exchange_send,
    .on_ready = ferry_exchange_advance,
    .on_failure = ferry_transfer_fail_attempt,
    .on_pause = ferry_transfer_delay,
};

ferry_error ferry_transfer_read(ferry_transfer *transfer, void *dst, size_t capacity,
                                size_t *length) {
    *length = 0;
    bool is_open = transfer->connection != NULL && transfer->use == FERRY_USE_DELIVER;
    if (!transfer->plan.request.owner_reads || !is_open) {
        return transfer->error;
    }
    ferry_client *client = transfer->connection->client;
    ferry_session_note_time(transfer->session);
    size_t most = ferry_throttle_admit(transfer, FERRY_WAY_IN);
    transfer->connection->is_paused = most == 0;
    if (most == 0) {
        ferry_pooled_watch(transfer->connection);
        return FERRY_OK;
    }
    ferry_error error =
        ferry_client_read_response_body(client, dst, ferry_size_least(capacity, most), length);
    if (ferry_response_judge(transfer, error, *length) == FERRY_READ_OVER) {
        return transfer->error;
    }
    transfer->has_delivered = transfer->has_delivered || *length > 0;
    if (!ferry_response_count(transfer, dst, *length)) {
        *length = 0;
        return transfer->error;
    }
    if (ferry_client_get_status(client) != FERRY_STATUS_BODY) {
        ferry_exchange_advance(transfer);
    } else {
        ferry_pooled_watch(transfer->connection);
    }
    return FERRY_OK;
}
