/* SPDX-License-Identifier: MIT */
/* no_hash: hash.h in a build without TLS, which has no SHA-2. */
#include "session/hash.h"

#include <assert.h>

ferry_error ferry_hash_new(ferry_context *context, ferry_hash_kind kind, ferry_hash **hash) {
    (void)kind;
    (void)hash;
    return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                      "integrity is not available: this build has no TLS, and so no SHA-2");
}

void ferry_hash_add(ferry_hash *hash, const void *data, size_t length) {
    (void)hash;
    (void)data;
    (void)length;
    assert(!"there is no hash");
}

size_t ferry_hash_finish(ferry_hash *hash, unsigned char digest[FERRY_HASH_MAX_SIZE]) {
    (void)hash;
    (void)digest;
    return 0;
}

void ferry_hash_copy(ferry_hash *hash, const ferry_hash *from) {
    (void)hash;
    (void)from;
}

void ferry_hash_free(const ferry_context *context, ferry_hash *hash) {
    (void)context;
    assert(hash == NULL);
    (void)hash;
}
