/* SPDX-License-Identifier: MIT */
/* psa: starts the cryptography that mbedTLS uses, once in a process and once more in each child
 * after fork(). */
#include "platform.h"
#include "tls.h"

#include <mbedtls/version.h>
#include <psa/crypto.h>

/* A child after fork() has a copy of its parent's random generator: both would choose the same
 * keys. mbedTLS before 3.6.6 has no call to seed it again. */
static psa_status_t random_reseed(void) {
#if MBEDTLS_VERSION_NUMBER >= 0x03060600
    psa_status_t status = psa_random_reseed(NULL, 0);
    return status == PSA_ERROR_NOT_SUPPORTED ? PSA_SUCCESS
                                             : status; /* mbedTLS asks the system for each byte */
#else
    return PSA_ERROR_NOT_SUPPORTED;
#endif
}

/* The whole process shares PSA, and the program may use it too: it is started here, and never
 * stopped. */
static psa_status_t cryptography_start(void) {
    static int seeded; /* the process that the generator was seeded in */
    ferry_platform_lock();
    psa_status_t status = psa_crypto_init();
    if (status == PSA_SUCCESS && seeded != ferry_platform_process()) {
        status = random_reseed();
        seeded = status == PSA_SUCCESS ? ferry_platform_process() : seeded;
    }
    ferry_platform_unlock();
    return status;
}

ferry_error ferry_tls_check(ferry_context *context) {
    psa_status_t status = cryptography_start();
    if (status == PSA_ERROR_NOT_SUPPORTED) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "TLS in a child after fork() takes mbedTLS 3.6.6 or later");
    }
    if (status != PSA_SUCCESS) {
        return ferry_fail(context, FERRY_ERROR_FAILED,
                          "cryptography could not be started: this system gives no random bytes");
    }
    return FERRY_OK;
}
