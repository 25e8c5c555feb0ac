/* SPDX-License-Identifier: MIT */
/* test_number: decimal and hexadecimal numbers, read and written. */
#include "base/number.h"

#include "check.h"

static void numbers_go_up_to_63_bits(void) {
    int64_t number = -1;
    CHECK(ferry_decimal_read(FERRY_SPAN("0"), &number));
    CHECK_INT(number, 0);
    CHECK(ferry_decimal_read(FERRY_SPAN("00000000000000000000000000042"), &number));
    CHECK_INT(number, 42);
    CHECK(ferry_decimal_read(FERRY_SPAN("9223372036854775807"), &number));
    CHECK_INT(number, INT64_MAX);
}

static void what_is_no_number_leaves_the_result_alone(void) {
    static const char *const refused[] = {"",
                                          "9223372036854775808",
                                          "92233720368547758070",
                                          "18446744073709551617",
                                          "-1",
                                          "+1",
                                          " 1",
                                          "1 ",
                                          "0x10",
                                          "1,1",
                                          "1.0"};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        int64_t number = 7;
        CHECK(!ferry_decimal_read(ferry_span_of(refused[i]), &number));
        CHECK_INT(number, 7);
    }
}

static void decimals_are_written_without_zeros_in_front(void) {
    static const struct {
        uint64_t number;
        const char *text;
    } all[] = {
        {0, "0"}, {9, "9"}, {10, "10"}, {1024, "1024"}, {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char text[FERRY_DECIMAL_SIZE + 1] = {0};
        memset(text, '#', sizeof text);
        size_t length = ferry_decimal_write(all[i].number, text);
        CHECK_MEM(text, length, all[i].text, strlen(all[i].text));
        CHECK_INT(text[length], '#');
    }
}

static void what_was_written_is_read_again(void) {
    for (int shift = 0; shift < 63; shift++) {
        for (uint64_t beside = 0; beside < 3; beside++) {
            uint64_t wanted = ((uint64_t)1 << shift) + beside - 1;
            char text[FERRY_DECIMAL_SIZE];
            int64_t number = -1;
            CHECK(
                ferry_decimal_read((ferry_span){text, ferry_decimal_write(wanted, text)}, &number));
            CHECK_INT(number, wanted);
        }
    }
}

static void hexadecimals_are_written_in_lower_case_without_zeros_in_front(void) {
    static const struct {
        uint64_t number;
        const char *text;
    } all[] = {{0, "0"},
               {15, "f"},
               {16, "10"},
               {0xabcdef, "abcdef"},
               {0xf000000000000000, "f000000000000000"},
               {UINT64_MAX, "ffffffffffffffff"}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        char text[FERRY_HEX_SIZE + 1];
        memset(text, '#', sizeof text);
        size_t length = ferry_hex_write(all[i].number, text);
        CHECK_MEM(text, length, all[i].text, strlen(all[i].text));
        CHECK_INT(text[length], '#');
    }
}

static void of_all_bytes_22_are_hexadecimal_digits(void) {
    static const char lower[] = "0123456789abcdef";
    static const char upper[] = "0123456789ABCDEF";
    for (int byte = 0; byte < 256; byte++) {
        const char *in_lower = byte != 0 ? strchr(lower, byte) : NULL;
        const char *in_upper = byte != 0 ? strchr(upper, byte) : NULL;
        int value = in_lower != NULL   ? (int)(in_lower - lower)
                    : in_upper != NULL ? (int)(in_upper - upper)
                                       : -1;
        CHECK_INT(ferry_hex_value((char)byte), value);
        CHECK_INT(ferry_is_digit((char)byte), value >= 0 && value <= 9);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(numbers_go_up_to_63_bits),
        CHECK_TEST(what_is_no_number_leaves_the_result_alone),
        CHECK_TEST(decimals_are_written_without_zeros_in_front),
        CHECK_TEST(what_was_written_is_read_again),
        CHECK_TEST(hexadecimals_are_written_in_lower_case_without_zeros_in_front),
        CHECK_TEST(of_all_bytes_22_are_hexadecimal_digits),
    };
    return CHECK_RUN(tests, argc, argv);
}
