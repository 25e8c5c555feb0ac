/* SPDX-License-Identifier: MIT */
/* bench_web_ferry: the measurements with ferry as a program without Asyncify drives it: it polls
 * its clients at every turn of the event loop, or once a frame. */
#include "bench_web.h"

#include <emscripten/eventloop.h>
#include <emscripten/html5.h>
#include <ferry.h>

typedef struct member {
    ferry_client *client;
    int64_t bytes; /* of the body that it reads */
    bool under_way;
} member;

static struct {
    bench_mode mode;
    long requests;
    long started;
    long ended;
    int members;
    member member[BENCH_CLIENTS];
    bench_result result;
    const char *failure;
    char buffer[BENCH_BUFFER];
} run;

static bool expect_ok(const ferry_client *client, ferry_error error) {
    if (error != FERRY_OK) {
        run.failure = ferry_client_get_error_detail(client);
    }
    return error == FERRY_OK;
}

static void member_start(member *one) {
    char target[BENCH_TARGET_SIZE];
    bench_write_target(target, run.mode, run.started++);
    one->bytes = 0;
    one->under_way = expect_ok(
        one->client, ferry_client_request(one->client, FERRY_METHOD_GET, target, NULL, NULL));
}

static void member_read(member *one) {
    size_t length = 0;
    do {
        ferry_error error =
            ferry_client_read_response_body(one->client, run.buffer, sizeof run.buffer, &length);
        if (!expect_ok(one->client, error)) {
            return;
        }
        one->bytes += (int64_t)length;
    } while (length > 0);
}

static void member_end(member *one) {
    bool is_small = run.mode == BENCH_MODE_SEQUENCE || run.mode == BENCH_MODE_MANY;
    if (ferry_client_get_response_code(one->client) != 200 ||
        (is_small && one->bytes != BENCH_SMALL_BODY)) {
        run.failure = "a response is not the one expected";
    }
    run.result.bytes += (double)one->bytes;
    run.ended++;
    one->under_way = false;
}

static void member_step(member *one) {
    if (!expect_ok(one->client, ferry_client_poll(one->client))) {
        return;
    }
    if (ferry_client_get_status(one->client) == FERRY_STATUS_BODY) {
        member_read(one);
    }
    if (ferry_client_get_status(one->client) != FERRY_STATUS_CONNECTED) {
        return;
    }
    if (one->under_way) {
        member_end(one);
    }
    if (run.started < run.requests) {
        member_start(one);
    }
}

static void finish(void) {
    if (run.failure != NULL) {
        bench_fail(run.failure);
    } else {
        bench_finish(&run.result);
    }
    for (int i = 0; i < run.members; i++) {
        ferry_client_free(run.member[i].client);
    }
}

/* One poll of every client and all that can be read of them; false when all has ended. */
static bool turn(void) {
    for (int i = 0; i < run.members && run.failure == NULL; i++) {
        member_step(&run.member[i]);
    }
    run.result.turns++;
    return run.failure == NULL && run.ended < run.requests;
}

static EM_BOOL on_turn(void *data) {
    (void)data;
    if (turn()) {
        return EM_TRUE;
    }
    finish();
    return EM_FALSE;
}

static EM_BOOL on_frame(double time, void *data) {
    (void)time;
    (void)data;
    double began = emscripten_get_now();
    bool goes_on = turn();
    double took = emscripten_get_now() - began;
    run.result.longest_ms = took > run.result.longest_ms ? took : run.result.longest_ms;
    if (goes_on) {
        return EM_TRUE;
    }
    finish();
    return EM_FALSE;
}

static bool member_open(member *one, int port) {
    *one = (member){.client = ferry_client_new(NULL)};
    return expect_ok(one->client,
                     ferry_client_connect_to_host(one->client, "127.0.0.1", port, NULL));
}

void bench_start(int mode, int port, int requests, int once_a_frame) {
    run.mode = (bench_mode)mode;
    run.requests = requests;
    run.started = 0;
    run.ended = 0;
    run.result = (bench_result){0};
    run.failure = NULL;
    run.members = 0;
    do {
        member_open(&run.member[run.members++], port);
    } while (run.mode == BENCH_MODE_MANY && run.members < BENCH_CLIENTS);
    if (once_a_frame != 0) {
        emscripten_request_animation_frame_loop(on_frame, NULL);
    } else {
        emscripten_set_immediate_loop(on_turn, NULL);
    }
}
