/* SPDX-License-Identifier: MIT */
/* test_host: which names of hosts are the same, which are below others, and what a port is. */
#include "url/host.h"

#include "check.h"

#define CHECK_HOST(actual, expected)                                                               \
    CHECK_MEM((actual).data, (actual).length, (expected), strlen(expected))

static void only_one_last_dot_is_the_root_s(void) {
    CHECK_HOST(ferry_host_without_dot(FERRY_SPAN("example.org.")), "example.org");
    CHECK_HOST(ferry_host_without_dot(FERRY_SPAN("example.org")), "example.org");
    CHECK_HOST(ferry_host_without_dot(FERRY_SPAN("example.org..")), "example.org.");
    CHECK_HOST(ferry_host_without_dot(FERRY_SPAN(".")), "");
    CHECK_HOST(ferry_host_without_dot(FERRY_SPAN("")), "");
}

static void hosts_are_the_same_in_any_case_with_a_last_dot_or_without(void) {
    CHECK(ferry_host_equals(FERRY_SPAN("Example.org"), FERRY_SPAN("example.ORG")));
    CHECK(ferry_host_equals(FERRY_SPAN("example.org."), FERRY_SPAN("example.org")));
    CHECK(ferry_host_equals(FERRY_SPAN("example.org"), FERRY_SPAN("example.org.")));
    CHECK(!ferry_host_equals(FERRY_SPAN("example.org"), FERRY_SPAN("example.or")));
    CHECK(!ferry_host_equals(FERRY_SPAN("example.org.."), FERRY_SPAN("example.org")));
}

static void a_domain_holds_what_is_below_it(void) {
    CHECK(ferry_host_is_below(FERRY_SPAN("a.example.org"), FERRY_SPAN("example.org")));
    CHECK(ferry_host_is_below(FERRY_SPAN("a.b.EXAMPLE.org"), FERRY_SPAN("example.ORG")));
    CHECK(!ferry_host_is_below(FERRY_SPAN("example.org"), FERRY_SPAN("example.org")));
    CHECK(!ferry_host_is_below(FERRY_SPAN(".example.org"), FERRY_SPAN("example.org")));
    CHECK(!ferry_host_is_below(FERRY_SPAN("anexample.org"), FERRY_SPAN("example.org")));
    CHECK(!ferry_host_is_below(FERRY_SPAN("org"), FERRY_SPAN("example.org")));
    CHECK(!ferry_host_is_below(FERRY_SPAN(""), FERRY_SPAN("example.org")));
}

static void a_domain_is_within_itself(void) {
    CHECK(ferry_host_is_within(FERRY_SPAN("Example.org"), FERRY_SPAN("example.org")));
    CHECK(ferry_host_is_within(FERRY_SPAN("a.example.org"), FERRY_SPAN("example.org")));
    CHECK(!ferry_host_is_within(FERRY_SPAN("anexample.org"), FERRY_SPAN("example.org")));
    CHECK(!ferry_host_is_within(FERRY_SPAN("example.org.net"), FERRY_SPAN("example.org")));
}

static void ports_are_from_1_to_65535(void) {
    static const char *const refused[] = {
        "", "0", "65536", "99999", "18446744073709551617", "-1", "+80", " 80", "80 ", "0x50", "8o"};
    uint16_t port = 0;
    CHECK(ferry_port_read(FERRY_SPAN("1"), &port));
    CHECK_INT(port, 1);
    CHECK(ferry_port_read(FERRY_SPAN("65535"), &port));
    CHECK_INT(port, 65535);
    CHECK(ferry_port_read(FERRY_SPAN("0080"), &port));
    CHECK_INT(port, 80);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK(!ferry_port_read(ferry_span_of(refused[i]), &port));
        CHECK_INT(port, 80);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(only_one_last_dot_is_the_root_s),
        CHECK_TEST(hosts_are_the_same_in_any_case_with_a_last_dot_or_without),
        CHECK_TEST(a_domain_holds_what_is_below_it),
        CHECK_TEST(a_domain_is_within_itself),
        CHECK_TEST(ports_are_from_1_to_65535),
    };
    return CHECK_RUN(tests, argc, argv);
}
