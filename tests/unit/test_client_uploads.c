/* SPDX-License-Identifier: MIT */
/* test_client_uploads: answers that come before the request is sent, and connections that do not
 * take all of it: what is cut is told, and nothing waits for ever. */
#include "check.h"
#include "ferry.h"
#include "script_stream.h"

#include <stdio.h>
#include <string.h>

enum { BODY_LENGTH = 5000, MOST_CALLS = 1000 };

static char body[BODY_LENGTH];

typedef enum kind { WHOLE, STREAMED, CHUNKED, KINDS } kind;

typedef struct rig {
    ferry_client *client;
    script_stream script;
    kind kind;
    size_t given; /* of a streamed body */
    char log[4096];
} rig;

static void rig_log(void *ctx, ferry_log_kind level, const char *message) {
    rig *self = ctx;
    size_t used = strlen(self->log);
    (void)level;
    snprintf(self->log + used, sizeof self->log - used, "%s\n", message);
}

static void rig_init(rig *self, kind how, const char *answer) {
    *self = (rig){.kind = how};
    self->client = ferry_client_new(&(ferry_client_options){.log = rig_log, .log_ctx = self});
    script_stream_init(&self->script, answer, strlen(answer), FERRY_STREAM_AGAIN);
    memset(body, 'b', sizeof body);
    CHECK_INT(ferry_client_set_connection(self->client, &self->script.stream), FERRY_OK);
}

/* The connection takes this much of what is sent, then it is full, or broken. */
static void rig_limit(rig *self, size_t room, ferry_stream_result end) {
    self->script.write_room = room;
    self->script.write_end = end;
}

static ferry_error rig_send(rig *self) {
    ferry_request request = {.method = FERRY_METHOD_POST, .url = "/"};
    if (self->kind == WHOLE) {
        request.body = body;
        request.body_length = sizeof body;
    } else {
        request.streamed = true;
        request.streamed_length = self->kind == STREAMED ? BODY_LENGTH : -1;
    }
    return ferry_client_send(self->client, &request);
}

/* Gives what the client takes of a streamed body. */
static ferry_error rig_give(rig *self) {
    size_t written = 0;
    if (self->kind == WHOLE) {
        return FERRY_OK;
    }
    ferry_error error = ferry_client_write_request_body(self->client, body + self->given,
                                                        sizeof body - self->given, &written);
    self->given += written;
    return error;
}

static bool rig_is_under_way(const rig *self) {
    ferry_status status = ferry_client_get_status(self->client);
    return status == FERRY_STATUS_REQUESTING || status == FERRY_STATUS_BODY;
}

/* Polls, gives and reads until the exchange is over, or nothing moves any more. */
static ferry_error rig_run(rig *self, char *text, size_t room, size_t *length) {
    ferry_error error = FERRY_OK;
    *length = 0;
    for (int i = 0; i < MOST_CALLS && error == FERRY_OK && rig_is_under_way(self); i++) {
        error = ferry_client_poll(self->client);
        if (error == FERRY_OK && self->given < sizeof body && rig_is_under_way(self)) {
            ferry_error given = rig_give(self);
            error = given == FERRY_ERROR_UPLOAD_STOPPED ? FERRY_OK : given;
        }
        if (error == FERRY_OK && self->given == sizeof body) {
            error = ferry_client_finish_request_body(self->client);
            self->given++;
        }
        if (error == FERRY_OK && ferry_client_get_status(self->client) == FERRY_STATUS_BODY) {
            size_t got = 0;
            error =
                ferry_client_read_response_body(self->client, text + *length, room - *length, &got);
            *length += got;
        }
    }
    return error;
}

static size_t rig_sent(const rig *self) {
    return (size_t)ferry_client_get_bytes_sent(self->client);
}

/* ---- Answers that come early ---- */

