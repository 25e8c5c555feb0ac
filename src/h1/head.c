/* SPDX-License-Identifier: MIT */
/* head: line by line, each byte looked at once. A head that cannot become one is refused at its
 * first wrong byte, so that a peer that speaks another protocol is not waited for. */
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
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
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
        .line = (uint32_t)(name.data - data),
        .name_length = (uint32_t)name.length,
        .value = (uint32_t)(value.data - data),
        .value_length = (uint32_t)value.length,
    };
    ferry_error error = ferry_headers_note(headers, context, header);
    return error == FERRY_OK ? FERRY_OK : ferry_headers_explain(headers, context, error);
}

static ferry_error end_head(const ferry_h1_head *head, ferry_context *context,
                            ferry_headers *headers, const char *data) {
    ferry_error error = ferry_headers_adopt(headers, context, data, head->bytes);
    return error == FERRY_OK ? FERRY_OK : ferry_headers_explain(headers, context, error);
}

/* What is to be said of a line that is not complete within what may be looked at. */
static ferry_error check_rest(const ferry_h1_head *head, ferry_context *context, ferry_span rest,
                              bool has_bad_byte, size_t length) {
    if (has_bad_byte) {
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

/* Takes a line that is not empty. */
static ferry_error parse_line(ferry_h1_head *head, ferry_context *context, ferry_headers *headers,
                              const char *data, ferry_span line) {
    if (context->log != NULL) {
        ferry_h1_field_log(context, FERRY_LOG_RESPONSE_HEAD, line, &head->is_secret);
    }
    if (!head->has_status_line) {
        assert(line.data == data); /* an empty line before it is none */
        return parse_status_line(head, context, headers, line);
    }
    return parse_field(context, headers, data, line);
}

ferry_error ferry_h1_head_parse(ferry_h1_head *head, ferry_context *context, ferry_headers *headers,
                                const char *data, size_t length, bool *complete) {
    assert(data != NULL);
    /* A head that is too large is not looked at past its limit. */
    const char *end = data + (length < context->max_head_bytes ? length : context->max_head_bytes);
    const char *at = data + head->bytes;
    const char *from = at + head->scanned;
    ferry_error error = FERRY_OK;
    ferry_h1_line_end stop;
    *complete = false;
    while (error == FERRY_OK) {
        stop = ferry_h1_find_line_end(from, end);
        if (stop.length == FERRY_H1_NO_END || stop.length == FERRY_H1_BAD_BYTE) {
            head->bytes = (size_t)(at - data);
            head->scanned = (size_t)(stop.at - at);
            return check_rest(head, context, (ferry_span){at, (size_t)(end - at)},
                              stop.length == FERRY_H1_BAD_BYTE, length);
        }
        ferry_span line = {at, (size_t)(stop.at - at)};
        at = stop.at + stop.length;
        from = at;
        if (line.length == 0 && head->has_status_line) {
            head->bytes = (size_t)(at - data);
            *complete = true;
            return end_head(head, context, headers, data);
        }
        error = parse_line(head, context, headers, data, line);
    }
    return error;
}
