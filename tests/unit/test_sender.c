/* SPDX-License-Identifier: MIT */
/* test_sender: what a request's sender gives to be written, when, and what it does with what was
 * not taken. No stream is involved. */
#include "h1/sender.h"

#include "check.h"
#include "counted_memory.h"

#include <stdlib.h>
#include <string.h>

#define HEAD "PUT /x HTTP/1.1\r\nHost: h\r\n"
#define END "Accept: */*\r\n\r\n"
#define GET "GET /x HTTP/1.1\r\nHost: h\r\nAccept: */*\r\n\r\n"

static const char *const no_headers[] = {NULL};
static const char *const expecting[] = {"Expect: 100-continue", NULL};

/* A sender, and all that was written. */
typedef struct fixture {
    ferry_h1_sender sender;
    ferry_context context;
    counted_memory memory;
    char *written;
    size_t length;
    size_t body; /* how many bytes were the body's */
} fixture;

enum { WRITTEN_SIZE = 4 << 20 };

static void set_up(fixture *f) {
    memset(f, 0, sizeof *f);
    f->context.allocator = counted_memory_allocator(&f->memory);
    f->written = malloc(WRITTEN_SIZE);
    ferry_h1_sender_init(&f->sender, &f->context);
}

static void tear_down(fixture *f) {
    ferry_h1_sender_deinit(&f->sender);
    CHECK_INT(f->memory.live, 0);
    free(f->written);
}

static ferry_message put_message(void) {
    return (ferry_message){
        .method = FERRY_METHOD_PUT,
        .method_name = FERRY_SPAN("PUT"),
        .target = FERRY_SPAN("/x"),
        .host = FERRY_SPAN("h"),
        .headers = no_headers,
        .streamed_length = -1,
    };
}

static ferry_message get_message(void) {
    ferry_message message = put_message();
    message.method = FERRY_METHOD_GET;
    message.method_name = FERRY_SPAN("GET");
    return message;
}

static ferry_message whole_message(const char *body) {
    ferry_message message = put_message();
    message.body = body;
    message.body_length = strlen(body);
    return message;
}

/* Of that many bytes, or of an unknown length. */
static ferry_message pieces_message(int64_t length) {
    ferry_message message = put_message();
    message.streamed = true;
    message.streamed_length = length;
    return message;
}

static ferry_message held(ferry_message message) {
    message.headers = expecting;
    message.present |= FERRY_HAS_EXPECT_CONTINUE;
    return message;
}

static void begin(fixture *f, ferry_message message) {
    CHECK_INT(ferry_h1_sender_begin(&f->sender, &message, FERRY_SPAN("")), FERRY_OK);
}

/* Writes at most so many bytes, once; returns how many. */
static size_t write_once(fixture *f, size_t most) {
    ferry_slice slices[FERRY_H1_SENDER_SLICES];
    size_t count = ferry_h1_sender_get(&f->sender, most, slices);
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        size_t part = ferry_size_least(slices[i].length, most - length);
        memcpy(f->written + f->length, slices[i].data, part);
        f->length += part;
        length += part;
    }
    f->body += ferry_h1_sender_sent(&f->sender, length);
    return length;
}

static void write_all(fixture *f, size_t piece) {
    while (write_once(f, piece) > 0) {
    }
}

static size_t keep(fixture *f) {
    size_t taken = 0;
    CHECK_INT(ferry_h1_sender_keep(&f->sender, &taken), FERRY_OK);
    return taken;
}

static void check_state(const fixture *f, ferry_h1_sender_state state) {
    CHECK_INT(f->sender.state, state);
}

/* All of it has been written, and it is this. */
static void check_written(fixture *f, const char *expected, size_t body) {
    check_state(f, FERRY_H1_SENDER_PASSING);
    CHECK(!ferry_h1_sender_has_bytes(&f->sender));
    CHECK_MEM(f->written, f->length, expected, strlen(expected));
    CHECK_INT(f->body, body);
    ferry_h1_sender_passed(&f->sender);
    check_state(f, FERRY_H1_SENDER_IDLE);
}

