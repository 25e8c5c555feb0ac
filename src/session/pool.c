/* SPDX-License-Identifier: MIT */
/* pool: connections by origin, kept while they are of use, and which transfer gets which. A
 * transfer is bound late: whichever connection is ready first takes the first one that waits. */
#include "session_state.h"

#include "base/number.h"
#include "base/span.h"
#include "client/runtime.h"
#include "pool_origin.h"

#include <string.h>

enum {
    MAX_AGE_MS = 10 * 60 * 1000, /* of a connection that is used again */
    MAX_STALE_TRIES = 3, /* connections one after another that had ended, for one transfer */
    MAX_WAITS = 64,
};

/* ---- Connections ---- */

static void connection_leave_idle(ferry_pool_connection *connection) {
    if (ferry_list_has(&connection->idle)) {
        ferry_list_remove(&connection->idle);
        ferry_list_remove(&connection->aged);
        connection->session->counters.connections_idle--;
    }
}

static void pooled_drop(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    connection_leave_idle(connection);
    origin->connecting -= connection->state == FERRY_POOL_CONNECTING;
    origin->connections--;
    session->counters.connections_open--;
    ferry_poller_remove(session->poller, &connection->item);
    ferry_list_remove(&connection->item.node);
    ferry_list_remove(&connection->all);
    ferry_heap_remove(&session->connection_timers, &connection->timer);
    ferry_client_free(connection->client);
    ferry_free(&session->context, connection);
}

static void connection_set_timer(ferry_pool_connection *connection, int64_t at_us) {
    ferry_heap *timers = &connection->session->connection_timers;
    /* One that comes too early looks again: most are never due. */
    if (!ferry_heap_has(&connection->timer) || connection->timer.key > at_us) {
        ferry_heap_put(timers, &connection->timer, at_us);
    }
}

void ferry_pool_watch(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_wait waits[MAX_WAITS];
    size_t count = ferry_client_get_waits(connection->client, waits, MAX_WAITS);
    ferry_error error =
        ferry_poller_set(session->poller, &connection->item, waits,
                         count < MAX_WAITS ? count : MAX_WAITS, connection->has_new_descriptors);
    connection->has_new_descriptors = connection->state == FERRY_POOL_CONNECTING;
    int timeout_ms = ferry_client_get_wait_timeout_ms(connection->client);
    if (error != FERRY_OK) {
        timeout_ms = 1; /* it cannot be waited for: it is polled instead */
    }
    if (timeout_ms == 0 && !ferry_list_has(&connection->item.node)) {
        ferry_list_append(&session->ready, &connection->item.node);
    } else if (timeout_ms > 0) {
        connection_set_timer(connection, session->now_us + (int64_t)timeout_ms * 1000);
    }
}

static ferry_error connection_dial(ferry_pool_connection *connection, int connect_ms) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    ferry_client *client = connection->client;
    ferry_error error = FERRY_OK;
    if (session->http_proxy != NULL) {
        error = ferry_client_set_http_proxy(client, session->http_proxy, session->http_proxy_port);
    }
    if (error == FERRY_OK && session->https_proxy != NULL) {
        error =
            ferry_client_set_https_proxy(client, session->https_proxy, session->https_proxy_port);
    }
    if (error != FERRY_OK) {
        return error;
    }
    if (connect_ms != 0) {
        ferry_timeouts timeouts = ferry_client_options_copy_get(session->client_options)->timeouts;
        timeouts.connect_ms = connect_ms;
        ferry_client_set_timeouts(client, &timeouts);
    }
    bool is_secure = strncmp(origin->host, "https:", 6) == 0;
    bool has_tls = is_secure && (origin->has_tls_options || origin->tls.cache != NULL);
    return ferry_client_connect_to_host(client, origin->host, origin->port,
                                        has_tls ? &origin->tls : NULL);
}

static void item_advance(ferry_poller_item *item);

/* Makes a connection and begins to connect. NULL: the detail is in the context. */
static ferry_pool_connection *connection_new(ferry_session *session, ferry_pool_origin *origin,
                                             ferry_context *context, int connect_ms,
                                             ferry_error *error) {
    ferry_pool_connection *connection = NULL;
    *error = ferry_heap_reserve(&session->connection_timers, context,
                                session->counters.connections_open + 1);
    if (*error == FERRY_OK) {
        connection = ferry_alloc(&session->context, sizeof *connection);
    }
    ferry_client *client =
        connection != NULL
            ? ferry_client_new(ferry_client_options_copy_get(session->client_options))
            : NULL;
    if (client == NULL) {
        ferry_free(&session->context, connection);
        *error = ferry_fail_memory(context);
        return NULL;
    }
    *connection = (ferry_pool_connection){
        .item.advance = item_advance,
        .session = session,
        .client = client,
        .origin = origin,
        .state = FERRY_POOL_CONNECTING,
        .epoch = session->epoch,
        .made_us = session->now_us,
        .max_idle_ms = -1,
        .has_new_descriptors = true,
    };
    ferry_list_append(&session->connections, &connection->all);
    ferry_list_remove(&origin->turn);
    origin->connections++;
    origin->connecting++;
    session->counters.connections_open++;
    session->counters.connections_made++;
    *error = connection_dial(connection, connect_ms);
    if (*error != FERRY_OK) {
        ferry_fail(context, *error, "%s", ferry_client_get_error_detail(client));
        pooled_drop(connection);
        return NULL;
    }
    return connection;
}

