/* SPDX-License-Identifier: MIT */
/* exchange: one request of a transfer over a connection. */
#ifndef FERRY_SESSION_EXCHANGE_H
#define FERRY_SESSION_EXCHANGE_H

#include "session_state.h"

/* What the pool tells, which begins an exchange and lets it go on. */
extern const ferry_pool_events ferry_exchange_events;

/* Polls the connection's client and goes on as far as it can without waiting. The transfer may have
 * given its connection back then. */
void ferry_exchange_advance(ferry_transfer *transfer);

#endif
