/* SPDX-License-Identifier: MIT */
/* request_check: refuses a request that may not be sent, before any of it is (RFC 9110 sections 5,
 * 7 and 9). */
#ifndef FERRY_REQUEST_CHECK_H
#define FERRY_REQUEST_CHECK_H

#include "backend.h"

/* False where a CR, LF, NUL or another control character is in it (RFC 9110 section 5.5). */
bool ferry_field_value_is_valid(ferry_span value);

/* Checks everything in `request` and fills in what of `message` follows from it: host where the
 * target names one, and all but user_agent. INVALID_PARAMETER with a detail. */
ferry_error ferry_request_check(ferry_context *context, const ferry_request *request,
                                ferry_message *message);

#endif
