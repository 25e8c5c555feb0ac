/* SPDX-License-Identifier: MIT */
/* name_constraints: which names an issuer may give, and which it may not (RFC 5280
 * section 4.2.1.10). mbedTLS does not look at them. */
#include "name_constraints.h"

#include "base/span.h"
#include "extensions.h"

#include <mbedtls/oid.h>
#include <string.h>

enum {
    GENERAL_NAME_DNS = 2,
    GENERAL_NAME_DIRECTORY = 4,
    GENERAL_NAME_IP = 7,
    CONTEXT_0 = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED | 0,
    CONTEXT_1 = MBEDTLS_ASN1_CONTEXT_SPECIFIC | MBEDTLS_ASN1_CONSTRUCTED | 1,
};

static ferry_span der_get_span(const ferry_tls_der *der) {
    return (ferry_span){(const char *)der->at, (size_t)(der->end - der->at)};
}

static ferry_span name_get_span(const mbedtls_x509_buf *name) {
    return (ferry_span){(const char *)name->p, name->len};
}

/* "example.org" stands for itself and all names below it, ".example.org" for the names below it, ""
 * for every name. */
static bool dns_is_within(const mbedtls_x509_buf *name, const ferry_tls_der *base) {
    ferry_span text = name_get_span(name);
    ferry_span domain = der_get_span(base);
    if (domain.length == 0) {
        return true;
    }
    if (text.length < domain.length) {
        return false;
    }
    ferry_span end = ferry_span_skip(text, text.length - domain.length);
    return ferry_span_equals(end, domain) &&
           (text.length == domain.length || domain.data[0] == '.' || end.data[-1] == '.');
}

/* A certificate for "*.example.org" is one for "a.example.org" too, which may be the name that is
 * excluded. */
static bool wildcard_covers(const mbedtls_x509_buf *name, const ferry_tls_der *base) {
    ferry_span text = name_get_span(name);
    ferry_span domain = der_get_span(base);
    if (text.length <= 2 || text.data[0] != '*' || domain.length < text.length - 1) {
        return false;
    }
    return ferry_span_equals(ferry_span_skip(domain, domain.length - (text.length - 1)),
                             ferry_span_skip(text, 1));
}