/* ---- Whole bodies ---- */

static void request_without_a_body_is_over_once_it_was_written_and_passed_on(void) {
    fixture f;
    set_up(&f);
    begin(&f, get_message());
    check_state(&f, FERRY_H1_SENDER_LAST);
    CHECK(ferry_h1_sender_awaits_room(&f.sender) && !ferry_h1_sender_has_lent(&f.sender));
    write_once(&f, sizeof GET - 2);
    check_state(&f, FERRY_H1_SENDER_LAST);
    write_once(&f, 100);
    CHECK(ferry_h1_sender_awaits_room(&f.sender)); /* the stream may hold it */
    check_written(&f, GET, 0);
    CHECK(!ferry_h1_sender_awaits_room(&f.sender));
    tear_down(&f);
}

static void body_goes_from_the_callers_memory_along_with_the_head(void) {
    fixture f;
    ferry_slice slices[FERRY_H1_SENDER_SLICES];
    const char body[] = "hello";
    set_up(&f);
    begin(&f, whole_message(body));
    CHECK(ferry_h1_sender_has_lent(&f.sender));
    CHECK_INT(ferry_h1_sender_get(&f.sender, 1000, slices), 2);
    CHECK(slices[1].data == body && slices[1].length == 5);
    CHECK_INT(ferry_h1_sender_get(&f.sender, slices[0].length + 2, slices), 2);
    CHECK_INT(slices[1].length, 2);
    CHECK_INT(ferry_h1_sender_get(&f.sender, 3, slices), 1);
    CHECK_INT(slices[0].length, 3);
    write_once(&f, 1000);
    CHECK(!ferry_h1_sender_has_lent(&f.sender));
    check_written(&f, HEAD "Content-Length: 5\r\n" END "hello", 5);
    tear_down(&f);
}

/* Wherever a write stops. */
static void what_a_write_did_not_take_of_a_lent_body_is_kept(void) {
    static const char expected[] = HEAD "Content-Length: 5\r\n" END "hello";
    for (size_t cut = 0; cut < sizeof expected - 1; cut++) {
        fixture f;
        char body[] = "hello";
        set_up(&f);
        begin(&f, whole_message(body));
        write_once(&f, cut);
        CHECK(ferry_h1_sender_has_lent(&f.sender));
        CHECK_INT(f.body, cut > sizeof expected - 6 ? cut - (sizeof expected - 6) : 0);
        keep(&f);
        CHECK(!ferry_h1_sender_has_lent(&f.sender));
        memset(body, '?', sizeof body);
        check_state(&f, FERRY_H1_SENDER_LAST);
        write_all(&f, 3);
        check_written(&f, expected, 5);
        tear_down(&f);
    }
}

static void borrowed_body_is_never_copied(void) {
    enum { SIZE = 1 << 20 };
    fixture f;
    char *body = calloc(1, SIZE);
    set_up(&f);
    ferry_message message = put_message();
    message.body = body;
    message.body_length = SIZE;
    message.is_borrowed = true;
    begin(&f, message);
    CHECK(!ferry_h1_sender_has_lent(&f.sender) && ferry_h1_sender_has_bytes(&f.sender));
    write_all(&f, 1000);
    check_state(&f, FERRY_H1_SENDER_PASSING);
    CHECK_INT(f.body, SIZE);
    CHECK(f.memory.most < 4096);
    tear_down(&f);
    free(body);
}

static void request_that_is_written_already_may_be_sent_again(void) {
    fixture f;
    set_up(&f);
    for (int i = 0; i < 2; i++) {
        ferry_h1_sender_begin_written(&f.sender, FERRY_SPAN(GET));
        CHECK(ferry_h1_sender_has_bytes(&f.sender) && !ferry_h1_sender_has_lent(&f.sender));
        write_once(&f, 10);
        ferry_h1_sender_reset(&f.sender);
    }
    f.length = 0;
    f.body = 0;
    ferry_h1_sender_begin_written(&f.sender, FERRY_SPAN(GET));
    write_all(&f, 7);
    CHECK_MEM(f.written, f.length, GET, sizeof GET - 1);
    check_state(&f, FERRY_H1_SENDER_PASSING);
    CHECK_INT(f.memory.calls, 0);
    tear_down(&f);
}

