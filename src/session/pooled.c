/* SPDX-License-Identifier: MIT */
/* pooled: one client each, with what it waits for and when its time is over. */
#include "pooled.h"

#include "pool_address.h"
#include "pool_origin.h"

#include <string.h>

enum {
    MAX_AGE_MS = 10 * 60 * 1000, /* of a connection that is used again */
    MAX_WAITS = 64,
};

void ferry_pooled_leave_idle(ferry_pool_connection *connection) {
    if (ferry_list_has(&connection->aged)) {
        ferry_list_remove(&connection->rest);
        ferry_list_remove(&connection->aged);
        connection->session->counters.connections_idle--;
    }
}

void ferry_pooled_end_making(ferry_pool_connection *connection) {
    ferry_pool_origin *origin = connection->origin;
    ferry_pool_address_end(connection);
    if (connection->state == FERRY_POOL_CONNECTING) {
        ferry_list_remove(&connection->rest);
        origin->connecting--;
        ferry_pool_origin_note_demand(connection->session, origin);
    }
}

void ferry_pooled_drop(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    ferry_pooled_leave_idle(connection);
    ferry_pooled_end_making(connection);
    origin->connections--;
    session->counters.connections_open--;
    ferry_poller_remove(session->poller, &connection->item);
    ferry_list_remove(&connection->item.node);
    ferry_list_remove(&connection->all);
    ferry_heap_remove(&session->connection_timers, &connection->timer);
    ferry_client_free(connection->client);
    ferry_free(&session->context, connection);
}

void ferry_pooled_set_timer(ferry_pool_connection *connection, int64_t at_us) {
    ferry_heap *timers = &connection->session->connection_timers;
    /* One that comes too early looks again: most are never due. */
    if (!ferry_heap_has(&connection->timer) || connection->timer.key > at_us) {
        ferry_heap_put(timers, &connection->timer, at_us);
    }
}

void ferry_pooled_watch(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_wait waits[MAX_WAITS];
    if (connection->is_paused) {
        ferry_poller_remove(session->poller, &connection->item);
        return;
    }
    size_t count = ferry_client_get_waits(connection->client, waits, MAX_WAITS);
    ferry_error error =
        ferry_poller_set(session->poller, &connection->item, waits,
                         count < MAX_WAITS ? count : MAX_WAITS, connection->has_new_descriptors);
    connection->has_new_descriptors = connection->state == FERRY_POOL_CONNECTING;
    if (connection->max_ahead > 0 && connection->item.count > 0) {
        ferry_poller_read_ahead(session->poller, &connection->item, connection->max_ahead,
                                session->max_memory_bytes);
        connection->max_ahead = 0;
    }
    int timeout_ms = ferry_client_get_wait_timeout_ms(connection->client);
    if (error != FERRY_OK) {
        timeout_ms = 1; /* it cannot be waited for: it is polled instead */
    }
    if (timeout_ms == 0 && !ferry_list_has(&connection->item.node)) {
        ferry_list_append(&session->ready, &connection->item.node);
    } else if (timeout_ms > 0) {
        ferry_pooled_set_timer(connection, session->now_us + (int64_t)timeout_ms * 1000);
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

/* A client for the origin, which goes to its address where that is known. The program's own lines
 * go first. */
static ferry_client *client_new(ferry_session *session, const ferry_pool_origin *origin,
                                bool *has_known_address) {
    char line[FERRY_ADDRESS_LINE_SIZE];
    ferry_client_options options = *ferry_client_options_copy_get(session->client_options);
    size_t count = 0;
    while (options.resolve != NULL && options.resolve[count] != NULL) {
        count++;
    }
    const char **lines = NULL;
    if (ferry_pool_address_write_line(session, origin, line)) {
        lines = ferry_alloc(&session->context, (count + 2) * sizeof *lines);
    }
    if (lines != NULL) {
        for (size_t i = 0; i < count; i++) {
            lines[i] = options.resolve[i];
        }
        lines[count] = line;
        lines[count + 1] = NULL;
        options.resolve = lines;
        *has_known_address = true;
    }
    ferry_client *client = ferry_client_new(&options);
    ferry_free(&session->context, lines);
    return client;
}

ferry_pool_connection *ferry_pooled_new(ferry_session *session, ferry_pool_origin *origin,
                                        ferry_context *context, int connect_ms,
                                        ferry_error *error) {
    ferry_pool_connection *connection = NULL;
    *error = ferry_heap_reserve(&session->connection_timers, context,
                                session->counters.connections_open + 1);
    if (*error == FERRY_OK) {
        connection = ferry_alloc(&session->context, sizeof *connection);
    }
    bool has_known_address = false;
    ferry_client *client =
        connection != NULL ? client_new(session, origin, &has_known_address) : NULL;
    if (client == NULL) {
        ferry_free(&session->context, connection);
        *error = ferry_fail_memory(context);
        return NULL;
    }
    *connection = (ferry_pool_connection){
        .item.takes_long = strncmp(origin->host, "https:", 6) == 0,
        .session = session,
        .client = client,
        .origin = origin,
        .state = FERRY_POOL_CONNECTING,
        .epoch = session->epoch,
        .made_us = session->now_us,
        .max_idle_ms = -1,
        .has_new_descriptors = true,
        .has_known_address = has_known_address,
    };
    ferry_list_append(&session->connections, &connection->all);
    ferry_list_remove(&origin->turn);
    origin->is_starved = false;
    origin->connections++;
    origin->connecting++;
    ferry_list_append(&origin->making, &connection->rest);
    ferry_pool_origin_note_demand(session, origin);
    session->counters.connections_open++;
    session->counters.connections_made++;
    *error = connection_dial(connection, connect_ms);
    if (*error != FERRY_OK) {
        ferry_fail(context, *error, "%s", ferry_client_get_error_detail(client));
        ferry_pooled_drop(connection);
        return NULL;
    }
    return connection;
}

bool ferry_pooled_is_fit(const ferry_pool_connection *connection) {
    const ferry_session *session = connection->session;
    return connection->epoch == session->epoch &&
           session->now_us - connection->made_us < (int64_t)MAX_AGE_MS * 1000 &&
           ferry_client_get_status(connection->client) == FERRY_STATUS_CONNECTED;
}

void ferry_pooled_rest(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    connection->state = FERRY_POOL_IDLE;
    connection->transfer = NULL;
    ferry_list_append(&connection->origin->idle, &connection->rest);
    ferry_list_append(&session->idle, &connection->aged);
    session->counters.connections_idle++;
    int64_t idle_ms = session->max_idle_ms > 0 ? session->max_idle_ms : 0;
    if (connection->max_idle_ms >= 0 && connection->max_idle_ms < idle_ms) {
        idle_ms = connection->max_idle_ms;
    }
    if (connection->epoch != session->epoch) {
        idle_ms = 0;
    }
    connection->idle_end_us = session->now_us + idle_ms * 1000;
}

ferry_error ferry_pooled_begin_keepalive(ferry_pool_connection *connection) {
    ferry_transfer *transfer = connection->transfer;
    const ferry_session_request *request = &transfer->plan.request;
    if (!request->keepalive) {
        return FERRY_OK;
    }
    ferry_error error = ferry_keepalive_begin(&transfer->context, request);
    connection->is_keepalive = error == FERRY_OK;
    return error;
}

void ferry_pooled_end_keepalive(ferry_pool_connection *connection) {
    if (connection->is_keepalive) {
        connection->is_keepalive = false;
        ferry_keepalive_end(&connection->transfer->plan.request);
    }
}

bool ferry_pooled_make(ferry_pool_connection *connection, ferry_error *error) {
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
