/* SPDX-License-Identifier: MIT */
/* request_text: what a server of the tests has read of a request, and where that ends. */
#ifndef FERRY_TESTS_REQUEST_TEXT_H
#define FERRY_TESTS_REQUEST_TEXT_H

#include <stdbool.h>
#include <stddef.h>

enum { REQUEST_TEXT_MOST_BYTES = 64 * 1024 };

/* Zeroed, it is empty. The bytes end with NUL. */
typedef struct request_text {
    char bytes[REQUEST_TEXT_MOST_BYTES + 1];
    size_t length;
    bool was_told_to_continue;
} request_text;

/* False where there is no room. */
bool request_text_add(request_text *text, const char *bytes, size_t length);

/* True once for a request whose body waits for 100 (Continue), when its head is complete. */
bool request_text_expects_continue(request_text *text);

/* Drops the first request, where it is complete with its body, by length or chunked. */
bool request_text_take(request_text *text);

#endif
