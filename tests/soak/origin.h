/* SPDX-License-Identifier: MIT */
/* origin: one connection from the server's side: the door, TLS, the proxy's part, requests. */
#ifndef FERRY_SOAK_ORIGIN_H
#define FERRY_SOAK_ORIGIN_H

#include "server.h"

/* Until the connection has ended; closes the descriptor. */
void origin_serve(int descriptor, server_door door);

#endif
