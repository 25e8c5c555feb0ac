/* SPDX-License-Identifier: MIT */
/* poll: lets the backend work, and tells the program what to wait for. */
#include "client_state.h"

#include "runtime.h"

size_t ferry_client_list_waits(const ferry_client *client, ferry_wait *waits, size_t capacity,
                               int64_t *deadline_ms) {
    *deadline_ms = INT64_MAX;
    if (client->backend == NULL || ferry_client_has_failed(client)) {
        return 0;
    }
    return client->backend->ops->get_waits(client->backend, waits, capacity, deadline_ms,
                                           client->reader_waits);
}

/* Sends piece by piece, since a piece can take long to encrypt, within the budget and the time. */
static ferry_error backend_step(ferry_client *client, int64_t now_ms) {
    const ferry_backend_ops *ops = client->backend->ops;
    const ferry_exchange *exchange = &client->exchange;
    int64_t sent = exchange->bytes_sent;
    ferry_error error = ops->step(client->backend, now_ms);
    if (error != FERRY_OK || !exchange->sender_has_work) {
        return error;
    }
    int64_t since_us = ferry_runtime_now_us();
    while (error == FERRY_OK && exchange->sender_has_work &&
           (uint64_t)(exchange->bytes_sent - sent) + FERRY_SEND_PIECE <=
               client->context.poll_budget_bytes &&
           ferry_runtime_now_us() - since_us < ferry_runtime_work_us) {
        error = ops->step(client->backend, now_ms);
    }
    return error;
}

ferry_error ferry_client_step(ferry_client *client) {
    ferry_status before = client->status;
    bool is_connecting = before == FERRY_STATUS_RESOLVING || before == FERRY_STATUS_CONNECTING;
    int64_t now_ms = is_connecting ? ferry_runtime_now_ms() : 0;
    client->budget = client->context.poll_budget_bytes;
    client->read_us = 0;
    ferry_error error = backend_step(client, now_ms);
    if (error != FERRY_OK) {
        return ferry_client_fail(client, ferry_client_get_failed_status(client, error), error);
    }
    error = ferry_client_update(client);
    if (error != FERRY_OK) {
        return error;
    }
    if (client->status != before) { /* that is news, whatever the time: the program sees it first */
        client->reader_waits = false;
        if (before != FERRY_STATUS_CONNECTED) {
            ferry_client_record_times(client, ferry_runtime_now_us());
        }
        return FERRY_OK;
    }
    return ferry_client_check_time(client, client->status != FERRY_STATUS_BODY ||
                                               client->exchange.response_ended);
}

/* True where the exchange has gone on in a call that does not change the status. */
static bool has_news(const ferry_client *client) {
    if (client->status != FERRY_STATUS_REQUESTING) {
        return client->exchange.state == FERRY_EXCHANGE_FAILED && !ferry_client_has_failed(client);
    }
    return client->exchange.state >= FERRY_EXCHANGE_BODY;
}

/* True where it is the peer, or time, that the client waits for. */
static bool waits_for_peer(const ferry_client *client) {
    if (client->status == FERRY_STATUS_RESOLVING || client->status == FERRY_STATUS_CONNECTING) {
        return true;
    }
    return ferry_client_awaits_upload(client) ||
           (client->status == FERRY_STATUS_REQUESTING && !client->exchange.awaits_body &&
            !client->exchange.pulls_body && !has_news(client));
}

static ferry_error poll_blocking(ferry_client *client) {
    ferry_status before = client->status;
    bool waits = waits_for_peer(client);
    ferry_error error = FERRY_OK;
    do {
        if (waits) {
            error = client->sleep(client);
            if (error != FERRY_OK) {
                return error;
            }
        }
        error = ferry_client_step(client);
        waits = waits_for_peer(client);
    } while (error == FERRY_OK && client->status == before &&
             (waits || client->exchange.pulls_body));
    return error;
}

/* True while a call in blocking mode goes on: to be connected, to have the head of the response, or
 * to take a body that the program writes. */
static bool client_is_on_its_way(const ferry_client *client) {
    return client->status == FERRY_STATUS_RESOLVING || client->status == FERRY_STATUS_CONNECTING ||
           (client->status == FERRY_STATUS_REQUESTING && !client->exchange.awaits_body);
}

ferry_error ferry_client_block(ferry_client *client) {
    ferry_error error = FERRY_OK;
    while (client->sleep != NULL && error == FERRY_OK && client_is_on_its_way(client)) {
        error = poll_blocking(client);
    }
    return error;
}

ferry_error ferry_client_poll(ferry_client *client) {
    if (ferry_client_has_failed(client)) {
        return client->error;
    }
    if (!client->was_connected) {
        return ferry_fail(&client->context, FERRY_ERROR_UNCONFIGURED,
                          "there is no connection: call connect_to_host first");
    }
    if (client->status == FERRY_STATUS_DISCONNECTED) {
        return FERRY_OK;
    }
    return client->sleep != NULL ? poll_blocking(client) : ferry_client_step(client);
}

bool ferry_client_can_go_on(const ferry_client *client) {
    const ferry_exchange *exchange = &client->exchange;
    bool is_unread = client->status == FERRY_STATUS_BODY && !exchange->response_ended &&
                     (!client->reader_waits || client->budget == 0);
    return is_unread || exchange->pulls_body || has_news(client);
}

size_t ferry_client_get_waits(const ferry_client *client, ferry_wait *waits, size_t capacity) {
    int64_t deadline_ms;
    return ferry_client_list_waits(client, waits, capacity, &deadline_ms);
}

int ferry_client_get_wait_timeout_ms(const ferry_client *client) {
    int64_t deadline_ms;
    if (ferry_client_can_go_on(client)) {
        return 0;
    }
    ferry_client_list_waits(client, NULL, 0, &deadline_ms);
    return ferry_client_remaining_ms(client, deadline_ms);
}
