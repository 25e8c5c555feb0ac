/* SPDX-License-Identifier: MIT */
/* test_connect: asking a proxy for a tunnel: what is sent, which answers open it, what the others
 * are told as, wherever their bytes are split. */
#include "check.h"
#include "counted_memory.h"
#include "net/connect_tunnel.h"
#include "platform.h"
#include "script_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 5000, MOST_LOG = 4096 };

/* A tunnel over a script, and all that can be seen of it. */
typedef struct tunnel_rig {
    ferry_context context;
    ferry_exchange exchange;
    ferry_proxy proxy;
    ferry_origin origin;
    ferry_connect_tunnel *tunnel;
    script_stream script;
    ferry_stream *stream;
    bool done;
    counted_memory memory;
    char log[MOST_LOG];
} tunnel_rig;

static tunnel_rig rig;

static void rig_log(void *ctx, ferry_log_kind kind, const char *message) {
    (void)ctx;
    (void)kind;
    size_t used = strlen(rig.log);
    snprintf(rig.log + used, sizeof rig.log - used, "%s\n", message);
}

static void begin(const char *answer, size_t length, ferry_stream_result end) {
    rig = (tunnel_rig){
        .context =
            {
                .allocator = counted_memory_allocator(&rig.memory),
                .max_head_bytes = 1024,
                .max_header_count = 8,
                .max_interim_responses = 4,
            },
        .proxy = {.host = "127.0.0.1", .port = 3128},
        .origin = {.host = "example.org",
                   .port = 443,
                   .secure = true,
                   .user_agent = FERRY_SPAN("test/1")},
    };
    rig.origin.proxy = &rig.proxy;
    rig.stream = &rig.script.stream;
    script_stream_init(&rig.script, answer, length, end);
    ferry_exchange_init(&rig.exchange, &rig.context);
}

static ferry_error run(void) {
    ferry_error error =
        ferry_connect_tunnel_new(&rig.context, &rig.exchange, &rig.origin, &rig.tunnel);
    for (int i = 0; i < MOST_STEPS && error == FERRY_OK && !rig.done; i++) {
        error = ferry_connect_tunnel_step(rig.tunnel, &rig.stream, &rig.done);
        if (rig.script.at == rig.script.length && rig.script.end == FERRY_STREAM_AGAIN) {
            break;
        }
    }
    return error;
}

static void end(void) {
    ferry_connect_tunnel_free(rig.tunnel);
    rig.stream->ops->destroy(rig.stream);
    CHECK(rig.script.is_destroyed);
    ferry_exchange_deinit(&rig.exchange);
    CHECK_INT(rig.memory.live, 0);
}

static ferry_error answer(const char *text) {
    begin(text, strlen(text), FERRY_STREAM_END);
    return run();
}

static void expect_sent(const char *text) {
    CHECK_MEM(rig.script.sent, rig.script.sent_length, text, strlen(text));
}

static void request_has_what_a_proxy_needs_and_no_more(void) {
    CHECK_INT(answer("HTTP/1.1 200 OK\r\n\r\n"), FERRY_OK);
    CHECK(rig.done);
    expect_sent("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n"
                "User-Agent: test/1\r\n\r\n");
    CHECK(rig.stream == &rig.script.stream);
    CHECK_INT(rig.exchange.code, 0);
    CHECK_INT(rig.exchange.headers.count, 0);
    end();
}

static void credentials_go_along_but_not_into_the_log(void) {
    static const char ok[] = "HTTP/1.1 200 OK\r\n\r\n";
    begin(ok, sizeof ok - 1, FERRY_STREAM_END);
    rig.proxy.authorization = "Basic c2VjcmV0";
    rig.origin.user_agent.length = 0;
    rig.context.log = rig_log;
    CHECK_INT(run(), FERRY_OK);
    expect_sent("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n"
                "Proxy-Authorization: Basic c2VjcmV0\r\n\r\n");
    CHECK_CONTAINS(rig.log, "Proxy-Authorization: ***\n");
    CHECK(strstr(rig.log, "c2VjcmV0") == NULL);
    end();
}

