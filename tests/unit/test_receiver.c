/* SPDX-License-Identifier: MIT */
/* test_receiver: what a response's receiver makes of bytes, in whatever pieces they come. No stream
 * is involved. */
#include "h1/receiver.h"

#include "check.h"
#include "counted_memory.h"

#include <stdlib.h>
#include <string.h>

enum { BODY_SIZE = 4096 };

typedef struct fixture {
    ferry_h1_receiver receiver;
    ferry_context context;
    counted_memory memory;
    ferry_headers headers;
    ferry_headers trailers;
    ferry_h1_request_facts request;
    char events[16]; /* the heads: 'c' for 100, 'i' for an interim one, 'F' the final one, 'E' error
                      */
    const char *bytes;
    size_t at; /* of them, handed over so far */
    size_t length;
    char body[BODY_SIZE];
    size_t body_length;
    size_t direct; /* bytes that were read straight into `body` */
} fixture;

static void set_up(fixture *f, const char *bytes) {
    memset(f, 0, sizeof *f);
    f->context.allocator = counted_memory_allocator(&f->memory);
    f->context.max_head_bytes = 1024;
    f->context.max_header_count = 16;
    f->context.max_interim_responses = 3;
    f->bytes = bytes;
    f->length = strlen(bytes);
    ferry_headers_init(&f->headers, &f->context);
    ferry_headers_init(&f->trailers, &f->context);
    ferry_h1_receiver_init(&f->receiver, &f->context, &f->headers, &f->trailers);
}

static void tear_down(fixture *f) {
    ferry_h1_receiver_deinit(&f->receiver);
    ferry_headers_deinit(&f->trailers, &f->context);
    ferry_headers_deinit(&f->headers, &f->context);
    CHECK_INT(f->memory.live, 0);
}

static void record(fixture *f, char event) {
    size_t length = strlen(f->events);
    if (CHECK(length < sizeof f->events - 1)) {
        f->events[length] = event;
    }
}

static void take_heads(fixture *f) {
    while (f->receiver.state == FERRY_H1_RECEIVER_HEADS) {
        switch (ferry_h1_receiver_take_head(&f->receiver)) {
        case FERRY_H1_EVENT_NONE:
            return;
        case FERRY_H1_EVENT_CONTINUE:
            record(f, 'c');
            break;
        case FERRY_H1_EVENT_INTERIM:
            record(f, 'i');
            break;
        case FERRY_H1_EVENT_FINAL:
            record(f, 'F');
            ferry_h1_receiver_begin_body(&f->receiver, &f->request);
            break;
        case FERRY_H1_EVENT_ERROR:
            record(f, 'E');
            break;
        }
    }
}

/* The next bytes, at most so many, as a stream would give them. False where there are none. */
static bool feed_head(fixture *f, size_t piece) {
    size_t capacity;
    if (f->at == f->length || !CHECK_INT(ferry_h1_receiver_reserve(&f->receiver), FERRY_OK)) {
        return false;
    }
    char *room = ferry_h1_receiver_get_room(&f->receiver, &capacity);
    CHECK(capacity >= FERRY_H1_RECEIVER_ROOM);
    size_t length = ferry_size_least(ferry_size_least(piece, capacity), f->length - f->at);
    memcpy(room, f->bytes + f->at, length);
    f->at += length;
    ferry_h1_receiver_stored(&f->receiver, length);
    take_heads(f);
    return true;
}

/* One piece of work on the body, with room for so many bytes. False where nothing is left to be
 * done or read. */
static bool read_body(fixture *f, size_t piece, size_t room) {
    char *dst = f->body + f->body_length;
    room = ferry_size_least(room, BODY_SIZE - f->body_length);
    if (f->receiver.state != FERRY_H1_RECEIVER_BODY) {
        return false;
    }
    if (ferry_h1_receiver_has_bytes(&f->receiver)) {
        f->body_length += ferry_h1_receiver_take(&f->receiver, dst, room);
        return true;
    }
    size_t most = ferry_h1_receiver_get_direct(&f->receiver, room);
    size_t length = ferry_size_least(ferry_size_least(piece, most), f->length - f->at);
    CHECK(most > 0 && most <= room);
    if (length == 0) {
        return false;
    }
    memcpy(dst, f->bytes + f->at, length);
    f->at += length;
    f->direct += length;
    f->body_length += ferry_h1_receiver_take_direct(&f->receiver, dst, length);
    return true;
}

