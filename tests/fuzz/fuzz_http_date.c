/* SPDX-License-Identifier: MIT */
/* fuzz_http_date: any text as a date: one that is read is in a year of four digits, and means the
 * same when it is written in the usual form. */
#include "base/http_date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

/* By the C library, in the C locale. */
static void check_again(int64_t seconds) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[64];
    time_t time = (time_t)seconds;
    struct tm parts;
    require(gmtime_r(&time, &parts) != NULL);
    require(parts.tm_year >= -1900 && parts.tm_year <= 9999 - 1900 + 1);
    snprintf(text, sizeof text, "Mon, %02d %.3s %04d %02d:%02d:%02d GMT", parts.tm_mday,
             &months[3 * parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
             parts.tm_sec);
    int64_t again = 0;
    if (parts.tm_year <= 9999 - 1900) { /* the leap second of the last year is in the next */
        require(ferry_http_date_read(ferry_span_of(text), 0, &again) && again == seconds);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *text = malloc(size > 0 ? size : 1);
    int64_t seconds = 0;
    require(text != NULL);
    if (size > 0) {
        memcpy(text, data, size);
    }
    if (ferry_http_date_read((ferry_span){text, size}, 1795726800, &seconds)) {
        check_again(seconds);
    }
    free(text);
    return 0;
}
