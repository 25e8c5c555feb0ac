/* SPDX-License-Identifier: MIT */
/* bars: the escape sequences of ECMA-48, which terminals know. */
#include "bars.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

enum { NAME_WIDTH = 24, INTERVAL_MS = 100 };

static struct {
    int drawn; /* lines */
    double drawn_ms;
} bars;

bool bars_are_shown(void) {
#if (defined(__unix__) || defined(__APPLE__)) && !defined(__EMSCRIPTEN__)
    return isatty(STDOUT_FILENO) == 1;
#else
    return false;
#endif
}

static double bars_now_ms(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

bool bars_are_due(void) {
    double now_ms = bars_now_ms();
    double passed_ms = now_ms - bars.drawn_ms;
    /* The clock may be set meanwhile. */
    if (bars.drawn_ms != 0 && passed_ms >= 0 && passed_ms < INTERVAL_MS) {
        return false;
    }
    bars.drawn_ms = now_ms;
    return true;
}

void bars_clear(void) {
    if (bars.drawn > 0) {
        printf("\x1b[%dA\x1b[J", bars.drawn); /* up, and everything below */
        bars.drawn = 0;
    }
}

void bars_write(char text[BARS_WIDTH + 3], double share) {
    double known = share > 1 ? 1 : share;
    size_t filled = known > 0 ? (size_t)(known * BARS_WIDTH) : 0;
    memset(text + 1, '.', BARS_WIDTH);
    memset(text + 1, '#', filled);
    text[0] = '[';
    text[BARS_WIDTH + 1] = ']';
    text[BARS_WIDTH + 2] = '\0';
}

void bars_add(const char *name, int64_t bytes, int64_t total) {
    char bar[BARS_WIDTH + 3];
    if (total > 0) {
        double share = (double)bytes / (double)total;
        bars_write(bar, share);
        printf("%-*.*s %s %3d%% %9lld\n", NAME_WIDTH, NAME_WIDTH, name, bar,
               (int)(100 * (share > 1 ? 1 : share)), (long long)bytes);
    } else {
        printf("%-*.*s %lld\n", NAME_WIDTH, NAME_WIDTH, name, (long long)bytes);
    }
    bars.drawn++;
}
