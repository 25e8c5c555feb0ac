/* SPDX-License-Identifier: MIT */
/* bars: for -Z on a terminal, a bar for each transfer that runs and one for all. */
#ifndef FERRY_CLI_BARS_H
#define FERRY_CLI_BARS_H

#include "transfer.h"

/* What all transfers together have come to. */
typedef struct cli_sum {
    size_t count; /* of all URLs */
    size_t done;
    int64_t bytes; /* of those that are done */
} cli_sum;

/* Draws them anew, if it is time. */
void cli_bars_draw(cli_transfer *const *transfers, size_t count, const cli_sum *sum);
/* Leaves the transfer's bar above those that run on. */
void cli_bars_finish(const cli_transfer *transfer);
/* Makes room for a line of another kind. */
void cli_bars_clear(void);

#endif