static void headers_for_proxies_replace_what_is_added(void) {
    static const char ok[] = "HTTP/1.1 200 OK\r\n\r\n";
    static const char *const headers[] = {"X-A: 1", "user-agent: relay/1", "Accept: b",
                                          "Proxy-Authorization: Bearer x", NULL};
    begin(ok, sizeof ok - 1, FERRY_STREAM_END);
    rig.proxy.authorization = "Basic c2VjcmV0";
    rig.proxy.headers = headers;
    CHECK_INT(run(), FERRY_OK);
    expect_sent("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\nX-A: 1\r\n"
                "user-agent: relay/1\r\nAccept: b\r\nProxy-Authorization: Bearer x\r\n\r\n");
    end();
}

static void ipv6_origins_stand_in_brackets_without_their_zone(void) {
    static const char ok[] = "HTTP/1.1 200 OK\r\n\r\n";
    begin(ok, sizeof ok - 1, FERRY_STREAM_END);
    rig.origin.host = "fe80::1%eth0";
    rig.origin.port = 8443;
    CHECK_INT(run(), FERRY_OK);
    expect_sent("CONNECT [fe80::1]:8443 HTTP/1.1\r\nHost: [fe80::1]:8443\r\n"
                "User-Agent: test/1\r\n\r\n");
    end();
}

static void request_is_sent_in_as_many_pieces_as_it_takes(void) {
    static const char ok[] = "HTTP/1.1 200 OK\r\n\r\n";
    begin(ok, sizeof ok - 1, FERRY_STREAM_END);
    rig.script.write_limit = 1;
    CHECK_INT(run(), FERRY_OK);
    CHECK(rig.done);
    CHECK_INT(rig.script.sent_length, rig.script.writes);
    end();
    begin(ok, sizeof ok - 1, FERRY_STREAM_END);
    rig.script.write_room = 10;
    CHECK_INT(ferry_connect_tunnel_new(&rig.context, &rig.exchange, &rig.origin, &rig.tunnel),
              FERRY_OK);
    CHECK_INT(ferry_connect_tunnel_step(rig.tunnel, &rig.stream, &rig.done), FERRY_OK);
    CHECK(!rig.done);
    CHECK_INT(rig.script.reads, 0);
    CHECK_INT(ferry_connect_tunnel_get_events(rig.tunnel), FERRY_EVENT_WRITE);
    rig.script.write_room = 0;
    CHECK_INT(ferry_connect_tunnel_step(rig.tunnel, &rig.stream, &rig.done), FERRY_OK);
    CHECK(rig.done);
    end();
}

static void any_2xx_opens_the_tunnel_whatever_its_fields_say(void) {
    static const char *const answers[] = {
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/1.0 200 Connection established\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 299 Whatever\r\nVia: 1.1 a\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\nX: 1\n\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        CHECK_INT(answer(answers[i]), FERRY_OK);
        CHECK(rig.done);
        CHECK(rig.stream == &rig.script.stream);
        end();
    }
}

static void read_rest(char *rest, size_t capacity, size_t *length) {
    size_t got;
    *length = 0;
    while (rig.stream->ops->read(rig.stream, rest + *length, capacity - *length, &got) ==
           FERRY_STREAM_OK) {
        *length += got;
    }
}

/* An answer, cut at one place or into pieces of one size, with a pause there. */
static void split_answer(const char *text, size_t length, size_t split, size_t piece) {
    char rest[64];
    size_t rest_length;
    begin(text, length, FERRY_STREAM_END);
    rig.script.split = split;
    rig.script.piece = piece;
    rig.script.pause = true;
    CHECK_INT(run(), FERRY_OK);
    CHECK(rig.done);
    rig.script.pause = false;
    read_rest(rest, sizeof rest, &rest_length);
    CHECK_MEM(rest, rest_length, "hello\0world", 11);
    end();
}

static void bytes_behind_the_answer_are_the_tunnels_at_every_split(void) {
    static const char text[] = "HTTP/1.1 103 Early Hints\r\nX: 1\r\n\r\n"
                               "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhello\0world";
    size_t length = sizeof text - 1;
    for (size_t split = 0; split <= length; split++) {
        split_answer(text, length, split, 0);
    }
    for (size_t piece = 1; piece < 9; piece++) {
        split_answer(text, length, 0, piece);
    }
}

