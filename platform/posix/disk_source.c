/* SPDX-License-Identifier: MIT */
/* disk_source: files that become the bodies of requests, which the session's thread for files reads
 * ahead. */
#include "disk_job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ferry_disk_source {
    ferry_disk_job job;
    char *path;

    /* Under the mutex. */
    ferry_disk_block *first; /* that were read, and not taken yet */
    ferry_disk_block **last;
    size_t blocks;     /* with the one that the session has */
    int64_t next;      /* where the thread reads next */
    unsigned rewinds;  /* what was read before the last one is of no use */
    bool lacks_blocks; /* the session waits for one */
    ferry_disk_source_state state;
    char reason[FERRY_DISK_REASON_SIZE];

    /* The session's. */
    ferry_disk_block *block; /* NULL: none */
    size_t taken;            /* of it */

    /* The thread's; the length is the session's too once the state is OPEN. */
    int descriptor; /* -1: not open */
    int64_t length;
};

/* ---- The thread ---- */

static void source_change(ferry_disk_source *source, ferry_disk_source_state state) {
    pthread_mutex_lock(&source->job.disk->mutex);
    source->state = state;
    pthread_mutex_unlock(&source->job.disk->mutex);
    ferry_poller_waker_tell(&source->job.disk->waker);
}

/* The session reads the reason once the state says that there is one. */
static void source_fail(ferry_disk_source *source, const char *words) {
    ferry_format(source->reason, sizeof source->reason, "cannot read %s: %s", source->path, words);
    source_change(source, FERRY_DISK_SOURCE_FAILED);
}

static void source_fail_size(ferry_disk_source *source, const char *words) {
    ferry_format(source->reason, sizeof source->reason,
                 "%s is %s than the %lld bytes that it had when it was opened", source->path, words,
                 (long long)source->length);
    source_change(source, FERRY_DISK_SOURCE_FAILED);
}

/* Fills the memory as far as the file goes. -1, and errno. */
static ssize_t source_read(const ferry_disk_source *source, char *dst, size_t wanted, off_t from) {
    size_t had = 0;
    while (had < wanted) {
        ssize_t count = pread(source->descriptor, dst + had, wanted - had, from + (off_t)had);
        if (count < 0 && errno != EINTR) {
            return -1;
        }
        if (count == 0) {
            break;
        }
        had += count > 0 ? (size_t)count : 0;
    }
    return (ssize_t)had;
}

/* False: the source has failed. */
static bool source_check_end(ferry_disk_source *source) {
    char beyond;
    ssize_t count = source_read(source, &beyond, 1, (off_t)source->length);
    if (count < 0) {
        source_fail(source, strerror(errno));
    } else if (count > 0) {
        source_fail_size(source, "longer");
    }
    return count == 0;
}

