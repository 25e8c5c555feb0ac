/* SPDX-License-Identifier: MIT */
/* test_cookie: what a Set-Cookie says, dates included, and which hosts and paths a cookie is for.
 */
#include "session/cookie.h"
#include "session/cookie_date.h"
#include "session/cookie_site.h"
#include "session/public_suffix.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t now_s = 1795726800; /* 2026-11-26 */

/* In memory of exactly its size. */
static bool parse(const char *text, size_t length, ferry_cookie_parts *parts) {
    static char *copy;
    free(copy);
    copy = malloc(length > 0 ? length : 1);
    memcpy(copy, text, length);
    return ferry_cookie_parse((ferry_span){copy, length}, now_s, parts);
}

static bool is_taken(const char *text) {
    ferry_cookie_parts parts;
    return parse(text, strlen(text), &parts);
}

/* "name|value|domain|path", and what is set beside them; "none" where it is refused. */
static const char *describe(const char *text) {
    static const char *const sites[] = {"", " none", " lax", " strict"};
    static char line[512];
    ferry_cookie_parts it;
    if (!parse(text, strlen(text), &it)) {
        return "none";
    }
    char expires[32] = "";
    if (it.expires_s == FERRY_COOKIE_LONG_AGO) {
        snprintf(expires, sizeof expires, " over");
    } else if (it.expires_s != FERRY_COOKIE_NEVER) {
        snprintf(expires, sizeof expires, " %+lld", (long long)(it.expires_s - now_s));
    }
    snprintf(line, sizeof line, "%.*s|%.*s|%.*s|%.*s%s%s%s%s", (int)it.name.length,
             it.name.length > 0 ? it.name.data : "", (int)it.value.length,
             it.value.length > 0 ? it.value.data : "", (int)it.domain.length,
             it.domain.length > 0 ? it.domain.data : "", (int)it.path.length,
             it.path.length > 0 ? it.path.data : "", it.secure ? " secure" : "",
             it.http_only ? " http" : "", sites[it.same_site], expires);
    return line;
}

/* ---- The pair ---- */

static void a_pair_ends_at_the_first_semicolon(void) {
    CHECK_STR(describe("a=b"), "a|b||");
    CHECK_STR(describe(" a = b c "), "a|b c||");
    CHECK_STR(describe("a=b=c;d=e"), "a|b=c||");
    CHECK_STR(describe("a=\"b;c\""), "a|\"b||");
    CHECK_STR(describe("\ta\t=\tb\t"), "a|b||");
    CHECK_STR(describe("a=b,c=d"), "a|b,c=d||");
    CHECK_STR(describe("a="), "a|||");
    CHECK_STR(describe("a=\xc3\xa4"), "a|\xc3\xa4||");
}

static void a_cookie_may_lack_a_name_but_not_both(void) {
    CHECK_STR(describe("b"), "|b||");
    CHECK_STR(describe("=b"), "|b||");
    CHECK_STR(describe("=a=b"), "|a=b||");
    CHECK_STR(describe(""), "none");
    CHECK_STR(describe("="), "none");
    CHECK_STR(describe(" ; Path=/"), "none");
    CHECK_STR(describe(" = ; Path=/"), "none");
}

static void control_octets_are_refused(void) {
    for (int c = 0; c < 256; c++) {
        bool is_control = (c < 0x20 && c != '\t') || c == 0x7f;
        for (size_t at = 1; at < 10; at += at == 1 ? 3 : 4) {
            char text[] = "a_=b_;x=_y"; /* in the name, the value, an attribute */
            ferry_cookie_parts parts;
            text[at] = (char)c;
            CHECK_INT(parse(text, sizeof text - 1, &parts), !is_control);
        }
    }
}

static void name_and_value_have_4096_octets_at_most(void) {
    char text[4200];
    memset(text, 'x', sizeof text);
    text[100] = '=';
    ferry_cookie_parts parts;
    CHECK(parse(text, 4097, &parts) && parts.name.length + parts.value.length == 4096);
    CHECK(!parse(text, 4098, &parts));
    memcpy(text + 4097, "; Path=/a", 9);
    CHECK(parse(text, 4097 + 9, &parts) && parts.path.length == 2);
}

