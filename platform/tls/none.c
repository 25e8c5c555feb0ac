/* SPDX-License-Identifier: MIT */
/* none: tls.h in a build without TLS: whatever needs TLS fails with UNAVAILABLE. */
#include "tls.h"

#include <assert.h>
#include <stdlib.h>

ferry_error ferry_tls_check(ferry_context *context) {
    return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                      "https is not available: this build has no TLS");
}

ferry_error ferry_tls_config_get(ferry_context *context, const ferry_tls_options *options,
                                 ferry_tls_cache **own, ferry_tls_config **config) {
    (void)options;
    (void)own;
    (void)config;
    return ferry_tls_check(context);
}

void ferry_tls_config_release(ferry_tls_config *config) {
    (void)config;
}

ferry_error ferry_tls_config_poll(ferry_tls_config *config, ferry_context *context, bool *ready) {
    (void)config;
    (void)ready;
    return ferry_tls_check(context);
}

ferry_descriptor ferry_tls_config_begin_wait(ferry_tls_config *config) {
    (void)config;
    return FERRY_NO_DESCRIPTOR;
}

void ferry_tls_config_end_wait(ferry_tls_config *config) {
    (void)config;
}

ferry_error ferry_tls_new(ferry_context *context, ferry_tls_config *config,
                          ferry_tls_attempt attempt, const char *host, uint16_t port,
                          ferry_stream *transport, ferry_stream **stream) {
    (void)config;
    (void)attempt;
    (void)host;
    (void)port;
    (void)transport;
    (void)stream;
    return ferry_tls_check(context);
}

ferry_stream *ferry_tls_get_transport(const ferry_stream *stream) {
    (void)stream;
    return NULL;
}

ferry_error ferry_tls_handshake(ferry_stream *stream, bool *done) {
    (void)stream;
    (void)done;
    assert(!"there is no TLS stream");
    return FERRY_ERROR_UNAVAILABLE;
}

ferry_tls_attempt ferry_tls_get_next_attempt(const ferry_stream *stream) {
    (void)stream;
    return FERRY_TLS_NO_ATTEMPT;
}

/* Nothing is ever put into it. NULL would say that there is no memory. */
ferry_tls_cache *ferry_tls_cache_new(void) {
    return malloc(1);
}

void ferry_tls_cache_free(ferry_tls_cache *cache) {
    free(cache);
}
