/* SPDX-License-Identifier: MIT */
/* test_disk: the files of a session take turns on its thread for files, however much one of them
 * has to do. A big file's first block holds the thread, until a small one is asked for too. */
#include "check.h"
#include "posix/disk_job.h"
#include "system_faults.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    BLOCKS = FERRY_DISK_MAX_BLOCKS,
    BIG = BLOCKS * FERRY_DISK_BLOCK_SIZE,
    SMALL = 5,
    MOST_CALLS = 200,
    MOST_TURNS = 4,
    MOST_WAIT_MS = 10000,
};

static char folder[] = "/tmp/ferry-disk-XXXXXX";

static const char *name_of(const char *file) {
    static char name[100];
    snprintf(name, sizeof name, "%s/%s", folder, file);
    return name;
}

/* ---- What the thread reads and writes ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static bool is_held; /* in the first call */
static bool is_released;
static char calls[MOST_CALLS]; /* 'b': of the big file, 's': of the small one */

static void on_call(size_t length) {
    pthread_mutex_lock(&mutex);
    size_t count = strlen(calls);
    if ((length == SMALL || length == FERRY_DISK_BLOCK_SIZE) && count < MOST_CALLS - 1) {
        calls[count] = length == SMALL ? 's' : 'b';
    }
    if (length == FERRY_DISK_BLOCK_SIZE) {
        is_held = true;
        pthread_cond_signal(&change);
        while (!is_released) {
            pthread_cond_wait(&change, &mutex);
        }
    }
    pthread_mutex_unlock(&mutex);
}

static void wait_until_held(void) {
    pthread_mutex_lock(&mutex);
    while (!is_held) {
        pthread_cond_wait(&change, &mutex);
    }
    pthread_mutex_unlock(&mutex);
}

static void release(void) {
    pthread_mutex_lock(&mutex);
    is_released = true;
    pthread_cond_signal(&change);
    pthread_mutex_unlock(&mutex);
}

/* How many calls of the big file there were before the small one's. */
static size_t count_before_small(void) {
    pthread_mutex_lock(&mutex);
    size_t count = strcspn(calls, "s");
    CHECK(calls[count] == 's');
    pthread_mutex_unlock(&mutex);
    return count;
}

/* ---- Files ---- */

static ferry_disk *begin(void) {
    ferry_context context = {.allocator = ferry_default_allocator};
    ferry_disk *disk = NULL;
    pthread_mutex_lock(&mutex);
    memset(calls, 0, sizeof calls);
    is_held = false;
    is_released = false;
    pthread_mutex_unlock(&mutex);
    system_faults_watch_files(on_call);
    CHECK_INT(ferry_disk_new(&context, &disk), FERRY_OK);
    return disk;
}

static void end(ferry_disk *disk) {
    ferry_disk_free(disk);
    system_faults_reset();
}

static void wait_for_change(ferry_disk *disk) {
    struct pollfd entry = {.fd = (int)ferry_disk_get_descriptor(disk), .events = POLLIN};
    CHECK_INT(poll(&entry, 1, MOST_WAIT_MS), 1);
    ferry_disk_reset(disk);
}

static void wait_for(ferry_disk *disk, ferry_disk_file *file, ferry_disk_state state) {
    const char *reason;
    while (check_failures() == 0 && ferry_disk_get_state(file, &reason) != state) {
        wait_for_change(disk);
    }
}

static void add_block(ferry_disk_file *file) {
    void *room = NULL;
    size_t size = ferry_disk_get_room(file, &room);
    if (CHECK(size > 0)) {
        memset(room, 'x', size);
        ferry_disk_add(file, size);
    }
}

/* The thread is held in the first of them. */
static void add_blocks(ferry_disk_file *file) {
    add_block(file);
    wait_until_held();
    for (int i = 1; i < BLOCKS; i++) {
        add_block(file);
    }
}

static ferry_disk_file *ask_for_small(ferry_disk *disk) {
    ferry_disk_file *file = ferry_disk_create(disk, name_of("small"));
    void *room = NULL;
    CHECK(ferry_disk_get_room(file, &room) >= SMALL);
    memcpy(room, "small", SMALL);
    ferry_disk_add(file, SMALL);
    ferry_disk_commit(file, NULL);
    return file;
}

static void finish_small(ferry_disk *disk, ferry_disk_file *file) {
    wait_for(disk, file, FERRY_DISK_DONE);
    ferry_disk_close(file, false);
}

static void put_big(void) {
    FILE *stream = fopen(name_of("big"), "wb");
    if (CHECK(stream != NULL)) {
        for (size_t i = 0; i < BIG; i++) {
            fputc('x', stream);
        }
        CHECK(fclose(stream) == 0);
    }
}

/* ---- Tests ---- */

static void file_is_written_in_turn_with_others(void) {
    ferry_disk *disk = begin();
    ferry_disk_file *big = ferry_disk_create(disk, name_of("big"));
    add_blocks(big);
    ferry_disk_commit(big, NULL);
    ferry_disk_file *small = ask_for_small(disk);
    release();
    finish_small(disk, small);
    CHECK(count_before_small() <= MOST_TURNS);
    wait_for(disk, big, FERRY_DISK_DONE);
    ferry_disk_close(big, false);
    end(disk);
}

