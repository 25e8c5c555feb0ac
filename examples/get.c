/* SPDX-License-Identifier: MIT */
/* get: prints what is at some URLs, all of them fetched at once. The same source runs natively, in
 * Node and in a browser.
 *
 *     get URL...
 */
#include "main_loop.h"
#include "standard_files.h"

#include <ferry.h>

#include <stdio.h>
#include <stdlib.h>

static struct {
    ferry_session *session;
    int failures;
} get;

static void show(ferry_transfer *transfer) {
    size_t length;
    const void *body = ferry_transfer_get_body(transfer, &length);
    if (!ferry_transfer_is_ok(transfer)) {
        fprintf(stderr, "get: %s\n", ferry_transfer_get_error_detail(transfer));
        get.failures++;
    } else if (fwrite(body, 1, length, stdout) < length) {
        fprintf(stderr, "get: the output cannot be written\n");
        get.failures++;
    }
}

/* What a game does once a frame. A tool has nothing else to do meanwhile, and sleeps. Returns how
 * many transfers are not done. */
static size_t frame(int timeout_ms) {
    size_t left = ferry_session_poll(get.session, timeout_ms);
    for (ferry_transfer *done; (done = ferry_session_next_done(get.session)) != NULL;) {
        show(done);
        ferry_transfer_free(done);
    }
    return left;
}

static int finish(void) {
    ferry_session_free(get.session);
    if (fflush(stdout) != 0) {
        get.failures++;
    }
    return get.failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv) {
    standard_files_open();
    if (argc < 2) {
        fprintf(stderr, "usage: get URL...\n");
        return 2;
    }
    get.session = ferry_session_new(NULL);
    if (get.session == NULL) {
        fprintf(stderr, "get: out of memory\n");
        return EXIT_FAILURE;
    }
    for (int i = 1; i < argc; i++) {
        ferry_transfer *transfer = ferry_session_get(get.session, argv[i]);
        if (ferry_transfer_get_error(transfer) == FERRY_ERROR_OUT_OF_MEMORY) {
            show(transfer); /* the others come by next_done */
            break;
        }
    }
    return main_loop_run(frame, -1, finish);
}
