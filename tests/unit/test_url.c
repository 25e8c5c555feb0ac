/* SPDX-License-Identifier: MIT */
/* test_url: absolute http and https URLs, taken apart and refused. */
#include "ferry.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Parses in storage of exactly the documented size and prints the outcome on one line. */
static void parse(const char *text, char line[512]) {
    size_t size = 3 * strlen(text) + 16;
    char *storage = malloc(size);
    ferry_url url;
    const char *reason = NULL;
    if (ferry_url_parse(text, storage, size, &url, &reason) == FERRY_OK) {
        snprintf(line, 512, "%s %s %d %s%s%s", url.secure ? "https" : "http", url.host, url.port,
                 url.target, url.userinfo != NULL ? " " : "",
                 url.userinfo != NULL ? url.userinfo : "");
    } else {
        snprintf(line, 512, "%s", reason != NULL ? reason : "(no reason)");
    }
    free(storage);
}

static void check_cases(const char *const cases[][2], size_t count) {
    for (size_t i = 0; i < count; i++) {
        char line[512];
        parse(cases[i][0], line);
        if (!CHECK_STR(line, cases[i][1])) {
            printf("        of \"%s\"\n", cases[i][0]);
        }
    }
}

#define CHECK_CASES(...)                                                                           \
    do {                                                                                           \
        static const char *const cases[][2] = {__VA_ARGS__};                                       \
        check_cases(cases, sizeof cases / sizeof *cases);                                          \
    } while (0)

static void defaults_are_filled_in(void) {
    CHECK_CASES({"http://example.org", "http example.org 80 /"},
                {"https://example.org", "https example.org 443 /"},
                {"HTTPS://EXAMPLE.org:8443/A?B", "https example.org 8443 /A?B"},
                {"http://example.org:", "http example.org 80 /"},
                {"http://example.org:0080/", "http example.org 80 /"},
                {"http://db", "http db 80 /"}, {"http://example.org./", "http example.org. 80 /"},
                {"http://a_b.example-1/", "http a_b.example-1 80 /"},
                {"http://a..b/", "http a..b 80 /"}, {"http://a../", "http a.. 80 /"});
}

static void slashes_and_surroundings_are_taken_as_browsers_take_them(void) {
    CHECK_CASES({" \t\r\n http://h/p \x01\n", "http h 80 /p"}, {"http:h/p", "http h 80 /p"},
                {"http:/h/p", "http h 80 /p"}, {"http:///h/p", "http h 80 /p"},
                {"http:\\\\h\\p\\..\\q?a\\b", "http h 80 /q?a\\b"},
                {"http://h\\@other/", "http h 80 /@other/"});
}

static void ports_are_1_to_65535(void) {
    CHECK_CASES(
        {"http://h:1/", "http h 1 /"}, {"http://h:65535/", "http h 65535 /"},
        {"http://h:0/", "the port in the URL is not between 1 and 65535"},
        {"http://h:65536/", "the port in the URL is not between 1 and 65535"},
        {"http://h:4294967376/", "the port in the URL is not between 1 and 65535"},
        {"http://h:99999999999999999999/", "the port in the URL is not between 1 and 65535"},
        {"http://h:-80/", "the port in the URL is not a number"},
        {"http://h:8a/", "the port in the URL is not a number"},
        {"http://h:80:80/", "the port in the URL is not a number"});
}

static void the_path_loses_its_dot_segments(void) {
    CHECK_CASES({"http://h/./a/../b", "http h 80 /b"}, {"http://h/a/b/..", "http h 80 /a/"},
                {"http://h/a/b/.", "http h 80 /a/b/"}, {"http://h/../../a", "http h 80 /a"},
                {"http://h/..", "http h 80 /"}, {"http://h/.", "http h 80 /"},
                {"http://h/a/%2e%2E/%2e/b", "http h 80 /b"}, {"http://h/a/.%2e", "http h 80 /"},
                {"http://h/a//../b", "http h 80 /a/b"}, {"http://h//a//", "http h 80 //a//"},
                {"http://h/.../..a/a..", "http h 80 /.../..a/a.."},
                {"http://h/%2e%2", "http h 80 /%2e%2"}, {"http://h/a?/../b", "http h 80 /a?/../b"});
}

