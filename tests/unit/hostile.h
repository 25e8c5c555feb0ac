/* SPDX-License-Identifier: MIT */
/* hostile: responses that are made to take long: much to decode that gives little or nothing, and
 * framing without data. */
#ifndef FERRY_TESTS_HOSTILE_H
#define FERRY_TESTS_HOSTILE_H

#include <stddef.h>

typedef struct hostile_response {
    const char *name;
    const char *coding; /* the library that must be built in: "gzip", "br", "zstd"; NULL: none */
    /* Appends the whole response to what is at `dst`; returns its length, at most HOSTILE_SIZE. */
    size_t (*write)(char *dst);
} hostile_response;

enum { HOSTILE_SIZE = 8 * 1024 * 1024 };

extern const hostile_response hostile_responses[]; /* ends with a NULL name */

#endif
