/* SPDX-License-Identifier: MIT */
/* client: connecting, the status machine, time-outs and waiting. */
#include "client_state.h"

#include "authority.h"
#include "host.h"

#include <string.h>

enum {
    DEFAULT_CONNECT_MS = 30000,
    DEFAULT_CONTINUE_MS = 1000,
    DEFAULT_HEAD_BYTES = 65536,
    MOST_HEAD_BYTES = 16 * 1024 * 1024,
    DEFAULT_HEADER_COUNT = 256,
    DEFAULT_POLL_BUDGET = 2 * 1024 * 1024,
    DEFAULT_CHUNK_SIZE = 65536,
    LEAST_CHUNK_SIZE = 256,
    MOST_CHUNK_SIZE = 16 * 1024 * 1024,
    MOST_WAITS = 40, /* every address of a host, and the look-up */
};

static const int64_t DEFAULT_DECODED_BYTES = 1024LL * 1024 * 1024;

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

static size_t default_size(size_t value, size_t fallback) {
    return value > 0 ? value : fallback;
}

static size_t least_size(size_t a, size_t b) {
    return a < b ? a : b;
}

/* False where only some of the functions are given. */
static bool choose_allocator(ferry_allocator *allocator) {
    int given =
        (allocator->alloc != NULL) + (allocator->realloc != NULL) + (allocator->free != NULL);
    if (given == 0) {
        *allocator = ferry_default_allocator;
    }
    return given == 0 || given == 3;
}

static bool copy_user_agent(ferry_client *client, const char *user_agent) {
    if (user_agent == NULL) {
        return true;
    }
    size_t size = strlen(user_agent) + 1;
    client->user_agent = ferry_alloc(&client->context, size);
    if (client->user_agent != NULL) {
        memcpy(client->user_agent, user_agent, size);
    }
    return client->user_agent != NULL;
}

ferry_client *ferry_client_new(const ferry_client_options *options) {
    static const ferry_client_options defaults;
    const ferry_client_options *from = options != NULL ? options : &defaults;
    ferry_context context = {
        .allocator = from->allocator,
        .log = from->log,
        .log_ctx = from->log_ctx,
        .max_head_bytes =
            least_size(default_size(from->max_head_bytes, DEFAULT_HEAD_BYTES), MOST_HEAD_BYTES),
        .max_header_count = default_size(from->max_header_count, DEFAULT_HEADER_COUNT),
        .max_decoded_bytes = from->max_decoded_bytes == 0  ? DEFAULT_DECODED_BYTES
                             : from->max_decoded_bytes < 0 ? INT64_MAX
                                                           : from->max_decoded_bytes,
        .poll_budget_bytes = default_size(from->poll_budget_bytes, DEFAULT_POLL_BUDGET),
        .keep_content_coding = from->keep_content_coding,
    };
    if (!choose_allocator(&context.allocator)) {
        return NULL;
    }
    ferry_client *client = ferry_alloc(&context, sizeof *client);
    if (client == NULL) {
        return NULL;
    }
    *client = (ferry_client){.context = context, .read_chunk_size = DEFAULT_CHUNK_SIZE};
    ferry_exchange_init(&client->exchange, &client->context);
    ferry_buffer_init(&client->host, SIZE_MAX / 2);
    ferry_buffer_init(&client->authority, SIZE_MAX / 2);
    ferry_buffer_init(&client->url_base, SIZE_MAX / 2);
    ferry_client_set_timeouts(client, &from->timeouts);
    if (!copy_user_agent(client, from->user_agent)) {
        ferry_client_free(client);
        return NULL;
    }
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
    if (client->host_backend != NULL) {
        client->host_backend->ops->destroy(client->host_backend);
    }
    ferry_free(&context, client->user_agent);
    ferry_buffer_deinit(&client->url_base, &context);
    ferry_buffer_deinit(&client->authority, &context);
    ferry_buffer_deinit(&client->host, &context);
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

/* Puts the client into a failed status, which lasts until connect_to_host or close. */
static ferry_error fail(ferry_client *client, ferry_status status, ferry_error error) {
    client->error = error;
    ferry_exchange_fail(&client->exchange, error);
    if (client->backend != NULL) {
        client->backend->ops->close(client->backend);
    }
    ferry_client_set_status(client, status);
    return error;
}

static ferry_status failed_connect_status(const ferry_client *client, ferry_error error) {
    if (error == FERRY_ERROR_TLS_HANDSHAKE || error == FERRY_ERROR_TLS_CERTIFICATE) {
        return FERRY_STATUS_TLS_HANDSHAKE_ERROR;
    }
    return client->status == FERRY_STATUS_RESOLVING ? FERRY_STATUS_CANT_RESOLVE
                                                    : FERRY_STATUS_CANT_CONNECT;
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
        return fail(client, FERRY_STATUS_CONNECTION_ERROR, client->exchange.error);
    }
    return FERRY_OK;
}