/* ---- Attributes ---- */

static void attributes_are_read_in_any_case_and_the_last_one_counts(void) {
    CHECK_STR(describe("a=b; SECURE; httponly;Path=/x;Domain=Example.org"),
              "a|b|Example.org|/x secure http");
    CHECK_STR(describe("a=b;Path=/x;path=/y"), "a|b||/y");
    CHECK_STR(describe("a=b;Path=/x;path=y"), "a|b||");
    CHECK_STR(describe("a=b;Path=/x;path"), "a|b||");
    CHECK_STR(describe("a=b;Domain=c.org;domain=d.org"), "a|b|d.org|");
    CHECK_STR(describe("a=b;Domain=c.org;domain="), "a|b||");
    CHECK_STR(describe("a=b;Domain=.c.org"), "a|b|c.org|");
    CHECK_STR(describe("a=b;Secure=false;;;x=y; ;=;="), "a|b|| secure");
    CHECK_STR(describe("a=b; Secured; Http-Only"), "a|b||");
}

static void an_attribute_over_1024_octets_is_ignored(void) {
    char text[2100] = "a=b;Path=/x;Path=/";
    size_t length = strlen(text);
    ferry_cookie_parts parts;
    memset(text + length, 'y', sizeof text - length);
    CHECK(parse(text, length + 1023, &parts) && parts.path.length == 1024);
    CHECK(parse(text, length + 1024, &parts) && parts.path.length == 2);
}

static void same_site_is_kept(void) {
    CHECK_STR(describe("a=b;SameSite=Strict"), "a|b|| strict");
    CHECK_STR(describe("a=b;samesite=lax"), "a|b|| lax");
    CHECK_STR(describe("a=b;SameSite=NONE"), "a|b|| none");
    CHECK_STR(describe("a=b;SameSite=Strict;SameSite=other"), "a|b||");
}

static void max_age_goes_before_expires(void) {
    CHECK_STR(describe("a=b;Max-Age=10"), "a|b|| +10");
    CHECK_STR(describe("a=b;Max-Age=10;Expires=Thu, 01 Jan 1970 00:00:00 GMT"), "a|b|| +10");
    CHECK_STR(describe("a=b;Expires=Thu, 01 Jan 1970 00:00:00 GMT;Max-Age=10"), "a|b|| +10");
    CHECK_STR(describe("a=b;Max-Age=10;Max-Age=20"), "a|b|| +20");
    CHECK_STR(describe("a=b;Max-Age=10;Max-Age=x"), "a|b|| +10");
    CHECK_STR(describe("a=b;Max-Age=x;Expires=Thu, 26 Nov 2026 21:00:10 GMT"), "a|b|| +10");
}

static void max_age_is_a_number(void) {
    CHECK_STR(describe("a=b;Max-Age=0"), "a|b|| over");
    CHECK_STR(describe("a=b;Max-Age=-1"), "a|b|| over");
    CHECK_STR(describe("a=b;Max-Age=-99999999999999999999"), "a|b|| over");
    CHECK_STR(describe("a=b;Max-Age=007"), "a|b|| +7");
    CHECK_STR(describe("a=b;Max-Age=+7"), "a|b||");
    CHECK_STR(describe("a=b;Max-Age=7.5"), "a|b||");
    CHECK_STR(describe("a=b;Max-Age=7 s"), "a|b||");
    CHECK_STR(describe("a=b;Max-Age=-"), "a|b||");
    CHECK_STR(describe("a=b;Max-Age="), "a|b||");
    CHECK_STR(describe("a=b;Max-Age"), "a|b||");
}

