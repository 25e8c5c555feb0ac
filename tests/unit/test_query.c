/* SPDX-License-Identifier: MIT */
/* test_query: fields to a query string, with the sizes that snprintf would give. */
#include "ferry.h"

#include "check.h"

#include <string.h>

static void fields_are_joined_and_a_null_value_gives_the_name_alone(void) {
    static const ferry_field fields[] = {
        {"single", "123"}, {"not_valued", NULL}, {"multiple", "22"}, {"multiple", "33"}};
    static const char expected[] = "single=123&not_valued&multiple=22&multiple=33";
    char text[100];
    CHECK_INT(ferry_query_string_from_dict(fields, 4, text, sizeof text), sizeof expected - 1);
    CHECK_STR(text, expected);
}

static void an_empty_value_keeps_its_equals_sign(void) {
    static const ferry_field fields[] = {{"a", ""}, {"", "b"}, {"", NULL}, {"c", ""}};
    char text[32];
    CHECK_INT(ferry_query_string_from_dict(fields, 4, text, sizeof text), 9);
    CHECK_STR(text, "a=&=b&&c=");
}

static void all_but_unreserved_characters_are_encoded(void) {
    static const ferry_field fields[] = {{"a b&c", "=+%/\n\xc3\xa9"}, {"~-._", "AZaz09"}};
    char text[100];
    ferry_query_string_from_dict(fields, 2, text, sizeof text);
    CHECK_STR(text, "a%20b%26c=%3D%2B%25%2F%0A%C3%A9&~-._=AZaz09");
}

static void no_fields_give_an_empty_string(void) {
    char text[4] = "xyz";
    CHECK_INT(ferry_query_string_from_dict(NULL, 0, text, sizeof text), 0);
    CHECK_STR(text, "");
    CHECK_INT(ferry_query_string_from_dict(NULL, 0, NULL, 0), 0);
}

static void every_capacity_gives_the_same_length_and_a_cut_text(void) {
    static const ferry_field fields[] = {{"k", "\xff"}, {"n", NULL}};
    static const char expected[] = "k=%FF&n";
    for (size_t capacity = 0; capacity <= sizeof expected + 1; capacity++) {
        char text[16];
        memset(text, '#', sizeof text);
        size_t needed =
            ferry_query_string_from_dict(fields, 2, capacity > 0 ? text : NULL, capacity);
        CHECK_INT(needed, sizeof expected - 1);
        if (capacity > 0) {
            size_t kept = capacity > needed ? needed : capacity - 1;
            CHECK_MEM(text, kept, expected, kept);
            CHECK_INT(text[kept], '\0');
        }
        CHECK_INT(text[capacity], '#');
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(fields_are_joined_and_a_null_value_gives_the_name_alone),
        CHECK_TEST(an_empty_value_keeps_its_equals_sign),
        CHECK_TEST(all_but_unreserved_characters_are_encoded),
        CHECK_TEST(no_fields_give_an_empty_string),
        CHECK_TEST(every_capacity_gives_the_same_length_and_a_cut_text),
    };
    return CHECK_RUN(tests, argc, argv);
}
