/* SPDX-License-Identifier: MIT */
/* test_retry: what is tried again, and when. */
#include "session/retry.h"

#include "check.h"

static const int64_t now = 784111777; /* Sun, 06 Nov 1994 08:49:37 GMT */

static void retry_after_may_be_seconds(void) {
    CHECK_INT(ferry_retry_after_ms("0", now), 0);
    CHECK_INT(ferry_retry_after_ms("120", now), 120000);
    CHECK_INT(ferry_retry_after_ms(" 007\t", now), 7000);
    CHECK_INT(ferry_retry_after_ms("9223372036854775", now), INT64_C(9223372036854775000));
}

/* It is no reason to come back early that the time is long. */
static void seconds_that_cannot_be_counted_are_the_most_there_are(void) {
    CHECK_INT(ferry_retry_after_ms("9223372036854776", now), INT64_MAX);
    CHECK_INT(ferry_retry_after_ms("9223372036854775808", now), INT64_MAX);
    CHECK_INT(ferry_retry_after_ms("99999999999999999999999999", now), INT64_MAX);
}

static void retry_after_may_be_a_date(void) {
    CHECK_INT(ferry_retry_after_ms("Sun, 06 Nov 1994 08:49:38 GMT", now), 1000);
    CHECK_INT(ferry_retry_after_ms("Sunday, 06-Nov-94 08:50:37 GMT", now), 60000);
    CHECK_INT(ferry_retry_after_ms("Mon Nov  7 08:49:37 1994", now), 86400000);
    CHECK_INT(ferry_retry_after_ms("Fri, 31 Dec 9999 23:59:59 GMT", now), INT64_C(252618189022000));
}

static void a_date_that_has_passed_is_now(void) {
    CHECK_INT(ferry_retry_after_ms("Sun, 06 Nov 1994 08:49:37 GMT", now), 0);
    CHECK_INT(ferry_retry_after_ms("Sun, 06 Nov 1994 08:49:36 GMT", now), 0);
    CHECK_INT(ferry_retry_after_ms("Sat, 01 Jan 0000 00:00:00 GMT", now), 0);
}

static void what_is_neither_says_nothing(void) {
    static const char *const values[] = {"",         " ",     "-1",  "+1",  "1.5",
                                         "0x10",     "1, 2",  "1 2", "1s",  "soon",
                                         "\xd9\xa1", "1\xa0", "1e3", "Sun", "Sun, 06 Nov 1994"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        CHECK_INT(ferry_retry_after_ms(values[i], now), -1);
    }
}

static void delays_double_up_to_half_a_minute(void) {
    static const int64_t expected[] = {1000, 2000, 4000, 8000, 16000, 30000, 30000};
    for (int i = 0; i < 7; i++) {
        CHECK_INT(ferry_retry_delay_ms(i, 0), expected[i]);
    }
    CHECK_INT(ferry_retry_delay_ms(1000000, 0), 30000);
}

static void chance_shortens_a_delay_by_a_quarter_at_most(void) {
    for (uint32_t chance = 0; chance < 5000; chance++) {
        int64_t delay = ferry_retry_delay_ms(1, chance);
        CHECK(delay > 1500 && delay <= 2000);
    }
    CHECK(ferry_retry_delay_ms(1, 999) < 1510);
    CHECK(ferry_retry_delay_ms(1, UINT32_MAX) <= 2000);
}

static void those_that_fail_together_come_back_apart(void) {
    enum { MANY = 1000, TENTHS = 10 };
    int counts[TENTHS] = {0};
    for (uint64_t number = 1; number <= MANY; number++) {
        counts[ferry_retry_chance(now, number) % 1000 / 100]++;
    }
    for (int i = 0; i < TENTHS; i++) {
        CHECK(counts[i] > MANY / TENTHS / 2 && counts[i] < MANY / TENTHS * 2);
    }
}

static void codes_that_mean_not_now_are_tried_again(void) {
    int count = 0;
    for (int code = 0; code < 1000; code++) {
        count += ferry_retry_is_code(code);
    }
    CHECK_INT(count, 5);
    CHECK(ferry_retry_is_code(408) && ferry_retry_is_code(429) && ferry_retry_is_code(502));
    CHECK(ferry_retry_is_code(503) && ferry_retry_is_code(504));
}

static void errors_of_the_network_are_tried_again(void) {
    static const ferry_error errors[] = {
        FERRY_ERROR_CANT_RESOLVE,   FERRY_ERROR_CANT_CONNECT, FERRY_ERROR_CONNECTION_ERROR,
        FERRY_ERROR_BODY_TRUNCATED, FERRY_ERROR_TIMEOUT,      FERRY_ERROR_NETWORK_OR_CORS,
        FERRY_ERROR_CONNECT_AGAIN,
    };
    static const ferry_error others[] = {
        FERRY_OK,
        FERRY_ERROR_OUT_OF_MEMORY,
        FERRY_ERROR_INVALID_PARAMETER,
        FERRY_ERROR_ABORTED,
        FERRY_ERROR_TLS_CERTIFICATE,
        FERRY_ERROR_PROTOCOL,
        FERRY_ERROR_TOO_LARGE,
        FERRY_ERROR_INVALID_DATA,
        FERRY_ERROR_UNAVAILABLE,
    };
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        CHECK(ferry_retry_is_error(errors[i]));
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        CHECK(!ferry_retry_is_error(others[i]));
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(retry_after_may_be_seconds),
        CHECK_TEST(seconds_that_cannot_be_counted_are_the_most_there_are),
        CHECK_TEST(retry_after_may_be_a_date),
        CHECK_TEST(a_date_that_has_passed_is_now),
        CHECK_TEST(what_is_neither_says_nothing),
        CHECK_TEST(delays_double_up_to_half_a_minute),
        CHECK_TEST(chance_shortens_a_delay_by_a_quarter_at_most),
        CHECK_TEST(errors_of_the_network_are_tried_again),
        CHECK_TEST(those_that_fail_together_come_back_apart),
        CHECK_TEST(codes_that_mean_not_now_are_tried_again),
    };
    return CHECK_RUN(tests, argc, argv);
}
