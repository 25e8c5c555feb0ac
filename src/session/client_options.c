/* SPDX-License-Identifier: MIT */
/* client_options: everything in one block. */
#include "client_options.h"

#include "message/tls_pack.h"

struct ferry_client_options_copy {
    size_t size;
    ferry_client_options options;
    ferry_tls_options proxy_tls;
};

/* Into a copy at the block's begin, which is there also while sizes are counted. */
static void pack_options(ferry_packer *packer, const ferry_client_options *options,
                         ferry_client_options_copy *copy) {
    ferry_pack_room(packer, sizeof *copy);
    copy->options = *options;
    ferry_client_options *to = &copy->options;
    to->user_agent = ferry_pack_text(packer, options->user_agent);
    to->no_proxy = ferry_pack_text(packer, options->no_proxy);
    to->fetch.integrity = ferry_pack_text(packer, options->fetch.integrity);
    to->resolve = ferry_pack_lines(packer, options->resolve);
    to->connect_to = ferry_pack_lines(packer, options->connect_to);
    to->proxy_headers = ferry_pack_lines(packer, options->proxy_headers);
    if (options->proxy_tls != NULL) {
        copy->proxy_tls = *options->proxy_tls;
        ferry_tls_options_pack(packer, &copy->proxy_tls);
        to->proxy_tls = &copy->proxy_tls;
    }
}

ferry_client_options_copy *ferry_client_options_copy_new(const ferry_context *context,
                                                         const ferry_client_options *options) {
    ferry_client_options_copy counted = {0};
    ferry_packer counter = {0};
    pack_options(&counter, options, &counted);
    ferry_client_options_copy *copy = ferry_alloc(context, counter.size);
    if (copy == NULL) {
        return NULL;
    }
    *copy = (ferry_client_options_copy){0};
    ferry_packer packer = {.block = (char *)copy};
    pack_options(&packer, options, copy);
    copy->size = packer.size;
    return copy;
}

void ferry_client_options_copy_free(const ferry_context *context, ferry_client_options_copy *copy) {
    if (copy != NULL) {
        ferry_wipe(copy, copy->size);
        ferry_free(context, copy);
    }
}

ferry_client_options *ferry_client_options_copy_get(ferry_client_options_copy *copy) {
    return &copy->options;
}
