/* SPDX-License-Identifier: MIT */
/* describe: puts certificates, alerts and mbedTLS's errors into words. In names from the network
 * each byte that is not printable ASCII becomes "?". */
#include "describe.h"

#include <mbedtls/error.h>
#include <mbedtls/oid.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { SAN_DNS = 2, SAN_IP = 7, DATE_SIZE = 16, NAME_SIZE = 100, MAX_NAMES = 4 };

/* Cuts what does not fit, and replaces what is not printable ASCII: names may hold NUL. */
static void bytes_write(const unsigned char *bytes, size_t length, char *text, size_t size) {
    size_t count = length < size - 1 ? length : size - 1;
    for (size_t i = 0; i < count; i++) {
        text[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '?';
    }
    text[count] = '\0';
}

static void text_append(char *text, size_t size, const char *more) {
    size_t used = strlen(text);
    snprintf(text + used, size - used, "%s", more);
}

static void date_write(const mbedtls_x509_time *time, char text[DATE_SIZE]) {
    snprintf(text, DATE_SIZE, "%04u-%02u-%02u", (unsigned)time->year % 10000u,
             (unsigned)time->mon % 100u, (unsigned)time->day % 100u);
}

static void address_write(const mbedtls_x509_buf *address, char *text, size_t size) {
    const unsigned char *p = address->p;
    if (address->len == 4) {
        snprintf(text, size, "%u.%u.%u.%u", p[0], p[1], p[2], p[3]);
        return;
    }
    text[0] = '\0';
    for (size_t i = 0; address->len == 16 && i < 16; i += 2) {
        char part[8];
        snprintf(part, sizeof part, "%s%x", i > 0 ? ":" : "", (unsigned)(p[i] << 8 | p[i + 1]));
        text_append(text, size, part);
    }
}

/* False: it is neither a DNS name nor an address. */
static bool alternative_write(const mbedtls_x509_buf *name, char *text, size_t size) {
    int kind = name->tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
    if (name->p == NULL) {
        return false;
    }
    if (kind == SAN_DNS) {
        bytes_write(name->p, name->len, text, size);
        return true;
    }
    if (kind == SAN_IP && (name->len == 4 || name->len == 16)) {
        address_write(name, text, size);
        return true;
    }
    return false;
}

static const mbedtls_x509_name *name_find_common(const mbedtls_x509_name *name) {
    while (name != NULL && MBEDTLS_OID_CMP(MBEDTLS_OID_AT_CN, &name->oid) != 0) {
        name = name->next;
    }
    return name;
}

static void name_write(const mbedtls_x509_name *name, char *text, size_t size) {
    const mbedtls_x509_name *common = name_find_common(name);
    const mbedtls_x509_name *shown = common != NULL ? common : name;
    if (shown != NULL && shown->val.p != NULL && shown->val.len > 0) {
        bytes_write(shown->val.p, shown->val.len, text, size);
    } else {
        snprintf(text, size, "(no name)");
    }
}

void ferry_tls_certificate_write_subject(const mbedtls_x509_crt *certificate, char *text,
                                         size_t size) {
    if (name_find_common(&certificate->subject) == NULL) {
        for (const mbedtls_x509_sequence *item = &certificate->subject_alt_names; item != NULL;
             item = item->next) {
            if (alternative_write(&item->buf, text, size)) {
                return;
            }
        }
    }
    name_write(&certificate->subject, text, size);
}

/* "a.example, b.example and 3 more"; "" where there are none. */
static void names_write(const mbedtls_x509_crt *certificate, char *text, size_t size) {
    size_t count = 0;
    text[0] = '\0';
    for (const mbedtls_x509_sequence *item = &certificate->subject_alt_names; item != NULL;
         item = item->next) {
        char name[NAME_SIZE];
        if (!alternative_write(&item->buf, name, sizeof name)) {
            continue;
        }
        if (count < MAX_NAMES) {
            text_append(text, size, count > 0 ? ", " : "");
            text_append(text, size, name);
        }
        count++;
    }
    if (count > MAX_NAMES) {
        char more[40];
        snprintf(more, sizeof more, " and %zu more", count - MAX_NAMES);
        size_t used = strlen(text);
        size_t room = size - 1 - strlen(more);
        snprintf(text + (used < room ? used : room), strlen(more) + 1, "%s", more);
    }
}

static void names_describe(const mbedtls_x509_crt *certificate, const char *name, char *text,
                           size_t size) {
    char names[160];
    names_write(certificate, names, sizeof names);
    if (names[0] != '\0') {
        snprintf(text, size, "is for %s, not for %s", names, name != NULL ? name : "?");
    } else {
        snprintf(text, size, "has no alternative names (subjectAltName), so that it is not for %s",
                 name != NULL ? name : "?");
    }
}

/* What one flag means. */
static const struct {
    uint32_t flag;
    const char *words;
} flag_meanings[] = {
    {MBEDTLS_X509_BADCERT_REVOKED, "is revoked"},
    {MBEDTLS_X509_BADCERT_NOT_TRUSTED, NULL},
    {MBEDTLS_X509_BADCERT_EXPIRED, NULL},
    {MBEDTLS_X509_BADCERT_FUTURE, NULL},
    {MBEDTLS_X509_BADCERT_CN_MISMATCH, NULL},
    {MBEDTLS_X509_BADCERT_BAD_KEY, "has, or is signed with, a key that is too weak"},
    {MBEDTLS_X509_BADCERT_BAD_MD, "is signed with a hash that is too weak"},
    {MBEDTLS_X509_BADCERT_BAD_PK, "is signed with an algorithm that is not accepted"},
    {MBEDTLS_X509_BADCERT_KEY_USAGE, "may not be used for this (keyUsage)"},
    {MBEDTLS_X509_BADCERT_EXT_KEY_USAGE, "is not one for servers (extendedKeyUsage)"},
    {MBEDTLS_X509_BADCERT_NS_CERT_TYPE, "is not one for servers (nsCertType)"},
    {MBEDTLS_X509_BADCRL_NOT_TRUSTED,
     "has an issuer whose revocation list is not signed by that issuer"},
    {MBEDTLS_X509_BADCRL_EXPIRED, "has an issuer whose revocation list is out of date"},
    {MBEDTLS_X509_BADCRL_FUTURE, "has an issuer whose revocation list is not valid yet"},
    {MBEDTLS_X509_BADCRL_BAD_MD, "has an issuer whose revocation list has too weak a hash"},
    {MBEDTLS_X509_BADCRL_BAD_PK, "has an issuer whose revocation list has a bad signature"},
    {MBEDTLS_X509_BADCRL_BAD_KEY, "has an issuer whose revocation list has too weak a key"},
    {MBEDTLS_X509_BADCERT_MISSING, "is missing"},
};

static void flag_describe(const mbedtls_x509_crt *certificate, uint32_t flag, const char *name,
                          char *text, size_t size) {
    char date[DATE_SIZE];
    if (flag == MBEDTLS_X509_BADCERT_EXPIRED) {
        date_write(&certificate->valid_to, date);
        snprintf(text, size, "expired on %s", date);
    } else if (flag == MBEDTLS_X509_BADCERT_FUTURE) {
        date_write(&certificate->valid_from, date);
        snprintf(text, size, "is not valid before %s", date);
    } else if (flag == MBEDTLS_X509_BADCERT_CN_MISMATCH) {
        names_describe(certificate, name, text, size);
    } else {
        bool is_own = certificate->issuer_raw.len == certificate->subject_raw.len &&
                      certificate->issuer_raw.len > 0 &&
                      memcmp(certificate->issuer_raw.p, certificate->subject_raw.p,
                             certificate->issuer_raw.len) == 0;
        char issuer[NAME_SIZE];
        name_write(&certificate->issuer, issuer, sizeof issuer);
        if (is_own) {
            snprintf(text, size, "is self-signed, and not a trusted authority's");
        } else {
            snprintf(text, size,
                     "has an unknown issuer: %s is no trusted authority, and the server sent no "
                     "certificate that leads from it to one",
                     issuer);
        }
    }
}

void ferry_tls_certificate_describe(const mbedtls_x509_crt *certificate, uint32_t flags,
                                    const char *name, char *text, size_t size) {
    char subject[NAME_SIZE];
    ferry_tls_certificate_write_subject(certificate, subject, sizeof subject);
    snprintf(text, size, "the certificate of %s ", subject);
    bool is_first = true;
    for (size_t i = 0; i < sizeof flag_meanings / sizeof *flag_meanings; i++) {
        if ((flags & flag_meanings[i].flag) == 0) {
            continue;
        }
        char words[FERRY_TLS_WORDS_SIZE];
        if (flag_meanings[i].words != NULL) {
            snprintf(words, sizeof words, "%s", flag_meanings[i].words);
        } else {
            flag_describe(certificate, flag_meanings[i].flag, name, words, sizeof words);
        }
        text_append(text, size, is_first ? "" : ", and ");
        text_append(text, size, words);
        is_first = false;
    }
    if (is_first) {
        text_append(text, size, "was not accepted");
    }
}

void ferry_tls_certificate_write_parties(const mbedtls_x509_crt *certificate, char *text,
                                         size_t size) {
    char subject[NAME_SIZE];
    char issuer[NAME_SIZE];
    ferry_tls_certificate_write_subject(certificate, subject, sizeof subject);
    name_write(&certificate->issuer, issuer, sizeof issuer);
    snprintf(text, size, "%s, issued by %s", subject, issuer);
}

void ferry_tls_certificate_write_validity(const mbedtls_x509_crt *certificate, char *text,
                                          size_t size) {
    char from[DATE_SIZE];
    char to[DATE_SIZE];
    char names[200];
    date_write(&certificate->valid_from, from);
    date_write(&certificate->valid_to, to);
    names_write(certificate, names, sizeof names);
    snprintf(text, size, "valid from %s to %s%s%s", from, to, names[0] != '\0' ? ", for " : "",
             names);
}

/* RFC 8446 section 6 and RFC 5246 section 7.2. */
static const struct {
    int number;
    const char *name;
} alert_names[] = {
    {0, "close_notify"},
    {10, "unexpected_message"},
    {20, "bad_record_mac"},
    {22, "record_overflow"},
    {40, "handshake_failure"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {86, "inappropriate_fallback"},
    {90, "user_canceled"},
    {100, "no_renegotiation"},
    {109, "missing_extension"},
    {110, "unsupported_extension"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {115, "unknown_psk_identity"},
    {116, "certificate_required"},
    {120, "no_application_protocol"},
};

void ferry_tls_alert_write(int alert, char *text, size_t size) {
    for (size_t i = 0; i < sizeof alert_names / sizeof *alert_names; i++) {
        if (alert_names[i].number == alert) {
            snprintf(text, size, "%s", alert_names[i].name);
            return;
        }
    }
    snprintf(text, size, "alert %d", alert);
}

void ferry_tls_error_write(int error, char *text, size_t size) {
    char words[160];
    mbedtls_strerror(error, words, sizeof words);
    snprintf(text, size, "%s (-0x%04x)", words, (unsigned)-error);
}