static void request_goes_on_after_an_early_success(const char *answer, const char *text) {
    for (kind how = WHOLE; how < KINDS; how++) {
        rig self;
        char got[16];
        size_t length = 0;
        rig_init(&self, how, answer);
        rig_limit(&self, 1000, FERRY_STREAM_AGAIN);
        CHECK_INT(rig_send(&self), FERRY_OK);
        CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_OK);
        CHECK_MEM(got, length, text, strlen(text));
        CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_BODY);
        CHECK(!ferry_client_is_upload_stopped(self.client));
        CHECK_INT(ferry_client_request(self.client, FERRY_METHOD_GET, "/", NULL, NULL),
                  FERRY_ERROR_BUSY);
        rig_limit(&self, 0, FERRY_STREAM_AGAIN);
        CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_OK);
        CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTED);
        CHECK_INT(rig_sent(&self), BODY_LENGTH);
        CHECK(!ferry_client_is_upload_stopped(self.client));
        script_stream_rewind(&self.script);
        CHECK_INT(ferry_client_request(self.client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
        ferry_client_free(self.client);
    }
}

static void a_request_goes_on_after_a_success_that_comes_early(void) {
    request_goes_on_after_an_early_success("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
                                           "hello");
    request_goes_on_after_an_early_success(
        "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "hello");
    request_goes_on_after_an_early_success("HTTP/1.1 204 No Content\r\n\r\n", "");
    request_goes_on_after_an_early_success("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "");
}

static void a_response_that_ends_with_the_connection_lets_the_request_go_on(void) {
    for (kind how = WHOLE; how < KINDS; how++) {
        rig self;
        char got[16];
        size_t length = 0;
        rig_init(&self, how, "HTTP/1.0 200 OK\r\n\r\nhello");
        self.script.end = FERRY_STREAM_END;
        rig_limit(&self, 1000, FERRY_STREAM_AGAIN);
        CHECK_INT(rig_send(&self), FERRY_OK);
        CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_OK);
        CHECK_MEM(got, length, "hello", 5);
        CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_BODY);
        rig_limit(&self, 0, FERRY_STREAM_AGAIN);
        CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_OK);
        CHECK_INT(rig_sent(&self), BODY_LENGTH);
        CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_DISCONNECTED);
        ferry_client_free(self.client);
    }
}

static void an_early_answer_that_is_no_success_stops_the_request_and_tells(void) {
    static const char *const answers[] = {
        "HTTP/1.1 413 Too large\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 307 Elsewhere\r\nContent-Length: 5\r\nLocation: /x\r\n\r\nhello",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        for (kind how = WHOLE; how < KINDS; how++) {
            rig self;
            char cut[64];
            char got[16];
            size_t length = 0;
            rig_init(&self, how, answers[i]);
            rig_limit(&self, 1000, FERRY_STREAM_AGAIN);
            CHECK_INT(rig_send(&self), FERRY_OK);
            CHECK(!ferry_client_is_upload_stopped(self.client));
            CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_OK);
            CHECK_MEM(got, length, "hello", 5);
            CHECK(ferry_client_is_upload_stopped(self.client));
            CHECK(rig_sent(&self) < BODY_LENGTH);
            snprintf(cut, sizeof cut, "is cut after %zu bytes of its body\n", rig_sent(&self));
            CHECK_CONTAINS(self.log, cut);
            CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_DISCONNECTED);
            ferry_client_free(self.client);
        }
    }
}

/* A stream over TLS sends what it holds when it is read, and may find the answer in the same call:
 * nobody has told the client that the request is out. */
static void a_request_that_went_out_with_a_read_is_whole(void) {
    for (kind how = WHOLE; how < KINDS; how++) {
        rig self;
        char got[16];
        size_t length = 0;
        rig_init(&self, how, "HTTP/1.1 409 Conflict\r\nContent-Length: 5\r\n\r\nhello");
        self.script.holds = true;
        CHECK_INT(rig_send(&self), FERRY_OK);
        while (how != WHOLE && self.given < sizeof body) {
            CHECK_INT(rig_give(&self), FERRY_OK);
        }
        if (how != WHOLE) {
            CHECK_INT(ferry_client_finish_request_body(self.client), FERRY_OK);
            self.given++;
        }
        CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_OK);
        CHECK_MEM(got, length, "hello", 5);
        CHECK(!ferry_client_is_upload_stopped(self.client));
        CHECK_INT(rig_sent(&self), BODY_LENGTH);
        CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTED);
        ferry_client_free(self.client);
    }
}