static void the_target_has_only_what_a_request_line_may_have(void) {
    CHECK_CASES({"http://h/a b\x01\x7f\xc3\xa9\"<>`{}^", "http h 80 "
                                                         "/a%20b%01%7F%C3%A9%22%3C%3E%60%7B%7D%5E"},
                {"http://h/%zz%2%", "http h 80 /%zz%2%"},
                {"http://h/a;b=c,d|[e]", "http h 80 /a;b=c,d|[e]"},
                {"http://h?a b'\"#f", "http h 80 /?a%20b%27%22"}, {"http://h/?", "http h 80 /?"},
                {"http://h#f?g", "http h 80 /"}, {"http://h/p#a\"b c", "http h 80 /p"},
                {"http://h/?a?b`{}", "http h 80 /?a?b`{}"});
}

static void userinfo_is_kept_encoded(void) {
    CHECK_CASES({"http://u:p@h/", "http h 80 / u:p"}, {"http://u@h/", "http h 80 / u"},
                {"http://u:@h/", "http h 80 / u:"}, {"http://:p@h/", "http h 80 / :p"},
                {"http://a@b:c:d@h:81/", "http h 81 / a%40b:c%3Ad"},
                {"http://u%20:\xc3\xa9 @h/", "http h 80 / u%20:%C3%A9%20"},
                {"http://@h/", "http h 80 /"}, {"http://:@h/", "http h 80 /"},
                {"http://u:p@[::1]:8/", "http ::1 8 / u:p"});
}

static void check_fragment(const char *text, const char *expected) {
    char storage[256];
    ferry_url url;
    CHECK_INT(ferry_url_parse(text, storage, 3 * strlen(text) + 16, &url, NULL), FERRY_OK);
    if (expected == NULL) {
        CHECK(url.fragment == NULL);
    } else {
        CHECK_STR(url.fragment, expected);
    }
}

static void the_fragment_is_kept_apart_and_encoded(void) {
    check_fragment("http://h", NULL);
    check_fragment("http://h/?q", NULL);
    check_fragment("http://h#", "");
    check_fragment("http://h/#a?b#c", "a?b#c");
    check_fragment("http://u@h?q#a b\"<>`{}\xc3\xa9%41", "a%20b%22%3C%3E%60{}%C3%A9%41");
    check_fragment("http:0#\x01\x7f\xff\xfe\xfd\xfc", "%01%7F%FF%FE%FD%FC");
}

static void host_names_are_decoded_and_lower_case(void) {
    CHECK_CASES({"http://ex%41mple%2Eorg/", "http example.org 80 /"},
                {"http://a!$&'()*+,;=~/", "http a!$&'()*+,;=~ 80 /"},
                {"http://XN--Fa-hia.example/", "http xn--fa-hia.example 80 /"});
}

static void host_names_with_forbidden_characters_are_refused(void) {
    static const char *const hosts[] = {"a b",   "a<b",   "a>b",   "a^b",   "a|b",   "a%b",
                                        "a[b",   "a]b",   "a\x01", "a\x7f", "a%00",  "a%20b",
                                        "a%2fb", "a%3a1", "a%40b", "a%25",  "a%5Cb", "%5b::1%5d"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char text[64];
        char line[512];
        snprintf(text, sizeof text, "http://%s/", hosts[i]);
        parse(text, line);
        CHECK_STR(line, "the host name in the URL has a character that no host name can have");
    }
}

