/* SPDX-License-Identifier: MIT */
/* test_limits: what is too large is refused before anything is sent, and what was large is not kept
 * when it is over. */
#include "base/size_limits.h"
#include "check.h"
#include "client/client_state.h"
#include "counted_memory.h"
#include "script_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char small_answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

typedef struct limits_rig {
    counted_memory memory;
    script_stream script;
    ferry_client *client;
} limits_rig;

static void begin(limits_rig *rig) {
    *rig = (limits_rig){.client = NULL};
    ferry_client_options options = {
        .allocator = counted_memory_allocator(&rig->memory),
        .max_head_bytes = 100000,
        .max_header_count = 4000,
    };
    rig->client = ferry_client_new(&options);
    script_stream_init(&rig->script, small_answer, sizeof small_answer - 1, FERRY_STREAM_AGAIN);
    rig->script.forgets = true;
    CHECK_INT(ferry_client_set_connection(rig->client, &rig->script.stream), FERRY_OK);
}

static void end(limits_rig *rig) {
    ferry_client_free(rig->client);
    CHECK_INT(rig->memory.live, 0);
}

static ferry_error finish(limits_rig *rig) {
    ferry_error error = FERRY_OK;
    ferry_status status = ferry_client_get_status(rig->client);
    for (int i = 0; i < 100000 && error == FERRY_OK; i++) {
        char body[1000];
        size_t length = 0;
        if (status == FERRY_STATUS_BODY) {
            error = ferry_client_read_response_body(rig->client, body, sizeof body, &length);
        }
        if (error == FERRY_OK && length == 0) {
            error = ferry_client_poll(rig->client);
        }
        status = ferry_client_get_status(rig->client);
        if (status != FERRY_STATUS_REQUESTING && status != FERRY_STATUS_BODY) {
            break;
        }
    }
    return error;
}

/* A request that is answered with `answer`. */
static void exchange(limits_rig *rig, const ferry_request *request, const char *answer,
                     size_t length) {
    rig->script.bytes = answer;
    rig->script.length = length;
    script_stream_rewind(&rig->script);
    CHECK_INT(ferry_client_send(rig->client, request), FERRY_OK);
    CHECK_INT(finish(rig), FERRY_OK);
    CHECK_INT(ferry_client_get_status(rig->client), FERRY_STATUS_CONNECTED);
}

static void small_exchange(limits_rig *rig) {
    ferry_request request = {
        .method = FERRY_METHOD_POST, .url = "/small", .body = "small", .body_length = 5};
    exchange(rig, &request, small_answer, sizeof small_answer - 1);
}

/* A text of `length` bytes, and NUL; the caller frees it. */
static char *long_text(const char *beginning, size_t length) {
    char *text = malloc(length + 1);
    memset(text, 'x', length);
    memcpy(text, beginning, strlen(beginning));
    text[length] = '\0';
    return text;
}

/* ---- What is too large ---- */

static void expect_too_large(const ferry_request *request, const char *why) {
    limits_rig rig;
    begin(&rig);
    small_exchange(&rig);
    unsigned writes = rig.script.writes;
    CHECK_INT(ferry_client_send(rig.client, request), FERRY_ERROR_TOO_LARGE);
    CHECK_CONTAINS(ferry_client_get_error_detail(rig.client), why);
    CHECK_INT(rig.script.writes, writes);
    CHECK_INT(ferry_client_get_response_code(rig.client), 200);
    CHECK_INT(ferry_client_get_status(rig.client), FERRY_STATUS_CONNECTED);
    small_exchange(&rig);
    end(&rig);
}

static void url_over_the_limit_is_too_large(void) {
    char *url = long_text("/", FERRY_LIMIT_TARGET + 1);
    expect_too_large(&(ferry_request){.url = url}, "the url exceeds 1048576 bytes");
    free(url);
}

static void head_over_the_limit_is_too_large(void) {
    char *line = long_text("X: ", FERRY_LIMIT_REQUEST_HEAD);
    const char *headers[] = {line, NULL};
    expect_too_large(&(ferry_request){.url = "/", .headers = headers},
                     "the request head exceeds 4194304 bytes");
    free(line);
}