static void bytes_ahead_are_read_in_any_portions_and_writing_goes_on(void) {
    static const char text[] = "HTTP/1.1 200 OK\r\n\r\nhello";
    char bytes[8];
    size_t length = 0;
    CHECK_INT(answer(text), FERRY_OK);
    CHECK(rig.stream != &rig.script.stream);
    CHECK_INT(rig.stream->ops->read(rig.stream, bytes, 2, &length), FERRY_STREAM_OK);
    CHECK_MEM(bytes, length, "he", 2);
    rig.script.sent_length = 0;
    ferry_slice slice = {"abc", 3};
    CHECK_INT(rig.stream->ops->write(rig.stream, &slice, 1, &length), FERRY_STREAM_OK);
    expect_sent("abc");
    CHECK_INT(rig.stream->ops->read(rig.stream, bytes, 8, &length), FERRY_STREAM_OK);
    CHECK_MEM(bytes, length, "llo", 3);
    CHECK_INT(rig.stream->ops->read(rig.stream, bytes, 8, &length), FERRY_STREAM_END);
    rig.script.end = FERRY_STREAM_FAILED;
    CHECK_INT(rig.stream->ops->read(rig.stream, bytes, 8, &length), FERRY_STREAM_FAILED);
    CHECK_CONTAINS(rig.stream->ops->get_error_detail(rig.stream), "broke");
    rig.script.shutdowns_needed = 2;
    CHECK_INT(rig.stream->ops->shutdown(rig.stream), FERRY_STREAM_AGAIN);
    CHECK_INT(rig.stream->ops->shutdown(rig.stream), FERRY_STREAM_OK);
    end();
}

static void expect_failure(const char *text, ferry_error error, const char *detail) {
    CHECK_INT(answer(text), error);
    CHECK(!rig.done);
    CHECK_CONTAINS(rig.context.detail, detail);
    CHECK_CONTAINS(rig.context.detail, "127.0.0.1:3128");
}

static void refusals_are_told_in_the_proxys_words(void) {
    expect_failure("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nX-A: 1\r\n\r\nno",
                   FERRY_ERROR_CANT_CONNECT,
                   "the proxy 127.0.0.1:3128 refused a tunnel to "
                   "example.org:443: 403 Forbidden");
    CHECK_INT(rig.exchange.code, 403);
    CHECK(!rig.exchange.has_response);
    CHECK_INT(rig.exchange.headers.count, 2);
    CHECK_STR(ferry_headers_lines(&rig.exchange.headers)[1], "X-A: 1");
    end();
    expect_failure("HTTP/1.1 502\r\n\r\n", FERRY_ERROR_CANT_CONNECT, "example.org:443: 502");
    end();
    expect_failure("HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", FERRY_ERROR_CANT_CONNECT, "302");
    end();
    expect_failure("HTTP/1.1 101 Switching Protocols\r\n\r\n", FERRY_ERROR_CANT_CONNECT, "101");
    end();
    expect_failure("HTTP/1.1 500 a\x1b[31m\xff\r\n\r\n", FERRY_ERROR_PROTOCOL, "status line");
    end();
    expect_failure("HTTP/1.1 500 a\xff\r\n\r\n", FERRY_ERROR_CANT_CONNECT, "500 a?");
    end();
}

static void status_407_says_whether_credentials_were_sent(void) {
    static const char text[] = "HTTP/1.1 407 Proxy Authentication Required\r\n"
                               "Proxy-Authenticate: Basic realm=\"a\"\r\n\r\n";
    expect_failure(text, FERRY_ERROR_CANT_CONNECT,
                   "407 Proxy Authentication Required (no user name and password were given)");
    CHECK_INT(rig.exchange.code, 407);
    end();
    begin(text, sizeof text - 1, FERRY_STREAM_AGAIN);
    rig.proxy.authorization = "Basic c2VjcmV0";
    CHECK_INT(run(), FERRY_ERROR_CANT_CONNECT);
    CHECK_CONTAINS(rig.context.detail, "were sent, which it does not accept");
    CHECK(strstr(rig.context.detail, "c2VjcmV0") == NULL);
    end();
}

