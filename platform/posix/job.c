/* SPDX-License-Identifier: MIT */
/* job: runs work on a thread of its own, and lets others wait for its end. */
#include "background.h"
#include "platform.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { STACK_SIZE = 256 * 1024 };

/* Belongs to whoever started it and to the thread; the last one frees it. */
struct ferry_job {
    atomic_int owners;
    int pipe[2]; /* the second end is the thread's */
    void (*work)(void *ctx);
    void *ctx;
};

static void job_release(ferry_job *job) {
    if (atomic_fetch_sub(&job->owners, 1) == 1) {
        free(job);
    }
}

static void *job_run(void *argument) {
    ferry_job *job = argument;
    job->work(job->ctx);
    ferry_pipe_tell(job->pipe);
    close(job->pipe[1]);
    job_release(job);
    return NULL;
}

ferry_job *ferry_job_start(void (*work)(void *ctx), void *ctx) {
    ferry_job *job = malloc(sizeof *job);
    if (job == NULL) {
        return NULL;
    }
    *job = (ferry_job){.work = work, .ctx = ctx};
    atomic_init(&job->owners, 2);
    if (ferry_pipe_open(job->pipe) != 0) {
        free(job);
        return NULL;
    }
    if (ferry_thread_start(job_run, job, STACK_SIZE) != 0) {
        ferry_pipe_close(job->pipe);
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
