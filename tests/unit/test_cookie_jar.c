/* SPDX-License-Identifier: MIT */
/* test_cookie_jar: which cookies a jar stores, which go with a request, and which go first where
 * there are too many. */
#include "session/cookie_jar.h"

#include "check.h"
#include "counted_memory.h"
#include "session/public_suffix.h"
#include "session/session_runtime.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t start_s = 1795726800;
static int64_t now_s;
static ferry_cookie_jar *jar;

static ferry_cookie_site site_of(const char *host, const char *target, bool secure) {
    return (ferry_cookie_site){.host = host, .target = target, .secure = secure};
}

static void take_from(ferry_cookie_site site, const char *text) {
    CHECK_INT(ferry_cookie_jar_take(jar, &site, ferry_span_of(text), now_s), FERRY_OK);
}

/* A host's response over https sets a cookie; and over http. */
static void take(const char *host, const char *text) {
    take_from(site_of(host, "/", true), text);
}

static void take_http(const char *host, const char *text) {
    take_from(site_of(host, "/", false), text);
}

/* What goes with a request; "" for nothing. */
static const char *select_for(ferry_cookie_site site) {
    const char *line;
    CHECK_INT(ferry_cookie_jar_select(jar, &site, now_s, &line), FERRY_OK);
    if (line == NULL) {
        return "";
    }
    return CHECK(strncmp(line, "Cookie: ", 8) == 0) ? line + 8 : line;
}

static const char *sent(const char *host, const char *target) {
    return select_for(site_of(host, target, true));
}

static const char *sent_http(const char *host, const char *target) {
    return select_for(site_of(host, target, false));
}

static void begin(void) {
    ferry_cookie_jar_free(jar);
    jar = ferry_cookie_jar_new(NULL);
    now_s = start_s;
}

/* ---- Hosts and paths ---- */

static void a_cookie_goes_back_to_its_host(void) {
    begin();
    take("example.com", "a=b");
    CHECK_STR(sent("example.com", "/"), "a=b");
    CHECK_STR(sent("www.example.com", "/"), "");
    CHECK_STR(sent("ample.com", "/"), "");
    CHECK_STR(sent("com", "/"), "");
    CHECK_STR(sent_http("example.com", "/x?y"), "a=b");
}

static void a_cookie_of_a_domain_goes_to_all_hosts_in_it(void) {
    bool has_list = ferry_public_suffix_has_list();
    begin();
    take("www.example.com", "a=b; Domain=example.com");
    CHECK_STR(sent("www.example.com", "/"), "a=b");
    CHECK_STR(sent("example.com", "/"), has_list ? "a=b" : "");
    CHECK_STR(sent("a.b.example.com", "/"), has_list ? "a=b" : "");
    CHECK_STR(sent("notexample.com", "/"), "");
    CHECK_STR(sent("example.com.evil.org", "/"), "");
}

static void a_host_sets_no_cookie_for_another_one_or_for_strangers(void) {
    begin();
    take("www.example.com", "a=b; Domain=example.org");
    take("example.com", "a=b; Domain=www.example.com");
    take("example.com", "a=b; Domain=xample.com");
    CHECK_INT(ferry_cookie_jar_list(jar, NULL, 0), 0);
    take("example.co.uk", "a=b; Domain=co.UK");
    take("example.co.uk.", "a=b; Domain=co.uk.");
    CHECK_STR(sent("other.co.uk", "/"), "");
    CHECK_STR(sent("co.uk", "/"), "");
}

static void hosts_are_the_same_in_any_case_and_with_the_roots_dot(void) {
    begin();
    take("Example.COM.", "a=b");
    CHECK_STR(sent("example.com", "/"), "a=b");
    CHECK_STR(sent("EXAMPLE.com.", "/"), "a=b");
    take("example.com", "a=c");
    CHECK_STR(sent("example.com.", "/"), "a=c");
}

static void addresses_share_with_nobody(void) {
    begin();
    take("127.0.0.1", "a=b; Domain=127.0.0.1");
    take("127.0.0.1", "c=d; Domain=0.0.1");
    take("::1", "e=f");
    CHECK_STR(sent("127.0.0.1", "/"), "a=b");
    CHECK_STR(sent("1.127.0.0.1", "/"), "");
    CHECK_STR(sent("::1", "/"), "e=f");
}

