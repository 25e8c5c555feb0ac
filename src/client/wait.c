/* SPDX-License-Identifier: MIT */
/* wait: sleeping, for ferry_client_wait() and in blocking mode. It stands apart so that a
 * program that only polls does not carry it. */
#include "client_state.h"

#include "runtime.h"

static ferry_error wait_at_most(ferry_client *client, int limit_ms, bool *ready) {
    ferry_wait waits[FERRY_MAX_WAITS];
    int64_t deadline_ms;
    size_t count = ferry_client_list_waits(client, waits, FERRY_MAX_WAITS, &deadline_ms);
    int timeout_ms = ferry_client_remaining_ms(client, deadline_ms);
    *ready = true;
    if (timeout_ms == 0) {
        return FERRY_OK;
    }
    bool is_bounded = timeout_ms >= 0;
    if (limit_ms >= 0 && (!is_bounded || limit_ms < timeout_ms)) {
        timeout_ms = limit_ms;
        is_bounded = false; /* it is the caller's time that passes, not the client's */
    }
    if (!ferry_runtime_can_wait()) {
        return ferry_fail(&client->context, FERRY_ERROR_UNAVAILABLE,
                          "this platform cannot sleep: poll once a frame instead");
    }
    if (count == 0 && timeout_ms < 0) {
        return ferry_fail(&client->context, FERRY_ERROR_UNAVAILABLE,
                          "the wait could never end: nothing is under way");
    }
    for (size_t i = 0; i < count; i++) {
        if (waits[i].descriptor == FERRY_NO_DESCRIPTOR) {
            return ferry_fail(&client->context, FERRY_ERROR_UNAVAILABLE,
                              "the connection has no descriptor to wait on");
        }
    }
    ferry_error error = ferry_runtime_wait(&client->context, waits, count, timeout_ms, ready);
    *ready = *ready || is_bounded; /* a timer of the client's has run out: it can go on */
    return error;
}

/* In blocking mode, sleeps until the client can go on. */
static ferry_error client_sleep(ferry_client *client) {
    bool ready;
    return wait_at_most(client, -1, &ready);
}

ferry_error ferry_client_wait(ferry_client *client, int timeout_ms) {
    if (client->status == FERRY_STATUS_DISCONNECTED || ferry_client_has_failed(client) ||
        ferry_client_awaits_caller(client) || ferry_client_can_go_on(client)) {
        return FERRY_OK;
    }
    bool ready;
    ferry_error error = wait_at_most(client, timeout_ms, &ready);
    if (error == FERRY_OK && !ready) {
        return FERRY_ERROR_TIMEOUT;
    }
    return error;
}

ferry_error ferry_client_set_blocking_mode(ferry_client *client, bool enabled) {
    if (enabled && !ferry_runtime_can_wait()) {
        return ferry_fail(&client->context, FERRY_ERROR_UNAVAILABLE,
                          "this platform cannot sleep: poll once a frame instead");
    }
    client->sleep = enabled ? client_sleep : NULL;
    return FERRY_OK;
}

bool ferry_client_is_blocking_mode_enabled(const ferry_client *client) {
    return client->sleep != NULL;
}
