/* SPDX-License-Identifier: MIT */
/* adopt_stream: takes a stream of the program's own as the connection. It is a file of its own, so
 * that a program that does not use it is not linked with the wire backend. */
#include "client_state.h"

#include "wire/connection.h"

/* The text that a tunnel's Host has: where CONNECT led it, without the port of http:// (RFC 9110
 * section 4.2.3); NULL where the tunnel is none of CONNECT. It is too long for no `text`. */
static const char *connection_write_target(const ferry_client *client,
                                           char text[FERRY_AUTHORITY_SIZE]) {
    ferry_authority authority;
    uint16_t port = 0;
    bool is_there = client->method == FERRY_METHOD_CONNECT &&
                    ferry_exchange_is_under_way(&client->exchange) &&
                    ferry_authority_split(ferry_span_of(client->url.data), &authority, &port);
    if (is_there) {
        ferry_authority_write(&authority, port, false, text);
    }
    return is_there ? text : NULL;
}

/* The client's own connection, which it keeps, with nothing of what it was used for. */
static ferry_error adopted_restart(ferry_client *client) {
    char text[FERRY_AUTHORITY_SIZE];
    bool is_tunnel = ferry_exchange_is_under_way(&client->exchange);
    const char *target = connection_write_target(client, text);
    ferry_error error = ferry_client_make_room(client);
    if (error == FERRY_OK) {
        error = client->backend->ops->restart(client->backend);
    }
    if (error != FERRY_OK) {
        return error;
    }
    if (target != NULL) {
        ferry_client_set_authority(client, target, false); /* there is room for it */
    }
    client->requests = is_tunnel ? 0 : client->requests; /* it leads to another peer */
    ferry_client_forget_request(client);
    client->is_proxied = client->is_proxied && !is_tunnel;
    client->is_absolute = client->is_absolute && !is_tunnel;
    client->context.detail[0] = '\0';
    return ferry_client_update(client);
}

ferry_error ferry_client_set_connection(ferry_client *client, ferry_stream *stream) {
    if (stream == NULL) {
        ferry_client_drop(client);
        return FERRY_OK;
    }
    if (stream == ferry_client_get_connection(client)) {
        return adopted_restart(client);
    }
    if (client->backend != NULL && client->backend->ops->owns_stream(client->backend, stream)) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the stream is beneath the client's TLS connection, which goes on with "
                          "it: give get_connection(), or close first");
    }
    const ferry_stream_ops *ops = stream->ops;
    if (ops == NULL || ops->read == NULL || ops->write == NULL || ops->destroy == NULL) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the stream lacks one of read, write and destroy");
    }
    ferry_backend *backend = NULL;
    ferry_error error = ferry_client_check_options(client);
    if (error == FERRY_OK) {
        error = ferry_client_make_room(client);
    }
    if (error == FERRY_OK) {
        error = ferry_connection_new(&client->context, &client->exchange, NULL, stream, &backend);
    }
    if (error != FERRY_OK) {
        return error;
    }
    ferry_client_drop(client);
    ferry_client_set_authority(client, "localhost", false); /* there is room for it */
    client->stream_backend = backend;
    client->backend = backend;
    client->was_connected = true;
    return ferry_client_update(client);
}
