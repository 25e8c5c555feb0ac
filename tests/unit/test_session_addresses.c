/* SPDX-License-Identifier: MIT */
/* test_session_addresses: how often a session looks a name up, and where it connects then. */
#include "ferry_session.h"

#include "check.h"
#include "net_fixture.h"

#include <netdb.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 16 };

/* A server that answers one request on each connection. */
typedef struct plain_server {
    int listener;
    uint16_t port;
    pthread_t thread;
    int count; /* of connections */
} plain_server;

static void *server_run(void *argument) {
    static const char answer[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    plain_server *server = argument;
    char head[4096];
    for (;;) {
        int connection = accept(server->listener, NULL, NULL);
        if (connection < 0) {
            return NULL;
        }
        if (recv(connection, head, sizeof head, 0) > 0) {
            ssize_t sent = send(connection, answer, sizeof answer - 1, MSG_NOSIGNAL);
            (void)sent;
        }
        close(connection);
        server->count++;
    }
}

static bool server_begin(plain_server *server) {
    *server = (plain_server){.count = 0};
    server->listener = net_listen(false, &server->port);
    return server->listener >= 0 && pthread_create(&server->thread, NULL, server_run, server) == 0;
}

static void server_end(plain_server *server) {
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}

static void url_of(char url[64], const plain_server *server) {
    snprintf(url, 64, "http://host.example:%d/", server->port);
}

static void get_all(ferry_session *session, const char *url, int count, ferry_error expected) {
    const ferry_session_request request = {.url = url, .max_retries = -1};
    ferry_transfer *transfers[MAX_CONNECTIONS];
    resolver_hold(); /* until all wait for it */
    for (int i = 0; i < count; i++) {
        transfers[i] = ferry_session_start(session, &request);
    }
    resolver_release();
    for (int i = 0; i < count; i++) {
        CHECK_INT(ferry_transfer_wait(transfers[i], 20000), expected);
        CHECK(ferry_transfer_is_done(transfers[i]));
        ferry_transfer_free(transfers[i]);
    }
}

static void connections_of_one_origin_share_a_look_up(void) {
    plain_server server;
    char url[64];
    resolver_reset();
    CHECK(server_begin(&server));
    resolver_add("host.example", "127.0.0.1", 0);
    url_of(url, &server);
    ferry_session *session = ferry_session_new(NULL);
    get_all(session, url, 6, FERRY_OK);
    CHECK_INT(resolver_count_calls(), 1);
    ferry_session_free(session);
    server_end(&server);
    CHECK_INT(server.count, 6);
    CHECK(net_wait_for_threads());
}

static void failed_look_up_fails_all_that_wait_for_it(void) {
    resolver_reset();
    resolver_fail(EAI_NONAME, 0);
    ferry_session *session = ferry_session_new(NULL);
    get_all(session, "http://host.example/", 6, FERRY_ERROR_CANT_RESOLVE);
    CHECK_INT(resolver_count_calls(), 1);
    ferry_session_free(session);
    CHECK(net_wait_for_threads());
}

/* Each answer ends its connection, so that the origin has none in between. */
static void address_is_known_also_without_connections(void) {
    plain_server server;
    char url[64];
    resolver_reset();
    CHECK(server_begin(&server));
    resolver_add("host.example", "127.0.0.1", 0);
    url_of(url, &server);
    ferry_session *session = ferry_session_new(NULL);
    for (int i = 0; i < 3; i++) {
        get_all(session, url, 1, FERRY_OK);
    }
    CHECK_INT(resolver_count_calls(), 1);
    ferry_session_free(session);
    server_end(&server);
    CHECK_INT(server.count, 3);
    CHECK(net_wait_for_threads());
}

static void change_of_the_network_is_a_reason_to_look_up_again(void) {
    plain_server server;
    char url[64];
    resolver_reset();
    CHECK(server_begin(&server));
    resolver_add("host.example", "127.0.0.1", 0);
    url_of(url, &server);
    ferry_session *session = ferry_session_new(NULL);
    get_all(session, url, 1, FERRY_OK);
    ferry_session_network_changed(session);
    get_all(session, url, 1, FERRY_OK);
    CHECK_INT(resolver_count_calls(), 2);
    ferry_session_free(session);
    server_end(&server);
    CHECK(net_wait_for_threads());
}

static void address_that_refuses_is_looked_up_again(void) {
    plain_server server;
    char url[64];
    resolver_reset();
    CHECK(server_begin(&server));
    resolver_add("host.example", "127.0.0.1", 0);
    url_of(url, &server);
    ferry_session *session = ferry_session_new(NULL);
    get_all(session, url, 1, FERRY_OK);
    server_end(&server);
    get_all(session, url, 1, FERRY_ERROR_CANT_CONNECT);
    CHECK_INT(resolver_count_calls(), 2);
    get_all(session, url, 1, FERRY_ERROR_CANT_CONNECT);
    CHECK_INT(resolver_count_calls(), 3);
    ferry_session_free(session);
    CHECK(net_wait_for_threads());
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(connections_of_one_origin_share_a_look_up),
        CHECK_TEST(address_is_known_also_without_connections),
        CHECK_TEST(change_of_the_network_is_a_reason_to_look_up_again),
        CHECK_TEST(address_that_refuses_is_looked_up_again),
        CHECK_TEST(failed_look_up_fails_all_that_wait_for_it),
    };
    return CHECK_RUN(tests, argc, argv);
}
