/* SPDX-License-Identifier: MIT */
/* test_sources: request bodies that are sent from the program's memory, and bodies that a function
 * of the program's gives. */
#include "base/size_limits.h"
#include "check.h"
#include "counted_memory.h"
#include "script_stream.h"

#include <stdlib.h>
#include <string.h>

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

enum { POLL_BUDGET = 2 * 1024 * 1024 };

typedef struct sources_rig {
    counted_memory memory;
    script_stream script;
    ferry_client *client;
} sources_rig;

static void begin(sources_rig *rig, const char *gate) {
    *rig = (sources_rig){.client = NULL};
    ferry_client_options options = {
        .allocator = counted_memory_allocator(&rig->memory),
        .user_agent = "test",
        .poll_budget_bytes = (size_t)POLL_BUDGET,
    };
    rig->client = ferry_client_new(&options);
    script_stream_init(&rig->script, answer, sizeof answer - 1, FERRY_STREAM_AGAIN);
    rig->script.gate = gate;
    CHECK_INT(ferry_client_set_connection(rig->client, &rig->script.stream), FERRY_OK);
}

static void end(sources_rig *rig) {
    ferry_client_free(rig->client);
    CHECK_INT(rig->memory.live, 0);
}

static ferry_error finish(sources_rig *rig) {
    ferry_error error = FERRY_OK;
    ferry_status status = ferry_client_get_status(rig->client);
    for (int i = 0; i < 100000 && error == FERRY_OK &&
                    (status == FERRY_STATUS_REQUESTING || status == FERRY_STATUS_BODY);
         i++) {
        char body[10];
        size_t length = 0;
        error = ferry_client_poll(rig->client);
        if (error == FERRY_OK && ferry_client_get_status(rig->client) == FERRY_STATUS_BODY) {
            error = ferry_client_read_response_body(rig->client, body, sizeof body, &length);
        }
        status = ferry_client_get_status(rig->client);
    }
    return error;
}

/* What was sent behind the head. */
static void check_sent_body(const sources_rig *rig, const char *expected, size_t length) {
    const char *sent = rig->script.sent;
    size_t head = 4;
    while (head < rig->script.sent_length && memcmp(sent + head - 4, "\r\n\r\n", 4) != 0) {
        head++;
    }
    CHECK_MEM(sent + head, rig->script.sent_length - head, expected, length);
}

/* ---- Memory ---- */

static const char text[] = "a body that lies in the program's memory, up to its end";
enum { TEXT_LENGTH = sizeof text - 1 };

static const ferry_request borrowed_text = {.method = FERRY_METHOD_POST,
                                            .url = "/",
                                            .body = text,
                                            .body_length = TEXT_LENGTH,
                                            .borrow_body = true};

static void a_borrowed_body_goes_along_with_the_head(void) {
    sources_rig rig;
    begin(&rig, "end");
    CHECK_INT(ferry_client_send(rig.client, &borrowed_text), FERRY_OK);
    CHECK_INT(rig.script.writes, 1);
    CHECK_INT(ferry_client_get_bytes_sent(rig.client), TEXT_LENGTH);
    CHECK_INT(finish(&rig), FERRY_OK);
    check_sent_body(&rig, text, TEXT_LENGTH);
    end(&rig);
}

static void a_borrowed_body_may_be_taken_in_any_pieces(void) {
    for (size_t piece = 1; piece < 150; piece++) {
        sources_rig rig;
        begin(&rig, "end");
        rig.script.write_limit = piece;
        CHECK_INT(ferry_client_send(rig.client, &borrowed_text), FERRY_OK);
        CHECK_INT(finish(&rig), FERRY_OK);
        CHECK_INT(ferry_client_get_bytes_sent(rig.client), TEXT_LENGTH);
        check_sent_body(&rig, text, TEXT_LENGTH);
        end(&rig);
    }
}

