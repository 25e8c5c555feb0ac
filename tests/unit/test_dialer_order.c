/* SPDX-License-Identifier: MIT */
/* test_dialer_order: in which order addresses are tried, when the next one is, and who wins.
 * The time is the test's own. */
#include "check.h"
#include "dialer_rig.h"
#include "net_fixture.h"
#include "platform.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void what_is_learned_is_told_while_it_connects(void) {
    static const bool families[] = {false, true};
    for (size_t i = 0; i < 2; i++) {
        dialer_begin();
        ferry_link_facts facts = {.stage = FERRY_LINK_STAGE_NONE};
        uint16_t port = 0;
        int listener = net_listen(families[i], &port);
        rig.facts = &facts;
        if (listener >= 0) {
            char expected[64];
            snprintf(expected, sizeof expected, families[i] ? "[::1]:%u" : "127.0.0.1:%u",
                     (unsigned)port);
            resolver_add("play.example.net", net_loopback(families[i]), 0);
            CHECK_INT(dialer_start("play.example.net", port), FERRY_OK);
            CHECK_INT(facts.stage, FERRY_LINK_STAGE_NONE);
            CHECK_INT(dialer_run_until(FERRY_LINK_CONNECTING), FERRY_OK);
            CHECK_INT(facts.stage, FERRY_LINK_STAGE_RESOLVED);
            CHECK_STR(facts.peer, "");
            CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
            CHECK_INT(facts.stage, FERRY_LINK_STAGE_CONNECTED);
            CHECK_STR(facts.peer, expected);
            close(listener);
        }
        dialer_end();
    }
}

static void check_order(const char *const *literals, const char *expected) {
    dialer_begin();
    for (size_t i = 0; literals[i] != NULL; i++) {
        resolver_add("many", literals[i], 0);
    }
    CHECK_INT(dialer_start("many", 80), FERRY_OK);
    ferry_error error = dialer_run_until(FERRY_LINK_CONNECTING);
    for (int i = 0; error == FERRY_OK && i < FERRY_MAX_ADDRESSES; i++) {
        rig.now_ms += DELAY_MS; /* some systems let such an attempt hang */
        error = dialer_step();
    }
    CHECK(rig.stream == NULL);
    rig.connector->ops->cancel(rig.connector);
    char order[LOG_SIZE] = "";
    size_t used = 0;
    for (const char *line = rig.log; line != NULL && *line != '\0';) {
        const char *next = strchr(line, '\n');
        if (strncmp(line, "trying ", 7) == 0) {
            int length = (int)(next - line) - 7;
            used += (size_t)snprintf(order + used, sizeof order - used, "%.*s ", length, line + 7);
        }
        line = next + 1;
    }
    CHECK_STR(order, expected);
    dialer_end();
}

/* Nobody connects to a multicast group or to the broadcast address. */
static void families_take_turns(void) {
    static const char *const addresses[] = {
        "ff02::1", "ff02::2", "ff02::3", "255.255.255.255", "224.0.0.1", NULL,
    };
    check_order(addresses, "[ff02::1]:80 255.255.255.255:80 [ff02::2]:80 224.0.0.1:80 "
                           "[ff02::3]:80 ");
}

static void the_family_of_the_first_address_begins(void) {
    static const char *const addresses[] = {
        "255.255.255.255", "ff02::1", "ff02::2", "224.0.0.1", "ff02::3", "ff02::4", NULL,
    };
    check_order(addresses, "255.255.255.255:80 [ff02::1]:80 224.0.0.1:80 [ff02::2]:80 "
                           "[ff02::3]:80 [ff02::4]:80 ");
}

static void one_family_alone_keeps_its_order(void) {
    static const char *const addresses[] = {"ff02::3", "ff02::1", "ff02::2", NULL};
    check_order(addresses, "[ff02::3]:80 [ff02::1]:80 [ff02::2]:80 ");
}

static void after_a_refusal_the_next_begins_at_once(void) {
    dialer_begin();
    uint16_t refused = 0;
    uint16_t port = 0;
    int holder = net_refuse(false, &refused);
    int listener = net_listen(false, &port);
    resolver_add("two", "127.0.0.1", refused);
    resolver_add("two", "127.0.0.1", port);
    CHECK_INT(dialer_start("two", 80), FERRY_OK);
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK); /* the time stands still */
    char expected[256];
    snprintf(expected, sizeof expected,
             "trying 127.0.0.1:%u\n127.0.0.1:%u: connection refused\n"
             "trying 127.0.0.1:%u\nconnected to 127.0.0.1:%u\n",
             (unsigned)refused, (unsigned)refused, (unsigned)port, (unsigned)port);
    CHECK_STR(rig.log, expected);
    dialer_check_stream(listener);
    close(holder);
    close(listener);
    dialer_end();
}

