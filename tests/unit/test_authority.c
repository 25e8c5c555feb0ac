/* SPDX-License-Identifier: MIT */
/* test_authority: hosts as a program names them, what is wrong with others, and what is quoted of
 * them. */
#include "url/authority.h"

#include "check.h"

#include <stdio.h>

static void what_may_be_a_password_is_not_quoted(void) {
    static const struct {
        const char *text;
        const char *quote;
    } rows[] = {
        {"user:secret", "user:***"},
        {"user:5ecde7", "user:***"},
        {"user:99999999999999999999", "user:***"},
        {"http://user:secret/path", "http://user:***"},
        {"user:secret@host", "***@host"},
        {"http://user:secret@host:80/", "http://***@host:80/"},
        {"host:80", "host:80"},
        {"host:", "host:"},
        {"http://host:/path", "http://host:/path"},
        {"fe80::1", "fe80::1"},
        {"::ffff:127.0.0.1", "::ffff:127.0.0.1"},
        {"[::1]:80x", "[::1]:80x"},
        {"/path:to@all", "/path:to@all"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char quote[FERRY_QUOTE_SIZE];
        CHECK_STR(ferry_authority_quote(rows[i].text, quote), rows[i].quote);
    }
}

static void expect_authority(const char *text, const char *host, bool is_ipv6, bool has_scheme,
                             bool secure) {
    ferry_authority authority;
    const char *fault = ferry_authority_fault(ferry_span_of(text), &authority);
    if (!CHECK(fault == NULL)) {
        printf("        of \"%s\": %s\n", text, fault);
        return;
    }
    CHECK_MEM(authority.host.data, authority.host.length, host, strlen(host));
    CHECK_INT(authority.is_ipv6, is_ipv6);
    CHECK_INT(authority.has_scheme, has_scheme);
    CHECK_INT(authority.secure, secure);
}

static void hosts_may_have_a_scheme_and_brackets(void) {
    expect_authority("example.org", "example.org", false, false, false);
    expect_authority("Example.org.", "Example.org.", false, false, false);
    expect_authority("http://a_b-1", "a_b-1", false, true, false);
    expect_authority("HTTPS://127.0.0.1", "127.0.0.1", false, true, true);
    expect_authority("::1", "::1", true, false, false);
    expect_authority("[::1]", "::1", true, false, false);
    expect_authority("https://[fe80::1%eth0]", "fe80::1%eth0", true, true, true);
    expect_authority("::ffff:1.2.3.4", "::ffff:1.2.3.4", true, false, false);
}

static void each_fault_has_its_words(void) {
    char long_label[] = "a.0123456789012345678901234567890123456789012345678901234567890123.b";
    char long_name[255];
    for (size_t i = 0; i < sizeof long_name - 1; i++) {
        long_name[i] = i % 50 == 49 ? '.' : 'a';
    }
    long_name[sizeof long_name - 1] = '\0';
    const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"", "is empty"},
        {"http://", "is empty"},
        {".", "is empty"},
        {"ftp://example.org", "has a scheme other than http:// and https://"},
        {"http://http://a", "holds a path: give that as the url of the request"},
        {"u@h", "holds a user name: send an Authorization header with the request"},
        {"h/p", "holds a path: give that as the url of the request"},
        {"h?q", "holds a path: give that as the url of the request"},
        {"h\\p", "holds a path: give that as the url of the request"},
        {"h:80", "holds a port: give that as the port argument"},
        {"[::1]:80", "holds a port: give that as the port argument"},
        {"1:2:3:4:5:6:7:8:9", "holds a port: give that as the port argument"},
        {"[::1]80", "has something after the bracket"},
        {"[::1", "has no closing bracket"},
        {"[::g]", "is not an IPv6 address"},
        {"[]", "is not an IPv6 address"},
        {"[1.2.3.4]", "is not an IPv6 address"},
        {"[::1%]", "is not an IPv6 address"},
        {"[::1%a b]", "is not an IPv6 address"},
        {"[::1%012345678901234567890123456789012]", "is not an IPv6 address"},
        {"a..b", "has an empty part: two dots in a row, or one in front"},
        {"a..", "has an empty part: two dots in a row, or one in front"},
        {"a...", "has an empty part: two dots in a row, or one in front"},
        {"127.0.0.1..", "has an empty part: two dots in a row, or one in front"},
        {".a", "has an empty part: two dots in a row, or one in front"},
        {".a.", "has an empty part: two dots in a row, or one in front"},
        {"..", "has an empty part: two dots in a row, or one in front"},
        {".", "is empty"},
        {"a b", "is not a host name or an address"},
        {"a\r\n", "is not a host name or an address"},
        {"a%41", "is not a host name or an address"},
        {"b\xc3\xbc"
         "cher",
         "has letters outside ASCII: give it in its xn-- form (Punycode)"},
        {long_label, "has a part longer than 63 bytes"},
        {long_name, "is longer than 253 bytes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ferry_authority authority;
        if (!CHECK_STR(ferry_authority_fault(ferry_span_of(rows[i].text), &authority),
                       rows[i].words)) {
            printf("        of \"%s\"\n", rows[i].text);
        }
    }
    long_label[2] = '.';
    long_label[1] = 'a'; /* 63 bytes are left of it */
    expect_authority(long_label, long_label, false, false, false);
    long_name[253] = '.'; /* the root's dot does not count */
    expect_authority(long_name, long_name, false, false, false);
}

