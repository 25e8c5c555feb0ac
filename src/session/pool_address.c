/* SPDX-License-Identifier: MIT */
/* pool_address: the address that a connection was made to is tried alone by those that follow
 * within a minute, and forgotten where that fails. */
#include "pool_address.h"

#include "base/format.h"

#include <string.h>

/* With a proxy it is the proxy's. */
static bool session_knows_addresses(const ferry_session *session) {
    const ferry_client_options *options = ferry_client_options_copy_get(session->client_options);
    return ferry_session_dials && session->http_proxy == NULL && session->https_proxy == NULL &&
           !options->proxy_from_environment;
}

static const char *origin_host(const ferry_pool_origin *origin) {
    return strstr(origin->host, "://") + 3;
}

bool ferry_pool_address_write_line(const ferry_session *session, const ferry_pool_origin *origin,
                                   char line[FERRY_ADDRESS_LINE_SIZE]) {
    const char *host = origin_host(origin);
    const char *address =
        ferry_address_book_find(&session->addresses, host, origin->port, session->now_us);
    if (address == NULL) {
        return false;
    }
    size_t length =
        ferry_format(line, FERRY_ADDRESS_LINE_SIZE, "%s:%d:%s", host, origin->port, address);
    return length + 1 < FERRY_ADDRESS_LINE_SIZE; /* it may be cut */
}

void ferry_pool_address_forget(ferry_session *session, const ferry_pool_origin *origin) {
    ferry_address_book_forget(&session->addresses, &session->context, origin_host(origin),
                              origin->port);
}

void ferry_pool_address_end(ferry_pool_connection *connection) {
    connection->origin->look_ups -= connection->is_looking_up;
    connection->is_looking_up = false;
}

/* Without the port: "192.0.2.1", "[2001:db8::1]". */
static void connection_keep_address(const ferry_pool_connection *connection, const char *peer) {
    ferry_session *session = connection->session;
    const char *colon = strrchr(peer, ':');
    if (colon != NULL && connection->epoch == session->epoch) {
        ferry_address_book_note(&session->addresses, &session->context,
                                origin_host(connection->origin), connection->origin->port,
                                (ferry_span){peer, (size_t)(colon - peer)}, session->now_us);
    }
}

bool ferry_pool_address_note(ferry_pool_connection *connection) {
    const ferry_session *session = connection->session;
    if (!session_knows_addresses(session) || connection->has_known_address) {
        return false;
    }
    const char *peer = ferry_client_get_peer_address(connection->client);
    if (peer[0] != '\0') {
        bool was_awaited = connection->is_looking_up;
        ferry_pool_address_end(connection);
        if (was_awaited) { /* a host that is an address itself needs no look-up */
            connection_keep_address(connection, peer);
        }
        return was_awaited;
    }
    if (!connection->is_looking_up &&
        ferry_client_get_status(connection->client) == FERRY_STATUS_RESOLVING) {
        connection->is_looking_up = true;
        connection->origin->look_ups++;
    }
    return false;
}
