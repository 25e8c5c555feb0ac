/* SPDX-License-Identifier: MIT */
/* request_check: refuses a request that may not be sent, before any of it is (RFC 9110 sections 5,
 * 7 and 9). */
#ifndef FERRY_MESSAGE_REQUEST_CHECK_H
#define FERRY_MESSAGE_REQUEST_CHECK_H

#include "backend.h"

/* False where a CR, LF, NUL or another control character is in it (RFC 9110 section 5.5). */
bool ferry_field_value_is_valid(ferry_span value);

/* Which FERRY_HAS_… a line is, as far as its name tells. */
unsigned ferry_header_line_flag(const char *line);

/* Why the lines may not go to a proxy with any request, as a sentence; NULL: they may. */
const char *ferry_proxy_headers_fault(const char *const *lines);

/* Checks everything in `request` and fills in what of `message` follows from it: host where the
 * target names one, and all but user_agent. INVALID_PARAMETER with a detail. */
ferry_error ferry_request_check(ferry_context *context, const ferry_request *request,
                                ferry_message *message);

#endif
