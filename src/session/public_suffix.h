/* SPDX-License-Identifier: MIT */
/* public_suffix: whether a domain is one that strangers share, such as "co.uk" or "github.io"
 * (https://publicsuffix.org/). platform/net/ defines it with libpsl, or without; web/ without; the
 * linker chooses. */
#ifndef FERRY_SESSION_PUBLIC_SUFFIX_H
#define FERRY_SESSION_PUBLIC_SUFFIX_H

#include <stdbool.h>

/* False: nobody knows which domains are. */
bool ferry_public_suffix_has_list(void);

/* `domain` is in lower case, without a dot at its beginning or end, and no address. A single label
 * that is not in the list is one. */
bool ferry_public_suffix_matches(const char *domain);

#endif
