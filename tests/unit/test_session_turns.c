/* SPDX-License-Identifier: MIT */
/* test_session_turns: a poll ends with the piece of work during which its time passes, however many
 * have something to do, and whatever for. */
#include "check.h"
#include "ferry.h"
#include "session_peer.h"

#include <stdio.h>
#include <time.h>

enum {
    TRANSFERS = 6,
    MOST_POLLS = 200000,
    MOST_WAITS = 2000,
    MOST_WAIT_MS = 1000,
    LIMIT = 400000,
    SLOW = 100000
};

static session_peer *peer;
static uint16_t port;
static unsigned calls; /* of functions, in this poll */

static ferry_error on_data(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    (void)ctx, (void)transfer, (void)data, (void)length;
    calls++;
    return FERRY_OK;
}

static void on_done(void *ctx, ferry_transfer *transfer) {
    (void)transfer;
    calls++;
    (*(unsigned *)ctx)++;
}

/* As short a time as there is: the first piece of work is the last. */
static ferry_session *begin(void) {
    const ferry_session_options options = {.poll_budget_us = 1};
    return ferry_session_new(&options);
}

/* What is due meanwhile is due at once. */
static void let_time_pass(void) {
    nanosleep(&(struct timespec){.tv_nsec = 5 * 1000 * 1000}, NULL);
}

static void start(ferry_session *session, const char *target, ferry_session_request request) {
    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, target);
    request.url = url;
    ferry_transfer_detach(ferry_session_start(session, &request));
}

static void pauses_that_end_together_take_turns(void) {
    ferry_session *session = begin();
    for (int i = 0; i < TRANSFERS; i++) {
        start(session, "/big",
              (ferry_session_request){
                  .max_bytes_per_second = 1000000,
                  .functions.on_data = on_data,
              });
    }
    size_t left = TRANSFERS;
    for (int polls = 0; left > 0 && polls < MOST_POLLS; polls++) {
        calls = 0;
        left = ferry_session_poll(session, 0);
        CHECK(calls <= 1);
        if (calls == 0) {
            let_time_pass();
        }
    }
    CHECK_INT(left, 0);
    ferry_session_free(session);
}

static void time_outs_that_are_due_together_take_turns(void) {
    ferry_session *session = begin();
    const ferry_timeouts timeouts = {.total_ms = 1};
    unsigned done = 0;
    for (int i = 0; i < TRANSFERS; i++) {
        start(session, "/hang",
              (ferry_session_request){
                  .timeouts = &timeouts,
                  .functions.on_done = on_done,
                  .ctx = &done,
              });
    }
    let_time_pass();
    for (int polls = 0; done < TRANSFERS && polls < MOST_POLLS; polls++) {
        calls = 0;
        ferry_session_poll(session, 0);
        CHECK(calls <= 1);
    }
    CHECK_INT(done, TRANSFERS);
    ferry_session_free(session);
}

/* What ends a transfer in time is what has come, not when the program looks. */
static void answers_that_are_there_are_no_time_outs(void) {
    ferry_session *session = begin();
    const ferry_timeouts timeouts = {.total_ms = 1500};
    ferry_transfer *all[TRANSFERS];
    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hello", port);
    size_t answered = session_peer_count_requests(peer) + TRANSFERS;
    for (int i = 0; i < TRANSFERS; i++) {
        all[i] = ferry_session_start(
            session,
            &(ferry_session_request){.url = url, .timeouts = &timeouts, .max_retries = -1});
    }
    for (int polls = 0; session_peer_count_requests(peer) < answered && polls < MOST_POLLS;
         polls++) {
        ferry_session_poll(session, 0);
    }
    CHECK_INT(session_peer_count_requests(peer), answered);
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 600 * 1000 * 1000}, NULL);
    for (int polls = 0; ferry_session_poll(session, 0) > 0 && polls < MOST_POLLS; polls++) {
    }
    for (int i = 0; i < TRANSFERS; i++) {
        CHECK_INT(ferry_transfer_get_error(all[i]), FERRY_OK);
        ferry_transfer_free(all[i]);
    }
    ferry_session_free(session);
}

static ferry_error on_bytes(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    (void)transfer, (void)data;
    *(size_t *)ctx += length;
    return FERRY_OK;
}

/* Ten polls a second still receive at 100 MB/s: what a client reads between two of its own polls
 * (poll_budget_bytes) is no limit of a session's poll. */
static void poll_with_time_reads_more_than_a_frames_share(void) {
    enum { FRAMES_SHARE = 1024 * 1024 };
    const ferry_session_options options = {.poll_budget_us = -1};
    ferry_session *session = ferry_session_new(&options);
    size_t received = 0;
    size_t most = 0;
    start(session, "/flood",
          (ferry_session_request){.functions.on_data = on_bytes, .ctx = &received});
    size_t left = 1;
    while (left > 0) {
        size_t before = received;
        let_time_pass(); /* in which the system takes what the server sends */
        left = ferry_session_poll(session, 0);
        most = received - before > most ? received - before : most;
    }
    CHECK_INT(received, SESSION_PEER_FLOOD);
    CHECK(most > 3 * FRAMES_SHARE / 2);
    ferry_session_free(session);
}

static void on_progress(void *ctx, ferry_transfer *transfer) {
    (void)transfer;
    (*(unsigned *)ctx)++;
}

/* More than one batch of connections, and a server that goes on sending: a poll reads some again.
 */
