/* SPDX-License-Identifier: MIT */
/* errand: what one transfer of a session asks for: redirects, an overloaded server, kept
 * connections that end, and behind them the answer of a script. All of it follows from its seed. */
#ifndef FERRY_SOAK_ERRAND_H
#define FERRY_SOAK_ERRAND_H

#include "intake.h"

typedef struct soak_errand {
    soak_script script; /* one that can be told apart where connections are shared */
    unsigned hops;      /* redirects before it */
    unsigned refusals;  /* 503 before it, to be asked again at once */
    bool cuts_kept;     /* the server ends a kept connection when it has the request */
    int retries;        /* ferry_session_request.max_retries */
} soak_errand;

enum { ERRAND_URL_SIZE = 160 };

soak_errand errand_make(uint64_t seed);

/* "https://c4.soak.test:1234/s<seed>/<number>/<hops>" */
void errand_write_url(const soak_errand *errand, const char *name, int port, uint64_t number,
                      char *dst);

/* The host of redirects, which has no faults. */
#define ERRAND_HOST "c4.soak.test"

/* The server's side. `target` is such a URL's: false: it is none. */
bool errand_is_target(const char *target);

/* Answers. `is_first`: it is the connection's first request. False: the connection is done with. */
bool errand_serve(soak_intake *intake, const intake_head *head, bool is_first);

#endif
