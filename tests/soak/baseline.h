/* SPDX-License-Identifier: MIT */
/* baseline: what the process holds, to be compared when all is over. */
#ifndef FERRY_SOAK_BASELINE_H
#define FERRY_SOAK_BASELINE_H

#include <stddef.h>

typedef struct soak_baseline {
    size_t descriptors;
    size_t threads;
    size_t heap_bytes; /* 0: not known */
} soak_baseline;

soak_baseline baseline_take(void);

/* Waits a little for threads that are about to end; what is left over is a finding. */
void baseline_compare(const soak_baseline *before);

#endif
