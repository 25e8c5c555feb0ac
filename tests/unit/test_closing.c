/* SPDX-License-Identifier: MIT */
/* test_closing: what is left of a client that is closed in the middle: nothing, and at once. */
#include "check.h"
#include "ferry.h"
#include "net_fixture.h"

#include <sys/socket.h>
#include <unistd.h>

static size_t descriptors;

static ferry_client *begin(void) {
    resolver_reset();
    net_wait_for_threads();
    descriptors = net_count_descriptors();
    ferry_client *client = ferry_client_new(NULL);
    CHECK(client != NULL);
    return client;
}

static void poll_until(ferry_client *client, ferry_status status) {
    while (CHECK_INT(ferry_client_poll(client), FERRY_OK) &&
           ferry_client_get_status(client) != status) {
        CHECK_INT(ferry_client_wait(client, -1), FERRY_OK);
    }
}

/* All that it had open is closed before anything else is called. */
static void check_closed(ferry_client *client) {
    ferry_client_close(client);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_DISCONNECTED);
    CHECK_INT(net_count_descriptors(), descriptors);
}

static void closing_while_a_name_is_looked_up_cancels_at_once(void) {
    ferry_client *client = begin();
    resolver_add("slow", "127.0.0.1", 0);
    resolver_hold();
    CHECK_INT(ferry_client_connect_to_host(client, "slow", 80, NULL), FERRY_OK);
    resolver_wait_for_calls(1);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_RESOLVING);
    CHECK(net_count_descriptors() > descriptors);
    check_closed(client);
    resolver_release();
    ferry_client_free(client);
    CHECK(net_wait_for_threads());
}

static void closing_while_connecting_cancels_at_once(void) {
    net_hole hole;
    if (!CHECK(net_hole_open(&hole, false))) {
        return;
    }
    ferry_client *client = begin();
    CHECK_INT(ferry_client_connect_to_host(client, "127.0.0.1", hole.port, NULL), FERRY_OK);
    poll_until(client, FERRY_STATUS_CONNECTING);
    CHECK_INT(net_count_descriptors(), descriptors + 1);
    check_closed(client);
    ferry_client_free(client);
    net_hole_close(&hole);
}

/* The peer sees an end: nothing keeps the connection open behind the client. */
static void closing_while_connected_ends_the_connection(void) {
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    ferry_client *client = begin();
    CHECK_INT(ferry_client_connect_to_host(client, "127.0.0.1", port, NULL), FERRY_OK);
    poll_until(client, FERRY_STATUS_CONNECTED);
    int peer = accept(listener, NULL, NULL);
    char byte = 0;
    CHECK_INT(recv(peer, &byte, 1, MSG_DONTWAIT), -1);
    ferry_client_close(client);
    CHECK_INT(recv(peer, &byte, 1, 0), 0);
    close(peer);
    CHECK_INT(net_count_descriptors(), descriptors);
    ferry_client_free(client);
    close(listener);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(closing_while_a_name_is_looked_up_cancels_at_once),
        CHECK_TEST(closing_while_connecting_cancels_at_once),
        CHECK_TEST(closing_while_connected_ends_the_connection),
    };
    return CHECK_RUN(tests, argc, argv);
}
