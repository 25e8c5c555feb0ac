/* SPDX-License-Identifier: MIT */
/* test_client_idle: what a client makes of a connection on which nothing is under way: what comes
 * unasked is never taken for the answer to the next request. */
#include "check.h"
#include "ferry.h"
#include "script_stream.h"

#include <string.h>

static const char unasked[] = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\ninjected";
static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/* The connection of a client, and what is said on it: at first `answer`. */
typedef struct rig {
    ferry_client *client;
    script_stream script;
} rig;

static void rig_init(rig *self) {
    self->client = ferry_client_new(NULL);
    script_stream_init(&self->script, answer, strlen(answer), FERRY_STREAM_AGAIN);
    CHECK_INT(ferry_client_set_connection(self->client, &self->script.stream), FERRY_OK);
}

/* The peer says something by itself, then what `end` is. */
static void rig_speak(rig *self, const char *text, ferry_stream_result end) {
    self->script.bytes = text;
    self->script.length = strlen(text);
    self->script.at = 0;
    self->script.speaks_first = true;
    self->script.end = end;
}

/* After this the peer waits for a request again, which it answers. */
static void rig_listen(rig *self) {
    script_stream_rewind(&self->script);
    self->script.bytes = answer;
    self->script.length = strlen(answer);
    self->script.speaks_first = false;
}

static ferry_error rig_request(rig *self) {
    return ferry_client_request(self->client, FERRY_METHOD_POST, "/", NULL, "x=1");
}

