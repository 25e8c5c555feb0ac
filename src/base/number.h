/* SPDX-License-Identifier: MIT */
/* number: decimal and hexadecimal numbers as text, read and written in one place each. */
#ifndef FERRY_BASE_NUMBER_H
#define FERRY_BASE_NUMBER_H

#include "span.h"

static inline bool ferry_is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* One or more digits that make a number up to INT64_MAX. */
bool ferry_decimal_read(ferry_span text, int64_t *number);

/* Writes the digits without a NUL, at most FERRY_DECIMAL_SIZE. Returns how many there are. */
enum { FERRY_DECIMAL_SIZE = sizeof "18446744073709551615" - 1 };
size_t ferry_decimal_write(uint64_t number, char *dst);

/* 0 to 15; -1 where it is no hexadecimal digit. */
static inline int ferry_hex_value(char c) {
    if (ferry_is_digit(c)) {
        return c - '0';
    }
    char lower = (char)(c | 0x20); /* no other bytes than letters become letters by it */
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The same as ferry_decimal_write() with hexadecimal digits, in lower case. */
enum { FERRY_HEX_SIZE = 16 };
size_t ferry_hex_write(uint64_t number, char *dst);

#endif
