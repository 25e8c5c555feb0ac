/* SPDX-License-Identifier: MIT */
/* packer: places in a block, one after another. */
#include "packer.h"

#include <string.h>

enum { ALIGNMENT = _Alignof(max_align_t) };

static void *packer_take(ferry_packer *packer, size_t size) {
    void *at = packer->block != NULL ? packer->block + packer->size : NULL;
    packer->size += size;
    return at;
}

void *ferry_pack_bytes(ferry_packer *packer, const void *data, size_t length) {
    if (data == NULL) {
        return NULL;
    }
    void *at = packer_take(packer, length);
    if (at != NULL && length > 0) {
        memcpy(at, data, length);
    }
    return at;
}

const char *ferry_pack_text(ferry_packer *packer, const char *text) {
    return text != NULL ? ferry_pack_bytes(packer, text, strlen(text) + 1) : NULL;
}

void *ferry_pack_room(ferry_packer *packer, size_t size) {
    packer->size = (packer->size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    return packer_take(packer, size);
}

const char *const *ferry_pack_lines(ferry_packer *packer, const char *const *lines) {
    if (lines == NULL) {
        return NULL;
    }
    size_t count = 0;
    while (lines[count] != NULL) {
        count++;
    }
    const char **copies = ferry_pack_room(packer, (count + 1) * sizeof *copies);
    for (size_t i = 0; i < count; i++) {
        const char *copy = ferry_pack_text(packer, lines[i]);
        if (copies != NULL) {
            copies[i] = copy;
        }
    }
    if (copies != NULL) {
        copies[count] = NULL;
    }
    return copies;
}