static void rig_expect_answer(rig *self) {
    char body[8];
    size_t length = 0;
    CHECK_INT(rig_request(self), FERRY_OK);
    CHECK_INT(ferry_client_poll(self->client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(self->client), FERRY_STATUS_BODY);
    CHECK_INT(ferry_client_read_response_body(self->client, body, sizeof body, &length), FERRY_OK);
    CHECK_MEM(body, length, "ok", 2);
    CHECK_INT(ferry_client_get_status(self->client), FERRY_STATUS_CONNECTED);
}

static void rig_expect_refusal(rig *self, bool blocking, const char *reason) {
    unsigned writes = self->script.writes;
    /* Refused where a program cannot sleep: it polls there, and this is the same call twice. */
    ferry_client_set_blocking_mode(self->client, blocking);
    CHECK_INT(rig_request(self), FERRY_ERROR_CONNECT_AGAIN);
    CHECK_CONTAINS(ferry_client_get_error_detail(self->client), reason);
    CHECK_CONTAINS(ferry_client_get_error_detail(self->client), "nothing was sent, connect again");
    CHECK_INT(ferry_client_get_status(self->client), FERRY_STATUS_DISCONNECTED);
    CHECK_INT(self->script.writes, writes);
    CHECK(self->script.is_destroyed);
    CHECK_INT(ferry_client_poll(self->client), FERRY_OK); /* it is no failure of the client's */
    CHECK_INT(rig_request(self), FERRY_ERROR_UNCONFIGURED);
    CHECK_INT(ferry_client_set_blocking_mode(self->client, false), FERRY_OK);
}

/* Another connection: the client is as good as new. */
static void rig_connect_again(rig *self) {
    script_stream_init(&self->script, answer, strlen(answer), FERRY_STREAM_AGAIN);
    CHECK_INT(ferry_client_set_connection(self->client, &self->script.stream), FERRY_OK);
    rig_expect_answer(self);
    ferry_client_free(self->client);
}

typedef struct idle_case {
    const char *text;
    ferry_stream_result end;
    const char *reason;
} idle_case;

static const idle_case idle_cases[] = {
    {unasked, FERRY_STREAM_AGAIN, "bytes that nobody asked for"},
    {"\r\n x", FERRY_STREAM_AGAIN, "bytes that nobody asked for"},
    {"\r\n\r\nHTTP/1.0 408 Request Time-out\r\n\r\n", FERRY_STREAM_END,
     "bytes that nobody asked for"},
    {"", FERRY_STREAM_END, "closed the idle connection"},
    {"\r\n", FERRY_STREAM_END, "closed the idle connection"},
    {"", FERRY_STREAM_TRUNCATED, "closed the idle connection"},
    {"", FERRY_STREAM_FAILED, "the script says that the connection broke"},
};
enum { IDLE_CASES = sizeof idle_cases / sizeof *idle_cases };

/* At first, or after an exchange; in one piece, or byte by byte. */
static void what_comes_unasked_is_no_answer(bool blocking, bool is_first, size_t piece) {
    for (size_t i = 0; i < IDLE_CASES; i++) {
        rig self;
        rig_init(&self);
        if (!is_first) {
            rig_expect_answer(&self);
        } else if (idle_cases[i].end == FERRY_STREAM_FAILED) {
            ferry_client_free(self.client);
            continue; /* see a_connection_that_breaks_before_its_first_request_is_no_stale_one */
        }
        rig_speak(&self, idle_cases[i].text, idle_cases[i].end);
        self.script.piece = piece;
        rig_expect_refusal(&self, blocking, idle_cases[i].reason);
        rig_connect_again(&self);
    }
}

static void a_connection_that_breaks_before_its_first_request_is_no_stale_one(void) {
    rig self;
    rig_init(&self);
    rig_speak(&self, "", FERRY_STREAM_FAILED);
    self.script.write_limit = 1;
    CHECK_INT(rig_request(&self), FERRY_OK);
    CHECK_INT(ferry_client_poll(self.client), FERRY_ERROR_CONNECTION_ERROR);
    CHECK_CONTAINS(ferry_client_get_error_detail(self.client),
                   "the script says that the connection broke");
    rig_connect_again(&self);
}

static void bytes_before_the_first_request_are_no_answer(void) {
    for (int blocking = 0; blocking <= 1; blocking++) {
        what_comes_unasked_is_no_answer(blocking == 1, true, 0);
        what_comes_unasked_is_no_answer(blocking == 1, true, 1);
    }
}

static void bytes_between_two_requests_are_no_answer(void) {
    for (int blocking = 0; blocking <= 1; blocking++) {
        what_comes_unasked_is_no_answer(blocking == 1, false, 0);
        what_comes_unasked_is_no_answer(blocking == 1, false, 1);
    }
}

static void a_poll_closes_an_idle_connection_that_speaks(void) {
    for (size_t i = 0; i < IDLE_CASES; i++) {
        rig self;
        rig_init(&self);
        rig_expect_answer(&self);
        rig_speak(&self, idle_cases[i].text, idle_cases[i].end);
        CHECK_INT(ferry_client_poll(self.client), FERRY_OK);
        CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_DISCONNECTED);
        CHECK_INT(ferry_client_get_response_code(self.client), 200);
        rig_connect_again(&self);
    }
}

static void empty_lines_on_an_idle_connection_are_passed_over(void) {
    static const char *const texts[] = {"\r\n", "\n", "\r\n\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (int polls = 0; polls <= 2; polls++) {
            rig self;
            rig_init(&self);
            rig_expect_answer(&self);
            rig_speak(&self, texts[i], FERRY_STREAM_AGAIN);
            self.script.piece = polls == 2 ? 1 : 0;
            for (int poll = 0; poll < polls; poll++) {
                CHECK_INT(ferry_client_poll(self.client), FERRY_OK);
                CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTED);
            }
            CHECK_INT(rig_request(&self), FERRY_OK);
            CHECK_INT(self.script.at, strlen(texts[i]));
            ferry_client_free(self.client);
        }
    }
}

static void too_many_empty_lines_at_once_close_an_idle_connection(void) {
    enum { MOST = 960 }; /* what is passed over */
    for (size_t length = MOST; length <= MOST + 1; length++) {
        char flood[MOST + 2] = "";
        memset(flood, '\n', length);
        rig self;
        rig_init(&self);
        rig_expect_answer(&self);
        rig_speak(&self, flood, FERRY_STREAM_AGAIN);
        CHECK_INT(ferry_client_poll(self.client), FERRY_OK);
        CHECK_INT(ferry_client_get_status(self.client),
                  length > MOST ? FERRY_STATUS_DISCONNECTED : FERRY_STATUS_CONNECTED);
        ferry_client_free(self.client);
    }
}

