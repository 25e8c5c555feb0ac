/* SPDX-License-Identifier: MIT */
/* number: reads and writes numbers without sscanf() and snprintf(): there is no locale, and what is
 * no number is refused. */
#include "number.h"

bool ferry_decimal_read(ferry_span text, int64_t *number) {
    enum { SAFE_DIGITS = 18 }; /* so many never exceed INT64_MAX */
    static const int64_t last = INT64_MAX / 10;
    int64_t value = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned digit = (unsigned char)text.data[i] - (unsigned)'0';
        bool is_too_much =
            i >= SAFE_DIGITS && (value > last || (value == last && digit > INT64_MAX % 10));
        if (digit > 9 || is_too_much) {
            return false;
        }
        value = value * 10 + digit;
    }
    if (text.length == 0) {
        return false;
    }
    *number = value;
    return true;
}

/* Written from the end, since the last digit is the first that is known. */
size_t ferry_decimal_write(uint64_t number, char *dst) {
    char digits[FERRY_DECIMAL_SIZE];
    char *end = digits + sizeof digits;
    char *at = end;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    memcpy(dst, at, (size_t)(end - at));
    return (size_t)(end - at);
}

size_t ferry_hex_write(uint64_t number, char *dst) {
    size_t count = 1;
    while (count < FERRY_HEX_SIZE && number >> (4 * count) != 0) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        dst[i] = "0123456789abcdef"[number >> (4 * (count - 1 - i)) & 15];
    }
    return count;
}
