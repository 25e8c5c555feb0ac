/* SPDX-License-Identifier: MIT */
/* client: makes and frees a client; holds its properties and its status. */
#include "client_state.h"

#include "message/request_check.h"
#include "runtime.h"

#include <string.h>

enum {
    DEFAULT_CONNECT_MS = 30000,
    DEFAULT_CONTINUE_MS = 1000,
    DEFAULT_HEAD_BYTES = 65536,
    DEFAULT_HEADER_COUNT = 256,
    DEFAULT_INTERIM_RESPONSES = 32,
    DEFAULT_CHUNK_SIZE = 65536,
    MIN_CHUNK_SIZE = 256,
    MAX_CHUNK_SIZE = 16 * 1024 * 1024,
};

static const int64_t DEFAULT_DECODED_BYTES = 1024LL * 1024 * 1024;

static const ferry_client_times no_times = {-1, -1, -1, -1, -1, -1, -1, -1};

/* ---- Construction ---- */

static int default_ms(int value, int fallback) {
    return value == 0 ? fallback : (value < 0 ? -1 : value);
}

void ferry_client_set_timeouts(ferry_client *client, const ferry_timeouts *timeouts) {
    static const ferry_timeouts none;
    const ferry_timeouts *from = timeouts != NULL ? timeouts : &none;
    client->timeouts = (ferry_timeouts){
        .connect_ms = default_ms(from->connect_ms, DEFAULT_CONNECT_MS),
        .response_ms = default_ms(from->response_ms, -1),
        .idle_ms = default_ms(from->idle_ms, -1),
        .total_ms = default_ms(from->total_ms, -1),
        .continue_ms = default_ms(from->continue_ms, DEFAULT_CONTINUE_MS),
    };
}

void ferry_client_choose_timeouts(ferry_client *client, const ferry_timeouts *own) {
    const ferry_timeouts *otherwise = &client->timeouts;
    client->limits = otherwise;
    if (own != NULL) {
        client->own_timeouts = (ferry_timeouts){
            .connect_ms = otherwise->connect_ms,
            .response_ms = default_ms(own->response_ms, otherwise->response_ms),
            .idle_ms = default_ms(own->idle_ms, otherwise->idle_ms),
            .total_ms = default_ms(own->total_ms, otherwise->total_ms),
            .continue_ms = default_ms(own->continue_ms, otherwise->continue_ms),
        };
        client->limits = &client->own_timeouts;
    }
}

static size_t default_size(size_t value, size_t fallback) {
    return value > 0 ? value : fallback;
}

/* A copy of a text that may be NULL. False where there is no memory. */
static bool client_copy_text(ferry_client *client, const char *text, char **copy) {
    *copy = text != NULL ? ferry_text_copy(&client->context.allocator, text) : NULL;
    return text == NULL || *copy != NULL;
}

/* There is no client yet to say what is wrong: the first call that needs a connection does. */
static const char *find_bad_option(const ferry_client_options *options, bool has_allocator) {
    if (!has_allocator) {
        return "only some of the allocator's functions are given: alloc, realloc and free";
    }
    if (options->user_agent != NULL &&
        !ferry_field_value_is_valid(ferry_span_of(options->user_agent))) {
        return "the user_agent has a CR, LF or another control character";
    }
    if (options->max_head_bytes > FERRY_LIMIT_RESPONSE_HEAD) {
        return "max_head_bytes is more than 16 MiB";
    }
    return ferry_proxy_headers_fault(options->proxy_headers);
}

ferry_error ferry_client_check_options(ferry_client *client) {
    return client->bad_option == NULL ? FERRY_OK
                                      : ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                                                   "%s", client->bad_option);
}

