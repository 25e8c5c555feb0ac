/* SPDX-License-Identifier: MIT */
/* polling: a transfer on the main thread that never blocks: it polls whenever the browser lets it
 * run. usage: polling PORT [growing | high] */
#include "transfer.h"

#include <emscripten.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static transfer download_and_upload;
static size_t pages_at_start;

static void go_on(void *unused) {
    if (transfer_go_on(&download_and_upload)) {
        emscripten_async_call(go_on, unused, 0);
        return;
    }
    if (download_and_upload.grows) {
        printf("memory %s\n",
               __builtin_wasm_memory_size(0) > pages_at_start ? "has grown" : "is as it was");
    }
    exit(download_and_upload.failed);
}

/* Fills the lower half of the address space, so that the client's memory is above it. */
static void fill_lower_half(void) {
    char *volatile block;
    do {
        block = malloc(64 << 20);
    } while (block != NULL && (uintptr_t)block < 0x80000000u);
    printf("memory is %s\n", block == NULL ? "at its end" : "above 2 GiB");
}

int main(int argc, char **argv) {
    if (argc > 2 && strcmp(argv[2], "high") == 0) {
        fill_lower_half();
    }
    pages_at_start = __builtin_wasm_memory_size(0);
    download_and_upload.grows = argc > 2 && strcmp(argv[2], "growing") == 0;
    transfer_begin(&download_and_upload, "main", ferry_client_new(NULL), argv[1]);
    go_on(NULL);
    return 0;
}
