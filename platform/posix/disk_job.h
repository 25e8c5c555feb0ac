/* SPDX-License-Identifier: MIT */
/* disk_job: what the files of a session share with its thread, each of which is a job. */
#ifndef FERRY_POSIX_DISK_JOB_H
#define FERRY_POSIX_DISK_JOB_H

#include "poller_wake.h"
#include "session/disk.h"

#include <pthread.h>

enum {
    FERRY_DISK_BLOCK_SIZE = 128 * 1024,
    FERRY_DISK_MAX_BLOCKS = 8, /* of one file that wait */
    FERRY_DISK_REASON_SIZE = 400,
};

typedef struct ferry_disk_job ferry_disk_job;

typedef struct ferry_disk_job_ops {
    /* On the thread: does one thing, with one block at most, since all other jobs wait for it.
     * False: there was nothing to do. */
    bool (*work)(ferry_disk_job *job);
    /* On the thread, once the job is closed and there is nothing to do. */
    void (*destroy)(ferry_disk_job *job);
} ferry_disk_job_ops;

struct ferry_disk_job {
    const ferry_disk_job_ops *ops;
    ferry_disk *disk;
    ferry_list_node node; /* in disk.jobs */
    bool is_closed;       /* under the mutex */
};

typedef struct ferry_disk_block {
    struct ferry_disk_block *next;
    size_t length;
    char bytes[FERRY_DISK_BLOCK_SIZE];
} ferry_disk_block;

struct ferry_disk {
    pthread_mutex_t mutex;
    pthread_cond_t work; /* there is something to do for the thread */
    ferry_poller_waker waker;
    ferry_list_node jobs; /* that may have work; each has its turn, and goes to the end */
    int owners;           /* the session, and the thread */
    bool is_ending;
};

/* There is work for the job; under the mutex. */
void ferry_disk_job_hand_over(ferry_disk_job *job);

/* No call for the job comes any more: the thread destroys it, since it may have to remove what it
 * made. */
void ferry_disk_job_close(ferry_disk_job *job);

/* During work, without the mutex. */
bool ferry_disk_job_is_closed(ferry_disk_job *job);

#endif
