/* SPDX-License-Identifier: MIT */
/* redirect: what follows from a redirect (Fetch standard, "HTTP-redirect fetch"; RFC 9110 section
 * 15.4). */
#ifndef FERRY_SESSION_REDIRECT_H
#define FERRY_SESSION_REDIRECT_H

#include "ferry.h"

/* True for 301, 302, 303, 307 and 308. */
bool ferry_redirect_is_code(int code);

/* True where the next request is a GET without a body: after 303 unless it was GET or HEAD, and
 * after 301 and 302 if it was POST. `method_name` as in ferry_request. */
bool ferry_redirect_becomes_get(int code, ferry_method method, const char *method_name);

#endif
