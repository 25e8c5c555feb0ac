/* SPDX-License-Identifier: MIT */
/* pool_serve: a transfer is bound late: whichever connection is ready first takes the first one
 * that waits. */
#include "pool_serve.h"

#include "pool_address.h"
#include "pooled.h"

enum { MAX_STALE_TRIES = 3 }; /* connections one after another that had ended, for one transfer */

/* The connection had ended before the request was sent. */
static void transfer_connect_again(ferry_transfer *transfer, bool is_kept) {
    if (is_kept || ++transfer->stale_tries <= MAX_STALE_TRIES) {
        ferry_pool_queue_put(transfer, transfer->queue.key);
        return;
    }
    ferry_error error = ferry_fail(&transfer->context, FERRY_ERROR_CONNECTION_ERROR,
                                   "the server closed %d new connections, one after another, "
                                   "before a request was sent",
                                   transfer->stale_tries);
    transfer->session->events->on_failure(transfer, error, true);
}

/* Gives the connection to the transfer. False: it had ended, or the transfer cannot be sent: it is
 * done then, or waits again. */
static bool connection_bind(ferry_pool_connection *connection, ferry_transfer *transfer) {
    ferry_pooled_leave_idle(connection);
    ferry_pool_queue_remove(transfer);
    connection->state = FERRY_POOL_IN_USE;
    connection->transfer = transfer;
    transfer->connection = connection;
    transfer->state = FERRY_TRANSFER_RUNNING;
    ferry_session *session = connection->session;
    session->counters.transfers_active++;
    connection->is_kept = connection->was_used;
    ferry_error error = session->events->on_connection(transfer);
    if (error == FERRY_OK) {
        connection->was_used = true;
        transfer->needs_new = false;
        ferry_pooled_watch(connection);
        return true;
    }
    session->counters.transfers_active--;
    ferry_pooled_end_keepalive(connection);
    transfer->connection = NULL;
    connection->transfer = NULL;
    if (error == FERRY_ERROR_CONNECT_AGAIN) {
        bool is_kept = connection->is_kept;
        ferry_pooled_drop(connection);
        transfer_connect_again(transfer, is_kept);
        return false;
    }
    if (ferry_client_get_status(connection->client) == FERRY_STATUS_CONNECTED) {
        ferry_pooled_rest(connection);
        ferry_pooled_set_timer(connection, connection->idle_end_us);
    } else {
        ferry_pooled_drop(connection);
    }
    session->events->on_failure(transfer, error, false);
    return false;
}

/* The idle connection that was used last, and is still fit. */
static ferry_pool_connection *take_idle(ferry_pool_origin *origin) {
    while (!ferry_list_is_empty(&origin->idle)) {
        ferry_pool_connection *connection =
            FERRY_LIST_ITEM(ferry_list_last(&origin->idle), ferry_pool_connection, rest);
        /* It may be over for long where the session is polled late. */
        if (ferry_pooled_is_fit(connection) &&
            connection->session->now_us <= connection->idle_end_us) {
            return connection;
        }
        ferry_pooled_drop(connection);
    }
    return NULL;
}

/* An idle connection that no request has gone over. */
static ferry_pool_connection *find_new(const ferry_pool_origin *origin) {
    const ferry_list_node *all = &origin->idle;
    for (ferry_list_node *node = ferry_list_first(all); node != NULL;
         node = ferry_list_next(all, node)) {
        ferry_pool_connection *connection = FERRY_LIST_ITEM(node, ferry_pool_connection, rest);
        if (!connection->was_used && ferry_pooled_is_fit(connection)) {
            return connection;
        }
    }
    return NULL;
}

static bool session_has_room(const ferry_session *session) {
    return session->counters.connections_open < (size_t)session->max_connections ||
           !ferry_list_is_empty(&session->idle) || !ferry_list_is_empty(&session->spare);
}

/* One that nobody uses: the one that is idle longest, or the one begun last that nobody waits for
 * any more. */
static ferry_pool_connection *find_dispensable(const ferry_session *session) {
    ferry_list_node *idle = ferry_list_first(&session->idle);
    if (idle != NULL) {
        return FERRY_LIST_ITEM(idle, ferry_pool_connection, aged);
    }
    const ferry_pool_origin *spare =
        FERRY_LIST_ITEM(ferry_list_first(&session->spare), ferry_pool_origin, spare);
    return FERRY_LIST_ITEM(ferry_list_last(&spare->making), ferry_pool_connection, rest);
}

/* Makes room for one more connection, if another origin's can go. */
static bool make_room(ferry_session *session) {
    if (!session_has_room(session)) {
        return false;
    }
    if (session->counters.connections_open >= (size_t)session->max_connections) {
        ferry_pool_connection *connection = find_dispensable(session);
        ferry_pool_origin *origin = connection->origin;
        ferry_pooled_drop(connection);
        ferry_pool_origin_release(session, origin);
    }
    return true;
}

