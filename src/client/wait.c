/* SPDX-License-Identifier: MIT */
/* wait: sleeping, for ferry_client_wait() and in blocking mode, and waking. It stands apart so that
 * a program that only polls does not carry it. */
#include "client_state.h"

static ferry_error wait_check(ferry_client *client, const ferry_wait *waits, size_t count,
                              bool is_bounded) {
    ferry_context *context = &client->context;
    if (!ferry_runtime_can_wait()) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "this platform cannot sleep: poll once a frame instead");
    }
    if (count == 0 && !is_bounded) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "the wait could never end: nothing is under way");
    }
    for (size_t i = 0; i < count; i++) {
        if (waits[i].descriptor == FERRY_NO_DESCRIPTOR) {
            return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                              "the connection has no descriptor to wait on");
        }
    }
    return FERRY_OK;
}

static ferry_error wait_at_most(ferry_client *client, int limit_ms, ferry_wait_end *end) {
    ferry_wait waits[FERRY_MAX_WAITS + 1];
    int64_t deadline_ms;
    size_t count = ferry_client_list_waits(client, waits, FERRY_MAX_WAITS, &deadline_ms);
    int timeout_ms = ferry_client_remaining_ms(client, deadline_ms);
    *end = FERRY_WAIT_END_READY;
    if (timeout_ms == 0) {
        return FERRY_OK;
    }
    bool is_own = timeout_ms >= 0; /* the time that passes is a timer of the client's */
    if (limit_ms >= 0 && (!is_own || limit_ms < timeout_ms)) {
        timeout_ms = limit_ms;
        is_own = false;
    }
    ferry_error error = wait_check(client, waits, count, timeout_ms >= 0);
    if (error != FERRY_OK) {
        return error;
    }
    ferry_wakeup *wakeup = client->sleep != NULL ? atomic_load(&client->wakeup) : NULL;
    error = ferry_runtime_wait(&client->context, waits, count, wakeup, timeout_ms, end);
    if (error == FERRY_OK && *end == FERRY_WAIT_END_WOKEN &&
        atomic_exchange(&client->is_woken, false)) {
        return ferry_fail(&client->context, FERRY_ERROR_ABORTED,
                          "ferry_client_wake() has ended the wait: poll to go on, or close");
    }
    if (*end == FERRY_WAIT_END_TIME && is_own) {
        *end = FERRY_WAIT_END_READY; /* the client can go on */
    }
    return error;
}

/* In blocking mode, sleeps until the client can go on. A signal is no reason to. */
static ferry_error client_sleep(ferry_client *client) {
    ferry_wait_end end;
    ferry_error error;
    do {
        error = wait_at_most(client, -1, &end);
    } while (error == FERRY_OK && end != FERRY_WAIT_END_READY);
    return error;
}

ferry_error ferry_client_wait(ferry_client *client, int timeout_ms) {
    if (client->status == FERRY_STATUS_DISCONNECTED || ferry_client_has_failed(client) ||
        ferry_client_awaits_caller(client) || ferry_client_can_go_on(client)) {
        return FERRY_OK;
    }
    ferry_wait_end end;
    ferry_error error = wait_at_most(client, timeout_ms, &end);
    return error == FERRY_OK && end == FERRY_WAIT_END_TIME ? FERRY_ERROR_TIMEOUT : error;
}

void ferry_client_wake(ferry_client *client) {
    if (atomic_exchange(&client->is_woken, true)) {
        return; /* whoever has set it wakes */
    }
    ferry_wakeup *wakeup = atomic_load(&client->wakeup);
    if (wakeup != NULL) { /* otherwise whoever makes it wakes */
        ferry_runtime_wake(wakeup);
    }
}

static ferry_error client_make_wakeup(ferry_client *client) {
    ferry_wakeup *wakeup = NULL;
    if (atomic_load(&client->wakeup) != NULL) {
        return FERRY_OK;
    }
    ferry_error error = ferry_runtime_wakeup_new(&client->context, &wakeup);
    if (error == FERRY_OK) {
        client->free_wakeup = ferry_runtime_wakeup_free;
        atomic_store(&client->wakeup, wakeup);
        if (atomic_load(&client->is_woken)) {
            ferry_runtime_wake(wakeup);
        }
    }
    return error;
}

ferry_error ferry_client_set_blocking_mode(ferry_client *client, bool enabled) {
    if (enabled && !ferry_runtime_can_wait()) {
        return ferry_fail(&client->context, FERRY_ERROR_UNAVAILABLE,
                          "this platform cannot sleep: poll once a frame instead");
    }
    ferry_error error = enabled ? client_make_wakeup(client) : FERRY_OK;
    if (error == FERRY_OK) {
        client->sleep = enabled ? client_sleep : NULL;
    }
    return error;
}

bool ferry_client_is_blocking_mode_enabled(const ferry_client *client) {
    return client->sleep != NULL;
}
