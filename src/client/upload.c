/* SPDX-License-Identifier: MIT */
/* upload: takes the body of a request from the program, piece by piece. */
#include "client_state.h"

#include "runtime.h"

static ferry_error client_check_upload(ferry_client *client) {
    if (ferry_client_has_failed(client)) {
        return client->error;
    }
    if (client->exchange.body_is_whole && !client->has_finished) {
        return FERRY_OK;
    }
    if (client->exchange.upload_stopped) {
        return ferry_fail(&client->context, FERRY_ERROR_UPLOAD_STOPPED,
                          "the server takes no more of the request's body: read its response");
    }
    if (!client->exchange.takes_body) {
        return ferry_fail(&client->context, FERRY_ERROR_UNCONFIGURED,
                          "no streamed request is under way");
    }
    return FERRY_OK;
}

/* What the backend did in a call shows in the status and in the error. */
static ferry_error client_update_upload(ferry_client *client, ferry_error error) {
    if (error != FERRY_OK) {
        return error;
    }
    return ferry_client_update(client);
}

static ferry_error upload_write_once(ferry_client *client, const char *data, size_t length,
                                     size_t *written) {
    size_t taken = 0;
    ferry_error error = client_check_upload(client);
    if (error == FERRY_OK) {
        error = client->backend->ops->write(client->backend, data, length, &taken);
        *written += taken;
        client->writer_waits = taken < length && !client->exchange.awaits_body;
        error = client_update_upload(client, error);
        if (error == FERRY_OK && taken == 0 && client->exchange.upload_stopped) {
            error = client_check_upload(client);
        }
        if (error == FERRY_OK) {
            error = ferry_client_check_time(client, true);
        }
    }
    return error;
}

/* The time for 100 (Continue) may pass in the very call that was told to wait for it. Then there is
 * room, and nothing that the program could wait for. */
static ferry_error upload_write_in_time(ferry_client *client, const char *data, size_t length,
                                        size_t *written) {
    size_t before = *written;
    ferry_error error = upload_write_once(client, data, length, written);
    bool has_room = *written == before && length > 0 && client->exchange.awaits_body;
    return error == FERRY_OK && has_room ? upload_write_once(client, data, length, written) : error;
}

/* Sleeps until the connection takes more, then offers it. With a response under way there may be
 * something to read instead, and a peer that echoes takes no more before that is done: *go_on is
 * then false. */
static ferry_error upload_write_after_sleep(ferry_client *client, const char *data, size_t length,
                                            size_t *written, bool *go_on) {
    ferry_status before = client->status;
    size_t taken = 0;
    client->reader_waits = before == FERRY_STATUS_BODY;
    ferry_error error = client->sleep(client);
    client->reader_waits = false;
    if (error == FERRY_OK) {
        error = ferry_client_step(client);
    }
    /* A response that has arrived whole keeps nobody from writing. */
    *go_on = client->status == before || client->exchange.response_arrived;
    if (error == FERRY_OK && *go_on) {
        error = upload_write_once(client, data, length, &taken);
        *go_on =
            taken > 0 || client->status != FERRY_STATUS_BODY || client->exchange.response_arrived;
        *written += taken;
    }
    return error;
}

/* In blocking mode nobody polls, and while the connection takes all that is written nothing waits:
 * an early answer or a time-out would be found at the end only. */
static ferry_error upload_look_for_answer(ferry_client *client) {
    enum { UNSEEN_BYTES = 256 * 1024 };
    if (client->sleep == NULL || client->unseen_bytes < UNSEEN_BYTES) {
        return FERRY_OK;
    }
    client->unseen_bytes = 0;
    ferry_error error = ferry_client_step(client);
    return error == FERRY_OK ? client_check_upload(client) : error;
}

/* True where the connection took all that it was offered, and the call's time is not over. */
static bool upload_may_write_on(const ferry_client *client, size_t taken, int64_t *since_us) {
    if (taken == 0 || !client->exchange.awaits_body) {
        return false;
    }
    int64_t now_us = ferry_runtime_now_us();
    *since_us = *since_us < 0 ? now_us : *since_us;
    return now_us - *since_us < ferry_runtime_work_us;
}

ferry_error ferry_client_write_request_body(ferry_client *client, const void *data, size_t length,
                                            size_t *written) {
    size_t taken = 0;
    bool go_on = true;
    int64_t since_us = -1;
    ferry_error error = client_check_upload(client);
    for (bool is_first = true; error == FERRY_OK && go_on; is_first = false) {
        const char *rest = (const char *)data + taken;
        size_t before = taken;
        error = upload_look_for_answer(client);
        if (error == FERRY_OK && (is_first || client->exchange.awaits_body)) {
            error = upload_write_in_time(client, rest, length - taken, &taken);
        } else if (error == FERRY_OK) {
            error = upload_write_after_sleep(client, rest, length - taken, &taken, &go_on);
        }
        client->unseen_bytes += taken - before;
        go_on = go_on && taken < length &&
                (client->sleep != NULL || upload_may_write_on(client, taken - before, &since_us));
    }
    client->write_was_short = taken < length;
    if (error == FERRY_OK || error == FERRY_ERROR_ABORTED) {
        *written = taken;
    }
    return error;
}

ferry_error ferry_client_finish_request_body(ferry_client *client) {
    ferry_error error = client_check_upload(client);
    if (error == FERRY_OK && client->exchange.body_is_whole) {
        client->has_finished = true;
        return ferry_client_block(client);
    }
    if (error == FERRY_OK) {
        client->write_was_short = false;
        client->writer_waits = false;
        error = client_update_upload(client, client->backend->ops->finish(client->backend));
    }
    if (error == FERRY_OK) {
        error = ferry_client_check_time(client, false);
    }
    return error == FERRY_OK ? ferry_client_block(client) : error;
}
