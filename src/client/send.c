/* SPDX-License-Identifier: MIT */
/* send: checks a request, completes it and starts its exchange. */
#include "client_state.h"

#include "base/percent.h"
#include "message/request_check.h"
#include "runtime.h"

#include <string.h>

static ferry_error check_ready(ferry_client *client) {
    ferry_context *context = &client->context;
    switch (client->status) {
    case FERRY_STATUS_CONNECTED:
        return FERRY_OK;
    case FERRY_STATUS_RESOLVING:
    case FERRY_STATUS_CONNECTING:
        return ferry_fail(context, FERRY_ERROR_BUSY,
                          "the connection is not there yet: poll until the status is CONNECTED");
    case FERRY_STATUS_REQUESTING:
    case FERRY_STATUS_BODY:
        return ferry_fail(context, FERRY_ERROR_BUSY,
                          "the exchange before has not ended: read its body, or close");
    case FERRY_STATUS_DISCONNECTED:
    case FERRY_STATUS_CANT_RESOLVE:
    case FERRY_STATUS_CANT_CONNECT:
    case FERRY_STATUS_CONNECTION_ERROR:
    case FERRY_STATUS_TLS_HANDSHAKE_ERROR:
        break;
    }
    if (ferry_client_has_failed(client)) { /* keep the detail of the failure: it is the reason */
        return FERRY_ERROR_UNCONFIGURED;
    }
    return ferry_fail(context, FERRY_ERROR_UNCONFIGURED,
                      client->was_connected ? "the connection has ended: call connect_to_host again"
                                            : "there is no connection: call connect_to_host first");
}

static size_t url_size(const ferry_client *client, ferry_span target) {
    return ferry_buffer_length(&client->url_base) + 3 * target.length + 1;
}

/* Room for the URL of the response, so that noting it later cannot fail. */
static ferry_error reserve_url(ferry_client *client, ferry_span target) {
    size_t needed = url_size(client, target);
    ferry_buffer *url = &client->url;
    if (needed <= url->capacity) {
        return FERRY_OK;
    }
    return ferry_buffer_reserve(url, &client->context, needed - ferry_buffer_length(url));
}

static void note_url(ferry_client *client, ferry_span target) {
    ferry_buffer *url = &client->url;
    size_t base_length = ferry_buffer_length(&client->url_base);
    ferry_buffer_clear(url);
    if (target.data[0] == '/') {
        memcpy(url->data, client->url_base.data, base_length);
        url->end = base_length;
    }
    char *end = ferry_percent_write_target(target, url->data + url->end);
    *end = '\0';
    url->end = (size_t)(end + 1 - url->data);
}

/* An earlier URL may have been much longer. Where there is no memory for less, it stays. */
static void trim_url(ferry_client *client, size_t needed) {
    ferry_buffer *url = &client->url;
    if (url->capacity <= FERRY_KEPT_BYTES || needed > FERRY_KEPT_BYTES) {
        return;
    }
    char *smaller = ferry_resize(&client->context, url->data, url->end, needed);
    if (smaller != NULL) {
        url->data = smaller;
        url->capacity = needed;
    }
}

/* The request is the proxy's to pass on: it must say where to (RFC 9112 section 3.2.2). The server
 * as a whole, "*", is there the URL without a path (section 3.2.4). */
static void address_to_proxy(const ferry_client *client, ferry_message *message) {
    message->is_for_proxy = true;
    message->proxy_headers = client->proxy_headers;
    message->proxy_authorization = (ferry_span){
        client->proxy_authorization.data,
        ferry_buffer_length(&client->proxy_authorization),
    };
    bool is_asterisk = message->target.length == 1 && message->target.data[0] == '*';
    if (message->target.data[0] == '/' || is_asterisk) {
        message->target_prefix =
            (ferry_span){client->url_base.data, ferry_buffer_length(&client->url_base)};
    }
    if (is_asterisk) {
        message->target.length = 0;
    }
}

static void client_begin_times(ferry_client *client, int64_t now_us) {
    bool is_sent = client->exchange.state == FERRY_EXCHANGE_WAITING;
    client->request_since_ms = now_us / 1000;
    client->idle_since_ms = client->request_since_ms;
    client->sent_since_ms = is_sent ? client->request_since_ms : -1;
    client->times.request_us = now_us;
    client->times.sent_us = is_sent && client->backend->ops->shows_connection ? now_us : -1;
    client->times.first_byte_us = -1;
    client->times.end_us = -1;
    client->times_are_final = false;
}

ferry_error ferry_client_send(ferry_client *client, const ferry_request *request) {
    ferry_message message;
    ferry_error error = check_ready(client);
    if (error == FERRY_OK) {
        error = ferry_request_check(&client->context, request, &message);
    }
    if (error == FERRY_OK) {
        error = reserve_url(client, message.target);
    }
    if (error != FERRY_OK) {
        return error;
    }
    ferry_span target = message.target;
    if (client->is_absolute) {
        address_to_proxy(client, &message);
    }
    if (message.host.length > 0) { /* the target names where to go on to */
        message.is_for_proxy = true;
    } else {
        message.host =
            (ferry_span){client->authority.data, ferry_buffer_length(&client->authority)};
    }
    message.user_agent = client->user_agent;
    message.fetch = request->fetch != NULL ? request->fetch : &client->fetch;
    client->context.detail[0] = '\0'; /* before: a request that fails at once leaves its own */
    error = client->backend->ops->send(client->backend, &message);
    if (error != FERRY_OK) {
        ferry_client_update(client); /* the link may be found closed */
        if (error == FERRY_ERROR_CONNECT_AGAIN) {
            client->method = message.method;
            client->requests++;
        }
        return error;
    }
    note_url(client, target);
    trim_url(client, url_size(client, target));
    client->method = message.method;
    client->write_was_short = false;
    client->reader_waits = false;
    client->writer_waits = false;
    client->has_finished = false;
    ferry_client_choose_timeouts(client, request->timeouts);
    client_begin_times(client, ferry_runtime_now_us());
    client->requests++;
    client->moved_seen = client->context.bytes_moved;
    client->is_programs_turn = false;
    ferry_client_set_status(client, FERRY_STATUS_REQUESTING);
    /* A connection that failed at once is reported by the next poll, too. */
    return client->sleep != NULL ? ferry_client_block(client) : FERRY_OK;
}

ferry_error ferry_client_request_raw(ferry_client *client, ferry_method method, const char *url,
                                     const char *const *headers, const void *body,
                                     size_t body_length) {
    ferry_request request = {
        .method = method,
        .url = url,
        .headers = headers,
        .body = body,
        .body_length = body_length,
    };
    return ferry_client_send(client, &request);
}

ferry_error ferry_client_request(ferry_client *client, ferry_method method, const char *url,
                                 const char *const *headers, const char *body) {
    size_t length = body != NULL ? strlen(body) : 0;
    return ferry_client_request_raw(client, method, url, headers, body, length);
}
