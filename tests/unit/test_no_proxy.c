/* SPDX-License-Identifier: MIT */
/* test_no_proxy: which hosts need no proxy. */
#include "url/no_proxy.h"

#include "check.h"

static bool direct(const char *rules, const char *host, uint16_t port) {
    return ferry_no_proxy_matches(ferry_span_of(rules), ferry_span_of(host), port);
}

static void names_mean_themselves_and_what_is_below(void) {
    CHECK(direct("example.org", "example.org", 80));
    CHECK(direct("example.org", "WWW.Example.ORG", 80));
    CHECK(direct("Example.Org.", "a.b.example.org", 80));
    CHECK(direct("example.org", "example.org.", 80));
    CHECK(!direct("example.org", "notexample.org", 80));
    CHECK(!direct("example.org", "example.org.evil", 80));
    CHECK(!direct("example.org", "org", 80));
    CHECK(!direct("www.example.org", "example.org", 80));
    CHECK(direct("localhost", "localhost", 80));
    CHECK(!direct("", "example.org", 80));
}

static void dots_and_asterisks_mean_what_is_below_alone(void) {
    CHECK(direct(".example.org", "www.example.org", 80));
    CHECK(direct(".example.org", "a.b.example.org.", 80));
    CHECK(!direct(".example.org", "example.org", 80));
    CHECK(!direct(".example.org", "notexample.org", 80));
    CHECK(direct("*.example.org", "www.example.org", 80));
    CHECK(!direct("*.example.org", "example.org", 80));
    CHECK(direct("*", "example.org", 80));
    CHECK(direct("*", "::1", 80));
    CHECK(!direct(".", "example.org", 80));
    CHECK(!direct(".", "example.org.", 80)); /* as with curl, "." is no host's rule */
    CHECK(!direct(".", "localhost", 80));
    CHECK(!direct(".", "127.0.0.1", 80));
    CHECK(!direct(".", "example.org..", 80));
    CHECK(!direct("..", "example.org", 80));
    CHECK(!direct("*.", "example.org", 80));
    CHECK(!direct("*.:80", "example.org", 80));
    CHECK(!direct("*./8", "10.0.0.1", 80));
    CHECK(!direct("*example.org", "example.org", 80));
}

static void rules_are_separated_by_commas_and_spaces(void) {
    CHECK(direct("a.example, example.org ,b", "example.org", 80));
    CHECK(direct(",,example.org,,", "example.org", 80));
    CHECK(direct("a b\texample.org\n", "example.org", 80));
    CHECK(!direct(" , ,", "example.org", 80));
}

static void ports_narrow_a_rule(void) {
    CHECK(direct("example.org:8080", "www.example.org", 8080));
    CHECK(!direct("example.org:8080", "example.org", 80));
    CHECK(direct("*:443", "example.org", 443));
    CHECK(!direct("*:443", "example.org", 80));
    CHECK(direct("10.0.0.1:80", "10.0.0.1", 80));
    CHECK(!direct("10.0.0.1:80", "10.0.0.1", 81));
    CHECK(direct("10.0.0.0/8:80", "10.1.2.3", 80));
    CHECK(!direct("10.0.0.0/8:80", "10.1.2.3", 81));
    CHECK(direct("[::1]:80", "::1", 80));
    CHECK(!direct("[::1]:80", "::1", 81));
    CHECK(direct("[fe80::]/10:80", "fe80::1", 80));
    CHECK(direct("[fe80::/10]:80", "fe80::1", 80));
    CHECK(!direct("example.org:", "example.org", 80));
    CHECK(!direct("example.org:80x", "example.org", 80));
    CHECK(!direct("example.org:0", "example.org", 80));
    CHECK(!direct("example.org:99999", "example.org", 80));
}

static void addresses_are_compared_as_numbers(void) {
    CHECK(direct("127.0.0.1", "127.0.0.1", 80));
    CHECK(!direct("127.0.0.1", "127.0.0.11", 80));
    CHECK(!direct("0.0.1", "127.0.0.1", 80));
    CHECK(!direct(".0.0.1", "127.0.0.1", 80));
    CHECK(direct("::1", "0:0:0:0:0:0:0:1", 80));
    CHECK(direct("[2001:DB8::1]", "2001:db8:0::1", 80));
    CHECK(direct("fe80::1", "fe80::1%eth0", 80));
    CHECK(!direct("::1", "::2", 80));
    CHECK(!direct("example.org", "::1", 80));
    CHECK(!direct("[example.org]", "example.org", 80));
    CHECK(!direct("127.0.0.1", "127.0.0.1.example.org", 80));
}

static void cidr_matches_the_bits_that_it_says(void) {
    CHECK(direct("10.0.0.0/8", "10.255.0.1", 80));
    CHECK(!direct("10.0.0.0/8", "11.0.0.1", 80));
    CHECK(direct("192.168.1.9/31", "192.168.1.8", 80));
    CHECK(!direct("192.168.1.9/32", "192.168.1.8", 80));
    CHECK(direct("172.16.0.0/12", "172.31.255.255", 80));
    CHECK(!direct("172.16.0.0/12", "172.32.0.0", 80));
    CHECK(direct("0.0.0.0/0", "1.2.3.4", 80));
    CHECK(!direct("0.0.0.0/0", "::1", 80));
    CHECK(!direct("10.0.0.0/33", "10.0.0.0", 80));
    CHECK(!direct("10.0.0.0/", "10.0.0.0", 80));
    CHECK(!direct("10.0.0.0/8", "10.example.org", 80));
    CHECK(direct("2001:db8::/32", "2001:db8:ffff::1", 80));
    CHECK(!direct("2001:db8::/32", "2001:db9::1", 80));
    CHECK(direct("fe80::/10", "febf::1", 80));
    CHECK(!direct("fe80::/10", "fec0::1", 80));
    CHECK(direct("::/0", "2001:db8::1", 80));
    CHECK(!direct("::/129", "::1", 80));
    CHECK(!direct("example.org/8", "example.org", 80));
    CHECK(!direct("*/8", "example.org", 80));
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(names_mean_themselves_and_what_is_below),
        CHECK_TEST(dots_and_asterisks_mean_what_is_below_alone),
        CHECK_TEST(rules_are_separated_by_commas_and_spaces),
        CHECK_TEST(ports_narrow_a_rule),
        CHECK_TEST(addresses_are_compared_as_numbers),
        CHECK_TEST(cidr_matches_the_bits_that_it_says),
    };
    return CHECK_RUN(tests, argc, argv);
}
