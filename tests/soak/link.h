/* SPDX-License-Identifier: MIT */
/* link: what befalls a connection, whatever is asked over it. Its seed travels in the host's name,
 * so that the server knows it from SNI, from CONNECT or from Host. */
#ifndef FERRY_SOAK_LINK_H
#define FERRY_SOAK_LINK_H

#include "script.h"

typedef enum link_fault {
    LINK_FAULT_NONE,
    LINK_FAULT_CUT,
    LINK_FAULT_RESET,
    LINK_FAULT_STALL,
    LINK_FAULT_GARBLE, /* a bit is wrong, beneath TLS */
    /* By the proxy, in place of a tunnel: */
    LINK_FAULT_REFUSED,
    LINK_FAULT_REFUSED_AND_CLOSED,
    LINK_FAULT_CUT_REPLY,
    LINK_FAULT_STALL_REPLY,
    LINK_FAULT_GARBAGE_REPLY,
} link_fault;

typedef struct soak_link {
    link_fault fault;
    size_t after;    /* bytes that the server has sent */
    int refusal;     /* the proxy's code */
    int interims;    /* 1xx of the proxy */
    bool has_length; /* the proxy's 2xx has a Content-Length, which means nothing */
} soak_link;

enum { LINK_NAME_SIZE = 64 };

/* The seed of a connection. A plain one has no faults that HTTP could not notice; a steady one has
 * none at all, and so can share its name with others. */
uint64_t link_seed(uint64_t seed, bool is_tls, bool is_tunnel, bool is_steady);

soak_link link_make(uint64_t seed);

/* "c<seed>.soak.test", and the seed of such a name; 0: it is none. */
void link_write_name(uint64_t seed, char *dst);
uint64_t link_read_name(const char *name, size_t length);

/* True where the client needs short time-outs to be done with it. */
bool link_stalls(const soak_link *link);

/* How connecting, and each exchange, may end beside the ways of its script; 0: no other. */
unsigned link_permits(const soak_link *link);
/* True where connecting cannot succeed. */
bool link_is_refused(const soak_link *link);

const char *link_describe(const soak_link *link);

#endif
