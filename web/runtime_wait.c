/* SPDX-License-Identifier: MIT */
/* runtime_wait: sleeps, where a program in a browser can. It can on a pthread, since the fetches
 * run on the main thread, and anywhere in a build with Asyncify or JSPI. */
#include "client/runtime.h"

#include "fetch.h"

#include <emscripten.h>
#include <stdatomic.h>

#ifdef __EMSCRIPTEN_PTHREADS__
#include <emscripten/threading.h>
#include <math.h>

static bool is_beside_main_thread(void) {
    return !emscripten_is_main_runtime_thread();
}

/* JavaScript notifies whoever waits on `news`. */
static void sleep_on_thread(ferry_fetch_signal *signal, int timeout_ms) {
    emscripten_futex_wait((volatile void *)&signal->news, (uint32_t)signal->seen,
                          timeout_ms < 0 ? INFINITY : timeout_ms);
}
#else
static bool is_beside_main_thread(void) {
    return false;
}

static void sleep_on_thread(ferry_fetch_signal *signal, int timeout_ms) {
    (void)signal;
    (void)timeout_ms;
}
#endif

bool ferry_runtime_can_wait(void) {
    return is_beside_main_thread() || ferry_js_can_sleep() != 0;
}

ferry_error ferry_runtime_wait(ferry_context *context, const ferry_wait *waits, size_t count,
                               int timeout_ms, bool *ready) {
    ferry_fetch_signal nothing = {0};
    ferry_fetch_signal *signal = count > 0 ? ferry_fetch_signal_of(&waits[0]) : &nothing;
    if (signal == NULL) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "in a browser there is no waiting for a stream of the program's own");
    }
    if (atomic_load(&signal->news) == signal->seen && timeout_ms != 0) {
        if (is_beside_main_thread()) {
            sleep_on_thread(signal, timeout_ms);
        } else {
            __asyncjs__ferry_js_sleep(signal, signal->seen, timeout_ms);
        }
    }
    *ready = atomic_load(&signal->news) != signal->seen;
    return FERRY_OK;
}
