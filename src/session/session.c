/* SPDX-License-Identifier: MIT */
/* session: its options, its polls, and its end. */
#include "exchange.h"
#include "origin_key.h"
#include "pool.h"
#include "transfer.h"
#include "url/host.h"

#include <limits.h>
#include <string.h>

enum { DEFAULT_IDLE_MS = 60000, DEFAULT_STALL_MS = 30000, DEFAULT_BUDGET_US = 2000 };
static const size_t default_memory = (size_t)256 * 1024 * 1024;

/* ---- Options ---- */

static int default_to(int value, int otherwise) {
    return value != 0 ? value : otherwise;
}

/* Takes "http://user:password@host:3128" apart for ferry_client_set_http_proxy(): the port goes. */
static ferry_error take_proxy(ferry_session *session, const char *text, const char *name,
                              char **host, int *port) {
    if (text == NULL) {
        return FERRY_OK;
    }
    if (!ferry_session_dials) {
        return ferry_fail(&session->context, FERRY_ERROR_UNAVAILABLE,
                          "on the web the browser chooses proxies: %s must be NULL", name);
    }
    char *copy = ferry_text_copy(&session->context.allocator, text);
    if (copy == NULL) {
        return ferry_fail_memory(&session->context);
    }
    *host = copy;
    char *authority = strstr(copy, "://");
    authority = authority != NULL ? authority + 3 : copy;
    *port = strncmp(copy, "https:", 6) == 0 ? 443 : 80;
    char *at = strrchr(authority, '@');
    char *end = (at != NULL ? at + 1 : authority);
    end += strcspn(end, "/?#");
    *end = '\0';
    char *bracket = strrchr(authority, ']');
    char *colon = strrchr(bracket != NULL ? bracket : (at != NULL ? at : authority), ':');
    if (colon != NULL && colon[1] != '\0') {
        uint16_t number;
        if (!ferry_port_read(ferry_span_of(colon + 1), &number)) {
            return ferry_fail(&session->context, FERRY_ERROR_INVALID_PARAMETER,
                              "the port of %s is not a number from 1 to 65535", name);
        }
        *port = number;
        *colon = '\0';
    }
    return FERRY_OK;
}

static ferry_error copy_text(ferry_session *session, const char *text, char **copy) {
    if (text == NULL) {
        return FERRY_OK;
    }
    *copy = ferry_text_copy(&session->context.allocator, text);
    return *copy != NULL ? FERRY_OK : ferry_fail_memory(&session->context);
}

/* One that is no http:// URL, such as a file's, is none to be relative to. */
static ferry_error take_page_url(ferry_session *session) {
    size_t size = ferry_session_page_url(NULL, 0);
    char *url = size > 1 ? ferry_alloc(&session->context, size) : NULL;
    if (url == NULL) {
        return size > 1 ? ferry_fail_memory(&session->context) : FERRY_OK;
    }
    ferry_session_page_url(url, size);
    if (strncmp(url, "http:", 5) == 0 || strncmp(url, "https:", 6) == 0) {
        session->base_url = url;
    } else {
        ferry_free(&session->context, url);
    }
    return FERRY_OK;
}

static ferry_error check_base_url(ferry_session *session) {
    if (session->base_url == NULL) {
        return take_page_url(session);
    }
    size_t size = 3 * strlen(session->base_url) + 32;
    char *scratch = ferry_alloc(&session->context, size);
    if (scratch == NULL) {
        return ferry_fail_memory(&session->context);
    }
    const char *reason = NULL;
    ferry_error error = ferry_url_resolve(NULL, session->base_url, scratch, size, &reason);
    ferry_free(&session->context, scratch);
    if (error != FERRY_OK) {
        return ferry_fail(&session->context, error, "base_url cannot be used: %s", reason);
    }
    return FERRY_OK;
}

static ferry_error take_tls(ferry_session *session, const ferry_tls_options *tls) {
    ferry_buffer *key = &session->tls_key;
    ferry_error error = ferry_origin_key_write_tls(key, &session->context, tls);
    size_t length = ferry_buffer_length(key);
    if (error != FERRY_OK || length == 0) {
        return error;
    }
    const char *bytes = ferry_buffer_content(key);
    size_t pins = ferry_origin_key_count_pins(bytes, length);
    session->tls_pins = ferry_alloc(&session->context, (pins + 1) * sizeof *session->tls_pins);
    if (session->tls_pins == NULL) {
        return ferry_fail_memory(&session->context);
    }
    ferry_origin_key_read_tls(bytes, length, session->tls_pins, &session->tls);
    return FERRY_OK;
}

