/* SPDX-License-Identifier: MIT */
/* dialer_rig: a connector of happy eyeballs, its own time, and all that can be seen of it. */
#include "dialer_rig.h"

#include "net_fixture.h"
#include "platform.h"
#include "system_faults.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

dialer_rig rig;

static void rig_log(void *ctx, ferry_log_kind kind, const char *message) {
    (void)ctx;
    CHECK_INT(kind, FERRY_LOG_INFO);
    size_t used = strlen(rig.log);
    snprintf(rig.log + used, sizeof rig.log - used, "%s\n", message);
}

ferry_error dialer_begin_failing_at(unsigned fail_at) {
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

void dialer_begin(void) {
    CHECK_INT(dialer_begin_failing_at(0), FERRY_OK);
}

void dialer_end(void) {
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

ferry_error dialer_start(const char *host, uint16_t port) {
    ferry_origin origin = {.host = host, .port = port, .facts = rig.facts};
    ferry_error error = rig.connector->ops->start(rig.connector, &origin, rig.now_ms);
    if (error == FERRY_OK) {
        rig.link = FERRY_LINK_RESOLVING;
    }
    return error;
}

ferry_error dialer_step(void) {
    ferry_link before = rig.link;
    ferry_error error = rig.connector->ops->step(rig.connector, rig.now_ms, &rig.link, &rig.stream);
    CHECK(rig.link == before || (error == FERRY_OK && rig.link == before + 1));
    return error;
}

size_t dialer_get_waits(ferry_wait *waits, size_t capacity, int64_t *deadline_ms) {
    *deadline_ms = INT64_MAX;
    return rig.connector->ops->get_waits(rig.connector, waits, capacity, deadline_ms);
}

ferry_error dialer_wait_and_step(void) {
    ferry_wait waits[FERRY_MAX_ADDRESSES];
    int64_t deadline_ms = 0;
    size_t count = dialer_get_waits(waits, FERRY_MAX_ADDRESSES, &deadline_ms);
    if (deadline_ms > rig.now_ms) {
        bool ready = false;
        CHECK(count > 0);
        CHECK_INT(ferry_platform_wait(waits, count, -1, NULL, &ready), FERRY_OK);
    }
    return dialer_step();
}

ferry_error dialer_run_until(ferry_link link) {
    ferry_error error = FERRY_OK;
    while (error == FERRY_OK && rig.link != link) {
        error = dialer_wait_and_step();
    }
    return error;
}

void dialer_check_log(const char *expected, uint16_t port) {
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

void dialer_check_stream(int listener) {
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
