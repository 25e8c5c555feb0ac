/* SPDX-License-Identifier: MIT */
/* poller_wake: one byte in the pipe at most, so that telling never waits. */
#include "poller_wake.h"

#include "background.h"

#include <errno.h>
#include <unistd.h>

int ferry_poller_waker_open(ferry_poller_waker *waker) {
    atomic_flag_clear(&waker->is_told);
    int error = ferry_pipe_open(waker->pipe);
    errno = error;
    return error == 0 ? 0 : -1;
}

void ferry_poller_waker_close(ferry_poller_waker *waker) {
    ferry_pipe_close(waker->pipe);
}

void ferry_poller_waker_tell(ferry_poller_waker *waker) {
    if (!atomic_flag_test_and_set(&waker->is_told)) {
        ferry_pipe_tell(waker->pipe);
    }
}

/* The byte goes first. Who tells after that and before the flag is cleared adds none, and needs
 * none: the poller has not returned yet. */
void ferry_poller_waker_reset(ferry_poller_waker *waker) {
    char byte;
    ssize_t length = read(waker->pipe[0], &byte, 1);
    (void)length;
    atomic_flag_clear(&waker->is_told);
}
