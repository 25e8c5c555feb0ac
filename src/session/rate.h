/* SPDX-License-Identifier: MIT */
/* rate: a limit of bytes a second, which time pays for. It reads no clock: the caller's times
 * count.
 */
#ifndef FERRY_SESSION_RATE_H
#define FERRY_SESSION_RATE_H

#include <stddef.h>
#include <stdint.h>

typedef struct ferry_rate {
    int64_t bytes_per_second; /* 0: there is no limit */
    int64_t until_us;         /* what was moved is paid for then */
    int64_t unpaid;           /* of it, millionths of bytes that make less than a microsecond */
} ferry_rate;

/* Nothing was moved by now. Up to a time t later, at most bytes_per_second * t and a sixteenth of a
 * second more may be. */
void ferry_rate_begin(ferry_rate *rate, int64_t bytes_per_second, int64_t now_us);

/* How many bytes may be moved now: as many as a sixteenth of a second has; 0: none before until_us;
 * SIZE_MAX: there is no limit. */
size_t ferry_rate_ask(const ferry_rate *rate, int64_t now_us);

/* So many bytes were moved, be they more than that or less. What was not moved for longer than a
 * quarter of a second cannot be made up for. */
void ferry_rate_take(ferry_rate *rate, int64_t now_us, int64_t bytes);

#endif
