/* SPDX-License-Identifier: MIT */
/* cookie_date: reads what servers have ever written into Expires, as browsers do. */
#include "cookie_date.h"

#include "base/http_date.h"
#include "base/number.h"

/* RFC 6265bis section 5.1.1, and where each production is read:
 *
 *     cookie-date  = *delimiter date-token-list *delimiter   ferry_cookie_date_read()
 *     time         = hms-time [ non-digit *OCTET ]           date_token_is_time()
 *     hms-time     = 1*2DIGIT ":" 1*2DIGIT ":" 1*2DIGIT
 *     day-of-month = 1*2DIGIT [ non-digit *OCTET ]           date_token_is_number()
 *     month        = ( "jan" / "feb" / ... ) *OCTET          date_token_is_month()
 *     year         = 2*4DIGIT [ non-digit *OCTET ]           date_token_is_number() */

typedef struct cookie_date {
    ferry_date date;
    bool has_time;
    bool has_day;
    bool has_month;
    bool has_year;
} cookie_date;

static bool date_is_delimiter(unsigned char c) {
    return c == 0x09 || (c >= 0x20 && c <= 0x2f) || (c >= 0x3b && c <= 0x40) ||
           (c >= 0x5b && c <= 0x60) || (c >= 0x7b && c <= 0x7e);
}

/* Takes the digits at the front off, so many that are neither fewer nor more. */
static bool date_take_number(ferry_span *text, size_t least, size_t most, int *number) {
    int64_t value = 0;
    size_t count = 0;
    while (count < text->length && count <= most && ferry_is_digit(text->data[count])) {
        count++;
    }
    if (count < least || count > most ||
        !ferry_decimal_read((ferry_span){text->data, count}, &value)) {
        return false;
    }
    *text = ferry_span_skip(*text, count);
    *number = (int)value;
    return true;
}

static bool date_token_is_number(ferry_span token, size_t least, size_t most, int *number) {
    return date_take_number(&token, least, most, number);
}

static bool date_token_is_time(ferry_span token, ferry_date *to) {
    ferry_date found = *to;
    if (!date_take_number(&token, 1, 2, &found.hour) ||
        !ferry_span_take_prefix(&token, FERRY_SPAN(":")) ||
        !date_take_number(&token, 1, 2, &found.minute) ||
        !ferry_span_take_prefix(&token, FERRY_SPAN(":")) ||
        !date_take_number(&token, 1, 2, &found.second)) {
        return false;
    }
    *to = found;
    return true;
}

static bool date_token_is_month(ferry_span token, int *month) {
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    for (int i = 0; i < 12; i++) {
        if (ferry_span_starts_with(token, (ferry_span){&names[3 * (size_t)i], 3})) {
            *month = i + 1;
            return true;
        }
    }
    return false;
}

/* The first token of each kind counts. */
static void date_take_token(cookie_date *it, ferry_span token) {
    if (!it->has_time && date_token_is_time(token, &it->date)) {
        it->has_time = true;
    } else if (!it->has_day && date_token_is_number(token, 1, 2, &it->date.day)) {
        it->has_day = true;
    } else if (!it->has_month && date_token_is_month(token, &it->date.month)) {
        it->has_month = true;
    } else if (!it->has_year && date_token_is_number(token, 2, 4, &it->date.year)) {
        it->has_year = true;
    }
}

bool ferry_cookie_date_read(ferry_span text, int64_t *seconds) {
    cookie_date it = {.date = {0}};
    while (text.length > 0) {
        size_t length = 0;
        while (length < text.length && !date_is_delimiter((unsigned char)text.data[length])) {
            length++;
        }
        date_take_token(&it, (ferry_span){text.data, length});
        text = ferry_span_skip(text, length < text.length ? length + 1 : length);
    }
    if (!it.has_time || !it.has_day || !it.has_month || !it.has_year) {
        return false;
    }
    if (it.date.year < 100) {
        it.date.year += it.date.year >= 70 ? 1900 : 2000;
    }
    return it.date.year >= 1601 && it.date.second <= 59 && ferry_date_to_seconds(&it.date, seconds);
}
