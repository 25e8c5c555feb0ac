/* SPDX-License-Identifier: MIT */
/* wake: what a page does calls ferry_client_wake() while the program sleeps, or before; then a
 * transfer in blocking mode by the same client. usage: wake PORT */
#include "transfer.h"

#include <emscripten.h>
#include <stdio.h>
#include <stdlib.h>

static void wake(void *client) {
    ferry_client_wake(client);
}

/* Nobody answers this one. */
static void request_in_vain(ferry_client *client, const char *port) {
    ferry_error error = ferry_client_connect_to_host(client, "127.0.0.1", atoi(port), NULL);
    if (error == FERRY_OK) {
        error = ferry_client_request(client, FERRY_METHOD_GET, "/never", NULL, NULL);
    }
    printf("%s, %s\n", ferry_error_name(error), ferry_status_name(ferry_client_get_status(client)));
}

int main(int argc, char **argv) {
    (void)argc;
    ferry_client *client = ferry_client_new(NULL);
    ferry_error error = ferry_client_set_blocking_mode(client, true);
    printf("blocking: %s\n", ferry_error_name(error));
    emscripten_async_call(wake, client, 0); /* nothing runs before the program sleeps */
    request_in_vain(client, argv[1]);
    emscripten_async_call(wake, client, 0);
    printf("poll: %s\n", ferry_error_name(ferry_client_poll(client)));
    emscripten_async_call(wake, client, 0);
    printf("wait: %s\n", ferry_error_name(ferry_client_wait(client, -1)));
    ferry_client_close(client);
    ferry_client_wake(client);
    request_in_vain(client, argv[1]);
    ferry_client_close(client);
    transfer t = {0};
    transfer_begin(&t, "main", client, argv[1]);
    while (transfer_go_on(&t)) {
    }
    exit(t.failed);
}
