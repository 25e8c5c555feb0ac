/* SPDX-License-Identifier: MIT */
/* demo: what the page calls. It polls once a frame; nothing here waits, and nothing calls the page.
 */
#ifndef FERRY_DEMO_H
#define FERRY_DEMO_H

#include <emscripten.h>
#include <stddef.h>

/* Where the exchange is. The page goes on calling while it is RUNNING. */
typedef enum demo_phase {
    DEMO_IDLE = 0,
    DEMO_RUNNING = 1,
    DEMO_DONE = 2,
    DEMO_FAILED = 3,
    DEMO_CANCELLED = 4,
} demo_phase;

/* The texts of a request. */
typedef enum demo_part {
    DEMO_PART_METHOD = 0,
    DEMO_PART_URL = 1,     /* absolute */
    DEMO_PART_HEADERS = 2, /* "Name: value" lines; empty ones are skipped */
    DEMO_PART_BODY = 3,
    DEMO_PART_COUNT = 4,
} demo_part;

/* Makes room for `length` bytes of one text of the next request, and returns where they are to be
 * written; the NUL after them is there already. NULL: there is no memory. */
EMSCRIPTEN_KEEPALIVE char *demo_request_text(demo_part part, size_t length);

/* Starts the request that the texts describe; one that is under way is cancelled. `credentials` and
 * `redirect` are enumerators of ferry.h; a time-out of 0 is none. Returns the phase: RUNNING, or
 * FAILED at once. */
EMSCRIPTEN_KEEPALIVE demo_phase demo_start(int credentials, int redirect, int response_ms,
                                           int total_ms);

/* Makes one step, and returns the phase. */
EMSCRIPTEN_KEEPALIVE demo_phase demo_poll(void);

/* Reads a piece of the body to demo_chunk(), and returns its length; 0: there is nothing now. The
 * phase may have changed when it gives 0. */
EMSCRIPTEN_KEEPALIVE size_t demo_read(void);
EMSCRIPTEN_KEEPALIVE const void *demo_chunk(void);

EMSCRIPTEN_KEEPALIVE void demo_cancel(void);

EMSCRIPTEN_KEEPALIVE demo_phase demo_get_phase(void);

/* Of the exchange that failed: its error, that error in ferry's words, and the sentence for it. */
EMSCRIPTEN_KEEPALIVE const char *demo_error_name(void);
EMSCRIPTEN_KEEPALIVE const char *demo_error_message(void);
EMSCRIPTEN_KEEPALIVE const char *demo_error_detail(void);

/* The response: whether there is one, its code and URL, its header lines (NULL past the last), and
 * how long the body will be (-1: not known). */
EMSCRIPTEN_KEEPALIVE int demo_has_response(void);
EMSCRIPTEN_KEEPALIVE int demo_response_code(void);
EMSCRIPTEN_KEEPALIVE const char *demo_response_url(void);
EMSCRIPTEN_KEEPALIVE const char *demo_response_header(size_t index);
EMSCRIPTEN_KEEPALIVE double demo_length_hint(void);

/* What ferry has logged, oldest first: the kind of the oldest line (a ferry_log_kind; -1:
 * there is none), its time in milliseconds since the start, its text. demo_event_take() drops it.
 */
EMSCRIPTEN_KEEPALIVE int demo_event_kind(void);
EMSCRIPTEN_KEEPALIVE double demo_event_time(void);
EMSCRIPTEN_KEEPALIVE const char *demo_event_text(void);
EMSCRIPTEN_KEEPALIVE void demo_event_take(void);

/* Milliseconds since the start of the exchange. */
EMSCRIPTEN_KEEPALIVE double demo_now(void);

EMSCRIPTEN_KEEPALIVE const char *demo_version(void);

#endif
