/* SPDX-License-Identifier: MIT */
/* ferry_session: what stands on a client, or beside it: requests by URL. A part of ferry.h. */
#ifndef FERRY_SESSION_H
#define FERRY_SESSION_H

#include "ferry.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Resolving URLs ----------------------------------------------------------------------- */

/* Writes to `dst` the URL that `reference` means where it stands in what `base` names, such as a
 * Location header in the response to a request for `base`. The result is the URL standard's
 * (https://url.spec.whatwg.org/), "href" of new URL(reference, base), for http and https:
 *
 *     base http://u:p@h:8080/a/b?q#f   reference   result
 *                                      "c?d#e"     http://u:p@h:8080/a/c?d#e
 *                                      "../c"      http://u:p@h:8080/c
 *                                      "/c"        http://u:p@h:8080/c
 *                                      "//i/c"     http://i/c
 *                                      "?d"        http://u:p@h:8080/a/b?d
 *                                      "#e"        http://u:p@h:8080/a/b?q#e
 *                                      ""          http://u:p@h:8080/a/b?q
 *                                      "http:c"    http://u:p@h:8080/a/c
 *                                      "https:c"   https://c/
 *
 * Backslashes are slashes before '?' and '#'. It differs from the standard where ferry_url_parse()
 * does. A fragment that a redirect inherits (Fetch standard, HTTP-redirect fetch) is not its
 * business: the result has a '#' only if the reference has a fragment of its own.
 *
 * `dst` needs 3 * (strlen(base) + strlen(reference)) + 32 bytes; it must not overlap the others.
 * `base` may be NULL: then the reference must be an absolute URL, and is written in its normal
 * form.
 *
 * FERRY_ERROR_INVALID_PARAMETER: `capacity` is smaller; `base` is no absolute URL; or the reference
 * is no URL, or one with another scheme. `reason`, unless it is NULL, then gets a sentence that
 * stays valid. What is in `dst` then has no meaning. */
ferry_error ferry_url_resolve(const char *base, const char *reference, char *dst, size_t capacity,
                              const char **reason);

#ifdef __cplusplus
}
#endif

#endif
