/* SPDX-License-Identifier: MIT */
/* test_url_resolve: references, and what they mean beside a base. tests/url/ compares with Node. */
#include "ferry.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Resolves in memory of exactly the documented size; gives the URL, or the reason. */
static void resolve(const char *base, const char *reference, char line[512]) {
    size_t size = 3 * ((base != NULL ? strlen(base) : 0) + strlen(reference)) + 32;
    char *url = malloc(size);
    const char *reason = NULL;
    ferry_error error = ferry_url_resolve(base, reference, url, size, &reason);
    CHECK_INT(error, reason == NULL ? FERRY_OK : FERRY_ERROR_INVALID_PARAMETER);
    snprintf(line, 512, "%s", reason != NULL ? reason : url);
    free(url);
}

static void check_references(const char *base, const char *const cases[][2], size_t count) {
    for (size_t i = 0; i < count; i++) {
        char line[512];
        resolve(base, cases[i][0], line);
        if (!CHECK_STR(line, cases[i][1])) {
            printf("        of \"%s\"\n", cases[i][0]);
        }
    }
}

#define CHECK_REFERENCES(base, ...)                                                                \
    do {                                                                                           \
        static const char *const cases[][2] = {__VA_ARGS__};                                       \
        check_references((base), cases, sizeof cases / sizeof *cases);                             \
    } while (0)

static void what_a_reference_lacks_is_the_bases(void) {
    CHECK_REFERENCES("http://u:p@h:8080/a/b?q#f", {"c?d#e", "http://u:p@h:8080/a/c?d#e"},
                     {"../c", "http://u:p@h:8080/c"}, {"/c", "http://u:p@h:8080/c"},
                     {"//i/c", "http://i/c"}, {"?d", "http://u:p@h:8080/a/b?d"},
                     {"#e", "http://u:p@h:8080/a/b?q#e"}, {"", "http://u:p@h:8080/a/b?q"},
                     {"http:c", "http://u:p@h:8080/a/c"}, {"https:c", "https://c/"});
}

