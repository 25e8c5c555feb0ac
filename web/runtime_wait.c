/* SPDX-License-Identifier: MIT */
/* runtime_wait: sleeps, where a program in a browser can. It can on a pthread, since the fetches
 * run on the main thread, and anywhere in a build with Asyncify or JSPI. */
#include "client/runtime.h"

#include "fetch.h"

#include <emscripten.h>
#include <stdatomic.h>

#ifdef __EMSCRIPTEN_PTHREADS__
#include <emscripten/threading.h>
#include <limits.h>
#include <math.h>

static bool is_beside_main_thread(void) {
    return !emscripten_is_main_runtime_thread();
}

/* JavaScript notifies whoever waits on `news`. */
static void sleep_on_thread(ferry_fetch_signal *signal, int timeout_ms) {
    emscripten_futex_wait((volatile void *)&signal->news, (uint32_t)signal->seen,
                          timeout_ms < 0 ? INFINITY : timeout_ms);
}

static void wake_threads(ferry_fetch_signal *signal) {
    emscripten_futex_wake((volatile void *)&signal->news, INT_MAX);
}
#else
static bool is_beside_main_thread(void) {
    return false;
}

static void sleep_on_thread(ferry_fetch_signal *signal, int timeout_ms) {
    (void)signal;
    (void)timeout_ms;
}

static void wake_threads(ferry_fetch_signal *signal) {
    (void)signal;
}
#endif

bool ferry_runtime_can_wait(void) {
    return is_beside_main_thread() || ferry_js_can_sleep() != 0;
}

/* It has no signal of its own to sleep at, since one can sleep at one only: that of the fetch,
 * which lives as long as the client. */
struct ferry_wakeup {
    _Atomic(ferry_fetch_signal *) sleeps_at; /* NULL: nobody sleeps */
    atomic_bool is_on_thread;                /* the one that sleeps */
    atomic_bool is_told;
    ferry_fetch_signal nothing; /* for a sleep in which only the time passes */
};

ferry_error ferry_runtime_wakeup_new(ferry_context *context, ferry_wakeup **wakeup) {
    *wakeup = ferry_alloc(context, sizeof **wakeup);
    if (*wakeup == NULL) {
        return ferry_fail_memory(context);
    }
    **wakeup = (ferry_wakeup){.is_told = false};
    return FERRY_OK;
}

void ferry_runtime_wakeup_free(ferry_context *context, ferry_wakeup *wakeup) {
    ferry_free(context, wakeup);
}

void ferry_runtime_wake(ferry_wakeup *wakeup) {
    atomic_store(&wakeup->is_told, true);
    ferry_fetch_signal *signal = atomic_load(&wakeup->sleeps_at);
    if (signal == NULL) {
        return;
    }
    if (atomic_load(&wakeup->is_on_thread)) { /* whoever then looks for the news finds none */
        atomic_fetch_add(&signal->news, 1);
        wake_threads(signal);
    } else {
        ferry_js_resume(signal);
    }
}

static void sleep_at(ferry_fetch_signal *signal, int timeout_ms) {
    if (atomic_load(&signal->news) == signal->seen && timeout_ms != 0) {
        if (is_beside_main_thread()) {
            sleep_on_thread(signal, timeout_ms);
        } else {
            __asyncjs__ferry_js_sleep(signal, signal->seen, timeout_ms);
        }
    }
}

/* Returns true if somebody tells, or has told before. */
static bool sleep_until_told(ferry_wakeup *wakeup, ferry_fetch_signal *signal, int timeout_ms) {
    atomic_store(&wakeup->is_on_thread, is_beside_main_thread());
    atomic_store(&wakeup->sleeps_at, signal);
    bool is_told = atomic_exchange(&wakeup->is_told, false);
    if (!is_told) {
        sleep_at(signal, timeout_ms);
        is_told = atomic_exchange(&wakeup->is_told, false);
    }
    atomic_store(&wakeup->sleeps_at, NULL);
    return is_told;
}

ferry_error ferry_runtime_wait(ferry_context *context, ferry_wait *waits, size_t count,
                               ferry_wakeup *wakeup, int timeout_ms, ferry_wait_end *end) {
    ferry_fetch_signal time_only = {0};
    ferry_fetch_signal *nothing = wakeup != NULL ? &wakeup->nothing : &time_only;
    ferry_fetch_signal *signal = count > 0 ? ferry_fetch_signal_of(&waits[0]) : nothing;
    if (signal == NULL) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "in a browser there is no waiting for a stream of the program's own");
    }
    nothing->seen = atomic_load(&nothing->news);
    bool is_told = false;
    if (wakeup != NULL) {
        is_told = sleep_until_told(wakeup, signal, timeout_ms);
    } else {
        sleep_at(signal, timeout_ms);
    }
    bool has_news = atomic_load(&signal->news) != signal->seen;
    *end = is_told ? FERRY_WAIT_END_WOKEN : has_news ? FERRY_WAIT_END_READY : FERRY_WAIT_END_TIME;
    return FERRY_OK;
}
