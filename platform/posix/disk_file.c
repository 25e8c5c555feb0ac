/* SPDX-License-Identifier: MIT */
/* disk_file: files that are written by the session's thread for files. The session hands it blocks
 * of bytes, and says what to do before and after them. */
#include "disk_look.h"
#include "disk_part.h"
#include "new_file.h"
#include "session/download_note.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What the thread does next, in this order. */
typedef enum file_order {
    FILE_ORDER_NONE,
    FILE_ORDER_LOOK,
    FILE_ORDER_HASH,
    FILE_ORDER_BEGIN,
    FILE_ORDER_WRITE,
    FILE_ORDER_COMMIT,
    FILE_ORDER_SETTLE,
} file_order;

/* Those that wait; the thread may have one more. */
static void file_drop_blocks(ferry_disk_file *file) {
    while (file->first != NULL) {
        ferry_disk_block *block = file->first;
        file->first = block->next;
        free(block);
        file->blocks--;
    }
    file->last = &file->first;
    file->blocks -= file->filling != NULL;
    free(file->filling);
    file->filling = NULL;
}

/* ---- The thread ---- */

static bool file_fail(ferry_disk_file *file, const char *what) {
    return ferry_disk_file_fail(file, what, file->path, strerror(errno));
}

/* ---- Writing ---- */

