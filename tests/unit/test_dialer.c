/* SPDX-License-Identifier: MIT */
/* test_dialer: connecting to a host's addresses: their order, their timing, who wins, what a
 * failure says, and that nothing is left behind. The time is the test's own. */
#include "check.h"
#include "counted_memory.h"
#include "net/happy_eyeballs.h"
#include "net_fixture.h"
#include "platform.h"
#include "system_faults.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { START_MS = 1000, DELAY_MS = 250, MOST_THREADS = 64, LOG_SIZE = 4096 };

/* A dialer, and all that can be seen of it. */
typedef struct dialer_rig {
    ferry_context context;
    ferry_connector *connector;
    ferry_link link;
    ferry_stream *stream;
    ferry_link_facts *facts; /* where they are told; NULL: nowhere */
    int64_t now_ms;
    char log[LOG_SIZE];
    counted_memory memory;
    size_t descriptors;
} dialer_rig;

static dialer_rig rig;

static void rig_log(void *ctx, ferry_log_kind kind, const char *message) {
    (void)ctx;
    CHECK_INT(kind, FERRY_LOG_INFO);
    size_t used = strlen(rig.log);
    snprintf(rig.log + used, sizeof rig.log - used, "%s\n", message);
}

static ferry_error begin_failing_at(unsigned fail_at) {
    resolver_reset();
    system_faults_reset();
    net_wait_for_threads();
    rig = (dialer_rig){
        .context = {.allocator = counted_memory_allocator(&rig.memory), .log = rig_log},
        .now_ms = START_MS,
        .memory = {.fail_at = fail_at},
        .descriptors = net_count_descriptors(),
    };
    return ferry_happy_eyeballs_new(&rig.context, &rig.connector);
}

static void begin(void) {
    CHECK_INT(begin_failing_at(0), FERRY_OK);
}

/* Everything that the test itself opened must be closed by then. */
static void end(void) {
    if (rig.stream != NULL) {
        rig.stream->ops->destroy(rig.stream);
    }
    if (rig.connector != NULL) {
        rig.connector->ops->destroy(rig.connector);
    }
    CHECK_INT(rig.memory.live, 0);
    CHECK(net_wait_for_threads());
    CHECK_INT(net_count_descriptors(), rig.descriptors);
}

static ferry_error start(const char *host, uint16_t port) {
    ferry_origin origin = {.host = host, .port = port, .facts = rig.facts};
    ferry_error error = rig.connector->ops->start(rig.connector, &origin, rig.now_ms);
    if (error == FERRY_OK) {
        rig.link = FERRY_LINK_RESOLVING;
    }
    return error;
}

static ferry_error step(void) {
    ferry_link before = rig.link;
    ferry_error error = rig.connector->ops->step(rig.connector, rig.now_ms, &rig.link, &rig.stream);
    CHECK(rig.link == before || (error == FERRY_OK && rig.link == before + 1));
    return error;
}

static size_t get_waits(ferry_wait *waits, size_t capacity, int64_t *deadline_ms) {
    *deadline_ms = INT64_MAX;
    return rig.connector->ops->get_waits(rig.connector, waits, capacity, deadline_ms);
}

/* Sleeps until something is ready, unless the dialer wants to go on at once; steps. */
static ferry_error wait_and_step(void) {
    ferry_wait waits[FERRY_MAX_ADDRESSES];
    int64_t deadline_ms = 0;
    size_t count = get_waits(waits, FERRY_MAX_ADDRESSES, &deadline_ms);
    if (deadline_ms > rig.now_ms) {
        bool ready = false;
        CHECK(count > 0);
        CHECK_INT(ferry_platform_wait(waits, count, -1, NULL, &ready), FERRY_OK);
    }
    return step();
}

/* Until the link is `link`, or an error. */
static ferry_error run_until(ferry_link link) {
    ferry_error error = FERRY_OK;
    while (error == FERRY_OK && rig.link != link) {
        error = wait_and_step();
    }
    return error;
}

