/* SPDX-License-Identifier: MIT */
/* span: a pointer and a length, compared and cut as HTTP's grammar needs it (RFC 9110 5.6). */
#ifndef FERRY_SPAN_H
#define FERRY_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct ferry_span {
    const char *data;
    size_t length;
} ferry_span;

#define FERRY_SPAN(literal) ((ferry_span){(literal), sizeof(literal) - 1})

/* The short ones are inline: every byte of a head goes through them. */

static inline ferry_span ferry_span_of(const char *text) {
    return (ferry_span){text, strlen(text)};
}

/* Without regard to the case of ASCII letters. */
bool ferry_span_starts_with(ferry_span text, ferry_span prefix);

static inline bool ferry_span_equals(ferry_span a, ferry_span b) {
    return a.length == b.length && ferry_span_starts_with(a, b);
}

static inline bool ferry_is_ows(char c) {
    return c == ' ' || c == '\t';
}

/* Without leading and trailing spaces and tabs (OWS, RFC 9110 section 5.6.3). */
static inline ferry_span ferry_span_trim(ferry_span text) {
    while (text.length > 0 && ferry_is_ows(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && ferry_is_ows(text.data[text.length - 1])) {
        text.length--;
    }
    return text;
}

/* tchar, RFC 9110 section 5.6.2. A token is one or more of them. */
extern const bool ferry_tchar_table[256];

static inline bool ferry_is_tchar(unsigned char c) {
    return ferry_tchar_table[c];
}

bool ferry_span_is_token(ferry_span text);

/* Takes the next element off a comma-separated list (RFC 9110 section 5.6.1), trimmed, empty ones
 * skipped. False at the end. Commas within quoted strings do not separate. */
bool ferry_span_next_element(ferry_span *list, ferry_span *element);

/* One or more digits that make a number up to INT64_MAX. */
bool ferry_span_to_int64(ferry_span text, int64_t *number);

char ferry_ascii_lower(char c);

#endif
