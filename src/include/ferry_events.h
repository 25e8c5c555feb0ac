/* SPDX-License-Identifier: MIT */
/* ferry_events: server-sent events, read from the bytes of a body. */
#include "ferry.h" /* which includes this file where it has its place */

#ifndef FERRY_EVENTS_H
#define FERRY_EVENTS_H

#ifdef __cplusplus
extern "C" {
#endif

/* Reads a stream of events (text/event-stream: HTML standard section 9.2). It takes the bytes of a
 * response's body, cut anywhere, and gives the events one by one:
 *
 *     ferry_event_parser *parser = ferry_event_parser_new(NULL);
 *     ...
 *     while (length > 0) {
 *         const ferry_event *event;
 *         size_t taken;
 *         ferry_error error = ferry_event_parser_read(parser, bytes, length, &taken, &event);
 *         if (error != FERRY_OK) return error;
 *         if (event != NULL) printf("%s: %s\n", event->type, event->data);
 *         bytes += taken, length -= taken;
 *     }
 *
 * Lines end with CR, LF or CRLF. A byte order mark at the start is skipped, and so are comments, of
 * any length. Bytes that are no UTF-8 come as they are: a browser would put U+FFFD in their place.
 * The event that a stream breaks off in is no event. */
typedef struct ferry_event_parser ferry_event_parser;

/* Zeroed: the defaults. */
typedef struct ferry_event_parser_options {
    /* The most that one event may have: its fields and the line that is not complete, together. By
     * default 1 MiB, at most 1 GiB. The parser takes at most five times as much memory. */
    size_t max_event_bytes;

    /* As in ferry_client_options. If only some of its functions are given, none is used, and
     * reading fails with FERRY_ERROR_INVALID_PARAMETER. */
    ferry_allocator allocator;
} ferry_event_parser_options;

/* An event. All of it is valid until the next call of ferry_event_parser_read(), _reset() or
 * _free(). A NUL stands behind each text; type and data may also have NULs within. */
typedef struct ferry_event {
    const char *type; /* "message" where the stream names none */
    size_t type_length;
    const char *data; /* the lines, with an LF between them */
    size_t data_length;
    const char *last_event_id; /* as of this event, its own or an earlier one's; "": none */
} ferry_event;

/* The options may be NULL. NULL: no memory. */
ferry_event_parser *ferry_event_parser_new(const ferry_event_parser_options *options);

/* NULL is legal. */
void ferry_event_parser_free(ferry_event_parser *parser);

/* Reads bytes up to the end of the next event, or all of them. Stores how many it took in *taken,
 * and the event, or NULL if there is none yet, in *event. Call it until all bytes are taken.
 *
 * After an error all further calls fail with it, until ferry_event_parser_reset().
 * FERRY_ERROR_TOO_LARGE:         an event exceeds max_event_bytes.
 * FERRY_ERROR_OUT_OF_MEMORY
 * FERRY_ERROR_INVALID_PARAMETER: `bytes` is NULL and `length` is not 0, or see `allocator`. */
ferry_error ferry_event_parser_read(ferry_event_parser *parser, const void *bytes, size_t length,
                                    size_t *taken, const ferry_event **event);

/* Makes it ready for the first byte of another response: what was incomplete is dropped, and so is
 * an error. The last event id and the reconnection time stay. */
void ferry_event_parser_reset(ferry_event_parser *parser);

/* What the header Last-Event-ID of the next request should say, without a line break or a NUL; "":
 * no such header. Valid until the next call that reads, or frees. */
const char *ferry_event_parser_get_last_event_id(const ferry_event_parser *parser);

/* How long the stream asks to wait before the next request ("retry"), in milliseconds: INT64_MAX
 * for what is larger than that, -1 if it says nothing. */
int64_t ferry_event_parser_get_retry_ms(const ferry_event_parser *parser);

/* What was wrong in the last call that failed, as a sentence; "" before that. */
const char *ferry_event_parser_get_error_detail(const ferry_event_parser *parser);

#ifdef __cplusplus
}
#endif

#endif
