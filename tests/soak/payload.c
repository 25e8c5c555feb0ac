/* SPDX-License-Identifier: MIT */
/* payload: eight bytes a step; every second seed gives bytes that can be compressed. */
#include "payload.h"

#include "chance.h"

#include <string.h>

static uint64_t word_at(uint64_t seed, size_t index) {
    uint64_t word = chance_mix(seed, index);
    return seed % 2 == 0 ? word : (word & 0x0707070707070707u) | 0x6060606060606060u;
}

void payload_write(uint64_t seed, size_t offset, void *dst, size_t length) {
    unsigned char *to = dst;
    while (length > 0) {
        uint64_t word = word_at(seed, offset / 8);
        size_t skip = offset % 8;
        size_t part = 8 - skip < length ? 8 - skip : length;
        memcpy(to, (const unsigned char *)&word + skip, part);
        to += part;
        offset += part;
        length -= part;
    }
}

size_t payload_count_right(uint64_t seed, size_t offset, const void *bytes, size_t length) {
    const unsigned char *from = bytes;
    size_t right = 0;
    while (right < length) {
        uint64_t word = word_at(seed, (offset + right) / 8);
        size_t skip = (offset + right) % 8;
        size_t part = 8 - skip < length - right ? 8 - skip : length - right;
        const unsigned char *expected = (const unsigned char *)&word + skip;
        if (memcmp(from + right, expected, part) != 0) {
            for (; from[right] == *expected; expected++) {
                right++;
            }
            return right;
        }
        right += part;
    }
    return right;
}
