/* SPDX-License-Identifier: MIT */
/* trust_bundle: the authorities that the library was built with (FERRY_CA_BUNDLE). */
#include "trust.h"

#include <stdio.h>

/* Written by the build: cmake/WriteCaBundle.cmake. */
extern const char ferry_ca_bundle[];
extern const size_t ferry_ca_bundle_size;

void ferry_trust_read(ferry_trust_add add, void *ctx, char *looked, size_t looked_size) {
    snprintf(looked, looked_size, "the bundle that the library is built with");
    add(ctx, ferry_ca_bundle, ferry_ca_bundle_size);
}

bool ferry_trust_write_key(char *text, size_t size) {
    return (size_t)snprintf(text, size, "bundle") < size;
}
