/* SPDX-License-Identifier: MIT */
/* payload: bodies that prove themselves: each byte follows from a seed and its offset. */
#ifndef FERRY_SOAK_PAYLOAD_H
#define FERRY_SOAK_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

/* Writes the bytes from `offset` on. */
void payload_write(uint64_t seed, size_t offset, void *dst, size_t length);

/* How many of these bytes are as they must be, from the first one on. */
size_t payload_count_right(uint64_t seed, size_t offset, const void *bytes, size_t length);

#endif