/* ---- 100 (Continue) ---- */

static void held_body_waits_for_continue(void) {
    fixture f;
    char body[] = "hello";
    set_up(&f);
    begin(&f, held(whole_message(body)));
    memset(body, '?', sizeof body);
    check_state(&f, FERRY_H1_SENDER_HELD);
    CHECK(!ferry_h1_sender_awaits_continue(&f.sender)); /* the head first */
    CHECK(ferry_h1_sender_awaits_room(&f.sender));
    write_all(&f, 10);
    CHECK(ferry_h1_sender_is_held(&f.sender) && ferry_h1_sender_awaits_continue(&f.sender));
    CHECK(!ferry_h1_sender_awaits_room(&f.sender));
    CHECK_INT(ferry_h1_sender_proceed(&f.sender), FERRY_OK);
    check_state(&f, FERRY_H1_SENDER_LAST);
    CHECK_INT(ferry_h1_sender_proceed(&f.sender), FERRY_OK); /* once is enough */
    write_all(&f, 2);
    check_written(&f, HEAD "Expect: 100-continue\r\nContent-Length: 5\r\n" END "hello", 5);
    tear_down(&f);
}

static void continue_before_the_head_was_sent_puts_the_body_behind_it(void) {
    fixture f;
    set_up(&f);
    begin(&f, held(whole_message("hello")));
    write_once(&f, 10);
    CHECK_INT(ferry_h1_sender_proceed(&f.sender), FERRY_OK);
    write_all(&f, 7);
    check_written(&f, HEAD "Expect: 100-continue\r\nContent-Length: 5\r\n" END "hello", 5);
    tear_down(&f);
}

static void continue_for_nothing_ends_the_request(void) {
    fixture f;
    set_up(&f);
    begin(&f, held(whole_message("")));
    write_all(&f, 1000);
    check_state(&f, FERRY_H1_SENDER_HELD);
    CHECK_INT(ferry_h1_sender_proceed(&f.sender), FERRY_OK);
    check_written(&f, HEAD "Expect: 100-continue\r\nContent-Length: 0\r\n" END, 0);
    tear_down(&f);
}

static void borrowed_body_is_held_where_it_lies(void) {
    fixture f;
    ferry_slice slices[FERRY_H1_SENDER_SLICES];
    const char body[] = "hello";
    set_up(&f);
    ferry_message message = held(whole_message(body));
    message.is_borrowed = true;
    begin(&f, message);
    write_all(&f, 1000);
    CHECK_INT(ferry_h1_sender_get(&f.sender, 1000, slices), 0);
    CHECK_INT(ferry_h1_sender_proceed(&f.sender), FERRY_OK);
    CHECK_INT(ferry_h1_sender_get(&f.sender, 1000, slices), 1);
    CHECK(slices[0].data == body);
    write_all(&f, 1000);
    check_written(&f, HEAD "Expect: 100-continue\r\nContent-Length: 5\r\n" END "hello", 5);
    /* The next held body is its own. */
    f.length = 0;
    f.body = 0;
    begin(&f, held(whole_message("bye")));
    write_all(&f, 1000);
    CHECK_INT(ferry_h1_sender_proceed(&f.sender), FERRY_OK);
    write_all(&f, 1000);
    check_written(&f, HEAD "Expect: 100-continue\r\nContent-Length: 3\r\n" END "bye", 3);
    tear_down(&f);
}

