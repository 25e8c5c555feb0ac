/* SPDX-License-Identifier: MIT */
/* config: the options, read and made ready for mbedTLS. */
#ifndef FERRY_TLS_CONFIG_H
#define FERRY_TLS_CONFIG_H

#include "roots.h"
#include "sessions.h"
#include "tls.h"

#include <mbedtls/ssl.h>

enum { FERRY_TLS_DIGEST_SIZE = 32 }; /* SHA-256 */

struct ferry_tls_config {
    /* The cache's; the platform's lock guards them. */
    ferry_tls_config *next;
    unsigned users;                              /* the cache is one of them */
    unsigned char digest[FERRY_TLS_DIGEST_SIZE]; /* of the options */
    bool is_failed; /* the authorities could not be read: no connection uses it any more */

    mbedtls_ssl_config ssl;
    mbedtls_ssl_config ssl_without_pss;
    bool allows_1_2;
    ferry_tls_roots *roots; /* NULL: the chain is not verified */
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    mbedtls_x509_crl crl;
    bool has_crl;
    char *name;       /* to verify instead of the host's; NULL: the host's */
    bool unsafe_name; /* no name is verified */
    unsigned char (*pins)[FERRY_TLS_DIGEST_SIZE];
    size_t pin_count;
    ferry_tls_sessions sessions;
};

/* Reads the options; `config` then has one user. INVALID_PARAMETER, OUT_OF_MEMORY, and what
 * ferry_tls_roots_of_system() returns. */
ferry_error ferry_tls_config_new(ferry_context *context, const ferry_tls_options *options,
                                 ferry_tls_config **config);
void ferry_tls_config_free(ferry_tls_config *config);

/* Adds a user; each has its ferry_tls_config_release(). */
ferry_tls_config *ferry_tls_config_retain(ferry_tls_config *config);

/* The revocation lists; NULL: there are none. */
mbedtls_x509_crl *ferry_tls_config_get_crl(const ferry_tls_config *config);

/* Whether the options bring authorities, which then are trusted instead of the system's. */
bool ferry_tls_options_have_roots(const ferry_tls_options *options);

#endif
