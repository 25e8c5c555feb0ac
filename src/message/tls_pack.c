/* SPDX-License-Identifier: MIT */
/* tls_pack: every member of TLS options that is a pointer. */
#include "tls_pack.h"

size_t ferry_tls_count_pins(const ferry_tls_options *options) {
    size_t count = 0;
    while (options->pins != NULL && options->pins[count] != NULL) {
        count++;
    }
    return count;
}

void ferry_tls_options_pack(ferry_packer *packer, ferry_tls_options *options) {
    options->pins = ferry_pack_lines(packer, options->pins);
    options->ca_pem = ferry_pack_text(packer, options->ca_pem);
    options->verify_name = ferry_pack_text(packer, options->verify_name);
    options->certificate_pem = ferry_pack_text(packer, options->certificate_pem);
    options->key_pem = ferry_pack_text(packer, options->key_pem);
    options->key_password = ferry_pack_text(packer, options->key_password);
    options->crl_pem = ferry_pack_text(packer, options->crl_pem);
    options->ca_der.data = ferry_pack_bytes(packer, options->ca_der.data, options->ca_der.length);
}
