/* SPDX-License-Identifier: MIT */
/* fake_runtime: a machine whose clock stands still but for what a test lets pass, and whose sleep
 * takes no time. Linked in place of the platform's. */
#ifndef FERRY_TESTS_FAKE_RUNTIME_H
#define FERRY_TESTS_FAKE_RUNTIME_H

#include "wire/connector.h"

enum { FAKE_SIGNAL = -2 };

typedef struct fake_runtime {
    int64_t now_us;
    unsigned clock_reads;
    /* In how many microseconds one of `events` comes; -1: never; FAKE_SIGNAL: a signal comes. */
    int64_t (*until_ready)(unsigned events);
    ferry_connector *connector; /* what the next connect_to_host uses */
    ferry_context *context;     /* of the client that has connected last */
    unsigned char random;       /* the first of the bytes that are said to be random */
    bool has_no_random;
    bool slept_for_ever; /* a sleep was asked for that nothing would have ended */
} fake_runtime;

extern fake_runtime machine;

#endif
