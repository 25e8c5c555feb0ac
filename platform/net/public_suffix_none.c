/* SPDX-License-Identifier: MIT */
/* public_suffix_none: without libpsl nobody knows which domains strangers share. */
#include "session/public_suffix.h"

bool ferry_public_suffix_has_list(void) {
    return false;
}

bool ferry_public_suffix_matches(const char *domain) {
    (void)domain;
    return true;
}
