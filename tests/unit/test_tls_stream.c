/* SPDX-License-Identifier: MIT */
/* test_tls_stream: the TLS stream by itself, without a client: what a peer sends in the middle of
 * a record, of a body or of nothing, and what the stream says of it. */
#include "check.h"
#include "tls_peer.h"
#include "tls_state.h"

#include <string.h>

enum { MOST_STEPS = 200000 };

/* The client's end, open. */
typedef struct opened {
    ferry_context context;
    ferry_tls_cache *cache;
    ferry_tls_config *config;
    tls_peer *peer;
    ferry_stream *stream;
} opened;

static void opened_init(opened *self, const tls_peer_behaviour *behaviour) {
    ferry_tls_options options = {.ca_pem = tls_peer_certificate()};
    *self = (opened){.context = {.allocator = ferry_default_allocator}};
    self->peer = tls_peer_new(behaviour);
    CHECK_INT(ferry_tls_config_get(&self->context, &options, &self->cache, &self->config),
              FERRY_OK);
    CHECK_INT(ferry_tls_new(&self->context, self->config, FERRY_TLS_FIRST_ATTEMPT, "peer.example",
                            443, tls_peer_stream(self->peer), &self->stream),
              FERRY_OK);
    bool done = false;
    for (int i = 0; i < MOST_STEPS && !done; i++) {
        CHECK_INT(ferry_tls_handshake(self->stream, &done), FERRY_OK);
    }
    CHECK(done);
}

static void opened_deinit(opened *self) {
    self->stream->ops->destroy(self->stream);
    CHECK(tls_peer_is_closed(self->peer));
    tls_peer_free(self->peer);
    ferry_tls_config_release(self->config);
    ferry_tls_cache_free(self->cache);
}

static ferry_stream_result read_some(opened *self, char bytes[64], size_t *length) {
    *length = 0;
    return self->stream->ops->read(self->stream, bytes, 64, length);
}

static void write_text(opened *self, const char *text) {
    ferry_slice slice = {text, strlen(text)};
    size_t written = 0;
    CHECK_INT(self->stream->ops->write(self->stream, &slice, 1, &written), FERRY_STREAM_OK);
    CHECK_INT(written, slice.length);
}

/* ---- Progress beneath ---- */

static void bytes_beneath_are_counted_while_a_record_is_not_whole(void) {
    for (int version = 12; version <= 13; version++) {
        opened open;
        char bytes[64];
        size_t length = 0;
        opened_init(&open, &(tls_peer_behaviour){.version = version, .piece = 1, .pause = true});
        uint64_t before = open.context.bytes_moved;
        write_text(&open, "GET / HTTP/1.1\r\n\r\n");
        ferry_stream_result result = read_some(&open, bytes, &length);
        CHECK_INT(result, FERRY_STREAM_AGAIN);
        CHECK(open.context.bytes_moved >= before + 18); /* the request is out by now */
        int grown = 0;
        for (int i = 0; i < MOST_STEPS && result == FERRY_STREAM_AGAIN; i++) {
            before = open.context.bytes_moved;
            result = read_some(&open, bytes, &length);
            grown += result == FERRY_STREAM_AGAIN && open.context.bytes_moved > before ? 1 : 0;
        }
        CHECK_INT(result, FERRY_STREAM_OK);
        CHECK(grown > 40);
        before = open.context.bytes_moved;
        CHECK_INT(read_some(&open, bytes, &length), FERRY_STREAM_AGAIN);
        CHECK_INT(open.context.bytes_moved, before);
        opened_deinit(&open);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(bytes_beneath_are_counted_while_a_record_is_not_whole),
    };
    return CHECK_RUN(tests, argc, argv);
}
