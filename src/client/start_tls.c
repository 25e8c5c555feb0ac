/* SPDX-License-Identifier: MIT */
/* start_tls: speaks TLS over a connection that exists already. It is a file of its own, so that a
 * program that does not use it does not carry it. */
#include "client_state.h"

#include <string.h>

static ferry_error start_tls_check(ferry_client *client, const char *host,
                                   ferry_authority *authority) {
    ferry_context *context = &client->context;
    ferry_error error = ferry_authority_parse(context, host, authority);
    if (error != FERRY_OK) {
        return error;
    }
    if (authority->has_scheme && !authority->secure) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the host says http://, but TLS is to be spoken");
    }
    if (client->backend == NULL || ferry_client_get_connection(client) == NULL ||
        ferry_client_has_failed(client)) {
        return ferry_fail(context, FERRY_ERROR_UNCONFIGURED,
                          "there is no connection to speak TLS over");
    }
    return FERRY_OK;
}

ferry_error ferry_client_start_tls(ferry_client *client, const char *host,
                                   const ferry_tls_options *tls) {
    ferry_authority authority;
    ferry_error error = start_tls_check(client, host, &authority);
    if (error != FERRY_OK) {
        return error;
    }
    ferry_origin origin = {
        .port = 443, /* as Host has it; whose it is nobody knows */
        .secure = true,
        .tls = tls,
        .stream = ferry_client_get_connection(client),
    };
    error = ferry_client_make_room(client);
    if (error == FERRY_OK) {
        error = ferry_client_prepare(client, &origin);
    }
    if (error == FERRY_OK) {
        error = client->backend->ops->take_stream(client->backend, &origin.stream);
    }
    if (error != FERRY_OK) {
        return error;
    }
    ferry_link_facts facts = client->link; /* it is the same connection */
    ferry_client_drop(client);
    memcpy(client->link.peer, facts.peer, sizeof client->link.peer);
    return ferry_client_open(client, &authority, &origin);
}
