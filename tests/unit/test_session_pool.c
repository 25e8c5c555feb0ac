/* SPDX-License-Identifier: MIT */
/* test_session_pool: who has room among all connections, what a poll does at most, and what
 * requests keep. */
#include "check.h"
#include "counted_memory.h"
#include "ferry.h"
#include "net_fixture.h"
#include "session_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_WAIT_MS = 20000 };

/* A server that answers, and one to which connecting never ends. */
typedef struct places {
    session_peer *peer;
    net_hole hole;
    char good[64];
    char hole_url[64];
} places;

static void places_open(places *p) {
    uint16_t port;
    *p = (places){.peer = session_peer_new(&port)};
    CHECK(p->peer != NULL);
    CHECK(net_hole_open(&p->hole, false));
    snprintf(p->good, sizeof p->good, "http://127.0.0.1:%d/hello", port);
    snprintf(p->hole_url, sizeof p->hole_url, "http://127.0.0.1:%d/", p->hole.port);
}

static void places_close(places *p) {
    net_hole_close(&p->hole);
    session_peer_free(p->peer);
}

static size_t count_made(const ferry_session *session) {
    ferry_session_counters counters;
    ferry_session_get_counters(session, &counters);
    return (size_t)counters.connections_made;
}

static ferry_session *session_of_one_connection(void) {
    const ferry_session_options options = {.max_connections = 1};
    return ferry_session_new(&options);
}

/* ---- Room ---- */

static void connection_that_nobody_waits_for_gives_way(void) {
    places p;
    places_open(&p);
    ferry_session *session = session_of_one_connection();
    ferry_transfer_free(ferry_session_get(session, p.hole_url));
    CHECK_INT(count_made(session), 1);
    ferry_transfer *transfer = ferry_session_get(session, p.good);
    CHECK_INT(ferry_transfer_wait(transfer, MOST_WAIT_MS), FERRY_OK);
    ferry_transfer_free(transfer);
    ferry_session_free(session);
    places_close(&p);
}

static void connection_gives_way_when_the_one_that_waits_for_it_is_cancelled(void) {
    places p;
    places_open(&p);
    ferry_session *session = session_of_one_connection();
    ferry_transfer *hanging = ferry_session_get(session, p.hole_url);
    ferry_transfer *transfer = ferry_session_get(session, p.good);
    for (int i = 0; i < 3; i++) {
        ferry_session_poll(session, 0);
    }
    CHECK_INT(count_made(session), 1); /* it is waited for */
    ferry_transfer_cancel(hanging);
    CHECK_INT(count_made(session), 2);
    CHECK_INT(ferry_transfer_wait(transfer, MOST_WAIT_MS), FERRY_OK);
    ferry_transfer_free(hanging);
    ferry_transfer_free(transfer);
    ferry_session_free(session);
    places_close(&p);
}

/* Two are made for two, of whom one is cancelled: the other one's connection stays. */
static void only_what_is_spare_gives_way(void) {
    places p;
    places_open(&p);
    const ferry_session_options options = {.max_connections = 2};
    ferry_session *session = ferry_session_new(&options);
    ferry_transfer *hanging = ferry_session_get(session, p.hole_url);
    ferry_transfer_free(ferry_session_get(session, p.hole_url));
    ferry_transfer *transfer = ferry_session_get(session, p.good);
    CHECK_INT(ferry_transfer_wait(transfer, MOST_WAIT_MS), FERRY_OK);
    CHECK(!ferry_transfer_is_done(hanging));
    ferry_session_counters counters;
    ferry_session_get_counters(session, &counters);
    CHECK_INT(counters.connections_open, 2);
    CHECK_INT(counters.connections_made, 3);
    ferry_transfer_free(hanging);
    ferry_transfer_free(transfer);
    ferry_session_free(session);
    places_close(&p);
}

/* ---- A poll's work ---- */

enum { MANY = 500 };

