/* SPDX-License-Identifier: MIT */
/* test_session_calls: what functions of transfers may call: everything. Each of them makes each
 * call, with responses that keep the connection and that end it, and on_done comes exactly once,
 * but for transfers that are gone. */
#include "check.h"
#include "counted_memory.h"
#include "ferry.h"
#include "session_peer.h"

#include <stdio.h>
#include <string.h>

enum { MOST_POLLS = 20000, MOST_WAIT_MS = 1000 };

typedef enum place { ON_REDIRECT, ON_HEAD, ON_DATA, ON_PROGRESS, ON_DONE, PLACES } place;
static const char *const place_names[] = {"on_redirect", "on_head", "on_data", "on_progress",
                                          "on_done"};

typedef enum action {
    FREE_ITSELF,
    FREE_ANOTHER,
    FREE_ONE_THAT_IS_DONE,
    FREE_BOTH,
    CANCEL_ITSELF,
    CANCEL_ANOTHER,
    CANCEL_ALL,
    DETACH_ITSELF,
    DETACH_AND_FREE_ANOTHER,
    START,
    START_WHAT_FAILS,
    START_AND_FREE,
    FREE_SESSION,
    FREE_ITSELF_AND_SESSION,
    POLL,
    WAIT,
    NEXT_DONE,
    NETWORK_CHANGED,
    FAIL,
    ACTIONS
} action;
static const char *const action_names[] = {
    "free itself",
    "free another",
    "free one that is done",
    "free both",
    "cancel itself",
    "cancel another",
    "cancel all",
    "detach itself",
    "detach, free",
    "start",
    "start what fails",
    "start and free",
    "free the session",
    "free both kinds",
    "poll",
    "wait",
    "next_done",
    "network_changed",
    "fail",
};

/* One transfer of the test's, and what has become of it. */
typedef struct watched {
    struct rig *rig;
    ferry_transfer *transfer; /* NULL: freed, or detached */
    unsigned calls[PLACES];
    bool is_over; /* no function may be called any more */
} watched;

typedef struct rig {
    counted_memory memory;
    ferry_session *session; /* NULL: freed */
    place where;
    action what;
    bool has_acted;
    watched main;
    watched hanging;
    watched done;
    watched started;
} rig;

static uint16_t port;

static const char *url_of(const char *target) {
    static char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, target);
    return url;
}

static ferry_error on_redirect(void *ctx, ferry_transfer *transfer);
static ferry_error on_head(void *ctx, ferry_transfer *transfer);
static ferry_error on_data(void *ctx, ferry_transfer *transfer, const void *data, size_t length);
static void on_progress(void *ctx, ferry_transfer *transfer);
static void on_done(void *ctx, ferry_transfer *transfer);

static void start(rig *r, watched *one, const char *url) {
    one->rig = r;
    const ferry_session_request request = {
        .url = url,
        .functions = {.on_redirect = on_redirect,
                      .on_head = on_head,
                      .on_data = on_data,
                      .on_progress = on_progress,
                      .on_done = on_done},
        .ctx = one,
    };
    one->transfer = ferry_session_start(r->session, &request);
}

static void let_go(watched *one) {
    ferry_transfer_free(one->transfer);
    one->transfer = NULL;
    one->is_over = true;
}

static void free_session(rig *r) {
    ferry_session_free(r->session);
    r->session = NULL;
    r->main.is_over = r->hanging.is_over = r->done.is_over = r->started.is_over = true;
}

