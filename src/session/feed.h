/* SPDX-License-Identifier: MIT */
/* feed: gives a request's body to the client piece by piece, where it may not be sent as fast as
 * the connection takes it. */
#ifndef FERRY_SESSION_FEED_H
#define FERRY_SESSION_FEED_H

#include "session_state.h"

/* Takes the body out of a request that is limited, to be given by ferry_feed_advance(); leaves
 * others as they are. OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_feed_begin(ferry_transfer *transfer, ferry_request *request);

/* Gives what may be given now. False: the body could not be had, and the transfer has ended. */
bool ferry_feed_advance(ferry_transfer *transfer);

/* Nothing more is given. */
void ferry_feed_end(ferry_transfer *transfer);

#endif
