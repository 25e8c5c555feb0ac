/* SPDX-License-Identifier: MIT */
/* extensions: reads the extensions of a certificate, also those that mbedTLS does not read. It
 * counts how long a path may be, which mbedTLS does wrongly where a certificate is self-issued. */
#include "extensions.h"

#include <mbedtls/oid.h>
#include <stdio.h>
#include <string.h>

/* Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE,
 *                          extnValue OCTET STRING } */
bool ferry_tls_extension_next(const mbedtls_x509_crt *certificate, ferry_tls_extension *extension) {
    ferry_tls_der one;
    ferry_tls_der oid;
    ferry_tls_der value;
    if (certificate->v3_ext.len == 0) {
        return false;
    }
    ferry_tls_der list = {extension->next, certificate->v3_ext.p + certificate->v3_ext.len};
    if (list.at == NULL) {
        ferry_tls_der all = {certificate->v3_ext.p, list.end};
        if (!ferry_tls_der_enter(&all, FERRY_TLS_DER_SEQUENCE, &list)) {
            return false;
        }
    }
    if (list.at == list.end || !ferry_tls_der_enter(&list, FERRY_TLS_DER_SEQUENCE, &one) ||
        !ferry_tls_der_enter(&one, MBEDTLS_ASN1_OID, &oid)) {
        return false;
    }
    extension->critical = NULL;
    if (one.at < one.end && *one.at == MBEDTLS_ASN1_BOOLEAN) {
        ferry_tls_der flag;
        if (!ferry_tls_der_enter(&one, MBEDTLS_ASN1_BOOLEAN, &flag) || flag.end - flag.at != 1) {
            return false;
        }
        extension->critical = *flag.at != 0 ? flag.at : NULL;
    }
    if (!ferry_tls_der_enter(&one, MBEDTLS_ASN1_OCTET_STRING, &value)) {
        return false;
    }
    extension->next = list.at;
    extension->oid = (mbedtls_x509_buf){MBEDTLS_ASN1_OID, (size_t)(oid.end - oid.at), oid.at};
    extension->value =
        (mbedtls_x509_buf){MBEDTLS_ASN1_OCTET_STRING, (size_t)(value.end - value.at), value.at};
    return true;
}

bool ferry_tls_extension_is_known_to_mbedtls(const ferry_tls_extension *extension) {
    const mbedtls_x509_buf *oid = &extension->oid;
    return MBEDTLS_OID_CMP(MBEDTLS_OID_BASIC_CONSTRAINTS, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_KEY_USAGE, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_EXTENDED_KEY_USAGE, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_SUBJECT_KEY_IDENTIFIER, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_AUTHORITY_KEY_IDENTIFIER, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_SUBJECT_ALT_NAME, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_NS_CERT_TYPE, oid) == 0;
}

/* A program cannot ask for a policy, so each policy is accepted (RFC 5280 section 6.1.1, (c)). */
static bool extension_is_understood(const ferry_tls_extension *extension) {
    return ferry_tls_extension_is_known_to_mbedtls(extension) ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_NAME_CONSTRAINTS, &extension->oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_CERTIFICATE_POLICIES, &extension->oid) == 0;
}

bool ferry_tls_extension_find_unknown(const mbedtls_x509_crt *certificate, char *text,
                                      size_t size) {
    ferry_tls_extension extension = {.next = NULL};
    while (ferry_tls_extension_next(certificate, &extension)) {
        if (extension.critical != NULL && !extension_is_understood(&extension)) {
            if (mbedtls_oid_get_numeric_string(text, size, &extension.oid) < 0) {
                snprintf(text, size, "?");
            }
            return true;
        }
    }
    return false;
}

ferry_tls_found ferry_tls_extension_find(const mbedtls_x509_crt *certificate, const char *oid,
                                         size_t oid_length, ferry_tls_der *content) {
    ferry_tls_extension extension = {.next = NULL};
    while (ferry_tls_extension_next(certificate, &extension)) {
        if (extension.oid.len == oid_length && memcmp(extension.oid.p, oid, oid_length) == 0) {
            ferry_tls_der value = {extension.value.p, extension.value.p + extension.value.len};
            return ferry_tls_der_enter(&value, FERRY_TLS_DER_SEQUENCE, content) ? FERRY_TLS_FOUND
                                                                                : FERRY_TLS_BROKEN;
        }
    }
    return FERRY_TLS_ABSENT;
}

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
int ferry_tls_extension_get_path_length(const mbedtls_x509_crt *issuer) {
    ferry_tls_der constraints;
    int flag = 0;
    int length = 0;
    if (ferry_tls_extension_find(issuer, MBEDTLS_OID_BASIC_CONSTRAINTS,
                                 MBEDTLS_OID_SIZE(MBEDTLS_OID_BASIC_CONSTRAINTS),
                                 &constraints) != FERRY_TLS_FOUND) {
        return -1;
    }
    if (constraints.at < constraints.end && *constraints.at == MBEDTLS_ASN1_BOOLEAN &&
        mbedtls_asn1_get_bool(&constraints.at, constraints.end, &flag) != 0) {
        return 0;
    }
    if (constraints.at == constraints.end) {
        return -1;
    }
    bool is_read = mbedtls_asn1_get_int(&constraints.at, constraints.end, &length) == 0;
    return is_read && length >= 0 ? length : 0; /* mbedTLS has refused other values before */
}
