/* SPDX-License-Identifier: MIT */
/* span: a pointer and a length, compared and cut as HTTP's grammar needs it (RFC 9110 5.6). */
#ifndef FERRY_BASE_SPAN_H
#define FERRY_BASE_SPAN_H

#include <assert.h>
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

static inline size_t ferry_size_least(size_t a, size_t b) {
    return a < b ? a : b;
}

static inline ferry_span ferry_span_of(const char *text) {
    return (ferry_span){text, strlen(text)};
}

/* Without regard to the case of ASCII letters. */
bool ferry_span_starts_with(ferry_span text, ferry_span prefix);

static inline bool ferry_span_equals(ferry_span a, ferry_span b) {
    return a.length == b.length && ferry_span_starts_with(a, b);
}

/* The same for a token and a literal of 8 bytes at least, in lower case, of letters and '-' only:
 * in a token, no other byte than a letter's other case becomes the same with the bit of lower case
 * set. */
#define FERRY_TOKEN_IS(token, literal)                                                             \
    ((token).length == sizeof(literal) - 1 && ferry_token_is((token), (literal)))
static inline bool ferry_token_is(ferry_span token, const char *literal) {
    static const uint64_t lower = 0x2020202020202020;
    uint64_t differs = 0;
    uint64_t a;
    uint64_t b;
    size_t length = token.length;
    assert(length >= sizeof a);
    for (size_t at = 0; at + sizeof a <= length; at += sizeof a) {
        memcpy(&a, token.data + at, sizeof a);
        memcpy(&b, literal + at, sizeof b);
        differs |= (a | lower) ^ b;
    }
    memcpy(&a, token.data + length - sizeof a, sizeof a);
    memcpy(&b, literal + length - sizeof b, sizeof b);
    return (differs | ((a | lower) ^ b)) == 0;
}

/* What is behind the first `length` bytes. */
static inline ferry_span ferry_span_skip(ferry_span text, size_t length) {
    assert(length <= text.length);
    return (ferry_span){text.data + length, text.length - length};
}

/* How many bytes there are before the first one that is in `set`; all of them where none is. */
size_t ferry_span_find_any(ferry_span text, const char *set);

/* Takes the prefix off, in any case; false where it is not there. */
bool ferry_span_take_prefix(ferry_span *text, ferry_span prefix);

static inline bool ferry_is_ows(char c) {
    return c == ' ' || c == '\t';
}

/* Without leading and trailing spaces and tabs (OWS, RFC 9110 section 5.6.3). */
static inline ferry_span ferry_span_trim(ferry_span text) {
    const char *end = text.data + text.length;
    while (text.data < end && ferry_is_ows(*text.data)) {
        text.data++;
    }
    while (end > text.data && ferry_is_ows(end[-1])) {
        end--;
    }
    text.length = (size_t)(end - text.data);
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

char ferry_ascii_lower(char c);

#endif