static void sleep_ms(long ms) {
    const struct timespec time = {.tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

static void timers_are_within_the_budget_of_a_poll(void) {
    places p;
    places_open(&p);
    const ferry_session_options options = {.poll_budget_us = 1};
    ferry_session *session = ferry_session_new(&options);
    const ferry_timeouts timeouts = {.total_ms = 1};
    const ferry_session_request request = {.url = p.hole_url, .timeouts = &timeouts};
    for (int i = 0; i < MANY; i++) {
        ferry_session_start(session, &request);
    }
    sleep_ms(5);
    size_t left = ferry_session_poll(session, 0);
    CHECK(left > MANY / 2);
    CHECK_INT(ferry_session_get_wait_timeout_ms(session), 0);
    for (size_t before = MANY; left > 0 && left < before;) {
        before = left;
        left = ferry_session_poll(session, 0);
    }
    CHECK_INT(left, 0); /* and each poll had some */
    for (ferry_transfer *done; (done = ferry_session_next_done(session)) != NULL;) {
        CHECK_INT(ferry_transfer_get_error(done), FERRY_ERROR_TIMEOUT);
        ferry_transfer_free(done);
    }
    ferry_session_free(session);
    places_close(&p);
}

/* ---- TLS options ---- */

enum { BUNDLE_SIZE = 500000 };

static void requests_do_not_copy_the_sessions_authorities(void) {
    counted_memory memory = {0};
    char *bundle = malloc(BUNDLE_SIZE + 1);
    memset(bundle, 'x', BUNDLE_SIZE); /* which is no PEM: connecting is refused */
    bundle[BUNDLE_SIZE] = '\0';
    const ferry_tls_options tls = {.ca_pem = bundle};
    const ferry_session_options options = {
        .tls = &tls,
        .client.allocator = counted_memory_allocator(&memory),
    };
    ferry_session *session = ferry_session_new(&options);
    size_t before = memory.bytes;
    CHECK(before > BUNDLE_SIZE);
    for (int i = 0; i < 3; i++) {
        ferry_transfer_free(ferry_session_get(session, "https://127.0.0.1:1/"));
    }
    CHECK(memory.bytes < before + BUNDLE_SIZE / 2);
    ferry_session_free(session);
    CHECK_INT(memory.live, 0);
    free(bundle);
}

/* ---- No memory ---- */

static void count_call(void *ctx, ferry_transfer *transfer) {
    CHECK_INT(ferry_transfer_get_error(transfer), FERRY_ERROR_OUT_OF_MEMORY);
    CHECK(ferry_transfer_get_ctx(transfer) == ctx);
    ++*(int *)ctx;
}

static void check_told(ferry_session *session, counted_memory *memory) {
    int calls = 0;
    const ferry_session_request request = {
        .url = "http://127.0.0.1:1/",
        .functions.on_done = count_call,
        .ctx = &calls,
    };
    memory->fail_at = memory->calls + 1;
    memory->fails_on = true;
    ferry_transfer *first = ferry_session_start(session, &request);
    ferry_transfer *second = ferry_session_start(session, &request);
    CHECK(ferry_transfer_is_done(first) && ferry_transfer_is_done(second));
    CHECK_STR(ferry_transfer_get_error_detail(first), "out of memory");
    CHECK_STR(ferry_transfer_get_error_detail(second), "out of memory");
    CHECK_INT(ferry_session_poll(session, 0), 0);
    CHECK_INT(calls, 1);
    CHECK(ferry_session_next_done(session) == first);
    CHECK(ferry_session_next_done(session) == NULL);
    ferry_transfer_free(second);
    ferry_transfer_free(first);
    memory->fail_at = 0;
    memory->fails_on = false;
}

static void transfer_without_memory_is_told_like_others(void) {
    counted_memory memory = {0};
    const ferry_session_options options = {.client.allocator = counted_memory_allocator(&memory)};
    ferry_session *session = ferry_session_new(&options);
    check_told(session, &memory);
    check_told(session, &memory); /* its memory has come back */
    ferry_session_free(session);
    CHECK_INT(memory.live, 0);
}

static void form_without_memory_is_told_like_others(void) {
    counted_memory memory = {0};
    const ferry_session_options options = {.client.allocator = counted_memory_allocator(&memory)};
    const ferry_field field = {"a", "b"};
    ferry_session *session = ferry_session_new(&options);
    memory.fail_at = memory.calls + 1;
    ferry_transfer *transfer = ferry_session_post_form(session, "http://127.0.0.1:1/", &field, 1);
    CHECK_INT(ferry_transfer_get_error(transfer), FERRY_ERROR_OUT_OF_MEMORY);
    CHECK(ferry_session_next_done(session) == transfer);
    ferry_session_free(session);
    CHECK_STR(ferry_transfer_get_error_detail(transfer), "out of memory"); /* it stays readable */
    ferry_transfer_free(transfer);
    CHECK_INT(memory.live, 0);
}

/* ---- None to be had ---- */

/* A connection in use may last for ever: it is no reason to wait as long. */
static void those_that_wait_are_told_although_a_connection_is_in_use(void) {
    places p;
    places_open(&p);
    ferry_session *session = ferry_session_new(NULL);
    char url[64];
    snprintf(url, sizeof url, "%.*s/hang", (int)(strlen(p.good) - strlen("/hello")), p.good);
    ferry_transfer *first = ferry_session_get(session, p.good);
    CHECK_INT(ferry_transfer_wait(first, MOST_WAIT_MS), FERRY_OK);
    ferry_transfer *hanging = ferry_session_get(session, url); /* over the same connection */
    session_peer_refuse(p.peer);
    ferry_transfer *others[2];
    for (int i = 0; i < 2; i++) {
        others[i] = ferry_session_start(session,
                                        &(ferry_session_request){.url = p.good, .max_retries = -1});
    }
    for (int i = 0; i < 2; i++) {
        CHECK_INT(ferry_transfer_wait(others[i], MOST_WAIT_MS), FERRY_ERROR_CANT_CONNECT);
        CHECK_CONTAINS(ferry_transfer_get_error_detail(others[i]), "127.0.0.1");
        ferry_transfer_free(others[i]);
    }
    CHECK(!ferry_transfer_is_done(hanging));
    ferry_transfer_free(hanging);
    ferry_transfer_free(first);
    ferry_session_free(session);
    places_close(&p);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(connection_that_nobody_waits_for_gives_way),
        CHECK_TEST(connection_gives_way_when_the_one_that_waits_for_it_is_cancelled),
        CHECK_TEST(only_what_is_spare_gives_way),
        CHECK_TEST(those_that_wait_are_told_although_a_connection_is_in_use),
        CHECK_TEST(timers_are_within_the_budget_of_a_poll),
        CHECK_TEST(transfer_without_memory_is_told_like_others),
        CHECK_TEST(form_without_memory_is_told_like_others),
        CHECK_TEST(requests_do_not_copy_the_sessions_authorities),
    };
    return CHECK_RUN(tests, argc, argv);
}
