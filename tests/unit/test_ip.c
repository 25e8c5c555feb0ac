/* SPDX-License-Identifier: MIT */
/* test_ip: addresses as text, in the forms of RFC 4291, RFC 5952 and the URL standard. */
#include "url/ip.h"

#include "check.h"

#include <stdio.h>

/* The address in its one form, or "" where it is none. */
static void read_and_write(bool (*read)(ferry_span, ferry_ip *), const char *text,
                           char written[FERRY_IP_TEXT_SIZE + 1]) {
    ferry_ip ip;
    bool is_read = read(ferry_span_of(text), &ip);
    written[is_read ? ferry_ip_write(&ip, written) : 0] = '\0';
}

static void expect_all(bool (*read)(ferry_span, ferry_ip *), const char *const rows[][2],
                       size_t count) {
    for (size_t i = 0; i < count; i++) {
        char written[FERRY_IP_TEXT_SIZE + 1];
        read_and_write(read, rows[i][0], written);
        if (!CHECK_STR(written, rows[i][1])) {
            printf("        of \"%s\"\n", rows[i][0]);
        }
    }
}

#define EXPECT_ALL(read, ...)                                                                      \
    do {                                                                                           \
        static const char *const rows[][2] = {__VA_ARGS__};                                        \
        expect_all(read, rows, sizeof rows / sizeof *rows);                                        \
    } while (0)

static void four_numbers_are_an_ipv4_address(void) {
    EXPECT_ALL(ferry_ip_read_v4, {"127.0.0.1", "127.0.0.1"}, {"0.0.0.0", "0.0.0.0"},
               {"255.255.255.255", "255.255.255.255"}, {"1.20.255.4", "1.20.255.4"});
    EXPECT_ALL(ferry_ip_read_v4, {"", ""}, {"1", ""}, {"1.2.3", ""}, {"1.2.3.", ""},
               {"1.2.3.4.", ""}, {"1.2.3.4.5", ""}, {".1.2.3", ""}, {"1..2.3", ""},
               {"256.1.1.1", ""}, {"1.1.1.999", ""}, {"1.1.1.01", ""}, {"00.1.1.1", ""},
               {"0x1.1.1.1", ""}, {"1.1.1.-1", ""}, {" 1.1.1.1", ""}, {"1.1.1.1%eth0", ""},
               {"1.1.1.0001", ""}, {"a.b.c.d", ""});
}

