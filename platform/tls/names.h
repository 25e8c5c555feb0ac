/* SPDX-License-Identifier: MIT */
/* names: the name that the server is asked for, and whether a certificate is for a name. */
#ifndef FERRY_TLS_NAMES_H
#define FERRY_TLS_NAMES_H

#include <mbedtls/ssl.h>
#include <stdbool.h>

/* Tells the server the name that it is reached by (SNI); an address is not sent (RFC 6066
 * section 3). 0, or mbedTLS's code. */
int ferry_tls_server_name_set(mbedtls_ssl_context *ssl, const char *host);

/* Whether the certificate is for this name or address. Only its alternative names count
 * (RFC 9525). */
bool ferry_tls_certificate_is_for(const mbedtls_x509_crt *certificate, const char *name);

/* RFC 9525 section 6.3: "*" stands for one whole label, the first. */
bool ferry_tls_name_matches(const char *pattern, size_t length, const char *name);

#endif
