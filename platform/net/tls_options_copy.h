/* SPDX-License-Identifier: MIT */
/* tls_options_copy: a copy of a program's TLS options that outlives what they point to. */
#ifndef FERRY_PLATFORM_NET_TLS_OPTIONS_COPY_H
#define FERRY_PLATFORM_NET_TLS_OPTIONS_COPY_H

#include "base/context.h"

typedef struct ferry_tls_options_copy ferry_tls_options_copy;

/* NULL where there is no memory. The cache alone is not copied. */
ferry_tls_options_copy *ferry_tls_options_copy_new(const ferry_context *context,
                                                   const ferry_tls_options *options);

/* Wipes the key and its password. NULL is legal. */
void ferry_tls_options_copy_free(const ferry_context *context, ferry_tls_options_copy *copy);

/* Lives as long as the copy; NULL where that is NULL. */
const ferry_tls_options *ferry_tls_options_copy_get(const ferry_tls_options_copy *copy);

#endif
