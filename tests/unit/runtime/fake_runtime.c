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

/* There is one thread: whoever wakes the client does so within its sleep, or before. */
struct ferry_wakeup {
    bool is_told;
};

static ferry_wakeup wakeup;

ferry_error ferry_runtime_wakeup_new(ferry_context *context, ferry_wakeup **made) {
    (void)context;
    wakeup.is_told = false;
    *made = &wakeup;
    return FERRY_OK;
}

void ferry_runtime_wakeup_free(ferry_context *context, ferry_wakeup *made) {
    (void)context;
    (void)made;
}

void ferry_runtime_wake(ferry_wakeup *made) {
    made->is_told = true;
}

ferry_error ferry_runtime_wait(ferry_context *context, ferry_wait *waits, size_t count,
                               ferry_wakeup *made, int timeout_ms, ferry_wait_end *end) {
    int64_t sleep_us = machine.until_ready(events_of(waits, count));
    if (made != NULL && made->is_told) {
        made->is_told = false;
        *end = FERRY_WAIT_END_WOKEN;
        return FERRY_OK;
    }
    if (sleep_us == FAKE_SIGNAL) {
        *end = FERRY_WAIT_END_SIGNAL;
        return FERRY_OK;
    }
    bool is_ready = sleep_us >= 0 && (timeout_ms < 0 || sleep_us <= timeout_ms * INT64_C(1000));
    *end = is_ready ? FERRY_WAIT_END_READY : FERRY_WAIT_END_TIME;
    if (!is_ready && timeout_ms < 0) {
        machine.slept_for_ever = true;
        return ferry_fail(context, FERRY_ERROR_FAILED, "nothing would end this sleep");
    }
    machine.now_us += is_ready ? sleep_us : timeout_ms * INT64_C(1000);
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
