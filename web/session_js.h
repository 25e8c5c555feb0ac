/* SPDX-License-Identifier: MIT */
/* session_js: what the C side of sessions calls in ferry_session.js. What holds for all that
 * crosses stands at the head of fetch_js.h. */
#ifndef FERRY_SESSION_JS_H
#define FERRY_SESSION_JS_H

#include "fetch_js.h"

/* From now on the signal's news are counted up whenever any fetch has got on. */
void ferry_js_watch(ferry_fetch_signal *signal);
void ferry_js_unwatch(ferry_fetch_signal *signal);

/* Counts up the news of this signal, and wakes whoever sleeps on it. */
void ferry_js_wake(ferry_fetch_signal *signal);

/* The URL that those of the page are relative to, as a text of one string; "" where there is no
 * page. */
double ferry_js_page_url(char *dst, size_t capacity);

#endif
