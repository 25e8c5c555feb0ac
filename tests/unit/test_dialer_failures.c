/* SPDX-License-Identifier: MIT */
/* test_dialer_failures: what is said when no address can be connected to, or there is no memory. */
#include "check.h"
#include "dialer_rig.h"
#include "net_fixture.h"

#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void a_refused_connection_names_host_port_and_reason(void) {
    dialer_begin();
    uint16_t port = 0;
    int holder = net_refuse(false, &port);
    resolver_add("play.example.net", "127.0.0.1", 0);
    CHECK_INT(dialer_start("play.example.net", port), FERRY_OK);
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_ERROR_CANT_CONNECT);
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    char detail[FERRY_DETAIL_SIZE];
    snprintf(detail, sizeof detail,
             "cannot connect to play.example.net port %u: 127.0.0.1:%u: connection refused",
             (unsigned)port, (unsigned)port);
    CHECK_STR(rig.context.detail, detail);
    dialer_check_log("trying 127.0.0.1:P\n127.0.0.1:P: connection refused\n", port);
    close(holder);
    dialer_end();
}

static void when_all_fail_their_number_is_told_and_the_first_reason(void) {
    dialer_begin();
    uint16_t port = 0;
    int holder = net_refuse(false, &port);
    resolver_add("two", "127.0.0.1", port);
    resolver_add("two", "255.255.255.255", 0);
    CHECK_INT(dialer_start("two", 80), FERRY_OK);
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_ERROR_CANT_CONNECT);
    char detail[FERRY_DETAIL_SIZE];
    snprintf(detail, sizeof detail,
             "cannot connect to two port 80 (2 addresses): 127.0.0.1:%u: connection refused",
             (unsigned)port);
    CHECK_STR(rig.context.detail, detail);
    close(holder);
    dialer_end();
}

/* The link passes through CONNECTING even so: no step makes two changes. */
static void addresses_that_fail_at_once_fail_in_the_step_after(void) {
    dialer_begin();
    CHECK_INT(dialer_start("255.255.255.255", 80), FERRY_OK);
    CHECK_INT(dialer_step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    ferry_wait wait;
    int64_t deadline_ms = 1;
    CHECK_INT(dialer_get_waits(&wait, 1, &deadline_ms), 0);
    CHECK_INT(deadline_ms, 0);
    CHECK_INT(dialer_step(), FERRY_ERROR_CANT_CONNECT);
    CHECK_CONTAINS(rig.context.detail, "cannot connect to 255.255.255.255 port 80: ");
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    dialer_end();
}

static void after_a_failure_it_can_start_again(void) {
    dialer_begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_fail(EAI_AGAIN, 0);
    CHECK_INT(dialer_start("play.example.net", port), FERRY_OK);
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_ERROR_CANT_RESOLVE);
    CHECK_INT(dialer_start("127.0.0.1", port), FERRY_OK);
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
    dialer_check_stream(listener);
    close(listener);
    dialer_end();
}

/* Returns the error that the n-th allocation's failure ends in. */
static ferry_error connect_with_failing_allocation(const char *host, unsigned fail_at) {
    uint16_t port = 0;
    ferry_error error = dialer_begin_failing_at(fail_at);
    int listener = net_listen(false, &port);
    resolver_add("play.example.net", "127.0.0.1", 0);
    if (error == FERRY_OK) {
        error = dialer_start(host, port);
    }
    if (error == FERRY_OK) {
        error = dialer_run_until(FERRY_LINK_OPEN);
    }
    CHECK((error == FERRY_OK) == (rig.stream != NULL));
    close(listener);
    dialer_end();
    return error;
}

static void every_allocation_may_fail(void) {
    static const char *const hosts[] = {"127.0.0.1", "play.example.net"};
    for (size_t i = 0; i < 2; i++) {
        unsigned n = 1;
        while (connect_with_failing_allocation(hosts[i], n) != FERRY_OK) {
            CHECK_STR(rig.context.detail, "out of memory");
            n++;
        }
        CHECK(n > 3); /* the dialer, the dialling, the stream */
        CHECK(rig.memory.calls < n);
    }
}

static void a_look_up_without_memory_is_out_of_memory(void) {
    dialer_begin();
    resolver_fail(EAI_MEMORY, 0);
    CHECK_INT(dialer_start("play.example.net", 80), FERRY_OK);
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_ERROR_OUT_OF_MEMORY);
    CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    dialer_end();
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_refused_connection_names_host_port_and_reason),
        CHECK_TEST(when_all_fail_their_number_is_told_and_the_first_reason),
        CHECK_TEST(addresses_that_fail_at_once_fail_in_the_step_after),
        CHECK_TEST(after_a_failure_it_can_start_again),
        CHECK_TEST(every_allocation_may_fail),
        CHECK_TEST(a_look_up_without_memory_is_out_of_memory),
    };
    return CHECK_RUN(tests, argc, argv);
}
