/* SPDX-License-Identifier: MIT */
/* disk_file_state: how far a file is, and why it has failed, as the thread tells the session. */
#include "disk_file_state.h"

#include "new_file.h"

void ferry_disk_file_change(ferry_disk_file *file, ferry_disk_state state) {
    pthread_mutex_lock(&file->job.disk->mutex);
    file->state = state;
    pthread_mutex_unlock(&file->job.disk->mutex);
    ferry_poller_waker_tell(&file->job.disk->waker);
}

bool ferry_disk_file_fail(ferry_disk_file *file, const char *what, const char *name,
                          const char *words) {
    pthread_mutex_lock(&file->job.disk->mutex);
    if (file->state != FERRY_DISK_FAILED) {
        ferry_format(file->reason, sizeof file->reason, "cannot %s %s: %s", what, name, words);
        file->state = FERRY_DISK_FAILED;
    }
    pthread_mutex_unlock(&file->job.disk->mutex);
    ferry_poller_waker_tell(&file->job.disk->waker);
    return false;
}

bool ferry_disk_file_has_obstacle(ferry_disk_file *file) {
    const char *obstacle = ferry_new_file_find_obstacle(file->path);
    return obstacle != NULL && !ferry_disk_file_fail(file, "write", file->path, obstacle);
}