ferry_client *ferry_client_new(const ferry_client_options *options) {
    static const ferry_client_options defaults;
    const ferry_client_options *from = options != NULL ? options : &defaults;
    ferry_context context = {
        .allocator = from->allocator,
        .log = from->log,
        .log_ctx = from->log_ctx,
        /* More is refused by what connects; the buffers are made before. */
        .max_head_bytes = ferry_size_least(default_size(from->max_head_bytes, DEFAULT_HEAD_BYTES),
                                           FERRY_LIMIT_RESPONSE_HEAD),
        .max_header_count = default_size(from->max_header_count, DEFAULT_HEADER_COUNT),
        .max_interim_responses =
            default_size(from->max_interim_responses, DEFAULT_INTERIM_RESPONSES),
        .max_decoded_bytes = from->max_decoded_bytes == 0  ? DEFAULT_DECODED_BYTES
                             : from->max_decoded_bytes < 0 ? INT64_MAX
                                                           : from->max_decoded_bytes,
        .poll_budget_bytes = default_size(from->poll_budget_bytes, ferry_runtime_poll_budget),
        .keep_content_coding = from->keep_content_coding,
    };
    bool has_allocator = ferry_allocator_choose(&context.allocator);
    ferry_client *client = ferry_alloc(&context, sizeof *client);
    if (client == NULL) {
        return NULL;
    }
    *client = (ferry_client){.context = context,
                             .read_chunk_size = DEFAULT_CHUNK_SIZE,
                             .method = (ferry_method)FERRY_NO_REQUEST,
                             .times = no_times};
    ferry_exchange_init(&client->exchange, &client->context);
    ferry_buffer_init(&client->url, FERRY_LIMIT_URL, "the URL");
    ferry_buffer_init(&client->host, FERRY_LIMIT_HOST_TEXT, "the host");
    ferry_buffer_init(&client->authority, FERRY_LIMIT_HOST_TEXT, "the host");
    ferry_buffer_init(&client->url_base, FERRY_LIMIT_HOST_TEXT, "the host");
    ferry_buffer_init(&client->proxy_authorization, FERRY_LIMIT_CREDENTIALS,
                      "what the proxy is told of the user");
    ferry_client_set_timeouts(client, &from->timeouts);
    ferry_client_choose_timeouts(client, NULL);
    client->bad_option = find_bad_option(from, has_allocator);
    if (!client_copy_text(client, from->user_agent, &client->own_user_agent) ||
        !client_copy_text(client, from->fetch.integrity, &client->integrity) ||
        ferry_proxy_select_new(&client->context, from, &client->proxy_select) != FERRY_OK) {
        ferry_client_free(client);
        return NULL;
    }
    client->user_agent = client->own_user_agent != NULL ? ferry_span_of(client->own_user_agent)
                                                        : FERRY_SPAN("ferry/" FERRY_VERSION_STRING);
    client->fetch = from->fetch;
    client->fetch.integrity = client->integrity;
    return client;
}

void ferry_client_free(ferry_client *client) {
    if (client == NULL) {
        return;
    }
    ferry_context context = client->context;
    if (client->stream_backend != NULL) {
        client->stream_backend->ops->destroy(client->stream_backend);
    }
    if (client->platform_backend != NULL) {
        client->platform_backend->ops->destroy(client->platform_backend);
    }
    ferry_wakeup *wakeup = atomic_load(&client->wakeup);
    if (wakeup != NULL) {
        client->free_wakeup(&context, wakeup);
    }
    ferry_free(&context, client->integrity);
    ferry_free(&context, client->own_user_agent);
    ferry_proxy_select_free(&context, client->proxy_select);
    ferry_buffer_deinit(&client->proxy_authorization, &context);
    ferry_buffer_deinit(&client->url_base, &context);
    ferry_buffer_deinit(&client->authority, &context);
    ferry_buffer_deinit(&client->host, &context);
    ferry_buffer_deinit(&client->url, &context);
    ferry_free(&context, client->chunk);
    ferry_exchange_deinit(&client->exchange);
    ferry_free(&context, client);
}

/* ---- The status ---- */

void ferry_client_set_status(ferry_client *client, ferry_status status) {
    if (client->status != status) {
        client->status = status;
        if (client->context.log != NULL) {
            ferry_log(&client->context, FERRY_LOG_STATUS, "%s", ferry_status_name(status));
        }
    }
}

ferry_status ferry_client_get_failed_status(const ferry_client *client, ferry_error error) {
    if (error == FERRY_ERROR_TLS_HANDSHAKE || error == FERRY_ERROR_TLS_CERTIFICATE) {
        return FERRY_STATUS_TLS_HANDSHAKE_ERROR;
    }
    /* The link's phase, which the status follows a poll later. */
    return client->backend->link == FERRY_LINK_RESOLVING ? FERRY_STATUS_CANT_RESOLVE
                                                         : FERRY_STATUS_CANT_CONNECT;
}