/* RFC 3986 section 5.4, with the URL standard's results. */
static void the_examples_of_rfc_3986_resolve(void) {
    CHECK_REFERENCES(
        "http://a/b/c/d;p?q", {"g", "http://a/b/c/g"}, {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"}, {"/g", "http://a/g"}, {"//g", "http://g/"},
        {"?y", "http://a/b/c/d;p?y"}, {"g?y", "http://a/b/c/g?y"}, {"#s", "http://a/b/c/d;p?q#s"},
        {"g#s", "http://a/b/c/g#s"}, {"g?y#s", "http://a/b/c/g?y#s"}, {";x", "http://a/b/c/;x"},
        {"g;x", "http://a/b/c/g;x"}, {"g;x?y#s", "http://a/b/c/g;x?y#s"},
        {"", "http://a/b/c/d;p?q"}, {".", "http://a/b/c/"}, {"./", "http://a/b/c/"},
        {"..", "http://a/b/"}, {"../", "http://a/b/"}, {"../g", "http://a/b/g"},
        {"../..", "http://a/"}, {"../../", "http://a/"}, {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"}, {"../../../../g", "http://a/g"}, {"/./g", "http://a/g"},
        {"/../g", "http://a/g"}, {"g.", "http://a/b/c/g."}, {".g", "http://a/b/c/.g"},
        {"g..", "http://a/b/c/g.."}, {"..g", "http://a/b/c/..g"}, {"./../g", "http://a/b/g"},
        {"./g/.", "http://a/b/c/g/"}, {"g/./h", "http://a/b/c/g/h"}, {"g/../h", "http://a/b/c/h"},
        {"g;x=1/./y", "http://a/b/c/g;x=1/y"}, {"g;x=1/../y", "http://a/b/c/y"},
        {"g?y/./x", "http://a/b/c/g?y/./x"}, {"g?y/../x", "http://a/b/c/g?y/../x"},
        {"g#s/../x", "http://a/b/c/g#s/../x"}, {"http:g", "http://a/b/c/g"});
}

static void one_slash_is_the_root(void) {
    CHECK_REFERENCES("http://h/a/b?q#f", {"/", "http://h/"}, {"\\", "http://h/"},
                     {"/?", "http://h/?"}, {"/#e", "http://h/#e"}, {" / ", "http://h/"},
                     {"http:/", "http://h/"});
}

static void backslashes_are_slashes_before_the_query(void) {
    CHECK_REFERENCES("https://h/a/b", {"\\c", "https://h/c"}, {"\\\\i\\c", "https://i/c"},
                     {"/\\i", "https://i/"}, {"\\/i", "https://i/"}, {"..\\c", "https://h/c"},
                     {"c?\\d#\\e", "https://h/a/c?\\d#\\e"}, {"http:\\\\i\\c", "http://i/c"},
                     {"https:\\c", "https://h/c"}, {"https:\\\\i", "https://i/"});
}

static void one_scheme_is_relative_and_the_other_is_not(void) {
    CHECK_REFERENCES("http://h/a/b?q", {"http:", "http://h/a/b?q"}, {"HTTP:?d", "http://h/a/b?d"},
                     {"http:/c", "http://h/c"}, {"http://i", "http://i/"},
                     {"http:///i/c", "http://i/c"}, {"https:/i/c", "https://i/c"},
                     {"https:///i/c", "https://i/c"}, {"https:", "the URL has no host"});
}

static void a_colon_makes_a_scheme_only_behind_its_letters(void) {
    CHECK_REFERENCES("http://h/a/", {":c", "http://h/a/:c"}, {"1:c", "http://h/a/1:c"},
                     {"./b:c", "http://h/a/b:c"}, {"b/c:d", "http://h/a/b/c:d"},
                     {"?b:c", "http://h/a/?b:c"}, {"b_c:d", "http://h/a/b_c:d"},
                     {"b-1.+:d", "the URL has a scheme other than http and https"},
                     {"ftp://i/", "the URL has a scheme other than http and https"},
                     {"aZ:c", "the URL has a scheme other than http and https"},
                     {"zA09:c", "the URL has a scheme other than http and https"},
                     {"javascript:x", "the URL has a scheme other than http and https"},
                     {"data:,x", "the URL has a scheme other than http and https"});
}

static void empty_segments_of_the_base_stay(void) {
    CHECK_REFERENCES("http://h//a//b", {"c", "http://h//a//c"}, {"../c", "http://h//a/c"},
                     {"", "http://h//a//b"}, {"/..//c", "http://h//c"});
    CHECK_REFERENCES("http://h", {"c", "http://h/c"}, {"?d", "http://h/?d"}, {"", "http://h/"},
                     {"..", "http://h/"});
    CHECK_REFERENCES("http://h/a/..", {"c", "http://h/c"}, {"", "http://h/"});
    CHECK_REFERENCES("http://h/a/b/.", {"c", "http://h/a/b/c"}, {"..", "http://h/a/"});
}

static void empty_queries_and_fragments_are_there(void) {
    CHECK_REFERENCES("http://h/a?#", {"", "http://h/a?"}, {"#", "http://h/a?#"},
                     {"?", "http://h/a?"}, {"b", "http://h/b"}, {"b?#", "http://h/b?#"});
}

static void spaces_around_are_dropped_and_within_encoded(void) {
    CHECK_REFERENCES("http://h/a", {" \t b c \n", "http://h/b%20c"}, {" ", "http://h/a"},
                     {"\x01/\x02 \x7f\x1f", "http://h/%02%20%7F"},
                     {"\xc3\xa9?\xc3\xa9'#\xc3\xa9'", "http://h/%C3%A9?%C3%A9%27#%C3%A9'"},
                     {"b\tc", "the URL has a tab or a line break in it"},
                     {"b\r\nc", "the URL has a tab or a line break in it"});
}

static void the_result_is_in_its_normal_form(void) {
    CHECK_REFERENCES("HTTPS://U:@0x7F.1:0443/%7e", {"", "https://U@127.0.0.1/%7e"},
                     {"//[0:0::1]:00081", "https://[::1]:81/"},
                     {"//EXAMPLE.%4frg:443/", "https://example.org/"},
                     {"//u:p@i@j", "https://u:p%40i@j/"}, {"//:p@i", "https://:p@i/"},
                     {"//u:@i", "https://u@i/"}, {"//:@i", "https://i/"}, {"//@i", "https://i/"},
                     {"//u::@i", "https://u:%3A@i/"}, {"http://i:443", "http://i:443/"});
}

static void without_a_base_the_reference_is_absolute(void) {
    CHECK_REFERENCES(NULL, {"http:h", "http://h/"}, {" HTTP:/h?q#f ", "http://h/?q#f"},
                     {"/a", "the URL does not begin with http:// or https://"},
                     {"h", "the URL does not begin with http:// or https://"},
                     {"", "the URL is empty"}, {"http:", "the URL has no host"},
                     {"ftp://h", "the URL has a scheme other than http and https"});
}

static void a_base_is_wrong_whatever_is_taken_of_it(void) {
    static const char *const bases[] = {"",           "/a",         "ftp://h/", "http://",
                                        "http://h:0", "http://a b", "http://[", "http://h/\ti"};
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++) {
        char line[512];
        resolve(bases[i], "http://i/", line);
        CHECK_STR(line, "the base is not an absolute http:// or https:// URL");
    }
}

static void authorities_of_references_are_checked(void) {
    CHECK_REFERENCES(
        "http://h/", {"//", "the URL has no host"}, {"///", "the URL has no host"},
        {"//u@", "the URL has no host"}, {"//i:x", "the port in the URL is not a number"},
        {"//i:0", "the port in the URL is not between 1 and 65535"},
        {"//i:65536", "the port in the URL is not between 1 and 65535"},
        {"//[::1", "the IPv6 address in the URL lacks its closing bracket"},
        {"//i<j", "the host name in the URL has a character that no host name can have"},
        {"//1.2.3.256", "the host in the URL ends in a number but is not an IPv4 "
                        "address"});
}

static void too_little_room_and_no_reference_are_refused(void) {
    char url[256];
    const char *reason = NULL;
    CHECK_INT(ferry_url_resolve("http://h", "abc", url, 3 * (8 + 3) + 31, &reason),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(reason, "the room for the resolved URL is too small");
    CHECK_INT(ferry_url_resolve("http://h", "abc", NULL, 0, NULL), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_url_resolve("http://h", "abc", NULL, sizeof url, NULL),
              FERRY_ERROR_INVALID_PARAMETER);
    for (size_t size = 0; size < 3 * (8 + 3) + 32; size++) {
        reason = NULL;
        CHECK_INT(ferry_url_resolve("http://h", "abc", url, size, &reason),
                  FERRY_ERROR_INVALID_PARAMETER);
        CHECK_STR(reason, "the room for the resolved URL is too small");
    }
    CHECK_INT(ferry_url_resolve(NULL, "", url, 31, &reason), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(reason, "the room for the resolved URL is too small");
    CHECK_INT(ferry_url_resolve(NULL, "", url, 32, &reason), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(reason, "the URL is empty");
    CHECK_INT(ferry_url_resolve("http://h", "abc", url, 3 * (8 + 3) + 32, NULL), FERRY_OK);
    CHECK_INT(ferry_url_resolve("http://h", NULL, url, sizeof url, &reason),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(reason, "there is no URL");
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(what_a_reference_lacks_is_the_bases),
        CHECK_TEST(the_examples_of_rfc_3986_resolve),
        CHECK_TEST(one_slash_is_the_root),
        CHECK_TEST(backslashes_are_slashes_before_the_query),
        CHECK_TEST(one_scheme_is_relative_and_the_other_is_not),
        CHECK_TEST(a_colon_makes_a_scheme_only_behind_its_letters),
        CHECK_TEST(empty_segments_of_the_base_stay),
        CHECK_TEST(empty_queries_and_fragments_are_there),
        CHECK_TEST(spaces_around_are_dropped_and_within_encoded),
        CHECK_TEST(the_result_is_in_its_normal_form),
        CHECK_TEST(without_a_base_the_reference_is_absolute),
        CHECK_TEST(a_base_is_wrong_whatever_is_taken_of_it),
        CHECK_TEST(authorities_of_references_are_checked),
        CHECK_TEST(too_little_room_and_no_reference_are_refused),
    };
    return CHECK_RUN(tests, argc, argv);
}