static void progress_is_told_once_in_a_poll(void) {
    enum { MANY = 90, POLLS = 30 };
    const ferry_session_options options = {
        .max_connections = MANY,
        .max_connections_per_origin = MANY,
        .poll_budget_us = 50 * 1000,
    };
    ferry_session *session = ferry_session_new(&options);
    unsigned told[MANY] = {0};
    for (int i = 0; i < MANY; i++) {
        start(session, "/flood",
              (ferry_session_request){
                  .functions = {.on_data = on_data, .on_progress = on_progress},
                  .ctx = &told[i],
              });
    }
    for (int polls = 0; polls < POLLS;) {
        ferry_session_poll(session, 0);
        unsigned in_all = 0;
        for (int i = 0; i < MANY; i++) {
            CHECK(told[i] <= 1);
            in_all += told[i];
            told[i] = 0;
        }
        polls += in_all > 0;
    }
    ferry_session_free(session);
}

static ferry_transfer *begin_transfer(ferry_session *session, const char *target,
                                      ferry_session_request request) {
    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, target);
    request.url = url;
    return ferry_session_start(session, &request);
}

/* Who has the first place in the session's line and does not come back for it: its owner reads
 * nothing more. */
static void reader_that_sleeps_holds_nobody_back(void) {
    const ferry_session_options options = {.max_bytes_per_second = LIMIT};
    ferry_session *session = ferry_session_new(&options);
    static char room[SESSION_PEER_BIG];
    size_t received = 0;
    ferry_transfer *sleeper =
        begin_transfer(session, "/big", (ferry_session_request){.owner_reads = true});
    size_t length = 0;
    for (int polls = 0; length == 0 && polls < MOST_WAITS; polls++) {
        ferry_session_poll(session, MOST_WAIT_MS);
        CHECK_INT(ferry_transfer_read(sleeper, room, sizeof room, &length), FERRY_OK);
    }
    CHECK(length > 0);
    while (length > 0) { /* until it is the first in the line */
        CHECK_INT(ferry_transfer_read(sleeper, room, sizeof room, &length), FERRY_OK);
    }
    ferry_transfer *other = begin_transfer(
        session, "/big", (ferry_session_request){.functions.on_data = on_bytes, .ctx = &received});
    CHECK_INT(ferry_transfer_wait(other, 10 * MOST_WAIT_MS), FERRY_OK);
    CHECK_INT(received, SESSION_PEER_BIG);
    ferry_transfer_free(other);
    ferry_transfer_free(sleeper);
    ferry_session_free(session);
}

/* The same where the owner writes. */
static void writer_that_sleeps_holds_nobody_back(void) {
    const ferry_session_options options = {.max_bytes_per_second = SLOW};
    ferry_session *session = ferry_session_new(&options);
    static const char bytes[SESSION_PEER_BIG];
    ferry_transfer *sleeper =
        begin_transfer(session, "/hello",
                       (ferry_session_request){.method = FERRY_METHOD_POST,
                                               .owner_writes = true,
                                               .body_read_length = SESSION_PEER_BIG});
    size_t written = 0;
    for (int polls = 0; written == 0 && polls < MOST_WAITS; polls++) {
        ferry_session_poll(session, MOST_WAIT_MS);
        CHECK_INT(ferry_transfer_write(sleeper, bytes, sizeof bytes, &written), FERRY_OK);
    }
    CHECK(written > 0);
    while (written > 0) {
        CHECK_INT(ferry_transfer_write(sleeper, bytes, SLOW / 20, &written), FERRY_OK);
    }
    ferry_transfer *other =
        begin_transfer(session, "/hello",
                       (ferry_session_request){
                           .method = FERRY_METHOD_POST, .body = bytes, .body_length = SLOW / 10});
    CHECK_INT(ferry_transfer_wait(other, 10 * MOST_WAIT_MS), FERRY_OK);
    ferry_transfer_free(other);
    ferry_transfer_free(sleeper);
    ferry_session_free(session);
}

/* A program's loop that asks about one transfer, and never sleeps. */
static void wait_for_no_time_polls_once(void) {
    ferry_session *session = ferry_session_new(NULL);
    ferry_transfer *transfer = begin_transfer(session, "/hello", (ferry_session_request){0});
    ferry_error error = FERRY_ERROR_TIMEOUT;
    for (int i = 0; error == FERRY_ERROR_TIMEOUT && i < MOST_WAITS; i++) {
        error = ferry_transfer_wait(transfer, 0);
        if (error == FERRY_ERROR_TIMEOUT) {
            let_time_pass();
        }
    }
    CHECK_INT(error, FERRY_OK);
    ferry_transfer_free(transfer);
    ferry_session_free(session);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(pauses_that_end_together_take_turns),
        CHECK_TEST(time_outs_that_are_due_together_take_turns),
        CHECK_TEST(answers_that_are_there_are_no_time_outs),
        CHECK_TEST(poll_with_time_reads_more_than_a_frames_share),
        CHECK_TEST(progress_is_told_once_in_a_poll),
        CHECK_TEST(reader_that_sleeps_holds_nobody_back),
        CHECK_TEST(writer_that_sleeps_holds_nobody_back),
        CHECK_TEST(wait_for_no_time_polls_once),
    };
    peer = session_peer_new(&port);
    if (peer == NULL) {
        puts("there is no server");
        return 1;
    }
    int result = CHECK_RUN(tests, argc, argv);
    session_peer_free(peer);
    return result;
}
