/* SPDX-License-Identifier: MIT */
/* dialer_rig: a connector of happy eyeballs, its own time, and all that can be seen of it. */
#ifndef FERRY_DIALER_RIG_H
#define FERRY_DIALER_RIG_H

#include "check.h"
#include "counted_memory.h"
#include "net/happy_eyeballs.h"

enum { START_MS = 1000, DELAY_MS = 250, MOST_THREADS = 64, LOG_SIZE = 4096 };

typedef struct dialer_rig {
    ferry_context context;
    ferry_connector *connector;
    ferry_link link;
    ferry_stream *stream;
    ferry_link_facts *facts; /* where they are told; NULL: nowhere */
    int64_t now_ms;
    char log[LOG_SIZE];
    counted_memory memory;
    size_t descriptors;
} dialer_rig;

extern dialer_rig rig;

/* Makes another one, of which nothing has happened yet. */
void dialer_begin(void);
ferry_error dialer_begin_failing_at(unsigned fail_at);

/* Everything that the test itself opened must be closed by then. */
void dialer_end(void);

ferry_error dialer_start(const char *host, uint16_t port);
ferry_error dialer_step(void);
size_t dialer_get_waits(ferry_wait *waits, size_t capacity, int64_t *deadline_ms);

/* Sleeps until something is ready, unless the dialer wants to go on at once; steps. */
ferry_error dialer_wait_and_step(void);

/* Until the link is `link`, or an error. */
ferry_error dialer_run_until(ferry_link link);

/* Whether the log has these lines, "P" standing for the port. */
void dialer_check_log(const char *expected, uint16_t port);

/* The stream works, and leads to the socket that `listener` gives. */
void dialer_check_stream(int listener);

#endif