static void host_names_beyond_ascii_are_refused_with_advice(void) {
    static const char sentence[] = "the host name in the URL has letters beyond ASCII: write it in "
                                   "its punycode form (xn--...)";
    CHECK_CASES({"http://\xc3\xa9.example/", sentence}, {"http://%C3%A9/", sentence},
                {"http://a%80/", sentence}, {"http://\xc2\xad/", sentence},
                {"http://a\xff/", sentence});
}

static void ipv4_addresses_are_read_in_all_their_spellings(void) {
    static const char sentence[] = "the host in the URL ends in a number but is not an IPv4 "
                                   "address";
    CHECK_CASES(
        {"http://127.0.0.1/", "http 127.0.0.1 80 /"}, {"http://0", "http 0.0.0.0 80 /"},
        {"http://127.1/", "http 127.0.0.1 80 /"}, {"http://0x7f.0.0.01./", "http 127.0.0.1 80 /"},
        {"http://192.0x00A80001/", "http 192.168.0.1 80 /"},
        {"http://4294967295/", "http 255.255.255.255 80 /"},
        {"http://0x.0x.0/", "http 0.0.0.0 80 /"},
        {"http://%31%32%37.0.0.1/", "http 127.0.0.1 80 /"},
        {"http://0X7F.0.0.0X7G/", "http 0x7f.0.0.0x7g 80 /"},
        {"http://1.2.3.4x/", "http 1.2.3.4x 80 /"}, {"http://4294967296/", sentence},
        {"http://256.0.0.1/", sentence}, {"http://1.2.3.256/", sentence},
        {"http://1.2.3.4.5/", sentence}, {"http://1.2.65536/", sentence},
        {"http://09.2.3.4/", sentence}, {"http://1.2.3.08/", sentence}, {"http://foo.1/", sentence},
        {"http://foo.0x/", sentence}, {"http://0..1/", sentence}, {"http://.1/", sentence},
        {"http://0x10000000000000000/", sentence});
}

static void ipv6_addresses_get_their_canonical_form(void) {
    CHECK_CASES({"http://[::]/", "http :: 80 /"}, {"http://[::1]:8080/", "http ::1 8080 /"},
                {"http://[1::]", "http 1:: 80 /"},
                {"http://[2001:DB8:0:0:1:0:0:1]", "http 2001:db8::1:0:0:1 80 /"},
                {"http://[0:1:0:1:0:1:0:1]", "http 0:1:0:1:0:1:0:1 80 /"},
                {"http://[1:0:0:2:0:0:0:3]", "http 1:0:0:2::3 80 /"},
                {"http://[1:2:3:4:5:6:7::]", "http 1:2:3:4:5:6:7:0 80 /"},
                {"http://[1::3:4:5:6:7:8]", "http 1:0:3:4:5:6:7:8 80 /"},
                {"http://[::2:3:4:5:6:7:8]", "http 0:2:3:4:5:6:7:8 80 /"},
                {"http://[::ffff:1.2.3.4]", "http ::ffff:102:304 80 /"},
                {"http://[1:2:3:4:5:6:0.0.0.255]", "http 1:2:3:4:5:6:0:ff 80 /"},
                {"http://[fe80::0001:00ab]/p", "http fe80::1:ab 80 /p"});
}

