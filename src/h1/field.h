/* SPDX-License-Identifier: MIT */
/* field: reads field lines, of a head or of trailers (RFC 9112 section 5). */
#ifndef FERRY_H1_FIELD_H
#define FERRY_H1_FIELD_H

#include "message/headers.h"

/* A value without white space around it. It has one space in front, nearly always. */
static inline ferry_span ferry_h1_field_trim(const char *value, const char *end) {
    if (end - value >= 2 && value[0] == ' ' && (unsigned char)value[1] > ' ' &&
        (unsigned char)end[-1] > ' ') {
        return (ferry_span){value + 1, (size_t)(end - value) - 1};
    }
    return ferry_span_trim((ferry_span){value, (size_t)(end - value)});
}

/* Takes apart a line, behind which there is a line end, and which is not folded: a token, a colon,
 * a value, which is trimmed. False where it is none of that. */
static inline bool ferry_h1_field_split(ferry_span line, ferry_span *name, ferry_span *value) {
    const unsigned char *end = (const unsigned char *)line.data;
    while (ferry_is_tchar(end[0])) { /* the line end is none, so none is read past it */
        if (!ferry_is_tchar(end[1])) {
            end += 1;
            break;
        }
        if (!ferry_is_tchar(end[2])) {
            end += 2;
            break;
        }
        end += 3;
    }
    size_t length = (size_t)((const char *)end - line.data);
    if (length == 0 || line.data[length] != ':') {
        return false;
    }
    *name = (ferry_span){line.data, length};
    *value = ferry_h1_field_trim(line.data + length + 1, line.data + line.length);
    return true;
}

/* Why ferry_h1_field_split() did not hold: PROTOCOL, with a detail. */
ferry_error ferry_h1_field_refuse(ferry_context *context, ferry_span line);

/* Adds the field of a line that is not empty; a folded one goes to the field before (RFC 9112
 * section 5.2). PROTOCOL, TOO_LARGE or OUT_OF_MEMORY, with a detail. */
ferry_error ferry_h1_field_add(ferry_context *context, ferry_headers *headers, ferry_span line);

/* Logs a line of a head. The value of a field that is a secret is left out, and so are the lines
 * that it is folded into: *is_secret, false at first, says that the one before was. */
void ferry_h1_field_log(ferry_context *context, ferry_log_kind kind, ferry_span line,
                        bool *is_secret);

/* Where a line ends: at CRLF, or at a bare LF, which RFC 9112 section 2.2 lets a recipient take for
 * the end of a start-line or a field. In a head all lines may end so, the empty one too: what comes
 * behind it is counted by what they say. In a chunked body none may (section 7.1 has CRLF behind a
 * chunk's size, behind its data, and in the trailers): its lines say where the message ends, and
 * who is lenient there sees another end than others on the way may see. A bare CR ends nothing
 * anywhere, and is refused. */
typedef struct ferry_h1_line_end {
    const char *at; /* the first byte of the line end; or how far there is none; or the bad byte */
    size_t length;  /* 1 or 2; FERRY_H1_NO_END or FERRY_H1_BAD_BYTE */
} ferry_h1_line_end;

enum {
    FERRY_H1_NO_END = 0,
    FERRY_H1_BAD_BYTE = 3, /* a NUL or a bare CR */
};

/* The first byte below 14: CR, LF and NUL are there, and little else. `end` where there is none. */
static inline const char *ferry_h1_find_low_byte(const char *at, const char *end) {
#if defined(__GNUC__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    /* Eight at a time: (x - 14) & ~x has the top bit of the first byte below 14 set, and of none
     * before it. */
    const char *last = (size_t)(end - at) >= sizeof(uint64_t) ? end - sizeof(uint64_t) : NULL;
    while (last != NULL && at <= last) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t found = (word - 0x0e0e0e0e0e0e0e0e) & ~word & 0x8080808080808080;
        if (found != 0) {
            return at + __builtin_ctzll(found) / 8;
        }
        at += sizeof word;
    }
#endif
    while (at < end && (unsigned char)*at >= 14) {
        at++;
    }
    return at;
}

/* The part of ferry_h1_find_line_end() that is seldom needed; `at` is a byte below 14, or the end.
 */
ferry_h1_line_end ferry_h1_find_line_end_slow(const char *at, const char *end);

static inline ferry_h1_line_end ferry_h1_find_line_end(const char *from, const char *end) {
    const char *at = ferry_h1_find_low_byte(from, end);
    if (end - at >= 2 && at[0] == '\r' && at[1] == '\n') {
        return (ferry_h1_line_end){at, 2};
    }
    return ferry_h1_find_line_end_slow(at, end);
}

/* PROTOCOL: the line holds a NUL or a bare CR. */
ferry_error ferry_h1_refuse_line(ferry_context *context, ferry_span line);

/* Copies the beginning of bytes from the peer for an error detail. */
enum { FERRY_H1_EXCERPT_SIZE = 48 };
const char *ferry_h1_excerpt(ferry_span text, char excerpt[FERRY_H1_EXCERPT_SIZE]);

#endif
