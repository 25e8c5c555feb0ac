/* SPDX-License-Identifier: MIT */
/* test_tunnel: a client over one end of a socket pair, or connected to a port, the test at the
 * other end. It is the same thread, so the client blocks only for what the test has written
 * already. */
#include "check.h"
#include "ferry.h"
#include "net/connect_tunnel.h"
#include "net_fixture.h"
#include "script_stream.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct pair_stream {
    ferry_stream stream;
    int descriptor;
} pair_stream;

static ferry_stream_result pair_read(ferry_stream *stream, void *dst, size_t capacity,
                                     size_t *length) {
    ssize_t got = read(((pair_stream *)stream)->descriptor, dst, capacity);
    *length = got > 0 ? (size_t)got : 0;
    return got > 0 ? FERRY_STREAM_OK : (got == 0 ? FERRY_STREAM_END : FERRY_STREAM_AGAIN);
}

static ferry_stream_result pair_write(ferry_stream *stream, const ferry_slice *slices, size_t count,
                                      size_t *length) {
    (void)count;
    ssize_t put =
        send(((pair_stream *)stream)->descriptor, slices->data, slices->length, MSG_NOSIGNAL);
    *length = put > 0 ? (size_t)put : 0;
    return put > 0 ? FERRY_STREAM_OK : FERRY_STREAM_AGAIN;
}

static bool pair_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    *wait = (ferry_wait){((pair_stream *)stream)->descriptor, events};
    return true;
}

static void pair_destroy(ferry_stream *stream) {
    close(((pair_stream *)stream)->descriptor);
    ((pair_stream *)stream)->descriptor = -1;
}

static const ferry_stream_ops pair_ops = {
    .read = pair_read,
    .write = pair_write,
    .wants = pair_wants,
    .destroy = pair_destroy,
};

/* A client with a tunnel; *peer is the other end. */
static ferry_client *open_tunnel(pair_stream *stream, int *peer) {
    static const char *const headers[] = {"Connection: Upgrade", "Upgrade: raw", NULL};
    static const char answer[] = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
    int ends[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *stream = (pair_stream){.stream = {.ops = &pair_ops}, .descriptor = ends[0]};
    *peer = ends[1];
    ferry_client *client = ferry_client_new(NULL);
    CHECK_INT(ferry_client_set_connection(client, &stream->stream), FERRY_OK);
    CHECK_INT(ferry_client_request(client, FERRY_METHOD_GET, "/", headers, NULL), FERRY_OK);
    CHECK_INT(write(*peer, answer, sizeof answer - 1), sizeof answer - 1);
    CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    return client;
}

static void blocked_write_gives_way_to_what_can_be_read(void) {
    enum { MUCH = 8 << 20 };
    pair_stream stream;
    int peer;
    ferry_client *client = open_tunnel(&stream, &peer);
    char *data = calloc(1, MUCH);
    char bytes[8];
    size_t length = 0;
    CHECK_INT(write(peer, "ping", 4), 4);
    CHECK_INT(ferry_client_write_request_body(client, data, MUCH, &length), FERRY_OK);
    CHECK(length > 0 && length < MUCH);
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_MEM(bytes, length, "ping", 4);
    free(data);
    ferry_client_free(client);
    CHECK_INT(stream.descriptor, -1);
    close(peer);
}

static void tunnel_ends_with_its_peer(void) {
    pair_stream stream;
    int peer;
    ferry_client *client = open_tunnel(&stream, &peer);
    char bytes[8];
    size_t length = 0;
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &length), FERRY_OK);
    CHECK_INT(length, 5);
    CHECK_INT(shutdown(peer, SHUT_WR), 0);
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_INT(length, 0);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    ferry_client_free(client);
    close(peer);
}

