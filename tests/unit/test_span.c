/* SPDX-License-Identifier: MIT */
/* test_span: comparing and cutting as HTTP's grammar has it (RFC 9110 section 5.6). */
#include "base/span.h"

#include "check.h"

#include <string.h>

#define CHECK_SPAN(actual, expected)                                                               \
    CHECK_MEM((actual).data, (actual).length, (expected), strlen(expected))

static void spans_are_compared_without_case(void) {
    CHECK(ferry_span_equals(FERRY_SPAN("Content-Length"), FERRY_SPAN("cONTENT-lENGTH")));
    CHECK(ferry_span_equals(FERRY_SPAN(""), FERRY_SPAN("")));
    CHECK(!ferry_span_equals(FERRY_SPAN("close"), FERRY_SPAN("closed")));
    CHECK(!ferry_span_equals(FERRY_SPAN("closed"), FERRY_SPAN("close")));
    CHECK(!ferry_span_equals(FERRY_SPAN("clone"), FERRY_SPAN("close")));
}

static void only_ascii_letters_lose_their_case(void) {
    CHECK(!ferry_span_equals(FERRY_SPAN("@"), FERRY_SPAN("`")));
    CHECK(!ferry_span_equals(FERRY_SPAN("["), FERRY_SPAN("{")));
    CHECK(!ferry_span_equals(FERRY_SPAN("\xc4"), FERRY_SPAN("\xe4")));
    CHECK_INT(ferry_ascii_lower('A'), 'a');
    CHECK_INT(ferry_ascii_lower('Z'), 'z');
    CHECK_INT(ferry_ascii_lower('@'), '@');
    CHECK_INT(ferry_ascii_lower('['), '[');
    CHECK_INT(ferry_ascii_lower('7'), '7');
}

static void nul_bytes_are_compared_too(void) {
    CHECK(!ferry_span_equals(FERRY_SPAN("a\0b"), FERRY_SPAN("a\0c")));
    CHECK(ferry_span_equals(FERRY_SPAN("a\0b"), FERRY_SPAN("A\0B")));
}

static void a_prefix_is_found_in_any_case(void) {
    CHECK(ferry_span_starts_with(FERRY_SPAN("HTTP://x"), FERRY_SPAN("http://")));
    CHECK(ferry_span_starts_with(FERRY_SPAN("http://"), FERRY_SPAN("http://")));
    CHECK(ferry_span_starts_with(FERRY_SPAN("x"), FERRY_SPAN("")));
    CHECK(!ferry_span_starts_with(FERRY_SPAN("http:/"), FERRY_SPAN("http://")));
    CHECK(!ferry_span_starts_with(FERRY_SPAN("xhttp://"), FERRY_SPAN("http://")));
}

static void a_prefix_is_taken_off_where_it_is_there(void) {
    ferry_span text = FERRY_SPAN("HTTPS://x");
    CHECK(!ferry_span_take_prefix(&text, FERRY_SPAN("http://")));
    CHECK_SPAN(text, "HTTPS://x");
    CHECK(ferry_span_take_prefix(&text, FERRY_SPAN("https://")));
    CHECK_SPAN(text, "x");
    CHECK(!ferry_span_take_prefix(&text, FERRY_SPAN("xy")));
    CHECK(ferry_span_take_prefix(&text, FERRY_SPAN("x")));
    CHECK_INT(text.length, 0);
}

static void what_is_skipped_is_gone(void) {
    CHECK_SPAN(ferry_span_skip(FERRY_SPAN("abc"), 0), "abc");
    CHECK_SPAN(ferry_span_skip(FERRY_SPAN("abc"), 2), "c");
    CHECK_SPAN(ferry_span_skip(FERRY_SPAN("abc"), 3), "");
}

static void the_first_byte_of_a_set_is_found(void) {
    CHECK_INT(ferry_span_find_any(FERRY_SPAN("host/path?x"), "?/#"), 4);
    CHECK_INT(ferry_span_find_any(FERRY_SPAN("#"), "?/#"), 0);
    CHECK_INT(ferry_span_find_any(FERRY_SPAN("host"), "?/#"), 4);
    CHECK_INT(ferry_span_find_any(FERRY_SPAN("host"), ""), 4);
    CHECK_INT(ferry_span_find_any(FERRY_SPAN(""), "?"), 0);
    CHECK_INT(ferry_span_find_any(FERRY_SPAN("a\0b?"), "?"), 3); /* NUL is in no set */
}

