/* SPDX-License-Identifier: MIT */
/* test_dialer_cancelling: a connection that is not wanted any more leaves nothing behind. */
#include "check.h"
#include "dialer_rig.h"
#include "net_fixture.h"

#include <sys/socket.h>
#include <unistd.h>

/* Nothing of what was under way is left; another start works. */
static void check_cancelled(void) {
    int64_t deadline_ms = 0;
    CHECK_INT(dialer_get_waits(NULL, 0, &deadline_ms), 0);
    CHECK_INT(deadline_ms, INT64_MAX);
    CHECK_INT(rig.memory.live, 1); /* the dialer itself */
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    CHECK_INT(dialer_start("127.0.0.1", port), FERRY_OK);
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
    dialer_check_stream(listener);
    close(listener);
}

static void cancelling_before_the_start_does_nothing(void) {
    dialer_begin();
    rig.connector->ops->cancel(rig.connector);
    check_cancelled();
    dialer_end();
}

static void a_literal_can_be_cancelled_before_its_attempt(void) {
    dialer_begin();
    CHECK_INT(dialer_start("255.255.255.255", 80), FERRY_OK);
    rig.connector->ops->cancel(rig.connector);
    CHECK_STR(rig.log, "");
    check_cancelled();
    dialer_end();
}

static void a_blocked_look_up_can_be_cancelled(void) {
    dialer_begin();
    resolver_hold();
    CHECK_INT(dialer_start("slow.example", 80), FERRY_OK);
    resolver_wait_for_calls(1);
    rig.connector->ops->cancel(rig.connector);
    check_cancelled();
    resolver_release();
    dialer_end();
}

static void attempts_can_be_cancelled(void) {
    dialer_begin();
    net_hole hole;
    if (!CHECK(net_hole_open(&hole, false))) {
        return;
    }
    resolver_add("slow", "127.0.0.1", hole.port);
    CHECK_INT(dialer_start("slow", 80), FERRY_OK);
    CHECK_INT(dialer_run_until(FERRY_LINK_CONNECTING), FERRY_OK);
    CHECK(net_wait_for_threads());
    size_t before = net_count_descriptors();
    rig.connector->ops->cancel(rig.connector);
    CHECK_INT(net_count_descriptors(), before - 1);
    check_cancelled();
    net_hole_close(&hole);
    dialer_end();
}

static void destroying_cancels(void) {
    dialer_begin();
    resolver_hold();
    CHECK_INT(dialer_start("slow.example", 80), FERRY_OK);
    resolver_wait_for_calls(1);
    rig.connector->ops->destroy(rig.connector);
    rig.connector = NULL;
    CHECK_INT(rig.memory.live, 0);
    resolver_release();
    dialer_end();
}

static void starting_again_cancels_what_was_under_way(void) {
    dialer_begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    resolver_hold();
    CHECK_INT(dialer_start("slow.example", 80), FERRY_OK);
    CHECK_INT(dialer_start("127.0.0.1", port), FERRY_OK);
    CHECK_INT(rig.memory.live, 2);
    CHECK_INT(dialer_run_until(FERRY_LINK_OPEN), FERRY_OK);
    dialer_check_stream(listener);
    close(listener);
    resolver_release();
    dialer_end();
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(cancelling_before_the_start_does_nothing),
        CHECK_TEST(a_literal_can_be_cancelled_before_its_attempt),
        CHECK_TEST(a_blocked_look_up_can_be_cancelled),
        CHECK_TEST(attempts_can_be_cancelled),
        CHECK_TEST(destroying_cancels),
        CHECK_TEST(starting_again_cancels_what_was_under_way),
    };
    return CHECK_RUN(tests, argc, argv);
}
