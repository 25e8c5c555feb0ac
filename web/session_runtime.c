/* SPDX-License-Identifier: MIT */
/* session_runtime: what sessions are told of a browser, or of Node: it makes the connections and
 * follows redirects. It fails beyond some 1,400 requests at once. */
#include "session/session_runtime.h"

#include "session_js.h"

#include <time.h>

const bool ferry_session_dials = false;
const int ferry_session_max_per_origin = 256;
const int ferry_session_max_connections = 256;

int64_t ferry_session_wall_clock_s(void) {
    return (int64_t)time(NULL);
}

size_t ferry_session_page_url(char *dst, size_t capacity) {
    return (size_t)ferry_js_page_url(dst, capacity);
}
