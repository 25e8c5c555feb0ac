/* SPDX-License-Identifier: MIT */
/* session_js: what the C side of sessions calls in ferry_session.js. What holds for all that
 * crosses stands at the head of fetch_js.h. */
#ifndef FERRY_SESSION_JS_H
#define FERRY_SESSION_JS_H

#include "fetch_js.h"

/* What JavaScript tells a session: the news of all fetches together, and how often the page was
 * hidden or shown again. It is hidden where `turns` is odd. */
typedef struct ferry_session_signal {
    ferry_fetch_signal fetches;
    _Atomic int32_t turns;
} ferry_session_signal;

/* From now on the signal's news are counted up whenever any fetch has got on. Returns what
 * ferry_js_hidden_ms() does. */
double ferry_js_watch(ferry_session_signal *signal);
void ferry_js_unwatch(ferry_session_signal *signal);

/* For how long the page was hidden, up to now, since the first session; 0 where there is no
 * document, such as in a Web Worker. */
double ferry_js_hidden_ms(void);

/* While the page is hidden, the fetch with this signal is read on up to `most` bytes of its body,
 * unless those of this session wait with more than `most_of_all` bytes in JavaScript. */
void ferry_js_read_ahead(ferry_fetch_signal *fetch, ferry_session_signal *session, double most,
                         double most_of_all);

/* Counts up the news of this signal, and wakes whoever sleeps on it. */
void ferry_js_wake(ferry_fetch_signal *signal);

/* The URL that those of the page are relative to, as a text of one string; "" where there is no
 * page. */
double ferry_js_page_url(char *dst, size_t capacity);

/* Opens a file of JavaScript's FS, and gives a number above 0 for it; or why not. */
enum {
    FERRY_JS_FILE_REFUSED = 0,
    FERRY_JS_FILE_MISSING = -1,
    FERRY_JS_FILE_FOLDER = -2,
    FERRY_JS_FILE_OTHER = -3,
    FERRY_JS_FILE_NO_SYSTEM = -4,
};
int ferry_js_file_open(const char *path, size_t length);

/* How many bytes it has now. */
double ferry_js_file_size(int id);

/* Reads at most `capacity` bytes from there on, and gives how many it has read; -1: it cannot. */
int ferry_js_file_read(int id, char *dst, int capacity, double from);
void ferry_js_file_close(int id);

#endif
