/* SPDX-License-Identifier: MIT */
/* trust: the certificate authorities that the system trusts. platform/posix/ and platform/win32/
 * define it, or trust_bundle.c where the library is built with a bundle of its own. */
#ifndef FERRY_TRUST_H
#define FERRY_TRUST_H

#include "ferry.h"

/* What the environment says of where they are, as it was when it was asked; NULL: nothing. */
typedef struct ferry_trust_places {
    char *file;
    char *folders;
} ferry_trust_places;

/* Asks the environment, which no other thread may change meanwhile. False: no memory. */
bool ferry_trust_places_init(ferry_trust_places *places);
void ferry_trust_places_deinit(ferry_trust_places *places);

/* Takes PEM text that ends with NUL, which `size` does not count; returns how many authorities were
 * in it. */
typedef size_t (*ferry_trust_add)(void *ctx, const char *pem, size_t size);

/* Gives `add` all that there is, and writes the places where it looked to `looked`, for a sentence.
 * This takes long, for a frame: it is called on a thread of its own. Returns 0, EACCES where
 * something could not be read that is there, or the errno of what makes the answer incomplete, such
 * as EMFILE: then it has stopped, and what there is now is not to be relied on. */
int ferry_trust_read(const ferry_trust_places *places, ferry_trust_add add, void *ctx, char *looked,
                     size_t looked_size);

#endif