static void paths_choose_and_longer_ones_go_first(void) {
    begin();
    take("h.org", "a=1; Path=/");
    take("h.org", "b=2; Path=/x");
    take_from(site_of("h.org", "/x/y/z?q=/r", true), "c=3");
    take("h.org", "d=4; Path=/x");
    take("h.org", "e=5; Path=/xx");
    CHECK_STR(sent("h.org", "/x/y/w"), "c=3; b=2; d=4; a=1");
    CHECK_STR(sent("h.org", "/x?/y/w"), "b=2; d=4; a=1");
    CHECK_STR(sent("h.org", "/xx"), "e=5; a=1");
    CHECK_STR(sent("h.org", "/"), "a=1");
}

/* ---- What replaces what ---- */

static void the_same_name_domain_and_path_replace(void) {
    begin();
    take("h.org", "a=1");
    take("h.org", "b=2");
    take("h.org", "a=3"); /* keeps its place */
    CHECK_STR(sent("h.org", "/"), "a=3; b=2");
    take("h.org", "a=4; Path=/x");
    take("h.org", "A=5");
    CHECK_STR(sent("h.org", "/x"), "a=4; a=3; b=2; A=5");
    CHECK_INT(ferry_cookie_jar_list(jar, NULL, 0), 4);
}

static void a_cookie_of_the_host_and_one_of_the_domain_are_two(void) {
    begin();
    take("h.org", "a=1");
    take("h.org", "a=2; Domain=h.org");
    CHECK_STR(sent("h.org", "/"), ferry_public_suffix_has_list() ? "a=1; a=2" : "a=2");
}

static void time_ends_cookies(void) {
    begin();
    take("h.org", "a=1; Max-Age=10");
    take("h.org", "b=2; Expires=Thu, 26 Nov 2026 21:00:20 GMT");
    take("h.org", "c=3");
    now_s += 9;
    CHECK_STR(sent("h.org", "/"), "a=1; b=2; c=3");
    now_s += 1;
    CHECK_STR(sent("h.org", "/"), "b=2; c=3");
    now_s += 1000000000;
    CHECK_STR(sent("h.org", "/"), "c=3");
}

static void a_time_that_is_over_deletes(void) {
    begin();
    take("h.org", "a=1");
    take("h.org", "b=2");
    take("h.org", "a=; Max-Age=0");
    CHECK_STR(sent("h.org", "/"), "b=2");
    take("h.org", "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/x");
    CHECK_STR(sent("h.org", "/"), "b=2");
    take("h.org", "b=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
    CHECK_STR(sent("h.org", "/"), "");
    CHECK_INT(jar->count, 0);
}

/* ---- Secure ---- */

static void secure_cookies_go_over_https_alone(void) {
    begin();
    take("h.org", "a=1; Secure");
    take("localhost", "a=1; Secure");
    CHECK_STR(sent("h.org", "/"), "a=1");
    CHECK_STR(sent_http("h.org", "/"), "");
    CHECK_STR(sent_http("localhost", "/"), "");
    take_http("h.org", "b=2; Secure");
    take_http("localhost", "b=2; Secure");
    CHECK_STR(sent("h.org", "/"), "a=1");
}

static void http_never_replaces_a_secure_cookie(void) {
    static const char *const tries[] = {
        "a=2",
        "a=2; Path=/",
        "a=2; Path=\"/\"", /* no path: the default one */
        "a=2; Path=",
        "a=2; Path=/x",
        "a=2; Path=/x/",
        "a=2; Path=//",
        "a=2; Max-Age=0",
        "a=2; Secure",
        "a=2; Domain=h.org",
        "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
    };
    begin();
    take("h.org", "a=1; Secure; Path=/");
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        take_http("h.org", tries[i]);
        take_http("h.org.", tries[i]);
        take_from(site_of("h.org", "/x/y", false), tries[i]);
        take_http("www.h.org", tries[i]);
        if (!CHECK_STR(sent("h.org", "/x/y"), "a=1") || !CHECK_INT(jar->count, 1)) {
            printf("        %s\n", tries[i]);
        }
        ferry_cookie_jar_clear(jar);
        take("h.org", "a=1; Secure; Path=/");
    }
}

