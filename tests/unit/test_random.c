/* SPDX-License-Identifier: MIT */
/* test_random: the bytes that the platform says are random. */
#include "client/runtime.h"

#include "check.h"

#include <string.h>

enum { DRAWS = 64, LENGTH = 32 };

/* That a bit is the same in all draws has a chance of 2 in 2^64. */
static void every_bit_has_both_values(void) {
    unsigned char zeros[LENGTH];
    unsigned char ones[LENGTH];
    memset(zeros, 0xff, sizeof zeros);
    memset(ones, 0, sizeof ones);
    for (int draw = 0; draw < DRAWS; draw++) {
        unsigned char bytes[LENGTH];
        CHECK(ferry_runtime_random(bytes, sizeof bytes));
        for (size_t i = 0; i < sizeof bytes; i++) {
            zeros[i] &= bytes[i];
            ones[i] |= bytes[i];
        }
    }
    for (size_t i = 0; i < LENGTH; i++) {
        CHECK_INT(zeros[i], 0);
        CHECK_INT(ones[i], 0xff);
    }
}

static void no_more_bytes_are_written_than_were_asked_for(void) {
    for (size_t length = 0; length <= 256; length++) {
        unsigned char bytes[258];
        memset(bytes, 0x5a, sizeof bytes);
        CHECK(ferry_runtime_random(bytes + 1, length));
        CHECK_INT(bytes[0], 0x5a);
        CHECK_INT(bytes[length + 1], 0x5a);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(every_bit_has_both_values),
        CHECK_TEST(no_more_bytes_are_written_than_were_asked_for),
    };
    return CHECK_RUN(tests, argc, argv);
}