static void no_cookie_is_kept_for_more_than_400_days(void) {
    CHECK_STR(describe("a=b;Max-Age=34560000"), "a|b|| +34560000");
    CHECK_STR(describe("a=b;Max-Age=34560001"), "a|b|| +34560000");
    CHECK_STR(describe("a=b;Max-Age=99999999999999999999"), "a|b|| +34560000");
    CHECK_STR(describe("a=b;Expires=Fri, 31 Dec 9999 23:59:59 GMT"), "a|b|| +34560000");
    CHECK_STR(describe("a=b;Expires=never"), "a|b||");
}

/* ---- What a name promises ---- */

static void names_with_a_prefix_keep_its_promise_in_any_case(void) {
    static const char *const taken[] = {
        "__Secure-a=b;Secure",
        "__secure-a=b;Secure;Domain=c.org;Path=/x",
        "__Host-a=b;Secure;Path=/",
        "__HOST-a=b;Path=/;Secure;HttpOnly;Max-Age=5",
        "__Hos-a=b",
        "__Secure=b",
        "a=__Host-b",
        "x__Host-a=b",
        "__Host-a=b;Secure;Path=/;Domain=",
    };
    static const char *const refused[] = {
        "__Secure-a=b",
        "__SECURE-a=b;Path=/",
        "__secure-=b",
        "__Host-a=b",
        "__Host-a=b;Secure",
        "__hOsT-a=b;Secure",
        "__Host-a=b;Path=/",
        "__Host-a=b;Secure;Path=/x",
        "__Host-a=b;Secure;Path=x",
        "__Host-a=b;Secure;Path=/;Path=",
        "__Host-a=b;Secure;Path=/;Domain=c.org",
        "__host-a=b;Secure;Path=/;Domain=c.org",
        "=__Host-a=b;Secure;Path=/",
        "__Host-a;Secure;Path=/",
        "=__secure-a=b;Secure",
        "__Secure-;Secure",
    };
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        if (!CHECK(is_taken(taken[i]))) {
            printf("        %s\n", taken[i]);
        }
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        if (!CHECK(!is_taken(refused[i]))) {
            printf("        %s\n", refused[i]);
        }
    }
}

/* ---- Dates ---- */

static int64_t read_date(const char *text) {
    int64_t seconds = -1;
    bool is_date = ferry_cookie_date_read(ferry_span_of(text), &seconds);
    return is_date ? seconds : INT64_MIN;
}

static void dates_are_found_whatever_stands_between(void) {
    static const char *const same[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "6 nov 1994 8:49:37",
        "08:49:37 06 1994 NOVEMBER",
        "08:49:37;06/Nov/94",
        "(06)[Novx]1994abc{8:49:37z}",
        "\t06\tNov\t1994\t08:49:37\t",
        "06 Nov 1994 08:49:37 07 Dec 1995 09:50:38",
        "06th Nov 1994 08:49:37",
        "x 06 y Nov z 1994 w 08:49:37",
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        if (!CHECK_INT(read_date(same[i]), 784111777)) {
            printf("        %s\n", same[i]);
        }
    }
}

static void years_of_two_digits_are_from_1970_to_2069(void) {
    CHECK_INT(read_date("01 Jan 70 00:00:00"), 0);
    CHECK_INT(read_date("01 Jan 99 00:00:00"), 915148800);
    CHECK_INT(read_date("01 Jan 00 00:00:00"), 946684800);
    CHECK_INT(read_date("01 Jan 69 00:00:00"), 3124224000);
    CHECK_INT(read_date("01 Jan 069 00:00:00"), 3124224000);
}

static void impossible_dates_are_none(void) {
    static const char *const none[] = {
        "",
        "Sun, 06 Nov 1994",
        "06 1994 08:49:37",
        "Nov 1994 08:49:37",
        "06 Nov 08:49:37",
        "00 Nov 1994 08:49:37",
        "32 Nov 1994 08:49:37",
        "31 Nov 1994 08:49:37",
        "29 Feb 1900 08:49:37",
        "06 Nov 1600 08:49:37",
        "06 Nov 19940 08:49:37",
        "06 Nov 1994 24:49:37",
        "06 Nov 1994 08:60:37",
        "06 Nov 1994 08:49:60",
        "06 Nov 1994 008:49:37",
        "06 Nov 1994 08:49",
        "06 Nov 1994 08:49:377",
        "006 Nov 1994 08:49:37",
        "06 Nv 1994 08:49:37",
    };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        if (!CHECK(read_date(none[i]) == INT64_MIN)) {
            printf("        %s\n", none[i]);
        }
    }
    CHECK(read_date("29 Feb 2000 00:00:00") == 951782400);
    CHECK(read_date("06 Nov 1601 08:49:37") < 0);
}

