/* SPDX-License-Identifier: MIT */
/* hash: SHA-2 (FIPS 180-4), as it comes with what TLS is spoken with. platform/tls/ defines it,
 * with mbedTLS or for a build without, and web/, where the browser does it; the linker chooses. */
#ifndef FERRY_SESSION_HASH_H
#define FERRY_SESSION_HASH_H

#include "base/context.h"

typedef enum ferry_hash_kind {
    FERRY_HASH_SHA256,
    FERRY_HASH_SHA384,
    FERRY_HASH_SHA512,
} ferry_hash_kind;

enum { FERRY_HASH_MAX_SIZE = 64 };

typedef struct ferry_hash ferry_hash;

/* UNAVAILABLE, with a detail: this build has no SHA-2. OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_hash_new(ferry_context *context, ferry_hash_kind kind,
                                          ferry_hash **hash);
void ferry_hash_add(ferry_hash *hash, const void *data, size_t length);

/* Stores the digest, and returns its size. The hash then begins anew. */
size_t ferry_hash_finish(ferry_hash *hash, unsigned char digest[FERRY_HASH_MAX_SIZE]);

/* The hash goes on from where the other one, of the same kind, is. */
void ferry_hash_copy(ferry_hash *hash, const ferry_hash *from);

/* NULL is legal. */
void ferry_hash_free(const ferry_context *context, ferry_hash *hash);

#endif
