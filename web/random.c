/* SPDX-License-Identifier: MIT */
/* random: random bytes of the browser's, or of Node's: crypto.getRandomValues(). */
#define _GNU_SOURCE /* getentropy() */

#include "client/runtime.h"

#include <unistd.h>

bool ferry_runtime_random(void *dst, size_t length) {
    return getentropy(dst, length) == 0;
}
