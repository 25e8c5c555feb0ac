/* SPDX-License-Identifier: MIT */
/* names: which name the server is asked for, and whether a certificate is for a name. */
#include "names.h"

#include "url/host.h"
#include "url/ip.h"

#include <string.h>

enum { SAN_DNS = 2, SAN_IP = 7 };

/* ---- The name that the server is asked for ---- */

int ferry_tls_server_name_set(mbedtls_ssl_context *ssl, const char *host) {
    ferry_ip ip;
    ferry_span name = ferry_host_without_dot(ferry_span_of(host));
    char text[MBEDTLS_SSL_MAX_HOST_NAME_LEN + 1];
    if (ferry_ip_read(ferry_span_of(host), &ip) || strchr(host, ':') != NULL) {
        return mbedtls_ssl_set_hostname(ssl, NULL);
    }
    if (name.length >= sizeof text) {
        return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
    }
    memcpy(text, name.data, name.length);
    text[name.length] = '\0';
    return mbedtls_ssl_set_hostname(ssl, text);
}

/* ---- The names of a certificate ---- */

bool ferry_tls_name_matches(const char *pattern, size_t length, const char *name) {
    ferry_span given = {pattern, length};
    ferry_span wanted =
        ferry_host_without_dot(ferry_span_of(name)); /* certificates leave the root out */
    if (length < 2 || pattern[0] != '*') {
        return length > 0 && ferry_span_equals(given, wanted);
    }
    ferry_span domain = ferry_span_skip(given, 1);
    size_t first_label = ferry_span_find_any(wanted, ".");
    if (first_label == 0 || !ferry_span_equals(domain, ferry_span_skip(wanted, first_label))) {
        return false;
    }
    return memchr(domain.data + 1, '.', domain.length - 1) != NULL; /* "*.org" is refused */
}

/* A zone ("fe80::1%eth0") has a meaning on this machine only: certificates have none. */
static bool name_read_address(const char *name, ferry_ip *ip) {
    ferry_span text = ferry_span_of(name);
    if (strchr(name, ':') != NULL) {
        ferry_ip_cut_zone(&text);
    }
    return ferry_ip_read(text, ip);
}

bool ferry_tls_certificate_is_for(const mbedtls_x509_crt *certificate, const char *name) {
    ferry_ip ip;
    bool is_address = name_read_address(name, &ip);
    for (const mbedtls_x509_sequence *item = &certificate->subject_alt_names; item != NULL;
         item = item->next) {
        int kind = item->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
        if (item->buf.p == NULL) {
            continue;
        }
        if (is_address ? kind == SAN_IP && item->buf.len == ip.length &&
                             memcmp(item->buf.p, ip.bytes, ip.length) == 0
                       : kind == SAN_DNS && ferry_tls_name_matches((const char *)item->buf.p,
                                                                   item->buf.len, name)) {
            return true;
        }
    }
    return false;
}
