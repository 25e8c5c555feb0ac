/* SPDX-License-Identifier: MIT */
/* background: threads and pipes for work that would make a frame late. */
#if defined(__linux__)
#define _GNU_SOURCE /* pipe2 */
#endif
#include "background.h"

#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

static int pipe_make(int ends[2]) {
#if defined(__linux__)
    return pipe2(ends, O_CLOEXEC | O_NONBLOCK);
#else
    return pipe(ends);
#endif
}

static int pipe_set_up(int ends[2]) {
    for (int i = 0; i < 2; i++) {
        ends[i] = ferry_descriptor_lift(ends[i]);
        if (ends[i] < 0) {
            return errno;
        }
#if !defined(__linux__)
        if (fcntl(ends[i], F_SETFD, FD_CLOEXEC) != 0 || fcntl(ends[i], F_SETFL, O_NONBLOCK) != 0) {
            return errno;
        }
#endif
    }
    return 0;
}

int ferry_pipe_open(int ends[2]) {
    if (pipe_make(ends) != 0) {
        ends[0] = -1;
        ends[1] = -1;
        return errno;
    }
    int error = pipe_set_up(ends);
    if (error != 0) {
        ferry_pipe_close(ends);
    }
    return error;
}

void ferry_pipe_close(int ends[2]) {
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0) {
            close(ends[i]);
            ends[i] = -1;
        }
    }
}

void ferry_pipe_tell(const int ends[2]) {
    /* There is room. Where nobody reads it any more the signal is one that the thread blocks. */
    ssize_t written = write(ends[1], "", 1);
    (void)written;
}

int ferry_thread_start(void *(*run)(void *argument), void *argument, size_t stack_size) {
    pthread_attr_t attributes;
    int error = pthread_attr_init(&attributes);
    if (error != 0) {
        return error;
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* Refused where the system wants more: its default is then enough. */
    pthread_attr_setstacksize(&attributes, stack_size);
    /* A thread inherits the mask: the program's signals are for the program's threads. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    error = pthread_create(&thread, &attributes, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error;
}
