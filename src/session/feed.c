/* SPDX-License-Identifier: MIT */
/* feed: pieces of a body from memory or from the program's function, as large as the limits allow.
 */
#include "feed.h"

#include "base/span.h"
#include "message/body_source.h"
#include "throttle.h"
#include "transfer.h"

enum { PIECE_SIZE = 16 * 1024 };

/* A short piece has its turn again, unless the connection takes nothing at all. */
static void feed_look_again(const ferry_transfer *transfer) {
    ferry_list_node *node = &transfer->connection->item.node;
    if (!ferry_list_has(node)) {
        ferry_list_append(&transfer->session->ready, node);
    }
}

struct ferry_feed {
    ferry_body_source source; /* without a function: all of the body is in `piece` */
    ferry_span piece;         /* what comes next */
    bool has_ended;           /* nothing comes behind the piece */
    char room[];              /* for pieces of the source */
};

/* What a browser is given it sends as fast as it likes. */
static bool feed_is_needed(const ferry_transfer *transfer, const ferry_request *request) {
    bool has_body = request->body_length > 0 || request->body_read != NULL;
    return ferry_session_dials && has_body && ferry_throttle_is_limited(transfer);
}

ferry_error ferry_feed_begin(ferry_transfer *transfer, ferry_request *request) {
    ferry_feed_end(transfer);
    if (!feed_is_needed(transfer, request)) {
        return FERRY_OK;
    }
    bool is_read = request->body_read != NULL;
    ferry_feed *feed = ferry_alloc(&transfer->context, sizeof *feed + (is_read ? PIECE_SIZE : 0));
    if (feed == NULL) {
        return ferry_fail_memory(&transfer->context);
    }
    *feed = (ferry_feed){
        .source = {request->body_read, request->body_ctx, request->streamed_length},
        .piece = {request->body, request->body_length},
        .has_ended = !is_read || request->streamed_length == 0,
    };
    request->streamed = true;
    request->streamed_length = is_read ? request->streamed_length : (int64_t)request->body_length;
    request->body = NULL;
    request->body_length = 0;
    request->borrow_body = false;
    request->body_read = NULL;
    transfer->feed = feed;
    feed_look_again(transfer);
    return FERRY_OK;
}

static ferry_error feed_fill(ferry_transfer *transfer, ferry_context *context, size_t most) {
    ferry_feed *feed = transfer->feed;
    size_t length = 0;
    ferry_error error = ferry_body_source_read(&feed->source, context, feed->room,
                                               ferry_size_least(most, PIECE_SIZE), &length);
    feed->piece = (ferry_span){feed->room, length};
    feed->has_ended = length == 0 || ferry_body_source_is_exhausted(&feed->source);
    return error;
}

/* False: no more is written now. */
static bool feed_write(ferry_transfer *transfer, size_t most) {
    ferry_feed *feed = transfer->feed;
    size_t length = ferry_size_least(ferry_size_least(feed->piece.length, most), FERRY_SEND_PIECE);
    size_t written = 0;
    ferry_error error = ferry_client_write_request_body(transfer->connection->client,
                                                        feed->piece.data, length, &written);
    ferry_throttle_count(transfer, FERRY_WAY_OUT);
    feed->piece.data += written;
    feed->piece.length -= written;
    if (error != FERRY_OK) { /* which the exchange shows, or its response */
        ferry_feed_end(transfer);
        return false;
    }
    bool goes_on = written == length && !ferry_session_is_out_of_time(transfer->session);
    if (!goes_on && written > 0) {
        feed_look_again(transfer);
    }
    return goes_on;
}

static void feed_finish(ferry_transfer *transfer) {
    ferry_error error = ferry_client_finish_request_body(transfer->connection->client);
    (void)error; /* likewise */
    ferry_feed_end(transfer);
}

bool ferry_feed_advance(ferry_transfer *transfer) {
    ferry_context context = {.allocator = transfer->context.allocator}; /* for a detail */
    bool goes_on = true;
    while (goes_on && transfer->feed != NULL) {
        const ferry_feed *feed = transfer->feed;
        if (feed->piece.length == 0 && feed->has_ended) {
            feed_finish(transfer);
            return true;
        }
        size_t most = ferry_throttle_admit(transfer, FERRY_WAY_OUT);
        ferry_error error = FERRY_OK;
        if (most > 0 && feed->piece.length == 0) {
            error = feed_fill(transfer, &context, most);
        }
        if (error != FERRY_OK) {
            ferry_transfer_stop(transfer, error, context.detail);
            return false;
        }
        goes_on = most > 0 && (feed->piece.length == 0 || feed_write(transfer, most));
    }
    return true;
}

void ferry_feed_end(ferry_transfer *transfer) {
    ferry_free(&transfer->context, transfer->feed);
    transfer->feed = NULL;
}
