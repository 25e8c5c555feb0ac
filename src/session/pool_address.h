/* SPDX-License-Identifier: MIT */
/* pool_address: where the connections of an origin go, once one of them has got there: the look-up
 * of one serves the others. */
#ifndef FERRY_SESSION_POOL_ADDRESS_H
#define FERRY_SESSION_POOL_ADDRESS_H

#include "session_state.h"

enum { FERRY_ADDRESS_LINE_SIZE = 512 };

/* Writes a line of ferry_client_options.resolve for the origin's address. False: none is known. */
bool ferry_pool_address_write_line(const ferry_session *session, const ferry_pool_origin *origin,
                                   char line[FERRY_ADDRESS_LINE_SIZE]);

/* Nobody could connect to it. */
void ferry_pool_address_forget(ferry_session *session, const ferry_pool_origin *origin);

/* The connection has been polled: it may be looking up the origin's name, or know its address.
 * True: others need not wait for that any more. */
bool ferry_pool_address_note(ferry_pool_connection *connection);

/* The connection looks nothing up any more. */
void ferry_pool_address_end(ferry_pool_connection *connection);

#endif