static ferry_error take_client_options(ferry_session *session,
                                       const ferry_client_options *options) {
    ferry_client_options own = *options;
    own.timeouts.idle_ms = default_to(own.timeouts.idle_ms, DEFAULT_STALL_MS);
    session->total_ms = own.timeouts.total_ms;
    own.timeouts.total_ms = -1; /* it is for whole transfers */
    session->client_options = ferry_client_options_copy_new(&session->context, &own);
    return session->client_options != NULL ? FERRY_OK : ferry_fail_memory(&session->context);
}

static void session_begin_lines(ferry_session *session, int64_t bytes_per_second) {
    for (int way = 0; way < FERRY_WAYS; way++) {
        ferry_rate_begin(&session->lines[way].rate, bytes_per_second, ferry_runtime_now_us());
    }
}

static ferry_error check_numbers(ferry_session *session, const ferry_session_options *options) {
    if (options->max_connections < 0 || options->max_connections_per_origin < 0) {
        return ferry_fail(&session->context, FERRY_ERROR_INVALID_PARAMETER,
                          "max_connections and max_connections_per_origin cannot be negative");
    }
    if (options->max_bytes_per_second < 0) {
        return ferry_fail(&session->context, FERRY_ERROR_INVALID_PARAMETER,
                          "max_bytes_per_second cannot be negative");
    }
    session_begin_lines(session, options->max_bytes_per_second);
    return FERRY_OK;
}

static ferry_error session_take_cookies(ferry_session *session, ferry_cookie_jar *cookies) {
    if (cookies != NULL && !ferry_session_dials) {
        return ferry_fail(&session->context, FERRY_ERROR_UNAVAILABLE,
                          "on the web the browser keeps cookies: `cookies` must be NULL");
    }
    if (cookies != NULL && cookies->flaw != FERRY_OK) {
        return ferry_fail(&session->context, cookies->flaw, "%s", cookies->context.detail);
    }
    session->cookies = cookies;
    return FERRY_OK;
}

static ferry_error session_take_options(ferry_session *session,
                                        const ferry_session_options *options) {
    session->https_only = options->https_only;
    session->max_per_origin =
        default_to(options->max_connections_per_origin, ferry_session_max_per_origin);
    session->max_connections = default_to(options->max_connections, ferry_session_max_connections);
    session->max_idle_ms = default_to(options->max_idle_ms, DEFAULT_IDLE_MS);
    session->max_memory_bytes =
        options->max_memory_bytes > 0 ? options->max_memory_bytes : default_memory;
    session->poll_budget_us = default_to(options->poll_budget_us, DEFAULT_BUDGET_US);
    ferry_error error = check_numbers(session, options);
    if (error == FERRY_OK) {
        error = take_client_options(session, &options->client);
    }
    if (error == FERRY_OK) {
        error = take_tls(session, options->tls);
    }
    if (error == FERRY_OK) {
        error = copy_text(session, options->base_url, &session->base_url);
    }
    if (error == FERRY_OK) {
        error = check_base_url(session);
    }
    if (error == FERRY_OK) {
        error = take_proxy(session, options->http_proxy, "http_proxy", &session->http_proxy,
                           &session->http_proxy_port);
    }
    if (error == FERRY_OK) {
        error = take_proxy(session, options->https_proxy, "https_proxy", &session->https_proxy,
                           &session->https_proxy_port);
    }
    if (error == FERRY_OK) {
        error = session_take_cookies(session, options->cookies);
    }
    if (error == FERRY_OK) {
        error = ferry_poller_new(&session->context, &session->poller);
    }
    if (ferry_session_dials) {
        session->tls_cache = ferry_tls_cache_new(); /* NULL: each connection has its own */
    }
    return error;
}

/* ---- Begin and end ---- */

ferry_session *ferry_session_new(const ferry_session_options *options) {
    static const ferry_session_options defaults;
    if (options == NULL) {
        options = &defaults;
    }
    ferry_context context = {.allocator = options->client.allocator};
    const ferry_allocator *given = &options->client.allocator;
    bool has_all = given->alloc != NULL && given->realloc != NULL && given->free != NULL;
    if (!has_all) {
        context.allocator = ferry_default_allocator;
    }
    ferry_session *session = ferry_alloc(&context, sizeof *session);
    if (session == NULL) {
        return NULL;
    }
    *session = (ferry_session){.context = context, .events = &ferry_exchange_events};
    ferry_list_init(&session->ready);
    ferry_list_init(&session->connections);
    ferry_list_init(&session->idle);
    ferry_list_init(&session->starved);
    ferry_list_init(&session->hungry);
    ferry_list_init(&session->paused);
    ferry_list_init(&session->storing);
    ferry_list_init(&session->transfers);
    ferry_list_init(&session->finished);
    ferry_list_init(&session->news);
    for (int way = 0; way < FERRY_WAYS; way++) {
        ferry_list_init(&session->lines[way].waiting);
    }
    ferry_buffer_init(&session->tls_key, FERRY_LIMIT_ORIGIN_KEY, "the TLS options");
    ferry_buffer_init(&session->key_scratch, FERRY_LIMIT_ORIGIN_KEY, "the TLS options");
    session->bad_option = session_take_options(session, options);
    return session;
}

