/* SPDX-License-Identifier: MIT */
/* authority: checks the host that a program names, and writes it as Host has it (RFC 9110 section
 * 7.2, RFC 3986 section 3.2). */
#ifndef FERRY_URL_AUTHORITY_H
#define FERRY_URL_AUTHORITY_H

#include "base/context.h"
#include "base/span.h"

enum { FERRY_MAX_HOST_LENGTH = 253 }; /* of a name (RFC 1035 section 2.3.4), or an address */

typedef struct ferry_authority {
    ferry_span host; /* no scheme, no brackets */
    bool is_ipv6;
    bool has_scheme;
    bool secure; /* https:// */
} ferry_authority;

/* What is wrong with a host as connect_to_host takes it, as the rest of a sentence that begins with
 * "the host"; NULL: nothing, and `authority`, which points into `text`, is complete. */
const char *ferry_authority_fault(ferry_span text, ferry_authority *authority);

/* Takes apart what connect_to_host was given. INVALID_PARAMETER with a detail; `authority` points
 * into `text`. */
ferry_error ferry_authority_parse(ferry_context *context, const char *text,
                                  ferry_authority *authority);

/* Takes apart the authority of a request's target, "name", "name:8080" or "[::1]:8080" (RFC 3986
 * section 3.2) without user information; the port is 0 where there is none. False where it is no
 * such thing. */
bool ferry_authority_split(ferry_span text, ferry_authority *authority, uint16_t *port);

/* A text that names a host or is a URL, as a sentence may repeat it: "***" stands for what may be a
 * user name or a password, and it is cut where it is long. */
enum { FERRY_QUOTE_SIZE = 121 };
const char *ferry_authority_quote(const char *text, char quote[FERRY_QUOTE_SIZE]);

/* "name", "name:8080", "[::1]:8080": the port only where it is not the scheme's. Returns the
 * length, NUL not counted. */
enum { FERRY_AUTHORITY_SIZE = FERRY_MAX_HOST_LENGTH + 9 }; /* with brackets, port and NUL */
size_t ferry_authority_write(const ferry_authority *authority, uint16_t port, bool secure,
                             char dst[FERRY_AUTHORITY_SIZE]);

#endif
