/* SPDX-License-Identifier: MIT */
/* body_file: what the disk has read ahead goes to the client as the program's own pieces would. */
#include "body_file.h"

#include "base/span.h"
#include "disk.h"
#include "session_disk.h"
#include "throttle.h"
#include "transfer.h"

ferry_error ferry_body_file_prepare(ferry_transfer *transfer, bool *is_ready) {
    ferry_session *session = transfer->session;
    const char *reason;
    if (transfer->source == NULL) {
        ferry_error error = ferry_session_open_disk(session, &transfer->context);
        if (error != FERRY_OK) {
            return error;
        }
        transfer->source = ferry_disk_source_open(session->disk, transfer->plan.request.body_file);
        if (transfer->source == NULL) {
            return ferry_fail_memory(&transfer->context);
        }
    }
    switch (ferry_disk_source_get_state(transfer->source, &reason)) {
    case FERRY_DISK_SOURCE_OPENING:
        *is_ready = false;
        break;
    case FERRY_DISK_SOURCE_OPEN:
        break;
    case FERRY_DISK_SOURCE_FAILED:
        return ferry_fail(&transfer->context, FERRY_ERROR_FILE, "%s", reason);
    }
    return FERRY_OK;
}

int64_t ferry_body_file_get_length(const ferry_transfer *transfer) {
    return ferry_disk_source_get_length(transfer->source);
}

void ferry_body_file_rewind(ferry_transfer *transfer) {
    if (transfer->source_taken > 0) {
        ferry_disk_source_rewind(transfer->source);
        transfer->source_taken = 0;
    }
}

/* The client takes pieces as long as it has not had all of them. */
static bool body_file_is_wanted(const ferry_transfer *transfer) {
    const ferry_client *client = transfer->connection->client;
    ferry_status status = ferry_client_get_status(client);
    return (status == FERRY_STATUS_REQUESTING || status == FERRY_STATUS_BODY) &&
           !ferry_client_is_upload_stopped(client) &&
           transfer->source_taken < ferry_disk_source_get_length(transfer->source);
}

void ferry_body_file_go_on(ferry_transfer *transfer) {
    ferry_list_node *node = &transfer->connection->item.node;
    if (!ferry_list_has(node)) {
        ferry_list_append(&transfer->session->ready, node);
    }
}

bool ferry_body_file_send(ferry_transfer *transfer) {
    ferry_pool_connection *connection = transfer->connection;
    const char *reason;
    if (transfer->source == NULL || transfer->becomes_get || !body_file_is_wanted(transfer)) {
        return true;
    }
    const void *bytes;
    size_t length = ferry_disk_source_get_bytes(transfer->source, &bytes);
    if (ferry_disk_source_get_state(transfer->source, &reason) == FERRY_DISK_SOURCE_FAILED) {
        ferry_transfer_stop(transfer, FERRY_ERROR_FILE, reason);
        return false;
    }
    if (length == 0) {
        ferry_transfer_await_disk(transfer);
        return true;
    }
    size_t most = ferry_session_dials ? ferry_throttle_admit(transfer, FERRY_WAY_OUT) : length;
    if (most == 0) {
        return true; /* until the connection's timer */
    }
    length = ferry_size_least(length, most);
    size_t written = 0;
    ferry_error error =
        ferry_client_write_request_body(connection->client, bytes, length, &written);
    ferry_throttle_count(transfer, FERRY_WAY_OUT);
    ferry_disk_source_take(transfer->source, written);
    transfer->source_taken += (int64_t)written;
    /* A piece at a time: others have their turn before the next one. What was not taken, the client
     * waits for itself, and its error is that of its status. */
    if (error == FERRY_OK && written == length) {
        ferry_body_file_go_on(transfer);
    }
    return true;
}
