/* SPDX-License-Identifier: MIT */
/* tls: the browser's own, so that there is nothing to share. */
#include "ferry.h"

#include <stddef.h>

ferry_tls_cache *ferry_tls_cache_new(void) {
    return NULL;
}

void ferry_tls_cache_free(ferry_tls_cache *cache) {
    (void)cache;
}
