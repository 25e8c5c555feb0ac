/* SPDX-License-Identifier: MIT */
/* session_runtime: what sessions are told of a machine that has sockets. */
#include "session/session_runtime.h"

#include <time.h>

const bool ferry_session_dials = true;
const int ferry_session_max_per_origin = 6;
const int ferry_session_max_connections = 64;

size_t ferry_session_page_url(char *dst, size_t capacity) {
    if (capacity > 0) {
        *dst = '\0';
    }
    return 1;
}

int64_t ferry_session_wall_clock_s(void) {
    return (int64_t)time(NULL);
}
