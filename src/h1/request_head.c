/* SPDX-License-Identifier: MIT */
/* request_head: makes room once, then copies the head together. A request in steady state costs
 * neither an allocation nor a format string. */
#include "request_head.h"

#include "base/number.h"
#include "base/percent.h"
#include "field.h"
#include "message/request_check.h"

#include <assert.h>
#include <string.h>

size_t ferry_h1_chunk_size_write(size_t size, char line[FERRY_H1_CHUNK_SIZE_LINE]) {
    size_t count = ferry_hex_write(size, line);
    line[count] = '\r';
    line[count + 1] = '\n';
    return count + 2;
}

static char *head_put(char *at, ferry_span text) {
    memcpy(at, text.data, text.length);
    return at + text.length;
}

/* A literal is copied by a few moves, without a call. */
#define PUT_LITERAL(at, literal)                                                                   \
    (memcpy((at), (literal), sizeof(literal) - 1), (at) + sizeof(literal) - 1)

static bool has_length_when_empty(const ferry_message *message) {
    return message->method == FERRY_METHOD_POST || message->method == FERRY_METHOD_PUT ||
           message->method == FERRY_METHOD_PATCH;
}

static char *put_framing(char *at, const ferry_message *message) {
    if (message->streamed && message->streamed_length < 0) {
        return PUT_LITERAL(at, "Transfer-Encoding: chunked\r\n");
    }
    uint64_t length =
        message->streamed ? (uint64_t)message->streamed_length : (uint64_t)message->body_length;
    if ((message->present & FERRY_HAS_CONTENT_LENGTH) != 0 ||
        (length == 0 && !message->streamed && !has_length_when_empty(message))) {
        return at;
    }
    at = PUT_LITERAL(at, "Content-Length: ");
    at += ferry_decimal_write(length, at);
    return PUT_LITERAL(at, "\r\n");
}

static char *put_accept_encoding(char *at, const ferry_message *message,
                                 ferry_span accept_encoding) {
    if ((message->present & FERRY_HAS_ACCEPT_ENCODING) != 0) {
        return at;
    }
    /* A part of a coded body cannot be undone (Fetch, HTTP-network-or-cache fetch). */
    if ((message->present & FERRY_HAS_RANGE) != 0) {
        return PUT_LITERAL(at, "Accept-Encoding: identity\r\n");
    }
    if (accept_encoding.length > 0) {
        at = PUT_LITERAL(at, "Accept-Encoding: ");
        at = head_put(at, accept_encoding);
        at = PUT_LITERAL(at, "\r\n");
    }
    return at;
}

/* Blanks at its end are no part of a value (RFC 9110 section 5.5); a browser sends none either. */
static char *head_put_line(char *at, const char *line) {
    at = head_put(at, ferry_span_trim(ferry_span_of(line)));
    return PUT_LITERAL(at, "\r\n");
}

/* It goes first, so that nobody on the way has to look for it (RFC 9110 section 7.2). */
static char *put_host(char *at, const ferry_message *message) {
    if (message->host_line != NULL) {
        return head_put_line(at, message->host_line);
    }
    at = PUT_LITERAL(at, "Host: ");
    at = head_put(at, message->host);
    return PUT_LITERAL(at, "\r\n");
}

/* What is for proxies goes to no origin (RFC 9110 section 11.7.1). */
static unsigned flags_left_out(const ferry_message *message) {
    return message->is_for_proxy ? 0 : message->present & FERRY_PROXY_ONLY;
}

/* The request's own lines come before those that every request has for the proxy. */
static char *put_proxy_headers(char *at, const ferry_message *message, unsigned *present) {
    for (const char *const *line = message->proxy_headers; *line != NULL; line++) {
        unsigned flag = ferry_header_line_flag(*line);
        if ((flag & message->present) == 0) {
            at = head_put_line(at, *line);
            *present |= flag;
        }
    }
    return at;
}

