/* SPDX-License-Identifier: MIT */
/* retry: rules and delays; the clock is the caller's. */
#include "retry.h"

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

int64_t ferry_retry_after_ms(const char *value, int64_t now_s) {
    (void)now_s;
    int64_t seconds;
    if (!ferry_decimal_read(ferry_span_of(value), &seconds) || seconds > INT64_MAX / 1000) {
        return -1;
    }
    return seconds * 1000;
}
