/* SPDX-License-Identifier: MIT */
/* content_range: which part of a whole a response carries (RFC 9110 section 14.4). */
#ifndef FERRY_SESSION_CONTENT_RANGE_H
#define FERRY_SESSION_CONTENT_RANGE_H

#include "base/span.h"

typedef struct ferry_content_range {
    int64_t first; /* -1: the range that was asked for cannot be had ("bytes" and an asterisk) */
    int64_t last;
    int64_t total; /* -1: not known */
} ferry_content_range;

/* False: it is no such value, or one that contradicts itself. */
bool ferry_content_range_read(ferry_span value, ferry_content_range *range);

#endif