static bool file_create(ferry_disk_file *file) {
    if (ferry_disk_file_has_obstacle(file)) {
        return false;
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

/* The old note goes before the bytes that it is about, and the new one comes before its own. */
static void file_begin(ferry_disk_file *file, const char *part_note) {
    if (file->descriptor < 0) {
        file_create(file);
        return;
    }
    if (file->part_note_at != NULL) {
        unlink(file->part_note_at);
        file->has_part_note = false;
    }
    if (ftruncate(file->descriptor, 0) != 0 || lseek(file->descriptor, 0, SEEK_SET) != 0) {
        file_fail(file, "write");
        return;
    }
    if (file->part_note_at != NULL && part_note != NULL) {
        file->has_part_note = ferry_disk_note_write(file->part_note_at, part_note, "");
        if (!file->has_part_note) {
            file_fail(file, "write");
        }
    }
}

static void file_write(ferry_disk_file *file, ferry_disk_block *block) {
    ferry_disk *disk = file->job.disk;
    if (!ferry_new_file_write(file->descriptor, block->bytes, block->length)) {
        file_fail(file, "write");
    }
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

/* ---- Putting in place ---- */

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

/* Who may read the old file may read the new one. It is no failure where that cannot be. */
static void file_take_mode(const ferry_disk_file *file) {
    struct stat old;
    if (stat(file->path, &old) == 0 && S_ISREG(old.st_mode) &&
        fchmod(file->descriptor, old.st_mode & 0777) != 0) {
        errno = 0;
    }
}

/* Without it the next transfer asks for the whole file: no failure is one of this file's. */
static void file_keep_note(const ferry_disk_file *file, const char *note) {
    struct stat found;
    char binding[FERRY_NOTE_BINDING_SIZE];
    char *name = ferry_disk_name(file->path, FERRY_NOTE_NAME);
    if (name != NULL && stat(file->path, &found) == 0 && found.st_mtime >= 0) {
        ferry_download_note_bind(binding, (int64_t)found.st_mtime, (int64_t)found.st_size);
        ferry_disk_note_write(name, binding, note);
    }
    free(name);
}

static bool file_close(ferry_disk_file *file) {
    int closed = close(file->descriptor);
    file->descriptor = -1;
    return closed == 0 || file_fail(file, "write");
}

static void file_put_in_place(ferry_disk_file *file, const char *note) {
    bool is_part = file->part_note_at != NULL;
    file_take_mode(file);
    if (fsync(file->descriptor) != 0) {
        file_fail(file, "write");
        return;
    }
    /* The lock of a part goes with its descriptor, and must hold until it is in its place. */
    if ((!is_part && !file_close(file)) || ferry_disk_job_is_closed(&file->job)) {
        return; /* syncing may have taken long */
    }
    if (is_part) {
        unlink(file->part_note_at);
        file->has_part_note = false;
    }
    if (rename(file->name, file->path) != 0) {
        file_fail(file, "replace");
        return;
    }
    free(file->name);
    file->name = NULL;
    sync_folder(file->path);
    if (note != NULL) {
        file_keep_note(file, note);
    }
    ferry_disk_file_change(file, FERRY_DISK_DONE);
}

/* What we made goes, and nothing else; a part under its lock. What stays is safe as far as we can
 * make it so. */
static void file_settle(ferry_disk_file *file) {
    struct stat found;
    pthread_mutex_lock(&file->job.disk->mutex);
    bool stays = file->stays; /* which may change, where the transfer is cancelled now */
    pthread_mutex_unlock(&file->job.disk->mutex);
    stays =
        stays && file->has_part_note && fstat(file->descriptor, &found) == 0 && found.st_size > 0;
    if (stays) {
        fsync(file->descriptor);
    } else if (file->name != NULL) {
        if (file->part_note_at != NULL) {
            unlink(file->part_note_at);
        }
        unlink(file->name);
        free(file->name);
        file->name = NULL;
    }
    if (file->descriptor >= 0) { /* the lock is for the next one */
        close(file->descriptor);
        file->descriptor = -1;
    }
}

/* ---- Work ---- */

static file_order file_take_end(ferry_disk_file *file) {
    bool settles = file->settles && !file->job.is_closed;
    file->settles = file->settles && !settles;
    return settles ? FILE_ORDER_SETTLE : FILE_ORDER_NONE;
}

/* Takes what is to be done next; under the mutex. `text` is the note that belongs to it. */
static file_order file_take_order(ferry_disk_file *file, ferry_disk_block **block, char **text) {
    file_order order = FILE_ORDER_NONE;
    bool is_closed = file->job.is_closed;
    bool is_over = file->state == FERRY_DISK_FAILED || file->state == FERRY_DISK_DONE ||
                   file->state == FERRY_DISK_SETTLED;
    bool is_left = is_closed || file->settles;
    if (is_over || (is_left && !file->stays)) {
        return file_take_end(file);
    }
    if (file->looks && !is_left) {
        order = FILE_ORDER_LOOK;
        file->looks = false;
    } else if ((file->hashes || file->hash_from >= 0) && !is_left) {
        order = FILE_ORDER_HASH;
        file->hashes = false;
    } else if (file->begins) {
        order = FILE_ORDER_BEGIN;
        file->begins = false;
        *text = file->next_part_note;
        file->next_part_note = NULL;
    } else if (file->first != NULL) {
        order = FILE_ORDER_WRITE;
        *block = file->first;
        file->first = file->first->next;
        file->last = file->first != NULL ? file->last : &file->first;
    } else if (file->commits && !is_left) {
        order = FILE_ORDER_COMMIT;
        file->commits = false;
        *text = file->next_note;
        file->next_note = NULL;
    } else {
        order = file_take_end(file);
    }
    return order;
}

static bool file_work(ferry_disk_job *job) {
    ferry_disk_file *file = FERRY_LIST_ITEM(job, ferry_disk_file, job);
    ferry_disk_block *block = NULL;
    char *text = NULL;
    pthread_mutex_lock(&job->disk->mutex);
    file_order order = file_take_order(file, &block, &text);
    pthread_mutex_unlock(&job->disk->mutex);
    switch (order) {
    case FILE_ORDER_NONE:
        break;
    case FILE_ORDER_LOOK:
        ferry_disk_file_look(file);
        break;
    case FILE_ORDER_HASH:
        ferry_disk_file_hash(file);
        break;
    case FILE_ORDER_BEGIN:
        file_begin(file, text);
        break;
    case FILE_ORDER_WRITE:
        file_write(file, block);
        break;
    case FILE_ORDER_COMMIT:
        file_put_in_place(file, text);
        break;
    case FILE_ORDER_SETTLE:
        file_settle(file);
        ferry_disk_file_change(file, FERRY_DISK_SETTLED);
        break;
    }
    free(text);
    return order != FILE_ORDER_NONE;
}

static void file_destroy(ferry_disk_job *job) {
    ferry_disk_file *file = FERRY_LIST_ITEM(job, ferry_disk_file, job);
    if (file->state != FERRY_DISK_DONE && file->state != FERRY_DISK_SETTLED) {
        file_settle(file);
    }
    if (file->descriptor >= 0) {
        close(file->descriptor);
    }
    file_drop_blocks(file);
    ferry_disk_file_drop_hash(file);
    free(file->next_part_note);
    free(file->next_note);
    free(file->part_note_at);
    free(file->part_note);
    free(file->note);
    free(file->name);
    free(file->path);
    free(file);
}

/* ---- The session's side ---- */

static const ferry_disk_job_ops file_ops = {file_work, file_destroy};

static ferry_disk_file *file_new(ferry_disk *disk, const char *path) {
    ferry_disk_file *file = malloc(sizeof *file);
    char *copy = strdup(path);
    if (file == NULL || copy == NULL) {
        free(file);
        free(copy);
        return NULL;
    }
    *file = (ferry_disk_file){
        .job = {.ops = &file_ops, .disk = disk},
        .path = copy,
        .descriptor = -1,
        .hash_from = -1,
        .findings = {.part_note = "", .length = -1, .note = ""},
    };
    file->last = &file->first;
    return file;
}

/* There is something to do, which `order` says; both under the mutex. */
static void file_hand_over(ferry_disk_file *file, bool *order, ferry_disk_state state) {
    pthread_mutex_lock(&file->job.disk->mutex);
    *order = true;
    if (file->state != FERRY_DISK_FAILED) {
        file->state = state;
    }
    ferry_disk_job_hand_over(&file->job);
    pthread_mutex_unlock(&file->job.disk->mutex);
}

ferry_disk_file *ferry_disk_create(ferry_disk *disk, const char *path) {
    ferry_disk_file *file = file_new(disk, path);
    if (file != NULL) {
        file_hand_over(file, &file->begins, FERRY_DISK_OPEN);
    }
    return file;
}

ferry_disk_file *ferry_disk_inspect(ferry_disk *disk, const char *path, bool keeps_part) {
    ferry_disk_file *file = file_new(disk, path);
    if (file != NULL) {
        file->keeps_part = keeps_part;
        file_hand_over(file, &file->looks, FERRY_DISK_LOOKING);
    }
    return file;
}

const ferry_disk_findings *ferry_disk_get_findings(const ferry_disk_file *file) {
    return &file->findings;
}

void ferry_disk_hash(ferry_disk_file *file, bool is_old, int64_t length, ferry_hash_kind kind) {
    file->hashes_old = is_old;
    file->length_to_hash = length;
    file->hash_kind = kind;
    file_hand_over(file, &file->hashes, FERRY_DISK_LOOKING);
}

const ferry_hash *ferry_disk_get_hash(const ferry_disk_file *file) {
    return file->hash;
}

void ferry_disk_begin(ferry_disk_file *file, const char *part_note) {
    ferry_disk *disk = file->job.disk;
    char *copy = part_note != NULL ? strdup(part_note) : NULL; /* without memory: for nobody */
    pthread_mutex_lock(&disk->mutex);
    file_drop_blocks(file);
    free(file->next_part_note);
    file->next_part_note = copy;
    pthread_mutex_unlock(&disk->mutex);
    file_hand_over(file, &file->begins, FERRY_DISK_OPEN);
}

void ferry_disk_continue(ferry_disk_file *file) {
    pthread_mutex_lock(&file->job.disk->mutex);
    if (file->state == FERRY_DISK_FOUND) {
        file->state = FERRY_DISK_OPEN;
    }
    pthread_mutex_unlock(&file->job.disk->mutex);
}

size_t ferry_disk_get_room(ferry_disk_file *file, void **room) {
    ferry_disk *disk = file->job.disk;
    if (file->filling == NULL) {
        pthread_mutex_lock(&disk->mutex);
        bool is_full = file->blocks >= FERRY_DISK_MAX_BLOCKS;
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
    return FERRY_DISK_BLOCK_SIZE - file->filling->length;
}

/* Under the mutex. */
static void file_pass_on(ferry_disk_file *file) {
    ferry_disk_block *block = file->filling;
    file->filling = NULL;
    if (block == NULL) {
        return;
    }
    block->next = NULL;
    *file->last = block;
    file->last = &block->next;
    ferry_disk_job_hand_over(&file->job);
}

void ferry_disk_add(ferry_disk_file *file, size_t length) {
    file->filling->length += length;
    if (file->filling->length == FERRY_DISK_BLOCK_SIZE) {
        pthread_mutex_lock(&file->job.disk->mutex);
        file_pass_on(file);
        pthread_mutex_unlock(&file->job.disk->mutex);
    }
}

void ferry_disk_commit(ferry_disk_file *file, const char *note) {
    file->next_note = note != NULL ? strdup(note) : NULL; /* without memory: none */
    pthread_mutex_lock(&file->job.disk->mutex);
    file_pass_on(file);
    file->commits = true;
    ferry_disk_job_hand_over(&file->job);
    pthread_mutex_unlock(&file->job.disk->mutex);
}

void ferry_disk_settle(ferry_disk_file *file, bool keeps_part) {
    pthread_mutex_lock(&file->job.disk->mutex);
    file->settles = true;
    file->stays = keeps_part;
    file_pass_on(file);
    ferry_disk_job_hand_over(&file->job);
    pthread_mutex_unlock(&file->job.disk->mutex);
}

ferry_disk_state ferry_disk_get_state(ferry_disk_file *file, const char **reason) {
    pthread_mutex_lock(&file->job.disk->mutex);
    ferry_disk_state state = file->state;
    pthread_mutex_unlock(&file->job.disk->mutex);
    *reason = file->reason; /* nobody changes it once the state is FAILED */
    return state;
}

void ferry_disk_close(ferry_disk_file *file, bool keeps_part) {
    pthread_mutex_lock(&file->job.disk->mutex);
    file->stays = keeps_part;
    if (keeps_part) {
        file_pass_on(file); /* what has come is worth keeping */
    }
    pthread_mutex_unlock(&file->job.disk->mutex);
    ferry_disk_job_close(&file->job);
}