static void pieces_wait_for_continue(void) {
    fixture f;
    set_up(&f);
    begin(&f, held(pieces_message(2)));
    write_all(&f, 1000);
    CHECK(ferry_h1_sender_takes_pieces(&f.sender));
    CHECK(!ferry_h1_sender_awaits_piece(&f.sender));
    CHECK_INT(ferry_h1_sender_proceed(&f.sender), FERRY_OK);
    CHECK(ferry_h1_sender_awaits_piece(&f.sender));
    CHECK_INT(ferry_h1_sender_offer(&f.sender, "ab", 2), FERRY_OK);
    write_all(&f, 1000);
    CHECK_INT(keep(&f), 2);
    check_written(&f, HEAD "Expect: 100-continue\r\nContent-Length: 2\r\n" END "ab", 2);
    tear_down(&f);
}

static void body_without_pieces_may_end_before_continue(void) {
    fixture f;
    set_up(&f);
    begin(&f, held(pieces_message(-1)));
    write_all(&f, 1000);
    CHECK_INT(ferry_h1_sender_finish(&f.sender), FERRY_OK);
    check_state(&f, FERRY_H1_SENDER_HELD_ENDED);
    CHECK(!ferry_h1_sender_takes_pieces(&f.sender));
    CHECK(ferry_h1_sender_awaits_continue(&f.sender));
    CHECK_INT(ferry_h1_sender_proceed(&f.sender), FERRY_OK);
    write_all(&f, 1000);
    check_written(&f, HEAD "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n" END "0\r\n\r\n",
                  0);
    tear_down(&f);
}

/* ---- Pieces ---- */

static void pieces_of_unknown_length_are_chunks(void) {
    fixture f;
    set_up(&f);
    begin(&f, pieces_message(-1));
    check_state(&f, FERRY_H1_SENDER_OPEN);
    CHECK(!ferry_h1_sender_awaits_piece(&f.sender)); /* the head first */
    write_all(&f, 1000);
    CHECK(ferry_h1_sender_awaits_piece(&f.sender) && !ferry_h1_sender_has_bytes(&f.sender));
    CHECK_INT(ferry_h1_sender_offer(&f.sender, "hello", 5), FERRY_OK);
    write_all(&f, 1000);
    CHECK_INT(keep(&f), 5);
    CHECK(ferry_h1_sender_awaits_piece(&f.sender));
    CHECK_INT(ferry_h1_sender_finish(&f.sender), FERRY_OK);
    CHECK(!ferry_h1_sender_takes_pieces(&f.sender));
    write_all(&f, 1000);
    check_written(&f, HEAD "Transfer-Encoding: chunked\r\n" END "5\r\nhello\r\n0\r\n\r\n", 5);
    tear_down(&f);
}

/* Once its size is out all of it must follow, wherever the write stops. */
static void chunk_is_taken_whole(void) {
    static const char head[] = HEAD "Transfer-Encoding: chunked\r\n" END;
    static const char chunk[] = "10\r\n0123456789abcdef\r\n";
    for (size_t cut = 0; cut < sizeof chunk; cut++) {
        fixture f;
        char piece[] = "0123456789abcdef";
        set_up(&f);
        begin(&f, pieces_message(-1));
        write_all(&f, 1000);
        CHECK_INT(ferry_h1_sender_offer(&f.sender, piece, 16), FERRY_OK);
        write_once(&f, cut);
        CHECK_INT(keep(&f), 16);
        memset(piece, '?', sizeof piece);
        CHECK(ferry_h1_sender_awaits_piece(&f.sender) == (cut == sizeof chunk - 1));
        do { /* the bytes of the body lie behind four of framing */
            size_t sent = f.length - (sizeof head - 1);
            CHECK_INT(f.body, sent < 4 ? 0 : ferry_size_least(sent - 4, 16));
        } while (write_once(&f, 1) > 0);
        CHECK_MEM(f.written + sizeof head - 1, f.length - (sizeof head - 1), chunk,
                  sizeof chunk - 1);
        CHECK_INT(f.body, 16);
        tear_down(&f);
    }
}

