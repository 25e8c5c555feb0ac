/* SPDX-License-Identifier: MIT */
/* validators: strong ones alone say that bytes may be put together. */
#include "validators.h"

#include "base/format.h"
#include "base/http_date.h"

enum { SURE_S = 60, SECONDS_OF_DAY = 24 * 60 * 60 };

/* entity-tag = DQUOTE *etagc DQUOTE; what else a server sends there goes back to it as it came. */
bool ferry_etag_is_strong(ferry_span etag) {
    return etag.length >= 2 && etag.data[0] == '"' && etag.data[etag.length - 1] == '"' &&
           ferry_span_find_any(ferry_span_skip(etag, 1), "\"") == etag.length - 2;
}

bool ferry_modified_is_strong(ferry_span modified, ferry_span date) {
    int64_t modified_s;
    int64_t date_s;
    return ferry_http_date_read(modified, 0, &modified_s) &&
           ferry_http_date_read(date, 0, &date_s) && modified_s < date_s &&
           date_s - modified_s >= SURE_S;
}

/* The day is counted in years that begin in March, so that a leap day is the last of its year. */
static void validators_find_day(int64_t days, ferry_date *date) {
    int64_t from = days + 719468; /* since March of year 0 */
    int64_t era = from / 146097;
    int64_t day_of_era = from % 146097;
    int64_t year =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day = day_of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * day + 2) / 153;
    date->day = (int)(day - (153 * month + 2) / 5 + 1);
    date->month = (int)(month < 10 ? month + 3 : month - 9);
    date->year = (int)(year + era * 400 + (date->month <= 2 ? 1 : 0));
}

/* Two digits. */
static void validators_put(char *at, int number) {
    at[0] = (char)('0' + number / 10);
    at[1] = (char)('0' + number % 10);
}

bool ferry_http_date_write(int64_t seconds, char text[FERRY_HTTP_DATE_SIZE]) {
    static const char days[] = "ThuFriSatSunMonTueWed";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    static const int64_t last = INT64_C(253402300799); /* of year 9999 */
    if (seconds < 0 || seconds > last) {
        return false;
    }
    ferry_date date;
    int64_t day = seconds / SECONDS_OF_DAY;
    int rest = (int)(seconds % SECONDS_OF_DAY);
    validators_find_day(day, &date);
    ferry_format(text, FERRY_HTTP_DATE_SIZE, "%.*s, 00 %.*s %d 00:00:00 GMT", 3,
                 days + 3 * (day % 7), 3, months + 3 * (ptrdiff_t)(date.month - 1), date.year);
    validators_put(text + 5, date.day);
    validators_put(text + 17, rest / 3600);
    validators_put(text + 20, rest / 60 % 60);
    validators_put(text + 23, rest % 60);
    return true;
}
