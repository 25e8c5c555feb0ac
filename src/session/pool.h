/* SPDX-License-Identifier: MIT */
/* pool: connections by origin, and whom they are for. It tells by session.events what comes of it.
 */
#ifndef FERRY_SESSION_POOL_H
#define FERRY_SESSION_POOL_H

#include "session_state.h"

/* Puts a transfer among those that wait for a connection to where its URL points, and gives it one
 * if there is one. */
void ferry_pool_submit(ferry_transfer *transfer);

/* Takes it out of the queue, or closes the connection that it has. */
void ferry_pool_withdraw(ferry_transfer *transfer);

/* Its priority is another one. */
void ferry_pool_reorder(ferry_transfer *transfer);

/* The connection's response is a stream of events, which lasts: others may have its room. */
void ferry_pool_note_stream(ferry_pool_connection *connection);

/* The connection's transfer has ended, or goes elsewhere. The connection is kept if its client can
 * take another request, and closed otherwise. */
void ferry_pool_release(ferry_pool_connection *connection);

/* Closes the connections that nobody uses; of one origin, or of all (NULL). */
void ferry_pool_drop_idle(ferry_session *session, ferry_pool_origin *origin);

/* Before all else. What comes of transfers is told to `events`. */
void ferry_pool_init(ferry_session *session, const ferry_pool_events *events);

/* Closes and frees everything, when no transfer has a connection. */
void ferry_pool_deinit(ferry_session *session);

#endif
