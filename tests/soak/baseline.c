/* SPDX-License-Identifier: MIT */
/* baseline: by /proc, and by what the C library says of its heap. */
#include "baseline.h"

#include "findings.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* What printf and the C library keep. As it is, glibc counts as in use what it holds in its caches
 * for each thread, and an arena for each thread that has ended; "./dev soak" runs it without both.
 */
enum {
    HEAP_SLACK_BYTES = 64 * 1024,
    HEAP_SLACK_WITH_CACHES_BYTES = 4 * 1024 * 1024,
    MOST_TRIES = 100,
};

static size_t count_entries(const char *path) {
    size_t count = 0;
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return 0;
    }
    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    return count;
}

static size_t count_heap(void) {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 33)
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
#else
    return 0;
#endif
}

static size_t heap_slack(void) {
    const char *tunables = getenv("GLIBC_TUNABLES");
    bool has_caches = tunables == NULL || strstr(tunables, "tcache_count=0") == NULL ||
                      strstr(tunables, "arena_max=1") == NULL;
    return has_caches ? HEAP_SLACK_WITH_CACHES_BYTES : HEAP_SLACK_BYTES;
}

static void *thread_end(void *argument) {
    return argument;
}

/* A sanitizer starts a thread of its own with the first one of the program's. */
static void thread_try(void) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, thread_end, NULL) == 0) {
        pthread_join(thread, NULL);
    }
}

soak_baseline baseline_take(void) {
    thread_try();
    return (soak_baseline){
        .descriptors = count_entries("/proc/self/fd"),
        .threads = count_entries("/proc/self/task"),
        .heap_bytes = count_heap(),
    };
}

void baseline_compare(const soak_baseline *before) {
    soak_baseline now = baseline_take();
    for (int i = 0; i < MOST_TRIES && now.threads > before->threads; i++) {
        struct timespec time = {0, 20 * 1000000};
        nanosleep(&time, NULL);
        now = baseline_take();
    }
    printf("left: %zd descriptors, %zd threads, %zd KB of heap\n",
           (ssize_t)(now.descriptors - before->descriptors),
           (ssize_t)(now.threads - before->threads),
           ((ssize_t)now.heap_bytes - (ssize_t)before->heap_bytes) / 1024);
    if (now.descriptors > before->descriptors) {
        findings_add(0, "%zu descriptors are left", now.descriptors - before->descriptors);
    }
    if (now.threads > before->threads) {
        findings_add(0, "%zu threads are left", now.threads - before->threads);
    }
    if (now.heap_bytes > before->heap_bytes + heap_slack()) {
        findings_add(0, "%zu KB of memory are left", (now.heap_bytes - before->heap_bytes) / 1024);
    }
}