static void body_over_the_limit_is_too_large(void) {
    ferry_request request = {.method = FERRY_METHOD_POST,
                             .url = "/",
                             .body = "it is not read",
                             .body_length = (size_t)FERRY_LIMIT_COPIED_BODY + 1};
    expect_too_large(&request, "the body exceeds the 1073741824 bytes");
}

static void longest_url_is_taken(void) {
    limits_rig rig;
    char *url = long_text("/", FERRY_LIMIT_TARGET);
    begin(&rig);
    exchange(&rig, &(ferry_request){.url = url}, small_answer, sizeof small_answer - 1);
    CHECK_INT(strlen(ferry_client_get_response_url(rig.client)),
              FERRY_LIMIT_TARGET + strlen("http://localhost"));
    end(&rig);
    free(url);
}

/* ---- What is not kept ---- */

/* Begins with what an idle client holds. */
static size_t begin_idle(limits_rig *rig) {
    begin(rig);
    small_exchange(rig);
    small_exchange(rig);
    return rig->memory.bytes;
}

/* A buffer of the smallest size more or less. */
static bool is_near(const limits_rig *rig, size_t idle) {
    return rig->memory.bytes <= idle + 512;
}

/* The first write takes little, so that the rest is kept here. */
static void let_it_be_kept(limits_rig *rig) {
    rig->script.forgets = false;
    rig->script.write_room = 1000;
}

static void send_large_body(limits_rig *rig, const char *const *headers) {
    enum { LARGE = 4000000 };
    char *body = long_text("", LARGE);
    script_stream_rewind(&rig->script);
    let_it_be_kept(rig);
    ferry_request request = {.method = FERRY_METHOD_PUT,
                             .url = "/",
                             .headers = headers,
                             .body = body,
                             .body_length = LARGE};
    CHECK_INT(ferry_client_send(rig->client, &request), FERRY_OK);
    free(body);
    CHECK(rig->memory.bytes > LARGE);
    rig->script.forgets = true;
}

static void a_large_upload_is_not_kept(void) {
    limits_rig rig;
    size_t idle = begin_idle(&rig);
    rig.script.length = 0;
    send_large_body(&rig, NULL);
    for (int i = 0; i < 100 && ferry_client_get_bytes_sent(rig.client) < 4000000; i++) {
        CHECK_INT(ferry_client_poll(rig.client), FERRY_OK);
    }
    CHECK_INT(ferry_client_get_status(rig.client), FERRY_STATUS_REQUESTING);
    CHECK(is_near(&rig, idle)); /* though the answer is yet to come */
    rig.script.length = sizeof small_answer - 1;
    CHECK_INT(finish(&rig), FERRY_OK);
    small_exchange(&rig);
    CHECK(is_near(&rig, idle));
    end(&rig);
}

static void a_large_body_that_waited_is_not_kept(void) {
    static const char *const headers[] = {"Expect: 100-continue", NULL};
    static const char answer[] =
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    limits_rig rig;
    size_t idle = begin_idle(&rig);
    rig.script.bytes = answer;
    rig.script.length = sizeof answer - 1;
    send_large_body(&rig, headers);
    CHECK_INT(finish(&rig), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(rig.client), 4000000);
    CHECK(is_near(&rig, idle));
    small_exchange(&rig);
    CHECK(is_near(&rig, idle));
    end(&rig);
}

static void a_large_upload_that_is_closed_is_not_kept(void) {
    limits_rig rig;
    size_t idle = begin_idle(&rig);
    send_large_body(&rig, NULL);
    ferry_client_close(rig.client);
    CHECK(is_near(&rig, idle));
    end(&rig);
}

static void a_long_request_head_is_not_kept(void) {
    limits_rig rig;
    size_t idle = begin_idle(&rig);
    char *url = long_text("/", 200000);
    char *line = long_text("X: ", 200000);
    const char *headers[] = {line, NULL};
    exchange(&rig, &(ferry_request){.url = url, .headers = headers}, small_answer,
             sizeof small_answer - 1);
    free(url);
    free(line);
    small_exchange(&rig); /* the URL can be asked for until then */
    CHECK(is_near(&rig, idle));
    end(&rig);
}

