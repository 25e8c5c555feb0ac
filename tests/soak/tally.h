/* SPDX-License-Identifier: MIT */
/* tally: what came of everything, in numbers. */
#ifndef FERRY_SOAK_TALLY_H
#define FERRY_SOAK_TALLY_H

#include "ferry.h"
#include "script.h"

void tally_exchange(const soak_script *script, ferry_error outcome, size_t bytes);
void tally_connection(ferry_error outcome);
void tally_conversation(void);
void tally_cancel(void);
void tally_again(void); /* a request that was told to connect again */
/* What a step of a polled client took; `phase` is one of conversation_state.h. */
void tally_call(unsigned phase, uint64_t seed, int64_t processor_us);

size_t tally_requests(void);

void tally_print(double seconds);

#endif
