/* SPDX-License-Identifier: MIT */
/* head: parses a head line by line and looks at each byte once. It refuses what cannot become a
 * head at its first wrong byte: nobody waits for a peer that speaks another protocol. */
#include "head.h"

#include "base/number.h"

#include <assert.h>
#include <string.h>

enum { VERSION_LENGTH = 8, CODE_LENGTH = 3 }; /* "HTTP/1.1", "200" */

void ferry_h1_head_init(ferry_h1_head *head) {
    *head = (ferry_h1_head){.has_status_line = false};
}

bool ferry_h1_head_is_empty(const ferry_h1_head *head) {
    return head->bytes == 0 && head->scanned == 0;
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
        if (c < 0x20 ? c != '\t' : c == 0x7f) {
            return false;
        }
    }
    return true;
}

/* status-line = HTTP-version SP status-code SP [ reason-phrase ]; the second SP is missed by enough
 * servers that an absent reason may come without it. */
static ferry_error parse_status_line(ferry_h1_head *head, ferry_context *context,
                                     ferry_headers *headers, ferry_span line) {
    static const size_t least = VERSION_LENGTH + 1 + CODE_LENGTH;
    const char *data = line.data;
    if (context->log != NULL) {
        ferry_h1_field_log(context, FERRY_LOG_RESPONSE_HEAD, line, &head->is_secret);
    }
    if (line.length < least || memcmp(data, "HTTP/1.", 7) != 0 || !ferry_is_digit(data[7]) ||
        data[8] != ' ' || !ferry_is_digit(data[9]) || !ferry_is_digit(data[10]) ||
        !ferry_is_digit(data[11]) || data[9] == '0' || (line.length > least && data[12] != ' ')) {
        return refuse_status_line(context, line);
    }
    if (line.length > least && !is_reason((ferry_span){data + least, line.length - least})) {
        return refuse_status_line(context, line);
    }
    head->minor_version = data[7] - '0';
    head->code = (data[9] - '0') * 100 + (data[10] - '0') * 10 + (data[11] - '0');
    head->has_status_line = true;
    headers->http_version = 10 + head->minor_version;
    if (line.length > least + 1) {
        ferry_headers_note_reason(headers, least + 1, line.length - least - 1);
    }
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

/* Takes a line that is not "Name: value": one that is folded, or a field that is spelled in another
 * way. */
static ferry_error parse_other_line(ferry_h1_head *head, ferry_context *context,
                                    ferry_headers *headers, const char *data, ferry_span line) {
    ferry_span name;
    ferry_span value;
    if (ferry_is_ows(line.data[0]) && headers->count > 0) {
        ferry_headers_note_fold(headers, (size_t)(line.data - data) + line.length);
        return FERRY_OK;
    }
    if (!ferry_h1_field_split(line, &name, &value)) {
        return ferry_h1_field_refuse(context, line);
    }
    ferry_h1_framing_fields_read(&head->fields, name, value);
    ferry_error error = ferry_headers_note(headers, context, data, name, value);
    return error == FERRY_OK ? FERRY_OK : ferry_headers_explain(headers, context, error);
}

/* Notes a line by its place in the head, and what it says of the framing. */
static inline ferry_error parse_line(ferry_h1_head *head, ferry_context *context,
                                     ferry_headers *headers, const char *data, ferry_span line) {
    size_t name_length = ferry_h1_field_name_length(line.data);
    if (context->log != NULL) {
        ferry_h1_field_log(context, FERRY_LOG_RESPONSE_HEAD, line, &head->is_secret);
    }
    if (!ferry_h1_field_is_plain(line, name_length)) {
        return parse_other_line(head, context, headers, data, line);
    }
    ferry_span name = {line.data, name_length};
    ferry_span value = ferry_span_skip(line, name_length + 2);
    ferry_error error = ferry_headers_note_plain(headers, context, (size_t)(line.data - data),
                                                 name.length, value.length);
    if (error != FERRY_OK) {
        return ferry_headers_explain(headers, context, error);
    }
    ferry_h1_framing_fields_read(&head->fields, name, value);
    return FERRY_OK;
}

/* A field that is folded was read up to its first line end. */
static void head_read_folded_fields(ferry_h1_head *head, const ferry_headers *headers) {
    head->fields = (ferry_h1_framing_fields){.close = false};
    for (size_t i = 0; i < headers->count; i++) {
        ferry_h1_framing_fields_read(&head->fields, ferry_headers_name(headers, i),
                                     ferry_headers_value(headers, i));
    }
}

static ferry_error end_head(ferry_h1_head *head, ferry_context *context, ferry_headers *headers,
                            const char *data) {
    ferry_error error = ferry_headers_adopt(headers, context, data, head->bytes);
    if (error != FERRY_OK) {
        return ferry_headers_explain(headers, context, error);
    }
    if (headers->has_folds) {
        head_read_folded_fields(head, headers);
    }
    return FERRY_OK;
}

/* Keeps the place of a line that is not complete, or has a bad byte. */
static ferry_error head_pause(ferry_h1_head *head, ferry_context *context, const char *data,
                              size_t length, const char *at, ferry_h1_line_end stop) {
    ferry_span rest = {at, ferry_size_least(length, context->max_head_bytes) - (size_t)(at - data)};
    head->bytes = (size_t)(at - data);
    head->scanned = (size_t)(stop.at - at);
    if (stop.length == FERRY_H1_BAD_BYTE) {
        return ferry_h1_refuse_line(context, rest);
    }
    if (length > context->max_head_bytes) {
        return too_large(context);
    }
    if (!head->has_status_line && rest.length > 0 && !may_become_status_line(rest)) {
        return refuse_status_line(context, rest);
    }
    return FERRY_OK;
}

ferry_error ferry_h1_head_parse(ferry_h1_head *head, ferry_context *context, ferry_headers *headers,
                                const char *data, size_t length, bool *complete) {
    assert(data != NULL);
    /* A head that is too large is not looked at past its limit. */
    const char *end = data + ferry_size_least(length, context->max_head_bytes);
    const char *at = data + head->bytes;
    const char *from = at + head->scanned;
    ferry_h1_line_end stop;
    ferry_span line;
    ferry_error error = FERRY_OK;
    *complete = false;
    if (!head->has_status_line) { /* an empty line before it is none */
        stop = ferry_h1_find_line_end(from, end);
        if (!ferry_h1_is_line_end(stop)) {
            return head_pause(head, context, data, length, at, stop);
        }
        line = (ferry_span){at, (size_t)(stop.at - at)};
        at = stop.at + stop.length;
        from = at;
        error = parse_status_line(head, context, headers, line);
    }
    while (error == FERRY_OK) {
        stop = ferry_h1_find_line_end(from, end);
        if (!ferry_h1_is_line_end(stop)) {
            return head_pause(head, context, data, length, at, stop);
        }
        line = (ferry_span){at, (size_t)(stop.at - at)};
        at = stop.at + stop.length;
        from = at;
        if (line.length == 0) {
            head->bytes = (size_t)(at - data);
            *complete = true;
            return end_head(head, context, headers, data);
        }
        error = parse_line(head, context, headers, data, line);
    }
    return error;
}
