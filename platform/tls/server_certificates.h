/* SPDX-License-Identifier: MIT */
/* server_certificates: the server's certificates, where mbedTLS's handshake does not read them. */
#ifndef FERRY_TLS_SERVER_CERTIFICATES_H
#define FERRY_TLS_SERVER_CERTIFICATES_H

#include <mbedtls/ssl.h>
#include <stdbool.h>

/* The server's certificates, read again; zeroed before. */
typedef struct ferry_tls_reread {
    bool was_tried;
    bool is_used; /* `chain` is verified, instead of what mbedTLS has read */
    mbedtls_x509_crt chain;
    unsigned char *message; /* where mbedTLS has it; changed, until it is restored */
    size_t message_length;
    unsigned char *original; /* the message as it came; NULL: it need not be restored */
} ferry_tls_reread;

/* The last certificate of a chain. */
mbedtls_x509_crt *ferry_tls_chain_last(mbedtls_x509_crt *chain);

/* Adds a certificate to a chain, with whatever extensions it has. 0, or mbedTLS's code. */
int ferry_tls_chain_add(mbedtls_x509_crt *chain, const unsigned char *der, size_t length);

/* Called after mbedTLS has failed over the server's certificates. True: the handshake can go on
 * with the same step. It is tried once. */
bool ferry_tls_chain_reread(mbedtls_ssl_context *ssl, ferry_tls_reread *reread);

/* Gives mbedTLS the message as it came, before mbedTLS takes its digest. */
void ferry_tls_chain_restore(ferry_tls_reread *reread);

void ferry_tls_reread_deinit(ferry_tls_reread *reread);

#endif