static void http_lays_no_cookie_over_a_secure_one_of_the_domain(void) {
    begin();
    take("www.h.org", "a=1; Secure; Domain=h.org; Path=/x");
    take_http("www.h.org", "a=2; Path=/x/y");
    take_http("www.h.org", "a=3; Path=/x");
    CHECK_INT(jar->count, 1);
    take_http("www.h.org", "a=4; Path=/"); /* it is for more, and goes behind the other one */
    CHECK_STR(sent("www.h.org", "/x/y"), "a=1; a=4");
    take_http("www.h.org", "b=5; Path=/x");
    CHECK_STR(sent("www.h.org", "/x"), "a=1; b=5; a=4");
}

static void http_lays_no_cookie_of_the_domain_over_a_secure_one(void) {
    begin();
    take("www.h.org", "a=1; Secure");
    take_http("x.h.org", "a=2; Domain=h.org");
    take_http("h.org", "a=3; Domain=h.org");
    CHECK_STR(sent("www.h.org", "/"), "a=1");
    take_http("x.h.org", "a=4"); /* it is for x.h.org alone */
    CHECK_STR(sent_http("x.h.org", "/"), "a=4");
}

static void https_may_replace_a_secure_cookie(void) {
    begin();
    take("h.org", "a=1; Secure");
    take("h.org", "a=2");
    CHECK_STR(sent_http("h.org", "/"), "a=2");
}

static void the_host_prefix_is_refused_where_domain_was_dropped(void) {
    begin();
    take("127.0.0.1", "__Host-a=1; Secure; Path=/; Domain=127.0.0.1");
    take("h.org", "__host-b=1; Secure; Path=/; Domain=h.org");
    take("h.org", "__Host-c=1; Secure");
    CHECK_INT(jar->count, 0);
    take("h.org", "__hOST-d=1; Secure; Path=/");
    CHECK_STR(sent("h.org", "/"), "__hOST-d=1");
}

/* ---- Limits ---- */

static void set_many(const char *host, int first, int count, const char *rest) {
    for (int i = first; i < first + count; i++) {
        char text[200];
        snprintf(text, sizeof text, "c%d=v%s", i, rest);
        take(host, text);
    }
}

static void a_domain_has_50_cookies_and_the_least_recently_used_goes_first(void) {
    begin();
    set_many("h.org", 0, 49, "; Path=/p");
    take("h.org", "old=1; Path=/q");
    CHECK_STR(sent("h.org", "/q"), "old=1");
    CHECK(strlen(sent("h.org", "/p")) > 0); /* uses the others */
    take("h.org", "new=1");
    CHECK_INT(jar->count, 50);
    CHECK_STR(sent("h.org", "/q"), "new=1");
    take("h.org", "new=2"); /* one that is there drives out nothing */
    CHECK_INT(jar->count, 50);
    take("i.org", "a=1");
    CHECK_INT(jar->count, 51);
}

static void what_is_over_goes_before_what_is_not(void) {
    begin();
    take("h.org", "kept=1");
    set_many("h.org", 0, 49, "; Max-Age=10");
    now_s += 11;
    take("h.org", "new=1");
    CHECK_STR(sent("h.org", "/"), "kept=1; new=1");
    CHECK_INT(jar->count, 2);
}

static void no_secure_cookie_is_driven_out_by_another_kind(void) {
    begin();
    take("h.org", "s=1; Secure");
    set_many("h.org", 0, 60, "");
    CHECK_INT(jar->count, 50);
    CHECK(strncmp(sent("h.org", "/"), "s=1; c11=v; ", 12) == 0);
    begin();
    set_many("h.org", 0, 50, "; Secure");
    take_http("h.org", "a=1");
    take("h.org", "b=1");
    CHECK_STR(sent_http("h.org", "/"), "");
    CHECK_INT(jar->count, 50);
    take("h.org", "d=1; Secure; Path=/d");
    CHECK(strncmp(sent("h.org", "/d"), "d=1; c1=v; ", 11) == 0);
    CHECK_INT(jar->count, 50);
}

