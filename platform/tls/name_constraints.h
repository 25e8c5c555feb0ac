/* SPDX-License-Identifier: MIT */
/* name_constraints: which names an issuer may give (RFC 5280 section 4.2.1.10). */
#ifndef FERRY_TLS_NAME_CONSTRAINTS_H
#define FERRY_TLS_NAME_CONSTRAINTS_H

#include <mbedtls/x509_crt.h>
#include <stdbool.h>

/* Whether the issuer lets the certificate have its names. A constraint that cannot be understood
 * does not. */
bool ferry_tls_name_constraints_permit(const mbedtls_x509_crt *issuer,
                                       const mbedtls_x509_crt *certificate);

#endif
