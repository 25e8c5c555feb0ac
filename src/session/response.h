/* SPDX-License-Identifier: MIT */
/* response: what a transfer keeps of the response. */
#ifndef FERRY_SESSION_RESPONSE_H
#define FERRY_SESSION_RESPONSE_H

#include "session_state.h"

/* Keeps code and headers of the client's response. OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_transfer_take_head(ferry_transfer *transfer,
                                                    const ferry_client *client);

/* How long the server keeps the connection when nobody uses it, by the response's Keep-Alive, less
 * a second for the way; -1: it does not say. */
int ferry_transfer_get_keep_alive_ms(const ferry_transfer *transfer);

/* True of a stream of events, which lasts (HTML standard section 9.2.3). */
bool ferry_transfer_has_events(const ferry_transfer *transfer);

/* Forgets the response. */
void ferry_transfer_drop_response(ferry_transfer *transfer);

/* Makes room for a body of this length, and a NUL; at most `limit`. OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_transfer_reserve_body(ferry_transfer *transfer, size_t length,
                                                       size_t limit);
void ferry_transfer_free_body(ferry_transfer *transfer);

#endif
