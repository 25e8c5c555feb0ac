/* SPDX-License-Identifier: MIT */
/* packer: copies many things into one block. The same function packs twice: first to count, with a
 * packer that has no block, then into the block. */
#ifndef FERRY_BASE_PACKER_H
#define FERRY_BASE_PACKER_H

#include <stddef.h>

typedef struct ferry_packer {
    char *block; /* NULL: only counts */
    size_t size; /* of what was packed so far */
} ferry_packer;

/* Each gives where the copy is: NULL while counting, and for NULL. */
void *ferry_pack_bytes(ferry_packer *packer, const void *data, size_t length);
const char *ferry_pack_text(ferry_packer *packer, const char *text);

/* A list of texts that ends with NULL. */
const char *const *ferry_pack_lines(ferry_packer *packer, const char *const *lines);

/* Room for `size` bytes that are aligned for pointers and numbers. */
void *ferry_pack_room(ferry_packer *packer, size_t size);

#endif