static void session_destroy(ferry_session *session) {
    const ferry_context *context = &session->context;
    session->is_closing = true;
    for (ferry_list_node *node; (node = ferry_list_take(&session->transfers)) != NULL;) {
        ferry_transfer *transfer = FERRY_LIST_ITEM(node, ferry_transfer, all);
        ferry_transfer_cancel(transfer);
        ferry_list_remove(&transfer->finished);
        ferry_list_remove(&transfer->news);
        transfer->needs_done_call = false;
        bool is_detached = transfer->is_detached;
        transfer->session = NULL;
        if (is_detached) {
            ferry_transfer_free(transfer);
        }
    }
    ferry_pool_deinit(session);
    if (session->disk_ops != NULL) {
        session->disk_ops->free_disk(session);
    }
    ferry_poller_free(session->poller);
    ferry_heap_deinit(&session->transfer_timers, context);
    ferry_tls_cache_free(session->tls_cache);
    ferry_client_options_copy_free(context, session->client_options);
    if (session->tls_key.data != NULL) {
        ferry_wipe(session->tls_key.data, session->tls_key.capacity);
    }
    ferry_buffer_deinit(&session->tls_key, context);
    ferry_free(context, session->tls_pins);
    ferry_free(context, session->base_url);
    ferry_free(context, session->http_proxy);
    ferry_free(context, session->https_proxy);
    ferry_context copy = *context;
    ferry_free(&copy, session);
}

void ferry_session_free(ferry_session *session) {
    if (session == NULL) {
        return;
    }
    if (session->is_polling) {
        session->is_freed = true;
    } else {
        session_destroy(session);
    }
}

void ferry_session_cancel_all(ferry_session *session) {
    ferry_list_node *next;
    ferry_session_note_time(session);
    session->is_closing = true;
    for (ferry_list_node *node = ferry_list_first(&session->transfers); node != NULL; node = next) {
        next = ferry_list_next(&session->transfers, node); /* a cancel frees none */
        ferry_transfer_cancel(FERRY_LIST_ITEM(node, ferry_transfer, all));
    }
    session->is_closing = false;
}

void ferry_session_network_changed(ferry_session *session) {
    ferry_session_note_time(session);
    session->epoch++;
    ferry_pool_drop_idle(session, NULL);
    ferry_pool_serve_waiting(session);
}

/* ---- Polling ---- */

static bool session_has_time(ferry_session *session) {
    session->now_us = ferry_runtime_now_us();
    return session->poll_budget_us < 0 || session->now_us < session->poll_end_us;
}

static void run_timers(ferry_session *session) {
    for (ferry_heap_node *node; (node = ferry_heap_first(&session->transfer_timers)) != NULL;) {
        if (node->key > session->now_us) {
            break;
        }
        ferry_transfer_timer(FERRY_HEAP_ITEM(node, ferry_transfer, timer));
    }
    for (ferry_heap_node *node; (node = ferry_heap_first(&session->connection_timers)) != NULL;) {
        if (node->key > session->now_us) {
            break;
        }
        ferry_pool_timer(FERRY_HEAP_ITEM(node, ferry_pool_connection, timer));
    }
}

/* Each that is ready now has one turn; what is ready again has its next one in the next poll. */
static void run_ready(ferry_session *session) {
    ferry_list_node turn;
    ferry_list_init(&turn);
    ferry_list_append_all(&turn, &session->ready);
    for (ferry_list_node *node; (node = ferry_list_take(&turn)) != NULL;) {
        ferry_poller_item *item = FERRY_LIST_ITEM(node, ferry_poller_item, node);
        item->advance(item);
        if (session->is_freed || !session_has_time(session)) {
            break;
        }
    }
    ferry_list_prepend_all(&session->ready, &turn); /* before those that came later */
}

static void call_functions(ferry_session *session) {
    ferry_list_node turn;
    ferry_list_init(&turn);
    ferry_list_append_all(&turn, &session->news);
    for (ferry_list_node *node; (node = ferry_list_take(&turn)) != NULL;) {
        if (!session->is_freed) {
            ferry_transfer_call_functions(FERRY_LIST_ITEM(node, ferry_transfer, news));
        }
    }
}

static int64_t next_timer_us(const ferry_session *session) {
    const ferry_heap_node *a = ferry_heap_first(&session->transfer_timers);
    const ferry_heap_node *b = ferry_heap_first(&session->connection_timers);
    int64_t next = INT64_MAX;
    if (a != NULL) {
        next = a->key;
    }
    return b != NULL && b->key < next ? b->key : next;
}

