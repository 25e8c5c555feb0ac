/* SPDX-License-Identifier: MIT */
/* session_peer: each thread reads one request after another and answers it. */
#include "session_peer.h"

#include "net_fixture.h"
#include "request_text.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct peer_connection {
    struct peer_connection *next;
    session_peer *peer;
    pthread_t thread;
    int descriptor;
    request_text request;
} peer_connection;

struct session_peer {
    int listener;
    pthread_t thread;
    pthread_mutex_t lock;
    peer_connection *connections; /* the acceptor's, until it has ended */
    size_t requests;
};

typedef struct peer_answer {
    const char *target;
    const char *text;
    bool ends;
} peer_answer;

static const peer_answer answers[] = {
    {"/hello ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", false},
    {"/close ", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello", true},
    {"/empty ", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", true},
    {"/redirect ", "HTTP/1.1 302 Found\r\nLocation: /hello\r\nContent-Length: 5\r\n\r\nthere",
     false},
    {"/again ", "HTTP/1.1 307 Again\r\nLocation: /hello\r\nContent-Length: 5\r\n\r\nthere", false},
    {"/missing ", "HTTP/1.1 404 Missing\r\nContent-Length: 2\r\n\r\nno", false},
    {"/busy ", "HTTP/1.1 503 Busy\r\nRetry-After: 0\r\nContent-Length: 2\r\n\r\nno", false},
    {"/cookie ",
     "HTTP/1.1 302 Found\r\nLocation: /hello\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
     false},
    {"/events ",
     "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9\r\n\r\ndata: a\n\n",
     false},
};

static bool say(int descriptor, const char *text, size_t length) {
    while (length > 0) {
        ssize_t sent = send(descriptor, text, length, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false; /* the client has gone */
        }
        text += sent;
        length -= (size_t)sent;
    }
    return true;
}

static bool say_text(int descriptor, const char *text) {
    return say(descriptor, text, strlen(text));
}

static bool say_big(int descriptor) {
    static const char head[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    char chunk[10000];
    memset(chunk, 'x', sizeof chunk);
    bool is_said = say_text(descriptor, head);
    for (size_t i = 0; i < SESSION_PEER_BIG / sizeof chunk && is_said; i++) {
        is_said = say_text(descriptor, "2710\r\n") && say(descriptor, chunk, sizeof chunk) &&
                  say_text(descriptor, "\r\n");
    }
    return is_said && say_text(descriptor, "0\r\n\r\n");
}

static bool say_flood(int descriptor) {
    static char piece[256 * 1024];
    char head[100];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
             SESSION_PEER_FLOOD);
    bool is_said = say_text(descriptor, head);
    for (size_t i = 0; i < SESSION_PEER_FLOOD / sizeof piece && is_said; i++) {
        is_said = say(descriptor, piece, sizeof piece);
    }
    return is_said;
}

/* What a request for /tagged asks for. */
typedef struct peer_wish {
    int from;
    bool has_condition;
} peer_wish;

static peer_wish read_wish(const char *head) {
    const char *end = strstr(head, "\r\n\r\n");
    const char *range = strstr(head, "\r\nRange: bytes=");
    const char *condition = strstr(head, "\r\nIf-None-Match:");
    bool has_range = range != NULL && range < end;
    return (peer_wish){has_range ? atoi(range + sizeof "\r\nRange: bytes=" - 1) : 0,
                       condition != NULL && condition < end};
}

static bool say_tagged(int descriptor, const peer_wish *wish) {
    char text[300];
    char piece[10000];
    if (wish->has_condition) {
        return say_text(descriptor, "HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n");
    }
    int left = SESSION_PEER_BIG - wish->from;
    snprintf(text, sizeof text,
             "HTTP/1.1 %s\r\nETag: \"v1\"\r\nContent-Length: %d\r\n"
             "Content-Range: bytes %d-%d/%d\r\n\r\n",
             wish->from > 0 ? "206 Partial Content" : "200 OK", left, wish->from,
             SESSION_PEER_BIG - 1, SESSION_PEER_BIG);
    bool is_said = say_text(descriptor, text);
    memset(piece, 'x', sizeof piece);
    for (; left > 0 && is_said; left -= (int)sizeof piece) {
        size_t length = left < (int)sizeof piece ? (size_t)left : sizeof piece;
        is_said = say(descriptor, piece, length);
    }
    return is_said;
}

/* False where the connection ends. */
static bool connection_answer(peer_connection *connection, const char *target,
                              const peer_wish *wish) {
    if (strncmp(target, "/hang ", 6) == 0) {
        return true;
    }
    pthread_mutex_lock(&connection->peer->lock);
    connection->peer->requests++;
    pthread_mutex_unlock(&connection->peer->lock);
    if (strncmp(target, "/tagged ", 8) == 0) {
        return say_tagged(connection->descriptor, wish);
    }
    if (strncmp(target, "/big ", 5) == 0) {
        return say_big(connection->descriptor);
    }
    if (strncmp(target, "/flood ", 7) == 0) {
        return say_flood(connection->descriptor);
    }
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        const peer_answer *answer = &answers[i];
        if (strncmp(target, answer->target, strlen(answer->target)) == 0) {
            return say_text(connection->descriptor, answer->text) && !answer->ends;
        }
    }
    return false;
}

static void *serve(void *argument) {
    peer_connection *connection = argument;
    char bytes[4096];
    char target[64];
    bool goes_on = true;
    while (goes_on) {
        ssize_t got = recv(connection->descriptor, bytes, sizeof bytes, 0);
        if (got <= 0 || !request_text_add(&connection->request, bytes, (size_t)got)) {
            break;
        }
        do {
            const char *space = strchr(connection->request.bytes, ' ');
            target[0] = '\0';
            strncat(target, space != NULL ? space + 1 : "", sizeof target - 1);
            const peer_wish wish = read_wish(connection->request.bytes);
            if (!request_text_take(&connection->request)) {
                break;
            }
            goes_on = connection_answer(connection, target, &wish);
        } while (goes_on && connection->request.length > 0);
    }
    shutdown(connection->descriptor, SHUT_RDWR);
    return NULL;
}

static void *accept_all(void *argument) {
    session_peer *peer = argument;
    int descriptor;
    while ((descriptor = accept(peer->listener, NULL, NULL)) >= 0) {
        int on = 1; /* small pieces do not wait for each other */
        setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        peer_connection *connection = calloc(1, sizeof *connection);
        if (connection == NULL) {
            close(descriptor);
            continue;
        }
        connection->peer = peer;
        connection->descriptor = descriptor;
        if (pthread_create(&connection->thread, NULL, serve, connection) != 0) {
            close(descriptor);
            free(connection);
            continue;
        }
        connection->next = peer->connections;
        peer->connections = connection;
    }
    return NULL;
}

session_peer *session_peer_new(uint16_t *port) {
    session_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL) {
        return NULL;
    }
    pthread_mutex_init(&peer->lock, NULL);
    peer->listener = net_listen(false, port);
    if (peer->listener < 0 || pthread_create(&peer->thread, NULL, accept_all, peer) != 0) {
        free(peer);
        return NULL;
    }
    return peer;
}

size_t session_peer_count_requests(session_peer *peer) {
    pthread_mutex_lock(&peer->lock);
    size_t count = peer->requests;
    pthread_mutex_unlock(&peer->lock);
    return count;
}

void session_peer_refuse(session_peer *peer) {
    if (peer->listener >= 0) {
        shutdown(peer->listener, SHUT_RDWR); /* accept() fails from now on */
        pthread_join(peer->thread, NULL);
        close(peer->listener);
        peer->listener = -1;
    }
}

void session_peer_free(session_peer *peer) {
    session_peer_refuse(peer);
    for (peer_connection *connection = peer->connections; connection != NULL;) {
        peer_connection *next = connection->next;
        shutdown(connection->descriptor, SHUT_RDWR);
        pthread_join(connection->thread, NULL);
        close(connection->descriptor);
        free(connection);
        connection = next;
    }
    pthread_mutex_destroy(&peer->lock);
    free(peer);
}
