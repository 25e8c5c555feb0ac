/* SPDX-License-Identifier: MIT */
/* test_dialer_names: hosts that are addresses, and hosts that are looked up. */
#include "check.h"
#include "dialer_rig.h"
#include "net_fixture.h"
#include "platform.h"
#include "system_faults.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

static void a_literal_is_resolving_until_the_next_step(void) {
    dialer_begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    CHECK_INT(dialer_start("127.0.0.1", port), FERRY_OK);
    ferry_wait wait;
    int64_t deadline_ms = 0;
    CHECK_INT(dialer_get_waits(&wait, 1, &deadline_ms), 0);
    CHECK_INT(deadline_ms, 0);
    CHECK_INT(dialer_step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    CHECK_INT(dialer_get_waits(&wait, 1, &deadline_ms), 1);
    CHECK_INT(wait.events, FERRY_EVENT_WRITE);
    CHECK_INT(deadline_ms, INT64_MAX); /* there is no other address to go on to */
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
    dialer_check_log("trying 127.0.0.1:P\nconnected to 127.0.0.1:P\n", port);
    CHECK_INT(resolver_count_calls(), 0);
    dialer_check_stream(listener);
    close(listener);
    dialer_end();
}

static void ipv6_literals_need_no_look_up_either(void) {
    dialer_begin();
    uint16_t port = 0;
    int listener = net_listen(true, &port);
    if (listener >= 0) {
        CHECK_INT(dialer_start("::1", port), FERRY_OK);
        CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
        dialer_check_log("trying [::1]:P\nconnected to [::1]:P\n", port);
        dialer_check_stream(listener);
        close(listener);
    }
    CHECK_INT(resolver_count_calls(), 0);
    dialer_end();
}

/* Whether such an address can be connected to is the machine's matter. */
static void a_literal_with_a_zone_is_tried_as_it_is(void) {
    dialer_begin();
    CHECK_INT(dialer_start("fe80::1%2147483647", 80), FERRY_OK);
    CHECK_INT(dialer_step(), FERRY_OK);
    CHECK_CONTAINS(rig.log, "trying [fe80::1%2147483647]:80\n");
    CHECK_INT(resolver_count_calls(), 0);
    dialer_end();
}

static void a_name_is_looked_up_without_blocking(void) {
    dialer_begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_add("play.example.net", "127.0.0.1", 0);
    resolver_hold();
    CHECK_INT(dialer_start("play.example.net", port), FERRY_OK);
    resolver_wait_for_calls(1);
    CHECK_INT(dialer_step(), FERRY_OK);
    CHECK_INT(dialer_step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    ferry_wait wait;
    int64_t deadline_ms = 0;
    bool ready = true;
    CHECK_INT(dialer_get_waits(NULL, 0, &deadline_ms), 1);
    CHECK_INT(dialer_get_waits(&wait, 1, &deadline_ms), 1);
    CHECK_INT(wait.events, FERRY_EVENT_READ);
    CHECK_INT(deadline_ms, INT64_MAX);
    CHECK_INT(ferry_platform_wait(&wait, 1, 0, NULL, &ready), FERRY_OK);
    CHECK(!ready);
    resolver_release();
    CHECK_INT(dialer_run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    CHECK_CONTAINS(rig.log, "trying 127.0.0.1:"); /* in this very step */
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
    dialer_check_stream(listener);
    close(listener);
    dialer_end();
}

static void the_host_is_copied(void) {
    dialer_begin();
    char host[] = "nosuch.example";
    resolver_fail(EAI_NONAME, 0);
    CHECK_INT(dialer_start(host, 80), FERRY_OK);
    memset(host, 'x', sizeof host - 1);
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_ERROR_CANT_RESOLVE);
    CHECK_STR(rig.context.detail, "cannot resolve \"nosuch.example\": no such host");
    CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    dialer_end();
}

static void without_a_thread_the_first_step_says_why(void) {
    if (!system_faults_work()) {
        return;
    }
    dialer_begin();
    system_faults_set_thread_error(EAGAIN);
    CHECK_INT(dialer_start("play.example.net", 80), FERRY_OK);
    CHECK_INT(dialer_wait_and_step(), FERRY_ERROR_CANT_RESOLVE);
    CHECK_STR(rig.context.detail,
              "cannot resolve \"play.example.net\": the system has no thread for it");
    CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    dialer_end();
}

static void a_name_waits_for_its_turn_where_many_are_looked_up(void) {
    dialer_begin();
    ferry_lookup *others[MOST_THREADS];
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_add("play.example.net", "127.0.0.1", 0);
    resolver_hold();
    for (int i = 0; i < MOST_THREADS; i++) {
        CHECK_INT(ferry_lookup_start(&rig.context, "slow", 80, &others[i]), FERRY_OK);
    }
    CHECK_INT(dialer_start("play.example.net", port), FERRY_OK);
    CHECK_INT(dialer_step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    resolver_release();
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
    dialer_check_stream(listener);
    close(listener);
    for (int i = 0; i < MOST_THREADS; i++) {
        ferry_lookup_free(others[i]);
    }
    dialer_end();
}

/* There is nothing to wait on then: it asks to be stepped again before long. */
static void a_name_waits_for_descriptors_that_others_give_back(void) {
    dialer_begin();
    ferry_lookup *other = NULL;
    ferry_wait wait;
    int64_t deadline_ms = 0;
    resolver_add("play.example.net", "192.0.2.1", 0);
    resolver_hold();
    CHECK_INT(ferry_lookup_start(&rig.context, "slow", 80, &other), FERRY_OK);
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max});
    CHECK_INT(dialer_start("play.example.net", 80), FERRY_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(dialer_get_waits(&wait, 1, &deadline_ms), 0);
        CHECK_INT(deadline_ms, rig.now_ms + 10);
        rig.now_ms += 10;
        CHECK_INT(dialer_step(), FERRY_OK);
        CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    }
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK_INT(dialer_step(), FERRY_OK);
    CHECK_INT(dialer_get_waits(&wait, 1, &deadline_ms), 1);
    CHECK_INT(deadline_ms, INT64_MAX);
    resolver_release();
    CHECK_INT(dialer_run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    rig.connector->ops->cancel(rig.connector);
    ferry_lookup_free(other);
    dialer_end();
}

static bool child_connects(void *argument) {
    const uint16_t *port = argument;
    int64_t deadline_ms = 0;
    bool holds = CHECK_INT(dialer_get_waits(NULL, 0, &deadline_ms), 0) && CHECK_INT(deadline_ms, 0);
    holds &= CHECK_INT(dialer_step(), FERRY_ERROR_CANT_CONNECT);
    holds &= CHECK_STR(rig.context.detail,
                       "cannot connect to 127.0.0.1: connecting was begun before fork()");
    holds &= CHECK_INT(dialer_start("127.0.0.1", *port), FERRY_OK);
    holds &= CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
    if (holds) {
        rig.stream->ops->destroy(rig.stream);
        rig.stream = NULL;
    }
    return holds;
}

static void a_child_leaves_its_parents_attempt_alone_and_makes_its_own(void) {
    dialer_begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    CHECK_INT(dialer_start("127.0.0.1", port), FERRY_OK);
    CHECK_INT(dialer_step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    CHECK(system_run_in_child(child_connects, &port));
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
    dialer_check_stream(listener);
    close(listener);
    dialer_end();
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_literal_is_resolving_until_the_next_step),
        CHECK_TEST(ipv6_literals_need_no_look_up_either),
        CHECK_TEST(a_literal_with_a_zone_is_tried_as_it_is),
        CHECK_TEST(a_name_is_looked_up_without_blocking),
        CHECK_TEST(the_host_is_copied),
        CHECK_TEST(without_a_thread_the_first_step_says_why),
        CHECK_TEST(a_name_waits_for_its_turn_where_many_are_looked_up),
        CHECK_TEST(a_name_waits_for_descriptors_that_others_give_back),
        CHECK_TEST(a_child_leaves_its_parents_attempt_alone_and_makes_its_own),
    };
    return CHECK_RUN(tests, argc, argv);
}
