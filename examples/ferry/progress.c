/* SPDX-License-Identifier: MIT */
/* progress: shows only what is known: without a total there is neither a bar nor a remaining
 * time. */
#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    TERMINAL_INTERVAL_MS = 100,
    LINE_INTERVAL_MS = 500,
    BAR_WIDTH = 24,
    TEXT_SIZE = 24,
};

static void format_bytes(double bytes, char text[TEXT_SIZE]) {
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    size_t unit = 0;
    while (bytes >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
        bytes /= 1000;
        unit++;
    }
    snprintf(text, TEXT_SIZE, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
}

static void format_seconds(double seconds, char text[TEXT_SIZE]) {
    if (seconds >= 360000) {
        snprintf(text, TEXT_SIZE, "over 99 h");
    } else if (seconds >= 3600) {
        int minutes = (int)(seconds / 60);
        snprintf(text, TEXT_SIZE, "%d h %02d min", minutes / 60, minutes % 60);
    } else if (seconds >= 60) {
        snprintf(text, TEXT_SIZE, "%d:%02d min", (int)seconds / 60, (int)seconds % 60);
    } else if (seconds < 0.1) {
        snprintf(text, TEXT_SIZE, "%.0f ms", seconds * 1000);
    } else {
        snprintf(text, TEXT_SIZE, "%.1f s", seconds);
    }
}

/* "received  42% [##########..............]", or without a total the verb alone. */
static int format_bar(const cli_progress *progress, int64_t bytes, int64_t total, char *text,
                      size_t size) {
    if (total <= 0 || bytes > total) {
        return snprintf(text, size, "%-8s", progress->verb);
    }
    double share = (double)bytes / (double)total;
    char bar[BAR_WIDTH + 1];
    size_t filled = (size_t)(share * BAR_WIDTH);
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', filled);
    bar[BAR_WIDTH] = '\0';
    return snprintf(text, size, "%-8s %3d%% [%s]", progress->verb, (int)(share * 100), bar);
}

/* A negative rate is left out. */
static void format_line(const cli_progress *progress, int64_t bytes, int64_t total, double rate,
                        const char *time, char *line, size_t size) {
    char amount[TEXT_SIZE];
    char number[TEXT_SIZE];
    char speed[TEXT_SIZE + 2] = "";
    format_bytes((double)bytes, amount);
    format_bytes(rate, number);
    if (rate >= 0) {
        snprintf(speed, sizeof speed, "%s/s", number);
    }
    int length = format_bar(progress, bytes, total, line, size);
    snprintf(line + length, size - (size_t)length, " %8s %11s  %s", amount, speed, time);
}

static void progress_draw(cli_progress *progress, const char *line) {
    if (progress->is_terminal) {
        /* One call: the line is never half drawn. */
        fprintf(stderr, "\r%-*.*s", CLI_PROGRESS_WIDTH, CLI_PROGRESS_WIDTH, line);
        progress->is_drawn = true;
    } else {
        fprintf(stderr, "%s\n", line);
    }
}

int64_t cli_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void cli_progress_choose(cli_progress *progress, bool is_silent, bool is_wanted, bool is_unwanted,
                         bool output_is_terminal) {
    progress->is_terminal = isatty(STDERR_FILENO) == 1;
    bool has_room = progress->is_terminal && !output_is_terminal;
    progress->is_enabled = !is_silent && !is_unwanted && (is_wanted || has_room);
    progress->total = -1;
}

void cli_progress_begin(cli_progress *progress, const char *verb, int64_t now_ms) {
    progress->verb = verb;
    progress->begin_ms = now_ms;
    progress->drawn_ms = now_ms;
    progress->drawn_bytes = 0;
    progress->bytes = 0;
    progress->total = -1;
    progress->rate = 0;
}

void cli_progress_write(const cli_progress *progress, int64_t now_ms, char *line, size_t size) {
    int64_t bytes = progress->bytes;
    int64_t total = progress->total;
    char seconds[TEXT_SIZE];
    char time[2 * TEXT_SIZE];
    if (total < 0) {
        format_seconds((double)(now_ms - progress->begin_ms) / 1000, seconds);
        snprintf(time, sizeof time, "%s, length unknown", seconds);
    } else if (bytes >= total) {
        snprintf(time, sizeof time, "waiting");
    } else if (progress->rate < 1) {
        snprintf(time, sizeof time, "stalled");
    } else {
        format_seconds((double)(total - bytes) / progress->rate, seconds);
        snprintf(time, sizeof time, "%s left", seconds);
    }
    format_line(progress, bytes, total, progress->rate, time, line, size);
}

void cli_progress_update(cli_progress *progress, int64_t bytes, int64_t total, int64_t now_ms) {
    int64_t passed_ms = now_ms - progress->drawn_ms;
    int interval_ms = progress->is_terminal ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS;
    progress->bytes = bytes;
    progress->total = total;
    if (!progress->is_enabled || passed_ms < interval_ms) {
        return;
    }
    /* A running average over a few seconds: steady enough to read, and soon aware of a change. */
    double rate = (double)(bytes - progress->drawn_bytes) * 1000 / (double)passed_ms;
    double weight = (double)passed_ms / (double)(passed_ms + 2000);
    bool is_first = progress->drawn_ms == progress->begin_ms;
    progress->rate = is_first ? rate : progress->rate + weight * (rate - progress->rate);
    progress->drawn_ms = now_ms;
    progress->drawn_bytes = bytes;
    if (!progress->is_silent) {
        char line[256];
        cli_progress_write(progress, now_ms, line, sizeof line);
        progress_draw(progress, line);
    }
}

void cli_progress_finish(cli_progress *progress, int64_t bytes, int64_t total, int64_t now_ms) {
    progress->bytes = bytes;
    progress->total = total;
    if (!progress->is_enabled || progress->is_silent) {
        return;
    }
    int64_t passed_ms = now_ms - progress->begin_ms;
    double passed = (double)passed_ms / 1000;
    char seconds[TEXT_SIZE];
    char time[2 * TEXT_SIZE];
    char line[256];
    format_seconds(passed, seconds);
    snprintf(time, sizeof time, "in %s", seconds);
    /* The clock counts whole milliseconds: over a few of them a rate would mean nothing. */
    format_line(progress, bytes, total, passed_ms < 10 ? -1 : (double)bytes / passed, time, line,
                sizeof line);
    progress_draw(progress, line);
    if (progress->is_drawn) {
        fputc('\n', stderr);
        progress->is_drawn = false;
    }
}

void cli_progress_clear(cli_progress *progress) {
    if (progress->is_drawn) {
        fprintf(stderr, "\r%*s\r", CLI_PROGRESS_WIDTH, "");
        progress->is_drawn = false;
    }
}