static void source_open(ferry_disk_source *source) {
    struct stat found;
    /* So that a pipe without a writer does not hold us. */
    source->descriptor = open(source->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (source->descriptor < 0 || fstat(source->descriptor, &found) != 0) {
        source_fail(source, strerror(errno));
        return;
    }
    if (!S_ISREG(found.st_mode)) {
        source_fail(source, S_ISDIR(found.st_mode) ? "it is a folder" : "it is no file");
        return;
    }
    source->length = (int64_t)found.st_size;
    if (source->length > 0 || source_check_end(source)) {
        source_change(source, FERRY_DISK_SOURCE_OPEN);
    }
}

/* A block from there on, which is at most as long as the file was; NULL: the source has failed. */
static ferry_disk_block *source_read_block(ferry_disk_source *source, int64_t from) {
    int64_t left = source->length - from;
    size_t wanted = left < FERRY_DISK_BLOCK_SIZE ? (size_t)left : FERRY_DISK_BLOCK_SIZE;
    ferry_disk_block *block = malloc(sizeof *block);
    if (block == NULL) {
        source_fail(source, "out of memory");
        return NULL;
    }
    block->next = NULL;
    block->length = wanted;
    ssize_t count = source_read(source, block->bytes, wanted, (off_t)from);
    if (count < 0) {
        source_fail(source, strerror(errno));
    } else if ((size_t)count < wanted) {
        source_fail_size(source, "shorter");
    } else if (from + (int64_t)wanted < source->length || source_check_end(source)) {
        return block;
    }
    free(block);
    return NULL;
}

/* Adds a block to those that were read, unless they were to begin anew meanwhile. */
static void source_add(ferry_disk_source *source, ferry_disk_block *block, unsigned rewinds) {
    ferry_disk *disk = source->job.disk;
    pthread_mutex_lock(&disk->mutex);
    bool is_wanted = rewinds == source->rewinds;
    bool tells = is_wanted && source->lacks_blocks;
    if (is_wanted) {
        *source->last = block;
        source->last = &block->next;
        source->blocks++;
        source->next += (int64_t)block->length;
        source->lacks_blocks = false;
    }
    pthread_mutex_unlock(&disk->mutex);
    if (!is_wanted) {
        free(block);
    }
    if (tells) {
        ferry_poller_waker_tell(&disk->waker);
    }
}

static bool source_work(ferry_disk_job *job) {
    ferry_disk_source *source = FERRY_LIST_ITEM(job, ferry_disk_source, job);
    if (source->state == FERRY_DISK_SOURCE_OPENING && !ferry_disk_job_is_closed(job)) {
        source_open(source);
        return true;
    }
    pthread_mutex_lock(&job->disk->mutex);
    bool goes_on = !job->is_closed && source->state == FERRY_DISK_SOURCE_OPEN &&
                   source->blocks < FERRY_DISK_MAX_BLOCKS && source->next < source->length;
    int64_t from = source->next;
    unsigned rewinds = source->rewinds;
    pthread_mutex_unlock(&job->disk->mutex);
    ferry_disk_block *block = goes_on ? source_read_block(source, from) : NULL;
    if (block == NULL) {
        return false;
    }
    source_add(source, block, rewinds);
    return true;
}

static void source_drop_blocks(ferry_disk_source *source) {
    while (source->first != NULL) {
        ferry_disk_block *block = source->first;
        source->first = block->next;
        free(block);
    }
    source->last = &source->first;
    free(source->block);
    source->block = NULL;
    source->blocks = 0;
    source->taken = 0;
}

static void source_destroy(ferry_disk_job *job) {
    ferry_disk_source *source = FERRY_LIST_ITEM(job, ferry_disk_source, job);
    if (source->descriptor >= 0) {
        close(source->descriptor);
    }
    source_drop_blocks(source);
    free(source->path);
    free(source);
}

/* ---- The session's side ---- */

static const ferry_disk_job_ops source_ops = {source_work, source_destroy};

ferry_disk_source *ferry_disk_source_open(ferry_disk *disk, const char *path) {
    ferry_disk_source *source = malloc(sizeof *source);
    char *copy = strdup(path);
    if (source == NULL || copy == NULL) {
        free(source);
        free(copy);
        return NULL;
    }
    *source = (ferry_disk_source){
        .job = {.ops = &source_ops, .disk = disk}, .path = copy, .descriptor = -1};
    source->last = &source->first;
    pthread_mutex_lock(&disk->mutex);
    ferry_disk_job_hand_over(&source->job);
    pthread_mutex_unlock(&disk->mutex);
    return source;
}

ferry_disk_source_state ferry_disk_source_get_state(ferry_disk_source *source,
                                                    const char **reason) {
    pthread_mutex_lock(&source->job.disk->mutex);
    ferry_disk_source_state state = source->state;
    pthread_mutex_unlock(&source->job.disk->mutex);
    *reason = source->reason; /* nobody changes it once the state is FAILED */
    return state;
}

int64_t ferry_disk_source_get_length(const ferry_disk_source *source) {
    return source->length;
}

size_t ferry_disk_source_get_bytes(ferry_disk_source *source, const void **bytes) {
    if (source->block == NULL) {
        pthread_mutex_lock(&source->job.disk->mutex);
        source->block = source->first;
        source->lacks_blocks = source->block == NULL;
        if (source->block != NULL) {
            source->first = source->block->next;
            source->last = source->first != NULL ? source->last : &source->first;
        }
        pthread_mutex_unlock(&source->job.disk->mutex);
        source->taken = 0;
    }
    if (source->block == NULL) {
        return 0;
    }
    *bytes = source->block->bytes + source->taken;
    return source->block->length - source->taken;
}

void ferry_disk_source_take(ferry_disk_source *source, size_t length) {
    source->taken += length;
    if (source->block == NULL || source->taken < source->block->length) {
        return;
    }
    free(source->block);
    source->block = NULL;
    pthread_mutex_lock(&source->job.disk->mutex);
    source->blocks--;
    ferry_disk_job_hand_over(&source->job); /* there is room for another one */
    pthread_mutex_unlock(&source->job.disk->mutex);
}

void ferry_disk_source_rewind(ferry_disk_source *source) {
    pthread_mutex_lock(&source->job.disk->mutex);
    source_drop_blocks(source);
    source->rewinds++;
    source->next = 0;
    ferry_disk_job_hand_over(&source->job);
    pthread_mutex_unlock(&source->job.disk->mutex);
}

void ferry_disk_source_close(ferry_disk_source *source) {
    ferry_disk_job_close(&source->job);
}
