/* SPDX-License-Identifier: MIT */
/* validators: what tells whether two responses carry the same bytes (RFC 9110 section 8.8). */
#ifndef FERRY_SESSION_VALIDATORS_H
#define FERRY_SESSION_VALIDATORS_H

#include "base/span.h"

/* True for an entity tag in its quotes, without "W/". */
bool ferry_etag_is_strong(ferry_span etag);

/* True where a Last-Modified is sure to be of these bytes alone: what was changed within the minute
 * before the response was made may have been changed once more since (section 8.8.2.2). `date` is
 * the response's Date. */
bool ferry_modified_is_strong(ferry_span modified, ferry_span date);

/* "Sun, 06 Nov 1994 08:49:37 GMT", and a NUL. False: it is before 1970 or after 9999. */
enum { FERRY_HTTP_DATE_SIZE = 30 };
bool ferry_http_date_write(int64_t seconds, char text[FERRY_HTTP_DATE_SIZE]);

#endif
