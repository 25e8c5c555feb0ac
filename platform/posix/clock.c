/* SPDX-License-Identifier: MIT */
/* clock: the time by which time-outs and attempts are measured. */
#include "platform.h"

#include <time.h>

int64_t ferry_platform_now_us(void) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t ferry_platform_now_ms(void) {
    return ferry_platform_now_us() / 1000;
}