static void piece_of_known_length_is_left_to_the_caller(void) {
    fixture f;
    set_up(&f);
    begin(&f, pieces_message(5));
    write_all(&f, 1000);
    CHECK_INT(ferry_h1_sender_offer(&f.sender, "hello", 5), FERRY_OK);
    write_once(&f, 2);
    CHECK_INT(keep(&f), 2);
    check_state(&f, FERRY_H1_SENDER_FULL);
    CHECK(!ferry_h1_sender_has_out(&f.sender) && !ferry_h1_sender_awaits_piece(&f.sender));
    CHECK(ferry_h1_sender_awaits_room(&f.sender) && ferry_h1_sender_takes_pieces(&f.sender));
    /* It may be tried all the same. */
    CHECK_INT(ferry_h1_sender_offer(&f.sender, "llo", 3), FERRY_OK);
    CHECK_INT(keep(&f), 0);
    check_state(&f, FERRY_H1_SENDER_FULL);
    ferry_h1_sender_retry(&f.sender);
    CHECK(ferry_h1_sender_awaits_piece(&f.sender) && !ferry_h1_sender_awaits_room(&f.sender));
    CHECK_INT(ferry_h1_sender_offer(&f.sender, "llo", 3), FERRY_OK);
    write_once(&f, 3);
    CHECK_INT(keep(&f), 3);
    CHECK(!ferry_h1_sender_takes_pieces(&f.sender)); /* without being told */
    check_written(&f, HEAD "Content-Length: 5\r\n" END "hello", 5);
    tear_down(&f);
}

