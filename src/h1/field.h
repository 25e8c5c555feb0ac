/* SPDX-License-Identifier: MIT */
/* field: reads field lines, of a head or of trailers (RFC 9112 section 5). */
#ifndef FERRY_H1_FIELD_H
#define FERRY_H1_FIELD_H

#include "message/headers.h"

/* How long the token is that a line begins with, behind which there is a line end. */
static inline size_t ferry_h1_field_name_length(const char *line) {
    const unsigned char *at = (const unsigned char *)line;
    while (ferry_is_tchar(at[0])) { /* the line end is none, so none is read past it */
        if (!ferry_is_tchar(at[1])) {
            at += 1;
            break;
        }
        if (!ferry_is_tchar(at[2])) {
            at += 2;
            break;
        }
        at += 3;
    }
    return (size_t)((const char *)at - line);
}

/* True where the line is "Name: value", as nearly all are, with a value that needs no trimming; the
 * name is that long. */
static inline bool ferry_h1_field_is_plain(ferry_span line, size_t name_length) {
    const char *colon = line.data + name_length;
    return name_length > 0 && line.length > name_length + 2 && memcmp(colon, ": ", 2) == 0 &&
           (unsigned char)colon[2] > ' ' && (unsigned char)line.data[line.length - 1] > ' ';
}

/* Takes apart a line, behind which there is a line end, and which is not folded: a token, a colon,
 * a value, which is trimmed. False where it is none of that. */
bool ferry_h1_field_split(ferry_span line, ferry_span *name, ferry_span *value);

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
    /* Eight at a time: x - 14 has the top bit set of the first byte below 14, and before it of none
     * but those above 141, which are rare, and `& ~x` leaves out. */
    for (size_t words = (size_t)(end - at) / sizeof(uint64_t); words > 0; words--) {
        static const uint64_t top_bits = 0x8080808080808080;
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t less = word - 0x0e0e0e0e0e0e0e0e;
        if ((less & top_bits) != 0 && (less & ~word & top_bits) != 0) {
            return at + (unsigned)__builtin_ctzll(less & ~word & top_bits) / 8;
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

static inline bool ferry_h1_is_line_end(ferry_h1_line_end stop) {
    return stop.length != FERRY_H1_NO_END && stop.length != FERRY_H1_BAD_BYTE;
}

static inline ferry_h1_line_end ferry_h1_find_line_end(const char *from, const char *end) {
    const char *at = ferry_h1_find_low_byte(from, end);
    if (end - at >= 2 && memcmp(at, "\r\n", 2) == 0) {
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
