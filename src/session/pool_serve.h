/* SPDX-License-Identifier: MIT */
/* pool_serve: which transfer gets which connection, and when one more is made. */
#ifndef FERRY_SESSION_POOL_SERVE_H
#define FERRY_SESSION_POOL_SERVE_H

#include "pool_queue.h"

/* Ends the wait of all, since nobody could connect. */
void ferry_pool_fail_waiting(ferry_pool_origin *origin, ferry_error error, const char *detail);

/* The connection is made, and idle. */
void ferry_pool_finish_making(ferry_pool_connection *connection);

/* Gives those that wait what connections there are, and begins more. */
void ferry_pool_serve(ferry_session *session, ferry_pool_origin *origin);

/* On the web a request that may outlive its page waits for nobody: the page may end now. */
void ferry_pool_serve_at_once(ferry_session *session, ferry_pool_origin *origin,
                              ferry_transfer *transfer);

/* Gives room among all connections to the origins that wait for it. */
void ferry_pool_serve_waiting(ferry_session *session);

#endif
