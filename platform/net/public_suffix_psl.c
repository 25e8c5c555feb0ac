/* SPDX-License-Identifier: MIT */
/* public_suffix_psl: by the list that libpsl was built with: a newer one in a file would make a
 * poll wait for a disk. */
#include "session/public_suffix.h"

#include <libpsl.h>
#include <stddef.h>

bool ferry_public_suffix_has_list(void) {
    return psl_builtin() != NULL;
}

bool ferry_public_suffix_matches(const char *domain) {
    return psl_is_public_suffix(psl_builtin(), domain) != 0;
}
