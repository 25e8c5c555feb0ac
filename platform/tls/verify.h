/* SPDX-License-Identifier: MIT */
/* verify: whether a server's chain of certificates is good. */
#ifndef FERRY_TLS_VERIFY_H
#define FERRY_TLS_VERIFY_H

#include "config.h"
#include "describe.h"
#include "server_certificates.h"

enum { FERRY_TLS_MAX_CERTIFICATES = 10 }; /* in a chain, as mbedTLS has it */

/* What is known while one chain is verified. */
typedef struct ferry_tls_verification {
    const ferry_tls_config *config;
    const ferry_context *context;
    const char *name; /* to verify; NULL: none */
    bool was_called;  /* the server has sent a chain: no session was resumed */
    bool pin_matched;
    bool lacks_issuer;
    bool is_refused;
    ferry_tls_reread reread;
    int path_left; /* how many certificates the issuers so far allow between them and the server's;
                      -1: any number */
    size_t issuer_count;
    const mbedtls_x509_crt *issuers[FERRY_TLS_MAX_CERTIFICATES];
    char words[FERRY_TLS_WORDS_SIZE]; /* what is wrong; "": nothing */
} ferry_tls_verification;

/* For mbedtls_ssl_set_verify(). mbedTLS calls it for each certificate of the chain, the authority's
 * first. */
int ferry_tls_verify(void *verification, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

void ferry_tls_verification_free(const ferry_context *context,
                                 ferry_tls_verification *verification);

#endif
