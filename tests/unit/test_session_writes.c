/* SPDX-License-Identifier: MIT */
/* test_session_writes: request bodies that the program writes itself, and what is known of each
 * response on the way. */
#include "check.h"
#include "counted_memory.h"
#include "ferry.h"
#include "session_peer.h"

#include <stdio.h>
#include <string.h>

enum { MOST_POLLS = 20000, MOST_WAIT_MS = 1000 };

static uint16_t port;
static counted_memory memory;
static ferry_session *session;

static void begin(void) {
    memory = (counted_memory){0};
    const ferry_session_options options = {
        .client = {.allocator = counted_memory_allocator(&memory)},
    };
    session = ferry_session_new(&options);
}

static void end(void) {
    ferry_session_free(session);
    CHECK_INT(memory.live, 0);
}

static ferry_transfer *put(const char *target, int64_t length) {
    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d%s", port, target);
    const ferry_session_request request = {
        .url = url,
        .method = FERRY_METHOD_PUT,
        .owner_writes = true,
        .body_read_length = length,
        .any_status = true,
    };
    return ferry_session_start(session, &request);
}

/* Writes as the connection takes it. */
static ferry_error write_all(ferry_transfer *transfer, const char *data, size_t length) {
    ferry_error error = FERRY_OK;
    size_t at = 0;
    for (int polls = 0; error == FERRY_OK && at < length && polls < MOST_POLLS; polls++) {
        size_t written = 0;
        error = ferry_transfer_write(transfer, data + at, length - at, &written);
        at += written;
        if (error == FERRY_OK && at < length) {
            ferry_session_poll(session, MOST_WAIT_MS);
        }
    }
    CHECK(error != FERRY_OK || at == length);
    return error;
}

static ferry_error finish(ferry_transfer *transfer) {
    ferry_error error = FERRY_OK;
    bool is_taken = false;
    for (int polls = 0; error == FERRY_OK && !is_taken && polls < MOST_POLLS; polls++) {
        error = ferry_transfer_finish_body(transfer, &is_taken);
        if (error == FERRY_OK && !is_taken) {
            ferry_session_poll(session, MOST_WAIT_MS);
        }
    }
    CHECK(error != FERRY_OK || is_taken);
    return error;
}

static void body_of_known_length_is_complete_with_its_last_byte(void) {
    begin();
    ferry_transfer *transfer = put("/hello", 6);
    CHECK_INT(write_all(transfer, "abc", 3), FERRY_OK);
    CHECK_INT(write_all(transfer, "def", 3), FERRY_OK);
    CHECK_INT(ferry_transfer_wait(transfer, -1), FERRY_OK);
    CHECK_INT(ferry_transfer_get_response_code(transfer), 200);
    CHECK_STR((const char *)ferry_transfer_get_body(transfer, NULL), "hello");
    CHECK_INT(ferry_transfer_get_bytes_sent(transfer), 6);
    ferry_transfer_free(transfer);
    end();
}

