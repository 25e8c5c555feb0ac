/* SPDX-License-Identifier: MIT */
/* bench_bare: the floor that an HTTP client is measured against: a prepared request, recv() until
 * the body is complete, and no more parsing than that takes. */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CHUNKED = -1 };

typedef struct connection {
    int socket;
    size_t filled;
    char buffer[BENCH_SMALL_BUFFER + 1]; /* room for the NUL that ends the text */
} connection;

typedef struct message {
    char text[256];
    size_t length;
} message;

static int socket_open(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        bench_fail("cannot connect to port %d: %s", port, strerror(errno));
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static message message_prepare(const bench *run) {
    message request;
    request.length = (size_t)snprintf(request.text, sizeof request.text,
                                      "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: %s\r\n"
                                      "Accept: */*\r\n\r\n",
                                      run->path, run->port, BENCH_USER_AGENT);
    return request;
}

static void message_send(const message *request, int fd) {
    if (send(fd, request->text, request->length, MSG_NOSIGNAL) != (ssize_t)request->length) {
        bench_fail("send: %s", strerror(errno));
    }
}

static size_t receive(int fd, char *dst, size_t capacity) {
    ssize_t length = recv(fd, dst, capacity, 0);
    if (length <= 0) {
        bench_fail("recv: %s", length == 0 ? "the server has closed" : strerror(errno));
    }
    return (size_t)length;
}

/* The length of the head, or 0 while it is not complete. */
static size_t head_parse(const char *text, int64_t *body_length) {
    const char *end = strstr(text, "\r\n\r\n");
    if (end == NULL) {
        return 0;
    }
    if (strncmp(text, "HTTP/1.1 200", 12) != 0) {
        bench_fail("the response is not 200");
    }
    const char *field = strstr(text, "\r\nContent-Length: ");
    if (field != NULL && field < end) {
        *body_length = strtoll(field + 18, NULL, 10);
    } else if ((field = strstr(text, "\r\nTransfer-Encoding: chunked")) != NULL && field < end) {
        *body_length = CHUNKED;
    } else {
        bench_fail("the response has neither a length nor chunks");
    }
    return (size_t)(end - text) + 4;
}

static bool chunks_are_complete(const char *text, const char *limit, int64_t *bytes) {
    *bytes = 0;
    for (;;) {
        char *end = NULL;
        unsigned long size = strtoul(text, &end, 16);
        if (end == text || end[0] != '\r' || end[1] != '\n') {
            return false;
        }
        text = end + 2;
        if (size == 0) {
            return limit - text >= 2;
        }
        if ((size_t)(limit - text) < size + 2) {
            return false;
        }
        *bytes += (int64_t)size;
        text += size + 2;
    }
}

/* Reads once; true when the response is complete. */
static bool connection_read(connection *link, int64_t *bytes) {
    int64_t body_length = 0;
    link->filled +=
        receive(link->socket, link->buffer + link->filled, BENCH_SMALL_BUFFER - link->filled);
    link->buffer[link->filled] = '\0';
    size_t head = head_parse(link->buffer, &body_length);
    if (head == 0) {
        return false;
    }
    if (body_length == CHUNKED) {
        return chunks_are_complete(link->buffer + head, link->buffer + link->filled, bytes);
    }
    *bytes = body_length;
    return link->filled - head >= (size_t)body_length;
}

static void small_get(bench *run, const message *request, connection *link) {
    int64_t bytes = 0;
    message_send(request, link->socket);
    link->filled = 0;
    while (!connection_read(link, &bytes)) {
    }
    bench_check_small(200, bytes);
    run->bytes += bytes;
}

static void run_small(bench *run) {
    message request = message_prepare(run);
    connection *link = bench_alloc(sizeof *link);
    link->socket = socket_open(run->port);
    for (int i = 0; i < BENCH_WARM_UP; i++) {
        small_get(run, &request, link);
    }
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        small_get(run, &request, link);
    }
    bench_stop(run);
    close(link->socket);
    free(link);
}

static void run_big(bench *run) {
    message request = message_prepare(run);
    char *buffer = bench_alloc(BENCH_BIG_BUFFER + 1);
    int fd = socket_open(run->port);
    bench_start(run);
    for (long i = 0; i < run->n; i++) {
        int64_t body_length = 0;
        size_t filled = 0;
        size_t head = 0;
        message_send(&request, fd);
        while (head == 0) {
            filled += receive(fd, buffer + filled, BENCH_BIG_BUFFER - filled);
            buffer[filled] = '\0';
            head = head_parse(buffer, &body_length);
        }
        int64_t received = (int64_t)(filled - head);
        while (received < body_length) {
            received += (int64_t)receive(fd, buffer, BENCH_BIG_BUFFER);
        }
        run->bytes += received;
    }
    bench_stop(run);
    close(fd);
    free(buffer);
}

/* `total` requests, spread over the connections as they come free. */
static void many_get(bench *run, const message *request, connection *links, long total) {
    struct pollfd waits[BENCH_CLIENTS];
    long started = 0;
    long ended = 0;
    for (int i = 0; i < BENCH_CLIENTS; i++) {
        waits[i] = (struct pollfd){.fd = -1, .events = POLLIN};
        if (started < total) {
            waits[i].fd = links[i].socket;
            links[i].filled = 0;
            message_send(request, links[i].socket);
            started++;
        }
    }
    while (ended < total) {
        if (poll(waits, BENCH_CLIENTS, -1) < 0) {
            bench_fail("poll: %s", strerror(errno));
        }
        for (int i = 0; i < BENCH_CLIENTS; i++) {
            int64_t bytes = 0;
            if (waits[i].revents == 0 || !connection_read(&links[i], &bytes)) {
                continue;
            }
            bench_check_small(200, bytes);
            run->bytes += bytes;
            ended++;
            links[i].filled = 0;
            if (started < total) {
                message_send(request, links[i].socket);
                started++;
            } else {
                waits[i].fd = -1;
            }
        }
    }
}

static void run_many(bench *run) {
    message request = message_prepare(run);
    connection *links = bench_alloc(BENCH_CLIENTS * sizeof *links);
    for (int i = 0; i < BENCH_CLIENTS; i++) {
        links[i].socket = socket_open(run->port);
    }
    many_get(run, &request, links, BENCH_CLIENTS);
    bench_start(run);
    many_get(run, &request, links, run->n);
    bench_stop(run);
    for (int i = 0; i < BENCH_CLIENTS; i++) {
        close(links[i].socket);
    }
    free(links);
}

int main(int argc, char **argv) {
    bench run = bench_parse(argc, argv);
    if (bench_is(&run, "get1k") || bench_is(&run, "chunked1k")) {
        run_small(&run);
    } else if (bench_is(&run, "big")) {
        run_big(&run);
    } else if (bench_is(&run, "many64")) {
        run_many(&run);
    } else {
        bench_fail_mode(&run);
    }
    bench_report_begin(&run);
    bench_report_end();
    return 0;
}
