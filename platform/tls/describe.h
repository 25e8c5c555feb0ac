/* SPDX-License-Identifier: MIT */
/* describe: puts certificates, alerts and mbedTLS's errors into words. */
#ifndef FERRY_TLS_DESCRIBE_H
#define FERRY_TLS_DESCRIBE_H

#include <mbedtls/x509_crt.h>
#include <stddef.h>

enum { FERRY_TLS_WORDS_SIZE = 320 }; /* a sentence about certificates */

/* What is wrong with a certificate, given mbedTLS's flags, as a sentence. `name` is the name that
 * was verified, or NULL. */
void ferry_tls_certificate_describe(const mbedtls_x509_crt *certificate, uint32_t flags,
                                    const char *name, char *text, size_t size);

/* Whose certificate it is: its common name or its first alternative name. */
void ferry_tls_certificate_write_subject(const mbedtls_x509_crt *certificate, char *text,
                                         size_t size);

/* For the log: subject and issuer, "a.example, issued by An Authority"; dates and names, "valid
 * from 2026-01-01 to 2026-12-31, for a.example". */
void ferry_tls_certificate_write_parties(const mbedtls_x509_crt *certificate, char *text,
                                         size_t size);
void ferry_tls_certificate_write_validity(const mbedtls_x509_crt *certificate, char *text,
                                          size_t size);

/* "handshake_failure" (RFC 8446 section 6.2), or "alert 99". */
void ferry_tls_alert_write(int alert, char *text, size_t size);

/* What mbedTLS says of an error of its own. */
void ferry_tls_error_write(int error, char *text, size_t size);

#endif
