/* SPDX-License-Identifier: MIT */
/* disk: one thread for all files of a session makes every call that may wait for a disk. The
 * session's thread hands it blocks of bytes; what passes between the two is under one mutex, which
 * is never held during such a call. */
#include "session/disk.h"

#include "background.h"
#include "new_file.h"
#include "platform.h"
#include "poller_wake.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOCK_SIZE = 128 * 1024,
    MAX_BLOCKS = 8, /* of one file that are not written yet */
    STACK_SIZE = 128 * 1024,
    REASON_SIZE = 400,
};

typedef struct disk_block {
    struct disk_block *next;
    size_t length;
    char bytes[BLOCK_SIZE];
} disk_block;

struct ferry_disk {
    pthread_mutex_t mutex;
    pthread_cond_t work; /* there is something to do for the thread */
    ferry_poller_waker waker;
    ferry_list_node files; /* that have work, in the order in which they got it */
    int owners;            /* the session, and the thread */
    bool is_ending;
};

struct ferry_disk_file {
    ferry_disk *disk;
    ferry_list_node node; /* in disk.files */
    char *path;

    /* Under the mutex. */
    disk_block *first; /* to be written */
    disk_block **last;
    size_t blocks; /* filled, and not written yet; with the one that is being filled */
    bool is_committed;
    bool is_closed;
    bool is_busy;    /* the thread works on it */
    bool lacks_room; /* the session waits for a block */
    ferry_disk_state state;
    char reason[REASON_SIZE];

    disk_block *filling; /* the session's */

    /* The thread's. */
    int descriptor; /* -1: not open */
    char *name;     /* of the new file; NULL: there is none */
};

/* ---- The thread ---- */

static bool file_fail_with(ferry_disk_file *file, const char *what, const char *words) {
    ferry_disk *disk = file->disk;
    pthread_mutex_lock(&disk->mutex);
    ferry_format(file->reason, sizeof file->reason, "cannot %s %s: %s", what, file->path, words);
    file->state = FERRY_DISK_FAILED;
    pthread_mutex_unlock(&disk->mutex);
    return false;
}

static bool file_fail(ferry_disk_file *file, const char *what) {
    return file_fail_with(file, what, strerror(errno));
}

static bool file_open(ferry_disk_file *file) {
    const char *obstacle = ferry_new_file_find_obstacle(file->path);
    if (obstacle != NULL) {
        return file_fail_with(file, "write", obstacle);
    }
    size_t size = strlen(file->path) + FERRY_NEW_FILE_NAME_MORE;
    file->name = malloc(size);
    if (file->name == NULL) {
        return file_fail(file, "write");
    }
    file->descriptor = ferry_new_file_create(file->path, file->name, size);
    if (file->descriptor < 0) {
        int error = errno;
        free(file->name);
        file->name = NULL;
        errno = error;
        return file_fail(file, "write");
    }
    return true;
}

static bool file_write(ferry_disk_file *file, const disk_block *block) {
    return ferry_new_file_write(file->descriptor, block->bytes, block->length) ||
           file_fail(file, "write");
}

/* The folder too, so that the new name is there after a crash. Some file systems have no such call.
 */
static void sync_folder(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    int descriptor = folder != NULL ? open(folder, O_RDONLY | O_CLOEXEC) : -1;
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
    free(folder);
}

static bool file_is_closed(ferry_disk_file *file) {
    pthread_mutex_lock(&file->disk->mutex);
    bool is_closed = file->is_closed;
    pthread_mutex_unlock(&file->disk->mutex);
    return is_closed;
}

static bool file_put_in_place(ferry_disk_file *file) {
    struct stat old;
    if (stat(file->path, &old) == 0 && S_ISREG(old.st_mode)) {
        /* Who may read the old file may read the new one. It is no failure where that cannot be. */
        if (fchmod(file->descriptor, old.st_mode & 0777) != 0) {
            errno = 0;
        }
    }
    if (fsync(file->descriptor) != 0) {
        return file_fail(file, "write");
    }
    int closed = close(file->descriptor);
    file->descriptor = -1;
    if (closed != 0) {
        return file_fail(file, "write");
    }
    if (file_is_closed(file)) { /* syncing may have taken long */
        return false;
    }
    if (rename(file->name, file->path) != 0) {
        return file_fail(file, "replace");
    }
    free(file->name);
    file->name = NULL;
    sync_folder(file->path);
    pthread_mutex_lock(&file->disk->mutex);
    file->state = FERRY_DISK_DONE;
    pthread_mutex_unlock(&file->disk->mutex);
    return true;
}

static void file_destroy(ferry_disk_file *file) {
    if (file->descriptor >= 0) {
        close(file->descriptor);
    }
    if (file->name != NULL) {
        unlink(file->name); /* what we made, and nothing else */
    }
    while (file->first != NULL) {
        disk_block *block = file->first;
        file->first = block->next;
        free(block);
    }
    free(file->filling);
    free(file->name);
    free(file->path);
    free(file);
}