static void a_blocking_read_says_that_the_request_is_not_finished(void) {
    rig self;
    char got[16];
    size_t length = 0;
    rig_init(&self, STREAMED, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    CHECK_INT(rig_send(&self), FERRY_OK);
    CHECK_INT(ferry_client_poll(self.client), FERRY_OK);
    bool can_block = ferry_client_set_blocking_mode(self.client, true) == FERRY_OK;
    CHECK_INT(ferry_client_read_response_body(self.client, got, sizeof got, &length), FERRY_OK);
    CHECK_MEM(got, length, "hello", 5);
    ferry_error error = ferry_client_read_response_body(self.client, got, sizeof got, &length);
    if (can_block) {
        CHECK_INT(error, FERRY_ERROR_BUSY);
        CHECK_CONTAINS(ferry_client_get_error_detail(self.client), "write the rest of its body");
    } else {
        CHECK_INT(error, FERRY_OK);
        CHECK_INT(length, 0);
    }
    CHECK_INT(ferry_client_wait(self.client, -1), FERRY_OK);
    CHECK_INT(rig_give(&self), FERRY_OK);
    CHECK_INT(self.given, BODY_LENGTH);
    CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTED);
    ferry_client_free(self.client);
}

/* The peer says more once it has more: a read that waited for it would never end. Where the last
 * write was taken whole there is nothing to come back to. */
static void a_blocking_read_of_no_bytes_lets_the_writer_go_on(bool is_short, size_t more) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "5\r\nhello\r\n0\r\n\r\n";
    rig self;
    char got[16];
    size_t length = 99;
    size_t written = 0;
    rig_init(&self, STREAMED, answer);
    self.script.length = (size_t)(strstr(answer, "5\r\n") - answer);
    CHECK_INT(rig_send(&self), FERRY_OK);
    CHECK_INT(ferry_client_poll(self.client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_BODY);
    rig_limit(&self, self.script.sent_length + 100, FERRY_STREAM_AGAIN);
    CHECK_INT(ferry_client_write_request_body(self.client, body, is_short ? 200 : 100, &written),
              FERRY_OK);
    CHECK_INT(written, 100);
    self.given = 100;
    rig_limit(&self, 0, FERRY_STREAM_AGAIN);
    CHECK_INT(ferry_client_poll(self.client), FERRY_OK); /* it takes more again */
    self.script.length += more;                          /* of the line with the chunk's size */
    bool can_block = ferry_client_set_blocking_mode(self.client, true) == FERRY_OK;
    ferry_error error = ferry_client_read_response_body(self.client, got, sizeof got, &length);
    /* Waiting is what this stream does not let it do. */
    CHECK_INT(error, can_block && !is_short ? FERRY_ERROR_UNAVAILABLE : FERRY_OK);
    CHECK_INT(length, error == FERRY_OK ? 0 : 99);
    CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_BODY);
    CHECK_INT(ferry_client_set_blocking_mode(self.client, false), FERRY_OK);
    self.script.length = sizeof answer - 1;
    CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_OK);
    CHECK_MEM(got, length, "hello", 5);
    CHECK_INT(rig_sent(&self), BODY_LENGTH);
    ferry_client_free(self.client);
}

static void a_blocking_read_comes_back_to_a_write_that_was_short(void) {
    for (size_t more = 0; more <= 3; more++) {
        a_blocking_read_of_no_bytes_lets_the_writer_go_on(true, more);
        a_blocking_read_of_no_bytes_lets_the_writer_go_on(false, more);
    }
}

/* ---- Connections that do not take all of it ---- */

static void a_request_that_cannot_be_sent_whole_fails_at_once(void) {
    static const size_t rooms[] = {1, 50, 1000, 4000};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        for (kind how = WHOLE; how < KINDS; how++) {
            rig self;
            size_t calls = 0;
            rig_init(&self, how, "");
            rig_limit(&self, rooms[i], FERRY_STREAM_FAILED);
            ferry_error error = rig_send(&self);
            CHECK_INT(error, FERRY_OK);
            for (; calls < 8 && error == FERRY_OK; calls++) {
                error = calls % 2 == 0 ? ferry_client_poll(self.client) : rig_give(&self);
            }
            CHECK_INT(error, FERRY_ERROR_CONNECTION_ERROR);
            CHECK_CONTAINS(ferry_client_get_error_detail(self.client), "sending the request");
            CHECK_CONTAINS(ferry_client_get_error_detail(self.client),
                           "the script says that the connection broke");
            CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTION_ERROR);
            CHECK(self.script.is_destroyed);
            ferry_client_free(self.client);
        }
    }
}

