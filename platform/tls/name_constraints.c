/* SPDX-License-Identifier: MIT */
/* name_constraints: what mbedTLS does not look at in a certificate: names that an issuer may give,
 * and those that it may not (RFC 5280 section 4.2.1.10); how long a path it allows, which mbedTLS
 * counts wrongly where a certificate is self-issued; critical extensions that nobody knows. */
#include "tls_state.h"

#include <mbedtls/asn1.h>
#include <mbedtls/oid.h>
#include <stdio.h>
#include <string.h>

enum {
    GENERAL_NAME_DNS = 2,
    GENERAL_NAME_DIRECTORY = 4,
    GENERAL_NAME_IP = 7,
    CONTEXT_0 = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED | 0,
    CONTEXT_1 = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED | 1,
    SET = MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SET,
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

/* ---- Extensions ---- */

/* Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE,
 *                          extnValue OCTET STRING } */
bool ferry_tls_next_extension(const mbedtls_x509_crt *certificate, ferry_tls_extension *extension) {
    der one;
    der oid;
    der value;
    if (certificate->v3_ext.len == 0) {
        return false;
    }
    der list = {extension->next, certificate->v3_ext.p + certificate->v3_ext.len};
    if (list.at == NULL) {
        der all = {certificate->v3_ext.p, list.end};
        if (!enter(&all, SEQUENCE, &list)) {
            return false;
        }
    }
    if (list.at == list.end || !enter(&list, SEQUENCE, &one) ||
        !enter(&one, MBEDTLS_ASN1_OID, &oid)) {
        return false;
    }
    extension->critical = NULL;
    if (one.at < one.end && *one.at == MBEDTLS_ASN1_BOOLEAN) {
        der flag;
        if (!enter(&one, MBEDTLS_ASN1_BOOLEAN, &flag) || flag.end - flag.at != 1) {
            return false;
        }
        extension->critical = *flag.at != 0 ? flag.at : NULL;
    }
    if (!enter(&one, MBEDTLS_ASN1_OCTET_STRING, &value)) {
        return false;
    }
    extension->next = list.at;
    extension->oid = (mbedtls_x509_buf){MBEDTLS_ASN1_OID, (size_t)(oid.end - oid.at), oid.at};
    extension->value =
        (mbedtls_x509_buf){MBEDTLS_ASN1_OCTET_STRING, (size_t)(value.end - value.at), value.at};
    return true;
}

bool ferry_tls_is_known_to_mbedtls(const ferry_tls_extension *extension) {
    const mbedtls_x509_buf *oid = &extension->oid;
    return MBEDTLS_OID_CMP(MBEDTLS_OID_BASIC_CONSTRAINTS, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_KEY_USAGE, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_EXTENDED_KEY_USAGE, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_SUBJECT_KEY_IDENTIFIER, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_AUTHORITY_KEY_IDENTIFIER, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_SUBJECT_ALT_NAME, oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_NS_CERT_TYPE, oid) == 0;
}

/* Any policy will do (RFC 5280 section 6.1.1, (c)): a program cannot ask for one. */
static bool is_understood(const ferry_tls_extension *extension) {
    return ferry_tls_is_known_to_mbedtls(extension) ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_NAME_CONSTRAINTS, &extension->oid) == 0 ||
           MBEDTLS_OID_CMP(MBEDTLS_OID_CERTIFICATE_POLICIES, &extension->oid) == 0;
}

bool ferry_tls_find_unknown_critical(const mbedtls_x509_crt *certificate, char *text, size_t size) {
    ferry_tls_extension extension = {.next = NULL};
    while (ferry_tls_next_extension(certificate, &extension)) {
        if (extension.critical != NULL && !is_understood(&extension)) {
            if (mbedtls_oid_get_numeric_string(text, size, &extension.oid) < 0) {
                snprintf(text, size, "?");
            }
            return true;
        }
    }
    return false;
}

typedef enum find_result { ABSENT, FOUND, BROKEN } find_result;

/* Finds the extension of this name, and enters its value. */
static find_result find_extension(const mbedtls_x509_crt *certificate, const char *oid,
                                  size_t oid_length, der *content) {
    ferry_tls_extension extension = {.next = NULL};
    while (ferry_tls_next_extension(certificate, &extension)) {
        if (extension.oid.len == oid_length && memcmp(extension.oid.p, oid, oid_length) == 0) {
            der value = {extension.value.p, extension.value.p + extension.value.len};
            return enter(&value, SEQUENCE, content) ? FOUND : BROKEN;
        }
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

/* AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY }; strings are compared
 * without their kind and without case (RFC 5280 section 7.1, in its simplest form). */
static bool attribute_is_alike(der *a, der *b) {
    der inner_a;
    der inner_b;
    der oid_a;
    der oid_b;
    der value_a;
    der value_b;
    int tag = 0;
    if (!enter(a, SEQUENCE, &inner_a) || !enter(b, SEQUENCE, &inner_b) ||
        !enter(&inner_a, MBEDTLS_ASN1_OID, &oid_a) || !enter(&inner_b, MBEDTLS_ASN1_OID, &oid_b) ||
        !next(&inner_a, &tag, &value_a) || !next(&inner_b, &tag, &value_b)) {
        return false;
    }
    size_t oid_length = (size_t)(oid_a.end - oid_a.at);
    size_t length = (size_t)(value_a.end - value_a.at);
    return oid_length == (size_t)(oid_b.end - oid_b.at) &&
           memcmp(oid_a.at, oid_b.at, oid_length) == 0 &&
           length == (size_t)(value_b.end - value_b.at) &&
           ends_alike(value_a.at, value_b.at, length);
}

static bool part_is_alike(der a, der b) {
    while (a.at < a.end && b.at < b.end) {
        if (!attribute_is_alike(&a, &b)) {
            return false;
        }
    }
    return a.at == a.end && b.at == b.end;
}

/* The base is what the name begins with (RFC 5280 section 4.2.1.10). */
static bool directory_is_within(const mbedtls_x509_buf *name, const der *base, bool *understood) {
    der whole_name = {name->p, name->p + name->len};
    der whole_base = *base;
    der name_parts;
    der base_parts;
    if (!enter(&whole_name, SEQUENCE, &name_parts) || !enter(&whole_base, SEQUENCE, &base_parts)) {
        *understood = false;
        return false;
    }
    while (base_parts.at < base_parts.end) {
        der name_part;
        der base_part;
        if (!enter(&base_parts, SET, &base_part)) {
            *understood = false;
            return false;
        }
        if (name_parts.at == name_parts.end || !enter(&name_parts, SET, &name_part) ||
            !part_is_alike(name_part, base_part)) {
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
        } else if (kind == GENERAL_NAME_DIRECTORY) {
            result.is_within |= directory_is_within(name, &base, &result.understood);
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