static void a_borrowed_body_is_not_copied(void) {
    enum { LARGE = 100 * 1024 * 1024 };
    sources_rig rig;
    char *body = calloc(LARGE, 1);
    begin(&rig, "never");
    rig.script.write_room = 1000;
    ferry_request request = borrowed_text;
    request.body = body;
    request.body_length = LARGE;
    size_t before = rig.memory.most;
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    CHECK_INT(ferry_client_get_status(rig.client), FERRY_STATUS_REQUESTING);
    CHECK(ferry_client_get_bytes_sent(rig.client) < 1000);
    rig.script.forgets = true;
    for (int i = 0; i < 1000 && ferry_client_get_bytes_sent(rig.client) < LARGE; i++) {
        int64_t sent = ferry_client_get_bytes_sent(rig.client);
        CHECK_INT(ferry_client_poll(rig.client), FERRY_OK);
        CHECK(ferry_client_get_bytes_sent(rig.client) - sent <= POLL_BUDGET);
    }
    CHECK_INT(ferry_client_get_bytes_sent(rig.client), LARGE);
    CHECK(rig.memory.most < before + FERRY_KEPT_BYTES);
    free(body); /* as soon as all is sent, though there is no response yet */
    rig.script.gate = NULL;
    CHECK_INT(finish(&rig), FERRY_OK);
    end(&rig);
}

static void a_borrowed_body_waits_for_100_where_it_lies(void) {
    static const char *const headers[] = {"Expect: 100-continue", NULL};
    static const char both[] = "HTTP/1.1 100 Continue\r\n\r\n"
                               "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    sources_rig rig;
    begin(&rig, "end");
    rig.script.bytes = both;
    rig.script.length = sizeof both - 1;
    rig.script.gate_at = sizeof "HTTP/1.1 100 Continue\r\n\r\n" - 1;
    ferry_request request = borrowed_text;
    request.headers = headers;
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(rig.client), 0);
    CHECK_INT(finish(&rig), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(rig.client), TEXT_LENGTH);
    check_sent_body(&rig, text, TEXT_LENGTH);
    end(&rig);
}

static void close_lets_a_borrowed_body_go(void) {
    sources_rig rig;
    char *body = calloc(100000, 1);
    begin(&rig, NULL);
    rig.script.write_room = 1000;
    ferry_request request = borrowed_text;
    request.body = body;
    request.body_length = 100000;
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    ferry_client_close(rig.client);
    free(body);
    CHECK(rig.script.is_destroyed);
    end(&rig);
}

/* An answer that refuses the body stops it: nothing of it is looked at from then on. */
static void a_refusal_lets_a_borrowed_body_go(void) {
    static const char refusal[] = "HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nhello";
    sources_rig rig;
    char *body = calloc(100000, 1);
    begin(&rig, NULL);
    rig.script.bytes = refusal;
    rig.script.length = sizeof refusal - 1;
    rig.script.write_room = 1000;
    ferry_request request = borrowed_text;
    request.body = body;
    request.body_length = 100000;
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    CHECK_INT(ferry_client_poll(rig.client), FERRY_OK);
    CHECK_INT(ferry_client_get_response_code(rig.client), 413);
    CHECK(ferry_client_is_upload_stopped(rig.client));
    free(body);
    rig.script.write_room = 0;
    CHECK_INT(finish(&rig), FERRY_OK);
    end(&rig);
}

static void a_borrowed_body_may_be_larger_than_one_that_is_copied(void) {
    sources_rig rig;
    begin(&rig, NULL);
    rig.script.write_room = 10; /* of the head: the body is not read */
    ferry_request request = borrowed_text;
    request.body_length = (size_t)FERRY_LIMIT_COPIED_BODY + 1;
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    ferry_client_close(rig.client);
    end(&rig);
}

/* ---- A function ---- */

typedef struct given {
    size_t left;
    size_t piece; /* most at once */
    unsigned calls;
    ferry_error error; /* at the end, instead of it */
    char next;
} given;

static ferry_error give(void *ctx, void *dst, size_t capacity, size_t *length) {
    given *self = ctx;
    CHECK(capacity > 0);
    self->calls++;
    size_t count = self->left < self->piece ? self->left : self->piece;
    count = count < capacity ? count : capacity;
    for (size_t i = 0; i < count; i++) {
        ((char *)dst)[i] = (char)('a' + (self->next++ % 26));
        self->next = (char)(self->next % 26);
    }
    self->left -= count;
    *length = count;
    return count == 0 ? self->error : FERRY_OK;
}

