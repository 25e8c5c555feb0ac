/* SPDX-License-Identifier: MIT */
/* retry: whether and when a request is sent again that has failed, or was answered "not now". */
#ifndef FERRY_SESSION_RETRY_H
#define FERRY_SESSION_RETRY_H

#include "ferry.h"

/* True for the codes that a later try may change: 408, 429, 502, 503 and 504. */
bool ferry_retry_is_code(int code);

/* True for errors of the network that a later try may change. */
bool ferry_retry_is_error(ferry_error error);

/* How long to wait before the try with this number (0 is the first): 1 s, doubled each time, 30 s
 * at most, shorter by up to a quarter. `chance` is any number. */
int64_t ferry_retry_delay_ms(int number, uint32_t chance);

/* What Retry-After asks for (RFC 9110 section 10.2.3); -1: it says nothing that can be read. A date
 * is compared with `now_s`, in seconds since 1970; one that has passed asks for 0. INT64_MAX: a
 * number of seconds that cannot be counted. */
int64_t ferry_retry_after_ms(const char *value, int64_t now_s);

/* A chance for ferry_retry_delay_ms(): those that fail at one time have numbers of their own. */
uint32_t ferry_retry_chance(int64_t now_us, uint64_t number);

#endif