static void answers_that_are_none_are_errors_of_their_own(void) {
    expect_failure("SSH-2.0-OpenSSH\r\n", FERRY_ERROR_PROTOCOL, "status line");
    end();
    expect_failure("HTTP/2 200\r\n\r\n", FERRY_ERROR_PROTOCOL, "status line");
    end();
    expect_failure("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", FERRY_ERROR_PROTOCOL, "no colon");
    CHECK_INT(rig.exchange.headers.count, 0);
    end();
    expect_failure("", FERRY_ERROR_CONNECTION_ERROR, "it closed the connection without answering");
    end();
    expect_failure("HTTP/1.1 200 OK\r\n", FERRY_ERROR_CONNECTION_ERROR, "middle of its answer");
    end();
    begin("", 0, FERRY_STREAM_FAILED);
    CHECK_INT(run(), FERRY_ERROR_CONNECTION_ERROR);
    CHECK_CONTAINS(rig.context.detail, "the script says that the connection broke");
    end();
    begin("", 0, FERRY_STREAM_TRUNCATED);
    CHECK_INT(run(), FERRY_ERROR_CONNECTION_ERROR);
    end();
}

static void answer_is_read_though_the_request_could_not_be_sent(void) {
    static const char text[] = "HTTP/1.1 503 Busy\r\n\r\n";
    begin(text, sizeof text - 1, FERRY_STREAM_END);
    rig.script.write_room = 1;
    rig.script.write_end = FERRY_STREAM_FAILED;
    CHECK_INT(run(), FERRY_ERROR_CANT_CONNECT);
    CHECK_CONTAINS(rig.context.detail, "503 Busy");
    end();
}

static void limits_hold(void) {
    char text[8192] = "HTTP/1.1 200 OK\r\nX: ";
    memset(text + strlen(text), 'a', 2000);
    expect_failure(text, FERRY_ERROR_TOO_LARGE, "max_head_bytes");
    end();
    strcpy(text, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 9; i++) {
        strcat(text, "X: 1\r\n");
    }
    strcat(text, "\r\n");
    expect_failure(text, FERRY_ERROR_TOO_LARGE, "max_header_count");
    end();
    text[0] = '\0';
    for (int i = 0; i < 5; i++) {
        strcat(text, "HTTP/1.1 100 Continue\r\n\r\n");
    }
    expect_failure(text, FERRY_ERROR_TOO_LARGE, "max_interim_responses");
    end();
}

static void every_failed_allocation_is_survived(void) {
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nX: 1\r\n\r\nhello",
        "HTTP/1.1 403 Forbidden\r\nX: 1\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        unsigned fail_at = 0;
        ferry_error error = FERRY_ERROR_OUT_OF_MEMORY;
        while (error == FERRY_ERROR_OUT_OF_MEMORY) {
            begin(answers[i], strlen(answers[i]), FERRY_STREAM_END);
            rig.memory.fail_at = ++fail_at;
            error = run();
            end();
        }
        CHECK_INT(error, i == 0 ? FERRY_OK : FERRY_ERROR_CANT_CONNECT);
        CHECK(fail_at > 3);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(request_has_what_a_proxy_needs_and_no_more),
        CHECK_TEST(credentials_go_along_but_not_into_the_log),
        CHECK_TEST(headers_for_proxies_replace_what_is_added),
        CHECK_TEST(ipv6_origins_stand_in_brackets_without_their_zone),
        CHECK_TEST(request_is_sent_in_as_many_pieces_as_it_takes),
        CHECK_TEST(any_2xx_opens_the_tunnel_whatever_its_fields_say),
        CHECK_TEST(bytes_behind_the_answer_are_the_tunnels_at_every_split),
        CHECK_TEST(bytes_ahead_are_read_in_any_portions_and_writing_goes_on),
        CHECK_TEST(refusals_are_told_in_the_proxys_words),
        CHECK_TEST(status_407_says_whether_credentials_were_sent),
        CHECK_TEST(answers_that_are_none_are_errors_of_their_own),
        CHECK_TEST(answer_is_read_though_the_request_could_not_be_sent),
        CHECK_TEST(limits_hold),
        CHECK_TEST(every_failed_allocation_is_survived),
    };
    return CHECK_RUN(tests, argc, argv);
}