void ferry_client_drop(ferry_client *client) {
    if (client->host_backend != NULL) {
        client->host_backend->ops->close(client->host_backend);
    }
    if (client->stream_backend != NULL) {
        client->stream_backend->ops->destroy(client->stream_backend);
        client->stream_backend = NULL;
    }
    client->backend = NULL;
    client->error = FERRY_OK;
    client->context.detail[0] = '\0';
    client->was_connected = false;
    ferry_exchange_reset(&client->exchange);
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
    return client->context.detail;
}

/* ---- Connecting ---- */

static ferry_error set_text(ferry_client *client, ferry_buffer *buffer, ferry_span text) {
    ferry_buffer_clear(buffer);
    if (ferry_buffer_reserve(buffer, &client->context, text.length + 1) != FERRY_OK) {
        return ferry_fail_memory(&client->context);
    }
    memcpy(buffer->data, text.data, text.length);
    buffer->data[text.length] = '\0';
    buffer->end = text.length;
    return FERRY_OK;
}

ferry_error ferry_client_set_authority(ferry_client *client, const char *authority, bool secure) {
    ferry_error error = set_text(client, &client->authority, ferry_span_of(authority));
    if (error != FERRY_OK) {
        return error;
    }
    error = set_text(client, &client->url_base,
                     secure ? FERRY_SPAN("https://") : FERRY_SPAN("http://"));
    if (error == FERRY_OK && ferry_buffer_append(&client->url_base, &client->context, authority,
                                                 strlen(authority)) != FERRY_OK) {
        error = ferry_fail_memory(&client->context);
    }
    return error;
}

static ferry_error check_port(ferry_client *client, int port, bool secure, uint16_t *number) {
    if (port == -1) {
        *number = secure ? 443 : 80;
        return FERRY_OK;
    }
    if (port < 1 || port > UINT16_MAX) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the port %d is not between 1 and 65535 (-1: the default)", port);
    }
    *number = (uint16_t)port;
    return FERRY_OK;
}

static ferry_error open_origin(ferry_client *client, const ferry_authority *authority,
                               uint16_t port, bool secure) {
    char text[300];
    if (authority->host.length + 9 > sizeof text) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER, "the host is too long");
    }
    ferry_authority_write(authority, port, secure, text);
    ferry_error error = set_text(client, &client->host, authority->host);
    if (error == FERRY_OK) {
        error = ferry_client_set_authority(client, text, secure);
    }
    if (error == FERRY_OK && client->host_backend == NULL) {
        error = ferry_host_backend_new(&client->context, &client->exchange, &client->host_backend);
    }
    if (error != FERRY_OK) {
        return error;
    }
    ferry_origin origin = {.host = client->host.data, .port = port, .secure = secure};
    client->connect_since_ms = ferry_host_now_ms();
    error =
        client->host_backend->ops->open(client->host_backend, &origin, client->connect_since_ms);
    if (error != FERRY_OK) {
        client->host_backend->ops->close(client->host_backend);
        return error;
    }
    client->backend = client->host_backend;
    client->was_connected = true;
    return ferry_client_update(client);
}

ferry_error ferry_client_connect_to_host(ferry_client *client, const char *host, int port,
                                         const ferry_tls_options *tls) {
    ferry_authority authority;
    uint16_t number = 0;
    ferry_error error = ferry_authority_parse(&client->context, host, &authority);
    if (error != FERRY_OK) {
        return error;
    }
    if (authority.has_scheme && !authority.secure && tls != NULL) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the host says http://, but TLS options are given");
    }
    bool secure = authority.secure || tls != NULL;
    error = check_port(client, port, secure, &number);
    if (error != FERRY_OK) {
        return error;
    }
    if (secure) {
        return ferry_fail(&client->context, FERRY_ERROR_UNAVAILABLE,
                          "https is not available: this build has no TLS");
    }
    ferry_client_drop(client);
    return open_origin(client, &authority, number, secure);
}

