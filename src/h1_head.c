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
    ferry_log(context, FERRY_LOG_RESPONSE_HEAD, "%.*s", (int)line.length, data);
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

static ferry_error parse_line(ferry_h1_head *head, ferry_context *context, ferry_headers *headers,
                              ferry_span line) {
    if (!head->has_status_line) {
        return parse_status_line(head, context, line);
    }
    if (context->log != NULL) {
        ferry_log(context, FERRY_LOG_RESPONSE_HEAD, "%.*s", (int)line.length, line.data);
    }
    return ferry_h1_field_parse(context, headers, line);
}

ferry_error ferry_h1_head_parse(ferry_h1_head *head, ferry_context *context, ferry_headers *headers,
                                const char *data, size_t length, size_t *consumed, bool *complete) {
    ferry_span rest = {data, length};
    ferry_span line;
    *consumed = 0;
    *complete = false;
    while (ferry_h1_next_line(&rest, head->scanned, &line)) {
        size_t line_bytes = length - *consumed - rest.length;
        *consumed += line_bytes;
        head->scanned = 0;
        head->bytes += line_bytes;
        if (head->bytes > context->max_head_bytes) {
            return too_large(context);
        }
        if (line.length == 0 && head->has_status_line) {
            *complete = true;
            return FERRY_OK;
        }
        ferry_error error = parse_line(head, context, headers, line);
        if (error != FERRY_OK) {
            return error;
        }
    }
    head->scanned = rest.length;
    if (rest.length > context->max_head_bytes - head->bytes) {
        return too_large(context);
    }
    if (!head->has_status_line && rest.length > 0 && !may_become_status_line(rest)) {
        return refuse_status_line(context, rest);
    }
    return FERRY_OK;
}