static void a_jar_has_3000_cookies(void) {
    begin();
    for (int i = 0; i < 70; i++) {
        char host[32];
        snprintf(host, sizeof host, "h%d.org", i);
        set_many(host, 0, 50, "");
        CHECK(strlen(sent("h0.org", "/")) > 0);
    }
    CHECK_INT(jar->count, FERRY_COOKIES_OF_JAR);
    CHECK_STR(sent("h1.org", "/"), "");
    CHECK(strlen(sent("h0.org", "/")) > 0);
    CHECK(strlen(sent("h69.org", "/")) > 0);
}

static void a_sister_sites_flood_makes_no_line_over_8190_bytes(void) {
    begin();
    char text[4300];
    take("www.example.com", "mine=1; Path=/longest/path");
    for (int i = 0; i < 60; i++) {
        int length = snprintf(text, sizeof text, "flood%d=", i);
        memset(text + length, 'x', 4000);
        strcpy(text + length + 4000, "; Domain=example.com");
        take("evil.example.com", text);
    }
    ferry_cookie_site site = site_of("www.example.com", "/longest/path", true);
    const char *line;
    CHECK_INT(ferry_cookie_jar_select(jar, &site, now_s, &line), FERRY_OK);
    CHECK(strncmp(line, "Cookie: mine=1", 14) == 0);
    CHECK(strlen(line) <= 8190);
    CHECK(strlen(line) > 8000 || !ferry_public_suffix_has_list());
}

static void the_longest_line_has_8190_bytes(void) {
    begin();
    char text[4200];
    memset(text, 'x', sizeof text);
    memcpy(text, "a=", 2);
    text[4097] = '\0';
    take("h.org", text);
    memcpy(text, "b=", 2);
    text[8190 - 8 - 4097 - 2] = '\0';
    take("h.org", text);
    CHECK_INT(strlen(sent("h.org", "/")), 8190 - 8);
    take("h.org", "a=1");
    text[8190 - 8 - 4097 - 2] = 'x';
    text[4097] = '\0';
    take("h.org", text);
    memcpy(text, "c=", 2);
    text[8190 - 8 - 4097 - 2 - 5] = '\0'; /* with "a=1; " */
    take("h.org", text);
    CHECK_INT(strlen(sent("h.org", "/")), 8190 - 8);
    text[8190 - 8 - 4097 - 2 - 5] = 'x';
    text[8190 - 8 - 4097 - 2 - 5 + 1] = '\0';
    take("h.org", text);
    CHECK_INT(strlen(sent("h.org", "/")), 5 + 4097); /* one byte more, and it stays here */
}

/* ---- What a session calls, and a program ---- */

static void take_lines(const char *const *lines, size_t count) {
    ferry_context context = {.allocator = ferry_default_allocator};
    ferry_place place;
    CHECK_INT(ferry_place_find(&place, &context, NULL, "https://h.org/x/y"), FERRY_OK);
    CHECK_INT(jar->ops->take(jar, &place, lines, count), FERRY_OK);
    const char *line;
    CHECK_INT(jar->ops->select(jar, &place, &line), FERRY_OK);
    ferry_place_deinit(&place, &context);
}

static void fifty_cookies_of_a_response_are_taken(void) {
    static char texts[120][64];
    const char *lines[120];
    begin();
    for (int i = 0; i < 120; i++) {
        const char *name = i % 2 == 0 ? "set-COOKIE" : i % 4 == 1 ? "Set-Cookie2" : "X-Set-Cookie";
        snprintf(texts[i], sizeof texts[i], "%s: c%d=v; Path=/%d", name, i, i);
        lines[i] = texts[i];
    }
    take_lines(lines, 120);
    CHECK_INT(jar->count, 50);
    CHECK_STR(sent("h.org", "/98"), "c98=v");
    CHECK_STR(sent("h.org", "/100"), "");
    CHECK_STR(sent("h.org", "/1"), "");
}