static ferry_error set_proxy(ferry_client *client, const char *host, int port) {
    if (host == NULL || host[0] == '\0' || port == -1) {
        return FERRY_OK;
    }
    uint16_t number;
    ferry_error error = check_port(client, port, false, &number);
    if (error != FERRY_OK) {
        return error;
    }
    return ferry_fail(&client->context, FERRY_ERROR_UNAVAILABLE,
                      "proxies are not available in this build");
}

ferry_error ferry_client_set_http_proxy(ferry_client *client, const char *host, int port) {
    return set_proxy(client, host, port);
}

ferry_error ferry_client_set_https_proxy(ferry_client *client, const char *host, int port) {
    return set_proxy(client, host, port);
}

ferry_stream *ferry_client_get_connection(const ferry_client *client) {
    return client->backend != NULL ? client->backend->ops->get_stream(client->backend) : NULL;
}

/* ---- Time-outs ---- */

typedef enum client_timer {
    TIMER_NONE = 0,
    TIMER_CONNECT,
    TIMER_RESPONSE,
    TIMER_IDLE,
    TIMER_TOTAL,
    TIMER_CONTINUE,
} client_timer;

static void consider(client_timer timer, int64_t since_ms, int limit_ms, client_timer *first,
                     int64_t *deadline_ms) {
    if (limit_ms >= 0 && since_ms >= 0 && since_ms + limit_ms < *deadline_ms) {
        *first = timer;
        *deadline_ms = since_ms + limit_ms;
    }
}

/* The timer that runs out first, and when: INT64_MAX where none runs. */
static client_timer first_timer(const ferry_client *client, int64_t *deadline_ms) {
    const ferry_timeouts *limits = &client->timeouts;
    const ferry_exchange *exchange = &client->exchange;
    client_timer first = TIMER_NONE;
    *deadline_ms = INT64_MAX;
    if (client->status == FERRY_STATUS_RESOLVING || client->status == FERRY_STATUS_CONNECTING) {
        consider(TIMER_CONNECT, client->connect_since_ms, limits->connect_ms, &first, deadline_ms);
        return first;
    }
    if (!ferry_exchange_is_under_way(exchange)) {
        return first;
    }
    consider(TIMER_TOTAL, client->request_since_ms, limits->total_ms, &first, deadline_ms);
    if (exchange->awaits_continue) {
        consider(TIMER_CONTINUE, client->request_since_ms, limits->continue_ms, &first,
                 deadline_ms);
    }
    if (client->status == FERRY_STATUS_REQUESTING) {
        consider(TIMER_RESPONSE, client->sent_since_ms, limits->response_ms, &first, deadline_ms);
    }
    bool waits_for_peer =
        client->status == FERRY_STATUS_BODY ? client->is_starved : !exchange->awaits_body;
    if (waits_for_peer) {
        consider(TIMER_IDLE, client->idle_since_ms, limits->idle_ms, &first, deadline_ms);
    }
    return first;
}

/* Keeps the times that the timers start from. */
static void note_times(ferry_client *client, int64_t now_ms) {
    const ferry_exchange *exchange = &client->exchange;
    if (client->sent_since_ms < 0 && exchange->state == FERRY_EXCHANGE_WAITING) {
        client->sent_since_ms = now_ms;
    }
    bool waits_for_caller =
        client->status == FERRY_STATUS_BODY ? !client->is_starved : exchange->awaits_body;
    if (exchange->activity != client->activity_seen || waits_for_caller) {
        client->activity_seen = exchange->activity;
        client->idle_since_ms = now_ms;
    }
}

static size_t get_waits(const ferry_client *client, ferry_wait *waits, size_t capacity,
                        int64_t *deadline_ms) {
    *deadline_ms = INT64_MAX;
    if (client->backend == NULL || ferry_client_has_failed(client)) {
        return 0;
    }
    return client->backend->ops->get_waits(client->backend, waits, capacity, deadline_ms);
}