/* ---- Paths and hosts ---- */

static bool path_matches(const char *request, const char *path) {
    return ferry_cookie_path_matches(ferry_span_of(request), ferry_span_of(path));
}

static void paths_match_at_slashes(void) {
    CHECK(path_matches("/", "/"));
    CHECK(path_matches("/a", "/"));
    CHECK(path_matches("/a", "/a"));
    CHECK(path_matches("/a/", "/a"));
    CHECK(path_matches("/a/b", "/a"));
    CHECK(path_matches("/a/b", "/a/"));
    CHECK(!path_matches("/ab", "/a"));
    CHECK(!path_matches("/a", "/a/"));
    CHECK(!path_matches("/", "/a"));
    CHECK(!path_matches("/A", "/a"));
}

static void the_default_path_ends_before_the_last_slash(void) {
    static const char *const rows[][2] = {
        {"/", "/"},      {"/a", "/"}, {"/a/", "/a"}, {"/a/b", "/a"},   {"/a/b?c/d", "/a"},
        {"/?/a/b", "/"}, {"*", "/"},  {"", "/"},     {"/a//b", "/a/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ferry_span path = ferry_cookie_default_path(ferry_cookie_request_path(rows[i][0]));
        CHECK_MEM(path.data, path.length, rows[i][1], strlen(rows[i][1]));
    }
}

/* What a cookie with this Domain from that host is for: "*" before a domain with all below it. */
static const char *choose(const char *host, const char *domain) {
    static char text[FERRY_COOKIE_HOST_SIZE + 1];
    char room[FERRY_COOKIE_HOST_SIZE];
    char written[FERRY_COOKIE_HOST_SIZE];
    ferry_cookie_parts parts = {.domain = ferry_span_of(domain)};
    if (!ferry_cookie_host_write(ferry_span_of(host), written) ||
        !ferry_cookie_domain_choose(ferry_span_of(written), &parts, room)) {
        return "nobody";
    }
    snprintf(text, sizeof text, "%s%.*s", parts.host_only ? "" : "*", (int)parts.domain.length,
             parts.domain.data);
    return text;
}

static void a_host_sets_cookies_for_itself_and_for_what_is_above_it(void) {
    bool has_list = ferry_public_suffix_has_list();
    CHECK_STR(choose("www.example.com", ""), "www.example.com");
    CHECK_STR(choose("www.example.com", "example.com"),
              has_list ? "*example.com" : "www.example.com");
    CHECK_STR(choose("www.example.com", "www.example.com"),
              has_list ? "*www.example.com" : "www.example.com");
    CHECK_STR(choose("a.b.example.co.uk", "Example.Co.Uk"),
              has_list ? "*example.co.uk" : "a.b.example.co.uk");
    CHECK_STR(choose("www.example.com", "other.com"), "nobody");
    CHECK_STR(choose("www.example.com", "ample.com"), "nobody");
    CHECK_STR(choose("example.com", "www.example.com"), "nobody");
    CHECK_STR(choose("example.com", "com.example.com"), "nobody");
    CHECK_STR(choose("www.example.com", "..example.com"), "nobody");
    CHECK_STR(choose("www.example.com", "\xc3\xa4.example.com"), "nobody");
}

static void a_public_suffix_is_for_nobody_in_any_case_and_with_the_roots_dot(void) {
    static const char *const rows[][2] = {
        {"example.co.uk", "co.uk"},
        {"example.co.uk", "co.UK"},
        {"example.CO.uk.", "co.uk."},
        {"example.com", "com"},
        {"example.com.", "com."},
        {"example.com.", "COM"},
        {"a.github.io", "github.io"},
        {"a.GitHub.io", "GITHUB.io"},
        {"a.localhost", "localhost"},
        {"a.xn--55qx5d.cn", "xn--55qx5d.cn"},
        {"a.b.kawasaki.jp", "b.kawasaki.jp"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *whom = choose(rows[i][0], rows[i][1]);
        bool is_safe = ferry_public_suffix_has_list() ? strcmp(whom, "nobody") == 0 : *whom != '*';
        if (!CHECK(is_safe)) {
            printf("        %s for %s: %s\n", rows[i][0], rows[i][1], whom);
        }
    }
    /* It may have cookies of its own. */
    CHECK_STR(choose("co.uk", "co.uk"), "co.uk");
    CHECK_STR(choose("github.io.", "GitHub.io"), "github.io");
    CHECK_STR(choose("localhost", "localhost"), "localhost");
    CHECK_STR(choose("example.com.", "example.com"),
              ferry_public_suffix_has_list() ? "*example.com" : "example.com");
}

static void addresses_keep_their_cookies_for_themselves(void) {
    CHECK_STR(choose("127.0.0.1", ""), "127.0.0.1");
    CHECK_STR(choose("127.0.0.1", "127.0.0.1"), "127.0.0.1");
    CHECK_STR(choose("127.0.0.1", "0.0.1"), "nobody");
    CHECK_STR(choose("127.0.0.1", "1"), "nobody");
    CHECK_STR(choose("::1", "::1"), "::1");
    CHECK_STR(choose("::ffff:1.2.3.4", "3.4"), "nobody");
    CHECK_STR(choose("FE80::1%eth0.1", "1"), "nobody");
    CHECK_STR(choose("FE80::1%eth0", ""), "fe80::1%eth0");
}

static void what_is_no_host_has_no_cookies(void) {
    char host[300];
    char room[FERRY_COOKIE_HOST_SIZE];
    memset(host, 'x', sizeof host);
    CHECK(ferry_cookie_host_write((ferry_span){host, 255}, room));
    CHECK(!ferry_cookie_host_write((ferry_span){host, 256}, room));
    CHECK(!ferry_cookie_host_write(ferry_span_of(""), room));
    CHECK(!ferry_cookie_host_write(ferry_span_of("."), room));
    CHECK(!ferry_cookie_host_write(ferry_span_of("a.."), room));
    CHECK(!ferry_cookie_host_write(ferry_span_of("a..b"), room));
    CHECK(!ferry_cookie_host_write(ferry_span_of(".a"), room));
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_pair_ends_at_the_first_semicolon),
        CHECK_TEST(a_cookie_may_lack_a_name_but_not_both),
        CHECK_TEST(control_octets_are_refused),
        CHECK_TEST(name_and_value_have_4096_octets_at_most),
        CHECK_TEST(attributes_are_read_in_any_case_and_the_last_one_counts),
        CHECK_TEST(an_attribute_over_1024_octets_is_ignored),
        CHECK_TEST(same_site_is_kept),
        CHECK_TEST(max_age_goes_before_expires),
        CHECK_TEST(max_age_is_a_number),
        CHECK_TEST(no_cookie_is_kept_for_more_than_400_days),
        CHECK_TEST(names_with_a_prefix_keep_its_promise_in_any_case),
        CHECK_TEST(dates_are_found_whatever_stands_between),
        CHECK_TEST(years_of_two_digits_are_from_1970_to_2069),
        CHECK_TEST(impossible_dates_are_none),
        CHECK_TEST(paths_match_at_slashes),
        CHECK_TEST(the_default_path_ends_before_the_last_slash),
        CHECK_TEST(a_host_sets_cookies_for_itself_and_for_what_is_above_it),
        CHECK_TEST(a_public_suffix_is_for_nobody_in_any_case_and_with_the_roots_dot),
        CHECK_TEST(addresses_keep_their_cookies_for_themselves),
        CHECK_TEST(what_is_no_host_has_no_cookies),
    };
    return CHECK_RUN(tests, argc, argv);
}
