/* SPDX-License-Identifier: MIT */
/* require: ends the process, whose threads hold nothing that outlives it. */
#include "require.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void require(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "soak: %s: %s\n", what, strerror(errno));
        exit(3);
    }
}

void *require_memory(void *pointer) {
    require(pointer != NULL, "memory");
    return pointer;
}
