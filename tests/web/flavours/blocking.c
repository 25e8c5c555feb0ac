/* SPDX-License-Identifier: MIT */
/* blocking: a transfer in blocking mode, or the reason why there is none. usage: blocking PORT */
#include "transfer.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    (void)argc;
    ferry_client *client = ferry_client_new(NULL);
    ferry_error error = ferry_client_set_blocking_mode(client, true);
    if (error) {
        printf("%s: %s\n", ferry_error_name(error), ferry_client_get_error_detail(client));
        ferry_client_free(client);
        return 1;
    }
    transfer t = {0};
    int polls = 0;
    transfer_begin(&t, "main", client, argv[1]);
    while (transfer_go_on(&t)) {
        polls++;
    }
    /* A poll that blocks returns when there is something new; one that spins does so far more. */
    printf("%s\n", polls < 100 ? "it slept" : "it did not sleep");
    exit(t.failed); /* what main returns is lost once it has slept in an old Asyncify */
}