static void nothing_is_waited_for_after_a_request_that_cannot_be_sent(void) {
    rig self;
    rig_init(&self, WHOLE, "");
    self.script.sent_length = 1;
    rig_limit(&self, 1, FERRY_STREAM_FAILED); /* of which nothing is left */
    CHECK_INT(rig_send(&self), FERRY_OK);
    CHECK_INT(ferry_client_get_wait_timeout_ms(self.client), 0);
    CHECK_INT(ferry_client_wait(self.client, -1), FERRY_OK);
    CHECK_INT(ferry_client_poll(self.client), FERRY_ERROR_CONNECTION_ERROR);
    ferry_client_free(self.client);
}

/* Whichever call finds that the connection is broken, none is needed that only time would bring. */
static void nothing_is_waited_for_after_the_end_of_a_request_that_cannot_be_sent(void) {
    for (int writes = 0; writes <= 1; writes++) {
        rig self;
        size_t written = 0;
        rig_init(&self, CHUNKED, "");
        CHECK_INT(rig_send(&self), FERRY_OK);
        /* The beginning of a chunk is taken, and the rest of it kept. */
        rig_limit(&self, self.script.sent_length + 1, FERRY_STREAM_AGAIN);
        CHECK_INT(ferry_client_write_request_body(self.client, "hello", 5, &written), FERRY_OK);
        self.script.write_end = FERRY_STREAM_FAILED;
        CHECK_INT(writes == 1 ? ferry_client_write_request_body(self.client, "hello", 5, &written)
                              : ferry_client_finish_request_body(self.client),
                  FERRY_ERROR_CONNECTION_ERROR);
        CHECK_CONTAINS(ferry_client_get_error_detail(self.client), "sending the request failed");
        CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTION_ERROR);
        ferry_client_free(self.client);
    }
}

/* What the server said before it stopped listening is still read. */
static void an_answer_that_is_there_is_read_though_sending_fails(void) {
    for (kind how = WHOLE; how < KINDS; how++) {
        rig self;
        char got[16];
        size_t length = 0;
        rig_init(&self, how, "HTTP/1.1 413 Too large\r\nContent-Length: 5\r\n\r\nhello");
        rig_limit(&self, 1000, FERRY_STREAM_FAILED);
        CHECK_INT(rig_send(&self), FERRY_OK);
        CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_OK);
        CHECK_MEM(got, length, "hello", 5);
        CHECK_INT(ferry_client_get_response_code(self.client), 413);
        CHECK(ferry_client_is_upload_stopped(self.client));
        CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_DISCONNECTED);
        ferry_client_free(self.client);
    }
}

/* Half an answer is none: nothing more will come of it. */
static void half_an_answer_is_not_waited_for_where_sending_fails(void) {
    rig self;
    rig_init(&self, WHOLE, "HTTP/1.1 413 Too large\r\nContent-Len");
    rig_limit(&self, 1000, FERRY_STREAM_FAILED);
    CHECK_INT(rig_send(&self), FERRY_OK);
    CHECK_INT(ferry_client_poll(self.client), FERRY_ERROR_CONNECTION_ERROR);
    ferry_client_free(self.client);
}

static void a_success_to_half_a_request_is_an_error_behind_its_body(void) {
    for (int is_early = 0; is_early <= 1; is_early++) {
        for (kind how = WHOLE; how < KINDS; how++) {
            rig self;
            char got[16];
            size_t length = 0;
            rig_init(&self, how, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
            rig_limit(&self, 1000, is_early == 1 ? FERRY_STREAM_AGAIN : FERRY_STREAM_FAILED);
            CHECK_INT(rig_send(&self), FERRY_OK);
            ferry_error error = rig_run(&self, got, sizeof got, &length);
            CHECK_MEM(got, length, "hello", 5);
            if (is_early == 1) {
                CHECK_INT(error, FERRY_OK);
                rig_limit(&self, 2000, FERRY_STREAM_FAILED);
                error = rig_run(&self, got, sizeof got, &length);
            }
            /* Where the last bytes and the end came in one read, the next call has the error. */
            if (error == FERRY_OK) {
                error = ferry_client_poll(self.client);
            }
            CHECK_INT(error, FERRY_ERROR_UPLOAD_STOPPED);
            CHECK_CONTAINS(ferry_client_get_error_detail(self.client), "answered 200");
            CHECK(ferry_client_is_upload_stopped(self.client));
            CHECK_INT(ferry_client_get_response_code(self.client), 200);
            CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTION_ERROR);
            ferry_client_free(self.client);
        }
    }
}

