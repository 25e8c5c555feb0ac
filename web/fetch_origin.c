/* SPDX-License-Identifier: MIT */
/* fetch_origin: refuses the origins that a browser never reaches. */
#include "fetch.h"

/* Ports that no browser fetches from (Fetch standard section 2.9). */
static bool is_blocked(uint16_t port) {
    static const uint16_t blocked[] = {
        1,    7,    9,    11,   13,   15,   17,   19,   20,   21,   22,   23,    25,   37,
        42,   43,   53,   69,   77,   79,   87,   95,   101,  102,  103,  104,   109,  110,
        111,  113,  115,  117,  119,  123,  135,  137,  139,  143,  161,  179,   389,  427,
        465,  512,  513,  514,  515,  526,  530,  531,  532,  540,  548,  554,   556,  563,
        587,  601,  636,  989,  990,  993,  995,  1719, 1720, 1723, 2049, 3659,  4045, 4190,
        5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    };
    for (size_t i = 0; i < sizeof blocked / sizeof *blocked; i++) {
        if (blocked[i] == port) {
            return true;
        }
    }
    return false;
}

static bool asks_for_more(const ferry_tls_options *tls) {
    return tls->ca_pem != NULL || tls->verify_name != NULL || tls->unsafe ||
           tls->ca_der.length > 0 || tls->certificate_pem != NULL || tls->key_pem != NULL ||
           tls->crl_pem != NULL || tls->pins != NULL ||
           tls->min_version != FERRY_TLS_VERSION_DEFAULT ||
           tls->first_cipher != FERRY_TLS_CIPHER_FASTEST;
}

ferry_error ferry_fetch_prepare(ferry_backend *backend, const ferry_origin *origin) {
    ferry_context *context = backend->context;
    const ferry_tls_options *tls = origin->tls;
    if (tls != NULL && asks_for_more(tls)) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "a browser verifies certificates itself: authorities and names cannot be "
                          "chosen there");
    }
    if (origin->stream != NULL) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "there is no TLS over a stream of the program's own in a browser");
    }
    if (is_blocked(origin->port)) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "browsers block the port %d (Fetch standard, port blocking)",
                          origin->port);
    }
    return FERRY_OK;
}
