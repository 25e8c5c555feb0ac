/* SPDX-License-Identifier: MIT */
/* pool: connections by origin, kept while they are of use. pool_serve.c says who gets which. */
#include "pool.h"

#include "pool_address.h"
#include "pool_origin.h"
#include "pool_serve.h"
#include "pooled.h"
#include "retry.h"
#include "throttle.h"

enum {
    CONNECT_PAUSE_MS = 1000, /* where a server takes no more connections than it has */
    MAX_REFUSALS = 5,        /* one after another, before those that wait are told */
};

void ferry_pool_submit(ferry_transfer *transfer) {
    ferry_session *session = transfer->session;
    ferry_pool_origin *origin = ferry_pool_origin_of(transfer);
    ferry_error error = FERRY_ERROR_OUT_OF_MEMORY;
    if (origin != NULL) {
        ferry_heap *queue = transfer->needs_new ? &origin->renewing : &origin->waiting;
        error = ferry_heap_reserve(queue, &transfer->context, queue->count + 1);
    }
    if (error != FERRY_OK) {
        if (origin != NULL) {
            ferry_pool_origin_release(session, origin);
        }
        session->events->on_failure(transfer, ferry_fail_memory(&transfer->context), false);
        return;
    }
    transfer->origin = origin;
    ferry_pool_queue_put(transfer, -(int64_t)transfer->plan.request.priority);
    if (transfer->plan.request.keepalive && !ferry_session_dials) {
        ferry_pool_serve_at_once(session, origin, transfer);
    } else {
        ferry_pool_serve(session, origin);
    }
    ferry_pool_origin_release(session, origin);
    ferry_pool_serve_waiting(session);
}

void ferry_pool_withdraw(ferry_transfer *transfer) {
    if (ferry_heap_has(&transfer->queue)) {
        ferry_pool_origin *origin = transfer->origin;
        ferry_pool_queue_remove(transfer);
        ferry_pool_origin_release(transfer->session, origin);
        ferry_pool_serve_waiting(transfer->session); /* what is made for it may go */
    }
    if (transfer->connection != NULL) {
        ferry_client_close(transfer->connection->client);
        ferry_pool_release(transfer->connection);
    }
}

void ferry_pool_reorder(ferry_transfer *transfer) {
    if (ferry_heap_has(&transfer->queue)) {
        ferry_heap_put(ferry_pool_queue_of(transfer), &transfer->queue,
                       -(int64_t)transfer->plan.request.priority);
    }
}

void ferry_pool_note_stream(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    connection->is_stream = true;
    origin->streams++;
    ferry_pool_serve(session, origin);
}

void ferry_pool_release(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    ferry_transfer *transfer = connection->transfer;
    origin->holds++;
    session->counters.transfers_active--;
    transfer->bytes_sent = ferry_client_get_bytes_sent(connection->client);
    ferry_throttle_leave(transfer);
    ferry_pooled_end_keepalive(connection);
    transfer->connection = NULL;
    connection->transfer = NULL;
    origin->refusals = 0;
    origin->streams -= connection->is_stream;
    connection->is_stream = false;
    /* Where others have had a stream's room, there may be one too many. */
    bool has_room = ferry_pool_origin_count(session, origin) <= (size_t)session->max_per_origin &&
                    session->counters.connections_open <= (size_t)session->max_connections;
    bool is_kept = has_room && ferry_pooled_is_fit(connection) &&
                   ferry_list_is_empty(&session->starved) &&
                   (session->max_idle_ms >= 0 || ferry_pool_queue_count(origin) > 0);
    if (is_kept) {
        ferry_pooled_rest(connection);
        ferry_pooled_watch(connection);
        ferry_pooled_set_timer(connection, connection->idle_end_us);
    } else {
        ferry_pooled_drop(connection);
        if (!ferry_list_is_empty(&session->starved)) {
            ferry_pool_serve_waiting(session);
        }
    }
    ferry_pool_serve(session, origin);
    origin->holds--;
    ferry_pool_origin_release(session, origin);
    ferry_pool_serve_waiting(session);
}

void ferry_pool_drop_idle(ferry_session *session, ferry_pool_origin *origin) {
    ferry_list_node *next;
    for (ferry_list_node *node = ferry_list_first(&session->idle); node != NULL; node = next) {
        next = ferry_list_next(&session->idle, node);
        ferry_pool_connection *connection = FERRY_LIST_ITEM(node, ferry_pool_connection, aged);
        ferry_pool_origin *its = connection->origin;
        if (origin == NULL || its == origin) {
            ferry_pooled_drop(connection);
            if (origin == NULL) {
                ferry_pool_origin_release(session, its);
            }
        }
    }
}

