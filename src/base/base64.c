/* SPDX-License-Identifier: MIT */
/* base64: writes three bytes as four digits. In the last four, "=" stands for what is missing. */
#include "base64.h"

char *ferry_base64_write(ferry_span bytes, char *dst) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < bytes.length; i += 3) {
        size_t count = ferry_size_least(bytes.length - i, 3);
        unsigned group = 0;
        for (size_t j = 0; j < 3; j++) {
            group = group << 8 | (j < count ? (unsigned char)bytes.data[i + j] : 0);
        }
        for (size_t j = 0; j < 4; j++) {
            *dst++ = (char)(j <= count ? digits[group >> (18 - 6 * j) & 63] : '=');
        }
    }
    return dst;
}
