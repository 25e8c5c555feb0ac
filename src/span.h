/* SPDX-License-Identifier: MIT */
/* span: a pointer and a length, compared and cut as HTTP's grammar needs it (RFC 9110 5.6). */
#ifndef FERRY_SPAN_H
#define FERRY_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ferry_span {
    const char *data;
    size_t length;
} ferry_span;

#define FERRY_SPAN(literal) ((ferry_span){(literal), sizeof(literal) - 1})

ferry_span ferry_span_of(const char *text);

/* Without regard to the case of ASCII letters. */
bool ferry_span_equals(ferry_span a, ferry_span b);
bool ferry_span_starts_with(ferry_span text, ferry_span prefix);

/* Without leading and trailing spaces and tabs (OWS, RFC 9110 section 5.6.3). */
ferry_span ferry_span_trim(ferry_span text);

/* tchar, RFC 9110 section 5.6.2. A token is one or more of them. */
bool ferry_is_tchar(unsigned char c);
bool ferry_span_is_token(ferry_span text);

/* Takes the next element off a comma-separated list (RFC 9110 section 5.6.1), trimmed, empty ones
 * skipped. False at the end. Commas within quoted strings do not separate. */
bool ferry_span_next_element(ferry_span *list, ferry_span *element);

/* One or more digits that make a number up to INT64_MAX. */
bool ferry_span_to_int64(ferry_span text, int64_t *number);

char ferry_ascii_lower(char c);

#endif
