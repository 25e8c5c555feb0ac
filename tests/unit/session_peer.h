/* SPDX-License-Identifier: MIT */
/* session_peer: a server on the loopback interface with a thread for each connection, for tests of
 * sessions. */
#ifndef FERRY_TESTS_SESSION_PEER_H
#define FERRY_TESTS_SESSION_PEER_H

#include <stddef.h>
#include <stdint.h>

enum { SESSION_PEER_BIG = 300000, SESSION_PEER_FLOOD = 64 * 1024 * 1024 };

typedef struct session_peer session_peer;

/* It answers by target, once the request has come with its body:
 *
 *     /hello     "hello", and keeps the connection
 *     /close     the same, and ends it
 *     /empty     no body, and ends the connection
 *     /big       SESSION_PEER_BIG bytes of 'x', chunked
 *     /flood     SESSION_PEER_FLOOD bytes, as fast as they are taken
 *     /redirect  302 to /hello, with a body
 *     /again     307 to /hello, with a body
 *     /missing   404 with "no"
 *     /busy      503 with "no", to be tried again at once
 *     /cookie    as /redirect, and sets a cookie
 *     /events    a stream of one event
 *     /tagged    SESSION_PEER_BIG bytes of 'x' with an ETag: what is behind "Range: bytes=N-"; and
 *                304 where the request has a condition
 *     /hang      nothing
 *
 * NULL: it could not be started. */
session_peer *session_peer_new(uint16_t *port);

/* How many requests have come so far, but for /hang. */
size_t session_peer_count_requests(session_peer *peer);

/* No more connections can be made from now on. Those that there are stay. */
void session_peer_refuse(session_peer *peer);

/* Ends all connections and waits until all threads have ended. */
void session_peer_free(session_peer *peer);

#endif
