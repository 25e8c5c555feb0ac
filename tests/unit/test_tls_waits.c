/* SPDX-License-Identifier: MIT */
/* test_tls_waits: each kind of connection, driven as a program's own event loop drives it: the
 * client is polled when what it waits for has come, and never otherwise; by ferry_client_wait();
 * and in blocking mode. */
#include "check.h"
#include "net_fixture.h"
#include "tls_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BODY_BYTES = 1000000, /* that are uploaded */
    MOST_TURNS = 100000,
    MOST_IDLE = 30, /* polls of one status that move nothing: after the last byte, and in a
                       handshake, where a call does no more than a millisecond's work or one step */
    RECEIVED_AT_ONCE = 50000,
    SENT_AT_ONCE = 300,
    STUCK_MS = 5000,    /* neither side goes on */
    CONNECT_MS = 20000, /* only what hangs takes so long */
};

static const char ANSWER[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
static const char OPENED[] = "HTTP/1.1 200 Opened\r\n\r\n";

/* ---- The server, or the proxy ---- */

typedef struct server {
    int listener; /* -1: the socket is there already */
    int socket;
    ferry_stream *over;   /* what has come goes there; NULL: it is a request in clear */
    ferry_stream *tunnel; /* it goes there once a CONNECT has come; NULL: to no tunnel */
    char head[4096];
    size_t head_length;
    size_t body_left;
    char out[65536];
    size_t out_begin;
    size_t out_end;
    int stop[2]; /* a pipe, for the thread */
    pthread_t thread;
} server;

static void server_say(server *self, const char *text, size_t length) {
    memcpy(self->out + self->out_end, text, length);
    self->out_end += length;
}

static void server_take_head(server *self) {
    bool is_connect = memcmp(self->head, "CONNECT ", 8) == 0;
    self->head_length = 0;
    if (is_connect) {
        self->over = self->tunnel;
        server_say(self, OPENED, sizeof OPENED - 1);
    } else {
        self->body_left = BODY_BYTES;
    }
}

static void server_take_byte(server *self, char byte) {
    if (self->body_left > 0) {
        if (--self->body_left == 0) {
            server_say(self, ANSWER, sizeof ANSWER - 1);
        }
        return;
    }
    self->head[self->head_length++ % sizeof self->head] = byte;
    size_t n = self->head_length;
    if (n >= 4 && n <= sizeof self->head && memcmp(self->head + n - 4, "\r\n\r\n", 4) == 0) {
        server_take_head(self);
    }
}

static void server_take(server *self, const char *bytes, size_t length) {
    while (length > 0 && self->over == NULL) {
        server_take_byte(self, *bytes++);
        length--;
    }
    ferry_slice slice = {bytes, length};
    size_t written = 0;
    if (length > 0 && self->over->ops->write(self->over, &slice, 1, &written) == FERRY_STREAM_OK) {
        CHECK_INT(written, length);
    }
}

static void server_accept(server *self) {
    if (self->socket >= 0) {
        return;
    }
    self->socket = accept(self->listener, NULL, NULL);
    if (self->socket >= 0) {
        int on = 1;
        fcntl(self->socket, F_SETFL, O_NONBLOCK);
        setsockopt(self->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
}

static bool server_receive(server *self) {
    static char bytes[RECEIVED_AT_ONCE];
    ssize_t length = recv(self->socket, bytes, sizeof bytes, 0);
    if (length > 0) {
        server_take(self, bytes, (size_t)length);
    }
    return length > 0;
}

static bool server_send(server *self) {
    if (self->out_begin == self->out_end) {
        self->out_begin = 0;
        self->out_end = 0;
        size_t length = 0;
        if (self->over != NULL && self->over->ops->read(self->over, self->out, sizeof self->out,
                                                        &length) == FERRY_STREAM_OK) {
            self->out_end = length;
        }
    }
    size_t left = self->out_end - self->out_begin;
    left = left < SENT_AT_ONCE ? left : SENT_AT_ONCE;
    ssize_t sent =
        left > 0 ? send(self->socket, self->out + self->out_begin, left, MSG_NOSIGNAL) : 0;
    self->out_begin += sent > 0 ? (size_t)sent : 0;
    return sent > 0;
}

/* True where that moved something. */
static bool server_pump(server *self) {
    server_accept(self);
    if (self->socket < 0) {
        return false;
    }
    bool has_received = server_receive(self);
    return server_send(self) || has_received;
}

static void *server_run(void *ctx) {
    server *self = ctx;
    struct pollfd entries[2] = {{.fd = self->stop[0], .events = POLLIN}, {.events = POLLIN}};
    while (entries[0].revents == 0) {
        while (server_pump(self)) {
        }
        entries[1].fd = self->socket >= 0 ? self->socket : self->listener;
        poll(entries, 2, -1);
        if ((entries[1].revents & (POLLHUP | POLLERR)) != 0) {
            poll(entries, 1, -1); /* the client has gone */
        }
    }
    return NULL;
}

/* ---- A stream of the program's own ---- */

typedef struct own_stream {
    ferry_stream stream;
    int socket;
} own_stream;

static ferry_stream_result own_read(ferry_stream *stream, void *dst, size_t capacity,
                                    size_t *length) {
    ssize_t result = recv(((own_stream *)stream)->socket, dst, capacity, MSG_DONTWAIT);
    if (result < 0) {
        return FERRY_STREAM_AGAIN;
    }
    *length = (size_t)result;
    return result > 0 ? FERRY_STREAM_OK : FERRY_STREAM_END;
}

static ferry_stream_result own_write(ferry_stream *stream, const ferry_slice *slices, size_t count,
                                     size_t *length) {
    (void)count;
    ssize_t result = send(((own_stream *)stream)->socket, slices[0].data, slices[0].length,
                          MSG_DONTWAIT | MSG_NOSIGNAL);
    *length = result > 0 ? (size_t)result : 0;
    return result > 0 ? FERRY_STREAM_OK : FERRY_STREAM_AGAIN;
}

static bool own_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    *wait = (ferry_wait){((own_stream *)stream)->socket, events};
    return true;
}

static void own_destroy(ferry_stream *stream) {
    close(((own_stream *)stream)->socket);
}

static const ferry_stream_ops own_ops = {
    .read = own_read, .write = own_write, .wants = own_wants, .destroy = own_destroy};

/* ---- Driving ---- */

typedef enum driving { BY_LOOP, BY_WAIT, BLOCKING } driving;
static const char *const driving_names[] = {"by a loop", "by ferry_client_wait()", "blocking"};

typedef struct rig {
    driving how;
    server server;
    own_stream own;
    ferry_client *client;
    int idle; /* polls that moved nothing */
} rig;

static short poll_events(unsigned events) {
    return (short)(((events & FERRY_EVENT_READ) != 0 ? POLLIN : 0) |
                   ((events & FERRY_EVENT_WRITE) != 0 ? POLLOUT : 0));
}

/* What the client can be told to have done: bytes that left its socket, either way. */
typedef struct traces {
    ferry_status status;
    int unread;
    int arrived;
} traces;

static traces look(const rig *self, const struct pollfd *entries, size_t count) {
    traces seen = {.status = ferry_client_get_status(self->client)};
    if (count > 0) {
        ioctl(entries[0].fd, FIONREAD, &seen.unread);
    }
    if (self->server.socket >= 0) {
        ioctl(self->server.socket, FIONREAD, &seen.arrived);
    }
    return seen;
}

/* True where the client is to be polled. */
static bool must_poll(rig *self, struct pollfd *entries, size_t count, int timeout_ms) {
    if (timeout_ms == 0 || poll(entries, count, 0) > 0) {
        return true;
    }
    if (server_pump(&self->server)) {
        return false;
    }
    return CHECK(poll(entries, count, STUCK_MS) > 0); /* a look-up, or the kernel */
}

static ferry_error poll_when_due(rig *self) {
    ferry_wait waits[8];
    struct pollfd entries[8];
    size_t count = ferry_client_get_waits(self->client, waits, 8);
    int timeout_ms = ferry_client_get_wait_timeout_ms(self->client);
    CHECK(count <= 8);
    for (size_t i = 0; i < count; i++) {
        CHECK(waits[i].events != 0);
        entries[i] = (struct pollfd){(int)waits[i].descriptor, poll_events(waits[i].events), 0};
    }
    int failures = check_failures();
    if (!must_poll(self, entries, count, timeout_ms)) {
        return check_failures() > failures ? FERRY_ERROR_FAILED : FERRY_OK;
    }
    traces before = look(self, entries, count);
    ferry_error error = ferry_client_poll(self->client);
    traces after = look(self, entries, count);
    self->idle += memcmp(&before, &after, sizeof before) == 0 ? 1 : 0;
    server_pump(&self->server);
    return self->idle > MOST_IDLE ? FERRY_ERROR_FAILED : error;
}

static ferry_error go_on(rig *self) {
    switch (self->how) {
    case BY_LOOP:
        return poll_when_due(self);
    case BY_WAIT: {
        ferry_error error = ferry_client_wait(self->client, -1);
        return error != FERRY_OK ? error : ferry_client_poll(self->client);
    }
    case BLOCKING:
        break;
    }
    return ferry_client_poll(self->client);
}

static bool reaches(rig *self, ferry_status status) {
    ferry_error error = FERRY_OK;
    self->idle = 0;
    for (int i = 0;
         i < MOST_TURNS && error == FERRY_OK && ferry_client_get_status(self->client) != status;
         i++) {
        error = go_on(self);
    }
    CHECK_INT(self->idle > MOST_IDLE, false);
    CHECK_INT(error, FERRY_OK);
    return CHECK_STR(ferry_status_name(ferry_client_get_status(self->client)),
                     ferry_status_name(status));
}

static bool reads_hello(rig *self) {
    char text[16];
    size_t total = 0;
    ferry_error error = FERRY_OK;
    self->idle = 0;
    for (int i = 0; i < MOST_TURNS && error == FERRY_OK; i++) {
        size_t length = 0;
        error = ferry_client_read_response_body(self->client, text + total, sizeof text - total,
                                                &length);
        total += length;
        if (ferry_client_get_status(self->client) != FERRY_STATUS_BODY) {
            break;
        }
        if (length == 0 && error == FERRY_OK) {
            error = go_on(self);
        }
    }
    CHECK_INT(error, FERRY_OK);
    return CHECK_MEM(text, total, "hello", 5);
}

/* Two uploads, each with its answer. */
static void exchange(rig *self) {
    static const char body[BODY_BYTES];
    for (int i = 0; i < 2; i++) {
        CHECK_INT(
            ferry_client_request_raw(self->client, FERRY_METHOD_POST, "/", NULL, body, sizeof body),
            FERRY_OK);
        if (!reaches(self, FERRY_STATUS_BODY) || !reads_hello(self)) {
            return;
        }
        CHECK_INT(ferry_client_get_status(self->client), FERRY_STATUS_CONNECTED);
    }
}

/* ---- The kinds of connections ---- */

static void rig_open(rig *self, driving how, const ferry_tls_options *tls) {
    char *pem = strdup(tls->ca_pem);
    ferry_tls_options for_proxy = *tls; /* all of it is gone before it is needed */
    for_proxy.ca_pem = pem;
    ferry_client_options options = {.timeouts = {.connect_ms = CONNECT_MS},
                                    .proxy_tls = &for_proxy};
    *self = (rig){.how = how, .server = {.socket = -1, .listener = -1}};
    self->client = ferry_client_new(&options);
    memset(pem, 'x', strlen(pem));
    free(pem);
    memset(&for_proxy, 0, sizeof for_proxy);
    CHECK_INT(ferry_client_set_blocking_mode(self->client, how == BLOCKING), FERRY_OK);
}

static void rig_start(rig *self) {
    if (self->how != BY_LOOP) {
        CHECK_INT(pipe(self->server.stop), 0);
        CHECK_INT(pthread_create(&self->server.thread, NULL, server_run, &self->server), 0);
    }
}

static void rig_close(rig *self) {
    ferry_client_free(self->client);
    if (self->how != BY_LOOP) {
        CHECK_INT(write(self->server.stop[1], "x", 1), 1);
        pthread_join(self->server.thread, NULL);
        close(self->server.stop[0]);
        close(self->server.stop[1]);
    }
    if (self->server.socket >= 0) {
        close(self->server.socket);
    }
    if (self->server.listener >= 0) {
        close(self->server.listener);
    }
}

static int rig_listen(rig *self) {
    uint16_t port = 0;
    self->server.listener = net_listen(false, &port);
    fcntl(self->server.listener, F_SETFL, O_NONBLOCK);
    return port;
}

static void give_own_stream(rig *self) {
    int pair[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    self->own = (own_stream){.stream = {.ops = &own_ops}, .socket = pair[0]};
    self->server.socket = pair[1];
    fcntl(pair[1], F_SETFL, O_NONBLOCK);
    CHECK_INT(ferry_client_set_connection(self->client, &self->own.stream), FERRY_OK);
}

/* What every kind has in common: where it goes, and who is there. */
typedef struct kind {
    const char *name;
    bool is_secure; /* the origin */
    bool has_proxy;
    bool proxy_is_secure;
    bool is_own;  /* a stream of the program's own, over which TLS is started */
    bool is_name; /* that is looked up */
} kind;

static const kind kinds[] = {
    {.name = "plain"},
    {.name = "plain, by name", .is_name = true},
    {.name = "TLS", .is_secure = true},
    {.name = "TLS, by name", .is_secure = true, .is_name = true},
    {.name = "a proxy", .has_proxy = true},
    {.name = "TLS to a proxy", .has_proxy = true, .proxy_is_secure = true},
    {.name = "a tunnel", .has_proxy = true, .is_secure = true},
    {.name = "a tunnel by TLS to a proxy",
     .has_proxy = true,
     .proxy_is_secure = true,
     .is_secure = true},
    {.name = "an own stream", .is_own = true},
    {.name = "TLS over an own stream", .is_own = true, .is_secure = true},
};

static void set_proxy(rig *self, const kind *what, int port) {
    ferry_error (*set)(ferry_client *, const char *, int) =
        what->is_secure ? ferry_client_set_https_proxy : ferry_client_set_http_proxy;
    const char *host = what->proxy_is_secure ? "https://127.0.0.1" : "127.0.0.1";
    CHECK_INT(set(self->client, host, port), FERRY_OK);
}

/* Who speaks TLS at the other end of the client's socket, and where a tunnel leads. */
static void place_peers(rig *self, const kind *what, tls_peer *origin, tls_peer *proxy) {
    if (what->proxy_is_secure) {
        self->server.over = tls_peer_stream(proxy);
    } else if (what->has_proxy) {
        self->server.tunnel = tls_peer_stream(origin);
    } else if (what->is_secure) {
        self->server.over = tls_peer_stream(origin);
    }
}

static void begin_connecting(rig *self, const kind *what, const ferry_tls_options *tls) {
    const char *host = what->is_name ? "peer.example" : "127.0.0.1";
    resolver_reset();
    resolver_add("peer.example", "127.0.0.1", 0);
    if (what->is_own) {
        give_own_stream(self);
        rig_start(self);
        if (what->is_secure) {
            CHECK_INT(ferry_client_start_tls(self->client, host, tls), FERRY_OK);
        }
        return;
    }
    int port = rig_listen(self);
    rig_start(self);
    if (what->has_proxy) {
        set_proxy(self, what, port);
        port = 9; /* of an origin that only the proxy knows */
    }
    CHECK_INT(ferry_client_connect_to_host(self->client, host, port, what->is_secure ? tls : NULL),
              FERRY_OK);
}

static void drive(const kind *what, driving how, int version) {
    const ferry_tls_options tls = {.ca_pem = tls_peer_certificate()};
    rig self;
    tls_peer *origin = tls_peer_new(&(tls_peer_behaviour){.version = version, .body = BODY_BYTES});
    tls_peer *proxy = tls_peer_new(&(tls_peer_behaviour){
        .version = version,
        .body = BODY_BYTES,
        .tunnel = what->is_secure ? tls_peer_stream(origin) : NULL,
    });
    rig_open(&self, how, &tls);
    place_peers(&self, what, origin, proxy);
    begin_connecting(&self, what, &tls);
    if (reaches(&self, FERRY_STATUS_CONNECTED)) {
        exchange(&self);
    }
    rig_close(&self);
    tls_peer_free(proxy);
    tls_peer_free(origin);
}

static void drive_each(driving how) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        for (int version = 12; version <= 13; version++) {
            int before = check_failures();
            drive(&kinds[i], how, version);
            if (check_failures() > before) {
                printf("    with %s, TLS 1.%d, %s\n", kinds[i].name, version - 10,
                       driving_names[how]);
            }
        }
    }
}

static void a_loop_polls_when_it_is_told_and_never_otherwise(void) {
    drive_each(BY_LOOP);
}

static void the_wait_ends_whenever_the_client_can_go_on(void) {
    drive_each(BY_WAIT);
}

static void blocking_mode_gets_through_each_kind_of_connection(void) {
    drive_each(BLOCKING);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_loop_polls_when_it_is_told_and_never_otherwise),
        CHECK_TEST(the_wait_ends_whenever_the_client_can_go_on),
        CHECK_TEST(blocking_mode_gets_through_each_kind_of_connection),
    };
    return CHECK_RUN(tests, argc, argv);
}
