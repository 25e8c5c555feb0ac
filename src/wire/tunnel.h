/* SPDX-License-Identifier: MIT */
/* tunnel: asks a proxy for a tunnel to an origin and reads its answer (RFC 9110 section 9.3.6).
 */
#ifndef FERRY_WIRE_TUNNEL_H
#define FERRY_WIRE_TUNNEL_H

#include "h1/head.h"
#include "message/backend.h"

/* "name:443", "[::1]:443": the port always; cut where it is too long. */
enum { FERRY_H1_TUNNEL_NAME_SIZE = 300 };
void ferry_h1_tunnel_name(const char *host, uint16_t port, char name[FERRY_H1_TUNNEL_NAME_SIZE]);

/* Appends the head of CONNECT for the origin, to its proxy. OUT_OF_MEMORY. */
ferry_error ferry_h1_tunnel_request(ferry_buffer *out, ferry_context *context,
                                    const ferry_origin *origin);

enum { FERRY_H1_REASON_SIZE = FERRY_H1_EXCERPT_SIZE };

/* The answer, as it comes. */
typedef struct ferry_h1_tunnel {
    ferry_h1_head head;
    size_t interim_count;
    char reason[FERRY_H1_REASON_SIZE]; /* what the status line says besides the code */
} ferry_h1_tunnel;

void ferry_h1_tunnel_init(ferry_h1_tunnel *tunnel);

/* Takes heads from `rx`, interim ones (1xx) until the final one, whose fields are then in `headers`
 * and whose code is head.code; *complete says so. What is behind it stays in `rx`. PROTOCOL,
 * TOO_LARGE, OUT_OF_MEMORY, with a detail. */
ferry_error ferry_h1_tunnel_parse(ferry_h1_tunnel *tunnel, ferry_context *context,
                                  ferry_headers *headers, ferry_buffer *rx, bool *complete);

#endif
