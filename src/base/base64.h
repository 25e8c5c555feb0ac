/* SPDX-License-Identifier: MIT */
/* base64: bytes as text (RFC 4648 section 4), as Basic credentials are sent (RFC 7617). */
#ifndef FERRY_BASE_BASE64_H
#define FERRY_BASE_BASE64_H

#include "span.h"

/* How long the text for so many bytes is; no more than SIZE_MAX / 2 of them. */
static inline size_t ferry_base64_length(size_t bytes) {
    return (bytes + 2) / 3 * 4;
}

/* Writes the text, padded, without a NUL. Returns the end. */
char *ferry_base64_write(ferry_span bytes, char *dst);

#endif
