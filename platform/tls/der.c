/* SPDX-License-Identifier: MIT */
/* der: steps through DER, value by value. */
#include "der.h"

bool ferry_tls_der_enter(ferry_tls_der *outer, int tag, ferry_tls_der *inner) {
    size_t length = 0;
    if (mbedtls_asn1_get_tag(&outer->at, outer->end, &length, tag) != 0) {
        return false;
    }
    *inner = (ferry_tls_der){outer->at, outer->at + length};
    outer->at += length;
    return true;
}

bool ferry_tls_der_next(ferry_tls_der *outer, int *tag, ferry_tls_der *inner) {
    if (outer->at == outer->end) {
        return false;
    }
    *tag = *outer->at;
    return ferry_tls_der_enter(outer, *tag, inner);
}