static void cookies_are_listed_in_the_order_in_which_they_were_set(void) {
    const char *lines[] = {"Set-Cookie: a=1; HttpOnly; SameSite=Lax",
                           "Set-Cookie: b=2; Secure; Path=/; Max-Age=1000",
                           "Set-Cookie: =3; SameSite=Strict", "Set-Cookie: a=4; SameSite=None"};
    ferry_cookie found[4];
    begin();
    take_lines(lines, 4);
    CHECK_INT(ferry_cookie_jar_list(jar, NULL, 0), 3);
    CHECK_INT(ferry_cookie_jar_list(jar, found, 1), 3);
    CHECK_STR(found[0].name, "a");
    CHECK_STR(found[0].value, "4");
    CHECK_INT(ferry_cookie_jar_list(jar, found, 4), 3);
    CHECK_STR(found[1].name, "b");
    CHECK(found[1].secure && !found[1].http_only && found[1].expires_s > 0);
    CHECK_STR(found[1].path, "/");
    CHECK_STR(found[2].name, "");
    CHECK_STR(found[2].value, "3");
    CHECK_STR(found[2].domain, "h.org");
    CHECK_STR(found[2].path, "/x");
    CHECK(found[2].host_only && found[2].expires_s == 0);
    CHECK_INT(found[0].same_site, FERRY_SAME_SITE_NONE);
    CHECK_INT(found[2].same_site, FERRY_SAME_SITE_STRICT);
    ferry_cookie_jar_clear(jar);
    CHECK_INT(ferry_cookie_jar_list(jar, found, 4), 0);
    CHECK_STR(sent("h.org", "/x"), "");
    CHECK_STR(ferry_cookie_jar_get_error_detail(jar), "");
}

static void same_site_restrains_nothing(void) {
    begin();
    take("h.org", "a=1; SameSite=Strict");
    take("h.org", "b=2; SameSite=Lax");
    CHECK_STR(sent("h.org", "/"), "a=1; b=2");
}

static void every_allocation_may_fail(void) {
    size_t failures = 0;
    for (size_t fail_at = 1; fail_at < 40; fail_at++) {
        counted_memory memory = {.fail_at = fail_at};
        ferry_allocator allocator = counted_memory_allocator(&memory);
        ferry_cookie_jar *small = ferry_cookie_jar_new(&allocator);
        ferry_cookie_site site = site_of("a.h.org", "/", true);
        ferry_error error = small != NULL ? FERRY_OK : FERRY_ERROR_OUT_OF_MEMORY;
        for (int i = 0; i < 20 && error == FERRY_OK; i++) {
            char text[40];
            snprintf(text, sizeof text, "c%d=v%s", i, i % 2 == 0 ? "" : "; Domain=h.org");
            error = ferry_cookie_jar_take(small, &site, ferry_span_of(text), start_s);
        }
        const char *line = NULL;
        if (error == FERRY_OK) {
            error = ferry_cookie_jar_select(small, &site, start_s, &line);
        }
        if (memory.calls >= fail_at) {
            failures++;
            CHECK_INT(error, FERRY_ERROR_OUT_OF_MEMORY);
            CHECK(line == NULL);
        } else {
            CHECK_INT(error, FERRY_OK);
        }
        ferry_cookie_jar_free(small);
        CHECK_INT(memory.live, 0);
    }
    CHECK(failures > 24);
}

