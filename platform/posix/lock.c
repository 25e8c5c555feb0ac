/* SPDX-License-Identifier: MIT */
/* lock: the one lock of the process. */
#include "platform.h"

#include <pthread.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

void ferry_platform_lock(void) {
    pthread_mutex_lock(&mutex);
}

void ferry_platform_unlock(void) {
    pthread_mutex_unlock(&mutex);
}
