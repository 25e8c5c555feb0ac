/* SPDX-License-Identifier: MIT */
/* runtime: gives the client the clock, the sleep and the backend of a machine that has sockets. */
#include "client/runtime.h"

#include "connect_chain.h"
#include "platform.h"
#include "wire/connection.h"

const size_t ferry_runtime_poll_budget = (size_t)1024 * 1024;
const int64_t ferry_runtime_work_us = 1000;

int64_t ferry_runtime_now_ms(void) {
    return ferry_platform_now_ms();
}

int64_t ferry_runtime_now_us(void) {
    return ferry_platform_now_us();
}

bool ferry_runtime_is_ready(const ferry_wait *waits, size_t count) {
    bool ready = false;
    return ferry_platform_wait(waits, count, 0, NULL, &ready) == FERRY_OK && ready;
}

bool ferry_runtime_can_wait(void) {
    return true;
}

ferry_error ferry_runtime_wakeup_new(ferry_context *context, ferry_wakeup **wakeup) {
    return ferry_wakeup_new(context, wakeup);
}

void ferry_runtime_wakeup_free(ferry_context *context, ferry_wakeup *wakeup) {
    ferry_wakeup_free(context, wakeup);
}

void ferry_runtime_wake(ferry_wakeup *wakeup) {
    ferry_wakeup_tell(wakeup);
}

static ferry_wait_end how_wait_ended(const bool *ready, size_t count, bool any_ready) {
    for (size_t i = 0; i < count; i++) {
        if (ready[i]) {
            return FERRY_WAIT_END_READY;
        }
    }
    return any_ready ? FERRY_WAIT_END_SIGNAL : FERRY_WAIT_END_TIME;
}

static ferry_error wait_fail(ferry_context *context, ferry_error error) {
    return error == FERRY_ERROR_OUT_OF_MEMORY
               ? ferry_fail_memory(context)
               : ferry_fail(context, error, "the system cannot wait for the connection");
}

/* The wakeup is the last of what is waited for. */
ferry_error ferry_runtime_wait(ferry_context *context, ferry_wait *waits, size_t count,
                               ferry_wakeup *wakeup, int timeout_ms, ferry_wait_end *end) {
    bool ready[FERRY_MAX_WAITS + 1];
    bool any_ready = false;
    size_t all = count;
    if (wakeup != NULL) {
        waits[all].events = FERRY_EVENT_READ;
        ferry_error error = ferry_wakeup_get_descriptor(wakeup, context, &waits[all].descriptor);
        if (error != FERRY_OK) {
            return error;
        }
        all++;
    }
    ferry_error error = ferry_platform_wait(waits, all, timeout_ms, ready, &any_ready);
    if (error != FERRY_OK) {
        return wait_fail(context, error);
    }
    if (wakeup != NULL && ready[count]) {
        *end = FERRY_WAIT_END_WOKEN;
        ferry_wakeup_clear(wakeup);
    } else {
        *end = how_wait_ended(ready, count, any_ready);
    }
    return FERRY_OK;
}

ferry_error ferry_runtime_backend_new(ferry_context *context, ferry_exchange *exchange,
                                      ferry_backend **backend) {
    ferry_connector *connector = NULL;
    ferry_error error = ferry_connect_chain_new(context, exchange, &connector);
    if (error != FERRY_OK) {
        return error;
    }
    error = ferry_connection_new(context, exchange, connector, NULL, backend);
    if (error != FERRY_OK) {
        connector->ops->destroy(connector);
    }
    return error;
}
