/* SPDX-License-Identifier: MIT */
/* place: where a transfer is at: a URL in its normal form, and its parts. */
#ifndef FERRY_SESSION_PLACE_H
#define FERRY_SESSION_PLACE_H

#include "base/context.h"

typedef struct ferry_place {
    char *url; /* without user name and password */
    char *storage;
    ferry_url parts; /* of it; `userinfo` is what it came with */
} ferry_place;

/* Finds the place that `reference` means at `base` (NULL: it must be absolute). INVALID_PARAMETER,
 * with a detail; OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_place_find(ferry_place *place, ferry_context *context,
                                            const char *base, const char *reference);

/* The fragment of another URL becomes that of this one. OUT_OF_MEMORY. */
FERRY_MUST_USE ferry_error ferry_place_take_fragment(ferry_place *place, ferry_context *context,
                                                     const char *url);

/* True where scheme, host and port are the same. */
bool ferry_place_has_origin_of(const ferry_place *place, const ferry_place *other);

void ferry_place_deinit(ferry_place *place, const ferry_context *context);

#endif
