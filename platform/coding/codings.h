/* SPDX-License-Identifier: MIT */
/* codings: the content codings that libraries of the platform undo; registry.c says which are in.
 */
#ifndef FERRY_PLATFORM_CODING_CODINGS_H
#define FERRY_PLATFORM_CODING_CODINGS_H

#include "message/coding.h"

extern const ferry_coding ferry_coding_gzip;    /* RFC 1952, zlib */
extern const ferry_coding ferry_coding_deflate; /* RFC 1950 or bare RFC 1951, zlib */
extern const ferry_coding ferry_coding_brotli;  /* RFC 7932, libbrotlidec */
extern const ferry_coding ferry_coding_zstd;    /* RFC 8878, libzstd */

#endif
