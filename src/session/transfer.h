/* SPDX-License-Identifier: MIT */
/* transfer: its life from start to free. */
#ifndef FERRY_SESSION_TRANSFER_H
#define FERRY_SESSION_TRANSFER_H

#include "session_state.h"

/* While it is held, the transfer's memory stays, even if a function frees it. */
static inline void ferry_transfer_hold(ferry_transfer *transfer) {
    transfer->holds++;
}
void ferry_transfer_release(ferry_transfer *transfer);

/* Functions are to be called. */
void ferry_transfer_announce(ferry_transfer *transfer);

/* Calls on_done where it is due, and on_progress where the poll or the transfer ends. */
void ferry_transfer_call_functions(ferry_transfer *transfer, bool ends_poll);

/* Ends the transfer. The detail of an error is in its context already. */
void ferry_transfer_finish(ferry_transfer *transfer, ferry_error error);

/* Ends the transfer, and closes its connection: the rest is not wanted. */
void ferry_transfer_stop(ferry_transfer *transfer, ferry_error error, const char *detail);

/* An attempt has failed, and the detail is in the transfer's context. Tries again later, if the
 * request allows it, or ends the transfer. The transfer has no connection any more. */
void ferry_transfer_fail_attempt(ferry_transfer *transfer, ferry_error error, bool may_send_again);

/* Tries again after so many milliseconds. */
void ferry_transfer_delay(ferry_transfer *transfer, int64_t delay_ms);

/* Sets the timer: the end of a delay, or of total_ms. */
void ferry_transfer_set_timer(ferry_transfer *transfer);

/* The transfer's timer is due. */
void ferry_transfer_timer(ferry_transfer *transfer);

/* INVALID_PARAMETER where the session takes https:// alone and the place is another one. */
FERRY_MUST_USE ferry_error ferry_transfer_check_scheme(ferry_transfer *transfer,
                                                       const ferry_place *place);

#endif