/* Those in use show that the server is there. It may have enough of them, and they may last for
 * long. But they may also last for ever, and what is wrong with TLS is not mended by waiting. */
static bool origin_may_pause(ferry_pool_origin *origin, ferry_error error) {
    bool may_pass = ferry_retry_is_error(error) || error == FERRY_ERROR_OUT_OF_MEMORY;
    return origin->connections > 0 && may_pass && ++origin->refusals <= MAX_REFUSALS;
}

/* The last attempt tells those that wait why, unless a connection in use may come to them. */
static void connection_fail(ferry_pool_connection *connection, ferry_error error) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    char detail[FERRY_DETAIL_SIZE];
    origin->holds++;
    ferry_format(detail, sizeof detail, "%s", ferry_client_get_error_detail(connection->client));
    if (connection->has_known_address) {
        ferry_pool_address_forget(session, origin);
        ferry_pooled_drop(connection);
        ferry_pool_serve(session, origin); /* by a look-up */
        origin->holds--;
        ferry_pool_origin_release(session, origin);
        ferry_pool_serve_waiting(session);
        return;
    }
    ferry_pooled_drop(connection);
    ferry_transfer *first = ferry_pool_queue_first(origin);
    if (origin->connecting == 0 && first != NULL) {
        if (origin_may_pause(origin, error)) {
            ferry_pool_queue_remove(first);
            session->events->on_pause(first, CONNECT_PAUSE_MS);
        } else {
            ferry_pool_fail_waiting(origin, error, detail);
        }
    }
    origin->holds--;
    ferry_pool_origin_release(session, origin);
    ferry_pool_serve_waiting(session);
}

static void connection_advance_making(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    ferry_error error = ferry_client_get_error(connection->client);
    bool is_made = ferry_client_get_status(connection->client) == FERRY_STATUS_CONNECTED;
    if (error == FERRY_OK && !is_made) {
        is_made = ferry_pooled_make(connection, &error);
    }
    if (error != FERRY_OK) {
        connection_fail(connection, error);
    } else if (is_made) {
        origin->holds++;
        ferry_pool_finish_making(connection);
        ferry_pool_serve(session, origin);
        origin->holds--;
        ferry_pool_origin_release(session, origin);
        ferry_pool_serve_waiting(session);
    } else {
        bool is_known = ferry_pool_address_note(connection);
        ferry_pooled_watch(connection);
        if (is_known) {
            ferry_pool_serve(session, origin);
        }
    }
}

static void connection_advance_idle(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    ferry_client_poll(connection->client);
    if (!ferry_pooled_is_fit(connection) || session->now_us >= connection->idle_end_us) {
        ferry_pooled_drop(connection);
        ferry_pool_origin_release(session, origin);
        ferry_pool_serve_waiting(session);
    } else {
        ferry_pooled_watch(connection);
        ferry_pooled_set_timer(connection, connection->idle_end_us);
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
        connection->session->events->on_ready(connection->transfer);
        break;
    }
}

static void pool_advance(ferry_poller_item *item) {
    connection_advance(FERRY_LIST_ITEM(item, ferry_pool_connection, item));
}

void ferry_pool_init(ferry_session *session, const ferry_pool_events *events) {
    session->events = events;
    session->advance_connection = pool_advance;
    ferry_list_init(&session->connections);
    ferry_list_init(&session->idle);
    ferry_list_init(&session->spare);
    ferry_list_init(&session->starved);
    ferry_list_init(&session->hungry);
    ferry_address_book_init(&session->addresses);
    ferry_buffer_init(&session->key_scratch, FERRY_LIMIT_ORIGIN_KEY, "the TLS options");
}

void ferry_pool_deinit(ferry_session *session) {
    while (!ferry_list_is_empty(&session->connections)) {
        ferry_pool_connection *connection =
            FERRY_LIST_ITEM(ferry_list_first(&session->connections), ferry_pool_connection, all);
        ferry_pool_origin *origin = connection->origin;
        ferry_pooled_drop(connection);
        ferry_pool_origin_release(session, origin);
    }
    assert(session->origin_count == 0);
    ferry_address_book_clear(&session->addresses, &session->context);
    ferry_free(&session->context, session->buckets);
    ferry_heap_deinit(&session->connection_timers, &session->context);
    if (session->key_scratch.data != NULL) {
        ferry_wipe(session->key_scratch.data, session->key_scratch.capacity);
    }
    ferry_buffer_deinit(&session->key_scratch, &session->context);
}