static void wait_in_a_tunnel_is_for_the_peer(void) {
    pair_stream stream;
    int peer;
    ferry_client *client = open_tunnel(&stream, &peer);
    char bytes[8];
    size_t length = 1;
    CHECK_INT(ferry_client_set_blocking_mode(client, false), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_INT(length, 0);
    CHECK_INT(ferry_client_wait(client, 1), FERRY_ERROR_TIMEOUT);
    CHECK_INT(write(peer, "ping", 4), 4);
    CHECK_INT(ferry_client_wait(client, -1), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, bytes, sizeof bytes, &length), FERRY_OK);
    CHECK_MEM(bytes, length, "ping", 4);
    ferry_client_free(client);
    close(peer);
}

/* ---- A tunnel that becomes a connection ---- */

/* Reads what the client has sent, up to the empty line. */
static void check_received(int peer, const char *expected) {
    char head[256];
    size_t length = 0;
    while (length < strlen(expected)) {
        ssize_t got = read(peer, head + length, sizeof head - length);
        if (!CHECK(got > 0)) {
            return;
        }
        length += (size_t)got;
    }
    CHECK_MEM(head, length, expected, strlen(expected));
}

/* A request of which the test has to see the head before it answers. */
static void request_by_polling(ferry_client *client, ferry_method method, const char *url) {
    CHECK_INT(ferry_client_set_blocking_mode(client, false), FERRY_OK);
    CHECK_INT(ferry_client_request(client, method, url, NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_REQUESTING);
    CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
}

static void check_get(ferry_client *client, int peer, const char *expected) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    char body[8];
    size_t length = 0;
    request_by_polling(client, FERRY_METHOD_GET, "/");
    check_received(peer, expected);
    CHECK_INT(write(peer, answer, sizeof answer - 1), sizeof answer - 1);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, body, sizeof body, &length), FERRY_OK);
    CHECK_MEM(body, length, "ok", 2);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
}

/* A client that is connected to the listener, as a proxy where its port is given as that. */
static ferry_client *connect_blocking(int listener, const char *host, int port, int proxy_port,
                                      int *peer) {
    ferry_client *client =
        ferry_client_new(&(ferry_client_options){.user_agent = "", .keep_content_coding = true});
    CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
    if (proxy_port > 0) {
        CHECK_INT(ferry_client_set_http_proxy(client, "127.0.0.1", proxy_port), FERRY_OK);
    }
    CHECK_INT(ferry_client_connect_to_host(client, host, port, NULL), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    *peer = accept(listener, NULL, NULL);
    return client;
}

static void connection_of_the_clients_own_may_be_set_again(void) {
    static const char established[] = "HTTP/1.1 200 Established\r\n\r\n";
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    int peer;
    ferry_client *client = connect_blocking(listener, "127.0.0.1", port, 0, &peer);
    ferry_stream *stream = ferry_client_get_connection(client);
    CHECK_INT(ferry_client_set_connection(client, stream), FERRY_OK);
    request_by_polling(client, FERRY_METHOD_CONNECT, "example.org:80");
    check_received(peer, "CONNECT example.org:80 HTTP/1.1\r\nHost: example.org:80\r\n"
                         "Accept: */*\r\n\r\n");
    CHECK_INT(ferry_client_set_connection(client, stream), FERRY_ERROR_BUSY);
    CHECK_INT(write(peer, established, sizeof established - 1), sizeof established - 1);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_set_connection(client, stream), FERRY_OK);
    for (int i = 0; i < 2; i++) {
        check_get(client, peer, "GET / HTTP/1.1\r\nHost: example.org\r\nAccept: */*\r\n\r\n");
        CHECK(ferry_client_get_connection(client) == stream);
        CHECK_INT(ferry_client_set_connection(client, stream), FERRY_OK);
    }
    ferry_client_free(client);
    char byte;
    CHECK_INT(read(peer, &byte, 1), 0);
    close(peer);
    close(listener);
}

