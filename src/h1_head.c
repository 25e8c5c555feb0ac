/* SPDX-License-Identifier: MIT */
/* h1_head: line by line, each byte looked at once. A head that cannot become one is refused at its
 * first wrong byte, so that a peer that speaks another protocol is not waited for. */
#include "h1_head.h"

#include <string.h>

enum { VERSION_LENGTH = 8, CODE_LENGTH = 3 }; /* "HTTP/1.1", "200" */

void ferry_h1_head_init(ferry_h1_head *head) {
    *head = (ferry_h1_head){.has_status_line = false};
}

bool ferry_h1_head_is_empty(const ferry_h1_head *head) {
    return head->bytes == 0 && head->scanned == 0;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static ferry_error refuse_status_line(ferry_context *context, ferry_span line) {
    char excerpt[FERRY_H1_EXCERPT_SIZE];
    return ferry_fail(context, FERRY_ERROR_PROTOCOL,
                      "the answer does not begin with an HTTP/1.x status line: \"%s\"",
                      ferry_h1_excerpt(line, excerpt));
}

/* reason-phrase = 1*( HTAB / SP / VCHAR / obs-text ) */
static bool is_reason(ferry_span reason) {
    for (size_t i = 0; i < reason.length; i++) {
        unsigned char c = (unsigned char)reason.data[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return false;
        }
    }
    return true;
}

/* status-line = HTTP-version SP status-code SP [ reason-phrase ]; the second SP is missed by enough
 * servers that an absent reason may come without it. */
static ferry_error parse_status_line(ferry_h1_head *head, ferry_context *context, ferry_span line) {
    static const size_t least = VERSION_LENGTH + 1 + CODE_LENGTH;
    const char *data = line.data;
    if (line.length < least || memcmp(data, "HTTP/1.", 7) != 0 || !is_digit(data[7]) ||
        data[8] != ' ' || !is_digit(data[9]) || !is_digit(data[10]) || !is_digit(data[11]) ||
        data[9] == '0' || (line.length > least && data[12] != ' ')) {
        return refuse_status_line(context, line);
    }
    if (line.length > least && !is_reason((ferry_span){data + least, line.length - least})) {
        return refuse_status_line(context, line);
    }
    head->minor_version = data[7] - '0';
    head->code = (data[9] - '0') * 100 + (data[10] - '0') * 10 + (data[11] - '0');
    head->has_status_line = true;
    return FERRY_OK;
}

/* The part of a status line that has come cannot be that of another protocol. */
static bool may_become_status_line(ferry_span part) {
    static const char prefix[] = "HTTP/1.";
    size_t length = part.length < sizeof prefix - 1 ? part.length : sizeof prefix - 1;
    return memcmp(part.data, prefix, length) == 0;
}

static ferry_error too_large(ferry_context *context) {
    return ferry_fail(context, FERRY_ERROR_TOO_LARGE,
                      "the response head exceeds %zu bytes (max_head_bytes)",
                      context->max_head_bytes);
}

/* Notes the field of a line; its place is counted from the beginning of the head. */
static ferry_error parse_field(ferry_context *context, ferry_headers *headers, const char *data,
                               ferry_span line) {
    ferry_span name;
    ferry_span value;
    if (ferry_is_ows(line.data[0]) && headers->count > 0) {
        ferry_headers_note_fold(headers, (size_t)(line.data - data) + line.length);
        return FERRY_OK;
    }
    if (!ferry_h1_field_split(line, &name, &value)) {
        return ferry_h1_field_refuse(context, line);
    }
    ferry_header header = {
        .line = (size_t)(name.data - data),
        .name_length = name.length,
        .value = (size_t)(value.data - data),
        .value_length = value.length,
    };
    ferry_error error = ferry_headers_note(headers, context, header);
    return error == FERRY_OK ? FERRY_OK : ferry_h1_field_explain(context, headers, error);
}

static ferry_error end_head(const ferry_h1_head *head, ferry_context *context,
                            ferry_headers *headers, const char *data) {
    ferry_error error = ferry_headers_adopt(headers, context, data, head->bytes);
    return error == FERRY_OK ? FERRY_OK : ferry_h1_field_explain(context, headers, error);
}

/* What is to be said of a line that is not complete. */
static ferry_error check_rest(const ferry_h1_head *head, ferry_context *context, ferry_span rest,
                              ferry_h1_line end) {
    size_t left = context->max_head_bytes - head->bytes;
    if (end == FERRY_H1_LINE_BAD) {
        return head->scanned >= left ? too_large(context) : ferry_h1_refuse_line(context, rest);
    }
    if (rest.length > left) {
        return too_large(context);
    }
    if (!head->has_status_line && rest.length > 0 && !may_become_status_line(rest)) {
        return refuse_status_line(context, rest);
    }
    return FERRY_OK;
}

ferry_error ferry_h1_head_parse(ferry_h1_head *head, ferry_context *context, ferry_headers *headers,
                                const char *data, size_t length, bool *complete) {
    ferry_span rest = {data + head->bytes, length - head->bytes};
    ferry_span line;
    ferry_h1_line end;
    *complete = false;
    while ((end = ferry_h1_next_line(&rest, &head->scanned, &line)) == FERRY_H1_LINE_COMPLETE) {
        head->bytes = length - rest.length;
        if (head->bytes > context->max_head_bytes) {
            return too_large(context);
        }
        if (context->log != NULL && line.length > 0) {
            ferry_log(context, FERRY_LOG_RESPONSE_HEAD, "%.*s", (int)line.length, line.data);
        }
        ferry_error error = FERRY_OK;
        if (!head->has_status_line) {
            error = parse_status_line(head, context, line);
        } else if (line.length > 0) {
            error = parse_field(context, headers, data, line);
        } else {
            *complete = true;
            return end_head(head, context, headers, data);
        }
        if (error != FERRY_OK) {
            return error;
        }
    }
    return check_rest(head, context, rest, end);
}
