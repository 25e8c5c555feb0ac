/* SPDX-License-Identifier: MIT */
/* workers: threads, each with one conversation after another, in blocking mode or by waiting. */
#ifndef FERRY_SOAK_WORKERS_H
#define FERRY_SOAK_WORKERS_H

#include "conversation.h"

/* `next_seed` is called by each thread; 0: it ends. */
void workers_start(size_t count, const conversation_setup *setup, uint64_t (*next_seed)(void));

/* Looks for one that hangs, and ends the process with the finding: a call that waits cannot be
 * got out of. */
void workers_check(void);

void workers_join(void);

/* One conversation from begin to end, on this thread. */
void workers_run_one(uint64_t seed, const conversation_setup *setup);

#endif
