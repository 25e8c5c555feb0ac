/* SPDX-License-Identifier: MIT */
/* conversation: one client from its making to its end: connections, requests, cancels, and the
 * judgement on each. It follows from its seed. */
#ifndef FERRY_SOAK_CONVERSATION_H
#define FERRY_SOAK_CONVERSATION_H

#include "plan.h"

#include <poll.h>

typedef struct soak_conversation soak_conversation;

/* What all of them share. */
typedef struct conversation_setup {
    const char *ca_pem;     /* NULL: there is no TLS */
    ferry_tls_cache *cache; /* what clients share that share one */
    ferry_tls_options proxy_tls;
    bool starves;    /* allocations fail now and then */
    bool is_verbose; /* prints each client's log */
} conversation_setup;

/* `setup` must outlive it. */
soak_conversation *conversation_new(uint64_t seed, const conversation_setup *setup);

/* One step, as a program would make it that looks at its client once a frame, or waits in it.
 * False: it is over. */
bool conversation_step(soak_conversation *conversation);

/* What a step should wait for, by what the client says; any of it, or the time, will do. Gives how
 * many there are; -1 as a time-out: none. */
size_t conversation_get_waits(soak_conversation *conversation, struct pollfd *waits,
                              size_t capacity, int *timeout_ms);

/* Waits by ferry_client_wait(), where the plan wants it so. */
void conversation_wait(soak_conversation *conversation);

/* Makes a finding of it where nothing has got on for too long. True: it did. */
bool conversation_hangs(soak_conversation *conversation);

/* Checks that nothing is left of the client. */
void conversation_free(soak_conversation *conversation);

#endif
