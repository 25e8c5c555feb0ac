/* SPDX-License-Identifier: MIT */
/* h1_request: copies the head together in one pass; a request in steady state costs neither an
 * allocation nor a format string. */
#include "h1_request.h"

#include <string.h>

enum { DECIMAL_SIZE = 21 };

static size_t write_decimal(uint64_t number, char text[DECIMAL_SIZE]) {
    char reversed[DECIMAL_SIZE];
    size_t length = 0;
    do {
        reversed[length++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    for (size_t i = 0; i < length; i++) {
        text[i] = reversed[length - 1 - i];
    }
    return length;
}

size_t ferry_h1_chunk_size_write(size_t size, char line[FERRY_H1_CHUNK_SIZE_LINE]) {
    static const char digits[] = "0123456789abcdef";
    size_t count = 1;
    while (count < 2 * sizeof size && size >> (4 * count) != 0) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        line[i] = digits[size >> (4 * (count - 1 - i)) & 15];
    }
    line[count] = '\r';
    line[count + 1] = '\n';
    return count + 2;
}

typedef struct writer {
    ferry_buffer *out;
    const ferry_context *context;
    bool failed;
} writer;

static void put(writer *w, const char *data, size_t length) {
    if (w->failed || ferry_buffer_reserve(w->out, w->context, length) != FERRY_OK) {
        w->failed = true;
        return;
    }
    memcpy(w->out->data + w->out->end, data, length);
    w->out->end += length;
}

static void put_text(writer *w, const char *text) {
    put(w, text, strlen(text));
}

#define PUT_LITERAL(w, literal) put((w), (literal), sizeof(literal) - 1)

/* Bytes outside ASCII may not stand in a request line; they are sent as browsers send them. */
static void put_target(writer *w, const char *target) {
    static const char digits[] = "0123456789ABCDEF";
    const char *from = target;
    for (; *target != '\0'; target++) {
        unsigned char c = (unsigned char)*target;
        if (c >= 0x80) {
            char encoded[3] = {'%', digits[c >> 4], digits[c & 15]};
            put(w, from, (size_t)(target - from));
            put(w, encoded, sizeof encoded);
            from = target + 1;
        }
    }
    put(w, from, (size_t)(target - from));
}

static bool has_length_when_empty(const ferry_message *message) {
    return message->method == FERRY_METHOD_POST || message->method == FERRY_METHOD_PUT ||
           message->method == FERRY_METHOD_PATCH;
}

static void put_framing(writer *w, const ferry_message *message) {
    if (message->streamed && message->streamed_length < 0) {
        PUT_LITERAL(w, "Transfer-Encoding: chunked\r\n");
        return;
    }
    uint64_t length =
        message->streamed ? (uint64_t)message->streamed_length : (uint64_t)message->body_length;
    if ((message->present & FERRY_HAS_CONTENT_LENGTH) != 0 ||
        (length == 0 && !message->streamed && !has_length_when_empty(message))) {
        return;
    }
    char digits[DECIMAL_SIZE];
    PUT_LITERAL(w, "Content-Length: ");
    put(w, digits, write_decimal(length, digits));
    PUT_LITERAL(w, "\r\n");
}

static void put_accept_encoding(writer *w, const ferry_message *message,
                                const char *accept_encoding) {
    if ((message->present & FERRY_HAS_ACCEPT_ENCODING) != 0) {
        return;
    }
    /* A part of a coded body cannot be undone (Fetch, HTTP-network-or-cache fetch). */
    if ((message->present & FERRY_HAS_RANGE) != 0) {
        PUT_LITERAL(w, "Accept-Encoding: identity\r\n");
    } else if (accept_encoding[0] != '\0') {
        PUT_LITERAL(w, "Accept-Encoding: ");
        put_text(w, accept_encoding);
        PUT_LITERAL(w, "\r\n");
    }
}

static void put_head(writer *w, const ferry_message *message, const char *accept_encoding) {
    put_text(w, message->method_name);
    PUT_LITERAL(w, " ");
    put_target(w, message->target);
    PUT_LITERAL(w, " HTTP/1.1\r\n");
    for (const char *const *line = message->headers; *line != NULL; line++) {
        put_text(w, *line);
        PUT_LITERAL(w, "\r\n");
    }
    if ((message->present & FERRY_HAS_HOST) == 0) {
        PUT_LITERAL(w, "Host: ");
        put_text(w, message->host);
        PUT_LITERAL(w, "\r\n");
    }
    put_framing(w, message);
    put_accept_encoding(w, message, accept_encoding);
    if ((message->present & FERRY_HAS_USER_AGENT) == 0 && message->user_agent[0] != '\0') {
        PUT_LITERAL(w, "User-Agent: ");
        put_text(w, message->user_agent);
        PUT_LITERAL(w, "\r\n");
    }
    if ((message->present & FERRY_HAS_ACCEPT) == 0) {
        PUT_LITERAL(w, "Accept: */*\r\n");
    }
    PUT_LITERAL(w, "\r\n");
}

static void log_head(ferry_context *context, const char *head, size_t length) {
    if (context->log == NULL) {
        return;
    }
    const char *end = head + length - 2; /* without the empty line */
    while (head < end) {
        const char *cr = memchr(head, '\r', (size_t)(end - head));
        ferry_log(context, FERRY_LOG_REQUEST_HEAD, "%.*s", (int)(cr - head), head);
        head = cr + 2;
    }
}

ferry_error ferry_h1_request_write(ferry_buffer *out, ferry_context *context,
                                   const ferry_message *message, const char *accept_encoding) {
    size_t before = ferry_buffer_length(out);
    writer w = {.out = out, .context = context};
    put_head(&w, message, accept_encoding);
    if (w.failed) {
        out->end = out->start + before;
        return ferry_fail_memory(context);
    }
    log_head(context, ferry_buffer_content(out) + before, ferry_buffer_length(out) - before);
    return FERRY_OK;
}