/* All of it, in pieces of that many bytes, to a reader with that much room. */
static void run(fixture *f, size_t piece, size_t room) {
    while (f->receiver.state == FERRY_H1_RECEIVER_HEADS && feed_head(f, piece)) {
    }
    while (read_body(f, piece, room)) {
    }
}

/* The same outcome for any pieces and any room. */
static void check_response(const char *bytes, ferry_h1_request_facts request, const char *events,
                           ferry_h1_receiver_state state, const char *body) {
    static const size_t sizes[] = {1, 2, 3, 7, 64, 4096};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    for (size_t i = 0; i < COUNT * COUNT; i++) {
        fixture f;
        set_up(&f, bytes);
        f.request = request;
        run(&f, sizes[i % COUNT], sizes[i / COUNT]);
        CHECK_STR(f.events, events);
        CHECK_INT(f.receiver.state, state);
        CHECK_MEM(f.body, f.body_length, body, strlen(body));
        CHECK_INT(f.receiver.body_bytes, strlen(body));
        CHECK((f.receiver.error != FERRY_OK) == (state == FERRY_H1_RECEIVER_FAILED));
        tear_down(&f);
    }
}

static const ferry_h1_request_facts get = {.is_head = false};

/* ---- Heads ---- */

static void interim_responses_are_told_apart_from_the_final_one(void) {
    check_response("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: a\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                   get, "ciF", FERRY_H1_RECEIVER_ENDED, "ok");
}

static void fields_of_an_interim_response_are_none_of_the_final_one(void) {
    fixture f;
    ferry_span value;
    size_t at = 0;
    set_up(&f, "HTTP/1.1 103 Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No\r\nX: y\r\n\r\n");
    run(&f, 1000, 1000);
    CHECK_STR(f.events, "iF");
    CHECK_INT(f.headers.count, 1);
    CHECK(ferry_headers_find(&f.headers, FERRY_SPAN("x"), &at, &value));
    CHECK_MEM(value.data, value.length, "y", 1);
    CHECK_INT(f.receiver.head.code, 204);
    tear_down(&f);
}

static void too_many_interim_responses_are_refused(void) {
#define HINTS "HTTP/1.1 103 Hints\r\n\r\n"
    fixture f;
    check_response(HINTS HINTS HINTS "HTTP/1.1 204 No\r\n\r\n", get, "iiiF",
                   FERRY_H1_RECEIVER_ENDED, "");
    set_up(&f, HINTS HINTS HINTS HINTS "HTTP/1.1 204 No\r\n\r\n");
    run(&f, 1000, 1000);
    CHECK_STR(f.events, "iiiE");
    CHECK_INT(f.receiver.error, FERRY_ERROR_TOO_LARGE);
    CHECK_CONTAINS(f.context.detail, "max_interim_responses");
    tear_down(&f);
}

static void other_protocols_are_refused(void) {
    check_response("SSH-2.0-x\r\n", get, "E", FERRY_H1_RECEIVER_FAILED, "");
    check_response("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", get, "F",
                   FERRY_H1_RECEIVER_FAILED, "");
}

static void head_that_has_begun_is_told_from_none(void) {
    fixture f;
    set_up(&f, "HTTP/1.1 100 Continue\r\n\r\nHTTP");
    CHECK(!ferry_h1_receiver_has_begun(&f.receiver));
    feed_head(&f, 1);
    CHECK(ferry_h1_receiver_has_begun(&f.receiver));
    feed_head(&f, sizeof "TTP/1.1 100 Continue\r\n\r\n" - 1);
    CHECK_STR(f.events, "c");
    CHECK(!ferry_h1_receiver_has_begun(&f.receiver));
    feed_head(&f, 4);
    CHECK(ferry_h1_receiver_has_begun(&f.receiver));
    tear_down(&f);
}

static void check_reason(const char *bytes, const char *expected) {
    for (size_t piece = 1; piece < 100; piece++) {
        fixture f;
        set_up(&f, bytes);
        while (f.receiver.state == FERRY_H1_RECEIVER_HEADS && feed_head(&f, piece)) {
        }
        ferry_span reason = ferry_h1_receiver_get_reason(&f.receiver);
        CHECK_MEM(reason.data, reason.length, expected, strlen(expected));
        tear_down(&f);
    }
}

static void reason_is_what_stands_behind_the_code(void) {
    check_reason("HTTP/1.1 407 Who are you \r\nX: y\r\n\r\nbody", "Who are you");
    check_reason("HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 404 Not here\n\n", "Not here");
    check_reason("HTTP/1.1 407\r\n\r\n", "");
    check_reason("HTTP/1.1 204 No\r\n\r\n", "No");
}

static void head_over_the_limit_is_refused(void) {
    fixture f;
    char *bytes = malloc(1 << 14);
    strcpy(bytes, "HTTP/1.1 200 OK\r\nX: ");
    memset(bytes + strlen(bytes), 'x', 1 << 13);
    bytes[1 << 13] = '\0';
    set_up(&f, bytes);
    run(&f, 100, 100);
    CHECK_STR(f.events, "E");
    CHECK_INT(f.receiver.error, FERRY_ERROR_TOO_LARGE);
    CHECK(f.at < 1400); /* no more of it is waited for */
    tear_down(&f);
    free(bytes);
}

/* ---- Bodies ---- */

static void body_of_known_length_ends_there(void) {
    check_response("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789abc", get, "F",
                   FERRY_H1_RECEIVER_ENDED, "0123456789");
    check_response("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n012345678", get, "F",
                   FERRY_H1_RECEIVER_BODY, "012345678");
}

static void chunks_are_undone(void) {
    check_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "5;x=y\r\nhello\r\n1\r\n \r\na\r\nbig, world\r\n0\r\nT: u\r\n\r\n",
                   get, "F", FERRY_H1_RECEIVER_ENDED, "hello big, world");
}

