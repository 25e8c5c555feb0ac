/* SPDX-License-Identifier: MIT */
/* session_options: what a session is made with. */
#ifndef FERRY_SESSION_SESSION_OPTIONS_H
#define FERRY_SESSION_SESSION_OPTIONS_H

#include "session_state.h"

/* Fills in a new session. An error, with a detail, is why no transfer can start. INVALID_PARAMETER,
 * UNAVAILABLE, OUT_OF_MEMORY, FAILED. */
FERRY_MUST_USE ferry_error ferry_session_take_options(ferry_session *session,
                                                      const ferry_session_options *options);

#endif
