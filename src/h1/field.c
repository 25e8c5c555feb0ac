/* SPDX-License-Identifier: MIT */
/* field: strict where leniency has let requests and responses be smuggled (white space before
 * the colon, NUL, bare CR), lenient where the RFC says so (bare LF, folded lines). */
#include "field.h"

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

/* The token that a line begins with, whatever follows it. */
static ferry_span field_name(ferry_span line) {
    size_t length = 0;
    while (length < line.length && ferry_is_tchar((unsigned char)line.data[length])) {
        length++;
    }
    return (ferry_span){line.data, length};
}

/* Who has one of these is taken for the user (RFC 9110 section 11, RFC 6265). */
static bool field_is_secret(ferry_span line) {
    static const ferry_span secrets[] = {
        {"authorization", 13},
        {"proxy-authorization", 19},
        {"cookie", 6},
        {"set-cookie", 10},
    };
    ferry_span name = field_name(line);
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++) {
        if (ferry_span_equals(name, secrets[i])) {
            return true;
        }
    }
    return false;
}

static ferry_error field_refuse(ferry_context *context, ferry_span line, const char *what) {
    char excerpt[FERRY_H1_EXCERPT_SIZE];
    ferry_span shown = field_is_secret(line) ? field_name(line) : line;
    return ferry_fail(context, FERRY_ERROR_PROTOCOL, "%s in the line \"%s\"", what,
                      ferry_h1_excerpt(shown, excerpt));
}

ferry_error ferry_h1_refuse_line(ferry_context *context, ferry_span line) {
    if (line.length > 0 && ferry_is_ows(line.data[0])) { /* of whatever field it is */
        return ferry_fail(context, FERRY_ERROR_PROTOCOL, "a NUL or a bare CR in a folded line");
    }
    return field_refuse(context, line, "a NUL or a bare CR");
}

void ferry_h1_field_log(ferry_context *context, ferry_log_kind kind, ferry_span line,
                        bool *is_secret) {
    bool is_fold = line.length > 0 && ferry_is_ows(line.data[0]);
    *is_secret = is_fold ? *is_secret : field_is_secret(line);
    if (*is_secret) {
        ferry_span name = field_name(line);
        ferry_log(context, kind, "%.*s%s ***", (int)name.length, name.data, is_fold ? "" : ":");
    } else {
        ferry_log(context, kind, "%.*s", (int)line.length, line.data);
    }
}

ferry_error ferry_h1_field_refuse(ferry_context *context, ferry_span line) {
    if (ferry_is_ows(line.data[0])) {
        return field_refuse(context, line, "white space before the first field");
    }
    for (size_t i = 0; i < line.length; i++) {
        if (line.data[i] == ':') {
            return field_refuse(context, line, "an invalid field name");
        }
    }
    return field_refuse(context, line, "no colon");
}

bool ferry_h1_field_split(ferry_span line, ferry_span *name, ferry_span *value) {
    size_t length = ferry_h1_field_name_length(line.data);
    if (length == 0 || line.data[length] != ':') {
        return false;
    }
    *name = (ferry_span){line.data, length};
    *value = ferry_span_trim(ferry_span_skip(line, length + 1));
    return true;
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
