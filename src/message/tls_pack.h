/* SPDX-License-Identifier: MIT */
/* tls_pack: copies what TLS options point to into a block. */
#ifndef FERRY_MESSAGE_TLS_PACK_H
#define FERRY_MESSAGE_TLS_PACK_H

#include "base/packer.h"
#include "ferry.h"

size_t ferry_tls_count_pins(const ferry_tls_options *options);

/* Makes the options' texts and bytes those of the packer's block; the cache stays the caller's. */
void ferry_tls_options_pack(ferry_packer *packer, ferry_tls_options *options);

#endif