/* It still leads to the proxy while it is idle; a tunnel leads past it. */
static void connection_to_a_proxy_stays_one_until_it_is_a_tunnel(void) {
    static const char established[] = "HTTP/1.1 200 Established\r\n\r\n";
    static const char by_proxy[] =
        "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n";
    static const char connect[] =
        "CONNECT b.example:80 HTTP/1.1\r\nHost: b.example:80\r\nAccept: */*\r\n\r\n";
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    int peer;
    ferry_client *client = connect_blocking(listener, "a.example", 80, port, &peer);
    ferry_stream *stream = ferry_client_get_connection(client);
    CHECK_INT(ferry_client_set_connection(client, stream), FERRY_OK);
    check_get(client, peer, by_proxy);
    CHECK_INT(ferry_client_set_connection(client, stream), FERRY_OK);
    check_get(client, peer, by_proxy);
    request_by_polling(client, FERRY_METHOD_CONNECT, "b.example:80");
    check_received(peer, connect);
    CHECK_INT(write(peer, established, sizeof established - 1), sizeof established - 1);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_set_connection(client, stream), FERRY_OK);
    check_get(client, peer, "GET / HTTP/1.1\r\nHost: b.example\r\nAccept: */*\r\n\r\n");
    ferry_client_free(client);
    close(peer);
    close(listener);
}

static void no_connection_yet_is_none_to_set(void) {
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    ferry_client *client = ferry_client_new(NULL);
    CHECK_INT(ferry_client_connect_to_host(client, "127.0.0.1", port, NULL), FERRY_OK);
    CHECK(ferry_client_get_connection(client) == NULL);
    CHECK_INT(ferry_client_set_connection(client, NULL), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    ferry_client_free(client);
    close(listener);
}

/* ---- A tunnel through a proxy ---- */

static void what_came_with_the_proxys_answer_is_read_without_a_wait(void) {
    enum { DESCRIPTOR = 7 };
    static const char answer[] = "HTTP/1.1 200 Established\r\n\r\nhi";
    ferry_context context = {
        .allocator = ferry_default_allocator, .max_head_bytes = 1000, .max_header_count = 10};
    ferry_exchange exchange;
    ferry_exchange_init(&exchange, &context);
    ferry_proxy proxy = {.host = "proxy.example", .port = 3128};
    ferry_origin origin = {.host = "origin.example", .port = 443, .proxy = &proxy};
    script_stream script;
    script_stream_init(&script, answer, sizeof answer - 1, FERRY_STREAM_AGAIN);
    script.descriptor = DESCRIPTOR;
    ferry_stream *stream = &script.stream;
    ferry_connect_tunnel *tunnel = NULL;
    bool done = false;
    CHECK_INT(ferry_connect_tunnel_new(&context, &exchange, &origin, &tunnel), FERRY_OK);
    CHECK_INT(ferry_connect_tunnel_step(tunnel, &stream, &done), FERRY_OK);
    CHECK(done);
    for (size_t i = 0; i <= 2; i++) {
        ferry_wait wait = {FERRY_NO_DESCRIPTOR, 0};
        CHECK(stream->ops->wants(stream, FERRY_EVENT_READ, &wait));
        CHECK_INT(wait.descriptor, DESCRIPTOR);
        /* Writing is possible nearly always. */
        CHECK_INT(wait.events, i < 2 ? FERRY_EVENT_READ | FERRY_EVENT_WRITE : FERRY_EVENT_READ);
        char byte = '\0';
        size_t length = 0;
        CHECK_INT(stream->ops->read(stream, &byte, 1, &length),
                  i < 2 ? FERRY_STREAM_OK : FERRY_STREAM_AGAIN);
        CHECK_MEM(&byte, length, "hi" + i, i < 2 ? 1 : 0);
    }
    ferry_connect_tunnel_free(tunnel);
    stream->ops->destroy(stream);
    CHECK(script.is_destroyed);
    ferry_exchange_deinit(&exchange);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(blocked_write_gives_way_to_what_can_be_read),
        CHECK_TEST(tunnel_ends_with_its_peer),
        CHECK_TEST(wait_in_a_tunnel_is_for_the_peer),
        CHECK_TEST(connection_of_the_clients_own_may_be_set_again),
        CHECK_TEST(connection_to_a_proxy_stays_one_until_it_is_a_tunnel),
        CHECK_TEST(no_connection_yet_is_none_to_set),
        CHECK_TEST(what_came_with_the_proxys_answer_is_read_without_a_wait),
    };
    return CHECK_RUN(tests, argc, argv);
}