static void targets_have_a_port_or_none(void) {
    static const struct {
        const char *text;
        const char *host; /* NULL: it is no authority */
        uint16_t port;
    } rows[] = {
        {"h:80", "h", 80},
        {"h", "h", 0},
        {"h:", "h", 0},
        {"127.0.0.1:65535", "127.0.0.1", 65535},
        {"[::1]:443", "::1", 443},
        {"[::1]", "::1", 0},
        {"1", "1", 0},
        {"h:0", NULL, 0},
        {"h:65536", NULL, 0},
        {"h:8x", NULL, 0},
        {":80", NULL, 0},
        {"::1", NULL, 0},
        {"::1:80", NULL, 0},
        {"[::1]80", NULL, 0},
        {"[fe80::1%eth0]:80", NULL, 0},
        {"http://h:80", NULL, 0},
        {"u@h:80", NULL, 0},
        {"h/p:80", NULL, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ferry_authority authority;
        uint16_t port = 7;
        bool is_good = ferry_authority_split(ferry_span_of(rows[i].text), &authority, &port);
        int before = check_failures();
        CHECK_INT(is_good, rows[i].host != NULL);
        if (is_good && rows[i].host != NULL) {
            CHECK_INT(port, rows[i].port);
            CHECK_MEM(authority.host.data, authority.host.length, rows[i].host,
                      strlen(rows[i].host));
        }
        if (check_failures() > before) {
            printf("        of \"%s\"\n", rows[i].text);
        }
    }
}

static void an_authority_is_written_as_host_has_it(void) {
    static const struct {
        const char *host;
        uint16_t port;
        bool secure;
        const char *text;
    } rows[] = {
        {"example.org", 80, false, "example.org"},
        {"example.org", 80, true, "example.org:80"},
        {"example.org", 443, true, "example.org"},
        {"example.org", 443, false, "example.org:443"},
        {"::1", 65535, false, "[::1]:65535"},
        {"fe80::1%eth0", 80, false, "[fe80::1]"}, /* a zone means nothing to others */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ferry_authority authority;
        char text[FERRY_AUTHORITY_SIZE];
        CHECK(ferry_authority_fault(ferry_span_of(rows[i].host), &authority) == NULL);
        CHECK_INT(ferry_authority_write(&authority, rows[i].port, rows[i].secure, text),
                  strlen(rows[i].text));
        CHECK_STR(text, rows[i].text);
    }
}

static void a_sentence_names_the_host_that_was_given(void) {
    ferry_context context = {.allocator = ferry_default_allocator};
    ferry_authority authority;
    CHECK_INT(ferry_authority_parse(&context, "u:secret@h", &authority),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(context.detail, "the host \"***@h\" holds a user name: send an Authorization header "
                              "with the request");
    CHECK_INT(ferry_authority_parse(&context, NULL, &authority), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_STR(context.detail, "the host is NULL");
    CHECK_INT(ferry_authority_parse(&context, "h", &authority), FERRY_OK);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(hosts_may_have_a_scheme_and_brackets),
        CHECK_TEST(each_fault_has_its_words),
        CHECK_TEST(targets_have_a_port_or_none),
        CHECK_TEST(an_authority_is_written_as_host_has_it),
        CHECK_TEST(a_sentence_names_the_host_that_was_given),
        CHECK_TEST(what_may_be_a_password_is_not_quoted),
    };
    return CHECK_RUN(tests, argc, argv);
}
