/* SPDX-License-Identifier: MIT */
/* progress: a progress bar on standard error, or a line now and then where that is no
 * terminal. */
#ifndef FERRY_PROGRESS_H
#define FERRY_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct cli_progress {
    bool is_enabled;
    bool is_terminal;
    bool is_drawn; /* there is an unfinished line on the terminal */
    const char *verb;
    int64_t begin_ms;
    int64_t drawn_ms;
    int64_t drawn_bytes;
    double rate; /* bytes per second, of late */
} cli_progress;

/* A clock that only goes forward. */
int64_t cli_now_ms(void);

/* Like curl: a bar on the terminal, unless the output is there too. */
void cli_progress_choose(cli_progress *progress, bool is_silent, bool is_wanted,
                         bool output_is_terminal);
/* Begins one direction; `verb` says which: "sent", "received". */
void cli_progress_begin(cli_progress *progress, const char *verb, int64_t now_ms);
/* Draws, if it is time. `total`: -1 where it is not known. */
void cli_progress_update(cli_progress *progress, int64_t bytes, int64_t total, int64_t now_ms);
/* Draws the sum of it, and ends the line. */
void cli_progress_finish(cli_progress *progress, int64_t bytes, int64_t total, int64_t now_ms);
/* Makes room for a line of another kind. */
void cli_progress_clear(cli_progress *progress);

#endif
