/* SPDX-License-Identifier: MIT */
/* tls_constraints: names that an issuer may give, and those that it may not (RFC 5280 section
 * 4.2.1.10), which mbedTLS does not look at; and how long a path it allows, which mbedTLS counts
 * wrongly where a certificate is self-issued. */
#include "tls_state.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <string.h>

enum {
    GENERAL_NAME_DNS = 2,
    GENERAL_NAME_DIRECTORY = 4,
    GENERAL_NAME_IP = 7,
    CONTEXT_0 = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED | 0,
    CONTEXT_1 = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED | 1,
    SEQUENCE = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE,
};

/* A stretch of DER that is read from its beginning. */
typedef struct der {
    unsigned char *at;
    const unsigned char *end;
} der;

/* Enters the value with this tag; false where it is another. */
static bool enter(der *outer, int tag, der *inner) {
    size_t length = 0;
    if (mbedtls_asn1_get_tag(&outer->at, outer->end, &length, tag) != 0) {
        return false;
    }
    *inner = (der){outer->at, outer->at + length};
    outer->at += length;
    return true;
}

/* Any value; its tag goes to `tag`. */
static bool next(der *outer, int *tag, der *inner) {
    if (outer->at == outer->end) {
        return false;
    }
    *tag = *outer->at;
    return enter(outer, *tag, inner);
}

typedef enum find_result { ABSENT, FOUND, BROKEN } find_result;

/* Finds the extension of this name, and enters its value. */
static find_result find_extension(const mbedtls_x509_crt *certificate, const char *oid,
                                  size_t oid_length, der *content) {
    if (certificate->v3_ext.len == 0) {
        return ABSENT;
    }
    der all = {certificate->v3_ext.p, certificate->v3_ext.p + certificate->v3_ext.len};
    der list;
    if (!enter(&all, SEQUENCE, &list)) {
        return BROKEN;
    }
    while (list.at < list.end) {
        der extension;
        der name;
        der value;
        if (!enter(&list, SEQUENCE, &extension) || !enter(&extension, MBEDTLS_ASN1_OID, &name)) {
            return BROKEN;
        }
        if ((size_t)(name.end - name.at) != oid_length || memcmp(name.at, oid, oid_length) != 0) {
            continue;
        }
        int critical = 0;
        if (extension.at < extension.end && *extension.at == MBEDTLS_ASN1_BOOLEAN &&
            mbedtls_asn1_get_bool(&extension.at, extension.end, &critical) != 0) {
            return BROKEN;
        }
        if (!enter(&extension, MBEDTLS_ASN1_OCTET_STRING, &value) ||
            !enter(&value, SEQUENCE, content)) {
            return BROKEN;
        }
        return FOUND;
    }
    return ABSENT;
}

/* BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL } */
int ferry_tls_path_length(const mbedtls_x509_crt *issuer) {
    der constraints;
    int flag = 0;
    int length = 0;
    if (find_extension(issuer, MBEDTLS_OID_BASIC_CONSTRAINTS,
                       MBEDTLS_OID_SIZE(MBEDTLS_OID_BASIC_CONSTRAINTS), &constraints) != FOUND) {
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
    return is_read && length >= 0 ? length : 0; /* mbedTLS has refused the rest before */
}

bool ferry_tls_is_self_issued(const mbedtls_x509_crt *certificate) {
    const mbedtls_x509_buf *subject = &certificate->subject_raw;
    const mbedtls_x509_buf *issuer = &certificate->issuer_raw;
    return subject->len == issuer->len && memcmp(subject->p, issuer->p, subject->len) == 0;
}

static char lower(unsigned char c) {
    return (char)(c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c);
}

static bool ends_alike(const unsigned char *text, const unsigned char *end, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (lower(text[i]) != lower(end[i])) {
            return false;
        }
    }
    return true;
}

/* "example.org" holds itself and all below it; ".example.org" what is below it; "" everything. */
static bool dns_is_within(const mbedtls_x509_buf *name, const der *base) {
    size_t length = (size_t)(base->end - base->at);
    if (length == 0) {
        return true;
    }
    if (name->len < length || !ends_alike(name->p + name->len - length, base->at, length)) {
        return false;
    }
    return name->len == length || *base->at == '.' || name->p[name->len - length - 1] == '.';
}

