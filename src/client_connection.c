/* SPDX-License-Identifier: MIT */
/* client_connection: a stream of the program's own as the connection. It stands apart so that a
 * program that does not use it is not linked with the wire backend on its account. */
#include "client_state.h"

#include "wire.h"

ferry_error ferry_client_set_connection(ferry_client *client, ferry_stream *stream) {
    if (stream == NULL) {
        ferry_client_drop(client);
        return FERRY_OK;
    }
    const ferry_stream_ops *ops = stream->ops;
    if (ops == NULL || ops->read == NULL || ops->write == NULL || ops->destroy == NULL) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the stream lacks one of read, write and destroy");
    }
    ferry_backend *backend = NULL;
    ferry_error error = ferry_wire_new(&client->context, &client->exchange, NULL, stream, &backend);
    if (error != FERRY_OK) {
        return error;
    }
    ferry_client_drop(client);
    error = ferry_client_set_authority(client, "localhost", false);
    if (error != FERRY_OK) {
        ferry_wire_release(backend);
        return error;
    }
    client->stream_backend = backend;
    client->backend = backend;
    client->was_connected = true;
    return ferry_client_update(client);
}
