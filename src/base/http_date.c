/* SPDX-License-Identifier: MIT */
/* http_date: the calendar is computed here, for the C library's has a locale and a time zone. */
#include "http_date.h"

#include "number.h"

/* RFC 9110 section 5.6.7, and where each form is read:
 *
 *     IMF-fixdate  = "Sun, 06 Nov 1994 08:49:37 GMT"    date_read_fixed()
 *     rfc850-date  = "Sunday, 06-Nov-94 08:49:37 GMT"   date_read_850()
 *     asctime-date = "Sun Nov  6 08:49:37 1994"         date_read_asctime() */

static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char short_days[] = "MonTueWedThuFriSatSun";
enum { NAME_LENGTH = 3, SECONDS_OF_DAY = 24 * 60 * 60 };

/* What is left of the text; `failed` once something was not as it must be. */
typedef struct date_reader {
    ferry_span rest;
    bool failed;
} date_reader;

static void date_take(date_reader *reader, const char *text) {
    if (!ferry_span_take_prefix(&reader->rest, ferry_span_of(text))) {
        reader->failed = true;
    }
}

/* Exactly so many digits. */
static int date_take_digits(date_reader *reader, size_t count) {
    int64_t number = 0;
    if (reader->rest.length < count ||
        !ferry_decimal_read((ferry_span){reader->rest.data, count}, &number)) {
        reader->failed = true;
        return 0;
    }
    reader->rest = ferry_span_skip(reader->rest, count);
    return (int)number;
}

/* Which of the names, all of three letters, comes next, from 1. */
static int date_take_name(date_reader *reader, const char *names) {
    for (size_t at = 0; names[at] != '\0'; at += NAME_LENGTH) {
        if (ferry_span_take_prefix(&reader->rest, (ferry_span){names + at, NAME_LENGTH})) {
            return (int)(at / NAME_LENGTH) + 1;
        }
    }
    reader->failed = true;
    return 0;
}

static void date_take_time(date_reader *reader, ferry_date *to) {
    to->hour = date_take_digits(reader, 2);
    date_take(reader, ":");
    to->minute = date_take_digits(reader, 2);
    date_take(reader, ":");
    to->second = date_take_digits(reader, 2);
}

/* True where nothing failed, and nothing is left. */
static bool date_is_read(const date_reader *reader) {
    return !reader->failed && reader->rest.length == 0;
}

static bool date_read_fixed(ferry_span text, ferry_date *to) {
    date_reader reader = {text, false};
    date_take_name(&reader, short_days);
    date_take(&reader, ", ");
    to->day = date_take_digits(&reader, 2);
    date_take(&reader, " ");
    to->month = date_take_name(&reader, months);
    date_take(&reader, " ");
    to->year = date_take_digits(&reader, 4);
    date_take(&reader, " ");
    date_take_time(&reader, to);
    date_take(&reader, " GMT");
    return date_is_read(&reader);
}

/* The year has two digits. */
static bool date_read_850(ferry_span text, ferry_date *to) {
    static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
    date_reader reader = {text, false};
    size_t day = 0;
    while (day < 7 && !ferry_span_take_prefix(&reader.rest, ferry_span_of(days[day]))) {
        day++;
    }
    date_take(&reader, ", ");
    to->day = date_take_digits(&reader, 2);
    date_take(&reader, "-");
    to->month = date_take_name(&reader, months);
    date_take(&reader, "-");
    to->year = date_take_digits(&reader, 2);
    date_take(&reader, " ");
    date_take_time(&reader, to);
    date_take(&reader, " GMT");
    return day < 7 && date_is_read(&reader);
}

static bool date_read_asctime(ferry_span text, ferry_date *to) {
    date_reader reader = {text, false};
    date_take_name(&reader, short_days);
    date_take(&reader, " ");
    to->month = date_take_name(&reader, months);
    date_take(&reader, " ");
    to->day =
        date_take_digits(&reader, ferry_span_take_prefix(&reader.rest, FERRY_SPAN(" ")) ? 1 : 2);
    date_take(&reader, " ");
    date_take_time(&reader, to);
    date_take(&reader, " ");
    to->year = date_take_digits(&reader, 4);
    return date_is_read(&reader);
}

static bool date_is_leap_year(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* A second of 60 is a leap second. */
static bool date_is_valid(const ferry_date *it) {
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (it->month < 1 || it->month > 12) {
        return false;
    }
    int last = lengths[it->month - 1] + (it->month == 2 && date_is_leap_year(it->year) ? 1 : 0);
    return it->day >= 1 && it->day <= last && it->hour < 24 && it->minute < 60 && it->second <= 60;
}

/* Counted in years that begin in March, so that a leap day is the last of its year. */
static int64_t date_count_seconds(const ferry_date *it) {
    int64_t year =
        it->year - (it->month <= 2 ? 1 : 0) + 400; /* not negative: as days go, no other */
    int64_t month = (it->month + 9) % 12;
    int64_t days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 +
                   it->day - 1 - (719468 + 146097); /* from March of year -400 to 1970 */
    return days * SECONDS_OF_DAY + INT64_C(3600) * it->hour + INT64_C(60) * it->minute + it->second;
}

/* The date in the latest year with the same last two digits that is not too far ahead. */
static void date_choose_century(ferry_date *it, int64_t now_s) {
    for (it->year += 9900; it->year >= 100; it->year -= 100) {
        ferry_date before = *it;
        before.year -= 50;
        if (date_count_seconds(&before) <= now_s) {
            break;
        }
    }
}

bool ferry_date_to_seconds(const ferry_date *date, int64_t *seconds) {
    if (!date_is_valid(date)) {
        return false;
    }
    *seconds = date_count_seconds(date);
    return true;
}

bool ferry_http_date_read(ferry_span text, int64_t now_s, int64_t *seconds) {
    ferry_date it = {0};
    if (date_read_850(text, &it)) {
        date_choose_century(&it, now_s);
    } else if (!date_read_fixed(text, &it) && !date_read_asctime(text, &it)) {
        return false;
    }
    return ferry_date_to_seconds(&it, seconds);
}
