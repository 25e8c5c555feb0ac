/* SPDX-License-Identifier: MIT */
/* fuzz_sender: whatever the caller, the server and the stream do, in whatever order, what is
 * written is the head, and then the body that was given, framed as the head says. The first byte
 * chooses the request, the next one its length; then come pairs of what is done and how much of it.
 */
#include "h1/chunked.h"
#include "h1/sender.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 1 << 17, BODY_MAX = 1 << 15 };

typedef enum operation {
    WRITE = 0, /* what is there, as far as the stream takes it */
    OFFER,
    PROCEED,
    FINISH,
    PULL,
    RETRY,
    OPERATIONS,
} operation;

/* What was given to a sender, and what came out. */
typedef struct fuzz {
    ferry_context context;
    ferry_h1_sender sender;
    char *given; /* bytes of the body */
    size_t given_length;
    char *written;
    size_t written_length;
    size_t body; /* how many of those were the body's, as the sender says */
} fuzz;

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

/* The body is a sequence in which each place is told from its neighbours. */
static char byte_at(size_t place) {
    return (char)('a' + place % 23);
}

static void give(fuzz *f, size_t length) {
    require(f->given_length + length <= BYTES_MAX);
    for (size_t i = 0; i < length; i++) {
        f->given[f->given_length + i] = byte_at(f->given_length + i);
    }
}

static ferry_error give_piece(void *ctx, void *dst, size_t capacity, size_t *length) {
    fuzz *f = ctx;
    size_t most = f->sender.source.remaining >= 0 ? capacity : BODY_MAX - f->given_length;
    *length = ferry_size_least(ferry_size_least(capacity, most), 300);
    give(f, *length);
    memcpy(dst, f->given + f->given_length, *length);
    f->given_length += *length;
    return FERRY_OK;
}

/* One write, of which the stream takes `most` bytes. */
static void write_once(fuzz *f, size_t most) {
    ferry_slice slices[FERRY_H1_SENDER_SLICES];
    size_t count = ferry_h1_sender_get(&f->sender, most + 1, slices);
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        require(slices[i].length > 0);
        size_t part = ferry_size_least(slices[i].length, most - length);
        require(f->written_length + part <= BYTES_MAX);
        memcpy(f->written + f->written_length, slices[i].data, part);
        f->written_length += part;
        length += part;
    }
    f->body += ferry_h1_sender_sent(&f->sender, length);
}

/* In memory that goes with the call. */
static void offer(fuzz *f, size_t length, size_t most) {
    ferry_h1_sender *sender = &f->sender;
    bool is_ready = ferry_h1_sender_awaits_piece(sender) || sender->state == FERRY_H1_SENDER_FULL;
    if (!is_ready || length == 0 || f->given_length + length > BODY_MAX ||
        ferry_h1_sender_check(sender, length) != FERRY_OK) {
        return;
    }
    size_t taken = 0;
    char *piece = malloc(length);
    require(piece != NULL);
    give(f, length);
    memcpy(piece, f->given + f->given_length, length);
    if (ferry_h1_sender_offer(sender, piece, length) == FERRY_OK) {
        write_once(f, most);
        require(ferry_h1_sender_keep(sender, &taken) == FERRY_OK && taken <= length);
        f->given_length += taken;
    }
    memset(piece, '?', length);
    free(piece);
}

static void operate(fuzz *f, operation what, size_t amount) {
    ferry_h1_sender *sender = &f->sender;
    switch (what) {
    case WRITE:
        write_once(f, amount);
        break;
    case OFFER:
        offer(f, amount, amount * 3 % 251);
        break;
    case PROCEED:
        require(ferry_h1_sender_proceed(sender) == FERRY_OK);
        break;
    case FINISH:
        if (ferry_h1_sender_takes_pieces(sender) && ferry_h1_sender_finish(sender) == FERRY_OK) {
            require(!ferry_h1_sender_takes_pieces(sender));
        }
        break;
    case PULL:
        if (ferry_h1_sender_wants_piece(sender)) {
            require(ferry_h1_sender_pull(sender) == FERRY_OK);
        }
        break;
    case RETRY:
        ferry_h1_sender_retry(sender);
        break;
    case OPERATIONS:
        break;
    }
}

