/* SPDX-License-Identifier: MIT */
/* hash: mbedTLS's SHA-2. */
#include "session/hash.h"

#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>

struct ferry_hash {
    ferry_hash_kind kind;
    union {
        mbedtls_sha256_context sha256;
        mbedtls_sha512_context sha512; /* of SHA-384, too */
    } state;
};

static void hash_begin(ferry_hash *hash) {
    if (hash->kind == FERRY_HASH_SHA256) {
        mbedtls_sha256_init(&hash->state.sha256);
        mbedtls_sha256_starts(&hash->state.sha256, 0);
    } else {
        mbedtls_sha512_init(&hash->state.sha512);
        mbedtls_sha512_starts(&hash->state.sha512, hash->kind == FERRY_HASH_SHA384);
    }
}

ferry_error ferry_hash_new(ferry_context *context, ferry_hash_kind kind, ferry_hash **hash) {
    ferry_hash *made = ferry_alloc(context, sizeof *made);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    made->kind = kind;
    hash_begin(made);
    *hash = made;
    return FERRY_OK;
}

void ferry_hash_add(ferry_hash *hash, const void *data, size_t length) {
    if (hash->kind == FERRY_HASH_SHA256) {
        mbedtls_sha256_update(&hash->state.sha256, data, length);
    } else {
        mbedtls_sha512_update(&hash->state.sha512, data, length);
    }
}

size_t ferry_hash_finish(ferry_hash *hash, unsigned char digest[FERRY_HASH_MAX_SIZE]) {
    static const size_t sizes[] = {32, 48, 64};
    if (hash->kind == FERRY_HASH_SHA256) {
        mbedtls_sha256_finish(&hash->state.sha256, digest);
        mbedtls_sha256_free(&hash->state.sha256);
    } else {
        mbedtls_sha512_finish(&hash->state.sha512, digest);
        mbedtls_sha512_free(&hash->state.sha512);
    }
    hash_begin(hash);
    return sizes[hash->kind];
}

void ferry_hash_copy(ferry_hash *hash, const ferry_hash *from) {
    if (hash->kind == FERRY_HASH_SHA256) {
        mbedtls_sha256_clone(&hash->state.sha256, &from->state.sha256);
    } else {
        mbedtls_sha512_clone(&hash->state.sha512, &from->state.sha512);
    }
}

void ferry_hash_free(const ferry_context *context, ferry_hash *hash) {
    ferry_free(context, hash);
}