static char *put_head(char *at, const ferry_message *message, ferry_span accept_encoding) {
    at = head_put(at, message->method_name);
    *at++ = ' ';
    if (message->target_prefix.length > 0) {
        at = head_put(at, message->target_prefix);
    }
    at = ferry_percent_write_target(message->target, at);
    at = PUT_LITERAL(at, " HTTP/1.1\r\n");
    at = put_host(at, message);
    unsigned left_out = flags_left_out(message);
    for (const char *const *line = message->headers; *line != NULL; line++) {
        if (*line != message->host_line &&
            (left_out == 0 || (ferry_header_line_flag(*line) & left_out) == 0)) {
            at = head_put_line(at, *line);
        }
    }
    unsigned present = message->present;
    if (message->proxy_headers != NULL) {
        at = put_proxy_headers(at, message, &present);
    }
    at = put_framing(at, message);
    at = put_accept_encoding(at, message, accept_encoding);
    if ((present & FERRY_HAS_USER_AGENT) == 0 && message->user_agent.length > 0) {
        at = PUT_LITERAL(at, "User-Agent: ");
        at = head_put(at, message->user_agent);
        at = PUT_LITERAL(at, "\r\n");
    }
    if ((present & FERRY_HAS_ACCEPT) == 0) {
        at = PUT_LITERAL(at, "Accept: */*\r\n");
    }
    if ((present & FERRY_HAS_PROXY_AUTHORIZATION) == 0 && message->proxy_authorization.length > 0) {
        at = PUT_LITERAL(at, "Proxy-Authorization: ");
        at = head_put(at, message->proxy_authorization);
        at = PUT_LITERAL(at, "\r\n");
    }
    return PUT_LITERAL(at, "\r\n");
}

/* The lines and their ends; more than the limit says enough, and no sum wraps around. */
static size_t lines_room(const char *const *lines) {
    size_t room = 0;
    for (; lines != NULL && *lines != NULL && room <= FERRY_LIMIT_REQUEST_HEAD; lines++) {
        room += strlen(*lines) + 2;
    }
    return room < FERRY_LIMIT_REQUEST_HEAD ? room : FERRY_LIMIT_REQUEST_HEAD;
}

/* At least what put_head() writes. */
static size_t head_room(const ferry_message *message, ferry_span accept_encoding) {
    enum { LITERALS = 256 };
    size_t room = LITERALS + message->method_name.length + 3 * message->target.length +
                  message->host.length + accept_encoding.length + message->user_agent.length +
                  message->target_prefix.length + message->proxy_authorization.length;
    return room + lines_room(message->headers) + lines_room(message->proxy_headers);
}

static void log_left_out(ferry_context *context, const ferry_message *message) {
    unsigned left_out = flags_left_out(message);
    for (const char *const *line = message->headers; left_out != 0 && *line != NULL; line++) {
        if ((ferry_header_line_flag(*line) & left_out) != 0) {
            ferry_log(context, FERRY_LOG_WARNING,
                      "the header %.*s is left out, since no proxy reads this request",
                      (int)strcspn(*line, ":"), *line);
        }
    }
}

static void log_head(ferry_context *context, const ferry_message *message, const char *head,
                     size_t length) {
    if (context->log == NULL) {
        return;
    }
    log_left_out(context, message);
    const char *end = head + length - 2; /* without the empty line */
    bool is_secret = false;
    while (head < end) {
        const char *cr = memchr(head, '\r', (size_t)(end - head));
        ferry_h1_field_log(context, FERRY_LOG_REQUEST_HEAD, (ferry_span){head, (size_t)(cr - head)},
                           &is_secret);
        head = cr + 2;
    }
}

ferry_error ferry_h1_request_write(ferry_buffer *out, ferry_context *context,
                                   const ferry_message *message, ferry_span accept_encoding) {
    size_t room = head_room(message, accept_encoding);
    if (room > FERRY_LIMIT_REQUEST_HEAD) {
        return ferry_fail(context, FERRY_ERROR_TOO_LARGE, "the request head exceeds %d bytes",
                          FERRY_LIMIT_REQUEST_HEAD);
    }
    ferry_error error = ferry_buffer_reserve(out, context, room);
    if (error != FERRY_OK) {
        return error;
    }
    char *head = out->data + out->end;
    size_t length = (size_t)(put_head(head, message, accept_encoding) - head);
    assert(length <= room);
    log_head(context, message, head, length);
    out->end += length;
    return FERRY_OK;
}
