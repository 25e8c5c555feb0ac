/* SPDX-License-Identifier: MIT */
/* test_http_date: dates of header fields, in their three forms. */
#include "base/http_date.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t now = 1795726800; /* Thu, 26 Nov 2026 21:00:00 GMT */
static const int64_t none = INT64_MIN;

/* Reads a text in memory of exactly its size. */
static int64_t read_date(const char *text, int64_t now_s) {
    size_t length = strlen(text);
    char *copy = malloc(length > 0 ? length : 1);
    int64_t seconds = none;
    memcpy(copy, text, length);
    bool is_read = ferry_http_date_read((ferry_span){copy, length}, now_s, &seconds);
    CHECK(is_read == (seconds != none));
    free(copy);
    return seconds;
}

static void check_date(const char *text, int64_t expected) {
    if (!CHECK_INT(read_date(text, now), expected)) {
        printf("        of \"%s\"\n", text);
    }
}

static void the_three_forms_are_read(void) {
    check_date("Sun, 06 Nov 1994 08:49:37 GMT", 784111777);
    check_date("Sunday, 06-Nov-94 08:49:37 GMT", 784111777);
    check_date("Sun Nov  6 08:49:37 1994", 784111777);
    check_date("Wed Nov 16 08:49:37 1994", 784975777);
    check_date("Thu, 26 Nov 2026 21:00:00 GMT", now);
}

/* Which day of the week it was is of no use to anybody. */
static void names_have_any_case_and_days_may_be_wrong(void) {
    check_date("sUN, 06 nOV 1994 08:49:37 gmt", 784111777);
    check_date("MONDAY, 06-NOV-94 08:49:37 GMT", 784111777);
    check_date("fri nov  6 08:49:37 1994", 784111777);
}

static void years_are_counted_from_1970(void) {
    check_date("Thu, 01 Jan 1970 00:00:00 GMT", 0);
    check_date("Wed, 31 Dec 1969 23:59:59 GMT", -1);
    check_date("Sat, 01 Jan 0000 00:00:00 GMT", INT64_C(-62167219200));
    check_date("Fri, 31 Dec 9999 23:59:59 GMT", INT64_C(253402300799));
    check_date("Tue, 19 Jan 2038 03:14:08 GMT", INT64_C(2147483648));
}

static void every_day_of_eight_centuries_follows_the_one_before(void) {
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = -135140; /* 1600-01-01 */
    int wrong = 0;
    for (int year = 1600; year < 2400; year++) {
        bool is_leap = year % 400 == 0 || (year % 4 == 0 && year % 100 != 0);
        for (int month = 0; month < 12; month++) {
            int last = lengths[month] + (month == 1 && is_leap);
            for (int date = 1; date <= last + 1; date++) {
                char text[64];
                snprintf(text, sizeof text, "Mon, %02d %.3s %04d 00:00:00 GMT", date,
                         names + 3 * month, year);
                wrong += read_date(text, now) != (date <= last ? day * 86400 : none);
                day += date <= last;
            }
        }
    }
    CHECK_INT(wrong, 0);
    CHECK_INT(day, 157054); /* 2400-01-01 */
}

static void times_end_with_their_day(void) {
    check_date("Sun, 06 Nov 1994 23:59:59 GMT", 784166399);
    check_date("Sun, 06 Nov 1994 23:59:60 GMT", 784166400); /* a leap second */
    check_date("Sun, 06 Nov 1994 24:00:00 GMT", none);
    check_date("Sun, 06 Nov 1994 00:60:00 GMT", none);
    check_date("Sun, 06 Nov 1994 00:00:61 GMT", none);
    check_date("Sun, 00 Nov 1994 00:00:00 GMT", none);
    check_date("Sun Nov  0 00:00:00 1994", none);
}

/* RFC 9110 section 5.6.7: more than 50 years ahead is the past. */
static void years_of_two_digits_are_at_most_50_years_ahead(void) {
    check_date("Thursday, 26-Nov-26 21:00:00 GMT", now);
    check_date("Thursday, 26-Nov-76 21:00:00 GMT", INT64_C(3373650000));
    check_date("Thursday, 26-Nov-76 21:00:01 GMT", INT64_C(217890001));
    check_date("Thursday, 01-Jan-77 00:00:00 GMT", 220924800);
    check_date("Thursday, 01-Jan-00 00:00:00 GMT", 946684800);
    check_date("Tuesday, 29-Feb-00 00:00:00 GMT", 951782400);
    check_date("Tuesday, 29-Feb-27 00:00:00 GMT", none);
    /* At the end of a century the next one is meant. */
    CHECK_INT(read_date("Saturday, 01-Jan-01 00:00:00 GMT", INT64_C(4070908800)),
              INT64_C(4133980800));
    CHECK_INT(read_date("Saturday, 01-Jan-70 00:00:00 GMT", 0), 0);
}

static void what_is_no_date_is_refused(void) {
    static const char *const texts[] = {
        "",
        "0",
        "1994",
        "Sun",
        "Sun, ",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GM",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun,  6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Xov 1994 08:49:37 GMT",
        "Sun, 06 November 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov +994 08:49:37 GMT",
        "Sun, -6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08-49-37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37",
        "Someday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov 06 08:49:37 1994 GMT",
        "Sun Nov  16 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        ", 06 Nov 1994 08:49:37 GMT",
        ", 06-Nov-94 08:49:37 GMT",
        "Sun, 06  1994 08:49:37 GMT",
        "Sun,  Nov 1994 08:49:37 GMT",
        "Sunday, 06--94 08:49:37 GMT",
        "Sun   6 08:49:37 1994",
        " Nov  6 08:49:37 1994",
        "Sun Nov  6 08:49:37 ",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check_date(texts[i], none);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(the_three_forms_are_read),
        CHECK_TEST(names_have_any_case_and_days_may_be_wrong),
        CHECK_TEST(years_are_counted_from_1970),
        CHECK_TEST(every_day_of_eight_centuries_follows_the_one_before),
        CHECK_TEST(times_end_with_their_day),
        CHECK_TEST(years_of_two_digits_are_at_most_50_years_ahead),
        CHECK_TEST(what_is_no_date_is_refused),
    };
    return CHECK_RUN(tests, argc, argv);
}
