/* SPDX-License-Identifier: MIT */
/* pool_address: the address that a connection was made to is tried alone by those that follow
 * within a minute, and forgotten where that fails. */
#include "pool_address.h"

#include "base/format.h"

#include <string.h>

enum { MAX_AGE_MS = 60 * 1000 };

/* With a proxy it is the proxy's. */
static bool session_knows_addresses(const ferry_session *session) {
    const ferry_client_options *options = ferry_client_options_copy_get(session->client_options);
    return ferry_session_dials && session->http_proxy == NULL && session->https_proxy == NULL &&
           !options->proxy_from_environment;
}

bool ferry_pool_address_write_line(const ferry_session *session, const ferry_pool_origin *origin,
                                   char line[FERRY_ADDRESS_LINE_SIZE]) {
    bool is_known = origin->address[0] != '\0' && session->now_us < origin->address_end_us &&
                    origin->address_epoch == session->epoch;
    if (!is_known) {
        return false;
    }
    const char *host = strstr(origin->host, "://") + 3;
    size_t length = ferry_format(line, FERRY_ADDRESS_LINE_SIZE, "%s:%d:%s", host, origin->port,
                                 origin->address);
    return length + 1 < FERRY_ADDRESS_LINE_SIZE; /* it may be cut */
}

void ferry_pool_address_end(ferry_pool_connection *connection) {
    connection->origin->look_ups -= connection->is_looking_up;
    connection->is_looking_up = false;
}

/* Without the port: "192.0.2.1", "[2001:db8::1]". */
static void origin_keep_address(ferry_pool_origin *origin, const ferry_session *session,
                                const char *peer) {
    const char *colon = strrchr(peer, ':');
    size_t length = colon != NULL ? (size_t)(colon - peer) : 0;
    if (length == 0 || length >= sizeof origin->address) {
        return;
    }
    memcpy(origin->address, peer, length);
    origin->address[length] = '\0';
    origin->address_end_us = session->now_us + (int64_t)MAX_AGE_MS * 1000;
    origin->address_epoch = session->epoch;
}

bool ferry_pool_address_note(ferry_pool_connection *connection) {
    ferry_session *session = connection->session;
    ferry_pool_origin *origin = connection->origin;
    if (!session_knows_addresses(session) || connection->has_known_address) {
        return false;
    }
    const char *peer = ferry_client_get_peer_address(connection->client);
    if (peer[0] != '\0') {
        bool was_awaited = connection->is_looking_up;
        ferry_pool_address_end(connection);
        if (was_awaited) { /* a host that is an address itself needs no look-up */
            origin_keep_address(origin, session, peer);
        }
        return was_awaited;
    }
    if (!connection->is_looking_up &&
        ferry_client_get_status(connection->client) == FERRY_STATUS_RESOLVING) {
        connection->is_looking_up = true;
        origin->look_ups++;
    }
    return false;
}
