/* SPDX-License-Identifier: MIT */
/* workers: the calls of a client in blocking mode wait by themselves. */
#include "workers.h"

#include "conversation_state.h"
#include "require.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WORKERS = 64, JOIN_MS = 20 };

static struct {
    size_t count;
    atomic_size_t running;
    const conversation_setup *setup;
    uint64_t (*next_seed)(void);
    pthread_t threads[MOST_WORKERS];
    pthread_mutex_t lock; /* held where a conversation begins, ends or is looked at */
    soak_conversation *current[MOST_WORKERS];
} workers = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void sleep_until(int64_t wake_ms) {
    int64_t left = wake_ms - conversation_now_ms();
    if (wake_ms > 0 && left > 0) {
        struct timespec time = {left / 1000, left % 1000 * 1000000};
        nanosleep(&time, NULL);
    }
}

static void worker_show(size_t index, soak_conversation *conversation) {
    pthread_mutex_lock(&workers.lock);
    workers.current[index] = conversation;
    pthread_mutex_unlock(&workers.lock);
}

static void worker_converse(size_t index, uint64_t seed, const conversation_setup *setup) {
    soak_conversation *conversation = conversation_new(seed, setup);
    worker_show(index, conversation);
    while (conversation_step(conversation) && !conversation_hangs(conversation)) {
        sleep_until(conversation->wake_ms);
        conversation_wait(conversation);
    }
    worker_show(index, NULL);
    conversation_free(conversation);
}

static void *worker_run(void *argument) {
    size_t index = (size_t)(uintptr_t)argument;
    for (uint64_t seed = workers.next_seed(); seed != 0; seed = workers.next_seed()) {
        worker_converse(index, seed, workers.setup);
    }
    workers.running--;
    return NULL;
}

void workers_start(size_t count, const conversation_setup *setup, uint64_t (*next_seed)(void)) {
    workers.count = count < MOST_WORKERS - 1 ? count : MOST_WORKERS - 1;
    workers.setup = setup;
    workers.next_seed = next_seed;
    workers.running = workers.count;
    for (size_t i = 0; i < workers.count; i++) {
        int result = pthread_create(&workers.threads[i], NULL, worker_run, (void *)(uintptr_t)i);
        require(result == 0, "thread");
    }
}

void workers_check(void) {
    bool hangs = false;
    pthread_mutex_lock(&workers.lock);
    for (size_t i = 0; i < MOST_WORKERS; i++) {
        hangs = hangs || (workers.current[i] != NULL && conversation_hangs(workers.current[i]));
    }
    pthread_mutex_unlock(&workers.lock);
    if (hangs) {
        _exit(1);
    }
}

void workers_join(void) {
    while (workers.running > 0) {
        workers_check();
        sleep_until(conversation_now_ms() + JOIN_MS);
    }
    for (size_t i = 0; i < workers.count; i++) {
        pthread_join(workers.threads[i], NULL);
    }
    workers.count = 0;
}

void workers_run_one(uint64_t seed, const conversation_setup *setup) {
    worker_converse(MOST_WORKERS - 1, seed, setup);
}
