/* SPDX-License-Identifier: MIT */
/* pool: connections by origin, kept while they are of use, and which transfer gets which. A
 * transfer is bound late: whichever connection is ready first takes the first one that waits. */
#include "pool.h"

#include "pool_address.h"
#include "pool_origin.h"
#include "pooled.h"
#include "throttle.h"

enum {
    CONNECT_PAUSE_MS = 1000, /* where a server takes no more connections than it has */
    MAX_STALE_TRIES = 3,     /* connections one after another that had ended, for one transfer */
};

/* ---- Who gets a connection ---- */

static ferry_transfer *queue_first(const ferry_heap *queue) {
    ferry_heap_node *node = ferry_heap_first(queue);
    return node != NULL ? FERRY_HEAP_ITEM(node, ferry_transfer, queue) : NULL;
}

static ferry_transfer *first_waiting(const ferry_pool_origin *origin) {
    ferry_transfer *renewing = queue_first(&origin->renewing);
    return renewing != NULL ? renewing : queue_first(&origin->waiting);
}

static size_t origin_count_waiting(const ferry_pool_origin *origin) {
    return origin->renewing.count + origin->waiting.count;
}

/* `needs_new` must not change as long as it is there. */
static ferry_heap *queue_of(const ferry_transfer *transfer) {
    return transfer->needs_new ? &transfer->origin->renewing : &transfer->origin->waiting;
}

static void transfer_take_off(ferry_transfer *transfer) {
    ferry_heap_remove(queue_of(transfer), &transfer->queue);
    ferry_pool_origin_note_demand(transfer->session, transfer->origin);
}

static void transfer_put_on(ferry_transfer *transfer, int64_t key) {
    transfer->state = FERRY_TRANSFER_WAITING;
    ferry_heap_put(queue_of(transfer), &transfer->queue, key);
    ferry_pool_origin_note_demand(transfer->session, transfer->origin);
}

/* The connection had ended before the request was sent. */
static void transfer_connect_again(ferry_transfer *transfer, bool is_kept) {
    if (is_kept || ++transfer->stale_tries <= MAX_STALE_TRIES) {
        transfer_put_on(transfer, transfer->queue.key);
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
    transfer_take_off(transfer);
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

static void origin_fail_waiting(ferry_pool_origin *origin, ferry_error error, const char *detail) {
    for (ferry_transfer *transfer; (transfer = first_waiting(origin)) != NULL;) {
        transfer_take_off(transfer);
        ferry_fail(&transfer->context, error, "%s", detail);
        transfer->session->events->on_failure(transfer, error, true);
    }
}

static void connection_finish_making(ferry_pool_connection *connection) {
    ferry_pool_address_note(connection);
    ferry_pooled_end_making(connection);
    connection->item.takes_long = false;
    ferry_pooled_rest(connection);
    ferry_pooled_watch(connection);
    ferry_pooled_set_timer(connection, connection->idle_end_us);
}

/* It serves those that wait, which may take one more connection. */
static void connection_advance_item(ferry_poller_item *item);

/* Begins one more connection, for the first that waits. */
static void origin_open(ferry_session *session, ferry_pool_origin *origin, ferry_transfer *first) {
    ferry_error error;
    ferry_pool_connection *connection =
        ferry_pooled_new(session, origin, &first->context, first->plan.timeouts.connect_ms, &error);
    if (connection == NULL) {
        transfer_take_off(first);
        session->events->on_failure(first, error, true);
        return;
    }
    connection->item.advance = connection_advance_item;
    bool is_made = ferry_pooled_make(connection, &error);
    if (is_made) {
        connection_finish_making(connection);
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
    for (ferry_transfer *transfer; (transfer = queue_first(&origin->renewing)) != NULL;) {
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

/* Gives those that wait what connections there are, and begins more. */
static void origin_serve(ferry_session *session, ferry_pool_origin *origin) {
    origin_serve_renewing(session, origin);
    for (ferry_transfer *transfer; (transfer = queue_first(&origin->waiting)) != NULL;) {
        if (session->is_closing) {
            break;
        }
        ferry_pool_connection *idle = take_idle(origin);
        if (idle != NULL) {
            connection_bind(idle, transfer);
        } else if (!origin_try_open(session, origin, transfer, origin_count_waiting(origin))) {
            break;
        }
    }
}

/* On the web a request that may outlive its page waits for nobody: the page may end now. */
static void origin_serve_at_once(ferry_session *session, ferry_pool_origin *origin,
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
        origin_serve(session, origin);
        ferry_pool_origin_release(session, origin);
    }
}

/* ---- What the others call ---- */

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
    transfer_put_on(transfer, -(int64_t)transfer->plan.request.priority);
    if (transfer->plan.request.keepalive && !ferry_session_dials) {
        origin_serve_at_once(session, origin, transfer);
    } else {
        origin_serve(session, origin);
    }
    ferry_pool_origin_release(session, origin);
    ferry_pool_serve_waiting(session);
}

void ferry_pool_withdraw(ferry_transfer *transfer) {
    if (ferry_heap_has(&transfer->queue)) {
        ferry_pool_origin *origin = transfer->origin;
        transfer_take_off(transfer);
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
        ferry_heap_put(queue_of(transfer), &transfer->queue,
                       -(int64_t)transfer->plan.request.priority);
    }
}

void ferry_pool_note_stream(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    connection->is_stream = true;
    origin->streams++;
    origin_serve(session, origin);
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
    origin->streams -= connection->is_stream;
    connection->is_stream = false;
    /* Where others have had a stream's room, there may be one too many. */
    bool has_room = ferry_pool_origin_count(session, origin) <= (size_t)session->max_per_origin &&
                    session->counters.connections_open <= (size_t)session->max_connections;
    bool is_kept = has_room && ferry_pooled_is_fit(connection) &&
                   ferry_list_is_empty(&session->starved) &&
                   (session->max_idle_ms >= 0 || origin_count_waiting(origin) > 0);
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
    origin_serve(session, origin);
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

/* The last attempt of an origin without connections tells those that wait why. */
static void connection_fail(ferry_pool_connection *connection, ferry_error error) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    char detail[FERRY_DETAIL_SIZE];
    origin->holds++;
    ferry_format(detail, sizeof detail, "%s", ferry_client_get_error_detail(connection->client));
    if (connection->has_known_address) {
        ferry_pool_address_forget(session, origin);
        ferry_pooled_drop(connection);
        origin_serve(session, origin); /* by a look-up */
        origin->holds--;
        ferry_pool_origin_release(session, origin);
        ferry_pool_serve_waiting(session);
        return;
    }
    ferry_pooled_drop(connection);
    ferry_transfer *first = first_waiting(origin);
    if (origin->connections == 0) {
        origin_fail_waiting(origin, error, detail);
    } else if (origin->connecting == 0 && first != NULL) {
        /* Those in use show that the server is there. It may have enough of them, and they may last
         * for long. */
        transfer_take_off(first);
        session->events->on_pause(first, CONNECT_PAUSE_MS);
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
        connection_finish_making(connection);
        origin_serve(session, origin);
        origin->holds--;
        ferry_pool_origin_release(session, origin);
        ferry_pool_serve_waiting(session);
    } else {
        bool is_known = ferry_pool_address_note(connection);
        ferry_pooled_watch(connection);
        if (is_known) {
            origin_serve(session, origin);
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

/* It was found ready: works for it as far as it gets without waiting. It may be freed then. */
static void connection_advance_item(ferry_poller_item *item) {
    connection_advance(FERRY_LIST_ITEM(item, ferry_pool_connection, item));
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
