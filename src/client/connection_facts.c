/* SPDX-License-Identifier: MIT */
/* connection_facts: getters for what is known of the connection and of the latest request. They are
 * a file of their own, so that a program that does not ask does not carry them. */
#include "client_state.h"

static bool has_request(const ferry_client *client) {
    return (int)client->method != FERRY_NO_REQUEST;
}

static bool shows_connection(const ferry_client *client) {
    return client->backend != NULL && client->backend->ops->shows_connection;
}

const char *ferry_client_get_peer_address(const ferry_client *client) {
    return client->link.peer;
}

bool ferry_client_is_connection_reused(const ferry_client *client) {
    return has_request(client) && client->requests > 1 && shows_connection(client);
}

static int64_t time_since(int64_t begin_us, int64_t at_us) {
    return begin_us >= 0 && at_us >= 0 ? at_us - begin_us : -1;
}

void ferry_client_get_timings(const ferry_client *client, ferry_timings *timings) {
    const ferry_client_times *times = &client->times;
    *timings = (ferry_timings){
        .resolved_us = time_since(times->connect_us, times->resolved_us),
        .connected_us = time_since(times->connect_us, times->connected_us),
        .ready_us = time_since(times->connect_us, times->ready_us),
        .sent_us = time_since(times->request_us, times->sent_us),
        .first_byte_us = time_since(times->request_us, times->first_byte_us),
        .end_us = time_since(times->request_us, times->end_us),
    };
}
