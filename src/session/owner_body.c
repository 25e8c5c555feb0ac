/* SPDX-License-Identifier: MIT */
/* owner_body: takes the body of a request from the program, as it gets it from elsewhere. */
#include "base/span.h"
#include "pooled.h"
#include "throttle.h"

/* The transfer can go on, which is for the next poll: no function is called from here. */
static void connection_note_write(ferry_pool_connection *connection) {
    ferry_status status = ferry_client_get_status(connection->client);
    ferry_pooled_watch(connection);
    if (status != FERRY_STATUS_REQUESTING && !ferry_list_has(&connection->item.node)) {
        ferry_list_append(&connection->session->ready, &connection->item.node);
    }
}

/* Whether the body is still wanted. *client NULL: yes, but there is no connection for it now. */
static ferry_error transfer_find_upload(const ferry_transfer *transfer, ferry_client **client) {
    *client = NULL;
    if (!transfer->plan.request.owner_writes || transfer->has_finished_body) {
        return FERRY_ERROR_UNCONFIGURED;
    }
    if (transfer->state == FERRY_TRANSFER_DONE) {
        return transfer->error;
    }
    if (transfer->becomes_get || transfer->state == FERRY_TRANSFER_STORING) {
        return FERRY_ERROR_UPLOAD_STOPPED;
    }
    if (transfer->connection != NULL) {
        *client = transfer->connection->client;
    }
    return FERRY_OK;
}

ferry_error ferry_transfer_write(ferry_transfer *transfer, const void *data, size_t length,
                                 size_t *written) {
    ferry_client *client;
    *written = 0;
    ferry_error error = transfer_find_upload(transfer, &client);
    if (error != FERRY_OK || client == NULL || length == 0) {
        return error;
    }
    ferry_session_note_time(transfer->session);
    size_t most = ferry_throttle_admit(transfer, FERRY_WAY_OUT);
    if (most == 0) {
        return FERRY_OK; /* until the connection's timer */
    }
    error = ferry_client_write_request_body(client, data, ferry_size_least(length, most), written);
    ferry_throttle_count(transfer, FERRY_WAY_OUT);
    transfer->was_sent = transfer->was_sent || *written > 0;
    connection_note_write(transfer->connection);
    return error;
}

ferry_error ferry_transfer_finish_body(ferry_transfer *transfer, bool *is_taken) {
    ferry_client *client;
    *is_taken = false;
    ferry_error error = transfer_find_upload(transfer, &client);
    if (error != FERRY_OK || client == NULL) {
        return error;
    }
    ferry_session_note_time(transfer->session);
    error = ferry_client_finish_request_body(client);
    if (error == FERRY_OK) {
        *is_taken = true;
        transfer->was_sent = true;
        transfer->has_finished_body = true;
    }
    connection_note_write(transfer->connection);
    return error;
}

int64_t ferry_transfer_get_bytes_sent(const ferry_transfer *transfer) {
    return transfer->connection != NULL ? ferry_client_get_bytes_sent(transfer->connection->client)
                                        : transfer->bytes_sent;
}
