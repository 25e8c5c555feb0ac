/* SPDX-License-Identifier: MIT */
/* bench_web: what the programs of the web benchmark share: the modes, the sizes, and how a program
 * tells the page that it has finished. */
#ifndef BENCH_WEB_H
#define BENCH_WEB_H

#include <emscripten.h>
#include <emscripten/heap.h>
#include <stdbool.h>
#include <stdio.h>

/* As bench/web/page.mjs has them. */
typedef enum bench_mode {
    BENCH_MODE_SEQUENCE = 0, /* small bodies, one after another */
    BENCH_MODE_MANY = 1,     /* small bodies, BENCH_CLIENTS at a time */
    BENCH_MODE_BIG = 2,      /* large bodies, one after another */
    BENCH_MODE_BURST = 3,    /* small bodies, all asked for in one frame */
} bench_mode;

enum {
    BENCH_CLIENTS = 50,
    BENCH_SMALL_BODY = 1024,
    BENCH_BUFFER = 1024 * 1024,
    BENCH_TARGET_SIZE = 32,
};

/* What a run has to say besides how long it took, which the page measures. */
typedef struct bench_result {
    double bytes;
    int turns;         /* of the program's loop, or frames */
    double longest_ms; /* that the program's part of a frame took */
    double seconds;    /* from the frame that started it; 0: as the page measures */
    int gaps;          /* frames that came later than one and a half after the one before */
    double longest_gap_ms;
} bench_result;

#define BENCH_FRAME_MS (1000.0 / 60)

static inline void bench_note_frame(bench_result *result, double previous_ms, double now_ms) {
    double gap_ms = now_ms - previous_ms;
    result->gaps += gap_ms > 1.5 * BENCH_FRAME_MS;
    result->longest_gap_ms = gap_ms > result->longest_gap_ms ? gap_ms : result->longest_gap_ms;
}

/* `failure` is "" where all went well. */
/* clang-format off */
EM_JS(void, bench_tell_page, (double bytes, int turns, double longest_ms, double seconds, int gaps,
                              double longest_gap_ms, double heap, const char *failure), {
    var result = { bytes, turns, longest_ms, gaps, longest_gap_ms, heap_bytes: heap };
    if (seconds > 0) result.seconds = seconds;
    Module.finished(result, UTF8ToString(failure));
});
/* clang-format on */

static inline void bench_finish(const bench_result *result) {
    bench_tell_page(result->bytes, result->turns, result->longest_ms, result->seconds, result->gaps,
                    result->longest_gap_ms, (double)emscripten_get_heap_size(), "");
}

static inline void bench_fail(const char *failure) {
    bench_tell_page(0, 0, 0, 0, 0, 0, 0, failure);
}

/* Each target is another one, so that no cache has it and none makes one request wait for another
 * for the same thing. */
static inline void bench_write_target(char target[BENCH_TARGET_SIZE], bench_mode mode, long index) {
    bool is_small = mode != BENCH_MODE_BIG;
    snprintf(target, BENCH_TARGET_SIZE, "/%s?%ld", is_small ? "1k" : "big", index);
}

/* Starts a run; the page calls it. A program that polls does so once a frame if it is asked to, and
 * otherwise at every turn of the event loop. */
EMSCRIPTEN_KEEPALIVE void bench_start(int mode, int port, int requests, int once_a_frame);

#endif