/* A program that was away for long may find its time over although the bytes have long come. */
static bool has_bytes_waiting(ferry_client *client) {
    ferry_wait waits[MOST_WAITS];
    int64_t deadline_ms;
    bool ready = false;
    size_t count = get_waits(client, waits, MOST_WAITS, &deadline_ms);
    return count > 0 && waits[0].descriptor != FERRY_NO_DESCRIPTOR &&
           ferry_host_wait(&client->context, waits, count, 0, &ready) == FERRY_OK && ready;
}

static ferry_error time_out(ferry_client *client, client_timer timer, int64_t now_ms) {
    ferry_context *context = &client->context;
    const ferry_timeouts *limits = &client->timeouts;
    const char *host = client->authority.data;
    switch (timer) {
    case TIMER_NONE:
        return FERRY_OK;
    case TIMER_CONNECT: {
        const char *phase =
            client->status == FERRY_STATUS_RESOLVING ? "look-up of" : "connection to";
        ferry_status status = failed_connect_status(client, FERRY_ERROR_TIMEOUT);
        return fail(client, status,
                    ferry_fail(context, FERRY_ERROR_TIMEOUT,
                               "timeout: the %s %s took more than %d ms (connect_ms)", phase, host,
                               limits->connect_ms));
    }
    case TIMER_RESPONSE:
        ferry_fail(context, FERRY_ERROR_TIMEOUT,
                   "timeout: %s did not answer within %d ms (response_ms)", host,
                   limits->response_ms);
        break;
    case TIMER_IDLE:
        if (client->status == FERRY_STATUS_BODY && has_bytes_waiting(client)) {
            client->idle_since_ms = now_ms;
            return FERRY_OK;
        }
        ferry_fail(context, FERRY_ERROR_TIMEOUT,
                   "timeout: no byte was exchanged with %s for %d ms (idle_ms)", host,
                   limits->idle_ms);
        break;
    case TIMER_TOTAL:
        ferry_fail(context, FERRY_ERROR_TIMEOUT,
                   "timeout: the exchange with %s took more than %d ms (total_ms)", host,
                   limits->total_ms);
        break;
    case TIMER_CONTINUE:
        client->backend->ops->proceed(client->backend);
        return ferry_client_update(client);
    }
    return fail(client, FERRY_STATUS_CONNECTION_ERROR, FERRY_ERROR_TIMEOUT);
}

/* ---- Progress ---- */

ferry_error ferry_client_step(ferry_client *client) {
    int64_t now_ms = ferry_host_now_ms();
    ferry_status before = client->status;
    client->budget = client->context.poll_budget_bytes;
    ferry_error error = client->backend->ops->step(client->backend, now_ms);
    if (error != FERRY_OK) {
        return fail(client, failed_connect_status(client, error), error);
    }
    error = ferry_client_update(client);
    if (error != FERRY_OK || client->status != before) {
        client->is_starved = false;
        client->idle_since_ms = now_ms;
        return error;
    }
    note_times(client, now_ms);
    int64_t deadline_ms;
    client_timer timer = first_timer(client, &deadline_ms);
    return now_ms >= deadline_ms ? time_out(client, timer, now_ms) : FERRY_OK;
}

/* True where it is the peer, or time, that the client waits for. */
static bool waits_for_peer(const ferry_client *client) {
    if (client->status == FERRY_STATUS_RESOLVING || client->status == FERRY_STATUS_CONNECTING) {
        return true;
    }
    return client->status == FERRY_STATUS_REQUESTING && !client->exchange.awaits_body;
}

static int remaining_ms(const ferry_client *client, int64_t deadline_ms) {
    int64_t timer_ms;
    first_timer(client, &timer_ms);
    if (timer_ms < deadline_ms) {
        deadline_ms = timer_ms;
    }
    if (deadline_ms == INT64_MAX) {
        return -1;
    }
    int64_t now_ms = deadline_ms == 0 ? 0 : ferry_host_now_ms();
    int64_t left = deadline_ms - now_ms;
    return left <= 0 ? 0 : (left > INT32_MAX ? INT32_MAX : (int)left);
}