/* ---- Who gets a connection ---- */

static ferry_transfer *first_waiting(const ferry_pool_origin *origin) {
    ferry_heap_node *node = ferry_heap_first(&origin->waiting);
    return node != NULL ? FERRY_HEAP_ITEM(node, ferry_transfer, queue) : NULL;
}

static void transfer_take_off(ferry_transfer *transfer) {
    ferry_heap_remove(&transfer->origin->waiting, &transfer->queue);
}

static bool connection_is_fit(const ferry_pool_connection *connection) {
    const ferry_session *session = connection->session;
    return connection->epoch == session->epoch &&
           session->now_us - connection->made_us < (int64_t)MAX_AGE_MS * 1000 &&
           ferry_client_get_status(connection->client) == FERRY_STATUS_CONNECTED;
}

static void connection_rest(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    connection->state = FERRY_POOL_IDLE;
    connection->transfer = NULL;
    ferry_list_append(&connection->origin->idle, &connection->idle);
    ferry_list_append(&session->idle, &connection->aged);
    session->counters.connections_idle++;
    int64_t idle_ms = session->max_idle_ms;
    if (connection->max_idle_ms >= 0 && connection->max_idle_ms < idle_ms) {
        idle_ms = connection->max_idle_ms;
    }
    connection->idle_end_us = session->now_us + idle_ms * 1000;
}

/* Gives the connection to the transfer. False: it had ended, or the transfer cannot be sent: it is
 * done then, or waits again. */
static bool connection_bind(ferry_pool_connection *connection, ferry_transfer *transfer) {
    connection_leave_idle(connection);
    transfer_take_off(transfer);
    connection->state = FERRY_POOL_IN_USE;
    connection->transfer = transfer;
    transfer->connection = connection;
    transfer->state = FERRY_TRANSFER_RUNNING;
    ferry_session *session = connection->session;
    session->counters.transfers_active++;
    ferry_error error = ferry_exchange_send(transfer);
    if (error == FERRY_OK) {
        connection->was_used = true;
        ferry_pool_watch(connection);
        return true;
    }
    session->counters.transfers_active--;
    transfer->connection = NULL;
    connection->transfer = NULL;
    if (error == FERRY_ERROR_CONNECT_AGAIN) {
        bool was_kept = connection->was_used;
        pooled_drop(connection);
        if (was_kept || ++transfer->stale_tries <= MAX_STALE_TRIES) {
            transfer->state = FERRY_TRANSFER_WAITING;
            ferry_heap_put(&transfer->origin->waiting, &transfer->queue, transfer->queue.key);
            return false;
        }
    } else if (ferry_client_get_status(connection->client) == FERRY_STATUS_CONNECTED) {
        connection_rest(connection);
        connection_set_timer(connection, connection->idle_end_us);
    } else {
        pooled_drop(connection);
    }
    ferry_transfer_finish(transfer, error);
    return false;
}

/* The idle connection that was used last, and is still fit. */
static ferry_pool_connection *take_idle(ferry_pool_origin *origin) {
    while (!ferry_list_is_empty(&origin->idle)) {
        ferry_pool_connection *connection =
            FERRY_LIST_ITEM(ferry_list_last(&origin->idle), ferry_pool_connection, idle);
        if (connection_is_fit(connection)) {
            return connection;
        }
        pooled_drop(connection);
    }
    return NULL;
}

/* Makes room for one more connection, if another origin's can go. */
static bool make_room(ferry_session *session) {
    if (session->counters.connections_open < (size_t)session->max_connections) {
        return true;
    }
    if (ferry_list_is_empty(&session->idle)) {
        return false;
    }
    ferry_pool_connection *oldest =
        FERRY_LIST_ITEM(ferry_list_first(&session->idle), ferry_pool_connection, aged);
    ferry_pool_origin *origin = oldest->origin;
    pooled_drop(oldest);
    ferry_pool_origin_release(session, origin);
    return true;
}