/* The base is an address, and a mask of the same size. */
static bool ip_is_within(const mbedtls_x509_buf *address, const ferry_tls_der *base,
                         bool *understood) {
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

/* AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY }. Values are compared
 * without regard to case and to the kind of string: the simplest form of RFC 5280 section 7.1. */
static bool attribute_is_alike(ferry_tls_der *a, ferry_tls_der *b) {
    ferry_tls_der inner_a;
    ferry_tls_der inner_b;
    ferry_tls_der oid_a;
    ferry_tls_der oid_b;
    ferry_tls_der value_a;
    ferry_tls_der value_b;
    int tag = 0;
    if (!ferry_tls_der_enter(a, FERRY_TLS_DER_SEQUENCE, &inner_a) ||
        !ferry_tls_der_enter(b, FERRY_TLS_DER_SEQUENCE, &inner_b) ||
        !ferry_tls_der_enter(&inner_a, MBEDTLS_ASN1_OID, &oid_a) ||
        !ferry_tls_der_enter(&inner_b, MBEDTLS_ASN1_OID, &oid_b) ||
        !ferry_tls_der_next(&inner_a, &tag, &value_a) ||
        !ferry_tls_der_next(&inner_b, &tag, &value_b)) {
        return false;
    }
    size_t oid_length = (size_t)(oid_a.end - oid_a.at);
    return oid_length == (size_t)(oid_b.end - oid_b.at) &&
           memcmp(oid_a.at, oid_b.at, oid_length) == 0 &&
           ferry_span_equals(der_get_span(&value_a), der_get_span(&value_b));
}

static bool part_is_alike(ferry_tls_der a, ferry_tls_der b) {
    while (a.at < a.end && b.at < b.end) {
        if (!attribute_is_alike(&a, &b)) {
            return false;
        }
    }
    return a.at == a.end && b.at == b.end;
}

/* The name is within the base if it begins with it (RFC 5280 section 4.2.1.10). */
static bool directory_is_within(const mbedtls_x509_buf *name, const ferry_tls_der *base,
                                bool *understood) {
    ferry_tls_der whole_name = {name->p, name->p + name->len};
    ferry_tls_der whole_base = *base;
    ferry_tls_der name_parts;
    ferry_tls_der base_parts;
    if (!ferry_tls_der_enter(&whole_name, FERRY_TLS_DER_SEQUENCE, &name_parts) ||
        !ferry_tls_der_enter(&whole_base, FERRY_TLS_DER_SEQUENCE, &base_parts)) {
        *understood = false;
        return false;
    }
    while (base_parts.at < base_parts.end) {
        ferry_tls_der name_part;
        ferry_tls_der base_part;
        if (!ferry_tls_der_enter(&base_parts, FERRY_TLS_DER_SET, &base_part)) {
            *understood = false;
            return false;
        }
        if (name_parts.at == name_parts.end ||
            !ferry_tls_der_enter(&name_parts, FERRY_TLS_DER_SET, &name_part) ||
            !part_is_alike(name_part, base_part)) {
            return false;
        }
    }
    return true;
}

/* What a list of subtrees says of a name. */
typedef struct verdict {
    bool is_constrained; /* there is a subtree of the name's kind */
    bool is_within;      /* one of them holds it */
    bool understood;
} verdict;

static verdict subtrees_judge(ferry_tls_der subtrees, bool are_excluded, int kind,
                              const mbedtls_x509_buf *name) {
    verdict result = {false, false, true};
    while (subtrees.at < subtrees.end) {
        ferry_tls_der subtree;
        ferry_tls_der base;
        int tag = 0;
        /* RFC 5280 section 4.2.1.10 allows neither a minimum nor a maximum. */
        if (!ferry_tls_der_enter(&subtrees, FERRY_TLS_DER_SEQUENCE, &subtree) ||
            !ferry_tls_der_next(&subtree, &tag, &base) || subtree.at != subtree.end) {
            result.understood = false;
            return result;
        }
        if ((tag & MBEDTLS_ASN1_TAG_VALUE_MASK) != kind) {
            continue;
        }
        result.is_constrained = true;
        if (kind == GENERAL_NAME_DNS) {
            result.is_within |=
                dns_is_within(name, &base) || (are_excluded && wildcard_covers(name, &base));
        } else if (kind == GENERAL_NAME_IP) {
            result.is_within |= ip_is_within(name, &base, &result.understood);
        } else if (kind == GENERAL_NAME_DIRECTORY) {
            result.is_within |= directory_is_within(name, &base, &result.understood);
        } else {
            result.understood = false; /* names of other kinds cannot be compared here */
        }
    }
    return result;
}

static bool name_is_permitted(const mbedtls_x509_buf *name, const ferry_tls_der *permitted,
                              const ferry_tls_der *excluded) {
    int kind = name->tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
    verdict inside = subtrees_judge(*permitted, false, kind, name);
    verdict outside = subtrees_judge(*excluded, true, kind, name);
    return inside.understood && outside.understood &&
           (!inside.is_constrained || inside.is_within) && !outside.is_within;
}

bool ferry_tls_name_constraints_permit(const mbedtls_x509_crt *issuer,
                                       const mbedtls_x509_crt *certificate) {
    ferry_tls_der constraints;
    ferry_tls_found found =
        ferry_tls_extension_find(issuer, MBEDTLS_OID_NAME_CONSTRAINTS,
                                 MBEDTLS_OID_SIZE(MBEDTLS_OID_NAME_CONSTRAINTS), &constraints);
    if (found != FERRY_TLS_FOUND) {
        return found == FERRY_TLS_ABSENT;
    }
    ferry_tls_der permitted = {NULL, NULL};
    ferry_tls_der excluded = {NULL, NULL};
    while (constraints.at < constraints.end) {
        int tag = 0;
        ferry_tls_der list;
        if (!ferry_tls_der_next(&constraints, &tag, &list) ||
            (tag != CONTEXT_0 && tag != CONTEXT_1)) {
            return false;
        }
        *(tag == CONTEXT_0 ? &permitted : &excluded) = list;
    }
    /* The subject is a directory name too, unless it is empty. */
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
