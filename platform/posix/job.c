/* SPDX-License-Identifier: MIT */
/* job: work on a thread of its own, whose end can be waited for. */
#if defined(__linux__)
#define _GNU_SOURCE /* pipe2 */
#endif
#include "platform.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { STACK_SIZE = 256 * 1024 };

/* Belongs to whoever started it and to the thread; the last one frees it. */
struct ferry_job {
    atomic_int owners;
    int pipe[2]; /* the thread closes its end when it has ended: the other is readable from then on
                  */
    void (*work)(void *ctx);
    void *ctx;
};

static bool job_open(ferry_job *job) {
#if defined(__linux__)
    return pipe2(job->pipe, O_CLOEXEC) == 0;
#else
    if (pipe(job->pipe) != 0) {
        return false;
    }
    if (fcntl(job->pipe[0], F_SETFD, FD_CLOEXEC) == 0 &&
        fcntl(job->pipe[1], F_SETFD, FD_CLOEXEC) == 0) {
        return true;
    }
    close(job->pipe[0]);
    close(job->pipe[1]);
    return false;
#endif
}

static void job_release(ferry_job *job) {
    if (atomic_fetch_sub(&job->owners, 1) == 1) {
        free(job);
    }
}

static void *job_run(void *argument) {
    ferry_job *job = argument;
    job->work(job->ctx);
    close(job->pipe[1]);
    job_release(job);
    return NULL;
}

static bool job_start(ferry_job *job) {
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    /* Refused where the system wants more: its default is then enough. */
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    /* A thread inherits the mask: the program's signals are for the program's threads. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t thread;
    int error = pthread_create(&thread, &attributes, job_run, job);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error == 0;
}

ferry_job *ferry_job_start(void (*work)(void *ctx), void *ctx) {
    ferry_job *job = malloc(sizeof *job);
    if (job == NULL) {
        return NULL;
    }
    *job = (ferry_job){.work = work, .ctx = ctx};
    atomic_init(&job->owners, 2);
    if (!job_open(job)) {
        free(job);
        return NULL;
    }
    if (!job_start(job)) {
        close(job->pipe[0]);
        close(job->pipe[1]);
        free(job);
        return NULL;
    }
    return job;
}

ferry_descriptor ferry_job_get_descriptor(const ferry_job *job) {
    return job->pipe[0];
}

void ferry_job_free(ferry_job *job) {
    if (job != NULL) {
        close(job->pipe[0]);
        job_release(job);
    }
}