static ferry_request reading(given *self, int64_t length) {
    return (ferry_request){.method = FERRY_METHOD_PUT,
                           .url = "/",
                           .body_read = give,
                           .body_ctx = self,
                           .streamed_length = length};
}

static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";

static void a_body_of_known_length_is_read_up_to_it(void) {
    for (size_t piece = 1; piece < 30; piece++) {
        sources_rig rig;
        given self = {.left = 1000, .piece = piece};
        ferry_request request = reading(&self, 27);
        begin(&rig, "za");
        rig.script.write_limit = 1 + piece % 7;
        CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
        CHECK_INT(finish(&rig), FERRY_OK);
        CHECK_INT(self.left, 1000 - 27);
        CHECK_INT(ferry_client_get_bytes_sent(rig.client), 27);
        check_sent_body(&rig, alphabet, 27);
        end(&rig);
    }
}

static void a_body_of_unknown_length_is_read_to_its_end_in_chunks(void) {
    sources_rig rig;
    given self = {.left = 30, .piece = 20};
    ferry_request request = reading(&self, -1);
    static const char chunks[] = "14\r\nabcdefghijklmnopqrst\r\na\r\nuvwxyzabcd\r\n0\r\n\r\n";
    begin(&rig, "0\r\n\r\n");
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    CHECK_INT(finish(&rig), FERRY_OK);
    CHECK_INT(self.calls, 3);
    CHECK_INT(ferry_client_get_bytes_sent(rig.client), 30);
    check_sent_body(&rig, chunks, sizeof chunks - 1);
    end(&rig);
}

static void an_empty_body_is_read_too(void) {
    for (int64_t length = -1; length <= 0; length++) {
        sources_rig rig;
        given self = {.left = 0, .piece = 1};
        ferry_request request = reading(&self, length);
        begin(&rig, "\r\n\r\n");
        CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
        CHECK_INT(finish(&rig), FERRY_OK);
        check_sent_body(&rig, "0\r\n\r\n", length < 0 ? 5 : 0);
        end(&rig);
    }
}

static void nothing_is_read_before_there_is_room_for_it(void) {
    sources_rig rig;
    given self = {.left = 1000000, .piece = 1000000};
    ferry_request request = reading(&self, 1000000);
    begin(&rig, "never");
    rig.script.write_room = 10; /* of the head */
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(ferry_client_poll(rig.client), FERRY_OK);
    }
    CHECK_INT(self.calls, 0);
    rig.script.write_room = 1000;
    for (int i = 0; i < 10; i++) {
        CHECK_INT(ferry_client_poll(rig.client), FERRY_OK);
    }
    CHECK_INT(self.calls, 1);
    ferry_client_close(rig.client);
    end(&rig);
}

static void a_read_body_waits_for_100(void) {
    static const char *const headers[] = {"Expect: 100-continue", NULL};
    static const char both[] = "HTTP/1.1 100 Continue\r\n\r\n"
                               "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    sources_rig rig;
    given self = {.left = 5, .piece = 100};
    ferry_request request = reading(&self, -1);
    request.headers = headers;
    begin(&rig, "0\r\n\r\n");
    rig.script.bytes = both;
    rig.script.length = sizeof both - 1;
    rig.script.gate_at = sizeof "HTTP/1.1 100 Continue\r\n\r\n" - 1;
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    CHECK_INT(self.calls, 0);
    CHECK_INT(finish(&rig), FERRY_OK);
    check_sent_body(&rig, "5\r\nabcde\r\n0\r\n\r\n", 15);
    end(&rig);
}

static void expect_failure(given *self, int64_t length, ferry_error error, const char *why) {
    sources_rig rig;
    ferry_request request = reading(self, length);
    begin(&rig, "never");
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    CHECK_INT(finish(&rig), error);
    CHECK_INT(ferry_client_get_status(rig.client), FERRY_STATUS_CONNECTION_ERROR);
    CHECK_CONTAINS(ferry_client_get_error_detail(rig.client), why);
    CHECK(rig.script.is_destroyed);
    end(&rig);
}

