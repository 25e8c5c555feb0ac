/* SPDX-License-Identifier: MIT */
/* progress: a progress bar on standard error, or a line now and then where that is no terminal. */
#ifndef FERRY_CLI_PROGRESS_H
#define FERRY_CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cli_progress {
    bool is_enabled;
    bool is_terminal;
    bool is_drawn;  /* there is an unfinished line on the terminal */
    bool is_silent; /* bars.c draws it */
    const char *verb;
    int64_t begin_ms;
    int64_t drawn_ms;
    int64_t drawn_bytes;
    int64_t bytes; /* as of the last update */
    int64_t total;
    double rate; /* bytes per second, of late */
} cli_progress;

enum { CLI_PROGRESS_WIDTH = 79 };

/* A clock that only goes forward. */
int64_t cli_now_ms(void);

/* Like curl: a bar on the terminal, unless the output is there too. */
void cli_progress_choose(cli_progress *progress, bool is_silent, bool is_wanted, bool is_unwanted,
                         bool output_is_terminal);
/* Begins one direction; `verb` says which: "sent", "received". */
void cli_progress_begin(cli_progress *progress, const char *verb, int64_t now_ms);
/* Draws, if it is time. `total`: -1 where it is not known. */
void cli_progress_update(cli_progress *progress, int64_t bytes, int64_t total, int64_t now_ms);
/* Draws the sum of it, and ends the line. */
void cli_progress_finish(cli_progress *progress, int64_t bytes, int64_t total, int64_t now_ms);
/* Makes room for a line of another kind. */
void cli_progress_clear(cli_progress *progress);

/* Writes the line, such as "received  42% [##########..............]   1.5 MB  3.0 MB/s  2.1 s
 * left". */
void cli_progress_write(const cli_progress *progress, int64_t now_ms, char *line, size_t size);

#endif