static void origin_fail_waiting(ferry_pool_origin *origin, ferry_error error, const char *detail) {
    for (ferry_transfer *transfer; (transfer = first_waiting(origin)) != NULL;) {
        transfer_take_off(transfer);
        ferry_fail(&transfer->context, error, "%s", detail);
        ferry_transfer_fail_attempt(transfer, error, true);
    }
}

/* Polls a connection that is being made until it has to wait. True: it is made. */
static bool connection_make(ferry_pool_connection *connection, ferry_error *error) {
    ferry_client *client = connection->client;
    for (;;) {
        ferry_status before = ferry_client_get_status(client);
        *error = ferry_client_poll(client);
        ferry_status after = ferry_client_get_status(client);
        if (*error != FERRY_OK || after == FERRY_STATUS_CONNECTED) {
            return *error == FERRY_OK;
        }
        if (after == before) {
            return false;
        }
    }
}

static void connection_finish_making(ferry_pool_connection *connection) {
    connection->origin->connecting--;
    connection_rest(connection);
    ferry_pool_watch(connection);
    connection_set_timer(connection, connection->idle_end_us);
}

/* Begins one more connection, for the first that waits. */
static void origin_open(ferry_session *session, ferry_pool_origin *origin) {
    ferry_transfer *first = first_waiting(origin);
    ferry_error error;
    ferry_pool_connection *connection =
        connection_new(session, origin, &first->context, first->plan.timeouts.connect_ms, &error);
    if (connection == NULL) {
        transfer_take_off(first);
        ferry_transfer_fail_attempt(first, error, true);
        return;
    }
    bool is_made = connection_make(connection, &error);
    if (is_made) {
        connection_finish_making(connection);
    } else if (error != FERRY_OK) {
        /* What waits for it is told when the session is polled. */
        ferry_list_append(&session->ready, &connection->item.node);
    } else {
        ferry_pool_watch(connection);
    }
}

/* Gives those that wait what connections there are, and begins more. */
static void origin_serve(ferry_session *session, ferry_pool_origin *origin) {
    for (ferry_transfer *transfer; (transfer = first_waiting(origin)) != NULL;) {
        if (session->is_closing) {
            break;
        }
        ferry_pool_connection *idle = take_idle(origin);
        if (idle != NULL) {
            connection_bind(idle, transfer);
            continue;
        }
        bool may_open = origin->connections < (size_t)session->max_per_origin &&
                        origin->connecting < origin->waiting.count;
        if (!may_open) {
            break;
        }
        if (!make_room(session)) {
            if (origin->connections == 0 && !ferry_list_has(&origin->turn)) {
                ferry_list_append(&session->starved, &origin->turn);
            }
            break;
        }
        origin_open(session, origin);
    }
}

/* There is room for a connection: the origin that waits longest for its first one has it. */
static void serve_starved(ferry_session *session) {
    ferry_list_node *node = ferry_list_take(&session->starved);
    if (node != NULL) {
        ferry_pool_origin *origin = FERRY_LIST_ITEM(node, ferry_pool_origin, turn);
        origin_serve(session, origin);
        ferry_pool_origin_release(session, origin);
    }
}

/* ---- What the others call ---- */

void ferry_pool_submit(ferry_transfer *transfer) {
    ferry_session *session = transfer->session;
    ferry_pool_origin *origin = ferry_pool_origin_of(transfer);
    if (origin == NULL || ferry_heap_reserve(&origin->waiting, &transfer->context,
                                             origin->waiting.count + 1) != FERRY_OK) {
        if (origin != NULL) {
            ferry_pool_origin_release(session, origin);
        }
        ferry_transfer_finish(transfer, ferry_fail_memory(&transfer->context));
        return;
    }
    transfer->origin = origin;
    transfer->state = FERRY_TRANSFER_WAITING;
    ferry_heap_put(&origin->waiting, &transfer->queue, -(int64_t)transfer->plan.request.priority);
    origin_serve(session, origin);
    ferry_pool_origin_release(session, origin);
}

void ferry_pool_withdraw(ferry_transfer *transfer) {
    if (ferry_heap_has(&transfer->queue)) {
        ferry_pool_origin *origin = transfer->origin;
        transfer_take_off(transfer);
        ferry_pool_origin_release(transfer->session, origin);
    }
    if (transfer->connection != NULL) {
        ferry_client_close(transfer->connection->client);
        ferry_pool_release(transfer->connection);
    }
}

