/* SPDX-License-Identifier: MIT */
/* plan: what a conversation is: the way to the server, the client's options, how it is driven. */
#ifndef FERRY_SOAK_PLAN_H
#define FERRY_SOAK_PLAN_H

#include "link.h"
#include "server.h"

typedef enum plan_route {
    PLAN_ROUTE_HTTP,
    PLAN_ROUTE_HTTPS,
    PLAN_ROUTE_PROXIED_HTTP,
    PLAN_ROUTE_PROXIED_HTTPS, /* by CONNECT */
    PLAN_ROUTE_TLS_PROXIED_HTTP,
    PLAN_ROUTE_TLS_PROXIED_HTTPS,
    PLAN_ROUTE_OWN_HTTP,  /* over a stream of the program's own */
    PLAN_ROUTE_OWN_HTTPS, /* by start_tls over such a one */
    PLAN_ROUTE_COUNT,
} plan_route;

typedef enum plan_cancel {
    PLAN_CANCEL_NONE,
    PLAN_CANCEL_CLOSE,
    PLAN_CANCEL_FREE,
    PLAN_CANCEL_CONNECT, /* connect_to_host in the middle of things */
} plan_cancel;

enum { PLAN_MOST_CONNECTIONS = 12 };

typedef struct soak_plan {
    uint64_t seed;
    bool is_blocking;
    bool is_waiting; /* polled, with ferry_client_wait() in between */
    plan_route route;
    bool is_tls;     /* to the origin */
    bool is_proxied; /* one way or the other */
    server_door door;
    unsigned requests;
    plan_cancel cancel;
    size_t cancel_at; /* the step */
    bool is_small;
    bool is_steady; /* all connections have one name, so that TLS sessions are resumed */
    bool shares_cache;
    bool reads_views; /* by read_response_body_chunk */
    size_t read_bytes;
    size_t write_bytes;
    size_t stream_bytes; /* that a stream of the program's own moves at most */
    size_t chunk_bytes;
    size_t budget_bytes;
    unsigned lazy; /* percent of steps before which the program rests */
    uint64_t links[PLAN_MOST_CONNECTIONS];
} soak_plan;

soak_plan plan_make(uint64_t seed, bool has_tls);

/* Conversations that wait by themselves, and so need a thread each, have seeds of their own. */
bool plan_needs_thread(uint64_t seed);

bool plan_has_own_stream(const soak_plan *plan);

/* The way, and how it is driven. */
const char *plan_describe_route(const soak_plan *plan);
const char *plan_describe_mode(const soak_plan *plan);

#endif
