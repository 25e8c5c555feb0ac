/* SPDX-License-Identifier: MIT */
/* transfer_redirect: where a transfer goes next. */
#ifndef FERRY_SESSION_TRANSFER_REDIRECT_H
#define FERRY_SESSION_TRANSFER_REDIRECT_H

#include "session_state.h"

/* Goes where the response's Location points, or ends the transfer. It has no connection any more.
 */
void ferry_transfer_follow(ferry_transfer *transfer);

/* Goes where the request went at first. OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_transfer_return(ferry_transfer *transfer);

#endif
