/* SPDX-License-Identifier: MIT */
/* test_exchange: what the client sees of a request once it has ended, one way or another. */
#include "message/exchange.h"

#include "check.h"

static ferry_context context;
static ferry_exchange exchange;

/* A request in the middle of its upload, and of its response. */
static void begin(void) {
    context = (ferry_context){.allocator = ferry_default_allocator};
    ferry_exchange_init(&exchange, &context);
    ferry_exchange_begin(&exchange);
    exchange.takes_body = true;
    exchange.pulls_body = true;
    exchange.sender_has_work = true;
    exchange.awaits_body = true;
    exchange.awaits_continue = true;
    ferry_exchange_head(&exchange, 200, true, 7, 8);
    CHECK_INT(exchange.state, FERRY_EXCHANGE_BODY);
}

static void expect_no_upload(void) {
    CHECK(!exchange.takes_body);
    CHECK(!exchange.pulls_body);
    CHECK(!exchange.sender_has_work);
    CHECK(!exchange.awaits_body);
    CHECK(!exchange.awaits_continue);
}

static void nothing_is_taken_after_the_end(void) {
    begin();
    ferry_exchange_response_end(&exchange);
    CHECK(exchange.takes_body);
    ferry_exchange_end(&exchange);
    CHECK_INT(exchange.state, FERRY_EXCHANGE_DONE);
    expect_no_upload();
    ferry_exchange_deinit(&exchange);
}

static void nothing_is_taken_after_a_failure(void) {
    begin();
    ferry_exchange_fail(&exchange, FERRY_ERROR_CONNECTION_ERROR);
    CHECK_INT(exchange.state, FERRY_EXCHANGE_FAILED);
    CHECK_INT(exchange.error, FERRY_ERROR_CONNECTION_ERROR);
    expect_no_upload();
    ferry_exchange_deinit(&exchange);
}

static void what_comes_after_the_end_is_dropped(void) {
    begin();
    ferry_exchange_end(&exchange);
    ferry_exchange_fail(&exchange, FERRY_ERROR_CONNECTION_ERROR);
    CHECK_INT(exchange.state, FERRY_EXCHANGE_DONE);
    CHECK_INT(exchange.error, FERRY_OK);
    ferry_exchange_head(&exchange, 404, false, 1, 1);
    CHECK_INT(exchange.code, 200);
    ferry_exchange_deinit(&exchange);
}

static void reset_forgets_all_that_was(void) {
    begin();
    exchange.error = FERRY_ERROR_CONNECTION_ERROR;
    exchange.reader_has_work = true;
    exchange.is_exposed = true;
    exchange.is_sent = true;
    exchange.upload_stopped = true;
    exchange.body_is_whole = true;
    exchange.bytes_received = 1;
    exchange.bytes_sent = 1;
    ferry_exchange_response_end(&exchange);
    CHECK(exchange.has_response && exchange.has_begun && exchange.chunked);
    ferry_exchange_reset(&exchange);
    CHECK_INT(exchange.state, FERRY_EXCHANGE_NONE);
    CHECK_INT(exchange.error, FERRY_OK);
    CHECK_INT(exchange.code, 0);
    CHECK(!exchange.chunked);
    CHECK(!exchange.has_response);
    expect_no_upload();
    CHECK(!exchange.reader_has_work);
    CHECK(!exchange.is_exposed);
    CHECK(!exchange.is_sent);
    CHECK(!exchange.has_begun);
    CHECK(!exchange.upload_stopped);
    CHECK(!exchange.body_is_whole);
    CHECK(!exchange.response_ended);
    CHECK(!exchange.response_arrived);
    CHECK_INT(exchange.body_length, -1);
    CHECK_INT(exchange.body_length_hint, -1);
    CHECK_INT(exchange.bytes_received, 0);
    CHECK_INT(exchange.bytes_sent, 0);
    ferry_exchange_deinit(&exchange);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(nothing_is_taken_after_the_end),
        CHECK_TEST(nothing_is_taken_after_a_failure),
        CHECK_TEST(what_comes_after_the_end_is_dropped),
        CHECK_TEST(reset_forgets_all_that_was),
    };
    return CHECK_RUN(tests, argc, argv);
}
