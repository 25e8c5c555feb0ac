/* SPDX-License-Identifier: MIT */
/* shortage: the rig: its streams, and the program that uses the client. */
#include "shortage.h"

#include "check.h"
#if FERRY_HAVE_TLS
#include "tls_peer.h"
#endif

#include <string.h>

enum { MOST_TURNS = 20000, MOST_WAIT_MS = 10000 };

ferry_client *shortage_client_new(shortage_rig *rig) {
    static const char *const resolve[] = {"nowhere.example:80:127.0.0.1", NULL};
    static const char *const connect_to[] = {"other.example:80:elsewhere.example:81", NULL};
    ferry_client_options options = {
        .allocator = counted_memory_allocator(&rig->memory),
        .user_agent = "test",
        .fetch = {.integrity = "sha256-"},
        .no_proxy = "direct.example",
        .resolve = resolve,
        .connect_to = connect_to,
    };
    return ferry_client_new(&options);
}

ferry_stream *shortage_script(shortage_rig *rig, const char *bytes, size_t length, const char *gate,
                              size_t gate_at) {
    CHECK(rig->script_count < SHORTAGE_SCRIPTS);
    script_stream *script = &rig->scripts[rig->script_count++];
    script_stream_init(script, bytes, length, FERRY_STREAM_AGAIN);
    script->gate = gate;
    script->gate_at = gate_at;
    script->descriptor = rig->net->ready;
    return &script->stream;
}

#if FERRY_HAVE_TLS
ferry_stream *shortage_tls_stream(shortage_rig *rig) {
    CHECK(rig->peer_count < SHORTAGE_PEERS);
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.awaits_body = true});
    rig->peers[rig->peer_count++] = peer;
    return tls_peer_stream(peer);
}

ferry_tls_options shortage_trusting(void) {
    return (ferry_tls_options){.ca_pem = tls_peer_certificate()};
}
#endif

const char *shortage_unwritten(const shortage_rig *rig) {
    static char body[SHORTAGE_STREAMED_BYTES];
    memset(body, 'x', sizeof body);
    memcpy(body + sizeof body - 3, "end", 3);
    return body + sizeof body - rig->unwritten;
}

ferry_error shortage_unless_woken(ferry_error error) {
    return error == FERRY_ERROR_ABORTED ? FERRY_OK : error;
}

/* The next piece of a streamed body, or its end. An upload that has ended is no error. */
static ferry_error upload(shortage_rig *rig) {
    size_t written = 0;
    ferry_error error = rig->unwritten > 0
                            ? ferry_client_write_request_body(rig->client, shortage_unwritten(rig),
                                                              rig->unwritten, &written)
                            : ferry_client_finish_request_body(rig->client);
    error = shortage_unless_woken(error);
    rig->is_streaming = error == FERRY_OK && rig->unwritten > 0;
    rig->unwritten -= written;
    bool is_over = error == FERRY_ERROR_UPLOAD_STOPPED || error == FERRY_ERROR_UNCONFIGURED;
    return is_over ? FERRY_OK : error;
}

static ferry_error go_on(shortage_rig *rig) {
    if (!rig->is_blocking) {
        ferry_client_wait(rig->client, MOST_WAIT_MS); /* some streams have nothing to wait on */
    }
    return shortage_unless_woken(ferry_client_poll(rig->client));
}

static ferry_error read_some(shortage_rig *rig, size_t *length) {
    char body[64];
    const void *chunk;
    *length = 0;
    return shortage_unless_woken(
        rig->reads_chunks
            ? ferry_client_read_response_body_chunk(rig->client, &chunk, length)
            : ferry_client_read_response_body(rig->client, body, sizeof body, length));
}

ferry_error shortage_drive(shortage_rig *rig) {
    ferry_error error = FERRY_OK;
    for (int i = 0; i < MOST_TURNS && error == FERRY_OK; i++) {
        size_t length = 0;
        ferry_status status = ferry_client_get_status(rig->client);
        if (rig->is_streaming &&
            (status == FERRY_STATUS_REQUESTING || status == FERRY_STATUS_BODY)) {
            error = upload(rig);
        }
        if (error == FERRY_OK && status == FERRY_STATUS_BODY) {
            error = read_some(rig, &length);
        }
        status = ferry_client_get_status(rig->client);
        if (error != FERRY_OK || length > 0) {
            continue;
        }
        if (status != FERRY_STATUS_RESOLVING && status != FERRY_STATUS_CONNECTING &&
            status != FERRY_STATUS_REQUESTING && status != FERRY_STATUS_BODY) {
            return ferry_client_get_error(rig->client);
        }
        error = go_on(rig);
    }
    if (!CHECK(error != FERRY_OK)) { /* it has gone on without end */
        return FERRY_ERROR_FAILED;
    }
    return error;
}

void shortage_end(shortage_rig *rig) {
    ferry_client_free(rig->client);
#if FERRY_HAVE_TLS
    for (size_t i = 0; i < rig->peer_count; i++) {
        tls_peer_free(rig->peers[i]);
    }
#endif
}