static void what_is_no_ipv6_address_is_refused(void) {
    static const char *const hosts[] = {"",
                                        ":",
                                        "1",
                                        ":1",
                                        "1:",
                                        "1:2:3:4:5:6:7",
                                        "1:2:3:4:5:6:7:",
                                        "1:2:3:4:5:6:7:8:9",
                                        "1::2::3",
                                        ":::",
                                        "1:::2",
                                        "1::2:3:4:5:6:7:8",
                                        "1:2:3:4:5:6:7:8::",
                                        "12345::",
                                        "g::",
                                        "::1.2.3",
                                        "::1.2.3.4.5",
                                        "::1.2.3.256",
                                        "::01.2.3.4",
                                        "::1.2.3.4:5",
                                        "::.1",
                                        "1:2:3:4:5:6:7:1.2.3.4",
                                        "1::2:3:4:5:6:1.2.3.4",
                                        "1.2.3.4",
                                        "::1 ",
                                        "example.org"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        char text[64];
        char line[512];
        snprintf(text, sizeof text, "http://[%s]/", hosts[i]);
        parse(text, line);
        if (!CHECK_STR(line, "what stands in brackets in the URL is not an IPv6 address")) {
            printf("        of \"%s\"\n", text);
        }
    }
    CHECK_CASES(
        {"http://[fe80::1%25eth0]/", "an IPv6 address in a URL cannot have a zone"},
        {"http://[::1", "the IPv6 address in the URL lacks its closing bracket"},
        {"http://[::1]80/", "the URL has something other than a port after its IPv6 address"});
}

static void each_refusal_has_its_sentence(void) {
    CHECK_CASES({"", "the URL is empty"}, {" \n", "the URL is empty"},
                {"/path", "the URL does not begin with http:// or https://"},
                {"example.org", "the URL does not begin with http:// or https://"},
                {"ftp://h/", "the URL does not begin with http:// or https://"},
                {"http", "the URL does not begin with http:// or https://"},
                {"http:", "the URL has no host"}, {"http://", "the URL has no host"},
                {"http://?q", "the URL has no host"}, {"http://u:p@/", "the URL has no host"},
                {"http://:80/", "the URL has no host"},
                {"http://h/a\r\nX: y", "the URL has a tab or a line break in it"},
                {"http://h\t/", "the URL has a tab or a line break in it"});
}

static void nothing_is_touched_on_failure_and_the_reason_is_optional(void) {
    char storage[64];
    ferry_url url = {.port = 7};
    CHECK_INT(ferry_url_parse("http://h:0/", storage, sizeof storage, &url, NULL),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(url.port, 7);
    const char *reason = "kept";
    CHECK_INT(ferry_url_parse("http://h/", storage, sizeof storage, &url, &reason), FERRY_OK);
    CHECK_STR(reason, "kept");
}

static void missing_text_or_storage_is_refused(void) {
    char storage[64];
    ferry_url url;
    const char *reason = NULL;
    CHECK_INT(ferry_url_parse(NULL, storage, sizeof storage, &url, &reason),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(reason, "there is no URL");
    CHECK_INT(ferry_url_parse("http://h", storage, 3 * 8 + 15, &url, &reason),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(reason, "the storage for the URL's parts is too small");
    CHECK_INT(ferry_url_parse("http://h", NULL, 0, &url, &reason), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_url_parse("http://h", storage, 3 * 8 + 16, &url, &reason), FERRY_OK);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(defaults_are_filled_in),
        CHECK_TEST(slashes_and_surroundings_are_taken_as_browsers_take_them),
        CHECK_TEST(ports_are_1_to_65535),
        CHECK_TEST(the_path_loses_its_dot_segments),
        CHECK_TEST(the_target_has_only_what_a_request_line_may_have),
        CHECK_TEST(userinfo_is_kept_encoded),
        CHECK_TEST(the_fragment_is_kept_apart_and_encoded),
        CHECK_TEST(host_names_are_decoded_and_lower_case),
        CHECK_TEST(host_names_with_forbidden_characters_are_refused),
        CHECK_TEST(host_names_beyond_ascii_are_refused_with_advice),
        CHECK_TEST(ipv4_addresses_are_read_in_all_their_spellings),
        CHECK_TEST(ipv6_addresses_get_their_canonical_form),
        CHECK_TEST(what_is_no_ipv6_address_is_refused),
        CHECK_TEST(each_refusal_has_its_sentence),
        CHECK_TEST(nothing_is_touched_on_failure_and_the_reason_is_optional),
        CHECK_TEST(missing_text_or_storage_is_refused),
    };
    return CHECK_RUN(tests, argc, argv);
}
