/* SPDX-License-Identifier: MIT */
/* h1_fields: strict where leniency has let requests and responses be smuggled (white space before
 * the colon, NUL, bare CR), lenient where the RFC says so (bare LF, folded lines). */
#include "h1_fields.h"

#include <string.h>

bool ferry_h1_next_line(ferry_span *text, size_t scanned, ferry_span *line) {
    if (scanned >= text->length) {
        return false;
    }
    const char *lf = memchr(text->data + scanned, '\n', text->length - scanned);
    if (lf == NULL) {
        return false;
    }
    size_t length = (size_t)(lf - text->data);
    *line = (ferry_span){text->data, length};
    if (length > 0 && lf[-1] == '\r') {
        line->length--;
    }
    text->data += length + 1;
    text->length -= length + 1;
    return true;
}

const char *ferry_h1_excerpt(ferry_span text, char excerpt[FERRY_H1_EXCERPT_SIZE]) {
    size_t length = text.length;
    bool cut = length > FERRY_H1_EXCERPT_SIZE - 4;
    if (cut) {
        length = FERRY_H1_EXCERPT_SIZE - 4;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        excerpt[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
    }
    strcpy(excerpt + length, cut ? "..." : "");
    return excerpt;
}

static ferry_error refuse(ferry_context *context, ferry_span line, const char *what) {
    char excerpt[FERRY_H1_EXCERPT_SIZE];
    return ferry_fail(context, FERRY_ERROR_PROTOCOL, "%s in the header line \"%s\"", what,
                      ferry_h1_excerpt(line, excerpt));
}

/* Eight bytes at a time: a byte is 0 in (x ^ c) where it is c in x, and the well-known test finds a
 * 0 in a word. */
static bool has_nul_or_cr(ferry_span line) {
    static const uint64_t ones = 0x0101010101010101;
    static const uint64_t tops = 0x8080808080808080;
    size_t at = 0;
    for (; at + sizeof(uint64_t) <= line.length; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, line.data + at, sizeof word);
        uint64_t cr = word ^ (ones * '\r');
        if ((((word - ones) & ~word) | ((cr - ones) & ~cr)) & tops) {
            return true;
        }
    }
    for (; at < line.length; at++) {
        if (line.data[at] == '\0' || line.data[at] == '\r') {
            return true;
        }
    }
    return false;
}

static ferry_error explain(ferry_context *context, const ferry_headers *headers,
                           ferry_error error) {
    if (error == FERRY_ERROR_OUT_OF_MEMORY) {
        return ferry_fail_memory(context);
    }
    if (error == FERRY_ERROR_TOO_LARGE && headers->count >= headers->max_count) {
        return ferry_fail(context, error,
                          "the response has more than %zu header fields "
                          "(max_header_count)",
                          headers->max_count);
    }
    if (error == FERRY_ERROR_TOO_LARGE) {
        return ferry_fail(context, error, "the response head exceeds %zu bytes (max_head_bytes)",
                          context->max_head_bytes);
    }
    return error;
}

ferry_error ferry_h1_field_parse(ferry_context *context, ferry_headers *headers, ferry_span line) {
    const char *data = line.data;
    if (has_nul_or_cr(line)) {
        return refuse(context, line, "a NUL or a bare CR");
    }
    if (data[0] == ' ' || data[0] == '\t') {
        if (headers->count == 0) {
            return refuse(context, line, "white space before the first field");
        }
        return explain(context, headers,
                       ferry_headers_fold(headers, context, ferry_span_trim(line)));
    }
    size_t name_length = 0;
    while (name_length < line.length && ferry_is_tchar((unsigned char)data[name_length])) {
        name_length++;
    }
    if (name_length == line.length) {
        return refuse(context, line, "no colon");
    }
    if (data[name_length] != ':' || name_length == 0) {
        return refuse(context, line, "an invalid field name");
    }
    ferry_span name = {data, name_length};
    ferry_span value = {data + name_length + 1, line.length - name_length - 1};
    ferry_error error = ferry_headers_add(headers, context, name, ferry_span_trim(value));
    return error == FERRY_OK ? FERRY_OK : explain(context, headers, error);
}
