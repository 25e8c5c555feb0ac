/* SPDX-License-Identifier: MIT */
/* ferry_url: URLs, taken apart and resolved. */
#include "ferry.h" /* which includes this file where it has its place */

#ifndef FERRY_URL_H
#define FERRY_URL_H

#ifdef __cplusplus
extern "C" {
#endif

/* An absolute http:// or https:// URL, taken apart (RFC 3986, RFC 9110 section 4.2). */
typedef struct ferry_url {
    bool secure;          /* https */
    int port;             /* as given, or 80 or 443 */
    const char *host;     /* lower case, no brackets, no percent-encoding */
    const char *target;   /* path and query, as request wants it: begins with '/'; no fragment; what
                             may not stand in a request line is percent-encoded */
    const char *userinfo; /* "user:password" as it stands, percent-encoded; NULL: none */
    const char *fragment; /* what is behind '#', percent-encoded; it is never sent; NULL: none */
} ferry_url;

/* Takes `text` apart as the URL standard's parser does (https://url.spec.whatwg.org/): backslashes
 * become slashes, dot segments are removed, IPv4 addresses are read in all their spellings, spaces
 * and controls around the URL are dropped. Some things differ: a tab or line break within the URL
 * is refused, not dropped; a host name beyond ASCII is refused unless it is in its punycode form,
 * which is not looked into; port 0 is refused. A host with an empty part ("a..b") is one to the URL
 * standard; connect_to_host refuses it. The strings are written to `storage`, which needs 3 *
 * strlen(text) + 16 bytes.
 *
 * FERRY_ERROR_INVALID_PARAMETER: `storage` is smaller, or `text` is no such URL. `reason`, unless
 * it is NULL, then gets a sentence that stays valid. */
ferry_error ferry_url_parse(const char *text, char *storage, size_t storage_size, ferry_url *url,
                            const char **reason);

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
