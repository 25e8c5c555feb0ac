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
    if (ready[0]) {
        return FERRY_WAIT_END_WOKEN;
    }
    for (size_t i = 1; i < count; i++) {
        if (ready[i]) {
            return FERRY_WAIT_END_READY;
        }
    }
    return any_ready ? FERRY_WAIT_END_SIGNAL : FERRY_WAIT_END_TIME;
}

/* The wakeup is the first of what is waited for. */
ferry_error ferry_runtime_wait(ferry_context *context, const ferry_wait *waits, size_t count,
                               ferry_wakeup *wakeup, int timeout_ms, ferry_wait_end *end) {
    ferry_wait all[1 + FERRY_MAX_WAITS];
    bool ready[1 + FERRY_MAX_WAITS];
    bool any_ready = false;
    ferry_error error = FERRY_OK;
    all[0] = (ferry_wait){FERRY_NO_DESCRIPTOR, FERRY_EVENT_READ};
    for (size_t i = 0; i < count; i++) {
        all[1 + i] = waits[i];
    }
    if (wakeup != NULL) {
        error = ferry_wakeup_get_descriptor(wakeup, context, &all[0].descriptor);
    }
    if (error != FERRY_OK) {
        return error;
    }
    error = ferry_platform_wait(all, 1 + count, timeout_ms, ready, &any_ready);
    if (error == FERRY_ERROR_OUT_OF_MEMORY) {
        return ferry_fail_memory(context);
    }
    if (error != FERRY_OK) {
        return ferry_fail(context, error, "the system cannot wait for the connection");
    }
    *end = how_wait_ended(ready, 1 + count, any_ready);
    if (*end == FERRY_WAIT_END_WOKEN) {
        ferry_wakeup_clear(wakeup);
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
