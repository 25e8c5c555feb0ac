/* SPDX-License-Identifier: MIT */
/* tls_client: a client that speaks TLS to a peer in memory. */
#include "tls_client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

char tls_client_log[TLS_CLIENT_LOG_SIZE];

static void note_log(void *ctx, ferry_log_kind kind, const char *message) {
    (void)ctx;
    size_t used = strlen(tls_client_log);
    if (kind == FERRY_LOG_INFO) {
        snprintf(tls_client_log + used, sizeof tls_client_log - used, "%s\n", message);
    }
}

ferry_client *tls_client_new(void) {
    tls_client_log[0] = '\0';
    return ferry_client_new(&(ferry_client_options){.log = note_log});
}

ferry_tls_options tls_client_trusting(void) {
    return (ferry_tls_options){.ca_pem = tls_peer_certificate()};
}

/* An old shortage of memory, which errno still tells of, is no concern of any call. */
ferry_error tls_client_start(ferry_client *client, const char *host, const ferry_tls_options *tls) {
    errno = ENOMEM;
    ferry_error error = ferry_client_start_tls(client, host, tls);
    for (int i = 0; i < TLS_CLIENT_MAX_POLLS && error == FERRY_OK; i++) {
        if (ferry_client_get_status(client) == FERRY_STATUS_CONNECTED) {
            return FERRY_OK;
        }
        errno = ENOMEM;
        error = ferry_client_poll(client);
    }
    return error;
}

ferry_error tls_client_connect(ferry_client *client, tls_peer *peer, const char *host,
                               const ferry_tls_options *tls) {
    ferry_error error = ferry_client_set_connection(client, tls_peer_stream(peer));
    return error == FERRY_OK ? tls_client_start(client, host, tls) : error;
}

ferry_error tls_client_get(ferry_client *client, char text[64]) {
    ferry_error error = ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL);
    size_t total = 0;
    for (int i = 0; i < TLS_CLIENT_MAX_POLLS && error == FERRY_OK; i++) {
        ferry_status status = ferry_client_get_status(client);
        if (status != FERRY_STATUS_REQUESTING && status != FERRY_STATUS_BODY) {
            break;
        }
        error = ferry_client_poll(client);
        if (error == FERRY_OK && ferry_client_get_status(client) == FERRY_STATUS_BODY) {
            size_t length = 0;
            error = ferry_client_read_response_body(client, text + total, 63 - total, &length);
            total += length;
        }
    }
    text[total] = '\0';
    return error;
}
