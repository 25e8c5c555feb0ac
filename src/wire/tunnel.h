/* SPDX-License-Identifier: MIT */
/* tunnel: the request to a proxy for a tunnel to an origin (RFC 9110 section 9.3.6). */
#ifndef FERRY_WIRE_TUNNEL_H
#define FERRY_WIRE_TUNNEL_H

#include "message/backend.h"

/* "name:443", "[::1]:443": the port always; cut where it is too long. */
enum { FERRY_H1_TUNNEL_NAME_SIZE = 300 };
void ferry_h1_tunnel_name(const char *host, uint16_t port, char name[FERRY_H1_TUNNEL_NAME_SIZE]);

/* Appends the head of CONNECT for the origin, to its proxy. OUT_OF_MEMORY. */
ferry_error ferry_h1_tunnel_request(ferry_buffer *out, ferry_context *context,
                                    const ferry_origin *origin);

#endif
