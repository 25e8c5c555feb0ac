/* SPDX-License-Identifier: MIT */
/* poller_wake: a pipe by which any thread ends a poller's sleep. */
#ifndef FERRY_POSIX_POLLER_WAKE_H
#define FERRY_POSIX_POLLER_WAKE_H

#include <stdatomic.h>

typedef struct ferry_poller_waker {
    int pipe[2];
    atomic_flag is_told; /* there is a byte in the pipe, or will be at once */
} ferry_poller_waker;

/* 0, or -1 and errno. */
int ferry_poller_waker_open(ferry_poller_waker *waker);
void ferry_poller_waker_close(ferry_poller_waker *waker);

/* Makes the pipe readable; from any thread. */
void ferry_poller_waker_tell(ferry_poller_waker *waker);

/* Takes the byte out of the pipe that was found readable. */
void ferry_poller_waker_reset(ferry_poller_waker *waker);

#endif
