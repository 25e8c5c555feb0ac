/* SPDX-License-Identifier: MIT */
/* send_again: decides whether a request may be sent once more. It is a file of its own, so that a
 * program that does not ask does not carry it. */
#include "client_state.h"

/* RFC 9110 section 9.2.2; what a method may do that has but a name, nobody knows here. */
static bool method_is_idempotent(ferry_method method) {
    static const unsigned idempotent = 1u << FERRY_METHOD_GET | 1u << FERRY_METHOD_HEAD |
                                       1u << FERRY_METHOD_PUT | 1u << FERRY_METHOD_DELETE |
                                       1u << FERRY_METHOD_OPTIONS | 1u << FERRY_METHOD_TRACE;
    return (idempotent >> method & 1) != 0;
}

bool ferry_client_may_send_again(const ferry_client *client) {
    bool has_request = (int)client->method != FERRY_NO_REQUEST;
    return has_request && (method_is_idempotent(client->method) || !client->exchange.is_exposed);
}