static void eight_pieces_are_an_ipv6_address(void) {
    EXPECT_ALL(ferry_ip_read_v6, {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
               {"0001:0ABC:00de:f:A:b:C:d", "1:abc:de:f:a:b:c:d"},
               {"1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"},
               {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});
    EXPECT_ALL(ferry_ip_read_v6, {"", ""}, {"1", ""}, {":", ""}, {"1:2:3:4:5:6:7", ""},
               {"1:2:3:4:5:6:7:", ""}, {":2:3:4:5:6:7:8", ""}, {"1:2:3:4:5:6:7:8:9", ""},
               {"1:2:3:4:5:6:7:8:", ""}, {"12345:2:3:4:5:6:7:8", ""}, {"g:2:3:4:5:6:7:8", ""},
               {"[::1]", ""}, {"::1%1", ""}, {"1:2:3:4:5:6:7:1.2.3.4", ""},
               {"1:2:3:4:5:1.2.3.4", ""}, {"1:2:3:4:5:6:1.2.3", ""}, {"1.2.3.4:2:3:4:5:6", ""});
}

static void two_colons_stand_for_what_is_missing(void) {
    EXPECT_ALL(ferry_ip_read_v6, {"::", "::"}, {"::1", "::1"}, {"1::", "1::"}, {"1::8", "1::8"},
               {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"}, {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
               {"1:2::7:8", "1:2::7:8"}, {"::1.2.3.4", "::102:304"},
               {"::ffff:127.0.0.1", "::ffff:7f00:1"}, {"64:ff9b::1.2.3.4", "64:ff9b::102:304"});
    EXPECT_ALL(ferry_ip_read_v6, {":::", ""}, {"1:::2", ""}, {"::1::", ""}, {"1::2::3", ""},
               {"1:2:3:4:5:6:7::8", ""}, {"::1:2:3:4:5:6:7:8", ""}, {"::1:", ""},
               {"::1.2.3.4:5", ""}, {"::1.2.3.256", ""});
}

static void the_first_of_the_longest_runs_of_zeros_is_cut(void) {
    EXPECT_ALL(ferry_ip_read_v6, {"0:0:0:0:0:0:0:0", "::"}, {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},
               {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"}, {"0:0:1:2:3:4:0:0", "::1:2:3:4:0:0"},
               {"1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"}, {"1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"});
}

static void either_kind_is_read(void) {
    EXPECT_ALL(ferry_ip_read, {"10.0.0.1", "10.0.0.1"}, {"fe80::1", "fe80::1"}, {"10.1", ""},
               {"example.org", ""}, {"", ""});
}

static void urls_may_spell_ipv4_in_other_ways(void) {
    EXPECT_ALL(ferry_ip_read_url_v4, {"127.0.0.1", "127.0.0.1"}, {"127.0.0.1.", "127.0.0.1"},
               {"127.1", "127.0.0.1"}, {"127.0.1", "127.0.0.1"}, {"1.65535", "1.0.255.255"},
               {"2130706433", "127.0.0.1"}, {"4294967295", "255.255.255.255"},
               {"0x7f.1", "127.0.0.1"}, {"0X7F000001", "127.0.0.1"}, {"0x", "0.0.0.0"},
               {"017700000001", "127.0.0.1"}, {"1.16777215", "1.255.255.255"}, {"00", "0.0.0.0"});
    EXPECT_ALL(ferry_ip_read_url_v4, {"", ""}, {".", ""}, {"..", ""}, {"4294967296", ""},
               {"18446744073709551617", ""}, {"1.16777216", ""}, {"1.2.65536", ""},
               {"1.2.3.256", ""}, {"256.1", ""}, {"1.2.3.4.5", ""}, {"1..2", ""}, {"08", ""},
               {"0xg", ""}, {"1.a", ""}, {"1.2.3.4..", ""});
}

static void hosts_that_end_in_a_number_are_meant_as_ipv4(void) {
    static const char *const meant[] = {"1",    "a.1",    "a.1.",         "a.0x1f",
                                        "a.0x", "a.b.08", "a.99999999999"};
    static const char *const others[] = {"",    ".",     "a",    "1.a",  "1.a.",
                                         "a..", "a.0xg", "a.1a", "a.-1", "0x1.example"};
    for (size_t i = 0; i < sizeof meant / sizeof *meant; i++) {
        if (!CHECK(ferry_ip_is_meant_as_v4(ferry_span_of(meant[i])))) {
            printf("        of \"%s\"\n", meant[i]);
        }
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!CHECK(!ferry_ip_is_meant_as_v4(ferry_span_of(others[i])))) {
            printf("        of \"%s\"\n", others[i]);
        }
    }
}

static void a_zone_is_cut_off(void) {
    ferry_span text = FERRY_SPAN("fe80::1%eth0");
    ferry_span zone = ferry_ip_cut_zone(&text);
    CHECK_MEM(text.data, text.length, "fe80::1", 7);
    CHECK_MEM(zone.data, zone.length, "eth0", 4);
    zone = ferry_ip_cut_zone(&text);
    CHECK_INT(text.length, 7);
    CHECK(zone.data == NULL && zone.length == 0);
    text = FERRY_SPAN("::1%");
    zone = ferry_ip_cut_zone(&text);
    CHECK(zone.data != NULL && zone.length == 0);
    CHECK_INT(text.length, 3);
}

static bool is_within(const char *text, const char *net_text, int64_t bits) {
    ferry_ip ip;
    ferry_ip net;
    CHECK(ferry_ip_read(ferry_span_of(text), &ip));
    CHECK(ferry_ip_read(ferry_span_of(net_text), &net));
    return ferry_ip_is_within(&ip, &net, bits);
}

static void a_net_is_known_by_its_first_bits(void) {
    CHECK(is_within("10.1.2.3", "10.0.0.0", 8));
    CHECK(is_within("10.1.2.3", "10.1.2.3", 32));
    CHECK(!is_within("10.1.2.3", "10.1.2.2", 32));
    CHECK(is_within("10.1.2.3", "10.1.2.2", 31));
    CHECK(is_within("10.31.0.0", "10.16.0.0", 12));
    CHECK(!is_within("10.32.0.0", "10.16.0.0", 12));
    CHECK(is_within("1.2.3.4", "200.0.0.0", 0));
    CHECK(is_within("fe80::1", "fe80::2", 126));
    CHECK(!is_within("fe80::1", "fe80::2", 127));
    CHECK(is_within("fe80::1", "fe80::1", 128));
}

static void nets_of_the_other_kind_or_with_too_many_bits_hold_nothing(void) {
    CHECK(!is_within("1.2.3.4", "::1.2.3.4", 0));
    CHECK(!is_within("::1.2.3.4", "1.2.3.4", 0));
    CHECK(!is_within("1.2.3.4", "1.2.3.4", 33));
    CHECK(!is_within("::1", "::1", 129));
}

/* What stands behind the text in memory is not part of it. */
static void addresses_end_where_their_text_does(void) {
    static const char text[] = "1::2.0.0.1:5";
    ferry_ip ip;
    CHECK(ferry_ip_read_v6((ferry_span){text, 4}, &ip)); /* 1::2 */
    CHECK_INT(ip.bytes[1], 1);
    CHECK_INT(ip.bytes[15], 2);
    CHECK(ferry_ip_read_v6((ferry_span){text, 10}, &ip)); /* 1::2.0.0.1 */
    CHECK_INT(ip.bytes[12], 2);
    CHECK_INT(ip.bytes[15], 1);
    CHECK(ferry_ip_read_v6((ferry_span){text, 3}, &ip)); /* 1:: */
    CHECK_INT(ip.bytes[15], 0);
    CHECK(!ferry_ip_read_v6((ferry_span){text, 2}, &ip)); /* 1: */
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(four_numbers_are_an_ipv4_address),
        CHECK_TEST(eight_pieces_are_an_ipv6_address),
        CHECK_TEST(two_colons_stand_for_what_is_missing),
        CHECK_TEST(the_first_of_the_longest_runs_of_zeros_is_cut),
        CHECK_TEST(either_kind_is_read),
        CHECK_TEST(urls_may_spell_ipv4_in_other_ways),
        CHECK_TEST(hosts_that_end_in_a_number_are_meant_as_ipv4),
        CHECK_TEST(a_zone_is_cut_off),
        CHECK_TEST(a_net_is_known_by_its_first_bits),
        CHECK_TEST(nets_of_the_other_kind_or_with_too_many_bits_hold_nothing),
        CHECK_TEST(addresses_end_where_their_text_does),
    };
    return CHECK_RUN(tests, argc, argv);
}
