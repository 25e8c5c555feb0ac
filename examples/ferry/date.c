/* SPDX-License-Identifier: MIT */
/* date: a date is what its words are: a month, a day of the week, a time, a zone, numbers. */
#define _DEFAULT_SOURCE /* for timegm() */
#include "date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

typedef struct date_parts {
    int year, month, day; /* -1: not seen */
    int hour, minute, second;
    int zone_minutes; /* east of UTC */
} date_parts;

static int date_find_word(const char *word, const char *const *words, int count) {
    for (int i = 0; i < count; i++) {
        if (strncasecmp(word, words[i], 3) == 0) {
            return i;
        }
    }
    return -1;
}

static bool date_take_word(date_parts *parts, const char *word, size_t length) {
    int month = date_find_word(word, months, 12);
    if (length >= 3 && month >= 0) {
        parts->month = month;
        return true;
    }
    bool is_utc =
        (length == 3 && (strncasecmp(word, "GMT", 3) == 0 || strncasecmp(word, "UTC", 3) == 0)) ||
        (length == 1 && (*word == 'Z' || *word == 'T'));
    return is_utc || (length >= 3 && date_find_word(word, days, 7) >= 0);
}

/* A number of so many digits. */
static bool date_take_number(date_parts *parts, int number, size_t length) {
    if (length == 8) {
        parts->year = number / 10000;
        parts->month = number / 100 % 100 - 1;
        parts->day = number % 100;
    } else if (parts->day < 0 && length <= 2 && number >= 1 && number <= 31) {
        parts->day = number;
    } else if (parts->year < 0 && length <= 4) {
        parts->year = length > 2 ? number : number + (number > 70 ? 1900 : 2000);
    } else {
        return false;
    }
    return true;
}

static bool date_take_time(date_parts *parts, const char **at) {
    int hour, minute, second = 0, taken = 0;
    if (sscanf(*at, "%2d:%2d%n", &hour, &minute, &taken) != 2) {
        return false;
    }
    *at += taken;
    if (sscanf(*at, ":%2d%n", &second, &taken) == 1) {
        *at += taken;
        *at += **at == '.' ? 1 + strspn(*at + 1, "0123456789") : 0;
    }
    parts->hour = hour;
    parts->minute = minute;
    parts->second = second;
    return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 61;
}

/* "+0200", behind a time. */
static bool date_take_zone(date_parts *parts, const char **at) {
    int zone = 0;
    bool is_zone = strspn(*at + 1, "0123456789") == 4 && sscanf(*at + 1, "%4d", &zone) == 1;
    int minutes = zone / 100 * 60 + zone % 100;
    parts->zone_minutes = **at == '-' ? -minutes : minutes;
    *at += is_zone ? 5 : 0;
    return is_zone;
}

/* "2000-06-13", whose numbers go the other way round. */
static bool date_take_iso(date_parts *parts, const char **at) {
    int year, month, day, taken = 0;
    bool is_iso = strspn(*at, "0123456789") == 4 && (*at)[4] == '-' &&
                  sscanf(*at, "%4d-%2d-%2d%n", &year, &month, &day, &taken) == 3;
    if (is_iso) {
        parts->year = year;
        parts->month = month - 1;
        parts->day = day;
        *at += taken;
    }
    return is_iso;
}

static bool date_take_digits(date_parts *parts, const char **at) {
    size_t length = strspn(*at, "0123456789");
    if (date_take_iso(parts, at)) {
        return true;
    }
    if ((*at)[length] == ':' && length <= 2) {
        return date_take_time(parts, at);
    }
    if (length > 8) {
        return false;
    }
    int number = atoi(*at);
    *at += length;
    return date_take_number(parts, number, length);
}

static bool date_take_next(date_parts *parts, const char **at) {
    if (**at >= '0' && **at <= '9') {
        return date_take_digits(parts, at);
    }
    if ((**at == '+' || **at == '-') && parts->hour >= 0 && (*at)[-1] != '-') {
        return date_take_zone(parts, at);
    }
    size_t length = strcspn(*at, " ,-+0123456789\t:");
    if (length == 0) {
        ++*at; /* what stands between the others */
        return (*at)[-1] != ':';
    }
    bool is_word = date_take_word(parts, *at, length);
    *at += length;
    return is_word;
}

bool cli_date_read(const char *text, int64_t *time_s) {
    date_parts parts = {-1, -1, -1, -1, 0, 0, 0};
    const char *at = text;
    while (*at != '\0') {
        if (!date_take_next(&parts, &at)) {
            return false;
        }
    }
    if (parts.year < 0 || parts.month < 0 || parts.month > 11 || parts.day < 1 || parts.day > 31) {
        return false;
    }
    struct tm date = {
        .tm_year = parts.year - 1900,
        .tm_mon = parts.month,
        .tm_mday = parts.day,
        .tm_hour = parts.hour < 0 ? 0 : parts.hour,
        .tm_min = parts.minute,
        .tm_sec = parts.second,
    };
    *time_s = (int64_t)timegm(&date) - (int64_t)parts.zone_minutes * 60;
    return true;
}

bool cli_file_time(const char *file, int64_t *time_s) {
    struct stat about;
    bool is_there = stat(file, &about) == 0;
    *time_s = is_there ? (int64_t)about.st_mtime : 0;
    return is_there;
}

void cli_date_write(int64_t time_s, char text[CLI_DATE_SIZE]) {
    time_t seconds = (time_t)time_s;
    struct tm date;
    gmtime_r(&seconds, &date);
    snprintf(text, CLI_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[date.tm_wday],
             date.tm_mday, months[date.tm_mon], (date.tm_year + 1900) % 10000, date.tm_hour,
             date.tm_min, date.tm_sec);
}
