/* SPDX-License-Identifier: MIT */
/* hash: on the web fetch() compares digests: a session hands it the text of them. */
#include "session/hash.h"

ferry_error ferry_hash_new(ferry_context *context, ferry_hash_kind kind, ferry_hash **hash) {
    (void)context;
    (void)kind;
    *hash = NULL; /* nobody needs one */
    return FERRY_OK;
}

void ferry_hash_add(ferry_hash *hash, const void *data, size_t length) {
    (void)hash;
    (void)data;
    (void)length;
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
    (void)hash;
}