static void body_of_unknown_length_ends_when_it_is_said(void) {
    begin();
    ferry_transfer *transfer = put("/hello", -1);
    CHECK_INT(write_all(transfer, "abc", 3), FERRY_OK);
    CHECK_INT(ferry_transfer_wait(transfer, 0), FERRY_ERROR_TIMEOUT);
    CHECK(!ferry_transfer_is_done(transfer));
    CHECK_INT(finish(transfer), FERRY_OK);
    CHECK_INT(ferry_transfer_wait(transfer, -1), FERRY_OK);
    CHECK_STR((const char *)ferry_transfer_get_body(transfer, NULL), "hello");
    CHECK_INT(ferry_transfer_get_bytes_sent(transfer), 3);
    size_t written = 1;
    CHECK_INT(ferry_transfer_write(transfer, "x", 1, &written), FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(written, 0);
    ferry_transfer_free(transfer);
    end();
}

static void second_request_of_a_session_is_written_over_the_kept_connection(void) {
    begin();
    for (int i = 0; i < 2; i++) {
        ferry_transfer *transfer = put("/hello", 3);
        CHECK_INT(write_all(transfer, "abc", 3), FERRY_OK);
        CHECK_INT(ferry_transfer_wait(transfer, -1), FERRY_OK);
        CHECK_INT(ferry_transfer_is_connection_reused(transfer), i == 1);
        CHECK_CONTAINS(ferry_transfer_get_peer_address(transfer), "127.0.0.1:");
        ferry_transfer_free(transfer);
    }
    end();
}

/* 302 leaves PUT alone, and what was written cannot be written again. */
static void body_that_was_written_cannot_go_with_a_redirect(void) {
    begin();
    ferry_transfer *transfer = put("/redirect", 3);
    CHECK_INT(write_all(transfer, "abc", 3), FERRY_OK);
    CHECK_INT(ferry_transfer_wait(transfer, -1), FERRY_ERROR_REDIRECT);
    CHECK_CONTAINS(ferry_transfer_get_error_detail(transfer), "body_rewind");
    size_t written = 1;
    CHECK_INT(ferry_transfer_write(transfer, "x", 1, &written), FERRY_ERROR_REDIRECT);
    CHECK_INT(written, 0);
    ferry_transfer_free(transfer);
    end();
}

static void what_does_not_fit_the_request_is_refused(void) {
    begin();
    size_t written = 1;
    bool is_taken = true;
    ferry_transfer *transfer = put("/hello", 3);
    ferry_session_poll(session, 0);
    while (ferry_transfer_get_bytes_sent(transfer) == 0) {
        CHECK_INT(write_all(transfer, "a", 1), FERRY_OK);
        ferry_session_poll(session, MOST_WAIT_MS);
    }
    CHECK_INT(ferry_transfer_write(transfer, "bcde", 4, &written), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(written, 0);
    CHECK_INT(ferry_transfer_finish_body(transfer, &is_taken), FERRY_ERROR_INVALID_PARAMETER);
    CHECK(!is_taken);
    CHECK_INT(write_all(transfer, "bc", 2), FERRY_OK);
    CHECK_INT(ferry_transfer_wait(transfer, -1), FERRY_OK);
    ferry_transfer_free(transfer);

    char url[100];
    snprintf(url, sizeof url, "http://127.0.0.1:%d/hello", port);
    transfer = ferry_session_get(session, url);
    CHECK_INT(ferry_transfer_write(transfer, "x", 1, &written), FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(ferry_transfer_finish_body(transfer, &is_taken), FERRY_ERROR_UNCONFIGURED);
    ferry_transfer_free(transfer);
    end();
}

/* ---- What is known of each response ---- */

typedef struct heads {
    int redirects;
    int finals;
    bool ends_it;
} heads;

static ferry_error on_redirect(void *ctx, ferry_transfer *transfer) {
    heads *seen = ctx;
    CHECK_INT(seen->finals, 0);
    CHECK_INT(ferry_transfer_get_response_code(transfer), 302);
    CHECK_INT(ferry_transfer_get_response_http_version(transfer), 11);
    CHECK_STR(ferry_transfer_get_response_reason(transfer), "Found");
    CHECK_STR(ferry_transfer_get_response_header(transfer, "Location", 0), "/hello");
    CHECK_CONTAINS(ferry_transfer_get_url(transfer), "/redirect");
    seen->redirects++;
    return seen->ends_it ? FERRY_ERROR_FAILED : FERRY_OK;
}

static ferry_error on_head(void *ctx, ferry_transfer *transfer) {
    heads *seen = ctx;
    CHECK_STR(ferry_transfer_get_response_reason(transfer), "OK");
    CHECK_CONTAINS(ferry_transfer_get_url(transfer), "/hello");
    seen->finals++;
    return FERRY_OK;
}

static void each_redirect_is_told_and_may_end_the_transfer(void) {
    for (int ends_it = 0; ends_it < 2; ends_it++) {
        begin();
        heads seen = {.ends_it = ends_it != 0};
        char url[100];
        snprintf(url, sizeof url, "http://127.0.0.1:%d/redirect", port);
        const ferry_session_request request = {
            .url = url,
            .functions = {.on_redirect = on_redirect, .on_head = on_head},
            .ctx = &seen,
        };
        ferry_transfer *transfer = ferry_session_start(session, &request);
        CHECK_STR(ferry_transfer_get_response_reason(transfer), "");
        CHECK_INT(ferry_transfer_wait(transfer, -1), ends_it ? FERRY_ERROR_FAILED : FERRY_OK);
        CHECK_INT(seen.redirects, 1);
        CHECK_INT(seen.finals, !ends_it);
        CHECK_INT(ferry_transfer_get_redirect_count(transfer), !ends_it);
        ferry_transfer_free(transfer);
        end();
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(body_of_known_length_is_complete_with_its_last_byte),
        CHECK_TEST(body_of_unknown_length_ends_when_it_is_said),
        CHECK_TEST(second_request_of_a_session_is_written_over_the_kept_connection),
        CHECK_TEST(body_that_was_written_cannot_go_with_a_redirect),
        CHECK_TEST(what_does_not_fit_the_request_is_refused),
        CHECK_TEST(each_redirect_is_told_and_may_end_the_transfer),
    };
    session_peer *peer = session_peer_new(&port);
    if (!CHECK(peer != NULL)) {
        return 1;
    }
    int result = CHECK_RUN(tests, argc, argv);
    session_peer_free(peer);
    return result;
}
