/* SPDX-License-Identifier: MIT */
/* fuzz_proxy: what a proxy answers to CONNECT gives the same however its bytes come, and the bytes
 * behind a head that opens the tunnel are all there. The first byte says how a proxy is named or a
 * rule is read instead, or in which pieces the answer comes. */
#include "net/connect_tunnel.h"
#include "platform.h"
#include "script_stream.h"
#include "url/no_proxy.h"
#include "url/proxy_url.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_STEPS = 100000 };

typedef struct result {
    ferry_error error;
    bool done;
    int code;
    size_t header_count;
    size_t rest; /* bytes behind the answer */
    char detail[FERRY_DETAIL_SIZE];
} result;

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static ferry_context make_context(void) {
    return (ferry_context){
        .allocator = ferry_default_allocator,
        .max_head_bytes = 1024,
        .max_header_count = 8,
        .max_interim_responses = 8,
    };
}

/* What is left in the stream, which must be the end of the answer. */
static size_t read_rest(ferry_stream *stream, const char *bytes, size_t length) {
    char piece[64];
    size_t rest = 0;
    size_t got = 0;
    char *all = malloc(length + sizeof piece);
    require(all != NULL);
    ferry_stream_result said;
    while ((said = stream->ops->read(stream, piece, sizeof piece, &got)) != FERRY_STREAM_END) {
        if (said == FERRY_STREAM_OK) {
            require(rest + got <= length);
            memcpy(all + rest, piece, got);
            rest += got;
        }
    }
    require(memcmp(all, bytes + length - rest, rest) == 0);
    free(all);
    return rest;
}

static void ask(result *r, const char *bytes, size_t length, uint8_t piece, bool pause) {
    ferry_context context = make_context();
    ferry_exchange exchange;
    ferry_proxy proxy = {.host = "proxy", .port = 3128, .authorization = "Basic YTpi"};
    ferry_origin origin = {.host = "::1", .port = 443, .secure = true, .proxy = &proxy};
    script_stream script;
    ferry_connect_tunnel *tunnel = NULL;
    ferry_stream *stream = &script.stream;
    origin.user_agent = FERRY_SPAN("fuzz");
    script_stream_init(&script, bytes, length, FERRY_STREAM_END);
    script.piece = piece;
    script.pause = pause;
    script.write_limit = piece;
    ferry_exchange_init(&exchange, &context);
    memset(r, 0, sizeof *r);
    r->error = ferry_connect_tunnel_new(&context, &exchange, &origin, &tunnel);
    for (int i = 0; r->error == FERRY_OK && !r->done; i++) {
        require(i < MOST_STEPS);
        r->error = ferry_connect_tunnel_step(tunnel, &stream, &r->done);
    }
    r->code = exchange.code;
    r->header_count = exchange.headers.count;
    memcpy(r->detail, context.detail, sizeof r->detail);
    require((r->error == FERRY_OK) == r->done);
    require(!exchange.has_response);
    if (r->done) {
        require(r->code == 0 && r->header_count == 0);
        r->rest = read_rest(stream, bytes, length);
    } else {
        require(stream == &script.stream && r->detail[0] != '\0');
        require((r->code != 0) == (r->error == FERRY_ERROR_CANT_CONNECT));
        for (size_t i = 0; i < r->header_count; i++) {
            require(ferry_headers_lines(&exchange.headers)[i] != NULL);
        }
    }
    ferry_connect_tunnel_free(tunnel);
    stream->ops->destroy(stream);
    require(script.is_destroyed);
    ferry_exchange_deinit(&exchange);
}

/* No sentence holds what stands before the host. */
static void name(const char *text, uint16_t port) {
    ferry_context context = make_context();
    ferry_proxy *proxy = NULL;
    ferry_error error = ferry_proxy_read(&context, text, port, &proxy);
    require((error == FERRY_OK) == (proxy != NULL));
    if (proxy == NULL) {
        require(context.detail[0] != '\0' && strchr(context.detail, '@') == NULL);
        return;
    }
    require(proxy->port != 0 && proxy->host[0] != '\0' && strchr(proxy->host, '@') == NULL);
    require(proxy->authorization == NULL || strpbrk(proxy->authorization, "\r\n") == NULL);
    ferry_free(&context, proxy);
}

/* What is too large may have been found to be wrong before it was. */
static ferry_error kind_of(ferry_error error) {
    return error == FERRY_ERROR_TOO_LARGE ? FERRY_ERROR_PROTOCOL : error;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) {
        return 0;
    }
    size_t length = size - 1;
    char *text = malloc(length + 1);
    require(text != NULL);
    memcpy(text, data + 1, length);
    text[length] = '\0';
    if (data[0] == 0 || data[0] == 1) {
        name(text, data[0] == 0 ? 0 : 8080);
    } else if (data[0] == 2) {
        static const char *const hosts[] = {"example.org", "10.1.2.3", "2001:db8::1", "a.b."};
        for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
            ferry_no_proxy_matches((ferry_span){text, length}, ferry_span_of(hosts[i]), 80);
        }
    } else {
        result whole;
        result split;
        ask(&whole, text, length, 0, false);
        ask(&split, text, length, data[0], (data[0] & 1) != 0);
        require(kind_of(whole.error) == kind_of(split.error) && whole.code == split.code);
        require(whole.header_count == split.header_count && whole.rest == split.rest);
    }
    free(text);
    return 0;
}