/* A server that echoes what it gets has no more to say. */
static void half_a_success_to_half_a_request_is_not_waited_for(void) {
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello",
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        rig self;
        char got[16];
        size_t length = 0;
        size_t written = 0;
        rig_init(&self, CHUNKED, answers[i]);
        CHECK_INT(rig_send(&self), FERRY_OK);
        CHECK_INT(ferry_client_poll(self.client), FERRY_OK);
        CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_BODY);
        rig_limit(&self, self.script.sent_length, FERRY_STREAM_FAILED);
        CHECK_INT(ferry_client_write_request_body(self.client, "hello", 5, &written),
                  FERRY_ERROR_UPLOAD_STOPPED);
        self.given = BODY_LENGTH + 1;
        CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_ERROR_UPLOAD_STOPPED);
        CHECK_MEM(got, length, "hello", 5);
        CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTION_ERROR);
        ferry_client_free(self.client);
    }
}

/* Reading tells how a tunnel ends, whatever writing says. */
static void a_tunnel_that_takes_no_more_is_read_to_its_end(void) {
    rig self;
    char got[16];
    size_t length = 0;
    size_t written = 0;
    rig_init(&self, WHOLE, "HTTP/1.1 200 OK\r\n\r\nhello");
    self.script.end = FERRY_STREAM_END;
    CHECK_INT(ferry_client_request(self.client, FERRY_METHOD_CONNECT, "a.example:1", NULL, NULL),
              FERRY_OK);
    CHECK_INT(ferry_client_poll(self.client), FERRY_OK);
    rig_limit(&self, self.script.sent_length, FERRY_STREAM_FAILED);
    CHECK_INT(ferry_client_write_request_body(self.client, "ping", 4, &written),
              FERRY_ERROR_UPLOAD_STOPPED);
    CHECK_CONTAINS(ferry_client_get_error_detail(self.client), "takes no more");
    self.given = BODY_LENGTH + 1;
    CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_OK);
    CHECK_MEM(got, length, "hello", 5);
    CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_DISCONNECTED);
    ferry_client_free(self.client);
}

/* ---- The last byte of an announced length ---- */

static void the_last_announced_byte_completes_the_request(void) {
    rig self;
    char got[16];
    size_t length = 0;
    size_t written = 99;
    rig_init(&self, STREAMED, "HTTP/1.1 413 Too large\r\nContent-Length: 5\r\n\r\nhello");
    CHECK_INT(rig_send(&self), FERRY_OK);
    CHECK_INT(rig_give(&self), FERRY_OK);
    CHECK_INT(self.given, BODY_LENGTH);
    CHECK_INT(ferry_client_write_request_body(self.client, "", 0, &written), FERRY_OK);
    CHECK_INT(written, 0);
    CHECK_INT(ferry_client_write_request_body(self.client, "x", 1, &written),
              FERRY_ERROR_INVALID_PARAMETER);
    self.given = BODY_LENGTH + 1; /* nobody says that it is finished */
    CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_OK);
    CHECK_MEM(got, length, "hello", 5);
    CHECK(!ferry_client_is_upload_stopped(self.client));
    CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTED);
    CHECK_INT(ferry_client_finish_request_body(self.client), FERRY_OK);
    CHECK_INT(ferry_client_finish_request_body(self.client), FERRY_ERROR_UNCONFIGURED);
    script_stream_rewind(&self.script);
    CHECK_INT(ferry_client_request(self.client, FERRY_METHOD_GET, "/", NULL, NULL), FERRY_OK);
    CHECK_INT(ferry_client_finish_request_body(self.client), FERRY_ERROR_UNCONFIGURED);
    ferry_client_free(self.client);
}