/* What was written is the head and the body that was given, or as much of it as was sent. */
static void check_written(fuzz *f, bool is_chunked) {
    static const char end[] = "\r\n\r\n";
    size_t head = 0;
    while (head + 4 <= f->written_length && memcmp(f->written + head, end, 4) != 0) {
        head++;
    }
    head += 4;
    if (head > f->written_length) {
        require(f->body == 0);
        return;
    }
    char *body = f->written + head;
    size_t length = f->written_length - head;
    if (is_chunked) {
        ferry_h1_chunked chunked;
        ferry_headers trailers;
        size_t consumed = 0;
        size_t produced = 0;
        ferry_h1_chunked_init(&chunked, &f->context);
        ferry_headers_init(&trailers, &f->context);
        require(ferry_h1_chunked_decode(&chunked, &f->context, &trailers, body, length, &consumed,
                                        body, length, &produced) == FERRY_OK);
        require(consumed == length);
        bool is_done = chunked.state == FERRY_H1_CHUNKED_DONE;
        require(!is_done || produced == f->given_length);
        require(is_done || f->sender.state != FERRY_H1_SENDER_PASSING);
        length = produced;
        ferry_headers_deinit(&trailers, &f->context);
        ferry_h1_chunked_deinit(&chunked, &f->context);
    }
    require(length == f->body && length <= f->given_length);
    require(memcmp(body, f->given, length) == 0);
    require(f->sender.state != FERRY_H1_SENDER_PASSING || length == f->given_length);
}

static ferry_message make_message(fuzz *f, uint8_t kind, size_t length) {
    static const char *const none[] = {NULL};
    static const char *const expecting[] = {"Expect: 100-continue", NULL};
    bool is_held = (kind & 4) != 0;
    ferry_message message = {
        .method = FERRY_METHOD_PUT,
        .method_name = FERRY_SPAN("PUT"),
        .target = FERRY_SPAN("/"),
        .host = FERRY_SPAN("h"),
        .headers = is_held ? expecting : none,
        .present = is_held ? FERRY_HAS_EXPECT_CONTINUE : 0,
        .streamed_length = (kind & 8) != 0 ? -1 : (int64_t)length,
    };
    switch (kind & 3) {
    case 0: /* whole, or borrowed */
        give(f, length);
        f->given_length = length;
        message.body = length > 0 ? f->given : NULL;
        message.body_length = length;
        message.is_borrowed = (kind & 8) != 0;
        break;
    case 1:
        message.streamed = true;
        message.body_read = give_piece;
        message.body_ctx = f;
        break;
    default:
        message.streamed = true;
        break;
    }
    return message;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) {
        return 0;
    }
    fuzz f = {.context = {.allocator = ferry_default_allocator,
                          .max_head_bytes = 4096,
                          .max_header_count = 32}};
    static char given[BYTES_MAX];
    static char written[BYTES_MAX];
    f.given = given;
    f.written = written;
    ferry_h1_sender_init(&f.sender, &f.context);
    ferry_message message = make_message(&f, data[0], (size_t)data[1] * 7);
    require(ferry_h1_sender_begin(&f.sender, &message, FERRY_SPAN("")) == FERRY_OK);
    if (ferry_h1_sender_has_lent(&f.sender)) {
        size_t taken;
        write_once(&f, data[1]);
        require(ferry_h1_sender_keep(&f.sender, &taken) == FERRY_OK);
    }
    for (size_t i = 2; i + 1 < size && f.written_length < BYTES_MAX / 2; i += 2) {
        operate(&f, (operation)(data[i] % OPERATIONS), data[i + 1]);
    }
    check_written(&f, message.streamed && message.streamed_length < 0);
    ferry_h1_sender_reset(&f.sender);
    require(!ferry_h1_sender_awaits_room(&f.sender));
    ferry_h1_sender_deinit(&f.sender);
    return 0;
}