/* A response with `count` lines of a kilobyte at the place of "*". */
static char *answer_with_lines(const char *before, const char *after, int count) {
    char *answer = malloc((size_t)count * 1024 + strlen(before) + strlen(after) + 1);
    char *at = answer + sprintf(answer, "%s", before);
    for (int i = 0; i < count; i++) {
        at += sprintf(at, "X-%d: %01000d\r\n", i, i);
    }
    strcpy(at, after);
    return answer;
}

static void a_long_response_head_is_not_kept(void) {
    limits_rig rig;
    size_t idle = begin_idle(&rig);
    char *answer = answer_with_lines("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "\r\n", 60);
    exchange(&rig, &(ferry_request){.url = "/"}, answer, strlen(answer));
    size_t count;
    ferry_client_get_response_headers(rig.client, &count);
    CHECK_INT(count, 61); /* they can be asked for until the next request */
    small_exchange(&rig);
    CHECK(is_near(&rig, idle));
    exchange(&rig, &(ferry_request){.url = "/"}, answer, strlen(answer));
    ferry_client_close(rig.client);
    CHECK(is_near(&rig, idle));
    free(answer);
    end(&rig);
}

static void long_trailers_are_not_kept(void) {
    limits_rig rig;
    size_t idle = begin_idle(&rig);
    char *answer = answer_with_lines("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                     "5\r\nhello\r\n0\r\n",
                                     "\r\n", 60);
    rig.script.piece = 700; /* lines come in pieces, which are kept */
    exchange(&rig, &(ferry_request){.url = "/"}, answer, strlen(answer));
    rig.script.piece = 0;
    small_exchange(&rig);
    small_exchange(&rig);
    /* What trailers need at most is kept. */
    CHECK(rig.memory.bytes <= idle + FERRY_KEPT_BYTES);
    free(answer);
    end(&rig);
}

/* A decoder is built in on some machines only; where there is none the body comes as it is. */
static void a_decoded_body_leaves_nothing(void) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                                 "Content-Length: 28\r\n\r\n"
                                 "\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x05\0\xfa\xff"
                                 "hello\x86\xa6\x10\x36\x05\0\0\0";
    limits_rig rig;
    size_t idle = begin_idle(&rig);
    exchange(&rig, &(ferry_request){.url = "/"}, answer, sizeof answer - 1);
    CHECK(is_near(&rig, idle));
    small_exchange(&rig);
    CHECK(is_near(&rig, idle));
    end(&rig);
}

static void defaults_are_those_that_the_header_promises(void) {
#ifdef __EMSCRIPTEN__
    enum { POLL_BUDGET = 4 << 20 };
#else
    enum { POLL_BUDGET = 1 << 20 };
#endif
    ferry_client *client = ferry_client_new(NULL);
    CHECK_INT(client->context.max_head_bytes, 65536);
    CHECK_INT(client->context.max_header_count, 256);
    CHECK_INT(client->context.max_interim_responses, 32);
    CHECK_INT(client->context.max_decoded_bytes, INT64_C(1) << 30);
    CHECK_INT(client->context.poll_budget_bytes, POLL_BUDGET);
    CHECK_INT(ferry_client_get_read_chunk_size(client), 65536);
    CHECK_INT(client->timeouts.connect_ms, 30000);
    CHECK_INT(client->timeouts.response_ms, -1);
    CHECK_INT(client->timeouts.idle_ms, -1);
    CHECK_INT(client->timeouts.total_ms, -1);
    CHECK_INT(client->timeouts.continue_ms, 1000);
    ferry_client_free(client);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(defaults_are_those_that_the_header_promises),
        CHECK_TEST(url_over_the_limit_is_too_large),
        CHECK_TEST(head_over_the_limit_is_too_large),
        CHECK_TEST(body_over_the_limit_is_too_large),
        CHECK_TEST(longest_url_is_taken),
        CHECK_TEST(a_large_upload_is_not_kept),
        CHECK_TEST(a_large_body_that_waited_is_not_kept),
        CHECK_TEST(a_large_upload_that_is_closed_is_not_kept),
        CHECK_TEST(a_long_request_head_is_not_kept),
        CHECK_TEST(a_long_response_head_is_not_kept),
        CHECK_TEST(long_trailers_are_not_kept),
        CHECK_TEST(a_decoded_body_leaves_nothing),
    };
    return CHECK_RUN(tests, argc, argv);
}
