/* SPDX-License-Identifier: MIT */
/* throttle: max_bytes_per_second of transfers and of sessions. Who may not go on waits for its
 * connection's timer, and at the session's limit in a line, so that each has its turn. */
#ifndef FERRY_SESSION_THROTTLE_H
#define FERRY_SESSION_THROTTLE_H

#include "session_state.h"

/* The transfer's limits begin now. */
void ferry_throttle_begin(ferry_transfer *transfer);

/* A request of the transfer's is given to a connection: its bytes count from 0. */
void ferry_throttle_begin_exchange(ferry_transfer *transfer);

/* True where the transfer or its session has a limit. */
bool ferry_throttle_is_limited(const ferry_transfer *transfer);

/* How many bytes the transfer may move now; SIZE_MAX: any number. 0: none; its connection goes on
 * when it may. */
size_t ferry_throttle_admit(ferry_transfer *transfer, ferry_way way);

/* The transfer has gone on as far as it can now: if it was its turn, and it has not asked, those
 * behind it have theirs soon. */
void ferry_throttle_pass(ferry_transfer *transfer);

/* Counts what has been moved since it was last called. */
void ferry_throttle_count(ferry_transfer *transfer, ferry_way way);

/* How far a browser may read ahead; `window` is what the program wants, 0: nothing. */
size_t ferry_throttle_choose_window(const ferry_transfer *transfer, size_t window);

/* The transfer gives its connection back. */
void ferry_throttle_leave(ferry_transfer *transfer);

#endif