static void after_250_ms_without_an_answer_the_next_begins(void) {
    dialer_begin();
    net_hole hole;
    if (!CHECK(net_hole_open(&hole, false))) {
        return;
    }
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_add("two", "127.0.0.1", hole.port);
    resolver_add("two", "127.0.0.1", port);
    CHECK_INT(dialer_start("two", 80), FERRY_OK);
    rig.now_ms += 5000; /* the look-up's time does not count */
    CHECK_INT(dialer_run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    int64_t deadline_ms = 0;
    ferry_wait waits[2];
    CHECK_INT(dialer_get_waits(waits, 2, &deadline_ms), 1);
    CHECK_INT(deadline_ms, rig.now_ms + DELAY_MS);
    rig.now_ms += DELAY_MS - 1;
    CHECK_INT(dialer_step(), FERRY_OK);
    dialer_check_log("trying 127.0.0.1:P\n", hole.port);
    rig.now_ms += 1;
    CHECK_INT(dialer_step(), FERRY_OK);
    CHECK_INT(dialer_get_waits(waits, 2, &deadline_ms), 2);
    CHECK(waits[0].descriptor != waits[1].descriptor);
    CHECK_INT(deadline_ms, INT64_MAX);
    CHECK_INT(dialer_get_waits(waits, 1, &deadline_ms),
              2);                  /* how many there are, not how many fit */
    CHECK(net_wait_for_threads()); /* the look-up's descriptors are gone */
    size_t with_both = net_count_descriptors();
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
    CHECK_INT(net_count_descriptors(), with_both - 1); /* the one that hangs is closed */
    char expected[64];
    snprintf(expected, sizeof expected, "connected to 127.0.0.1:%u\n", (unsigned)port);
    CHECK_CONTAINS(rig.log, expected);
    dialer_check_stream(listener);
    close(listener);
    net_hole_close(&hole);
    dialer_end();
}

static void a_late_step_begins_one_attempt_and_not_several(void) {
    dialer_begin();
    net_hole holes[3];
    for (size_t i = 0; i < 3; i++) {
        if (!CHECK(net_hole_open(&holes[i], false))) {
            return;
        }
        resolver_add("three", "127.0.0.1", holes[i].port);
    }
    CHECK_INT(dialer_start("three", 80), FERRY_OK);
    CHECK_INT(dialer_run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    rig.now_ms += 60000;
    CHECK_INT(dialer_step(), FERRY_OK);
    int64_t deadline_ms = 0;
    CHECK_INT(dialer_get_waits(NULL, 0, &deadline_ms), 2);
    CHECK_INT(deadline_ms, rig.now_ms + DELAY_MS);
    for (size_t i = 0; i < 3; i++) {
        net_hole_close(&holes[i]);
    }
    rig.connector->ops->cancel(rig.connector);
    dialer_end();
}

static void an_answer_that_came_is_taken_before_another_attempt_begins(void) {
    dialer_begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_add("two", "127.0.0.1", port);
    resolver_add("two", "255.255.255.255", 0);
    CHECK_INT(dialer_start("two", 80), FERRY_OK);
    CHECK_INT(dialer_run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    ferry_wait wait;
    int64_t deadline_ms = 0;
    bool ready = false;
    CHECK_INT(dialer_get_waits(&wait, 1, &deadline_ms), 1);
    CHECK_INT(ferry_platform_wait(&wait, 1, -1, NULL, &ready), FERRY_OK);
    rig.now_ms += 10 * DELAY_MS;
    CHECK_INT(dialer_step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_OPEN);
    dialer_check_log("trying 127.0.0.1:P\nconnected to 127.0.0.1:P\n", port);
    close(listener);
    dialer_end();
}

/* The queue has room again, and the kernel repeats what it sent a second ago. */
static void an_earlier_attempt_may_still_win(void) {
    dialer_begin();
    net_hole slow;
    net_hole hole;
    if (!CHECK(net_hole_open(&slow, false)) || !CHECK(net_hole_open(&hole, false))) {
        return;
    }
    resolver_add("two", "127.0.0.1", slow.port);
    resolver_add("two", "127.0.0.1", hole.port);
    CHECK_INT(dialer_start("two", 80), FERRY_OK);
    CHECK_INT(dialer_run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    rig.now_ms += DELAY_MS;
    CHECK_INT(dialer_step(), FERRY_OK);
    int64_t deadline_ms = 0;
    CHECK_INT(dialer_get_waits(NULL, 0, &deadline_ms), 2);
    listen(slow.listener, 16);
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
    char expected[64];
    snprintf(expected, sizeof expected, "connected to 127.0.0.1:%u\n", (unsigned)slow.port);
    CHECK_CONTAINS(rig.log, expected);
    net_hole_close(&slow);
    net_hole_close(&hole);
    dialer_end();
}

static void stepping_while_nothing_happens_allocates_nothing(void) {
    dialer_begin();
    net_hole hole;
    if (!CHECK(net_hole_open(&hole, false))) {
        return;
    }
    resolver_add("slow", "127.0.0.1", hole.port);
    resolver_hold();
    CHECK_INT(dialer_start("slow", 80), FERRY_OK);
    size_t allocations = rig.memory.calls;
    for (int i = 0; i < 10; i++) {
        CHECK_INT(dialer_step(), FERRY_OK);
    }
    resolver_release();
    CHECK_INT(dialer_run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(dialer_step(), FERRY_OK);
    }
    CHECK_INT(rig.memory.calls, allocations);
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    net_hole_close(&hole);
    rig.connector->ops->cancel(rig.connector);
    dialer_end();
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(what_is_learned_is_told_while_it_connects),
        CHECK_TEST(families_take_turns),
        CHECK_TEST(the_family_of_the_first_address_begins),
        CHECK_TEST(one_family_alone_keeps_its_order),
        CHECK_TEST(after_a_refusal_the_next_begins_at_once),
        CHECK_TEST(after_250_ms_without_an_answer_the_next_begins),
        CHECK_TEST(a_late_step_begins_one_attempt_and_not_several),
        CHECK_TEST(an_answer_that_came_is_taken_before_another_attempt_begins),
        CHECK_TEST(an_earlier_attempt_may_still_win),
        CHECK_TEST(stepping_while_nothing_happens_allocates_nothing),
    };
    return CHECK_RUN(tests, argc, argv);
}
