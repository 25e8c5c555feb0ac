/* SPDX-License-Identifier: MIT */
/* exchange_request: the request of a transfer, as it is at its place. */
#ifndef FERRY_SESSION_EXCHANGE_REQUEST_H
#define FERRY_SESSION_EXCHANGE_REQUEST_H

#include "session_state.h"

/* Sends it over the transfer's connection: as ferry_pool_events.on_connection. */
FERRY_MUST_USE ferry_error ferry_exchange_send(ferry_transfer *transfer);

#endif
