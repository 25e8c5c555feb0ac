/* SPDX-License-Identifier: MIT */
/* lock: the one lock of the process; it also tells a child of fork() from its parent. */
#include "platform.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_bool counts_forks; /* the number of a process costs a system call, this does not */
static int forks;

static void lock_hold(void) {
    pthread_mutex_lock(&mutex);
}

static void lock_let_go(void) {
    pthread_mutex_unlock(&mutex);
}

/* The thread that holds the lock may not be in the child; it is free there as it is here. */
static void begin_child(void) {
    forks++;
    lock_let_go();
}

static void watch_forks(void) {
    counts_forks = pthread_atfork(lock_hold, lock_let_go, begin_child) == 0;
}

int ferry_platform_process(void) {
    if (atomic_load_explicit(&counts_forks, memory_order_acquire)) {
        return forks;
    }
    pthread_once(&once, watch_forks);
    return counts_forks ? forks : (int)getpid();
}

void ferry_platform_lock(void) {
    pthread_once(&once, watch_forks);
    lock_hold();
}

void ferry_platform_unlock(void) {
    lock_let_go();
}
