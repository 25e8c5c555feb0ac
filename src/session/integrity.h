/* SPDX-License-Identifier: MIT */
/* integrity: which digests a body may have (Subresource Integrity section 3). */
#ifndef FERRY_SESSION_INTEGRITY_H
#define FERRY_SESSION_INTEGRITY_H

#include "hash.h"

/* Reads "sha256-…", "sha384-…" and "sha512-…" with base64, one or more, separated by spaces; the
 * strongest kind counts. INVALID_PARAMETER, with a detail: the text has none, or another thing. */
FERRY_MUST_USE ferry_error ferry_integrity_read(ferry_context *context, const char *text,
                                                ferry_hash_kind *kind);

/* True where the text has this digest, among those of its kind. */
bool ferry_integrity_matches(const char *text, ferry_hash_kind kind, const unsigned char *digest,
                             size_t size);

#endif