static void announced_length_is_held(void) {
    fixture f;
    set_up(&f);
    begin(&f, pieces_message(5));
    write_all(&f, 1000);
    CHECK_INT(ferry_h1_sender_check(&f.sender, 5), FERRY_OK);
    CHECK_INT(ferry_h1_sender_check(&f.sender, 6), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_CONTAINS(f.context.detail, "6 bytes are more than the 5");
    CHECK_INT(ferry_h1_sender_offer(&f.sender, "he", 2), FERRY_OK);
    write_all(&f, 1000);
    CHECK_INT(keep(&f), 2);
    CHECK_INT(ferry_h1_sender_check(&f.sender, 4), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_INT(ferry_h1_sender_finish(&f.sender), FERRY_ERROR_INVALID_PARAMETER);
    CHECK_CONTAINS(f.context.detail, "3 bytes shorter");
    CHECK(ferry_h1_sender_awaits_piece(&f.sender)); /* nothing has changed */
    tear_down(&f);
}

static void announced_length_of_nothing_ends_with_the_head(void) {
    fixture f;
    set_up(&f);
    begin(&f, pieces_message(0));
    check_state(&f, FERRY_H1_SENDER_LAST);
    write_all(&f, 1000);
    check_written(&f, HEAD "Content-Length: 0\r\n" END, 0);
    tear_down(&f);
}

static void long_piece_is_taken_in_part(void) {
    enum { SIZE = FERRY_SEND_PIECE + 1 };
    fixture f;
    char *data = calloc(1, SIZE);
    for (int64_t length = -1; length <= SIZE; length += SIZE + 1) {
        set_up(&f);
        begin(&f, pieces_message(length));
        write_all(&f, 1000);
        CHECK_INT(ferry_h1_sender_offer(&f.sender, data, SIZE), FERRY_OK);
        write_once(&f, 2 * SIZE);
        CHECK_INT(keep(&f), FERRY_SEND_PIECE);
        CHECK(ferry_h1_sender_awaits_piece(&f.sender)); /* there is room: it was not offered more */
        tear_down(&f);
    }
    free(data);
}

/* ---- A function that gives the body ---- */

typedef struct giver {
    int pieces; /* until the end */
    ferry_error error;
} giver;

static ferry_error give(void *ctx, void *dst, size_t capacity, size_t *length) {
    giver *self = ctx;
    if (self->error != FERRY_OK || self->pieces-- == 0) {
        return self->error;
    }
    *length = ferry_size_least(capacity, 3);
    memcpy(dst, "abc", *length);
    return FERRY_OK;
}

static ferry_message source_message(giver *from, int64_t length) {
    ferry_message message = pieces_message(length);
    message.body_read = give;
    message.body_ctx = from;
    return message;
}

static void pull_all(fixture *f) {
    do {
        write_all(f, 1000);
        if (ferry_h1_sender_wants_piece(&f->sender)) {
            CHECK_INT(ferry_h1_sender_pull(&f->sender), FERRY_OK);
        }
    } while (ferry_h1_sender_has_out(&f->sender));
}

static void function_gives_chunks_until_it_ends(void) {
    fixture f;
    giver from = {.pieces = 2};
    set_up(&f);
    begin(&f, source_message(&from, -1));
    check_state(&f, FERRY_H1_SENDER_PULLING);
    CHECK(!ferry_h1_sender_wants_piece(&f.sender)); /* the head first */
    pull_all(&f);
    check_written(&f, HEAD "Transfer-Encoding: chunked\r\n" END "3\r\nabc\r\n3\r\nabc\r\n0\r\n\r\n",
                  6);
    tear_down(&f);
}

static void function_is_not_asked_past_the_announced_length(void) {
    fixture f;
    giver from = {.pieces = 10};
    set_up(&f);
    begin(&f, source_message(&from, 7));
    pull_all(&f);
    CHECK_INT(from.pieces, 7);
    check_written(&f, HEAD "Content-Length: 7\r\n" END "abcabca", 7);
    f.length = 0;
    f.body = 0;
    begin(&f, source_message(&from, 0));
    pull_all(&f);
    CHECK_INT(from.pieces, 7);
    check_written(&f, HEAD "Content-Length: 0\r\n" END, 0);
    tear_down(&f);
}

static void function_is_asked_after_continue_only(void) {
    fixture f;
    giver from = {.pieces = 1};
    set_up(&f);
    begin(&f, held(source_message(&from, 3)));
    pull_all(&f);
    CHECK_INT(from.pieces, 1);
    CHECK(ferry_h1_sender_awaits_continue(&f.sender));
    CHECK_INT(ferry_h1_sender_proceed(&f.sender), FERRY_OK);
    pull_all(&f);
    check_written(&f, HEAD "Expect: 100-continue\r\nContent-Length: 3\r\n" END "abc", 3);
    tear_down(&f);
}

static void function_that_fails_says_why(void) {
    fixture f;
    giver from = {.error = FERRY_ERROR_ABORTED};
    set_up(&f);
    begin(&f, source_message(&from, -1));
    write_all(&f, 1000);
    CHECK_INT(ferry_h1_sender_pull(&f.sender), FERRY_ERROR_ABORTED);
    CHECK_CONTAINS(f.context.detail, "body_read");
    from = (giver){.pieces = 1};
    ferry_h1_sender_reset(&f.sender);
    begin(&f, source_message(&from, 4));
    write_all(&f, 1000);
    CHECK_INT(ferry_h1_sender_pull(&f.sender), FERRY_OK);
    write_all(&f, 1000);
    CHECK_INT(ferry_h1_sender_pull(&f.sender), FERRY_ERROR_INVALID_PARAMETER);
    tear_down(&f);
}

/* ---- The end, and what comes instead ---- */

static void request_may_be_cut_at_any_time(void) {
    giver from = {.pieces = 1};
    ferry_message messages[] = {
        get_message(),
        whole_message("hello"),
        held(whole_message("hello")),
        pieces_message(-1),
        pieces_message(5),
        held(pieces_message(-1)),
        source_message(&from, -1),
        held(source_message(&from, -1)),
    };
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        for (size_t cut = 0; cut < 60; cut += 59) {
            fixture f;
            set_up(&f);
            begin(&f, messages[i]);
            write_once(&f, cut);
            ferry_h1_sender_reset(&f.sender);
            check_state(&f, FERRY_H1_SENDER_IDLE);
            CHECK(!ferry_h1_sender_awaits_room(&f.sender));
            CHECK(!ferry_h1_sender_takes_pieces(&f.sender));
            f.length = 0;
            f.body = 0;
            begin(&f, get_message());
            write_all(&f, 1000);
            check_written(&f, GET, 0);
            /* Nothing of the body that was cut is held. */
            f.length = 0;
            begin(&f, held(whole_message("bye")));
            write_all(&f, 1000);
            CHECK_INT(ferry_h1_sender_proceed(&f.sender), FERRY_OK);
            write_all(&f, 1000);
            check_written(&f, HEAD "Expect: 100-continue\r\nContent-Length: 3\r\n" END "bye", 3);
            tear_down(&f);
        }
    }
}

static void body_that_was_cut_is_not_counted_later(void) {
    fixture f;
    set_up(&f);
    begin(&f, whole_message("hello"));
    write_once(&f, 10);
    keep(&f);
    ferry_h1_sender_reset(&f.sender);
    begin(&f, pieces_message(-1));
    write_all(&f, 1000);
    CHECK_INT(ferry_h1_sender_offer(&f.sender, "0123456789", 10), FERRY_OK);
    write_once(&f, 6);
    CHECK_INT(keep(&f), 10);
    write_all(&f, 1000);
    CHECK_INT(f.body, 10);
    tear_down(&f);
}

static void tunnel_takes_bytes_as_they_are(void) {
    fixture f;
    set_up(&f);
    begin(&f, pieces_message(-1));
    write_all(&f, 1000);
    f.length = 0;
    f.body = 0;
    ferry_h1_sender_open_tunnel(&f.sender);
    CHECK(ferry_h1_sender_awaits_piece(&f.sender));
    CHECK_INT(ferry_h1_sender_check(&f.sender, 1 << 30), FERRY_OK);
    CHECK_INT(ferry_h1_sender_offer(&f.sender, "hello", 5), FERRY_OK);
    write_once(&f, 4);
    CHECK_INT(keep(&f), 4);
    check_state(&f, FERRY_H1_SENDER_FULL);
    CHECK_INT(ferry_h1_sender_finish(&f.sender), FERRY_OK);
    check_written(&f, "hell", 4);
    tear_down(&f);
}

static void tunnel_without_room_stays_so(void) {
    fixture f;
    set_up(&f);
    begin(&f, pieces_message(5));
    write_all(&f, 1000);
    CHECK_INT(ferry_h1_sender_offer(&f.sender, "hello", 5), FERRY_OK);
    CHECK_INT(keep(&f), 0);
    ferry_h1_sender_open_tunnel(&f.sender);
    check_state(&f, FERRY_H1_SENDER_FULL);
    ferry_h1_sender_retry(&f.sender);
    CHECK(ferry_h1_sender_awaits_piece(&f.sender));
    tear_down(&f);
}

static void tunnel_forgets_the_body_of_the_request(void) {
    giver from = {.pieces = 1};
    ferry_message borrowed = whole_message("hello");
    borrowed.is_borrowed = true;
    ferry_message messages[] = {held(whole_message("hello")), borrowed, held(borrowed),
                                source_message(&from, -1)};
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        fixture f;
        set_up(&f);
        begin(&f, messages[i]);
        write_once(&f, ferry_buffer_length(&f.sender.out));
        ferry_h1_sender_open_tunnel(&f.sender);
        CHECK(ferry_h1_sender_awaits_piece(&f.sender));
        CHECK_INT(write_once(&f, 1000), 0);
        CHECK_INT(ferry_h1_sender_finish(&f.sender), FERRY_OK);
        check_state(&f, FERRY_H1_SENDER_PASSING);
        CHECK_INT(f.body, 0);
        tear_down(&f);
    }
    CHECK_INT(from.pieces, 1);
}

