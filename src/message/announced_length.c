/* SPDX-License-Identifier: MIT */
/* announced_length: checks pieces against the length that was sent ahead: a body of another length
 * would break the framing. */
#include "announced_length.h"

ferry_error ferry_announced_check_piece(ferry_context *context, int64_t remaining, size_t length) {
    if (remaining < 0 || length <= (uint64_t)remaining) {
        return FERRY_OK;
    }
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                      "%zu bytes are more than the %lld that are left of the announced length",
                      length, (long long)remaining);
}

ferry_error ferry_announced_check_end(ferry_context *context, int64_t remaining) {
    if (remaining <= 0) {
        return FERRY_OK;
    }
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                      "the body is %lld bytes shorter than announced", (long long)remaining);
}
