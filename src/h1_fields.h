/* SPDX-License-Identifier: MIT */
/* h1_fields: reads field lines, of a head or of trailers (RFC 9112 section 5). */
#ifndef FERRY_H1_FIELDS_H
#define FERRY_H1_FIELDS_H

#include "headers.h"

/* Takes one line without its line end, which is not empty, and adds its field; a folded line goes
 * to the field before (RFC 9112 section 5.2). PROTOCOL, TOO_LARGE or OUT_OF_MEMORY, with a detail.
 */
ferry_error ferry_h1_field_parse(ferry_context *context, ferry_headers *headers, ferry_span line);

/* Cuts the first line off `text`; `line` is without its CRLF or bare LF (RFC 9112 section 2.2).
 * Looks for the LF from `scanned` on. False where there is none. */
bool ferry_h1_next_line(ferry_span *text, size_t scanned, ferry_span *line);

/* Copies the beginning of bytes from the peer for an error detail. */
enum { FERRY_H1_EXCERPT_SIZE = 48 };
const char *ferry_h1_excerpt(ferry_span text, char excerpt[FERRY_H1_EXCERPT_SIZE]);

#endif