/* ---- Memory ---- */

static void request_that_there_is_no_memory_for_has_not_begun(void) {
    fixture f;
    for (size_t fail_at = 1; fail_at <= 2; fail_at++) {
        set_up(&f);
        f.memory.fail_at = fail_at;
        ferry_message message = held(whole_message("hello"));
        CHECK_INT(ferry_h1_sender_begin(&f.sender, &message, FERRY_SPAN("")),
                  FERRY_ERROR_OUT_OF_MEMORY);
        check_state(&f, FERRY_H1_SENDER_IDLE);
        CHECK(!ferry_h1_sender_has_out(&f.sender));
        f.memory.fail_at = 0;
        begin(&f, get_message());
        write_all(&f, 1000);
        check_written(&f, GET, 0);
        tear_down(&f);
    }
}

static void chunk_that_there_is_no_memory_for_is_not_announced(void) {
    enum { SIZE = 4096 };
    fixture f;
    char *data = calloc(1, SIZE);
    set_up(&f);
    begin(&f, pieces_message(-1));
    write_all(&f, 1000);
    f.memory.fail_at = f.memory.calls + 1;
    CHECK_INT(ferry_h1_sender_offer(&f.sender, data, SIZE), FERRY_ERROR_OUT_OF_MEMORY);
    CHECK(ferry_h1_sender_awaits_piece(&f.sender));
    CHECK_INT(ferry_h1_sender_offer(&f.sender, data, SIZE), FERRY_OK);
    tear_down(&f);
    free(data);
}

