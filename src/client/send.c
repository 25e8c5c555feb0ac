/* SPDX-License-Identifier: MIT */
/* send: starts an exchange, and takes a streamed body piece by piece. */
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
    ferry_buffer *url = &client->exchange.url;
    if (needed <= url->capacity) {
        return FERRY_OK;
    }
    return ferry_buffer_reserve(url, &client->context, needed - ferry_buffer_length(url));
}

static void note_url(ferry_client *client, ferry_span target) {
    ferry_buffer *url = &client->exchange.url;
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
    ferry_buffer *url = &client->exchange.url;
    if (url->capacity <= FERRY_KEPT_BYTES || needed > FERRY_KEPT_BYTES) {
        return;
    }
    char *smaller = ferry_resize(&client->context, url->data, url->end, needed);
    if (smaller != NULL) {
        url->data = smaller;
        url->capacity = needed;
    }
}

ferry_span ferry_client_user_agent(const ferry_client *client) {
    return client->user_agent != NULL ? ferry_span_of(client->user_agent)
                                      : FERRY_SPAN("ferry/" FERRY_VERSION_STRING);
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
    message.user_agent = ferry_client_user_agent(client);
    message.fetch = request->fetch != NULL ? request->fetch : &client->fetch;
    client->context.detail[0] = '\0'; /* before: a request that fails at once leaves its own */
    error = client->backend->ops->send(client->backend, &message);
    if (error != FERRY_OK) {
        ferry_client_update(client); /* the link may be found closed */
        if (error == FERRY_ERROR_CONNECT_AGAIN) {
            client->method = message.method;
            client->requests++;
            client->exchange.is_exposed = false;
        }
        return error;
    }
    note_url(client, target);
    trim_url(client, url_size(client, target));
    client->method = message.method;
    client->write_was_short = false;
    ferry_client_choose_timeouts(client, request->timeouts);
    client_begin_times(client, ferry_runtime_now_us());
    client->requests++;
    client->moved_seen = client->context.bytes_moved;
    client->is_programs_turn = false;
    ferry_client_set_status(client, FERRY_STATUS_REQUESTING);
    return FERRY_OK; /* a connection that failed at once is reported by the next poll */
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

/* ---- Streamed bodies ---- */

static ferry_error check_upload(ferry_client *client) {
    if (ferry_client_has_failed(client)) {
        return client->error;
    }
    if (client->exchange.awaits_finish) {
        return FERRY_OK;
    }
    if (client->exchange.upload_stopped) {
        return ferry_fail(&client->context, FERRY_ERROR_UPLOAD_STOPPED,
                          "the server takes no more of the request's body: read its response");
    }
    if (!client->exchange.takes_body) {
        return ferry_fail(&client->context, FERRY_ERROR_UNCONFIGURED,
                          "no streamed request is under way");
    }
    return FERRY_OK;
}

/* What the backend did in a call shows in the status and in the error. */
static ferry_error upload_update(ferry_client *client, ferry_error error) {
    if (error != FERRY_OK) {
        return error;
    }
    return ferry_client_update(client);
}

static ferry_error write_once(ferry_client *client, const char *data, size_t length,
                              size_t *written) {
    size_t taken = 0;
    ferry_error error = check_upload(client);
    if (error == FERRY_OK) {
        error = client->backend->ops->write(client->backend, data, length, &taken);
        *written += taken;
        client->exchange.writer_waits = taken < length && !client->exchange.awaits_body;
        error = upload_update(client, error);
        if (error == FERRY_OK && taken == 0 && client->exchange.upload_stopped) {
            error = check_upload(client);
        }
        if (error == FERRY_OK) {
            error = ferry_client_check_time(client, true);
        }
    }
    return error;
}

/* The time for 100 (Continue) may pass in the very call that was told to wait for it. Then there is
 * room, and nothing that the program could wait for. */
static ferry_error write_in_time(ferry_client *client, const char *data, size_t length,
                                 size_t *written) {
    size_t before = *written;
    ferry_error error = write_once(client, data, length, written);
    bool has_room = *written == before && length > 0 && client->exchange.awaits_body;
    return error == FERRY_OK && has_room ? write_once(client, data, length, written) : error;
}

/* Sleeps until the connection takes more, then offers it. With a response under way there may be
 * something to read instead, and a peer that echoes takes no more before that is done: *go_on is
 * then false. */
static ferry_error write_after_sleep(ferry_client *client, const char *data, size_t length,
                                     size_t *written, bool *go_on) {
    ferry_status before = client->status;
    size_t taken = 0;
    client->exchange.reader_waits = before == FERRY_STATUS_BODY;
    ferry_error error = client->sleep(client);
    client->exchange.reader_waits = false;
    if (error == FERRY_OK) {
        error = ferry_client_step(client);
    }
    /* A response that has arrived whole keeps nobody from writing. */
    *go_on = client->status == before || client->exchange.response_arrived;
    if (error == FERRY_OK && *go_on) {
        error = write_once(client, data, length, &taken);
        *go_on =
            taken > 0 || client->status != FERRY_STATUS_BODY || client->exchange.response_arrived;
        *written += taken;
    }
    return error;
}

/* In blocking mode nobody polls, and while the connection takes all that is written nothing waits:
 * an early answer or a time-out would be found at the end only. */
static ferry_error look_for_answer(ferry_client *client) {
    enum { UNSEEN_BYTES = 256 * 1024 };
    if (client->sleep == NULL || client->unseen_bytes < UNSEEN_BYTES) {
        return FERRY_OK;
    }
    client->unseen_bytes = 0;
    ferry_error error = ferry_client_step(client);
    return error == FERRY_OK ? check_upload(client) : error;
}

/* True where the connection took all that it was offered, and the call's time is not over. */
static bool polling_may_write(const ferry_client *client, size_t taken, int64_t *since_us) {
    if (taken == 0 || !client->exchange.awaits_body) {
        return false;
    }
    int64_t now_us = ferry_runtime_now_us();
    *since_us = *since_us < 0 ? now_us : *since_us;
    return now_us - *since_us < ferry_runtime_work_us;
}

ferry_error ferry_client_write_request_body(ferry_client *client, const void *data, size_t length,
                                            size_t *written) {
    size_t taken = 0;
    bool go_on = true;
    int64_t since_us = -1;
    ferry_error error = check_upload(client);
    for (bool is_first = true; error == FERRY_OK && go_on; is_first = false) {
        const char *rest = (const char *)data + taken;
        size_t before = taken;
        error = look_for_answer(client);
        if (error == FERRY_OK && (is_first || client->exchange.awaits_body)) {
            error = write_in_time(client, rest, length - taken, &taken);
        } else if (error == FERRY_OK) {
            error = write_after_sleep(client, rest, length - taken, &taken, &go_on);
        }
        client->unseen_bytes += taken - before;
        go_on = go_on && taken < length &&
                (client->sleep != NULL || polling_may_write(client, taken - before, &since_us));
    }
    client->write_was_short = taken < length;
    if (error == FERRY_OK) {
        *written = taken;
    }
    return error;
}

ferry_error ferry_client_finish_request_body(ferry_client *client) {
    ferry_error error = check_upload(client);
    if (error == FERRY_OK && client->exchange.awaits_finish) {
        client->exchange.awaits_finish = false;
        return FERRY_OK;
    }
    if (error == FERRY_OK) {
        client->write_was_short = false;
        client->exchange.writer_waits = false;
        error = upload_update(client, client->backend->ops->finish(client->backend));
    }
    return error == FERRY_OK ? ferry_client_check_time(client, false) : error;
}