static void a_function_that_fails_ends_the_request(void) {
    for (int64_t length = -1; length <= 30; length += 31) {
        given self = {.left = 10, .piece = 6, .error = FERRY_ERROR_INVALID_DATA};
        expect_failure(&self, length, FERRY_ERROR_INVALID_DATA,
                       "the program did not give the body of the request: body_read returned the "
                       "error");
    }
}

static void a_body_that_ends_early_ends_the_request(void) {
    given self = {.left = 10, .piece = 6};
    expect_failure(&self, 30, FERRY_ERROR_INVALID_PARAMETER, "ended 20 bytes before");
}

static ferry_error give_too_much(void *ctx, void *dst, size_t capacity, size_t *length) {
    (void)ctx;
    (void)dst;
    *length = capacity + 1;
    return FERRY_OK;
}

static void a_function_that_claims_too_much_ends_the_request(void) {
    sources_rig rig;
    begin(&rig, "never");
    ferry_request request = reading(NULL, 10);
    request.body_read = give_too_much;
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    CHECK_INT(finish(&rig), FERRY_ERROR_INVALID_PARAMETER);
    end(&rig);
}

static void a_read_body_leaves_nothing_behind(void) {
    sources_rig rig;
    given self = {.left = 10000000, .piece = 10000000};
    ferry_request request = reading(&self, -1);
    begin(&rig, NULL);
    ferry_request small = {.url = "/"};
    CHECK_INT(ferry_client_send(rig.client, &small), FERRY_OK);
    CHECK_INT(finish(&rig), FERRY_OK);
    size_t idle = rig.memory.bytes;
    script_stream_rewind(&rig.script);
    rig.script.length = 0;
    rig.script.forgets = true;
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    for (int i = 0; i < 1000 && self.left > 0; i++) {
        CHECK_INT(ferry_client_poll(rig.client), FERRY_OK);
        CHECK(rig.memory.bytes < idle + 5 * FERRY_KEPT_BYTES);
    }
    rig.script.length = sizeof answer - 1;
    CHECK_INT(finish(&rig), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(rig.client), 10000000);
    CHECK(rig.memory.bytes <= idle + 512);
    end(&rig);
}

static void two_ways_to_give_a_body_are_refused(void) {
    sources_rig rig;
    given self = {.left = 10, .piece = 6};
    begin(&rig, NULL);
    ferry_request request = reading(&self, 10);
    request.streamed = true;
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_ERROR_INVALID_PARAMETER);
    request = reading(&self, 10);
    request.body = "x";
    request.body_length = 1;
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_ERROR_INVALID_PARAMETER);
    request = reading(&self, 10);
    request.method = FERRY_METHOD_GET;
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_ERROR_INVALID_PARAMETER);
    request = reading(&self, 10);
    CHECK_INT(ferry_client_send(rig.client, &request), FERRY_OK);
    size_t written;
    CHECK_INT(ferry_client_write_request_body(rig.client, "x", 1, &written),
              FERRY_ERROR_UNCONFIGURED);
    end(&rig);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_borrowed_body_goes_along_with_the_head),
        CHECK_TEST(a_borrowed_body_may_be_taken_in_any_pieces),
        CHECK_TEST(a_borrowed_body_is_not_copied),
        CHECK_TEST(a_borrowed_body_waits_for_100_where_it_lies),
        CHECK_TEST(close_lets_a_borrowed_body_go),
        CHECK_TEST(a_refusal_lets_a_borrowed_body_go),
        CHECK_TEST(a_borrowed_body_may_be_larger_than_one_that_is_copied),
        CHECK_TEST(a_body_of_known_length_is_read_up_to_it),
        CHECK_TEST(a_body_of_unknown_length_is_read_to_its_end_in_chunks),
        CHECK_TEST(an_empty_body_is_read_too),
        CHECK_TEST(nothing_is_read_before_there_is_room_for_it),
        CHECK_TEST(a_read_body_waits_for_100),
        CHECK_TEST(a_function_that_fails_ends_the_request),
        CHECK_TEST(a_body_that_ends_early_ends_the_request),
        CHECK_TEST(a_function_that_claims_too_much_ends_the_request),
        CHECK_TEST(a_read_body_leaves_nothing_behind),
        CHECK_TEST(two_ways_to_give_a_body_are_refused),
    };
    return CHECK_RUN(tests, argc, argv);
}
