/* SPDX-License-Identifier: MIT */
/* retry: rules and delays; the clock is the caller's. */
#include "retry.h"

#include "base/http_date.h"
#include "base/number.h"
#include "base/span.h"

enum { FIRST_DELAY_MS = 1000, MAX_DELAY_MS = 30000 };

bool ferry_retry_is_code(int code) {
    return code == FERRY_RESPONSE_REQUEST_TIMEOUT || code == FERRY_RESPONSE_TOO_MANY_REQUESTS ||
           code == FERRY_RESPONSE_BAD_GATEWAY || code == FERRY_RESPONSE_SERVICE_UNAVAILABLE ||
           code == FERRY_RESPONSE_GATEWAY_TIMEOUT;
}

bool ferry_retry_is_error(ferry_error error) {
    return error == FERRY_ERROR_CANT_RESOLVE || error == FERRY_ERROR_CANT_CONNECT ||
           error == FERRY_ERROR_CONNECTION_ERROR || error == FERRY_ERROR_BODY_TRUNCATED ||
           error == FERRY_ERROR_TIMEOUT || error == FERRY_ERROR_NETWORK_OR_CORS ||
           error == FERRY_ERROR_CONNECT_AGAIN;
}

int64_t ferry_retry_delay_ms(int number, uint32_t chance) {
    int64_t delay = FIRST_DELAY_MS;
    for (int i = 0; i < number && delay < MAX_DELAY_MS; i++) {
        delay *= 2;
    }
    if (delay > MAX_DELAY_MS) {
        delay = MAX_DELAY_MS;
    }
    return delay - delay / 4 * (chance % 1000) / 1000;
}

uint32_t ferry_retry_chance(int64_t now_us, uint64_t number) {
    static const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15); /* neighbours come far apart */
    return (uint32_t)((((uint64_t)now_us + number) * odd) >> 32);
}

/* One or more digits, however large the number is. */
static bool retry_is_decimal(ferry_span text) {
    size_t count = 0;
    while (count < text.length && ferry_is_digit(text.data[count])) {
        count++;
    }
    return count > 0 && count == text.length;
}

int64_t ferry_retry_after_ms(const char *value, int64_t now_s) {
    ferry_span text = ferry_span_trim(ferry_span_of(value));
    int64_t seconds;
    if (retry_is_decimal(text)) {
        bool is_counted = ferry_decimal_read(text, &seconds) && seconds <= INT64_MAX / 1000;
        return is_counted ? seconds * 1000 : INT64_MAX;
    }
    if (!ferry_http_date_read(text, now_s, &seconds)) {
        return -1;
    }
    return seconds > now_s ? (seconds - now_s) * 1000 : 0;
}
