/* SPDX-License-Identifier: MIT */
/* test_base64: the vectors of RFC 4648, and what they leave out. */
#include "base/base64.h"

#include "check.h"

static void expect_text(ferry_span bytes, const char *expected) {
    char text[64];
    memset(text, '#', sizeof text);
    size_t length = (size_t)(ferry_base64_write(bytes, text) - text);
    CHECK_MEM(text, length, expected, strlen(expected));
    CHECK_INT(text[length], '#');
    CHECK_INT(ferry_base64_length(bytes.length), length);
}

static void the_vectors_of_rfc_4648_are_met(void) {
    expect_text(FERRY_SPAN(""), "");
    expect_text(FERRY_SPAN("f"), "Zg==");
    expect_text(FERRY_SPAN("fo"), "Zm8=");
    expect_text(FERRY_SPAN("foo"), "Zm9v");
    expect_text(FERRY_SPAN("foob"), "Zm9vYg==");
    expect_text(FERRY_SPAN("fooba"), "Zm9vYmE=");
    expect_text(FERRY_SPAN("foobar"), "Zm9vYmFy");
}

static void bytes_over_127_are_bytes_like_others(void) {
    expect_text(FERRY_SPAN("\xff"), "/w==");
    expect_text(FERRY_SPAN("\xfb\xef\xbe"), "++++");
    expect_text(FERRY_SPAN("\0\x10\x83\x10\x51\x87\x20\x92\x8b"), "ABCDEFGHIJKL");
}

static void every_digit_is_the_one_for_its_value(void) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned value = 0; value < 64; value++) {
        char text[4];
        char byte = (char)(value << 2);
        ferry_base64_write((ferry_span){&byte, 1}, text);
        CHECK_INT(text[0], digits[value]);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(the_vectors_of_rfc_4648_are_met),
        CHECK_TEST(bytes_over_127_are_bytes_like_others),
        CHECK_TEST(every_digit_is_the_one_for_its_value),
    };
    return CHECK_RUN(tests, argc, argv);
}
