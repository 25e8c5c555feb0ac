/* SPDX-License-Identifier: MIT */
/* tls_options_copy: copies everything into one block: one allocation can fail, and one block is
 * wiped. */
#include "tls_options_copy.h"

#include "message/tls_pack.h"

struct ferry_tls_options_copy {
    ferry_tls_options options;
    size_t size; /* of the block */
};

ferry_tls_options_copy *ferry_tls_options_copy_new(const ferry_context *context,
                                                   const ferry_tls_options *options) {
    ferry_tls_options counted = *options;
    ferry_packer counter = {0};
    ferry_pack_room(&counter, sizeof(ferry_tls_options_copy));
    ferry_tls_options_pack(&counter, &counted);
    ferry_packer packer = {.block = ferry_alloc(context, counter.size)};
    ferry_tls_options_copy *copy = ferry_pack_room(&packer, sizeof *copy);
    if (copy == NULL) {
        return NULL;
    }
    copy->options = *options;
    ferry_tls_options_pack(&packer, &copy->options);
    copy->size = packer.size;
    return copy;
}

void ferry_tls_options_copy_free(const ferry_context *context, ferry_tls_options_copy *copy) {
    if (copy != NULL) {
        ferry_wipe(copy, copy->size);
        ferry_free(context, copy);
    }
}

const ferry_tls_options *ferry_tls_options_copy_get(const ferry_tls_options_copy *copy) {
    return copy != NULL ? &copy->options : NULL;
}