/* The started one must get its answer, whatever becomes of those that are there. */
static void act(rig *r) {
    watched *main = &r->main;
    watched *another = &r->hanging;
    switch (r->what) {
    case FREE_ITSELF:
        let_go(main);
        break;
    case FREE_ANOTHER:
        let_go(another);
        break;
    case FREE_ONE_THAT_IS_DONE:
        let_go(&r->done);
        break;
    case FREE_BOTH:
        let_go(another);
        let_go(main);
        start(r, &r->started, url_of("/close"));
        break;
    case CANCEL_ITSELF:
        ferry_transfer_cancel(main->transfer);
        ferry_transfer_cancel(main->transfer);
        break;
    case CANCEL_ANOTHER:
        ferry_transfer_cancel(another->transfer);
        break;
    case CANCEL_ALL:
        ferry_session_cancel_all(r->session);
        start(r, &r->started, url_of("/hello"));
        break;
    case DETACH_ITSELF:
        ferry_transfer_detach(main->transfer);
        main->transfer = NULL;
        break;
    case DETACH_AND_FREE_ANOTHER:
        ferry_transfer_detach(another->transfer);
        let_go(another);
        break;
    case START:
        start(r, &r->started, url_of("/hello"));
        break;
    case START_WHAT_FAILS:
        start(r, &r->started, "ftp://x/");
        break;
    case START_AND_FREE:
        start(r, &r->started, url_of("/hello"));
        let_go(&r->started);
        break;
    case FREE_SESSION:
        free_session(r);
        break;
    case FREE_ITSELF_AND_SESSION:
        let_go(main);
        free_session(r);
        break;
    case POLL:
        CHECK(ferry_session_poll(r->session, 0) > 0);
        break;
    case WAIT:
        if (!ferry_transfer_is_done(another->transfer)) {
            CHECK_INT(ferry_transfer_wait(another->transfer, -1), FERRY_ERROR_BUSY);
        }
        break;
    case NEXT_DONE:
        while (ferry_session_next_done(r->session) != NULL) {
        }
        break;
    case NETWORK_CHANGED:
        ferry_session_network_changed(r->session);
        break;
    case FAIL:
    case ACTIONS:
        break;
    }
}

static ferry_error called(void *ctx, ferry_transfer *transfer, place where) {
    watched *one = ctx;
    rig *r = one->rig;
    CHECK(!one->is_over);
    CHECK(one->transfer == NULL || one->transfer == transfer);
    CHECK(ferry_transfer_get_ctx(transfer) == ctx);
    CHECK_INT(ferry_transfer_is_done(transfer),
              where == ON_DONE || one->calls[ON_DONE] > 0 || ferry_transfer_is_done(transfer));
    one->calls[where]++;
    if (one == &r->main && where == r->where && !r->has_acted) {
        r->has_acted = true;
        act(r);
        return r->what == FAIL ? FERRY_ERROR_FAILED : FERRY_OK;
    }
    return FERRY_OK;
}

static ferry_error on_redirect(void *ctx, ferry_transfer *transfer) {
    CHECK_INT(ferry_transfer_get_response_code(transfer), 302);
    return called(ctx, transfer, ON_REDIRECT);
}

static ferry_error on_head(void *ctx, ferry_transfer *transfer) {
    CHECK_INT(ferry_transfer_get_response_code(transfer), 200);
    return called(ctx, transfer, ON_HEAD);
}

static ferry_error on_data(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    CHECK(data != NULL && length > 0);
    return called(ctx, transfer, ON_DATA);
}

static void on_progress(void *ctx, ferry_transfer *transfer) {
    called(ctx, transfer, ON_PROGRESS);
}

static void on_done(void *ctx, ferry_transfer *transfer) {
    CHECK(ferry_transfer_is_done(transfer));
    called(ctx, transfer, ON_DONE);
}

static bool is_waited_for(const watched *one) {
    return one->rig != NULL && !one->is_over && one->calls[ON_DONE] == 0;
}

/* Polls until all but the hanging one are done, and one round more. */
static void run(rig *r) {
    int polls = 0;
    while (r->session != NULL && polls < MOST_POLLS &&
           (is_waited_for(&r->main) || is_waited_for(&r->started))) {
        ferry_session_poll(r->session, MOST_WAIT_MS);
        polls++;
    }
    CHECK(polls < MOST_POLLS);
    if (r->session != NULL) {
        ferry_session_poll(r->session, 0);
    }
}

