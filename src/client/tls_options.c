/* SPDX-License-Identifier: MIT */
/* tls_options: the two constructors of the specification's TLSOptions. */
#include "ferry.h"

ferry_tls_options ferry_tls_options_client(const char *ca_pem, const char *verify_name) {
    return (ferry_tls_options){.ca_pem = ca_pem, .verify_name = verify_name};
}

ferry_tls_options ferry_tls_options_client_unsafe(const char *ca_pem) {
    return (ferry_tls_options){.ca_pem = ca_pem, .unsafe = true};
}
