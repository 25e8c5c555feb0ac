/* SPDX-License-Identifier: MIT */
/* ciphersuites: which cipher suites are offered, and in which order: the AEAD that is the fastest
 * on this machine goes first, since most servers take the client's order. */
#include "ciphersuites.h"

#include "platform.h"

#include <mbedtls/chachapoly.h>
#include <mbedtls/gcm.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <string.h>

enum { SAMPLE_BYTES = 4096, SAMPLES = 4 }; /* all of it takes a fraction of a millisecond */

#define CHACHA20                                                                                   \
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,                                                       \
        MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,                                     \
        MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
#define AES_128                                                                                    \
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,            \
        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
#define AES_256                                                                                    \
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,            \
        MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384

static const int chacha20_first[FERRY_TLS_SUITES + 1] = {CHACHA20, AES_128, AES_256, 0};
static const int aes_128_first[FERRY_TLS_SUITES + 1] = {AES_128, CHACHA20, AES_256, 0};
static const int aes_256_first[FERRY_TLS_SUITES + 1] = {AES_256, AES_128, CHACHA20, 0};

typedef int (*sample_function)(void *cipher, const unsigned char *in, unsigned char *out);

static int chacha20_run(void *cipher, const unsigned char *in, unsigned char *out) {
    static const unsigned char nonce[12];
    unsigned char tag[16];
    return mbedtls_chachapoly_encrypt_and_tag(cipher, SAMPLE_BYTES, nonce, NULL, 0, in, out, tag);
}

static int aes_128_run(void *cipher, const unsigned char *in, unsigned char *out) {
    static const unsigned char nonce[12];
    unsigned char tag[16];
    return mbedtls_gcm_crypt_and_tag(cipher, MBEDTLS_GCM_ENCRYPT, SAMPLE_BYTES, nonce, sizeof nonce,
                                     NULL, 0, in, out, sizeof tag, tag);
}

/* The shortest of a few runs, in microseconds; INT64_MAX where it fails. */
static int64_t sample_time(sample_function run, void *cipher) {
    static const unsigned char in[SAMPLE_BYTES];
    unsigned char out[SAMPLE_BYTES];
    int64_t shortest = INT64_MAX;
    for (int i = 0; i < SAMPLES; i++) {
        int64_t begin = ferry_platform_now_us();
        if (run(cipher, in, out) != 0) {
            return INT64_MAX;
        }
        int64_t took = ferry_platform_now_us() - begin;
        shortest = took < shortest ? took : shortest;
    }
    return shortest;
}

static const int *suites_measure(void) {
    static const unsigned char secret[32];
    mbedtls_chachapoly_context chacha20;
    mbedtls_gcm_context aes;
    mbedtls_chachapoly_init(&chacha20);
    mbedtls_gcm_init(&aes);
    int64_t chacha20_us = INT64_MAX;
    int64_t aes_us = INT64_MAX;
    if (mbedtls_chachapoly_setkey(&chacha20, secret) == 0) {
        chacha20_us = sample_time(chacha20_run, &chacha20);
    }
    if (mbedtls_gcm_setkey(&aes, MBEDTLS_CIPHER_ID_AES, secret, 128) == 0) {
        aes_us = sample_time(aes_128_run, &aes);
    }
    mbedtls_gcm_free(&aes);
    mbedtls_chachapoly_free(&chacha20);
    return chacha20_us < aes_us ? chacha20_first : aes_128_first;
}

const int *ferry_tls_suites(ferry_tls_cipher first) {
    static const int *fastest; /* guarded by the platform's lock */
    switch (first) {
    case FERRY_TLS_CIPHER_CHACHA20_POLY1305:
        return chacha20_first;
    case FERRY_TLS_CIPHER_AES_128_GCM:
        return aes_128_first;
    case FERRY_TLS_CIPHER_AES_256_GCM:
        return aes_256_first;
    case FERRY_TLS_CIPHER_FASTEST:
        break;
    }
    ferry_platform_lock();
    if (fastest == NULL) {
        fastest = suites_measure();
    }
    const int *suites = fastest;
    ferry_platform_unlock();
    return suites;
}
