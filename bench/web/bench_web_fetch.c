/* SPDX-License-Identifier: MIT */
/* bench_web_fetch: the measurements with emscripten_fetch, which puts each body into memory as a
 * whole: its streaming needs a responseType that browsers no longer have. */
#include "bench_web.h"

#include <emscripten/fetch.h>

static struct {
    bench_mode mode;
    long requests;
    long started;
    long ended;
    bench_result result;
    const char *failure;
} run;

static void start_next(void);

static void on_success(emscripten_fetch_t *fetch) {
    bool is_small = run.mode == BENCH_MODE_SEQUENCE || run.mode == BENCH_MODE_MANY;
    if (fetch->status != 200 || (is_small && fetch->numBytes != BENCH_SMALL_BODY)) {
        run.failure = "a response is not the one expected";
    }
    run.result.bytes += (double)fetch->numBytes;
    emscripten_fetch_close(fetch);
    run.ended++;
    if (run.failure == NULL && run.started < run.requests) {
        start_next();
    } else if (run.failure != NULL) {
        bench_fail(run.failure);
    } else if (run.ended == run.requests) {
        bench_finish(&run.result);
    }
}

static void on_error(emscripten_fetch_t *fetch) {
    emscripten_fetch_close(fetch);
    bench_fail("emscripten_fetch failed");
}

static void start_next(void) {
    char target[BENCH_TARGET_SIZE];
    bench_write_target(target, run.mode, run.started++);
    emscripten_fetch_attr_t attributes;
    emscripten_fetch_attr_init(&attributes);
    /* Without REPLACE it would look into its own cache, in IndexedDB, first. */
    attributes.attributes = EMSCRIPTEN_FETCH_LOAD_TO_MEMORY | EMSCRIPTEN_FETCH_REPLACE;
    attributes.onsuccess = on_success;
    attributes.onerror = on_error;
    emscripten_fetch(&attributes, target);
}

void bench_start(int mode, int port, int requests, int once_a_frame) {
    (void)once_a_frame; /* it does not poll */
    (void)port;         /* a target on its own is one of the page's origin */
    run.mode = (bench_mode)mode;
    run.requests = requests;
    run.started = 0;
    run.ended = 0;
    run.result = (bench_result){0};
    run.failure = NULL;
    do {
        start_next();
    } while (run.mode == BENCH_MODE_MANY && run.started < BENCH_CLIENTS &&
             run.started < run.requests);
}
