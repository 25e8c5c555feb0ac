/* SPDX-License-Identifier: MIT */
/* names: the name that the server is asked for, and whether a certificate is for a name. */
#include "names.h"

#include <string.h>

enum { SAN_DNS = 2, SAN_IP = 7 };

/* ---- Of the server ---- */

static bool is_address(const char *host) {
    unsigned char address[16];
    return mbedtls_x509_crt_parse_cn_inet_pton(host, address) > 0;
}

int ferry_tls_set_server_name(mbedtls_ssl_context *ssl, const char *host) {
    size_t length = strlen(host);
    if (is_address(host) || strchr(host, ':') != NULL) {
        return mbedtls_ssl_set_hostname(ssl, NULL);
    }
    if (length > 0 && host[length - 1] == '.') {
        char name[MBEDTLS_SSL_MAX_HOST_NAME_LEN + 1];
        if (length > sizeof name) {
            return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
        }
        memcpy(name, host, length - 1);
        name[length - 1] = '\0';
        return mbedtls_ssl_set_hostname(ssl, name);
    }
    return mbedtls_ssl_set_hostname(ssl, host);
}

/* ---- Of a certificate ---- */

static char lower(char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
}

static bool is_alike(const char *a, const char *b, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

bool ferry_tls_name_matches(const char *pattern, size_t length, const char *name) {
    size_t name_length = strlen(name);
    if (name_length > 0 && name[name_length - 1] == '.') {
        name_length--; /* the root's label, which certificates do not have */
    }
    if (length < 2 || pattern[0] != '*') {
        return length > 0 && length == name_length && is_alike(pattern, name, length);
    }
    const char *rest = pattern + 1;
    const char *dot = memchr(name, '.', name_length);
    if (*rest != '.' || dot == NULL || dot == name) {
        return false;
    }
    size_t rest_length = length - 1;
    size_t tail_length = name_length - (size_t)(dot - name);
    bool is_deep = memchr(rest + 1, '.', rest_length - 1) != NULL; /* not all of a top domain */
    return is_deep && rest_length == tail_length && is_alike(rest, dot, rest_length);
}

/* A zone ("fe80::1%eth0") is this machine's own, and stands in no certificate. */
static size_t read_address(const char *name, unsigned char address[16]) {
    char text[64];
    size_t length = strchr(name, ':') != NULL ? strcspn(name, "%") : strlen(name);
    if (length >= sizeof text) {
        return 0;
    }
    memcpy(text, name, length);
    text[length] = '\0';
    return mbedtls_x509_crt_parse_cn_inet_pton(text, address);
}

bool ferry_tls_is_for(const mbedtls_x509_crt *certificate, const char *name) {
    unsigned char address[16];
    size_t address_length = read_address(name, address);
    for (const mbedtls_x509_sequence *item = &certificate->subject_alt_names; item != NULL;
         item = item->next) {
        int kind = item->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
        if (item->buf.p == NULL) {
            continue;
        }
        if (address_length > 0
                ? kind == SAN_IP && item->buf.len == address_length &&
                      memcmp(item->buf.p, address, address_length) == 0
                : kind == SAN_DNS &&
                      ferry_tls_name_matches((const char *)item->buf.p, item->buf.len, name)) {
            return true;
        }
    }
    return false;
}
