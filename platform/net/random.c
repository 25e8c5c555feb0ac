/* SPDX-License-Identifier: MIT */
/* random: gives what asks a runtime for random bytes those of the system; apart from runtime.c, so
 * that a program which needs none does not link it. */
#include "client/runtime.h"

#include "platform.h"

bool ferry_runtime_random(void *dst, size_t length) {
    return ferry_platform_random(dst, length);
}
