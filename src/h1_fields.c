/* SPDX-License-Identifier: MIT */
/* h1_fields: strict where leniency has let requests and responses be smuggled (white space before
 * the colon, NUL, bare CR), lenient where the RFC says so (bare LF, folded lines). */
#include "h1_fields.h"

#include <string.h>

ferry_h1_line_end ferry_h1_find_line_end_slow(const char *at, const char *end) {
    for (; at < end; at = ferry_h1_find_low_byte(at + 1, end)) {
        if (*at == '\n') {
            return (ferry_h1_line_end){at, 1};
        }
        if (*at == '\r' && at + 1 == end) {
            break; /* whether it is a bare one is not known yet */
        }
        if (*at == '\r' && at[1] == '\n') {
            return (ferry_h1_line_end){at, 2};
        }
        if (*at == '\r' || *at == '\0') {
            return (ferry_h1_line_end){at, FERRY_H1_BAD_BYTE};
        }
    }
    return (ferry_h1_line_end){at, FERRY_H1_NO_END};
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
    return ferry_fail(context, FERRY_ERROR_PROTOCOL, "%s in the line \"%s\"", what,
                      ferry_h1_excerpt(line, excerpt));
}

ferry_error ferry_h1_refuse_line(ferry_context *context, ferry_span line) {
    return refuse(context, line, "a NUL or a bare CR");
}

ferry_error ferry_h1_field_refuse(ferry_context *context, ferry_span line) {
    if (ferry_is_ows(line.data[0])) {
        return refuse(context, line, "white space before the first field");
    }
    for (size_t i = 0; i < line.length; i++) {
        if (line.data[i] == ':') {
            return refuse(context, line, "an invalid field name");
        }
    }
    return refuse(context, line, "no colon");
}

ferry_error ferry_h1_field_add(ferry_context *context, ferry_headers *headers, ferry_span line) {
    ferry_span name;
    ferry_span value;
    ferry_error error;
    if (ferry_is_ows(line.data[0]) && headers->count > 0) {
        error = ferry_headers_fold(headers, context, ferry_span_trim(line));
    } else if (ferry_h1_field_split(line, &name, &value)) {
        error = ferry_headers_add(headers, context, name, value);
    } else {
        return ferry_h1_field_refuse(context, line);
    }
    return error == FERRY_OK ? FERRY_OK : ferry_headers_explain(headers, context, error);
}