/* "timeout=5" of Keep-Alive (RFC 2068 section 19.7.1.1), less a second for the way. */
static void note_keep_alive(ferry_pool_connection *connection, const ferry_transfer *transfer) {
    const char *value = ferry_transfer_get_response_header(transfer, "Keep-Alive", 0);
    ferry_span list = ferry_span_of(value != NULL ? value : "");
    ferry_span element;
    while (ferry_span_next_element(&list, &element)) {
        int64_t seconds;
        if (ferry_span_take_prefix(&element, FERRY_SPAN("timeout=")) &&
            ferry_decimal_read(element, &seconds) && seconds < INT32_MAX / 1000) {
            connection->max_idle_ms = seconds > 0 ? (int)(seconds - 1) * 1000 : 0;
        }
    }
}

void ferry_pool_release(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    ferry_transfer *transfer = connection->transfer;
    origin->holds++;
    session->counters.transfers_active--;
    note_keep_alive(connection, transfer);
    transfer->connection = NULL;
    connection->transfer = NULL;
    bool is_kept = connection_is_fit(connection) && ferry_list_is_empty(&session->starved) &&
                   (session->max_idle_ms >= 0 || origin->waiting.count > 0);
    if (is_kept) {
        connection_rest(connection);
        ferry_pool_watch(connection);
        connection_set_timer(connection, connection->idle_end_us);
    } else {
        pooled_drop(connection);
        serve_starved(session);
    }
    origin_serve(session, origin);
    origin->holds--;
    ferry_pool_origin_release(session, origin);
}

void ferry_pool_drop_idle(ferry_session *session, ferry_pool_origin *origin) {
    ferry_list_node *next;
    for (ferry_list_node *node = ferry_list_first(&session->idle); node != NULL; node = next) {
        next = ferry_list_next(&session->idle, node);
        ferry_pool_connection *connection = FERRY_LIST_ITEM(node, ferry_pool_connection, aged);
        ferry_pool_origin *its = connection->origin;
        if (origin == NULL || its == origin) {
            pooled_drop(connection);
            if (origin == NULL) {
                ferry_pool_origin_release(session, its);
            }
        }
    }
}

/* The last attempt of an origin without connections tells those that wait why. */
static void connection_fail(ferry_pool_connection *connection, ferry_error error) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    char detail[FERRY_DETAIL_SIZE];
    origin->holds++;
    ferry_format(detail, sizeof detail, "%s", ferry_client_get_error_detail(connection->client));
    pooled_drop(connection);
    if (origin->connections == 0) {
        origin_fail_waiting(origin, error, detail);
    }
    serve_starved(session);
    origin->holds--;
    ferry_pool_origin_release(session, origin);
}

static void connection_advance_making(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    ferry_error error = ferry_client_get_error(connection->client);
    bool is_made = ferry_client_get_status(connection->client) == FERRY_STATUS_CONNECTED;
    if (error == FERRY_OK && !is_made) {
        is_made = connection_make(connection, &error);
    }
    if (error != FERRY_OK) {
        connection_fail(connection, error);
    } else if (is_made) {
        connection_finish_making(connection);
        origin_serve(session, origin);
    } else {
        ferry_pool_watch(connection);
    }
}

static void connection_advance_idle(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    ferry_client_poll(connection->client);
    if (!connection_is_fit(connection) || session->now_us >= connection->idle_end_us) {
        pooled_drop(connection);
        ferry_pool_origin_release(session, origin);
        serve_starved(session);
    } else {
        ferry_pool_watch(connection);
        connection_set_timer(connection, connection->idle_end_us);
    }
}

static void connection_advance(ferry_pool_connection *connection) {
    switch (connection->state) {
    case FERRY_POOL_CONNECTING:
        connection_advance_making(connection);
        break;
    case FERRY_POOL_IDLE:
        connection_advance_idle(connection);
        break;
    case FERRY_POOL_IN_USE:
        ferry_exchange_advance(connection->transfer);
        break;
    }
}

static void item_advance(ferry_poller_item *item) {
    connection_advance(FERRY_LIST_ITEM(item, ferry_pool_connection, item));
}

void ferry_pool_timer(ferry_pool_connection *connection) {
    ferry_heap_remove(&connection->session->connection_timers, &connection->timer);
    connection_advance(connection);
}

void ferry_pool_deinit(ferry_session *session) {
    while (!ferry_list_is_empty(&session->connections)) {
        ferry_pool_connection *connection =
            FERRY_LIST_ITEM(ferry_list_first(&session->connections), ferry_pool_connection, all);
        ferry_pool_origin *origin = connection->origin;
        pooled_drop(connection);
        ferry_pool_origin_release(session, origin);
    }
    assert(session->origin_count == 0);
    ferry_free(&session->context, session->buckets);
    ferry_heap_deinit(&session->connection_timers, &session->context);
    ferry_buffer_deinit(&session->key_scratch, &session->context);
}