static void what_is_large_goes_with_the_request(void) {
    enum { SIZE = 1 << 20 };
    fixture f;
    char *data = calloc(1, SIZE);
    set_up(&f);
    ferry_message message = put_message();
    message.body = data;
    message.body_length = SIZE;
    begin(&f, held(message));
    write_all(&f, 1000);
    CHECK_INT(ferry_h1_sender_proceed(&f.sender), FERRY_OK);
    ferry_h1_sender_trim(&f.sender); /* not yet */
    write_all(&f, SIZE);
    CHECK_INT(f.body, SIZE);
    ferry_h1_sender_passed(&f.sender);
    ferry_h1_sender_trim(&f.sender);
    CHECK(f.memory.bytes < 4096);
    tear_down(&f);
    free(data);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(request_without_a_body_is_over_once_it_was_written_and_passed_on),
        CHECK_TEST(body_goes_from_the_callers_memory_along_with_the_head),
        CHECK_TEST(what_a_write_did_not_take_of_a_lent_body_is_kept),
        CHECK_TEST(borrowed_body_is_never_copied),
        CHECK_TEST(request_that_is_written_already_may_be_sent_again),
        CHECK_TEST(held_body_waits_for_continue),
        CHECK_TEST(continue_before_the_head_was_sent_puts_the_body_behind_it),
        CHECK_TEST(continue_for_nothing_ends_the_request),
        CHECK_TEST(borrowed_body_is_held_where_it_lies),
        CHECK_TEST(pieces_wait_for_continue),
        CHECK_TEST(body_without_pieces_may_end_before_continue),
        CHECK_TEST(pieces_of_unknown_length_are_chunks),
        CHECK_TEST(chunk_is_taken_whole),
        CHECK_TEST(piece_of_known_length_is_left_to_the_caller),
        CHECK_TEST(announced_length_is_held),
        CHECK_TEST(announced_length_of_nothing_ends_with_the_head),
        CHECK_TEST(long_piece_is_taken_in_part),
        CHECK_TEST(function_gives_chunks_until_it_ends),
        CHECK_TEST(function_is_not_asked_past_the_announced_length),
        CHECK_TEST(function_is_asked_after_continue_only),
        CHECK_TEST(function_that_fails_says_why),
        CHECK_TEST(request_may_be_cut_at_any_time),
        CHECK_TEST(body_that_was_cut_is_not_counted_later),
        CHECK_TEST(tunnel_takes_bytes_as_they_are),
        CHECK_TEST(tunnel_without_room_stays_so),
        CHECK_TEST(tunnel_forgets_the_body_of_the_request),
        CHECK_TEST(request_that_there_is_no_memory_for_has_not_begun),
        CHECK_TEST(chunk_that_there_is_no_memory_for_is_not_announced),
        CHECK_TEST(what_is_large_goes_with_the_request),
    };
    return CHECK_RUN(tests, argc, argv);
}
