/* SPDX-License-Identifier: MIT */
/* test_rate: how many bytes a limit lets through by when. */
#include "session/rate.h"

#include "check.h"

#include <stdint.h>

enum { SECOND_US = 1000000 };

/* Takes all that may be taken at each of these times; gives how many bytes that was. */
static int64_t take_all(ferry_rate *rate, int64_t from_us, int64_t to_us, int64_t step_us) {
    int64_t sum = 0;
    for (int64_t now_us = from_us; now_us <= to_us; now_us += step_us) {
        for (size_t most; (most = ferry_rate_ask(rate, now_us)) > 0;) {
            ferry_rate_take(rate, now_us, (int64_t)most);
            sum += (int64_t)most;
        }
    }
    return sum;
}

static void without_a_limit_any_number_may_be_moved(void) {
    ferry_rate rate = {0};
    CHECK(ferry_rate_ask(&rate, 5) == SIZE_MAX);
    ferry_rate_take(&rate, 5, 1000000);
    CHECK(ferry_rate_ask(&rate, 5) == SIZE_MAX);
}

static void no_time_sees_more_than_its_share_and_one_piece(void) {
    static const int64_t limits[] = {1, 7, 1000, 123457, 100000000};
    static const int64_t steps[] = {1000, 16667, 100000, 999983};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        for (size_t j = 0; j < sizeof steps / sizeof *steps; j++) {
            ferry_rate rate;
            ferry_rate_begin(&rate, limits[i], 0);
            int64_t piece = (int64_t)ferry_rate_ask(&rate, 0);
            int64_t sum = 0;
            for (int64_t now_us = 0; now_us < 3 * SECOND_US; now_us += steps[j]) {
                sum += take_all(&rate, now_us, now_us, 1);
                CHECK(sum <= limits[i] * now_us / SECOND_US + piece);
            }
        }
    }
}

static void who_asks_often_gets_all_of_it(void) {
    static const int64_t limits[] = {1, 16, 1000, 123457, 100000000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        ferry_rate rate;
        ferry_rate_begin(&rate, limits[i], 0);
        CHECK(take_all(&rate, 0, 10 * SECOND_US, 100000) >= 10 * limits[i]);
    }
}

static void what_was_missed_is_made_up_for_a_quarter_of_a_second(void) {
    ferry_rate rate;
    ferry_rate_begin(&rate, 16000, 0);
    CHECK_INT(take_all(&rate, 100 * SECOND_US, 100 * SECOND_US, 1), 4000 + 1000);
}

/* What is decoded may take more of the network than was asked for. */
static void what_was_too_much_is_waited_for(void) {
    ferry_rate rate;
    ferry_rate_begin(&rate, 1000, 0);
    ferry_rate_take(&rate, 0, 3000);
    CHECK_INT(rate.until_us, 3 * SECOND_US);
    CHECK_INT(ferry_rate_ask(&rate, 3 * SECOND_US - 1), 0);
    CHECK_INT(ferry_rate_ask(&rate, 3 * SECOND_US), 62);
}

/* A thousand bytes, each of which takes a third of a microsecond. */
static void parts_of_a_microsecond_are_not_lost(void) {
    ferry_rate rate;
    ferry_rate_begin(&rate, 3000000, 0);
    for (int i = 0; i < 3000; i++) {
        ferry_rate_take(&rate, 0, 1);
    }
    CHECK_INT(rate.until_us, 1000);
}

static void the_largest_numbers_are_in_range(void) {
    ferry_rate rate;
    ferry_rate_begin(&rate, INT64_MAX, 0);
    ferry_rate_take(&rate, 0, INT64_MAX);
    CHECK(rate.until_us >= 0);
    CHECK(ferry_rate_ask(&rate, INT64_MAX / 2) > 0);
    ferry_rate_begin(&rate, 1, INT64_MAX / 4);
    ferry_rate_take(&rate, INT64_MAX / 4, INT64_MAX);
    CHECK(rate.until_us > INT64_MAX / 4);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(without_a_limit_any_number_may_be_moved),
        CHECK_TEST(no_time_sees_more_than_its_share_and_one_piece),
        CHECK_TEST(who_asks_often_gets_all_of_it),
        CHECK_TEST(what_was_missed_is_made_up_for_a_quarter_of_a_second),
        CHECK_TEST(what_was_too_much_is_waited_for),
        CHECK_TEST(parts_of_a_microsecond_are_not_lost),
        CHECK_TEST(the_largest_numbers_are_in_range),
    };
    return CHECK_RUN(tests, argc, argv);
}
