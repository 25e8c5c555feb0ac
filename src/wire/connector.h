/* SPDX-License-Identifier: MIT */
/* connector: turns an origin into an open stream: look-up, connection attempts, TLS. What the
 * wire backend asks of a platform that has sockets. */
#ifndef FERRY_WIRE_CONNECTOR_H
#define FERRY_WIRE_CONNECTOR_H

#include "message/backend.h"

typedef struct ferry_connector ferry_connector;

typedef struct ferry_connector_ops {
    /* As ferry_backend_ops.prepare. */
    ferry_error (*prepare)(ferry_connector *connector, const ferry_origin *origin);
    /* Begins to connect. The link is RESOLVING then, whatever the host is. The origin's stream
     * belongs to the connector from then on, also if this fails. It cancels an earlier attempt.
     * OUT_OF_MEMORY; step reports everything else. */
    ferry_error (*start)(ferry_connector *connector, const ferry_origin *origin, int64_t now_ms);
    /* Does what can be done without waiting. Moves *link from RESOLVING to CONNECTING, or from
     * CONNECTING to OPEN, one step a call; at OPEN, *stream is the caller's. CANT_RESOLVE,
     * CANT_CONNECT, TLS_…: over, with a detail; *link then tells in which phase. */
    ferry_error (*step)(ferry_connector *connector, int64_t now_ms, ferry_link *link,
                        ferry_stream **stream);
    /* What to wait for, and *deadline_ms lowered to when step must be called even so (absolute;
     * INT64_MAX: none). Returns how many waits there are, storing at most `capacity`. */
    size_t (*get_waits)(const ferry_connector *connector, ferry_wait *waits, size_t capacity,
                        int64_t *deadline_ms);
    /* True where `stream` is beneath the one that is being made, or beneath `made`, which was made
     * here; NULL: none was. */
    bool (*owns)(const ferry_connector *connector, const ferry_stream *made,
                 const ferry_stream *stream);
    /* The phase that it is in, for the sentence of a time-out: ", while it …". NULL: there is
     * nothing to add. The member may be NULL. */
    const char *(*get_phase)(const ferry_connector *connector);
    /* Drops whatever is under way, at once. */
    void (*cancel)(ferry_connector *connector);
    void (*destroy)(ferry_connector *connector);
} ferry_connector_ops;

struct ferry_connector {
    const ferry_connector_ops *ops;
};

#endif
