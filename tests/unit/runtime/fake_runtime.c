/* SPDX-License-Identifier: MIT */
/* fake_runtime: the clock is a number, and to sleep is to add to it. */
#include "fake_runtime.h"

#include "client/runtime.h"
#include "wire/connection.h"

fake_runtime machine;

const size_t ferry_runtime_poll_budget = (size_t)1024 * 1024;
const int64_t ferry_runtime_work_us = 1000;

int64_t ferry_runtime_now_ms(void) {
    machine.clock_reads++;
    return machine.now_us / 1000;
}

int64_t ferry_runtime_now_us(void) {
    machine.clock_reads++;
    return machine.now_us;
}

static unsigned events_of(const ferry_wait *waits, size_t count) {
    unsigned events = 0;
    for (size_t i = 0; i < count; i++) {
        events |= waits[i].events;
    }
    return events;
}

bool ferry_runtime_is_ready(const ferry_wait *waits, size_t count) {
    return machine.until_ready(events_of(waits, count)) == 0;
}

bool ferry_runtime_can_wait(void) {
    return true;
}

ferry_error ferry_runtime_wait(ferry_context *context, const ferry_wait *waits, size_t count,
                               int timeout_ms, bool *ready) {
    int64_t sleep_us = machine.until_ready(events_of(waits, count));
    *ready = sleep_us >= 0 && (timeout_ms < 0 || sleep_us <= timeout_ms * INT64_C(1000));
    if (!*ready && timeout_ms < 0) {
        machine.slept_for_ever = true;
        return ferry_fail(context, FERRY_ERROR_FAILED, "nothing would end this sleep");
    }
    machine.now_us += *ready ? sleep_us : timeout_ms * INT64_C(1000);
    return FERRY_OK;
}

bool ferry_runtime_random(void *dst, size_t length) {
    for (size_t i = 0; i < length; i++) {
        ((unsigned char *)dst)[i] = (unsigned char)(machine.random + i);
    }
    return !machine.has_no_random;
}

ferry_error ferry_runtime_backend_new(ferry_context *context, ferry_exchange *exchange,
                                      ferry_backend **backend) {
    machine.context = context;
    return ferry_connection_new(context, exchange, machine.connector, NULL, backend);
}