static void trimming_takes_spaces_and_tabs_only(void) {
    CHECK_SPAN(ferry_span_trim(FERRY_SPAN(" \t a b\t ")), "a b");
    CHECK_SPAN(ferry_span_trim(FERRY_SPAN(" \t ")), "");
    CHECK_SPAN(ferry_span_trim(FERRY_SPAN("")), "");
    CHECK_SPAN(ferry_span_trim(FERRY_SPAN("\va\r")), "\va\r");
}

static void tchars_are_those_of_rfc_9110(void) {
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    int count = 0;
    for (int c = 0; c < 256; c++) {
        bool is_allowed = c != 0 && strchr(allowed, c) != NULL;
        CHECK_INT(ferry_is_tchar((unsigned char)c), is_allowed);
        count += is_allowed;
    }
    CHECK_INT(count, 77);
}

static void a_token_has_one_tchar_at_least(void) {
    CHECK(ferry_span_is_token(FERRY_SPAN("X-Custom_1")));
    CHECK(!ferry_span_is_token(FERRY_SPAN("")));
    CHECK(!ferry_span_is_token(FERRY_SPAN("a b")));
    CHECK(!ferry_span_is_token(FERRY_SPAN("a:")));
    CHECK(!ferry_span_is_token(FERRY_SPAN("a\0")));
    CHECK(!ferry_span_is_token(FERRY_SPAN("\xc3\xa9")));
}

static void list_elements_come_trimmed_and_empty_ones_not_at_all(void) {
    ferry_span list = FERRY_SPAN(", gzip ,,\tchunked\t, ,");
    ferry_span element;
    CHECK(ferry_span_next_element(&list, &element));
    CHECK_SPAN(element, "gzip");
    CHECK(ferry_span_next_element(&list, &element));
    CHECK_SPAN(element, "chunked");
    CHECK(!ferry_span_next_element(&list, &element));
    CHECK(!ferry_span_next_element(&list, &element));
    list = FERRY_SPAN("");
    CHECK(!ferry_span_next_element(&list, &element));
}

static void commas_in_quoted_strings_do_not_separate(void) {
    ferry_span list = FERRY_SPAN("a=\"x, \\\", y\", b");
    ferry_span element;
    CHECK(ferry_span_next_element(&list, &element));
    CHECK_SPAN(element, "a=\"x, \\\", y\"");
    CHECK(ferry_span_next_element(&list, &element));
    CHECK_SPAN(element, "b");
    CHECK(!ferry_span_next_element(&list, &element));
}

static void an_open_quoted_string_runs_to_the_end(void) {
    ferry_span list = FERRY_SPAN("\"a, b");
    ferry_span element;
    CHECK(ferry_span_next_element(&list, &element));
    CHECK_SPAN(element, "\"a, b");
    CHECK(!ferry_span_next_element(&list, &element));
    list = FERRY_SPAN("\"a\\");
    CHECK(ferry_span_next_element(&list, &element));
    CHECK_SPAN(element, "\"a\\");
    CHECK(!ferry_span_next_element(&list, &element));
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(spans_are_compared_without_case),
        CHECK_TEST(only_ascii_letters_lose_their_case),
        CHECK_TEST(nul_bytes_are_compared_too),
        CHECK_TEST(a_prefix_is_found_in_any_case),
        CHECK_TEST(a_prefix_is_taken_off_where_it_is_there),
        CHECK_TEST(what_is_skipped_is_gone),
        CHECK_TEST(the_first_byte_of_a_set_is_found),
        CHECK_TEST(trimming_takes_spaces_and_tabs_only),
        CHECK_TEST(tchars_are_those_of_rfc_9110),
        CHECK_TEST(a_token_has_one_tchar_at_least),
        CHECK_TEST(list_elements_come_trimmed_and_empty_ones_not_at_all),
        CHECK_TEST(commas_in_quoted_strings_do_not_separate),
        CHECK_TEST(an_open_quoted_string_runs_to_the_end),
    };
    return CHECK_RUN(tests, argc, argv);
}