/* Whether the log has these lines, "P" standing for the port. */
static void check_log(const char *expected, uint16_t port) {
    char text[LOG_SIZE] = "";
    size_t used = 0;
    for (; *expected != '\0'; expected++) {
        char number[8] = {*expected, '\0'};
        if (*expected == 'P') {
            snprintf(number, sizeof number, "%u", (unsigned)port);
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", number);
    }
    CHECK_STR(rig.log, text);
}

/* The stream works, and leads to the socket that `listener` gives. */
static void check_stream(int listener) {
    if (!CHECK(rig.stream != NULL)) {
        return;
    }
    int peer = accept(listener, NULL, NULL);
    ferry_slice slice = {"hello", 5};
    size_t length = 0;
    CHECK_INT(rig.stream->ops->write(rig.stream, &slice, 1, &length), FERRY_STREAM_OK);
    char bytes[5] = "";
    CHECK_INT(recv(peer, bytes, sizeof bytes, MSG_WAITALL), 5);
    CHECK_MEM(bytes, sizeof bytes, "hello", 5);
    close(peer);
}

/* ---- Literals and names ---- */

static void a_literal_is_resolving_until_the_next_step(void) {
    begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    CHECK_INT(start("127.0.0.1", port), FERRY_OK);
    ferry_wait wait;
    int64_t deadline_ms = 0;
    CHECK_INT(get_waits(&wait, 1, &deadline_ms), 0);
    CHECK_INT(deadline_ms, 0);
    CHECK_INT(step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    CHECK_INT(get_waits(&wait, 1, &deadline_ms), 1);
    CHECK_INT(wait.events, FERRY_EVENT_WRITE);
    CHECK_INT(deadline_ms, INT64_MAX); /* there is no other address to go on to */
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
    check_log("trying 127.0.0.1:P\nconnected to 127.0.0.1:P\n", port);
    CHECK_INT(resolver_count_calls(), 0);
    check_stream(listener);
    close(listener);
    end();
}

static void ipv6_literals_need_no_look_up_either(void) {
    begin();
    uint16_t port = 0;
    int listener = net_listen(true, &port);
    if (listener >= 0) {
        CHECK_INT(start("::1", port), FERRY_OK);
        CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
        check_log("trying [::1]:P\nconnected to [::1]:P\n", port);
        check_stream(listener);
        close(listener);
    }
    CHECK_INT(resolver_count_calls(), 0);
    end();
}

static void what_is_learned_is_told_while_it_connects(void) {
    static const bool families[] = {false, true};
    for (size_t i = 0; i < 2; i++) {
        begin();
        ferry_link_facts facts = {.stage = FERRY_LINK_STAGE_NONE};
        uint16_t port = 0;
        int listener = net_listen(families[i], &port);
        rig.facts = &facts;
        if (listener >= 0) {
            char expected[64];
            snprintf(expected, sizeof expected, families[i] ? "[::1]:%u" : "127.0.0.1:%u",
                     (unsigned)port);
            resolver_add("play.example.net", net_loopback(families[i]), 0);
            CHECK_INT(start("play.example.net", port), FERRY_OK);
            CHECK_INT(facts.stage, FERRY_LINK_STAGE_NONE);
            CHECK_INT(run_until(FERRY_LINK_CONNECTING), FERRY_OK);
            CHECK_INT(facts.stage, FERRY_LINK_STAGE_RESOLVED);
            CHECK_STR(facts.peer, "");
            CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
            CHECK_INT(facts.stage, FERRY_LINK_STAGE_CONNECTED);
            CHECK_STR(facts.peer, expected);
            close(listener);
        }
        end();
    }
}

/* Whether such an address can be connected to is the machine's matter. */
static void a_literal_with_a_zone_is_tried_as_it_is(void) {
    begin();
    CHECK_INT(start("fe80::1%2147483647", 80), FERRY_OK);
    CHECK_INT(step(), FERRY_OK);
    CHECK_CONTAINS(rig.log, "trying [fe80::1%2147483647]:80\n");
    CHECK_INT(resolver_count_calls(), 0);
    end();
}

static void a_name_is_looked_up_without_blocking(void) {
    begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_add("play.example.net", "127.0.0.1", 0);
    resolver_hold();
    CHECK_INT(start("play.example.net", port), FERRY_OK);
    resolver_wait_for_calls(1);
    CHECK_INT(step(), FERRY_OK);
    CHECK_INT(step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    ferry_wait wait;
    int64_t deadline_ms = 0;
    bool ready = true;
    CHECK_INT(get_waits(NULL, 0, &deadline_ms), 1);
    CHECK_INT(get_waits(&wait, 1, &deadline_ms), 1);
    CHECK_INT(wait.events, FERRY_EVENT_READ);
    CHECK_INT(deadline_ms, INT64_MAX);
    CHECK_INT(ferry_platform_wait(&wait, 1, 0, NULL, &ready), FERRY_OK);
    CHECK(!ready);
    resolver_release();
    CHECK_INT(run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    CHECK_CONTAINS(rig.log, "trying 127.0.0.1:"); /* in this very step */
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
    check_stream(listener);
    close(listener);
    end();
}

static void the_host_is_copied(void) {
    begin();
    char host[] = "nosuch.example";
    resolver_fail(EAI_NONAME, 0);
    CHECK_INT(start(host, 80), FERRY_OK);
    memset(host, 'x', sizeof host - 1);
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_ERROR_CANT_RESOLVE);
    CHECK_STR(rig.context.detail, "cannot resolve \"nosuch.example\": no such host");
    CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    end();
}

static void without_a_thread_the_first_step_says_why(void) {
    if (!system_faults_work()) {
        return;
    }
    begin();
    system_faults_set_thread_error(EAGAIN);
    CHECK_INT(start("play.example.net", 80), FERRY_OK);
    CHECK_INT(wait_and_step(), FERRY_ERROR_CANT_RESOLVE);
    CHECK_STR(rig.context.detail,
              "cannot resolve \"play.example.net\": the system has no thread for it");
    CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    end();
}

static void a_name_waits_for_its_turn_where_many_are_looked_up(void) {
    begin();
    ferry_lookup *others[MOST_THREADS];
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_add("play.example.net", "127.0.0.1", 0);
    resolver_hold();
    for (int i = 0; i < MOST_THREADS; i++) {
        CHECK_INT(ferry_lookup_start(&rig.context, "slow", 80, &others[i]), FERRY_OK);
    }
    CHECK_INT(start("play.example.net", port), FERRY_OK);
    CHECK_INT(step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    resolver_release();
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
    check_stream(listener);
    close(listener);
    for (int i = 0; i < MOST_THREADS; i++) {
        ferry_lookup_free(others[i]);
    }
    end();
}

/* There is nothing to wait on then: it asks to be stepped again before long. */
static void a_name_waits_for_descriptors_that_others_give_back(void) {
    begin();
    ferry_lookup *other = NULL;
    ferry_wait wait;
    int64_t deadline_ms = 0;
    resolver_add("play.example.net", "192.0.2.1", 0);
    resolver_hold();
    CHECK_INT(ferry_lookup_start(&rig.context, "slow", 80, &other), FERRY_OK);
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max});
    CHECK_INT(start("play.example.net", 80), FERRY_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(get_waits(&wait, 1, &deadline_ms), 0);
        CHECK_INT(deadline_ms, rig.now_ms + 10);
        rig.now_ms += 10;
        CHECK_INT(step(), FERRY_OK);
        CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    }
    setrlimit(RLIMIT_NOFILE, &before);
    CHECK_INT(step(), FERRY_OK);
    CHECK_INT(get_waits(&wait, 1, &deadline_ms), 1);
    CHECK_INT(deadline_ms, INT64_MAX);
    resolver_release();
    CHECK_INT(run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    rig.connector->ops->cancel(rig.connector);
    ferry_lookup_free(other);
    end();
}

/* ---- After fork() ---- */

static bool child_connects(void *argument) {
    const uint16_t *port = argument;
    int64_t deadline_ms = 0;
    bool holds = CHECK_INT(get_waits(NULL, 0, &deadline_ms), 0) && CHECK_INT(deadline_ms, 0);
    holds &= CHECK_INT(step(), FERRY_ERROR_CANT_CONNECT);
    holds &= CHECK_STR(rig.context.detail,
                       "cannot connect to 127.0.0.1: connecting was begun before fork()");
    holds &= CHECK_INT(start("127.0.0.1", *port), FERRY_OK);
    holds &= CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
    if (holds) {
        rig.stream->ops->destroy(rig.stream);
        rig.stream = NULL;
    }
    return holds;
}

static void a_child_leaves_its_parents_attempt_alone_and_makes_its_own(void) {
    begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    CHECK_INT(start("127.0.0.1", port), FERRY_OK);
    CHECK_INT(step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    CHECK(system_run_in_child(child_connects, &port));
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
    check_stream(listener);
    close(listener);
    end();
}

/* ---- The order of the addresses ---- */

static void check_order(const char *const *literals, const char *expected) {
    begin();
    for (size_t i = 0; literals[i] != NULL; i++) {
        resolver_add("many", literals[i], 0);
    }
    CHECK_INT(start("many", 80), FERRY_OK);
    ferry_error error = run_until(FERRY_LINK_CONNECTING);
    for (int i = 0; error == FERRY_OK && i < FERRY_MAX_ADDRESSES; i++) {
        rig.now_ms += DELAY_MS; /* some systems let such an attempt hang */
        error = step();
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
    end();
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

/* ---- Attempts ---- */

static void after_a_refusal_the_next_begins_at_once(void) {
    begin();
    uint16_t refused = 0;
    uint16_t port = 0;
    int holder = net_refuse(false, &refused);
    int listener = net_listen(false, &port);
    resolver_add("two", "127.0.0.1", refused);
    resolver_add("two", "127.0.0.1", port);
    CHECK_INT(start("two", 80), FERRY_OK);
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK); /* the time stands still */
    char expected[256];
    snprintf(expected, sizeof expected,
             "trying 127.0.0.1:%u\n127.0.0.1:%u: connection refused\n"
             "trying 127.0.0.1:%u\nconnected to 127.0.0.1:%u\n",
             (unsigned)refused, (unsigned)refused, (unsigned)port, (unsigned)port);
    CHECK_STR(rig.log, expected);
    check_stream(listener);
    close(holder);
    close(listener);
    end();
}

static void after_250_ms_without_an_answer_the_next_begins(void) {
    begin();
    net_hole hole;
    if (!CHECK(net_hole_open(&hole, false))) {
        return;
    }
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_add("two", "127.0.0.1", hole.port);
    resolver_add("two", "127.0.0.1", port);
    CHECK_INT(start("two", 80), FERRY_OK);
    rig.now_ms += 5000; /* the look-up's time does not count */
    CHECK_INT(run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    int64_t deadline_ms = 0;
    ferry_wait waits[2];
    CHECK_INT(get_waits(waits, 2, &deadline_ms), 1);
    CHECK_INT(deadline_ms, rig.now_ms + DELAY_MS);
    rig.now_ms += DELAY_MS - 1;
    CHECK_INT(step(), FERRY_OK);
    check_log("trying 127.0.0.1:P\n", hole.port);
    rig.now_ms += 1;
    CHECK_INT(step(), FERRY_OK);
    CHECK_INT(get_waits(waits, 2, &deadline_ms), 2);
    CHECK(waits[0].descriptor != waits[1].descriptor);
    CHECK_INT(deadline_ms, INT64_MAX);
    CHECK_INT(get_waits(waits, 1, &deadline_ms), 2); /* how many there are, not how many fit */
    CHECK(net_wait_for_threads());                   /* the look-up's descriptors are gone */
    size_t with_both = net_count_descriptors();
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
    CHECK_INT(net_count_descriptors(), with_both - 1); /* the one that hangs is closed */
    char expected[64];
    snprintf(expected, sizeof expected, "connected to 127.0.0.1:%u\n", (unsigned)port);
    CHECK_CONTAINS(rig.log, expected);
    check_stream(listener);
    close(listener);
    net_hole_close(&hole);
    end();
}

static void a_late_step_begins_one_attempt_and_not_several(void) {
    begin();
    net_hole holes[3];
    for (size_t i = 0; i < 3; i++) {
        if (!CHECK(net_hole_open(&holes[i], false))) {
            return;
        }
        resolver_add("three", "127.0.0.1", holes[i].port);
    }
    CHECK_INT(start("three", 80), FERRY_OK);
    CHECK_INT(run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    rig.now_ms += 60000;
    CHECK_INT(step(), FERRY_OK);
    int64_t deadline_ms = 0;
    CHECK_INT(get_waits(NULL, 0, &deadline_ms), 2);
    CHECK_INT(deadline_ms, rig.now_ms + DELAY_MS);
    for (size_t i = 0; i < 3; i++) {
        net_hole_close(&holes[i]);
    }
    rig.connector->ops->cancel(rig.connector);
    end();
}

static void an_answer_that_came_is_taken_before_another_attempt_begins(void) {
    begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_add("two", "127.0.0.1", port);
    resolver_add("two", "255.255.255.255", 0);
    CHECK_INT(start("two", 80), FERRY_OK);
    CHECK_INT(run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    ferry_wait wait;
    int64_t deadline_ms = 0;
    bool ready = false;
    CHECK_INT(get_waits(&wait, 1, &deadline_ms), 1);
    CHECK_INT(ferry_platform_wait(&wait, 1, -1, NULL, &ready), FERRY_OK);
    rig.now_ms += 10 * DELAY_MS;
    CHECK_INT(step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_OPEN);
    check_log("trying 127.0.0.1:P\nconnected to 127.0.0.1:P\n", port);
    close(listener);
    end();
}

/* The queue has room again, and the kernel repeats what it sent a second ago. */
static void an_earlier_attempt_may_still_win(void) {
    begin();
    net_hole slow;
    net_hole hole;
    if (!CHECK(net_hole_open(&slow, false)) || !CHECK(net_hole_open(&hole, false))) {
        return;
    }
    resolver_add("two", "127.0.0.1", slow.port);
    resolver_add("two", "127.0.0.1", hole.port);
    CHECK_INT(start("two", 80), FERRY_OK);
    CHECK_INT(run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    rig.now_ms += DELAY_MS;
    CHECK_INT(step(), FERRY_OK);
    int64_t deadline_ms = 0;
    CHECK_INT(get_waits(NULL, 0, &deadline_ms), 2);
    listen(slow.listener, 16);
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
    char expected[64];
    snprintf(expected, sizeof expected, "connected to 127.0.0.1:%u\n", (unsigned)slow.port);
    CHECK_CONTAINS(rig.log, expected);
    net_hole_close(&slow);
    net_hole_close(&hole);
    end();
}

static void stepping_while_nothing_happens_allocates_nothing(void) {
    begin();
    net_hole hole;
    if (!CHECK(net_hole_open(&hole, false))) {
        return;
    }
    resolver_add("slow", "127.0.0.1", hole.port);
    resolver_hold();
    CHECK_INT(start("slow", 80), FERRY_OK);
    size_t allocations = rig.memory.calls;
    for (int i = 0; i < 10; i++) {
        CHECK_INT(step(), FERRY_OK);
    }
    resolver_release();
    CHECK_INT(run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(step(), FERRY_OK);
    }
    CHECK_INT(rig.memory.calls, allocations);
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    net_hole_close(&hole);
    rig.connector->ops->cancel(rig.connector);
    end();
}

/* ---- Failures ---- */

static void a_refused_connection_names_host_port_and_reason(void) {
    begin();
    uint16_t port = 0;
    int holder = net_refuse(false, &port);
    resolver_add("play.example.net", "127.0.0.1", 0);
    CHECK_INT(start("play.example.net", port), FERRY_OK);
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_ERROR_CANT_CONNECT);
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    char detail[FERRY_DETAIL_SIZE];
    snprintf(detail, sizeof detail,
             "cannot connect to play.example.net port %u: 127.0.0.1:%u: connection refused",
             (unsigned)port, (unsigned)port);
    CHECK_STR(rig.context.detail, detail);
    check_log("trying 127.0.0.1:P\n127.0.0.1:P: connection refused\n", port);
    close(holder);
    end();
}

static void when_all_fail_their_number_is_told_and_the_first_reason(void) {
    begin();
    uint16_t port = 0;
    int holder = net_refuse(false, &port);
    resolver_add("two", "127.0.0.1", port);
    resolver_add("two", "255.255.255.255", 0);
    CHECK_INT(start("two", 80), FERRY_OK);
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_ERROR_CANT_CONNECT);
    char detail[FERRY_DETAIL_SIZE];
    snprintf(detail, sizeof detail,
             "cannot connect to two port 80 (2 addresses): 127.0.0.1:%u: connection refused",
             (unsigned)port);
    CHECK_STR(rig.context.detail, detail);
    close(holder);
    end();
}

/* The link passes through CONNECTING even so: no step makes two changes. */
static void addresses_that_fail_at_once_fail_in_the_step_after(void) {
    begin();
    CHECK_INT(start("255.255.255.255", 80), FERRY_OK);
    CHECK_INT(step(), FERRY_OK);
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    ferry_wait wait;
    int64_t deadline_ms = 1;
    CHECK_INT(get_waits(&wait, 1, &deadline_ms), 0);
    CHECK_INT(deadline_ms, 0);
    CHECK_INT(step(), FERRY_ERROR_CANT_CONNECT);
    CHECK_CONTAINS(rig.context.detail, "cannot connect to 255.255.255.255 port 80: ");
    CHECK_INT(rig.link, FERRY_LINK_CONNECTING);
    end();
}

static void after_a_failure_it_can_start_again(void) {
    begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_fail(EAI_AGAIN, 0);
    CHECK_INT(start("play.example.net", port), FERRY_OK);
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_ERROR_CANT_RESOLVE);
    CHECK_INT(start("127.0.0.1", port), FERRY_OK);
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
    check_stream(listener);
    close(listener);
    end();
}

/* Returns the error that the n-th allocation's failure ends in. */
static ferry_error connect_with_failing_allocation(const char *host, unsigned fail_at) {
    uint16_t port = 0;
    ferry_error error = begin_failing_at(fail_at);
    int listener = net_listen(false, &port);
    resolver_add("play.example.net", "127.0.0.1", 0);
    if (error == FERRY_OK) {
        error = start(host, port);
    }
    if (error == FERRY_OK) {
        error = run_until(FERRY_LINK_OPEN);
    }
    CHECK((error == FERRY_OK) == (rig.stream != NULL));
    close(listener);
    end();
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
    begin();
    resolver_fail(EAI_MEMORY, 0);
    CHECK_INT(start("play.example.net", 80), FERRY_OK);
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_ERROR_OUT_OF_MEMORY);
    CHECK_INT(rig.link, FERRY_LINK_RESOLVING);
    end();
}

/* ---- Cancelling ---- */

/* Nothing of what was under way is left; another start works. */
static void check_cancelled(void) {
    int64_t deadline_ms = 0;
    CHECK_INT(get_waits(NULL, 0, &deadline_ms), 0);
    CHECK_INT(deadline_ms, INT64_MAX);
    CHECK_INT(rig.memory.live, 1); /* the dialer itself */
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    CHECK_INT(start("127.0.0.1", port), FERRY_OK);
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
    check_stream(listener);
    close(listener);
}

static void cancelling_before_the_start_does_nothing(void) {
    begin();
    rig.connector->ops->cancel(rig.connector);
    check_cancelled();
    end();
}

static void a_literal_can_be_cancelled_before_its_attempt(void) {
    begin();
    CHECK_INT(start("255.255.255.255", 80), FERRY_OK);
    rig.connector->ops->cancel(rig.connector);
    CHECK_STR(rig.log, "");
    check_cancelled();
    end();
}

static void a_blocked_look_up_can_be_cancelled(void) {
    begin();
    resolver_hold();
    CHECK_INT(start("slow.example", 80), FERRY_OK);
    resolver_wait_for_calls(1);
    rig.connector->ops->cancel(rig.connector);
    check_cancelled();
    resolver_release();
    end();
}

static void attempts_can_be_cancelled(void) {
    begin();
    net_hole hole;
    if (!CHECK(net_hole_open(&hole, false))) {
        return;
    }
    resolver_add("slow", "127.0.0.1", hole.port);
    CHECK_INT(start("slow", 80), FERRY_OK);
    CHECK_INT(run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    CHECK(net_wait_for_threads());
    size_t before = net_count_descriptors();
    rig.connector->ops->cancel(rig.connector);
    CHECK_INT(net_count_descriptors(), before - 1);
    check_cancelled();
    net_hole_close(&hole);
    end();
}

static void destroying_cancels(void) {
    begin();
    resolver_hold();
    CHECK_INT(start("slow.example", 80), FERRY_OK);
    resolver_wait_for_calls(1);
    rig.connector->ops->destroy(rig.connector);
    rig.connector = NULL;
    CHECK_INT(rig.memory.live, 0);
    resolver_release();
    end();
}

static void starting_again_cancels_what_was_under_way(void) {
    begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_hold();
    CHECK_INT(start("slow.example", 80), FERRY_OK);
    CHECK_INT(start("127.0.0.1", port), FERRY_OK);
    CHECK_INT(rig.memory.live, 2);
    CHECK_INT(run_until(FERRY_LINK_OPEN), FERRY_OK);
    check_stream(listener);
    close(listener);
    resolver_release();
    end();
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_literal_is_resolving_until_the_next_step),
        CHECK_TEST(ipv6_literals_need_no_look_up_either),
        CHECK_TEST(what_is_learned_is_told_while_it_connects),
        CHECK_TEST(a_literal_with_a_zone_is_tried_as_it_is),
        CHECK_TEST(a_name_is_looked_up_without_blocking),
        CHECK_TEST(the_host_is_copied),
        CHECK_TEST(without_a_thread_the_first_step_says_why),
        CHECK_TEST(a_name_waits_for_its_turn_where_many_are_looked_up),
        CHECK_TEST(a_name_waits_for_descriptors_that_others_give_back),
        CHECK_TEST(a_child_leaves_its_parents_attempt_alone_and_makes_its_own),
        CHECK_TEST(families_take_turns),
        CHECK_TEST(the_family_of_the_first_address_begins),
        CHECK_TEST(one_family_alone_keeps_its_order),
        CHECK_TEST(after_a_refusal_the_next_begins_at_once),
        CHECK_TEST(after_250_ms_without_an_answer_the_next_begins),
        CHECK_TEST(a_late_step_begins_one_attempt_and_not_several),
        CHECK_TEST(an_answer_that_came_is_taken_before_another_attempt_begins),
        CHECK_TEST(an_earlier_attempt_may_still_win),
        CHECK_TEST(stepping_while_nothing_happens_allocates_nothing),
        CHECK_TEST(a_refused_connection_names_host_port_and_reason),
        CHECK_TEST(when_all_fail_their_number_is_told_and_the_first_reason),
        CHECK_TEST(addresses_that_fail_at_once_fail_in_the_step_after),
        CHECK_TEST(after_a_failure_it_can_start_again),
        CHECK_TEST(every_allocation_may_fail),
        CHECK_TEST(a_look_up_without_memory_is_out_of_memory),
        CHECK_TEST(cancelling_before_the_start_does_nothing),
        CHECK_TEST(a_literal_can_be_cancelled_before_its_attempt),
        CHECK_TEST(a_blocked_look_up_can_be_cancelled),
        CHECK_TEST(attempts_can_be_cancelled),
        CHECK_TEST(destroying_cancels),
        CHECK_TEST(starting_again_cancels_what_was_under_way),
    };
    return CHECK_RUN(tests, argc, argv);
}
