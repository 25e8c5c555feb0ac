/* SPDX-License-Identifier: MIT */
/* tls_client: a client that speaks TLS to a peer in memory. */
#ifndef FERRY_TLS_CLIENT_H
#define FERRY_TLS_CLIENT_H

#include "tls_peer.h"

enum { TLS_CLIENT_MAX_POLLS = 200000, TLS_CLIENT_LOG_SIZE = 4096 };

/* What the latest client has logged as FERRY_LOG_INFO, a line each. */
extern char tls_client_log[TLS_CLIENT_LOG_SIZE];

ferry_client *tls_client_new(void);

/* Options that trust the peer. */
ferry_tls_options tls_client_trusting(void);

/* Starts TLS over the client's connection, and polls until it is CONNECTED. */
ferry_error tls_client_start(ferry_client *client, const char *host, const ferry_tls_options *tls);

/* The same, over a connection to the peer. */
ferry_error tls_client_connect(ferry_client *client, tls_peer *peer, const char *host,
                               const ferry_tls_options *tls);

/* A request and its answer; the body goes to `text`. */
ferry_error tls_client_get(ferry_client *client, char text[64]);

#endif