ferry_error ferry_client_fail(ferry_client *client, ferry_status status, ferry_error error) {
    client->error = error;
    if (client->backend != NULL) {
        client->backend->ops->abort(client->backend, error);
    }
    ferry_client_set_status(client, status);
    return error;
}

static ferry_status status_of_link(ferry_link link) {
    switch (link) {
    case FERRY_LINK_CLOSED:
        break;
    case FERRY_LINK_RESOLVING:
        return FERRY_STATUS_RESOLVING;
    case FERRY_LINK_CONNECTING:
        return FERRY_STATUS_CONNECTING;
    case FERRY_LINK_OPEN:
        return FERRY_STATUS_CONNECTED;
    }
    return FERRY_STATUS_DISCONNECTED;
}

ferry_error ferry_client_update(ferry_client *client) {
    switch (client->exchange.state) {
    case FERRY_EXCHANGE_NONE:
    case FERRY_EXCHANGE_DONE:
        ferry_client_set_status(client, status_of_link(client->backend->link));
        break;
    case FERRY_EXCHANGE_SENDING:
    case FERRY_EXCHANGE_WAITING:
        ferry_client_set_status(client, FERRY_STATUS_REQUESTING);
        break;
    case FERRY_EXCHANGE_BODY:
        ferry_client_set_status(client, FERRY_STATUS_BODY);
        break;
    case FERRY_EXCHANGE_FAILED:
        return ferry_client_fail(client, FERRY_STATUS_CONNECTION_ERROR, client->exchange.error);
    }
    return FERRY_OK;
}

void ferry_client_forget_request(ferry_client *client) {
    client->method = (ferry_method)FERRY_NO_REQUEST;
    ferry_buffer_clear(&client->url);
    client->write_was_short = false;
    client->reader_waits = false;
    client->writer_waits = false;
    client->has_finished = false;
    client->times.request_us = -1;
    client->times.sent_us = -1;
    client->times.first_byte_us = -1;
    client->times.end_us = -1;
}

void ferry_client_drop(ferry_client *client) {
    if (client->platform_backend != NULL) {
        client->platform_backend->ops->close(client->platform_backend);
    }
    if (client->stream_backend != NULL) {
        client->stream_backend->ops->destroy(client->stream_backend);
        client->stream_backend = NULL;
    }
    client->backend = NULL;
    client->error = FERRY_OK;
    client->context.detail[0] = '\0';
    client->was_connected = false;
    client->is_proxied = false;
    client->is_absolute = false;
    ferry_client_forget_request(client);
    ferry_buffer_trim(&client->url, &client->context);
    client->requests = 0;
    client->link = (ferry_link_facts){.stage = FERRY_LINK_STAGE_NONE};
    client->times = no_times;
    ferry_client_set_status(client, FERRY_STATUS_DISCONNECTED);
}

void ferry_client_close(ferry_client *client) {
    ferry_client_drop(client);
}

ferry_status ferry_client_get_status(const ferry_client *client) {
    return client->status;
}

ferry_error ferry_client_get_error(const ferry_client *client) {
    return client->error;
}

const char *ferry_client_get_error_detail(const ferry_client *client) {
    /* The list of ferry_error_message() is for programs that call it: others do not carry it. */
    return client != NULL ? client->context.detail : "out of memory";
}

/* ---- Properties ---- */

ferry_error ferry_client_set_read_chunk_size(ferry_client *client, size_t size) {
    if (size < MIN_CHUNK_SIZE || size > MAX_CHUNK_SIZE) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the read chunk size %zu is not between %d and %d bytes", size,
                          MIN_CHUNK_SIZE, MAX_CHUNK_SIZE);
    }
    if (client->chunk != NULL) {
        char *chunk = ferry_resize(&client->context, client->chunk, 0, size);
        if (chunk == NULL) {
            return ferry_fail_memory(&client->context);
        }
        client->chunk = chunk;
    }
    client->read_chunk_size = size;
    return FERRY_OK;
}

size_t ferry_client_get_read_chunk_size(const ferry_client *client) {
    return client->read_chunk_size;
}
