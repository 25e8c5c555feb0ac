/* SPDX-License-Identifier: MIT */
/* bench_web_wait: the measurements with ferry in blocking mode, in a build with Asyncify: the
 * program sleeps until there is something to do. */
#include "bench_web.h"

#include <ferry.h>

static char buffer[BENCH_BUFFER];

/* A whole exchange; the number of its body's bytes goes to `bytes`. */
static ferry_error exchange(ferry_client *client, const char *target, double *bytes) {
    ferry_error error = ferry_client_request(client, FERRY_METHOD_GET, target, NULL, NULL);
    while (error == FERRY_OK && ferry_client_get_status(client) == FERRY_STATUS_REQUESTING) {
        error = ferry_client_poll(client);
    }
    while (error == FERRY_OK && ferry_client_get_status(client) == FERRY_STATUS_BODY) {
        size_t length = 0;
        error = ferry_client_read_response_body(client, buffer, sizeof buffer, &length);
        *bytes += (double)length;
    }
    return error;
}

static ferry_error run(ferry_client *client, bench_mode mode, int requests, double *bytes) {
    ferry_error error = FERRY_OK;
    for (int i = 0; i < requests && error == FERRY_OK; i++) {
        char target[BENCH_TARGET_SIZE];
        bench_write_target(target, mode, i);
        error = exchange(client, target, bytes);
    }
    return error;
}

static ferry_error connect_to(ferry_client *client, int port) {
    ferry_error error = ferry_client_set_blocking_mode(client, true);
    if (error == FERRY_OK) {
        error = ferry_client_connect_to_host(client, "127.0.0.1", port, NULL);
    }
    while (error == FERRY_OK && ferry_client_get_status(client) != FERRY_STATUS_CONNECTED) {
        error = ferry_client_poll(client);
    }
    return error;
}

void bench_start(int mode, int port, int requests, int once_a_frame) {
    (void)once_a_frame; /* it does not poll */
    bench_result result = {0};
    ferry_client *client = ferry_client_new(NULL);
    ferry_error error = connect_to(client, port);
    if (error == FERRY_OK) {
        error = run(client, (bench_mode)mode, requests, &result.bytes);
    }
    if (error != FERRY_OK) {
        bench_fail(ferry_client_get_error_detail(client));
    } else {
        bench_finish(&result);
    }
    ferry_client_free(client);
}
