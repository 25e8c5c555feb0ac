/* SPDX-License-Identifier: MIT */
/* bars: lines that stay, and below them bars that are drawn anew. Where the output is no terminal,
 * there are the lines alone. */
#ifndef BARS_H
#define BARS_H

#include <stdbool.h>
#include <stdint.h>

/* Whether standard output is a terminal, on which bars can be drawn. */
bool bars_are_shown(void);

/* True at most ten times a second: bars are worth drawing again. */
bool bars_are_due(void);

/* Takes the bars that are drawn away, so that lines can follow those above. */
void bars_clear(void);

/* Adds a bar below the others; a negative total is not known. */
void bars_add(const char *name, int64_t bytes, int64_t total);

/* The text of a bar, "[###.......]", as it stands in lines, too: `share` of 1. */
enum { BARS_WIDTH = 30 };
void bars_write(char text[BARS_WIDTH + 3], double share);

#endif
