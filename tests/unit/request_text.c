/* SPDX-License-Identifier: MIT */
/* request_text: reads no more of a request than it takes to find its end. */
#include "request_text.h"

#include <stdlib.h>
#include <string.h>

bool request_text_add(request_text *text, const char *bytes, size_t length) {
    if (length > REQUEST_TEXT_MOST_BYTES - text->length) {
        return false;
    }
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
    return true;
}

bool request_text_expects_continue(request_text *text) {
    bool expects = !text->was_told_to_continue && strstr(text->bytes, "\r\n\r\n") != NULL &&
                   strstr(text->bytes, "Expect: 100-continue") != NULL;
    text->was_told_to_continue = text->was_told_to_continue || expects;
    return expects;
}

/* 0: it has not come. */
static size_t request_text_find_end(const request_text *text) {
    const char *head_end = strstr(text->bytes, "\r\n\r\n");
    if (head_end == NULL) {
        return 0;
    }
    size_t body = (size_t)(head_end - text->bytes) + 4;
    if (strstr(text->bytes, "Transfer-Encoding: chunked") != NULL) {
        const char *last = strstr(text->bytes + body, "0\r\n\r\n");
        return last != NULL ? (size_t)(last - text->bytes) + 5 : 0;
    }
    static const char name[] = "Content-Length: ";
    const char *announced = strstr(text->bytes, name);
    size_t length = announced != NULL ? strtoul(announced + sizeof name - 1, NULL, 10) : 0;
    return text->length - body >= length ? body + length : 0;
}

bool request_text_take(request_text *text) {
    size_t end = request_text_find_end(text);
    if (end == 0) {
        return false;
    }
    text->length -= end;
    memmove(text->bytes, text->bytes + end, text->length + 1);
    text->was_told_to_continue = false;
    return true;
}
