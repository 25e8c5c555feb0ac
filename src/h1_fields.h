/* SPDX-License-Identifier: MIT */
/* h1_fields: reads field lines, of a head or of trailers (RFC 9112 section 5). */
#ifndef FERRY_H1_FIELDS_H
#define FERRY_H1_FIELDS_H

#include "headers.h"

/* Takes apart a line from ferry_h1_next_line() that is not folded: a token, a colon, a value, which
 * is trimmed. False where it is none of that. */
static inline bool ferry_h1_field_split(ferry_span line, ferry_span *name, ferry_span *value) {
    size_t length = 0;
    while (ferry_is_tchar((unsigned char)line.data[length])) { /* the line end is none */
        length++;
    }
    if (length == 0 || line.data[length] != ':') {
        return false;
    }
    *name = (ferry_span){line.data, length};
    *value = ferry_span_trim((ferry_span){line.data + length + 1, line.length - length - 1});
    return true;
}

/* Why ferry_h1_field_split() did not hold: PROTOCOL, with a detail. */
ferry_error ferry_h1_field_refuse(ferry_context *context, ferry_span line);

/* Adds the field of a line that is not empty; a folded one goes to the field before (RFC 9112
 * section 5.2). PROTOCOL, TOO_LARGE or OUT_OF_MEMORY, with a detail. */
ferry_error ferry_h1_field_add(ferry_context *context, ferry_headers *headers, ferry_span line);

/* The detail for an error of the functions of headers.h. */
ferry_error ferry_h1_field_explain(ferry_context *context, const ferry_headers *headers,
                                   ferry_error error);

/* Lines are cut at CRLF or a bare LF (RFC 9112 section 2.2). */
typedef enum ferry_h1_line {
    FERRY_H1_LINE_COMPLETE = 0,
    FERRY_H1_LINE_INCOMPLETE,
    FERRY_H1_LINE_BAD, /* a NUL or a bare CR at *scanned */
} ferry_h1_line;

/* The part of ferry_h1_next_line() that is seldom needed; `at` is a byte below 14. */
ferry_h1_line ferry_h1_next_line_slow(ferry_span *text, size_t at, size_t *scanned,
                                      ferry_span *line);

/* The first byte below 14 from `at` on, or the length: CR, LF and NUL are there, and little else.
 */
static inline size_t ferry_h1_find_low_byte(ferry_span text, size_t at) {
    const char *data = text.data;
    size_t length = text.length;
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    /* Eight at a time: (x - 14) & ~x has the top bit of the first byte below 14 set, and of none
     * before it. */
    while (at + sizeof(uint64_t) <= length) {
        uint64_t word;
        memcpy(&word, data + at, sizeof word);
        uint64_t found = (word - 0x0e0e0e0e0e0e0e0e) & ~word & 0x8080808080808080;
        if (found != 0) {
            return at + (size_t)__builtin_ctzll(found) / 8;
        }
        at += sizeof word;
    }
#endif
    while (at < length && (unsigned char)data[at] >= 14) {
        at++;
    }
    return at;
}

/* Cuts the first line off `text`; `line` is without its line end. *scanned says how much of `text`
 * is known to hold no line end, and is brought up to date. */
static inline ferry_h1_line ferry_h1_next_line(ferry_span *text, size_t *scanned,
                                               ferry_span *line) {
    size_t at = ferry_h1_find_low_byte(*text, *scanned);
    if (at + 1 < text->length && text->data[at] == '\r' && text->data[at + 1] == '\n') {
        *line = (ferry_span){text->data, at};
        *scanned = 0;
        text->data += at + 2;
        text->length -= at + 2;
        return FERRY_H1_LINE_COMPLETE;
    }
    return ferry_h1_next_line_slow(text, at, scanned, line);
}

/* PROTOCOL: the line holds a NUL or a bare CR. */
ferry_error ferry_h1_refuse_line(ferry_context *context, ferry_span line);

/* Copies the beginning of bytes from the peer for an error detail. */
enum { FERRY_H1_EXCERPT_SIZE = 48 };
const char *ferry_h1_excerpt(ferry_span text, char excerpt[FERRY_H1_EXCERPT_SIZE]);

#endif
