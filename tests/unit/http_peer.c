/* SPDX-License-Identifier: MIT */
/* http_peer: reads one request after another from one connection after another. */
#include "http_peer.h"

#include "net_fixture.h"
#include "request_text.h"
#if FERRY_HAVE_TLS
#include "tls_peer.h"
#endif

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TLS_HANDSHAKE_RECORD = 0x16 };

struct http_peer {
    int listener;
    pthread_t thread;
    request_text request;
};

static void say(int connection, const char *text) {
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t sent = send(connection, text, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the client has gone */
        }
        text += sent;
        length -= (size_t)sent;
    }
}

/* ---- TLS ---- */

#if FERRY_HAVE_TLS
/* False where nothing follows. */
static bool relay_to_client(int connection, ferry_stream *stream) {
    char bytes[4096];
    size_t length = 0;
    ferry_stream_result result;
    while ((result = stream->ops->read(stream, bytes, sizeof bytes, &length)) == FERRY_STREAM_OK) {
        if (send(connection, bytes, length, MSG_NOSIGNAL) != (ssize_t)length) {
            return false;
        }
    }
    return result == FERRY_STREAM_AGAIN;
}

static void serve_tls(int connection, const char *first, size_t first_length) {
    tls_peer *peer = tls_peer_new(&(tls_peer_behaviour){.awaits_body = true});
    ferry_stream *stream = tls_peer_stream(peer);
    char bytes[4096];
    ferry_slice slice = {first, first_length};
    while (slice.length > 0) {
        size_t taken = 0;
        stream->ops->write(stream, &slice, 1, &taken);
        if (!relay_to_client(connection, stream)) {
            break;
        }
        ssize_t got = recv(connection, bytes, sizeof bytes, 0);
        slice = (ferry_slice){bytes, got > 0 ? (size_t)got : 0};
    }
    stream->ops->destroy(stream);
    tls_peer_free(peer);
}
#else
static void serve_tls(int connection, const char *first, size_t first_length) {
    (void)connection;
    (void)first;
    (void)first_length;
}
#endif

/* ---- Requests ---- */

/* False once the client has ended the connection. */
static bool fill(http_peer *peer, int connection) {
    char bytes[4096];
    ssize_t got = recv(connection, bytes, sizeof bytes, 0);
    return got > 0 && request_text_add(&peer->request, bytes, (size_t)got);
}

/* Takes one request, its body too. False where the client went before it was complete. */
static bool take_request(http_peer *peer, int connection) {
    while (!request_text_take(&peer->request)) {
        if (request_text_expects_continue(&peer->request)) {
            say(connection, "HTTP/1.1 100 Continue\r\n\r\n");
        }
        if (!fill(peer, connection)) {
            return false;
        }
    }
    return true;
}

static void serve(http_peer *peer, int connection) {
    request_text *request = &peer->request;
    request->length = 0;
    request->was_told_to_continue = false;
    while (request->length > 0 || fill(peer, connection)) {
        if (request->bytes[0] == TLS_HANDSHAKE_RECORD) {
            serve_tls(connection, request->bytes, request->length);
            return;
        }
        bool is_connect = strncmp(request->bytes, "CONNECT ", 8) == 0;
        bool is_refused = strncmp(request->bytes, "CONNECT refused", 15) == 0;
        if (!take_request(peer, connection)) {
            return;
        }
        if (is_refused) {
            say(connection, "HTTP/1.1 403 Forbidden\r\nX-Why: refused\r\n\r\n");
            return;
        }
        say(connection, is_connect ? "HTTP/1.1 200 OK\r\n\r\n"
                                   : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    }
}

static void *run(void *argument) {
    http_peer *peer = argument;
    int connection;
    while ((connection = accept(peer->listener, NULL, NULL)) >= 0) {
        int on = 1; /* small pieces do not wait for each other */
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        serve(peer, connection);
        close(connection);
    }
    return NULL;
}

http_peer *http_peer_new(uint16_t *port) {
#if FERRY_HAVE_TLS
    tls_peer_certificate(); /* made before there are threads */
#endif
    http_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL) {
        return NULL;
    }
    peer->listener = net_listen(false, port);
    if (peer->listener < 0 || pthread_create(&peer->thread, NULL, run, peer) != 0) {
        free(peer);
        return NULL;
    }
    return peer;
}

void http_peer_free(http_peer *peer) {
    shutdown(peer->listener, SHUT_RDWR); /* accept() fails from now on */
    pthread_join(peer->thread, NULL);
    close(peer->listener);
    free(peer);
}
