/* SPDX-License-Identifier: MIT */
/* rate: a bucket that leaks, as a time instead of a level. */
#include "rate.h"

enum {
    SECOND_US = 1000000,
    PIECES_A_SECOND = 16,        /* few enough for one wake-up each */
    CATCH_UP_US = SECOND_US / 4, /* for a program that polls late */
};

/* More than any machine moves, and products with a million stay in range. */
static const int64_t MOST_BYTES_PER_SECOND = INT64_C(1000000000000);
static const int64_t MOST_BYTES_AT_ONCE = INT64_C(1000000000000);

void ferry_rate_begin(ferry_rate *rate, int64_t bytes_per_second, int64_t now_us) {
    rate->bytes_per_second =
        bytes_per_second < MOST_BYTES_PER_SECOND ? bytes_per_second : MOST_BYTES_PER_SECOND;
    rate->until_us = now_us;
    rate->unpaid = 0;
}

size_t ferry_rate_ask(const ferry_rate *rate, int64_t now_us) {
    if (rate->bytes_per_second == 0) {
        return SIZE_MAX;
    }
    if (rate->until_us > now_us) {
        return 0;
    }
    int64_t piece = rate->bytes_per_second / PIECES_A_SECOND;
    if (piece < 1) {
        return 1;
    }
    return (uint64_t)piece < SIZE_MAX ? (size_t)piece : SIZE_MAX;
}

void ferry_rate_take(ferry_rate *rate, int64_t now_us, int64_t bytes) {
    if (rate->bytes_per_second == 0 || bytes <= 0) {
        return;
    }
    bytes = bytes < MOST_BYTES_AT_ONCE ? bytes : MOST_BYTES_AT_ONCE;
    if (rate->until_us < now_us - CATCH_UP_US) {
        rate->until_us = now_us - CATCH_UP_US;
    }
    int64_t owed = bytes * SECOND_US + rate->unpaid;
    rate->until_us += owed / rate->bytes_per_second;
    rate->unpaid = owed % rate->bytes_per_second;
}
