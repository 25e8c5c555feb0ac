/* SPDX-License-Identifier: MIT */
/* connect_tunnel: asks a proxy for a way to the origin, over a stream to that proxy. */
#ifndef FERRY_PLATFORM_NET_CONNECT_TUNNEL_H
#define FERRY_PLATFORM_NET_CONNECT_TUNNEL_H

#include "wire/connector.h"

typedef struct ferry_connect_tunnel ferry_connect_tunnel;

/* For an origin that has a proxy. Where that refuses, code and headers of its answer go to the
 * exchange. OUT_OF_MEMORY. */
ferry_error ferry_connect_tunnel_new(ferry_context *context, ferry_exchange *exchange,
                                     const ferry_origin *origin, ferry_connect_tunnel **tunnel);
void ferry_connect_tunnel_free(ferry_connect_tunnel *tunnel);

/* From the beginning, over another stream. */
void ferry_connect_tunnel_rewind(ferry_connect_tunnel *tunnel);

/* Goes on as far as the stream lets it; `done` tells whether that was to the open tunnel. Where
 * bytes of the origin came along with the proxy's answer, *stream is then another one, which gives
 * them first and owns the former. CANT_CONNECT: the proxy refuses; PROTOCOL, TOO_LARGE,
 * CONNECTION_ERROR, OUT_OF_MEMORY; with a detail. The stream stays the caller's. */
ferry_error ferry_connect_tunnel_step(ferry_connect_tunnel *tunnel, ferry_stream **stream,
                                      bool *done);

/* What it waits for: FERRY_EVENT_READ or FERRY_EVENT_WRITE. */
unsigned ferry_connect_tunnel_get_events(const ferry_connect_tunnel *tunnel);

#endif