void ferry_pool_fail_waiting(ferry_pool_origin *origin, ferry_error error, const char *detail) {
    for (ferry_transfer *transfer; (transfer = ferry_pool_queue_first(origin)) != NULL;) {
        ferry_pool_queue_remove(transfer);
        ferry_fail(&transfer->context, error, "%s", detail);
        transfer->session->events->on_failure(transfer, error, true);
    }
}

void ferry_pool_finish_making(ferry_pool_connection *connection) {
    ferry_pool_address_note(connection);
    ferry_pooled_end_making(connection);
    connection->origin->refusals = 0;
    connection->item.takes_long = false;
    ferry_pooled_rest(connection);
    ferry_pooled_watch(connection);
    ferry_pooled_set_timer(connection, connection->idle_end_us);
}

/* Begins one more connection, for the first that waits. */
static void origin_open(ferry_session *session, ferry_pool_origin *origin, ferry_transfer *first) {
    ferry_error error;
    ferry_pool_connection *connection =
        ferry_pooled_new(session, origin, &first->context, first->plan.timeouts.connect_ms, &error);
    if (connection == NULL) {
        ferry_pool_queue_remove(first);
        session->events->on_failure(first, error, true);
        return;
    }
    connection->item.advance = session->advance_connection;
    bool is_made = ferry_pooled_make(connection, &error);
    if (is_made) {
        ferry_pool_finish_making(connection);
    } else if (error != FERRY_OK) {
        /* What waits for it is told when the session is polled. */
        ferry_list_append(&session->ready, &connection->item.node);
    } else {
        ferry_pool_address_note(connection);
        ferry_pooled_watch(connection);
    }
}

/* Once more where it has lost the connections that it had: others that have none go first. */
static void origin_await_turn(ferry_session *session, ferry_pool_origin *origin) {
    bool is_starved = origin->connections == 0;
    if (!ferry_list_has(&origin->turn) || (is_starved && !origin->is_starved)) {
        ferry_list_remove(&origin->turn);
        ferry_list_append(is_starved ? &session->starved : &session->hungry, &origin->turn);
        origin->is_starved = is_starved;
    }
}

/* Begins a connection for the first that waits, unless `wanted` are being made. False: none is
 * begun now. */
static bool origin_try_open(ferry_session *session, ferry_pool_origin *origin,
                            ferry_transfer *first, size_t wanted) {
    /* A look-up that is under way is for all of them. */
    if (ferry_pool_origin_is_full(session, origin) || origin->connecting >= wanted ||
        origin->look_ups > 0) {
        return false;
    }
    bool must_yield = origin->connections > 0 && !ferry_list_is_empty(&session->starved);
    if (must_yield || !make_room(session)) {
        origin_await_turn(session, origin);
        return false;
    }
    origin_open(session, origin, first);
    return true;
}

/* Those that wait for a new connection get none that was kept, but may take its room. */
static void origin_serve_renewing(ferry_session *session, ferry_pool_origin *origin) {
    for (ferry_transfer *transfer; (transfer = ferry_pool_queue_head(&origin->renewing)) != NULL;) {
        if (session->is_closing) {
            break;
        }
        ferry_pool_connection *fresh = find_new(origin);
        ferry_pool_connection *kept = fresh == NULL ? take_idle(origin) : NULL;
        if (fresh != NULL) {
            connection_bind(fresh, transfer);
            continue;
        }
        if (kept != NULL && ferry_pool_origin_is_full(session, origin) &&
            origin->connecting < origin->renewing.count && origin->look_ups == 0) {
            ferry_pooled_drop(kept);
        }
        if (!origin_try_open(session, origin, transfer, origin->renewing.count)) {
            break;
        }
    }
}

void ferry_pool_serve(ferry_session *session, ferry_pool_origin *origin) {
    origin_serve_renewing(session, origin);
    for (ferry_transfer *transfer; (transfer = ferry_pool_queue_head(&origin->waiting)) != NULL;) {
        if (session->is_closing) {
            break;
        }
        ferry_pool_connection *idle = take_idle(origin);
        if (idle != NULL) {
            connection_bind(idle, transfer);
        } else if (!origin_try_open(session, origin, transfer, ferry_pool_queue_count(origin))) {
            break;
        }
    }
}

void ferry_pool_serve_at_once(ferry_session *session, ferry_pool_origin *origin,
                              ferry_transfer *transfer) {
    ferry_pool_connection *connection = take_idle(origin);
    if (connection == NULL) {
        origin_open(session, origin, transfer);
        connection = take_idle(origin);
    }
    if (connection != NULL) {
        connection_bind(connection, transfer);
    }
}

/* The origin that waits longest for its first connection goes first. Each takes room, or goes. */
void ferry_pool_serve_waiting(ferry_session *session) {
    while (session_has_room(session)) {
        ferry_list_node *node = ferry_list_take(&session->starved);
        if (node == NULL) {
            node = ferry_list_take(&session->hungry);
        }
        if (node == NULL) {
            break;
        }
        ferry_pool_origin *origin = FERRY_LIST_ITEM(node, ferry_pool_origin, turn);
        origin->is_starved = false;
        ferry_pool_serve(session, origin);
        ferry_pool_origin_release(session, origin);
    }
}