static ferry_error wait_at_most(ferry_client *client, int limit_ms, bool *ready) {
    ferry_wait waits[MOST_WAITS];
    int64_t deadline_ms;
    size_t count = get_waits(client, waits, MOST_WAITS, &deadline_ms);
    int timeout_ms = remaining_ms(client, deadline_ms);
    *ready = true;
    if (timeout_ms == 0) {
        return FERRY_OK;
    }
    bool is_bounded = timeout_ms >= 0;
    if (limit_ms >= 0 && (!is_bounded || limit_ms < timeout_ms)) {
        timeout_ms = limit_ms;
        is_bounded = false; /* it is the caller's time that passes, not the client's */
    }
    if (!ferry_host_can_wait()) {
        return ferry_fail(&client->context, FERRY_ERROR_UNAVAILABLE,
                          "this platform cannot sleep: poll once a frame instead");
    }
    for (size_t i = 0; i < count; i++) {
        if (waits[i].descriptor == FERRY_NO_DESCRIPTOR) {
            return ferry_fail(&client->context, FERRY_ERROR_UNAVAILABLE,
                              "the connection has no descriptor to wait on");
        }
    }
    ferry_error error = ferry_host_wait(&client->context, waits, count, timeout_ms, ready);
    *ready = *ready || is_bounded; /* a timer of the client's has run out: it can go on */
    return error;
}

ferry_error ferry_client_sleep(ferry_client *client) {
    bool ready;
    return wait_at_most(client, -1, &ready);
}

static ferry_error poll_blocking(ferry_client *client) {
    ferry_status before = client->status;
    bool waits = waits_for_peer(client);
    ferry_error error = FERRY_OK;
    do {
        if (waits) {
            error = ferry_client_sleep(client);
            if (error != FERRY_OK) {
                return error;
            }
        }
        error = ferry_client_step(client);
        waits = waits_for_peer(client);
    } while (error == FERRY_OK && client->status == before && waits);
    return error;
}

ferry_error ferry_client_poll(ferry_client *client) {
    if (ferry_client_has_failed(client)) {
        return client->error;
    }
    if (!client->was_connected) {
        return ferry_fail(&client->context, FERRY_ERROR_UNCONFIGURED,
                          "there is no connection: call connect_to_host first");
    }
    if (client->status == FERRY_STATUS_DISCONNECTED) {
        return FERRY_OK;
    }
    return client->blocking ? poll_blocking(client) : ferry_client_step(client);
}

ferry_error ferry_client_wait(ferry_client *client, int timeout_ms) {
    bool can_go_on =
        client->status == FERRY_STATUS_DISCONNECTED || ferry_client_has_failed(client) ||
        client->exchange.awaits_body ||
        (client->status == FERRY_STATUS_BODY && (!client->is_starved || client->budget == 0));
    if (can_go_on) {
        return FERRY_OK;
    }
    bool ready;
    ferry_error error = wait_at_most(client, timeout_ms, &ready);
    if (error == FERRY_OK && !ready) {
        return FERRY_ERROR_TIMEOUT;
    }
    return error;
}

size_t ferry_client_get_waits(const ferry_client *client, ferry_wait *waits, size_t capacity) {
    int64_t deadline_ms;
    return get_waits(client, waits, capacity, &deadline_ms);
}

int ferry_client_get_wait_timeout_ms(const ferry_client *client) {
    int64_t deadline_ms;
    if (client->status == FERRY_STATUS_BODY && !client->is_starved) {
        return 0;
    }
    get_waits(client, NULL, 0, &deadline_ms);
    return remaining_ms(client, deadline_ms);
}

/* ---- Properties ---- */

ferry_error ferry_client_set_blocking_mode(ferry_client *client, bool enabled) {
    if (enabled && !ferry_host_can_wait()) {
        return ferry_fail(&client->context, FERRY_ERROR_UNAVAILABLE,
                          "this platform cannot sleep: poll once a frame instead");
    }
    client->blocking = enabled;
    return FERRY_OK;
}

bool ferry_client_is_blocking_mode_enabled(const ferry_client *client) {
    return client->blocking;
}

ferry_error ferry_client_set_read_chunk_size(ferry_client *client, size_t size) {
    if (size < LEAST_CHUNK_SIZE || size > MOST_CHUNK_SIZE) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the read chunk size %zu is not between %d and %d bytes", size,
                          LEAST_CHUNK_SIZE, MOST_CHUNK_SIZE);
    }
    if (client->chunk != NULL) {
        char *chunk = ferry_realloc(&client->context, client->chunk, size);
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
