/* SPDX-License-Identifier: MIT */
/* server: the ports, the threads, and the notes on what is done. */
#include "server.h"

#include "origin.h"
#include "require.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { NOTES = 1 << 18, STACK_BYTES = 512 * 1024, NARROW_BYTES = 65536 };

static struct {
    int listeners[SERVER_DOOR_COUNT];
    int ports[SERVER_DOOR_COUNT];
    pthread_t thread;
    atomic_bool is_stopping;
    atomic_size_t open;
    atomic_size_t made;
} server;

static _Atomic uint64_t notes[NOTES];
static atomic_uint attempts[NOTES];

typedef struct soak_visit {
    int descriptor;
    server_door door;
} soak_visit;

void server_note_done(uint64_t number, uint64_t seed) {
    notes[number % NOTES] = seed;
}

bool server_is_done(uint64_t number, uint64_t seed) {
    return notes[number % NOTES] == seed;
}

void server_begin_attempts(uint64_t number) {
    attempts[number % NOTES] = 0;
}

unsigned server_count_attempt(uint64_t number) {
    return ++attempts[number % NOTES];
}

int server_port(server_door door) {
    return server.ports[door];
}

bool server_is_stopping(void) {
    return server.is_stopping;
}

size_t server_connections(void) {
    return server.made;
}

static void *visit_run(void *argument) {
    soak_visit visit = *(struct soak_visit *)argument;
    free(argument);
    origin_serve(visit.descriptor, visit.door);
    server.open--;
    return NULL;
}

static void visit_start(int descriptor, server_door door) {
    pthread_attr_t attributes;
    pthread_t thread;
    soak_visit *made = require_memory(malloc(sizeof *made));
    *made = (soak_visit){descriptor, door};
    server.open++;
    server.made++;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    require(pthread_create(&thread, &attributes, visit_run, made) == 0, "thread");
    pthread_attr_destroy(&attributes);
}

static int listener_open(int *port) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof address;
    int narrow = NARROW_BYTES;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    /* Small windows: what is sent does not vanish in buffers. */
    setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &narrow, sizeof narrow);
    require(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
                listen(listener, 1024) == 0 &&
                getsockname(listener, (struct sockaddr *)&address, &length) == 0,
            "listen");
    *port = ntohs(address.sin_port);
    return listener;
}

static void listeners_accept(struct pollfd *ready) {
    for (size_t i = 0; i < SERVER_DOOR_COUNT; i++) {
        if (ready[i].revents == 0) {
            continue;
        }
        int descriptor = accept(ready[i].fd, NULL, NULL);
        int on = 1;
        if (descriptor >= 0) {
            setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            visit_start(descriptor, (server_door)i);
        }
    }
}

static void *server_run(void *argument) {
    struct pollfd ready[SERVER_DOOR_COUNT];
    (void)argument;
    for (size_t i = 0; i < SERVER_DOOR_COUNT; i++) {
        ready[i] = (struct pollfd){server.listeners[i], POLLIN, 0};
    }
    while (!server.is_stopping) {
        if (poll(ready, SERVER_DOOR_COUNT, 100) > 0) {
            listeners_accept(ready);
        }
    }
    return NULL;
}

void server_start(void) {
    for (size_t i = 0; i < SERVER_DOOR_COUNT; i++) {
        server.listeners[i] = listener_open(&server.ports[i]);
    }
    require(pthread_create(&server.thread, NULL, server_run, NULL) == 0, "thread");
}

static void pause_ms(long ms) {
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

size_t server_stop(int timeout_ms) {
    for (int waited = 0; waited < timeout_ms && server.open > 0; waited += 20) {
        pause_ms(20);
    }
    size_t left = server.open;
    server.is_stopping = true;
    pthread_join(server.thread, NULL);
    for (int waited = 0; waited < 5000 && server.open > 0; waited += 20) {
        pause_ms(20);
    }
    for (size_t i = 0; i < SERVER_DOOR_COUNT; i++) {
        close(server.listeners[i]);
    }
    return left;
}
