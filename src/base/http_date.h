/* SPDX-License-Identifier: MIT */
/* http_date: dates as header fields have them (RFC 9110 section 5.6.7). */
#ifndef FERRY_BASE_HTTP_DATE_H
#define FERRY_BASE_HTTP_DATE_H

#include "span.h"

/* In UTC, by the Gregorian calendar. */
typedef struct ferry_date {
    int year;
    int month; /* from 1 */
    int day;
    int hour;
    int minute;
    int second;
} ferry_date;

/* Stores seconds since 1970, negative before. A second of 60 is a leap second. False: the calendar
 * or the clock has no such time. Years are from 0 to 9999; no member is negative. */
bool ferry_date_to_seconds(const ferry_date *date, int64_t *seconds);

/* Reads a date in one of the three forms, whatever the case of its names; the day of the week may
 * be wrong. Stores seconds since 1970, negative before. A year of two digits is the latest that is
 * not more than 50 years after `now_s`. False: it is no date. */
bool ferry_http_date_read(ferry_span text, int64_t now_s, int64_t *seconds);

#endif
