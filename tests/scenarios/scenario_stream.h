/* SPDX-License-Identifier: MIT */
/* scenario_stream: a ferry_stream over memory, which takes what is written and gives what it was
 * made with, in small pieces and with pauses. */
#ifndef FERRY_TESTS_SCENARIO_STREAM_H
#define FERRY_TESTS_SCENARIO_STREAM_H

#include "scenario.h"

typedef struct scenario_stream {
    ferry_stream base;
    const char *in; /* what it gives */
    size_t in_length;
    size_t in_at;
    char out[4096]; /* what was written */
    size_t out_length;
    size_t most;             /* bytes moved at once; 0: any number */
    unsigned pauses;         /* reads so far: every other one gives nothing */
    bool held;               /* nothing is given */
    bool broken;             /* everything fails */
    ferry_stream_result end; /* what comes after all was given */
    int *destroyed;          /* counts */
} scenario_stream;

/* `in` and `destroyed` are borrowed for as long as the stream lives. */
scenario_stream *scenario_stream_new(const char *in, int *destroyed);

#endif
