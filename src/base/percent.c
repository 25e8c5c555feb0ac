/* SPDX-License-Identifier: MIT */
/* percent: reads and writes the "%XX" of URLs, of queries and of proxies' passwords. */
#include "percent.h"

#include "number.h"

char *ferry_percent_write(char byte, char dst[FERRY_PERCENT_SIZE]) {
    static const char digits[] = "0123456789ABCDEF";
    unsigned char value = (unsigned char)byte;
    dst[0] = '%';
    dst[1] = digits[value >> 4];
    dst[2] = digits[value & 15];
    return dst + FERRY_PERCENT_SIZE;
}

int ferry_percent_read(ferry_span text) {
    if (text.length < FERRY_PERCENT_SIZE || text.data[0] != '%') {
        return -1;
    }
    int high = ferry_hex_value(text.data[1]);
    int low = ferry_hex_value(text.data[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static char *percent_write_rest(ferry_span target, char *dst) {
    for (size_t i = 0; i < target.length; i++) {
        char c = target.data[i];
        if ((unsigned char)c < 0x80) {
            *dst++ = c;
        } else {
            dst = ferry_percent_write(c, dst);
        }
    }
    return dst;
}

char *ferry_percent_write_target(ferry_span target, char *dst) {
    size_t length = 0; /* of what is ASCII, all of it nearly always */
    while (length < target.length && (unsigned char)target.data[length] < 0x80) {
        dst[length] = target.data[length];
        length++;
    }
    dst += length;
    return length == target.length ? dst : percent_write_rest(ferry_span_skip(target, length), dst);
}
