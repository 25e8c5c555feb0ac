/* SPDX-License-Identifier: MIT */
/* percent: bytes as "%XX" (RFC 3986 section 2.1). Each grammar says which bytes are written so. */
#ifndef FERRY_BASE_PERCENT_H
#define FERRY_BASE_PERCENT_H

#include "span.h"

/* Writes the three characters. Returns the end. */
enum { FERRY_PERCENT_SIZE = 3 };
char *ferry_percent_write(char byte, char dst[FERRY_PERCENT_SIZE]);

/* The byte that the first three characters of the text stand for; -1 where they do not. */
int ferry_percent_read(ferry_span text);

/* Writes a request target as browsers send it: bytes outside ASCII, which may not stand in one, are
 * percent-encoded. `dst` has room for 3 bytes for each. Returns the end. */
char *ferry_percent_write_target(ferry_span target, char *dst);

#endif