static void end(rig *r) {
    if (r->session != NULL) {
        ferry_session_cancel_all(r->session);
        while (ferry_session_poll(r->session, 0) > 0) {
        }
        ferry_session_poll(r->session, 0);
    }
    watched *all[] = {&r->main, &r->hanging, &r->done, &r->started};
    for (size_t i = 0; i < 4; i++) {
        if (all[i]->rig != NULL && !all[i]->is_over) {
            CHECK_INT(all[i]->calls[ON_DONE], 1);
        } else {
            CHECK(all[i]->calls[ON_DONE] <= 1);
        }
        if (all[i]->transfer != NULL && r->session == NULL) {
            CHECK(ferry_transfer_is_done(all[i]->transfer)); /* it stays readable */
        }
    }
    ferry_session_free(r->session);
    for (size_t i = 0; i < 4; i++) {
        ferry_transfer_free(all[i]->transfer);
    }
    CHECK_INT(r->memory.live, 0);
}

static void begin(rig *r, place where, action what) {
    *r = (rig){.where = PLACES, .what = what};
    const ferry_session_options options = {
        .client = {.allocator = counted_memory_allocator(&r->memory)},
    };
    r->session = ferry_session_new(&options);
    start(r, &r->hanging, url_of("/hang"));
    start(r, &r->done, url_of("/hello"));
    while (r->done.calls[ON_DONE] == 0) {
        ferry_session_poll(r->session, MOST_WAIT_MS);
    }
    r->where = where;
}

static void check_outcome(const rig *r) {
    if (!r->has_acted) {
        CHECK_INT(ferry_transfer_get_error(r->main.transfer), FERRY_OK);
        return;
    }
    bool is_gone = r->main.is_over || r->main.transfer == NULL;
    if (!is_gone && r->what != CANCEL_ALL && r->what != CANCEL_ITSELF && r->what != FAIL) {
        CHECK_INT(ferry_transfer_get_error(r->main.transfer), FERRY_OK);
    }
    if (r->what == FAIL &&
        (r->where == ON_REDIRECT || r->where == ON_HEAD || r->where == ON_DATA)) {
        CHECK_INT(ferry_transfer_get_error(r->main.transfer), FERRY_ERROR_FAILED);
    }
    if (!is_gone && r->where != ON_DONE && r->where != ON_PROGRESS &&
        (r->what == CANCEL_ALL || r->what == CANCEL_ITSELF)) {
        CHECK_INT(ferry_transfer_get_error(r->main.transfer), FERRY_ERROR_ABORTED);
    }
    if (r->started.transfer != NULL) {
        CHECK_INT(ferry_transfer_get_error(r->started.transfer),
                  r->what == START_WHAT_FAILS ? FERRY_ERROR_INVALID_PARAMETER : FERRY_OK);
    }
}

static void every_function_may_make_every_call(void) {
    static const char *const targets[] = {"/hello", "/close", "/empty", "/big", "/redirect"};
    for (int where = 0; where < PLACES; where++) {
        for (int what = 0; what < ACTIONS; what++) {
            for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
                int before = check_failures();
                rig r;
                begin(&r, (place)where, (action)what);
                start(&r, &r.main, url_of(targets[i]));
                run(&r);
                bool has_bytes = strcmp(targets[i], "/empty") != 0;
                bool is_reached = where == ON_REDIRECT
                                      ? strcmp(targets[i], "/redirect") == 0
                                      : has_bytes || where == ON_HEAD || where == ON_DONE;
                CHECK_INT(r.has_acted, is_reached);
                check_outcome(&r);
                end(&r);
                if (check_failures() > before) {
                    printf("    with %s: %s, %s\n", place_names[where], action_names[what],
                           targets[i]);
                }
            }
        }
    }
}

/* ---- Starts that fail at once ---- */

