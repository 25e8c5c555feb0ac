/* SPDX-License-Identifier: MIT */
/* fetch_js: what the C side of the fetch backend calls in ferry_fetch.js. C pulls: nothing here
 * calls back, and only ints, doubles and pointers cross. In builds with pthreads each call is
 * carried out on the main thread, where the fetches are. */
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
} ferry_fetch_failure_kind;

/* Notes a request and gives its number, which is never used again. `text` holds strings that each
 * end with NUL: method, URL, then names and values of RequestInit members up to an empty name, then
 * names and values of headers. `window` is how many body bytes are read ahead. */
int ferry_js_new(ferry_fetch_signal *signal, const char *text, size_t length, size_t window);

/* Adds a copy of these bytes to the request's body. 0: there is no memory. */
int ferry_js_write(int id, const void *data, size_t length);

/* Sends the request. */
void ferry_js_send(int id);

/* The response's head as strings that each end with NUL: status code, body length hint (-1: none;
 * 0 where there is no body), URL, then names and values of headers. Returns how long that is, and
 * stores it if `capacity` is enough; -1: there is no head yet; -2: there will be none. */
double ferry_js_head(int id, char *dst, size_t capacity);

/* Body bytes: how many were stored, n; or -n - 1 where no more will come. */
double ferry_js_read(int id, void *dst, size_t capacity);

/* A ferry_fetch_failure_kind, and the platform's own words, cut to `capacity` and ended by NUL. */
int ferry_js_failure(int id, char *dst, size_t capacity);

/* Cancels the fetch if it is under way, and forgets it. */
void ferry_js_drop(int id);

/* Whether ferry_js_sleep() can sleep: the program is built with Asyncify or JSPI. */
int ferry_js_can_sleep(void);

/* Suspends the program until the signal's news differ from `seen`, or for `timeout_ms` (negative:
 * for as long as it takes). The name makes Asyncify treat the call as one that suspends. */
void __asyncjs__ferry_js_sleep(ferry_fetch_signal *signal, int seen, int timeout_ms);

#endif