static void trailers_go_to_the_trailers(void) {
    fixture f;
    set_up(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: u\r\n\r\n");
    run(&f, 1, 10);
    CHECK_INT(f.headers.count, 1);
    CHECK_INT(f.trailers.count, 1);
    tear_down(&f);
}

static void broken_chunks_fail_behind_the_bytes_before_them(void) {
    check_response("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n", get,
                   "F", FERRY_H1_RECEIVER_FAILED, "hello");
}

static void responses_without_a_body_end_with_the_head(void) {
    ferry_h1_request_facts head = {.is_head = true};
    check_response("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", head, "F",
                   FERRY_H1_RECEIVER_ENDED, "");
    check_response("HTTP/1.1 304 Same\r\nContent-Length: 5\r\n\r\n", get, "F",
                   FERRY_H1_RECEIVER_ENDED, "");
    check_response("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", get, "F",
                   FERRY_H1_RECEIVER_ENDED, "");
}

static void body_is_read_straight_into_the_readers_memory(void) {
    fixture f;
    set_up(&f, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789abcdefghij");
    size_t head = f.length - 20;
    feed_head(&f, head + 4); /* four bytes come along with the head */
    CHECK_INT(ferry_buffer_length(&f.receiver.in), 4);
    while (read_body(&f, 100, 6)) {
    }
    CHECK_INT(f.direct, 16);
    CHECK_MEM(f.body, f.body_length, "0123456789abcdefghij", 20);
    CHECK_INT(f.receiver.state, FERRY_H1_RECEIVER_ENDED);
    tear_down(&f);
}

/* Lest bytes of another response get into the reader's memory. */
static void no_more_than_the_body_is_read_directly(void) {
    fixture f;
    set_up(&f, "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n");
    run(&f, 1000, 1000);
    CHECK_INT(ferry_h1_receiver_get_direct(&f.receiver, 7), 7);
    CHECK_INT(ferry_h1_receiver_get_direct(&f.receiver, 1000), 20);
    tear_down(&f);
}

/* What follows the first line of chunks may be read in pieces of so many bytes. */
static void expect_direct_behind(const char *chunk_line, size_t capacity, size_t piece) {
    fixture f;
    set_up(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    run(&f, 1000, 1000);
    size_t length = strlen(chunk_line);
    memcpy(f.body, chunk_line, length);
    CHECK_INT(ferry_h1_receiver_take_direct(&f.receiver, f.body, length), 0);
    CHECK_INT(ferry_h1_receiver_get_direct(&f.receiver, capacity), piece);
    tear_down(&f);
}

/* Behind a chunk of just one piece framing follows, which is not to be in the same one. */
static void chunk_of_one_piece_is_read_as_framing_is(void) {
    enum { MUCH = 1 << 20, PIECE = 65536 };
    expect_direct_behind("FFFF\r\n", MUCH, PIECE);
    expect_direct_behind("10000\r\n", MUCH, PIECE);
    expect_direct_behind("10001\r\n", MUCH, MUCH);
}

static void framing_is_read_in_bounded_pieces_and_data_in_any(void) {
    enum { MUCH = 1 << 20, PIECE = 65536 };
    fixture f;
    set_up(&f, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    run(&f, 1000, 1000);
    CHECK_INT(ferry_h1_receiver_get_direct(&f.receiver, MUCH), PIECE);
    memcpy(f.body, "100000\r\n", 8);
    CHECK_INT(ferry_h1_receiver_take_direct(&f.receiver, f.body, 8), 0);
    CHECK_INT(f.receiver.state, FERRY_H1_RECEIVER_BODY);
    CHECK_INT(ferry_h1_receiver_get_direct(&f.receiver, 2 * MUCH), 2 * MUCH);
    tear_down(&f);
}

static void body_without_length_ends_with_the_connection(void) {
    fixture f;
    set_up(&f, "HTTP/1.1 200 OK\r\n\r\nhello");
    run(&f, 1000, 1000);
    CHECK_MEM(f.body, f.body_length, "hello", 5);
    CHECK_INT(f.receiver.state, FERRY_H1_RECEIVER_BODY);
    CHECK(!ferry_h1_receiver_has_arrived(&f.receiver));
    ferry_h1_receiver_end(&f.receiver, true);
    CHECK_INT(f.receiver.state, FERRY_H1_RECEIVER_ENDED);
    CHECK(!ferry_h1_receiver_is_reusable(&f.receiver));
    tear_down(&f);
}

static void end_of_the_connection_cuts_other_bodies(void) {
    static const struct {
        const char *head;
        bool is_orderly;
        const char *words;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", true, "after 5 of the 9 bytes"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", false, "after 5 of the 9 bytes"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", true,
         "after 5 bytes, before the last chunk"},
        {"HTTP/1.1 200 OK\r\n\r\nhello", false, "after 5 bytes without the end"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        set_up(&f, cases[i].head);
        run(&f, 1000, 1000);
        ferry_h1_receiver_end(&f.receiver, cases[i].is_orderly);
        CHECK_INT(f.receiver.state, FERRY_H1_RECEIVER_FAILED);
        CHECK_INT(f.receiver.error, FERRY_ERROR_BODY_TRUNCATED);
        CHECK_CONTAINS(f.context.detail, cases[i].words);
        tear_down(&f);
    }
}

static void tunnel_gives_bytes_as_they_are(void) {
    ferry_h1_request_facts connect = {.is_connect = true};
    ferry_h1_request_facts upgrade = {.has_upgrade = true};
    check_response("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nhello", connect, "F",
                   FERRY_H1_RECEIVER_BODY, "hello");
    check_response("HTTP/1.1 101 Switching\r\n\r\nhello", upgrade, "F", FERRY_H1_RECEIVER_BODY,
                   "hello");
    check_response("HTTP/1.1 101 Switching\r\n\r\n", get, "F", FERRY_H1_RECEIVER_FAILED, "");
}

static void response_that_has_arrived_leaves_nothing_with_the_peer(void) {
    fixture f;
    set_up(&f, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    feed_head(&f, f.length - 1);
    CHECK(!ferry_h1_receiver_has_arrived(&f.receiver));
    tear_down(&f);
    set_up(&f, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    feed_head(&f, f.length);
    CHECK(ferry_h1_receiver_has_arrived(&f.receiver)); /* though nobody has read it */
    CHECK_INT(f.receiver.state, FERRY_H1_RECEIVER_BODY);
    tear_down(&f);
}

/* ---- Behind the response ---- */

static void connection_is_used_again_unless_the_head_says_otherwise(void) {
    static const struct {
        const char *bytes;
        bool is_reusable;
    } cases[] = {
        {"HTTP/1.1 204 No\r\n\r\n", true},
        {"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n", false},
        {"HTTP/1.0 204 No\r\n\r\n", false},
        {"HTTP/1.0 204 No\r\nConnection: keep-alive\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture f;
        set_up(&f, cases[i].bytes);
        run(&f, 1000, 1000);
        CHECK_INT(f.receiver.state, FERRY_H1_RECEIVER_ENDED);
        CHECK(ferry_h1_receiver_is_reusable(&f.receiver) == cases[i].is_reusable);
        CHECK(!ferry_h1_receiver_has_rest(&f.receiver));
        tear_down(&f);
    }
}

static void what_came_behind_the_response_is_seen_but_for_line_ends(void) {
    fixture f;
    set_up(&f, "HTTP/1.1 204 No\r\n\r\n\r\n\r\n");
    run(&f, 1000, 1000);
    CHECK(!ferry_h1_receiver_has_rest(&f.receiver));
    tear_down(&f);
    set_up(&f, "HTTP/1.1 204 No\r\n\r\n\r\nHTTP/1.1 204 No\r\n\r\n");
    run(&f, 1000, 1000);
    CHECK(ferry_h1_receiver_has_rest(&f.receiver));
    tear_down(&f);
}

static void what_was_read_directly_behind_the_last_chunk_is_seen(void) {
    static const char *const rests[] = {"", "\r\n", "x"};
    for (size_t i = 0; i < 3; i++) {
        fixture f;
        char bytes[128] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        size_t head = strlen(bytes);
        strcat(strcat(bytes, "0\r\n\r\n"), rests[i]);
        set_up(&f, bytes);
        feed_head(&f, head);
        read_body(&f, 1000, 1000);
        CHECK_INT(f.receiver.state, FERRY_H1_RECEIVER_ENDED);
        CHECK(ferry_h1_receiver_is_reusable(&f.receiver) == (i < 2));
        tear_down(&f);
    }
}

static void next_response_starts_from_nothing(void) {
#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    static const char *const before[] = {
        "HTTP/1.1 103 Hints\r\n\r\n" CHUNKED "3\r\na", /* in the middle of a chunk */
        CHUNKED "x\r\n",                               /* which is none */
        CHUNKED "1\r\na\r\n0\r\n\r\nmore",             /* with more behind it */
        "SSH-2.0-x\r\n",
    };
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        fixture f;
        set_up(&f, before[i]);
        while (f.receiver.state == FERRY_H1_RECEIVER_HEADS && feed_head(&f, 1)) {
        }
        while (read_body(&f, 1000, 1000)) {
        }
        ferry_h1_receiver_reset(&f.receiver);
        ferry_headers_clear(&f.headers);
        CHECK_INT(f.receiver.error, FERRY_OK);
        memset(f.events, 0, sizeof f.events);
        f.body_length = 0;
        f.bytes = HINTS HINTS HINTS CHUNKED "2\r\nok\r\n0\r\n\r\n";
        f.length = strlen(f.bytes);
        f.at = 0;
        run(&f, 7, 7);
        CHECK_STR(f.events, "iiiF");
        CHECK_MEM(f.body, f.body_length, "ok", 2);
        CHECK_INT(f.receiver.body_bytes, 2);
        CHECK_INT(f.receiver.state, FERRY_H1_RECEIVER_ENDED);
        CHECK(ferry_h1_receiver_is_reusable(&f.receiver));
        tear_down(&f);
    }
}

/* ---- Memory ---- */

static void no_memory_for_a_head_is_told(void) {
    fixture f;
    set_up(&f, "");
    f.memory.fail_at = 1;
    CHECK_INT(ferry_h1_receiver_reserve(&f.receiver), FERRY_ERROR_OUT_OF_MEMORY);
    CHECK_INT(ferry_h1_receiver_reserve(&f.receiver), FERRY_OK);
    tear_down(&f);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(interim_responses_are_told_apart_from_the_final_one),
        CHECK_TEST(fields_of_an_interim_response_are_none_of_the_final_one),
        CHECK_TEST(too_many_interim_responses_are_refused),
        CHECK_TEST(other_protocols_are_refused),
        CHECK_TEST(head_that_has_begun_is_told_from_none),
        CHECK_TEST(reason_is_what_stands_behind_the_code),
        CHECK_TEST(head_over_the_limit_is_refused),
        CHECK_TEST(body_of_known_length_ends_there),
        CHECK_TEST(chunks_are_undone),
        CHECK_TEST(trailers_go_to_the_trailers),
        CHECK_TEST(broken_chunks_fail_behind_the_bytes_before_them),
        CHECK_TEST(responses_without_a_body_end_with_the_head),
        CHECK_TEST(body_is_read_straight_into_the_readers_memory),
        CHECK_TEST(no_more_than_the_body_is_read_directly),
        CHECK_TEST(chunk_of_one_piece_is_read_as_framing_is),
        CHECK_TEST(framing_is_read_in_bounded_pieces_and_data_in_any),
        CHECK_TEST(body_without_length_ends_with_the_connection),
        CHECK_TEST(end_of_the_connection_cuts_other_bodies),
        CHECK_TEST(tunnel_gives_bytes_as_they_are),
        CHECK_TEST(response_that_has_arrived_leaves_nothing_with_the_peer),
        CHECK_TEST(connection_is_used_again_unless_the_head_says_otherwise),
        CHECK_TEST(what_came_behind_the_response_is_seen_but_for_line_ends),
        CHECK_TEST(what_was_read_directly_behind_the_last_chunk_is_seen),
        CHECK_TEST(next_response_starts_from_nothing),
        CHECK_TEST(no_memory_for_a_head_is_told),
    };
    return CHECK_RUN(tests, argc, argv);
}
