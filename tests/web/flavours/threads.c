/* SPDX-License-Identifier: MIT */
/* threads: a transfer that polls on the main thread, and at the same time one in blocking mode on
 * another, which makes the memory grow. Before that, the main thread ends a wait of the other's
 * that nothing else would end. usage: threads PORT */
#include "transfer.h"

#include <emscripten.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static transfer polled;
static transfer blocked = {.grows = true};
static bool polled_has_ended;
static atomic_bool blocked_has_ended;
static _Atomic(ferry_client *) waiting; /* NULL: nobody waits in vain */

static void *block(void *port) {
    ferry_client *client = ferry_client_new(NULL);
    ferry_error error = ferry_client_set_blocking_mode(client, true);
    if (error) {
        printf("thread: %s: %s\n", ferry_error_name(error), ferry_client_get_error_detail(client));
    }
    atomic_store(&waiting, client);
    error = ferry_client_connect_to_host(client, "127.0.0.1", atoi(port), NULL);
    if (!error) {
        error = ferry_client_request(client, FERRY_METHOD_GET, "/never", NULL, NULL);
    }
    printf("thread: woken: %s\n", ferry_error_name(error));
    ferry_client_close(client);
    transfer_begin(&blocked, "thread", client, port);
    while (transfer_go_on(&blocked)) {
    }
    atomic_store(&blocked_has_ended, true);
    return NULL;
}

static void go_on(void *unused) {
    ferry_client *sleeper = atomic_exchange(&waiting, NULL);
    if (sleeper != NULL) {
        ferry_client_wake(sleeper);
    }
    polled_has_ended = polled_has_ended || !transfer_go_on(&polled);
    if (!polled_has_ended || !atomic_load(&blocked_has_ended)) {
        emscripten_async_call(go_on, unused, 0);
        return;
    }
    exit(polled.failed || blocked.failed);
}

int main(int argc, char **argv) {
    (void)argc;
    ferry_client *client = ferry_client_new(NULL);
    ferry_error error = ferry_client_set_blocking_mode(client, true);
    printf("blocking on the main thread: %s\n", ferry_error_name(error));
    pthread_t thread;
    if (pthread_create(&thread, NULL, block, argv[1]) != 0) {
        puts("there is no thread");
        return 1;
    }
    transfer_begin(&polled, "main", client, argv[1]);
    go_on(NULL);
    return 0;
}
