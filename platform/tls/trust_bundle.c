/* SPDX-License-Identifier: MIT */
/* trust_bundle: the authorities that the library was built with (FERRY_CA_BUNDLE). */
#include "platform.h"

#include <stdio.h>

/* Written by the build: cmake/WriteCaBundle.cmake. */
extern const char ferry_ca_bundle[];
extern const size_t ferry_ca_bundle_size;

bool ferry_trust_places_init(ferry_trust_places *places) {
    *places = (ferry_trust_places){NULL, NULL};
    return true;
}

void ferry_trust_places_deinit(ferry_trust_places *places) {
    (void)places;
}

int ferry_trust_read(const ferry_trust_places *places, ferry_trust_add add, void *ctx, char *looked,
                     size_t looked_size) {
    (void)places;
    snprintf(looked, looked_size, "the bundle that the library is built with");
    add(ctx, ferry_ca_bundle, ferry_ca_bundle_size);
    return 0;
}