static void an_announced_length_of_zero_completes_the_request(void) {
    rig self;
    ferry_request request = {
        .method = FERRY_METHOD_POST, .url = "/", .streamed = true, .streamed_length = 0};
    rig_init(&self, STREAMED, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    CHECK_INT(ferry_client_send(self.client, &request), FERRY_OK);
    CHECK_INT(ferry_client_poll(self.client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTED);
    CHECK_INT(ferry_client_finish_request_body(self.client), FERRY_OK);
    ferry_client_free(self.client);
}

/* The last piece is with the client, and the connection is full: finishing waits for nobody. */
static void the_last_announced_byte_may_be_on_its_way(void) {
    rig self;
    char got[16];
    size_t length = 0;
    rig_init(&self, STREAMED, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    rig_limit(&self, 1000, FERRY_STREAM_AGAIN);
    CHECK_INT(rig_send(&self), FERRY_OK);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(rig_give(&self), FERRY_OK);
    }
    CHECK(self.given < BODY_LENGTH);
    rig_limit(&self, 0, FERRY_STREAM_AGAIN);
    CHECK_INT(rig_give(&self), FERRY_OK);
    CHECK_INT(self.given, BODY_LENGTH);
    CHECK_INT(ferry_client_finish_request_body(self.client), FERRY_OK);
    self.given++;
    CHECK_INT(rig_run(&self, got, sizeof got, &length), FERRY_OK);
    CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTED);
    ferry_client_free(self.client);
}

/* ---- Interim responses ---- */

/* The memory that the first one took is given back once the body is sent. */
static void a_body_that_a_100_calls_for_may_follow_a_large_interim_response(void) {
    static const char *const expect[] = {"Expect: 100-continue", NULL};
    static char answer[24000];
    rig self;
    rig_init(&self, WHOLE, "");
    strcpy(answer, "HTTP/1.1 103 Early Hints\r\nLink: ");
    memset(answer + strlen(answer), 'x', 20000);
    strcat(answer, "\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n");
    self.script.gate_at = strlen(answer);
    self.script.gate = "body";
    strcat(answer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    self.script.bytes = answer;
    self.script.length = strlen(answer);
    CHECK_INT(ferry_client_request(self.client, FERRY_METHOD_POST, "/", expect, "body"), FERRY_OK);
    for (int i = 0; i < 9; i++) {
        CHECK_INT(ferry_client_poll(self.client), FERRY_OK);
    }
    CHECK_INT(ferry_client_get_response_code(self.client), 200);
    CHECK_INT(ferry_client_get_status(self.client), FERRY_STATUS_CONNECTED);
    ferry_client_free(self.client);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(a_request_goes_on_after_a_success_that_comes_early),
        CHECK_TEST(a_response_that_ends_with_the_connection_lets_the_request_go_on),
        CHECK_TEST(an_early_answer_that_is_no_success_stops_the_request_and_tells),
        CHECK_TEST(a_request_that_went_out_with_a_read_is_whole),
        CHECK_TEST(a_blocking_read_says_that_the_request_is_not_finished),
        CHECK_TEST(a_blocking_read_comes_back_to_a_write_that_was_short),
        CHECK_TEST(a_request_that_cannot_be_sent_whole_fails_at_once),
        CHECK_TEST(nothing_is_waited_for_after_a_request_that_cannot_be_sent),
        CHECK_TEST(nothing_is_waited_for_after_the_end_of_a_request_that_cannot_be_sent),
        CHECK_TEST(an_answer_that_is_there_is_read_though_sending_fails),
        CHECK_TEST(half_an_answer_is_not_waited_for_where_sending_fails),
        CHECK_TEST(a_success_to_half_a_request_is_an_error_behind_its_body),
        CHECK_TEST(half_a_success_to_half_a_request_is_not_waited_for),
        CHECK_TEST(a_tunnel_that_takes_no_more_is_read_to_its_end),
        CHECK_TEST(the_last_announced_byte_completes_the_request),
        CHECK_TEST(an_announced_length_of_zero_completes_the_request),
        CHECK_TEST(the_last_announced_byte_may_be_on_its_way),
        CHECK_TEST(a_body_that_a_100_calls_for_may_follow_a_large_interim_response),
    };
    return CHECK_RUN(tests, argc, argv);
}
