/* SPDX-License-Identifier: MIT */
/* extensions: reads the extensions of a certificate, also those that mbedTLS does not read. */
#ifndef FERRY_TLS_EXTENSIONS_H
#define FERRY_TLS_EXTENSIONS_H

#include "der.h"

#include <mbedtls/x509_crt.h>

/* One extension; zeroed before the first. */
typedef struct ferry_tls_extension {
    unsigned char *next;
    mbedtls_x509_buf oid;
    unsigned char *critical; /* the byte that says so; NULL: it is not critical */
    mbedtls_x509_buf value;
} ferry_tls_extension;

/* The next extension, in the order of the certificate. False: there is none left. */
bool ferry_tls_extension_next(const mbedtls_x509_crt *certificate, ferry_tls_extension *extension);

/* Whether mbedTLS reads extensions of this kind. */
bool ferry_tls_extension_is_known_to_mbedtls(const ferry_tls_extension *extension);

/* Whether there is a critical extension that neither mbedTLS nor ferry understands. Its name goes
 * to `text`, as numbers. */
bool ferry_tls_extension_find_unknown(const mbedtls_x509_crt *certificate, char *text, size_t size);

typedef enum ferry_tls_found {
    FERRY_TLS_ABSENT,
    FERRY_TLS_FOUND,
    FERRY_TLS_BROKEN, /* its value is no SEQUENCE */
} ferry_tls_found;

/* Finds the extension with this name, and gives what its SEQUENCE holds. */
ferry_tls_found ferry_tls_extension_find(const mbedtls_x509_crt *certificate, const char *oid,
                                         size_t oid_length, ferry_tls_der *content);

/* How many certificates an issuer allows between itself and the last one (RFC 5280
 * section 4.2.1.9); -1: any number. */
int ferry_tls_extension_get_path_length(const mbedtls_x509_crt *issuer);

#endif
