/* SPDX-License-Identifier: MIT */
/* registry: the list of the content codings whose libraries were found when ferry was built. */
#include "codings.h"

#if FERRY_HAVE_ZLIB
#define ACCEPT_ZLIB "gzip, deflate"
#else
#define ACCEPT_ZLIB ""
#endif

#if FERRY_HAVE_BROTLI && FERRY_HAVE_ZLIB
#define ACCEPT_BROTLI ", br"
#elif FERRY_HAVE_BROTLI
#define ACCEPT_BROTLI "br"
#else
#define ACCEPT_BROTLI ""
#endif

#if FERRY_HAVE_ZSTD && (FERRY_HAVE_ZLIB || FERRY_HAVE_BROTLI)
#define ACCEPT_ZSTD ", zstd"
#elif FERRY_HAVE_ZSTD
#define ACCEPT_ZSTD "zstd"
#else
#define ACCEPT_ZSTD ""
#endif

const ferry_coding *const ferry_codings[] = {
#if FERRY_HAVE_ZLIB
    &ferry_coding_gzip,
    &ferry_coding_deflate,
#endif
#if FERRY_HAVE_BROTLI
    &ferry_coding_brotli,
#endif
#if FERRY_HAVE_ZSTD
    &ferry_coding_zstd,
#endif
    NULL,
};

#define ACCEPT ACCEPT_ZLIB ACCEPT_BROTLI ACCEPT_ZSTD
const ferry_span ferry_codings_accept = {ACCEPT, sizeof(ACCEPT) - 1};
