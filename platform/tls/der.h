/* SPDX-License-Identifier: MIT */
/* der: steps through DER, value by value. */
#ifndef FERRY_TLS_DER_H
#define FERRY_TLS_DER_H

#include <mbedtls/asn1.h>
#include <stdbool.h>

enum {
    FERRY_TLS_DER_SET = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SET,
    FERRY_TLS_DER_SEQUENCE = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE,
};

/* The bytes that have not been read yet. */
typedef struct ferry_tls_der {
    unsigned char *at;
    const unsigned char *end;
} ferry_tls_der;

/* Takes the next value off `outer`, and gives its contents. False: its tag is another one. */
bool ferry_tls_der_enter(ferry_tls_der *outer, int tag, ferry_tls_der *inner);

/* The same with whatever tag comes; it goes to `tag`. False at the end. */
bool ferry_tls_der_next(ferry_tls_der *outer, int *tag, ferry_tls_der *inner);

#endif
