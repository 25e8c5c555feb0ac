/* SPDX-License-Identifier: MIT */
/* host: gives the client the clock and the backend of a browser, or of Node, and says which origins
 * these cannot reach. */
#include "host.h"

#include "fetch.h"

#include <emscripten.h>
#include <stdatomic.h>

/* The bytes are in memory: to read them is to copy them. With the window it lets a program that
 * polls at 60 Hz take 500 MB/s. */
const size_t ferry_host_poll_budget = (size_t)8 * 1024 * 1024;

int64_t ferry_host_now_ms(void) {
    return (int64_t)emscripten_get_now();
}

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

ferry_error ferry_host_check_origin(ferry_context *context, const ferry_origin *origin) {
    const ferry_tls_options *tls = origin->tls;
    if (tls != NULL && (tls->ca_pem != NULL || tls->common_name != NULL || tls->unsafe)) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "a browser verifies certificates itself: authorities and names cannot be "
                          "chosen there");
    }
    if (is_blocked(origin->port)) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "browsers block the port %d (Fetch standard, port blocking)",
                          origin->port);
    }
    return FERRY_OK;
}

bool ferry_host_is_ready(const ferry_wait *waits, size_t count) {
    const ferry_fetch_signal *signal = count > 0 ? ferry_fetch_signal_of(&waits[0]) : NULL;
    return signal != NULL && atomic_load(&signal->news) != signal->seen;
}

ferry_error ferry_host_backend_new(ferry_context *context, ferry_exchange *exchange,
                                   ferry_backend **backend) {
    return ferry_fetch_backend_new(context, exchange, backend);
}
