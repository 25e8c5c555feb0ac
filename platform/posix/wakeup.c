/* SPDX-License-Identifier: MIT */
/* wakeup: a pipe to itself, that a thread sleeps at beside its connections. */
#if defined(__linux__)
#define _GNU_SOURCE /* dup3 */
#endif
#include "background.h"
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <unistd.h>

/* The numbers of the two ends never change: another thread may be about to use the second. */
struct ferry_wakeup {
    int pipe[2];
    atomic_int process; /* whose pipe it is */
};

static ferry_error wakeup_fail(ferry_context *context, int error) {
    return error == ENOMEM ? ferry_fail_memory(context)
                           : ferry_fail(context, FERRY_ERROR_FAILED,
                                        "there is no descriptor left to be woken by");
}

ferry_error ferry_wakeup_new(ferry_context *context, ferry_wakeup **wakeup) {
    ferry_wakeup *made = ferry_alloc(context, sizeof *made);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    atomic_init(&made->process, ferry_platform_process());
    int error = ferry_pipe_open(made->pipe);
    if (error != 0) {
        ferry_free(context, made);
        return wakeup_fail(context, error);
    }
    *wakeup = made;
    return FERRY_OK;
}

void ferry_wakeup_free(ferry_context *context, ferry_wakeup *wakeup) {
    ferry_pipe_close(wakeup->pipe);
    ferry_free(context, wakeup);
}

/* Puts the description that `from` leads to behind the number `to` as well. */
static bool descriptor_replace(int from, int to) {
#if defined(__linux__)
    return dup3(from, to, O_CLOEXEC) >= 0;
#else
    return dup2(from, to) >= 0 && fcntl(to, F_SETFD, FD_CLOEXEC) == 0;
#endif
}

/* A child has the pipe of its parent, whose bytes it must not take, nor give it any. What was told
 * to the child before it has a pipe of its own goes there at last. */
static int wakeup_make_own(ferry_wakeup *wakeup) {
    int fresh[2];
    int error = ferry_pipe_open(fresh);
    if (error != 0) {
        return error;
    }
    if (!descriptor_replace(fresh[0], wakeup->pipe[0]) ||
        !descriptor_replace(fresh[1], wakeup->pipe[1])) {
        error = errno;
    } else {
        atomic_store(&wakeup->process, ferry_platform_process());
        ferry_pipe_tell(wakeup->pipe);
    }
    ferry_pipe_close(fresh);
    return error;
}

ferry_error ferry_wakeup_get_descriptor(ferry_wakeup *wakeup, ferry_context *context,
                                        ferry_descriptor *descriptor) {
    *descriptor = wakeup->pipe[0];
    if (atomic_load(&wakeup->process) == ferry_platform_process()) {
        return FERRY_OK;
    }
    int error = wakeup_make_own(wakeup);
    return error == 0 ? FERRY_OK : wakeup_fail(context, error);
}

void ferry_wakeup_tell(ferry_wakeup *wakeup) {
    int error = errno; /* a signal handler leaves it as it was */
    if (atomic_load(&wakeup->process) == ferry_platform_process()) {
        ferry_pipe_tell(wakeup->pipe);
    }
    errno = error;
}

void ferry_wakeup_clear(ferry_wakeup *wakeup) {
    char told[16];
    ssize_t length = read(wakeup->pipe[0], told, sizeof told);
    (void)length;
}