/* "*.example.org" is a name for "a.example.org", which may be what is excluded. */
static bool wildcard_reaches(const mbedtls_x509_buf *name, const der *base) {
    size_t length = (size_t)(base->end - base->at);
    return name->len > 2 && name->p[0] == '*' && length >= name->len - 1 &&
           ends_alike(base->end - (name->len - 1), name->p + 1, name->len - 1);
}

/* An address and its mask. */
static bool ip_is_within(const mbedtls_x509_buf *address, const der *base, bool *understood) {
    size_t length = (size_t)(base->end - base->at);
    if (length != 8 && length != 32) {
        *understood = false;
        return false;
    }
    if (address->len != length / 2) {
        return false;
    }
    const unsigned char *mask = base->at + address->len;
    for (size_t i = 0; i < address->len; i++) {
        if (((address->p[i] ^ base->at[i]) & mask[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* What one list of subtrees says of one name. */
typedef struct verdict {
    bool is_constrained; /* there is a subtree of the name's kind */
    bool is_within;      /* one of them holds it */
    bool understood;
} verdict;

static verdict look_in(der subtrees, bool are_excluded, int kind, const mbedtls_x509_buf *name) {
    verdict result = {false, false, true};
    while (subtrees.at < subtrees.end) {
        der subtree;
        der base;
        int tag = 0;
        /* minimum and maximum may not be there (RFC 5280 section 4.2.1.10). */
        if (!enter(&subtrees, SEQUENCE, &subtree) || !next(&subtree, &tag, &base) ||
            subtree.at != subtree.end) {
            result.understood = false;
            return result;
        }
        if ((tag & MBEDTLS_ASN1_TAG_VALUE_MASK) != kind) {
            continue;
        }
        result.is_constrained = true;
        if (kind == GENERAL_NAME_DNS) {
            result.is_within |=
                dns_is_within(name, &base) || (are_excluded && wildcard_reaches(name, &base));
        } else if (kind == GENERAL_NAME_IP) {
            result.is_within |= ip_is_within(name, &base, &result.understood);
        } else {
            result.understood = false; /* of a kind that is not compared here */
        }
    }
    return result;
}

static bool name_is_permitted(const mbedtls_x509_buf *name, const der *permitted,
                              const der *excluded) {
    int kind = name->tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
    verdict inside = look_in(*permitted, false, kind, name);
    verdict outside = look_in(*excluded, true, kind, name);
    return inside.understood && outside.understood &&
           (!inside.is_constrained || inside.is_within) && !outside.is_within;
}

bool ferry_tls_is_permitted(const mbedtls_x509_crt *issuer, const mbedtls_x509_crt *certificate) {
    der constraints;
    find_result found =
        find_extension(issuer, MBEDTLS_OID_NAME_CONSTRAINTS,
                       MBEDTLS_OID_SIZE(MBEDTLS_OID_NAME_CONSTRAINTS), &constraints);
    if (found != FOUND) {
        return found == ABSENT;
    }
    der permitted = {NULL, NULL};
    der excluded = {NULL, NULL};
    while (constraints.at < constraints.end) {
        int tag = 0;
        der list;
        if (!next(&constraints, &tag, &list) || (tag != CONTEXT_0 && tag != CONTEXT_1)) {
            return false;
        }
        *(tag == CONTEXT_0 ? &permitted : &excluded) = list;
    }
    /* The subject is a directory name, where it is not empty. */
    mbedtls_x509_buf subject = certificate->subject_raw;
    subject.tag = GENERAL_NAME_DIRECTORY;
    if (subject.len > 2 && !name_is_permitted(&subject, &permitted, &excluded)) {
        return false;
    }
    for (const mbedtls_x509_sequence *item = &certificate->subject_alt_names; item != NULL;
         item = item->next) {
        if (item->buf.p != NULL && !name_is_permitted(&item->buf, &permitted, &excluded)) {
            return false;
        }
    }
    return true;
}
