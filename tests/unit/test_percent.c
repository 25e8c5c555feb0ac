/* SPDX-License-Identifier: MIT */
/* test_percent: bytes as "%XX", both ways. */
#include "base/percent.h"

#include "check.h"

static void every_byte_is_read_as_it_was_written(void) {
    for (int byte = 0; byte < 256; byte++) {
        char text[FERRY_PERCENT_SIZE + 1] = "####";
        CHECK(ferry_percent_write((char)byte, text) == text + 3);
        CHECK_INT(text[3], '#');
        CHECK_INT(ferry_percent_read((ferry_span){text, sizeof text}), byte);
    }
}

static void digits_are_written_in_upper_case_and_read_in_both(void) {
    char text[FERRY_PERCENT_SIZE];
    ferry_percent_write('\xaf', text);
    CHECK_MEM(text, sizeof text, "%AF", 3);
    CHECK_INT(ferry_percent_read(FERRY_SPAN("%af")), 0xaf);
    CHECK_INT(ferry_percent_read(FERRY_SPAN("%Afterwards")), 0xaf);
}

static void what_is_no_encoded_byte_is_none(void) {
    static const char *const texts[] = {"", "%", "%4", "%4g", "%g4", "41", "a%41", "%%41", "% 1"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CHECK_INT(ferry_percent_read(ferry_span_of(texts[i])), -1);
    }
    CHECK_INT(ferry_percent_read((ferry_span){"%41", 2}), -1);
}

static void a_target_keeps_what_is_ascii(void) {
    static const char target[] = "/a b%41\x7f?\xc3\xa9\xff#";
    static const char expected[] = "/a b%41\x7f?%C3%A9%FF#";
    char text[3 * sizeof target];
    char *end = ferry_percent_write_target(ferry_span_of(target), text);
    CHECK_MEM(text, (size_t)(end - text), expected, sizeof expected - 1);
    CHECK(ferry_percent_write_target(FERRY_SPAN(""), text) == text);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(every_byte_is_read_as_it_was_written),
        CHECK_TEST(digits_are_written_in_upper_case_and_read_in_both),
        CHECK_TEST(what_is_no_encoded_byte_is_none),
        CHECK_TEST(a_target_keeps_what_is_ascii),
    };
    return CHECK_RUN(tests, argc, argv);
}
