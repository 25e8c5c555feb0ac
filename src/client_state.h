/* SPDX-License-Identifier: MIT */
/* client_state: what the parts of the client share: client.c, client_connect.c, client_progress.c,
 * client_request.c, client_response.c and client_connection.c. Nothing else includes it. */
#ifndef FERRY_CLIENT_STATE_H
#define FERRY_CLIENT_STATE_H

#include "backend.h"

struct ferry_client {
    ferry_context context;
    ferry_exchange exchange;
    ferry_backend *host_backend;   /* the platform's; made at the first connect_to_host */
    ferry_backend *stream_backend; /* over the caller's stream; NULL where there is none */
    ferry_backend *backend;        /* the one in use: one of the two, or NULL */
    ferry_status status;
    ferry_error error;
    bool was_connected; /* since it was made or closed */

    bool blocking;
    size_t read_chunk_size;
    char *chunk;   /* of read_chunk_size bytes; NULL until it is needed */
    size_t budget; /* body bytes that may yet be read before the next poll */

    ferry_timeouts timeouts; /* the defaults filled in; -1: none */
    int64_t connect_since_ms;
    int64_t request_since_ms;
    int64_t sent_since_ms; /* -1: the request is not sent yet */
    int64_t idle_since_ms;
    uint64_t activity_seen;

    ferry_buffer host;      /* the host, as the platform looks it up, and NUL */
    ferry_buffer authority; /* the same as Host has it, and NUL */
    ferry_buffer url_base;  /* "http://" and the authority */
    char *user_agent;       /* NULL: the default */
    ferry_fetch_options fetch;
    char *integrity; /* what fetch.integrity points to */
};

/* Follows the link and the exchange with the status. Returns the client's error. */
ferry_error ferry_client_update(ferry_client *client);

/* Puts the client into a failed status, which lasts until connect_to_host or close. */
ferry_error ferry_client_fail(ferry_client *client, ferry_status status, ferry_error error);

/* Drops the connection and all that is under way. */
void ferry_client_drop(ferry_client *client);

void ferry_client_set_status(ferry_client *client, ferry_status status);

/* In blocking mode, sleeps until the client can go on. An error of waiting, or FERRY_OK. */
ferry_error ferry_client_sleep(ferry_client *client);

/* Lets the backend work, then applies the time-outs. Returns the client's error. */
ferry_error ferry_client_step(ferry_client *client);

/* Notes the authority of the connection for Host and for URLs. OUT_OF_MEMORY. */
ferry_error ferry_client_set_authority(ferry_client *client, const char *authority, bool secure);

static inline bool ferry_client_has_failed(const ferry_client *client) {
    return client->error != FERRY_OK;
}

#endif
