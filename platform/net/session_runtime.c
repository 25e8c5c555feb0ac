/* SPDX-License-Identifier: MIT */
/* session_runtime: what sessions are told of a machine that has sockets. */
#include "session/session_runtime.h"

#include <time.h>

const bool ferry_session_dials = true;
const int ferry_session_max_per_origin = 6;
const int ferry_session_max_connections = 64;

size_t ferry_session_page_url(char *dst, size_t capacity) {
    if (capacity > 0) {
        *dst = '\0';
    }
    return 1;
}

int64_t ferry_session_wall_clock_s(void) {
    return (int64_t)time(NULL);
}

ferry_error ferry_keepalive_begin(ferry_context *context, const ferry_session_request *request) {
    (void)context;
    (void)request;
    return FERRY_OK;
}

void ferry_keepalive_end(const ferry_session_request *request) {
    (void)request;
}

int64_t ferry_poller_take_hidden_ms(ferry_poller *poller) {
    (void)poller;
    return 0;
}

void ferry_poller_read_ahead(ferry_poller *poller, const ferry_poller_item *item, int64_t most,
                             size_t most_of_all) {
    (void)poller;
    (void)item;
    (void)most;
    (void)most_of_all;
}
