/* SPDX-License-Identifier: MIT */
/* trust: the certificate authorities that the system trusts. platform/posix/ and platform/win32/
 * define it, or trust_bundle.c where the library is built with a bundle of its own. */
#ifndef FERRY_TRUST_H
#define FERRY_TRUST_H

#include "ferry.h"

/* Takes PEM text that ends with NUL, which `size` does not count; returns how many authorities were
 * in it. */
typedef size_t (*ferry_trust_add)(void *ctx, const char *pem, size_t size);

/* Gives `add` all that there is, and writes the places where it looked to `looked`, for a
 * sentence. */
void ferry_trust_read(ferry_trust_add add, void *ctx, char *looked, size_t looked_size);

/* What the answer depends on, in one text: while it is the same, the answer is. False: it is longer
 * than that, and cannot be told from another. */
bool ferry_trust_write_key(char *text, size_t size);

#endif
