/* SPDX-License-Identifier: MIT */
/* session_round: a session from its making to its end, with hundreds of transfers at once. Its
 * options, and what is asked of it, follow from its seed. */
#ifndef FERRY_SOAK_SESSION_ROUND_H
#define FERRY_SOAK_SESSION_ROUND_H

#include "conversation.h"

/* What came of all rounds. */
size_t session_round_requests(void);
void session_round_print(double seconds);

/* `is_over` is asked now and then: a round ends early where it says so. */
void session_round_run(uint64_t seed, const conversation_setup *setup, bool (*is_over)(void));

#endif
