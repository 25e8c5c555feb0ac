/* SPDX-License-Identifier: MIT */
/* keepalive: counts what requests send that shall outlive their page, since browsers bound it. */
#include "session/session_runtime.h"

#include <stdatomic.h>

/* Fetch standard, "HTTP-network-or-cache fetch": of all such requests of a page together. */
enum { MOST_BYTES = 64 * 1024 };

/* Of all sessions, on whichever threads: they are in one page. */
static atomic_size_t bytes_under_way;

ferry_error ferry_keepalive_begin(ferry_context *context, const ferry_session_request *request) {
    if (request->body_read != NULL || request->body_file != NULL || request->owner_writes) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "on the web a request with keepalive is sent at once: its body must be "
                          "in memory");
    }
    size_t before = atomic_fetch_add(&bytes_under_way, request->body_length);
    if (request->body_length > MOST_BYTES || before > MOST_BYTES - request->body_length) {
        ferry_keepalive_end(request);
        return ferry_fail(context, FERRY_ERROR_TOO_LARGE,
                          "browsers send 65,536 bytes of bodies in all requests with keepalive "
                          "that are under way: this one has %zu, those before it have %zu",
                          request->body_length, before);
    }
    return FERRY_OK;
}

void ferry_keepalive_end(const ferry_session_request *request) {
    atomic_fetch_sub(&bytes_under_way, request->body_length);
}
