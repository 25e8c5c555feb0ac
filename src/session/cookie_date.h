/* SPDX-License-Identifier: MIT */
/* cookie_date: dates as the attribute Expires has them (RFC 6265bis section 5.1.1). */
#ifndef FERRY_SESSION_COOKIE_DATE_H
#define FERRY_SESSION_COOKIE_DATE_H

#include "base/span.h"

/* Finds a time, a day, a month and a year in the text, in any order, whatever stands between them.
 * Stores seconds since 1970, negative before. False: one of them is missing, or there is no such
 * date. */
bool ferry_cookie_date_read(ferry_span text, int64_t *seconds);

#endif