/* Its lock is free once all is written, although nobody has waited for that. */
static void part_is_written_whole_after_it_was_closed(void) {
    ferry_disk *disk = begin();
    ferry_disk_file *big = ferry_disk_inspect(disk, name_of("part"), true);
    wait_for(disk, big, FERRY_DISK_FOUND);
    ferry_disk_begin(big, "note");
    add_blocks(big);
    int part = open(name_of("part" FERRY_PART_NAME), O_RDONLY | O_CLOEXEC);
    ferry_disk_close(big, true);
    ferry_disk_file *small = ask_for_small(disk);
    release();
    finish_small(disk, small);
    CHECK(count_before_small() <= MOST_TURNS);
    struct stat found = {0};
    if (CHECK(part >= 0)) {
        CHECK(flock(part, LOCK_EX) == 0 && fstat(part, &found) == 0);
        CHECK_INT(found.st_size, BIG);
        close(part);
    }
    end(disk);
}

static void body_is_read_in_turn_with_others(void) {
    put_big();
    ferry_disk *disk = begin();
    ferry_disk_source *big = ferry_disk_source_open(disk, name_of("big"));
    wait_until_held();
    ferry_disk_file *small = ask_for_small(disk);
    release();
    finish_small(disk, small);
    CHECK(count_before_small() <= MOST_TURNS);
    const void *bytes;
    for (size_t had = 0; check_failures() == 0 && had < BIG;) {
        size_t count = ferry_disk_source_get_bytes(big, &bytes);
        if (count > 0) {
            had += count;
            ferry_disk_source_take(big, count);
        } else {
            wait_for_change(disk);
        }
    }
    ferry_disk_source_close(big);
    end(disk);
}

#if defined(FERRY_HAVE_TLS)

static ferry_disk_file *begin_to_hash(ferry_disk *disk) {
    put_big();
    ferry_disk_file *file = ferry_disk_inspect(disk, name_of("big"), false);
    wait_for(disk, file, FERRY_DISK_FOUND);
    ferry_disk_hash(file, true, BIG, FERRY_HASH_SHA256);
    wait_until_held();
    return file;
}

static void check_hash(const ferry_hash *got) {
    static char bytes[BIG];
    ferry_context context = {.allocator = ferry_default_allocator};
    unsigned char digests[2][FERRY_HASH_MAX_SIZE];
    ferry_hash *hash = NULL;
    if (CHECK(got != NULL) &&
        CHECK_INT(ferry_hash_new(&context, FERRY_HASH_SHA256, &hash), FERRY_OK)) {
        ferry_hash_copy(hash, got);
        size_t length = ferry_hash_finish(hash, digests[0]);
        memset(bytes, 'x', BIG);
        ferry_hash_add(hash, bytes, BIG);
        CHECK_MEM(digests[0], length, digests[1], ferry_hash_finish(hash, digests[1]));
    }
    ferry_hash_free(&context, hash);
}

static void file_is_hashed_in_turn_with_others(void) {
    ferry_disk *disk = begin();
    ferry_disk_file *big = begin_to_hash(disk);
    ferry_disk_file *small = ask_for_small(disk);
    release();
    finish_small(disk, small);
    CHECK(count_before_small() <= MOST_TURNS);
    wait_for(disk, big, FERRY_DISK_FOUND);
    check_hash(ferry_disk_get_hash(big));
    ferry_disk_close(big, false);
    end(disk);
}

static void file_that_is_closed_is_hashed_no_further(void) {
    ferry_disk *disk = begin();
    ferry_disk_file *big = begin_to_hash(disk);
    ferry_disk_close(big, false);
    ferry_disk_file *small = ask_for_small(disk);
    release();
    finish_small(disk, small);
    CHECK_INT(count_before_small(), 1);
    end(disk);
}

#endif

/* Nothing is written of what waits, and what there was is removed. */
static void end_does_not_wait_for_what_is_under_way(void) {
    ferry_disk *disk = begin();
    ferry_disk_file *big = ferry_disk_create(disk, name_of("big"));
    add_blocks(big);
    ferry_disk_close(big, false);
    ferry_disk_free(disk);
    release();
    while (rmdir(folder) != 0 && errno == ENOTEMPTY) {
        remove(name_of("big"));
        remove(name_of("small"));
        remove(name_of("part" FERRY_PART_NAME));
        remove(name_of("part" FERRY_PART_NOTE_NAME));
    }
    pthread_mutex_lock(&mutex);
    CHECK_STR(calls, "b");
    pthread_mutex_unlock(&mutex);
    system_faults_reset();
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(file_is_written_in_turn_with_others),
        CHECK_TEST(part_is_written_whole_after_it_was_closed),
        CHECK_TEST(body_is_read_in_turn_with_others),
#if defined(FERRY_HAVE_TLS)
        CHECK_TEST(file_is_hashed_in_turn_with_others),
        CHECK_TEST(file_that_is_closed_is_hashed_no_further),
#endif
        CHECK_TEST(end_does_not_wait_for_what_is_under_way),
    };
    if (!system_faults_work()) {
        puts("0 passed, 0 failed");
        return 0;
    }
    if (!CHECK(mkdtemp(folder) != NULL)) {
        return 1;
    }
    return CHECK_RUN(tests, argc, argv);
}