static void half_an_allocator_is_refused(void) {
    counted_memory memory = {0};
    ferry_allocator allocator = counted_memory_allocator(&memory);
    allocator.free = NULL;
    ferry_cookie_jar *half = ferry_cookie_jar_new(&allocator);
    CHECK_INT(ferry_cookie_jar_load(half, "x"), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_cookie_jar_save(half, "x"), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_CONTAINS(ferry_cookie_jar_get_error_detail(half), "allocator");
    ferry_session_options options = {.cookies = half};
    ferry_session *session = ferry_session_new(&options);
    ferry_transfer *transfer = ferry_session_get(session, "http://127.0.0.1:1/");
    CHECK(ferry_transfer_is_done(transfer));
    CHECK_INT(ferry_transfer_get_error(transfer),
              ferry_session_dials ? FERRY_ERROR_INVALID_PARAMETER : FERRY_ERROR_UNAVAILABLE);
    ferry_transfer_free(transfer);
    ferry_session_free(session);
    ferry_cookie_jar_free(half);
    ferry_cookie_jar_free(NULL);
    CHECK_INT(memory.calls, 0);
}

static void a_browser_keeps_cookies_itself(void) {
    begin();
    ferry_session_options options = {.cookies = jar};
    ferry_session *session = ferry_session_new(&options);
    ferry_transfer *transfer = ferry_session_get(session, "http://");
    CHECK_INT(ferry_transfer_get_error(transfer),
              ferry_session_dials ? FERRY_ERROR_INVALID_PARAMETER : FERRY_ERROR_UNAVAILABLE);
    CHECK_CONTAINS(ferry_transfer_get_error_detail(transfer),
                   ferry_session_dials ? "URL" : "the browser keeps cookies");
    ferry_transfer_free(transfer);
    ferry_session_free(session);
    ferry_error error = ferry_cookie_jar_load(jar, "/no/such/file");
    CHECK_INT(error, ferry_session_dials ? FERRY_OK : FERRY_ERROR_UNAVAILABLE);
    error = ferry_cookie_jar_save(jar, "/no/such/file");
    CHECK_INT(error, FERRY_ERROR_FILE);
}

static void end_of_a_session_takes_the_cookies_that_end_with_it(void) {
    begin();
    take("h.org", "a=1");
    take("h.org", "b=2; Max-Age=100");
    take("i.org", "c=3");
    ferry_cookie_jar_end_session(jar);
    CHECK_INT(jar->count, 1);
    CHECK_STR(sent("h.org", "/"), "b=2");
    CHECK_STR(sent("i.org", "/"), "");
    ferry_cookie_jar_end_session(jar);
    CHECK_INT(jar->count, 1);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_cookie_goes_back_to_its_host),
        CHECK_TEST(a_cookie_of_a_domain_goes_to_all_hosts_in_it),
        CHECK_TEST(a_host_sets_no_cookie_for_another_one_or_for_strangers),
        CHECK_TEST(hosts_are_the_same_in_any_case_and_with_the_roots_dot),
        CHECK_TEST(addresses_share_with_nobody),
        CHECK_TEST(paths_choose_and_longer_ones_go_first),
        CHECK_TEST(the_same_name_domain_and_path_replace),
        CHECK_TEST(a_cookie_of_the_host_and_one_of_the_domain_are_two),
        CHECK_TEST(time_ends_cookies),
        CHECK_TEST(a_time_that_is_over_deletes),
        CHECK_TEST(secure_cookies_go_over_https_alone),
        CHECK_TEST(http_never_replaces_a_secure_cookie),
        CHECK_TEST(http_lays_no_cookie_over_a_secure_one_of_the_domain),
        CHECK_TEST(http_lays_no_cookie_of_the_domain_over_a_secure_one),
        CHECK_TEST(https_may_replace_a_secure_cookie),
        CHECK_TEST(the_host_prefix_is_refused_where_domain_was_dropped),
        CHECK_TEST(a_domain_has_50_cookies_and_the_least_recently_used_goes_first),
        CHECK_TEST(what_is_over_goes_before_what_is_not),
        CHECK_TEST(no_secure_cookie_is_driven_out_by_another_kind),
        CHECK_TEST(a_jar_has_3000_cookies),
        CHECK_TEST(a_sister_sites_flood_makes_no_line_over_8190_bytes),
        CHECK_TEST(the_longest_line_has_8190_bytes),
        CHECK_TEST(fifty_cookies_of_a_response_are_taken),
        CHECK_TEST(cookies_are_listed_in_the_order_in_which_they_were_set),
        CHECK_TEST(same_site_restrains_nothing),
        CHECK_TEST(every_allocation_may_fail),
        CHECK_TEST(half_an_allocator_is_refused),
        CHECK_TEST(a_browser_keeps_cookies_itself),
        CHECK_TEST(end_of_a_session_takes_the_cookies_that_end_with_it),
    };
    int failed = CHECK_RUN(tests, argc, argv);
    ferry_cookie_jar_free(jar);
    return failed;
}
