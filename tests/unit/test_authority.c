/* SPDX-License-Identifier: MIT */
/* test_authority: what is quoted of a text that should have been a host. */
#include "url/authority.h"

#include "check.h"

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

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(what_may_be_a_password_is_not_quoted),
    };
    return CHECK_RUN(tests, argc, argv);
}
