/* SPDX-License-Identifier: MIT */
/* test_format: what ferry_format() writes is what the C library's snprintf() writes. */
#include "base/format.h"

#include "check.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Both formatters get the same arguments. */
#define CHECK_SAME(...)                                                                            \
    do {                                                                                           \
        char expected[64];                                                                         \
        char actual[64];                                                                           \
        int length = snprintf(expected, sizeof expected, __VA_ARGS__);                             \
        CHECK_INT(ferry_format(actual, sizeof actual, __VA_ARGS__), length);                       \
        CHECK_STR(actual, expected);                                                               \
    } while (0)

static void texts_and_precisions_are_as_printf_has_them(void) {
    CHECK_SAME("%s", "");
    CHECK_SAME("%s", "a word");
    CHECK_SAME("<%s> and <%s>", "one", "two");
    CHECK_SAME("%.3s", "longer");
    CHECK_SAME("%.120s", "shorter");
    CHECK_SAME("%.0s", "none");
    CHECK_SAME("%.*s|", 4, "spans end before this");
    CHECK_SAME("%.*s|", 0, "");
    CHECK_SAME("100 %% of %s", "it");
}

static void numbers_are_as_printf_has_them(void) {
    CHECK_SAME("%d", 0);
    CHECK_SAME("%d %d", INT_MIN, INT_MAX);
    CHECK_SAME("%u", UINT_MAX);
    CHECK_SAME("%zu", SIZE_MAX);
    CHECK_SAME("%lld %lld", LLONG_MIN, LLONG_MAX);
    CHECK_SAME("%llu", ULLONG_MAX);
    CHECK_SAME("%d bytes of %lld", -1, (long long)1 << 40);
}

static void what_does_not_fit_is_cut_and_ended(void) {
    char text[8];
    memset(text, 'x', sizeof text);
    CHECK_INT(ferry_format(text, 5, "%s", "longer than that"), 4);
    CHECK_STR(text, "long");
    CHECK_INT(text[5], 'x');
    CHECK_INT(ferry_format(text, 5, "%d", 123456), 4);
    CHECK_STR(text, "1234");
    CHECK_INT(ferry_format(text, 1, "%s", "no room"), 0);
    CHECK_STR(text, "");
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(texts_and_precisions_are_as_printf_has_them),
        CHECK_TEST(numbers_are_as_printf_has_them),
        CHECK_TEST(what_does_not_fit_is_cut_and_ended),
    };
    return CHECK_RUN(tests, argc, argv);
}
