/* SPDX-License-Identifier: MIT */
/* runtime: gives the client the clock and the backend of a browser, or of Node. */
#include "client/runtime.h"

#include "fetch.h"

#include <emscripten.h>
#include <stdatomic.h>

/* The bytes are in memory: to read them is to copy them, which takes 0.2 to 0.5 ms for so many. A
 * program that polls at 60 Hz can take 250 MB/s. */
const size_t ferry_runtime_poll_budget = (size_t)4 * 1024 * 1024;
const int64_t ferry_runtime_work_us = 1000;

int64_t ferry_runtime_now_ms(void) {
    return (int64_t)emscripten_get_now();
}

int64_t ferry_runtime_now_us(void) {
    return (int64_t)(emscripten_get_now() * 1000);
}

bool ferry_runtime_is_ready(const ferry_wait *waits, size_t count) {
    const ferry_fetch_signal *signal = count > 0 ? ferry_fetch_signal_of(&waits[0]) : NULL;
    return signal != NULL && atomic_load(&signal->news) != signal->seen;
}

ferry_error ferry_runtime_backend_new(ferry_context *context, ferry_exchange *exchange,
                                      ferry_backend **backend) {
    return ferry_fetch_backend_new(context, exchange, backend);
}
