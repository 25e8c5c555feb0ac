/* SPDX-License-Identifier: MIT */
/* loop: many conversations in one thread, each stepped when its client says that it can go on. */
#ifndef FERRY_SOAK_LOOP_H
#define FERRY_SOAK_LOOP_H

#include "conversation.h"

typedef struct soak_loop soak_loop;

soak_loop *loop_new(size_t capacity, const conversation_setup *setup);

/* Begins a conversation. False: there is no room. */
bool loop_add(soak_loop *loop, uint64_t seed);

/* Waits for some of them, a tenth of a second at most, and steps those. Gives how many there are
 * still. */
size_t loop_turn(soak_loop *loop);

/* Ends all of them as they stand. */
void loop_free(soak_loop *loop);

#endif
