/* SPDX-License-Identifier: MIT */
/* pooled: one connection of a session's: how it is made, rests, and ends. pool.c says who gets it.
 */
#ifndef FERRY_SESSION_POOLED_H
#define FERRY_SESSION_POOLED_H

#include "session_state.h"

/* Makes a connection and begins to connect. The caller says what its item calls. NULL: the detail
 * is in the context. */
ferry_pool_connection *ferry_pooled_new(ferry_session *session, ferry_pool_origin *origin,
                                        ferry_context *context, int connect_ms, ferry_error *error);

/* Polls one that is being made until it has to wait. True: it is made. */
bool ferry_pooled_make(ferry_pool_connection *connection, ferry_error *error);

/* It is made, or is to end. */
void ferry_pooled_end_making(ferry_pool_connection *connection);

/* True where it may carry another request. */
bool ferry_pooled_is_fit(const ferry_pool_connection *connection);

/* It is idle from now on. */
void ferry_pooled_rest(ferry_pool_connection *connection);
void ferry_pooled_leave_idle(ferry_pool_connection *connection);

/* Finds what the connection waits for, and until when, after its client was called. */
void ferry_pooled_watch(ferry_pool_connection *connection);

/* Its timer is due at that time, or earlier. */
void ferry_pooled_set_timer(ferry_pool_connection *connection, int64_t at_us);

/* Closes and frees it. Its origin stays. */
void ferry_pooled_drop(ferry_pool_connection *connection);

/* The connection's transfer is about to be sent, or has ended: see ferry_keepalive_begin(), whose
 * errors it gives. */
FERRY_MUST_USE ferry_error ferry_pooled_begin_keepalive(ferry_pool_connection *connection);
void ferry_pooled_end_keepalive(ferry_pool_connection *connection);

#endif