int ferry_session_get_wait_timeout_ms(const ferry_session *session) {
    if (!ferry_list_is_empty(&session->ready) || !ferry_list_is_empty(&session->news)) {
        return 0;
    }
    int64_t next_us = next_timer_us(session);
    if (next_us == INT64_MAX) {
        return -1;
    }
    int64_t left_us = next_us - ferry_runtime_now_us();
    if (left_us <= 0) {
        return 0;
    }
    return left_us < (int64_t)INT_MAX * 1000 ? (int)((left_us + 999) / 1000) : INT_MAX;
}

static int session_sleep_ms(const ferry_session *session, int timeout_ms) {
    bool would_never_end = timeout_ms < 0 && session->unfinished == 0;
    if (timeout_ms == 0 || would_never_end || session->is_woken || !ferry_runtime_can_wait()) {
        return 0;
    }
    int own_ms = ferry_session_get_wait_timeout_ms(session);
    return own_ms >= 0 && (timeout_ms < 0 || own_ms < timeout_ms) ? own_ms : timeout_ms;
}

/* True where a poll that may sleep was woken; one that may not leaves that to the next. */
static bool session_take_wake(ferry_session *session, int timeout_ms) {
    bool is_taken = session->is_woken && timeout_ms != 0;
    session->is_woken = session->is_woken && !is_taken;
    return is_taken;
}

/* The program's loop, or a sleep: true where the session was woken. */
static bool session_run(ferry_session *session, int timeout_ms) {
    bool woken = false;
    session->is_polling = true;
    /* A failure to wait is a failure of the whole machine: what can be done without is done. */
    ferry_error error = ferry_poller_wait(session->poller, session_sleep_ms(session, timeout_ms),
                                          &session->ready, &woken);
    (void)error;
    session->is_woken = session->is_woken || woken;
    woken = session_take_wake(session, timeout_ms);
    session->now_us = ferry_runtime_now_us();
    session->poll_end_us = session->now_us + session->poll_budget_us;
    run_ready(session);
    if (!session->is_freed) {
        run_timers(session);
        call_functions(session);
    }
    session->is_polling = false;
    return woken;
}

size_t ferry_session_poll(ferry_session *session, int timeout_ms) {
    if (session->is_polling) {
        return session->unfinished;
    }
    if (session->poller != NULL) {
        session_run(session, timeout_ms);
    } else { /* no transfer has begun: each has failed, and says so */
        session->is_polling = true;
        call_functions(session);
        session->is_polling = false;
    }
    if (session->is_freed) {
        session_destroy(session);
        return 0;
    }
    return session->unfinished;
}

ferry_transfer *ferry_session_next_done(ferry_session *session) {
    ferry_list_node *node = ferry_list_take(&session->finished);
    return node != NULL ? FERRY_LIST_ITEM(node, ferry_transfer, finished) : NULL;
}

ferry_error ferry_transfer_wait(ferry_transfer *transfer, int timeout_ms) {
    ferry_session *session = transfer->session;
    if (transfer->state == FERRY_TRANSFER_DONE || session == NULL) {
        return transfer->error;
    }
    if (session->is_polling) {
        return FERRY_ERROR_BUSY;
    }
    if (timeout_ms != 0 && !ferry_runtime_can_wait()) {
        return FERRY_ERROR_UNAVAILABLE;
    }
    int64_t end_us = ferry_runtime_now_us() + (int64_t)timeout_ms * 1000;
    bool woken = false;
    ferry_transfer_hold(transfer);
    while (transfer->state != FERRY_TRANSFER_DONE && !woken) {
        int64_t left_us = end_us - ferry_runtime_now_us();
        if (timeout_ms >= 0 && left_us <= 0) {
            break;
        }
        woken = session_run(session, timeout_ms < 0 ? -1 : (int)((left_us + 999) / 1000));
        if (session->is_freed) {
            session_destroy(session);
            break;
        }
    }
    ferry_error error = transfer->error;
    if (transfer->state != FERRY_TRANSFER_DONE) {
        error = woken ? FERRY_ERROR_ABORTED : FERRY_ERROR_TIMEOUT;
    }
    ferry_transfer_release(transfer);
    return error;
}

void ferry_session_wake(ferry_session *session) {
    if (session->poller != NULL) {
        ferry_poller_wake(session->poller);
    }
}

size_t ferry_session_get_waits(const ferry_session *session, ferry_wait *waits, size_t capacity) {
    return session->poller != NULL ? ferry_poller_get_waits(session->poller, waits, capacity) : 0;
}

void ferry_session_get_counters(const ferry_session *session, ferry_session_counters *counters) {
    *counters = session->counters;
    counters->transfers_queued = session->unfinished - counters->transfers_active;
}