static void failed_start_is_told_to_on_done(void) {
    static const char *const urls[] = {NULL, "", "ftp://x/", "http://", "/relative"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        rig r;
        begin(&r, PLACES, POLL);
        start(&r, &r.main, urls[i]);
        CHECK(ferry_transfer_is_done(r.main.transfer));
        CHECK_INT(ferry_transfer_get_error(r.main.transfer), FERRY_ERROR_INVALID_PARAMETER);
        CHECK(*ferry_transfer_get_error_detail(r.main.transfer) != '\0');
        CHECK_INT(r.main.calls[ON_DONE], 0); /* never within start */
        run(&r);
        CHECK_INT(r.main.calls[ON_DONE], 1);
        end(&r);
    }
}

static void session_with_a_wrong_option_tells_every_transfer(void) {
    for (int what = 0; what < 2; what++) {
        rig r = {.where = ON_DONE, .what = what == 0 ? POLL : FREE_SESSION};
        const ferry_session_options options = {
            .client = {.allocator = counted_memory_allocator(&r.memory)},
            .max_connections = -1,
        };
        r.session = ferry_session_new(&options);
        r.has_acted = what == 0;
        start(&r, &r.main, url_of("/hello"));
        start(&r, &r.done, url_of("/hello"));
        CHECK_INT(ferry_transfer_get_error(r.main.transfer), FERRY_ERROR_INVALID_PARAMETER);
        CHECK_CONTAINS(ferry_transfer_get_error_detail(r.main.transfer), "max_connections");
        run(&r);
        CHECK_INT(r.main.calls[ON_DONE], 1);
        CHECK_INT(r.done.calls[ON_DONE], what == 0);
        end(&r);
    }
}

static void no_request_and_no_text_are_bad_input(void) {
    ferry_session *session = ferry_session_new(NULL);
    ferry_transfer *transfers[] = {
        ferry_session_start(session, NULL),
        ferry_session_post_json(session, url_of("/hello"), NULL),
    };
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(ferry_transfer_get_error(transfers[i]), FERRY_ERROR_INVALID_PARAMETER);
        ferry_transfer_free(transfers[i]);
    }
    ferry_session_free(session);
    ferry_session_free(NULL);
    ferry_transfer_free(NULL);
}

/* ---- Wakes ---- */

static void wake_that_a_poll_without_sleep_sees_is_for_the_next(void) {
    rig r;
    begin(&r, PLACES, POLL);
    ferry_session_wake(r.session);
    ferry_session_poll(r.session, 0);
    ferry_session_poll(r.session, 0);
    /* It would hang for 30 s otherwise, until the hanging one is idle for too long. */
    CHECK_INT(ferry_transfer_wait(r.hanging.transfer, -1), FERRY_ERROR_ABORTED);
    CHECK_INT(ferry_transfer_wait(r.hanging.transfer, 1), FERRY_ERROR_TIMEOUT);
    ferry_session_wake(r.session);
    CHECK_INT(ferry_session_poll(r.session, -1), 1);
    CHECK_INT(ferry_transfer_wait(r.hanging.transfer, 1), FERRY_ERROR_TIMEOUT);
    end(&r);
}

static void poll_without_a_transfer_does_not_sleep_for_ever(void) {
    ferry_session *session = ferry_session_new(NULL);
    CHECK_INT(ferry_session_poll(session, -1), 0);
    ferry_transfer_free(ferry_session_get(session, "ftp://a/"));
    CHECK_INT(ferry_session_poll(session, -1), 0);
    CHECK_INT(ferry_session_poll(session, -1), 0);
    ferry_session_free(session);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(every_function_may_make_every_call),
        CHECK_TEST(failed_start_is_told_to_on_done),
        CHECK_TEST(session_with_a_wrong_option_tells_every_transfer),
        CHECK_TEST(no_request_and_no_text_are_bad_input),
        CHECK_TEST(poll_without_a_transfer_does_not_sleep_for_ever),
        CHECK_TEST(wake_that_a_poll_without_sleep_sees_is_for_the_next),
    };
    session_peer *peer = session_peer_new(&port);
    if (!CHECK(peer != NULL)) {
        return 1;
    }
    int result = CHECK_RUN(tests, argc, argv);
    session_peer_free(peer);
    return result;
}
