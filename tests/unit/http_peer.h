/* SPDX-License-Identifier: MIT */
/* http_peer: a server on the loopback interface with a thread of its own: an origin, a proxy, and
 * TLS over either, for tests whose client sleeps. */
#ifndef FERRY_TESTS_HTTP_PEER_H
#define FERRY_TESTS_HTTP_PEER_H

#include <stdbool.h>
#include <stdint.h>

typedef struct http_peer http_peer;

/* Answers each request with "hello" once all of its body has come, after 100 (Continue) where that
 * is expected. CONNECT opens a tunnel to itself, unless the target begins with "refused". Where the
 * first byte is one of TLS, tls_peer speaks it. One connection at a time. NULL: it could not be
 * started. */
http_peer *http_peer_new(uint16_t *port);

/* Waits until its thread has ended: no connection may be open. */
void http_peer_free(http_peer *peer);

#endif
