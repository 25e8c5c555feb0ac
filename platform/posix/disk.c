/* SPDX-License-Identifier: MIT */
/* disk: one thread for all files of a session makes every call that may wait for a disk. What
 * passes between it and the session's thread is under one mutex, which is never held during such a
 * call. */
#include "disk_job.h"

#include "background.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STACK_SIZE = 128 * 1024 };

/* ---- The thread ---- */

static void disk_release(ferry_disk *disk) {
    pthread_mutex_lock(&disk->mutex);
    bool is_last = --disk->owners == 0;
    pthread_mutex_unlock(&disk->mutex);
    if (is_last) {
        ferry_poller_waker_close(&disk->waker);
        pthread_cond_destroy(&disk->work);
        pthread_mutex_destroy(&disk->mutex);
        free(disk);
    }
}

static void *disk_run(void *argument) {
    ferry_disk *disk = argument;
    pthread_mutex_lock(&disk->mutex);
    for (;;) {
        ferry_list_node *node = ferry_list_take(&disk->jobs);
        if (node == NULL && disk->is_ending) {
            break;
        }
        if (node == NULL) {
            pthread_cond_wait(&disk->work, &disk->mutex);
            continue;
        }
        ferry_disk_job *job = FERRY_LIST_ITEM(node, ferry_disk_job, node);
        pthread_mutex_unlock(&disk->mutex);
        bool may_have_more = job->ops->work(job);
        pthread_mutex_lock(&disk->mutex);
        if (may_have_more) {
            ferry_disk_job_hand_over(job);
        } else if (job->is_closed && !ferry_list_has(&job->node)) {
            pthread_mutex_unlock(&disk->mutex);
            job->ops->destroy(job);
            pthread_mutex_lock(&disk->mutex);
        }
    }
    pthread_mutex_unlock(&disk->mutex);
    disk_release(disk);
    return NULL;
}

/* ---- Jobs ---- */

void ferry_disk_job_hand_over(ferry_disk_job *job) {
    if (!ferry_list_has(&job->node)) {
        ferry_list_append(&job->disk->jobs, &job->node);
        pthread_cond_signal(&job->disk->work);
    }
}

void ferry_disk_job_close(ferry_disk_job *job) {
    ferry_disk *disk = job->disk;
    pthread_mutex_lock(&disk->mutex);
    job->is_closed = true;
    ferry_disk_job_hand_over(job);
    pthread_mutex_unlock(&disk->mutex);
}

bool ferry_disk_job_is_closed(ferry_disk_job *job) {
    pthread_mutex_lock(&job->disk->mutex);
    bool is_closed = job->is_closed;
    pthread_mutex_unlock(&job->disk->mutex);
    return is_closed;
}

/* ---- The session's side ---- */

ferry_error ferry_disk_new(ferry_context *context, ferry_disk **result) {
    ferry_disk *disk = malloc(sizeof *disk);
    if (disk == NULL) {
        return ferry_fail_memory(context);
    }
    *disk = (ferry_disk){.owners = 2};
    ferry_list_init(&disk->jobs);
    pthread_mutex_init(&disk->mutex, NULL);
    pthread_cond_init(&disk->work, NULL);
    int error = ferry_poller_waker_open(&disk->waker) == 0 ? 0 : errno;
    if (error == 0) {
        error = ferry_thread_start(disk_run, disk, STACK_SIZE);
        if (error != 0) {
            ferry_poller_waker_close(&disk->waker);
        }
    }
    if (error != 0) {
        pthread_cond_destroy(&disk->work);
        pthread_mutex_destroy(&disk->mutex);
        free(disk);
        return ferry_fail(context, FERRY_ERROR_FAILED,
                          "there is no thread to read and write files with: %s", strerror(error));
    }
    *result = disk;
    return FERRY_OK;
}

void ferry_disk_free(ferry_disk *disk) {
    if (disk == NULL) {
        return;
    }
    pthread_mutex_lock(&disk->mutex);
    disk->is_ending = true;
    pthread_cond_signal(&disk->work);
    pthread_mutex_unlock(&disk->mutex);
    disk_release(disk);
}

ferry_descriptor ferry_disk_get_descriptor(const ferry_disk *disk) {
    return disk->waker.pipe[0];
}

void ferry_disk_reset(ferry_disk *disk) {
    ferry_poller_waker_reset(&disk->waker);
}
