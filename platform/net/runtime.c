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

ferry_error ferry_runtime_wait(ferry_context *context, const ferry_wait *waits, size_t count,
                               int timeout_ms, bool *ready) {
    ferry_error error = ferry_platform_wait(waits, count, timeout_ms, NULL, ready);
    if (error == FERRY_ERROR_OUT_OF_MEMORY) {
        return ferry_fail_memory(context);
    }
    if (error != FERRY_OK) {
        return ferry_fail(context, error, "the system cannot wait for the connection");
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