/* They come along with the body, and are no reason to connect again. */
static void empty_lines_behind_a_body_are_passed_over(void) {
    static const char *const texts[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n\r\n",
        "HTTP/1.1 204 No Content\r\n\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        for (size_t split = 0; split < strlen(texts[i]); split++) {
            rig self;
            rig_init(&self);
            self.script.bytes = texts[i];
            self.script.length = strlen(texts[i]);
            self.script.split = split; /* 0: none */
            CHECK_INT(rig_request(&self), FERRY_OK);
            size_t got = 0;
            for (int polls = 0; polls < 8; polls++) {
                char body[8];
                size_t length = 0;
                CHECK_INT(ferry_client_poll(self.client), FERRY_OK);
                CHECK_INT(ferry_client_read_response_body(self.client, body, sizeof body, &length),
                          FERRY_OK);
                got += length;
            }
            CHECK_INT(got, i < 2 ? 2 : 0);
            CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTED);
            rig_listen(&self);
            self.script.split = 0;
            rig_expect_answer(&self);
            ferry_client_free(self.client);
        }
    }
}

/* A line end a byte for as long as it is looked at is no line end any more. */
static void a_flood_of_empty_lines_is_no_idle_connection(void) {
    static char flood[4096];
    rig self;
    memset(flood, '\n', sizeof flood - 1);
    rig_init(&self);
    rig_expect_answer(&self);
    rig_speak(&self, flood, FERRY_STREAM_AGAIN);
    rig_expect_refusal(&self, false, "bytes that nobody asked for");
    CHECK(self.script.at < sizeof flood / 2);
    rig_connect_again(&self);
}

static void surplus_behind_a_body_is_no_answer(void) {
    for (int blocking = 0; blocking <= 1; blocking++) {
        static const char first[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        static char both[sizeof first + sizeof unasked];
        memcpy(both, first, sizeof first);
        memcpy(both + sizeof first - 1, unasked, sizeof unasked);
        rig self;
        char body[8];
        size_t length = 0;
        rig_init(&self);
        self.script.bytes = both;
        self.script.length = strlen(both);
        self.script.split = sizeof first - 1; /* the surplus is still in the connection */
        CHECK_INT(rig_request(&self), FERRY_OK);
        CHECK_INT(ferry_client_poll(self.client), FERRY_OK);
        CHECK_INT(ferry_client_read_response_body(self.client, body, sizeof body, &length),
                  FERRY_OK);
        CHECK_MEM(body, length, "ok", 2);
        CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTED);
        rig_expect_refusal(&self, blocking == 1, "bytes that nobody asked for");
        CHECK_INT(ferry_client_get_response_code(self.client), 200);
        rig_connect_again(&self);
    }
}

static void a_refused_request_is_refused_before_anything_is_looked_at(void) {
    rig self;
    rig_init(&self);
    rig_expect_answer(&self);
    rig_listen(&self);
    unsigned reads = self.script.reads;
    CHECK_INT(ferry_client_request(self.client, FERRY_METHOD_GET, "no target", NULL, NULL),
              FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(self.script.reads, reads);
    rig_expect_answer(&self);
    ferry_client_free(self.client);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(bytes_before_the_first_request_are_no_answer),
        CHECK_TEST(a_connection_that_breaks_before_its_first_request_is_no_stale_one),
        CHECK_TEST(bytes_between_two_requests_are_no_answer),
        CHECK_TEST(a_poll_closes_an_idle_connection_that_speaks),
        CHECK_TEST(empty_lines_on_an_idle_connection_are_passed_over),
        CHECK_TEST(too_many_empty_lines_at_once_close_an_idle_connection),
        CHECK_TEST(empty_lines_behind_a_body_are_passed_over),
        CHECK_TEST(a_flood_of_empty_lines_is_no_idle_connection),
        CHECK_TEST(surplus_behind_a_body_is_no_answer),
        CHECK_TEST(a_refused_request_is_refused_before_anything_is_looked_at),
    };
    return CHECK_RUN(tests, argc, argv);
}