/* What there is to do for a file is done in one turn; more may come meanwhile. */
static void file_work(ferry_disk_file *file, bool is_sound) {
    ferry_disk *disk = file->disk;
    bool goes = is_sound && (file->descriptor >= 0 || file_open(file));
    for (;;) {
        pthread_mutex_lock(&disk->mutex);
        disk_block *block = file->first;
        bool is_wanted = goes && !file->is_closed;
        if (block != NULL) {
            file->first = block->next;
            file->last = file->first != NULL ? file->last : &file->first;
        }
        bool ends = block == NULL && file->is_committed && is_wanted;
        pthread_mutex_unlock(&disk->mutex);
        if (block == NULL) {
            if (ends) {
                file_put_in_place(file);
            }
            return;
        }
        goes = is_wanted && file_write(file, block);
        pthread_mutex_lock(&disk->mutex);
        file->blocks--;
        bool tells = file->lacks_room;
        file->lacks_room = false;
        pthread_mutex_unlock(&disk->mutex);
        free(block);
        if (tells) {
            ferry_poller_waker_tell(&disk->waker);
        }
    }
}

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
        ferry_list_node *node = ferry_list_take(&disk->files);
        if (node == NULL && disk->is_ending) {
            break;
        }
        if (node == NULL) {
            pthread_cond_wait(&disk->work, &disk->mutex);
            continue;
        }
        ferry_disk_file *file = FERRY_LIST_ITEM(node, ferry_disk_file, node);
        ferry_disk_state before = file->state;
        file->is_busy = true;
        pthread_mutex_unlock(&disk->mutex);
        file_work(file, before == FERRY_DISK_OPEN);
        pthread_mutex_lock(&disk->mutex);
        file->is_busy = false;
        bool is_closed = file->is_closed;
        bool tells = !is_closed && file->state != before;
        if (is_closed) {
            ferry_list_remove(&file->node);
            pthread_mutex_unlock(&disk->mutex);
            file_destroy(file);
            pthread_mutex_lock(&disk->mutex);
        } else if (tells) {
            ferry_poller_waker_tell(&disk->waker);
        }
    }
    pthread_mutex_unlock(&disk->mutex);
    disk_release(disk);
    return NULL;
}

/* ---- The session's side ---- */

ferry_error ferry_disk_new(ferry_context *context, ferry_disk **result) {
    ferry_disk *disk = malloc(sizeof *disk);
    if (disk == NULL) {
        return ferry_fail_memory(context);
    }
    *disk = (ferry_disk){.owners = 2};
    ferry_list_init(&disk->files);
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
        return ferry_fail(context, FERRY_ERROR_FAILED, "there is no thread to write files with: %s",
                          strerror(error));
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

/* Under the mutex. */
static void file_hand_over(ferry_disk_file *file) {
    if (!ferry_list_has(&file->node)) {
        ferry_list_append(&file->disk->files, &file->node);
        pthread_cond_signal(&file->disk->work);
    }
}

ferry_disk_file *ferry_disk_create(ferry_disk *disk, const char *path) {
    ferry_disk_file *file = malloc(sizeof *file);
    char *copy = strdup(path);
    if (file == NULL || copy == NULL) {
        free(file);
        free(copy);
        return NULL;
    }
    *file = (ferry_disk_file){.disk = disk, .path = copy, .descriptor = -1};
    file->last = &file->first;
    pthread_mutex_lock(&disk->mutex);
    file_hand_over(file);
    pthread_mutex_unlock(&disk->mutex);
    return file;
}

size_t ferry_disk_get_room(ferry_disk_file *file, void **room) {
    ferry_disk *disk = file->disk;
    if (file->filling == NULL) {
        pthread_mutex_lock(&disk->mutex);
        bool is_full = file->blocks >= MAX_BLOCKS;
        file->lacks_room = is_full;
        file->blocks += !is_full;
        pthread_mutex_unlock(&disk->mutex);
        if (is_full) {
            return 0;
        }
        file->filling = malloc(sizeof *file->filling);
        if (file->filling == NULL) {
            pthread_mutex_lock(&disk->mutex);
            file->blocks--;
            file->state = FERRY_DISK_FAILED;
            ferry_format(file->reason, sizeof file->reason, "out of memory");
            pthread_mutex_unlock(&disk->mutex);
            return 0;
        }
        file->filling->length = 0;
    }
    *room = file->filling->bytes + file->filling->length;
    return BLOCK_SIZE - file->filling->length;
}

static void file_pass_on(ferry_disk_file *file) {
    disk_block *block = file->filling;
    file->filling = NULL;
    if (block == NULL) {
        return;
    }
    block->next = NULL;
    *file->last = block;
    file->last = &block->next;
    file_hand_over(file);
}

void ferry_disk_add(ferry_disk_file *file, size_t length) {
    file->filling->length += length;
    if (file->filling->length == BLOCK_SIZE) {
        pthread_mutex_lock(&file->disk->mutex);
        file_pass_on(file);
        pthread_mutex_unlock(&file->disk->mutex);
    }
}

void ferry_disk_commit(ferry_disk_file *file) {
    pthread_mutex_lock(&file->disk->mutex);
    file_pass_on(file);
    file->is_committed = true;
    file_hand_over(file);
    pthread_mutex_unlock(&file->disk->mutex);
}

ferry_disk_state ferry_disk_get_state(ferry_disk_file *file, const char **reason) {
    pthread_mutex_lock(&file->disk->mutex);
    ferry_disk_state state = file->state;
    pthread_mutex_unlock(&file->disk->mutex);
    *reason = file->reason; /* nobody changes it once the state is FAILED */
    return state;
}

void ferry_disk_close(ferry_disk_file *file) {
    ferry_disk *disk = file->disk;
    pthread_mutex_lock(&disk->mutex);
    file->is_closed = true;
    file_hand_over(file); /* the thread frees it, since it may have to remove what it made */
    pthread_mutex_unlock(&disk->mutex);
}
