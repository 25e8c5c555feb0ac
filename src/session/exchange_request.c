/* SPDX-License-Identifier: MIT */
/* exchange_request: builds the request of a hop anew from what the program asked for. */
#include "exchange_request.h"

#include "base/format.h"
#include "body_file.h"
#include "credentials.h"
#include "feed.h"
#include "pooled.h"
#include "response_body.h"
#include "throttle.h"

#include <string.h>

static ferry_error rewind_body(ferry_transfer *transfer) {
    const ferry_session_request *request = &transfer->plan.request;
    bool is_given = request->body_read != NULL || request->owner_writes;
    if (request->body_file != NULL && !transfer->becomes_get) {
        ferry_body_file_rewind(transfer);
    }
    if (!is_given || !transfer->was_sent || transfer->becomes_get) {
        return FERRY_OK;
    }
    if (request->body_rewind == NULL) {
        return ferry_fail(&transfer->context, FERRY_ERROR_FAILED,
                          "the request's body would have to be sent again, and there is no "
                          "body_rewind");
    }
    ferry_error error = request->body_rewind(request->body_ctx);
    if (error != FERRY_OK) {
        return ferry_fail(&transfer->context, error, "the request's body could not be rewound");
    }
    return FERRY_OK;
}

/* A connection may have been begun before the transfer was: what it took the transfer is shorter.
 */
static int64_t time_of_step(const ferry_transfer *transfer, int64_t step_us) {
    const ferry_pool_connection *connection = transfer->connection;
    if (step_us < 0 || connection->is_kept) {
        return -1;
    }
    int64_t at_us = connection->made_us + step_us - transfer->started_us;
    return at_us > 0 ? at_us : 0;
}

static void note_begin(ferry_transfer *transfer) {
    ferry_timings steps;
    ferry_client_get_timings(transfer->connection->client, &steps);
    ferry_transfer_timings *timings = &transfer->timings;
    timings->begun_us = transfer->session->now_us - transfer->started_us;
    timings->first_byte_us = -1;
    timings->resolved_us = time_of_step(transfer, steps.resolved_us);
    timings->connected_us = time_of_step(transfer, steps.connected_us);
    timings->ready_us = time_of_step(transfer, steps.ready_us);
}

/* The jar's line, and the request's cookies behind it. Either may be NULL. */
static ferry_error exchange_join_cookies(ferry_transfer *transfer, const char *line,
                                         const char *own) {
    const ferry_context *context = &transfer->context;
    size_t size = sizeof "Cookie: ; " + (line != NULL ? strlen(line) : 0) + strlen(own);
    ferry_credentials_free(context, transfer->cookie_line);
    transfer->cookie_line = ferry_alloc(context, size);
    if (transfer->cookie_line == NULL) {
        return ferry_fail_memory(&transfer->context);
    }
    ferry_format(transfer->cookie_line, size, "%s%s%s",
                 line != NULL ? line : "Cookie: ", line != NULL ? "; " : "", own);
    return FERRY_OK;
}

/* The program's own line goes alone, if there is one. */
static ferry_error exchange_select_cookies(ferry_transfer *transfer, const char **line) {
    ferry_cookie_jar *jar = transfer->session->cookies;
    const ferry_session_request *request = &transfer->plan.request;
    const char *own =
        transfer->is_first_origin || request->headers_follow ? request->cookies : NULL;
    *line = NULL;
    if (jar != NULL && !ferry_request_plan_has_cookies(&transfer->plan) &&
        jar->ops->select(jar, &transfer->place, line) != FERRY_OK) {
        return ferry_fail_memory(&transfer->context);
    }
    if (own == NULL) {
        return FERRY_OK;
    }
    ferry_error error = exchange_join_cookies(transfer, *line, own);
    *line = transfer->cookie_line;
    return error;
}

ferry_error ferry_exchange_send(ferry_transfer *transfer) {
    ferry_request_plan *plan = &transfer->plan;
    const ferry_session_request *from = &plan->request;
    const char *cookies = NULL;
    ferry_error error = rewind_body(transfer);
    if (error == FERRY_OK) {
        error = exchange_select_cookies(transfer, &cookies);
    }
    const char *more[FERRY_DOWNLOAD_MAX_LINES];
    size_t more_count = 0;
    if (error == FERRY_OK && transfer->download != NULL) {
        error = transfer->download->list_lines(transfer, more, &more_count);
    }
    if (error != FERRY_OK) {
        return error;
    }
    bool has_body = !transfer->becomes_get;
    bool sends_file = has_body && from->body_file != NULL;
    ferry_timeouts timeouts = *from->timeouts;
    timeouts.total_ms = -1; /* the session's business: it is for the whole transfer */
    bool has_own_fetch = from->fetch != NULL || from->max_redirects < 0 ||
                         from->integrity != NULL || from->keepalive ||
                         ferry_throttle_is_limited(transfer);
    ferry_fetch_options fetch =
        ferry_client_options_copy_get(transfer->session->client_options)->fetch;
    if (from->fetch != NULL) {
        fetch = *from->fetch;
    }
    fetch.keepalive = fetch.keepalive || from->keepalive;
    if (from->max_redirects < 0) {
        fetch.redirect = FERRY_FETCH_REDIRECT_MANUAL;
    }
    if (from->integrity != NULL && !ferry_session_dials) {
        fetch.integrity = from->integrity;
    }
    if (!ferry_session_dials) {
        fetch.window_bytes = ferry_throttle_choose_window(transfer, fetch.window_bytes);
    }
    ferry_request request = {
        .method = transfer->becomes_get ? FERRY_METHOD_GET : from->method,
        .method_name = transfer->becomes_get ? NULL : from->method_name,
        .url = transfer->place.parts.target,
        .headers = ferry_request_plan_list_lines(plan, transfer->is_first_origin,
                                                 transfer->becomes_get, cookies, more, more_count),
        .body = has_body ? from->body : NULL,
        .body_length = has_body ? from->body_length : 0,
        .borrow_body = has_body && from->body_length > 0,
        .body_read = has_body ? from->body_read : NULL,
        .body_ctx = from->body_ctx,
        .streamed = sends_file || (has_body && from->owner_writes),
        .streamed_length =
            sends_file ? ferry_body_file_get_length(transfer) : from->body_read_length,
        .fetch = has_own_fetch ? &fetch : NULL,
        .timeouts = &timeouts,
    };
    error = ferry_feed_begin(transfer, &request);
    ferry_pool_connection *connection = transfer->connection;
    if (error == FERRY_OK) {
        error = ferry_pooled_begin_keepalive(connection);
    }
    if (error != FERRY_OK) {
        return error;
    }
    error = ferry_client_send(connection->client, &request);
    if (error != FERRY_OK) {
        return ferry_fail(&transfer->context, error, "%s",
                          ferry_client_get_error_detail(connection->client));
    }
    /* What the program writes is not gone before it has written. */
    transfer->was_sent = !from->owner_writes || from->body_read_length == 0;
    transfer->bytes_sent = 0;
    connection->max_ahead =
        ferry_throttle_is_limited(transfer) ? 0 : ferry_response_max_ahead(transfer);
    if (sends_file) {
        ferry_body_file_go_on(transfer);
    }
    ferry_throttle_begin_exchange(transfer);
    note_begin(transfer);
    transfer->session->counters.connections_reused += connection->was_used;
    return FERRY_OK;
}
