/* SPDX-License-Identifier: MIT */
/* fetch_js: what the C side of the fetch backend calls in ferry_fetch.js. C pulls: nothing here
 * calls back, and only ints, doubles and pointers cross. In builds with pthreads each call is
 * carried out on the main thread, where the fetches are.
 *
 * What holds for everything that crosses, on both sides:
 *
 * - A text is one or more strings, each ended by a NUL; there is no NUL within a string. The length
 *   of a text counts all of its bytes, every NUL included.
 * - A byte is a character from 0 to 255 in JavaScript; any other becomes '?'. Only the platform's
 *   words are UTF-8.
 * - What C gives is (pointer, length). It is copied during the call, and no byte beyond is read.
 * - Where C wants something, it names (dst, capacity). At most `capacity` bytes are stored there,
 * and no NUL but those that the text has.
 * - A text is stored whole or not at all. The call returns its length; it was stored if that is at
 *   most `capacity`. Otherwise C makes room for so many bytes and calls again.
 * - Of a body as many bytes are stored as there are and fit. The call returns how many.
 * - Nothing that is thrown crosses, whatever a web API throws or rejects with: it becomes a failure
 *   of the fetch.
 */
#ifndef FERRY_FETCH_JS_H
#define FERRY_FETCH_JS_H

#include <stddef.h>
#include <stdint.h>

/* How JavaScript says that a fetch has got on: it adds one to `news`. C keeps in `seen` what it has
 * looked at, and needs no call to find that nothing has happened. */
typedef struct ferry_fetch_signal {
    _Atomic int32_t news;
    int32_t seen;
} ferry_fetch_signal;

/* What went wrong; ferry_fetch.js has the same numbers. */
typedef enum ferry_fetch_failure_kind {
    FERRY_FETCH_FAILURE_NONE = 0,
    FERRY_FETCH_FAILURE_NETWORK = 1,      /* a request to the page's own origin, or in Node */
    FERRY_FETCH_FAILURE_CROSS_ORIGIN = 2, /* the network, or CORS */
    FERRY_FETCH_FAILURE_MIXED = 3,        /* an https page asks for http */
    FERRY_FETCH_FAILURE_OFFLINE = 4,
    FERRY_FETCH_FAILURE_BODY = 5,     /* in the middle of the body */
    FERRY_FETCH_FAILURE_REFUSED = 6,  /* the platform does not take such a request */
    FERRY_FETCH_FAILURE_NO_FETCH = 7, /* there is no fetch() at all */
    /* These only where the platform says so: in Node. */
    FERRY_FETCH_FAILURE_RESOLVE = 8,
    FERRY_FETCH_FAILURE_CONNECT = 9,
    FERRY_FETCH_FAILURE_PROTOCOL = 10,
    FERRY_FETCH_FAILURE_CODING = 11,
    FERRY_FETCH_FAILURE_CONNECTION = 12,

    FERRY_FETCH_FAILURE_UPLOAD = 13,   /* the request's body cannot be put together */
    FERRY_FETCH_FAILURE_RESPONSE = 14, /* what fetch() gave is no response */
    FERRY_FETCH_FAILURE_HEAD = 15,     /* the head is longer than it may be */
} ferry_fetch_failure_kind;

/* The longest text of the platform's words. */
enum { FERRY_FETCH_WORDS_SIZE = 400 };

/* Notes a request and gives its number, which is never used again. The text: method, URL, then
 * names and values of RequestInit members up to an empty name, then names and values of headers.
 * `window` is how many body bytes are read ahead, `max_head` how long a head may be, counted as
 * lines of HTTP/1.1. */
int ferry_js_new(ferry_fetch_signal *signal, const char *text, size_t length, size_t window,
                 size_t max_head);

/* Adds a copy of these bytes to the request's body. 0: there is no memory. */
int ferry_js_write(int id, const void *data, size_t length);

/* Sends the request. */
void ferry_js_send(int id);

/* The response's head as a text: status code, reason phrase, body length hint (-1: none; 0 where
 * there is no body), URL ("" where the platform keeps it to itself), then names and values of
 * headers. -1: there is no head yet; -2: there will be none. */
double ferry_js_head(int id, char *dst, size_t capacity);

/* Body bytes: how many were stored, n; or -n - 1 where no more will come. */
double ferry_js_read(int id, void *dst, size_t capacity);

/* A ferry_fetch_failure_kind. */
int ferry_js_failure(int id);

/* The platform's own words for a failure, a text of one string: FERRY_FETCH_WORDS_SIZE is enough.
 */
double ferry_js_words(int id, char *dst, size_t capacity);

/* Cancels the fetch if it is under way, and forgets it. */
void ferry_js_drop(int id);

/* Whether ferry_js_sleep() can sleep: the program is built with Asyncify or JSPI. */
int ferry_js_can_sleep(void);

/* Suspends the program until the signal's news differ from `seen`, or for `timeout_ms` (negative:
 * for as long as it takes). The name makes Asyncify treat the call as one that suspends. */
void __asyncjs__ferry_js_sleep(ferry_fetch_signal *signal, int seen, int timeout_ms);

/* Resumes the program if it is suspended at this signal, without news. */
void ferry_js_resume(ferry_fetch_signal *signal);

#endif
