/* SPDX-License-Identifier: MIT */
/* bench_web_session: the measurements with a session: requests that are all started in one frame,
 * and a large body that streams while frames are drawn. */
#include "bench_web.h"

#include <emscripten/eventloop.h>
#include <emscripten/html5.h>
#include <ferry.h>
#include <string.h>

enum { MOST_REQUESTS = 1000 };

static struct {
    bench_mode mode;
    long requests;
    bool once_a_frame;
    ferry_session *session;
    ferry_transfer *transfers[MOST_REQUESTS];
    double began_ms;
    double previous_ms; /* frame; 0: there is none yet */
    bench_result result;
    char buffer[BENCH_BUFFER];
} run;

/* What a program does with bytes that are handed to it: it puts them somewhere. */
static ferry_error on_data(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    (void)ctx;
    (void)transfer;
    memcpy(run.buffer, data, length < sizeof run.buffer ? length : sizeof run.buffer);
    run.result.bytes += (double)length;
    return FERRY_OK;
}

static void start_all(void) {
    run.began_ms = emscripten_get_now();
    for (long i = 0; i < run.requests; i++) {
        char target[BENCH_TARGET_SIZE];
        bench_write_target(target, run.mode, i);
        ferry_session_request request = {.url = target};
        if (run.mode == BENCH_MODE_BIG) {
            request.functions.on_data = on_data;
        }
        run.transfers[i] = ferry_session_start(run.session, &request);
    }
}

static const char *transfer_find_fault(const ferry_transfer *transfer) {
    size_t length;
    ferry_transfer_get_body(transfer, &length);
    run.result.bytes += (double)length;
    if (!ferry_transfer_is_ok(transfer)) {
        return "a transfer has failed";
    }
    bool is_right = run.mode == BENCH_MODE_BIG || length == BENCH_SMALL_BODY;
    return is_right ? NULL : "a response is not the one expected";
}

static void finish(void) {
    const char *fault = NULL;
    run.result.seconds = (emscripten_get_now() - run.began_ms) / 1000;
    for (long i = 0; i < run.requests; i++) {
        const char *its = transfer_find_fault(run.transfers[i]);
        fault = fault != NULL ? fault : its;
        ferry_transfer_free(run.transfers[i]);
    }
    ferry_session_free(run.session);
    if (fault != NULL) {
        bench_fail(fault);
    } else {
        bench_finish(&run.result);
    }
}

/* False when all has ended. */
static bool turn(void) {
    double began_ms = emscripten_get_now();
    bool goes_on = ferry_session_poll(run.session, 0) > 0;
    double took_ms = emscripten_get_now() - began_ms;
    run.result.turns++;
    run.result.longest_ms = took_ms > run.result.longest_ms ? took_ms : run.result.longest_ms;
    return goes_on;
}

static EM_BOOL on_turn(void *data) {
    (void)data;
    if (turn()) {
        return EM_TRUE;
    }
    finish();
    return EM_FALSE;
}

static EM_BOOL on_frame(double time_ms, void *data) {
    (void)data;
    bench_note_frame(&run.result, run.previous_ms, time_ms);
    run.previous_ms = time_ms;
    return on_turn(NULL);
}

static EM_BOOL on_first_frame(double time_ms, void *data) {
    (void)data;
    run.previous_ms = time_ms;
    start_all();
    if (run.once_a_frame) {
        emscripten_request_animation_frame_loop(on_frame, NULL);
    } else {
        emscripten_set_immediate_loop(on_turn, NULL);
    }
    return EM_FALSE;
}

void bench_start(int mode, int port, int requests, int once_a_frame) {
    (void)port; /* its URLs are relative to the page's */
    run.mode = (bench_mode)mode;
    run.requests = requests < MOST_REQUESTS ? requests : MOST_REQUESTS;
    run.once_a_frame = once_a_frame != 0;
    run.result = (bench_result){0};
    run.session = ferry_session_new(NULL);
    emscripten_request_animation_frame(on_first_frame, NULL);
}
