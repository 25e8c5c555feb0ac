/* SPDX-License-Identifier: MIT */
/* bars: the terminal's last lines, which are drawn over each time. There is one terminal. */
#include "bars.h"

#include <stdio.h>
#include <string.h>

enum {
    INTERVAL_MS = 100,
    MOST_BARS = 16,
    NAME_WIDTH = 14,
    BAR_WIDTH = CLI_PROGRESS_WIDTH - NAME_WIDTH - 1,
};

static size_t drawn_lines;
static int64_t drawn_at_ms;

void cli_bars_clear(void) {
    if (drawn_lines > 0) {
        fprintf(stderr, "\r\x1b[%zuA\x1b[J", drawn_lines);
        drawn_lines = 0;
    }
}

/* The end of the name of its file, or of its URL. */
static void bars_write_name(const cli_transfer *transfer, char name[NAME_WIDTH + 1]) {
    const char *text = transfer->file != NULL ? transfer->file : transfer->url;
    size_t length = strlen(text);
    snprintf(name, NAME_WIDTH + 1, "%s", length > NAME_WIDTH ? text + length - NAME_WIDTH : text);
    ferry_text_make_printable(name);
}

static void bars_print(const cli_transfer *transfer) {
    char name[NAME_WIDTH + 1];
    char line[256];
    bars_write_name(transfer, name);
    cli_progress_write(&transfer->progress, cli_now_ms(), line, sizeof line);
    fprintf(stderr, "%-*s %.*s\n", NAME_WIDTH, name, BAR_WIDTH, line);
}

static bool bars_show(const cli_transfer *transfer) {
    return transfer->progress.is_enabled && transfer->progress.is_silent &&
           transfer->progress.verb != NULL;
}

void cli_bars_draw(cli_transfer *const *transfers, size_t count, const cli_sum *sum) {
    int64_t now_ms = cli_now_ms();
    int64_t bytes = sum->bytes;
    size_t lines = 0;
    if (now_ms - drawn_at_ms < INTERVAL_MS) {
        return;
    }
    cli_bars_clear();
    drawn_at_ms = now_ms;
    for (size_t i = 0; i < count; i++) {
        if (bars_show(transfers[i])) {
            bytes += transfers[i]->progress.bytes;
            if (lines < MOST_BARS) {
                bars_print(transfers[i]);
                lines++;
            }
        }
    }
    if (lines > 0) {
        fprintf(stderr, "%-*s %zu of %zu done, %.1f MB\n", NAME_WIDTH, "all", sum->done, sum->count,
                (double)bytes / 1e6);
        drawn_lines = lines + 1;
    }
}

void cli_bars_finish(const cli_transfer *transfer) {
    if (bars_show(transfer)) {
        cli_bars_clear();
        bars_print(transfer);
    }
}
