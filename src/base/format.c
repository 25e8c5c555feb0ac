/* SPDX-License-Identifier: MIT */
/* format: puts sentences together without the C library's printf. */
#include "format.h"

#include "number.h"

#include <assert.h>
#include <string.h>

typedef struct format_sink {
    char *at;
    char *end; /* room for NUL is left there */
} format_sink;

/* At most `limit` bytes of a text. */
static void format_put_text(format_sink *sink, const char *text, size_t limit) {
    while (limit-- > 0 && *text != '\0' && sink->at < sink->end) {
        *sink->at++ = *text++;
    }
}

static void format_put_number(format_sink *sink, uint64_t number) {
    char digits[FERRY_DECIMAL_SIZE];
    format_put_text(sink, digits, ferry_decimal_write(number, digits));
}

static void format_put_signed(format_sink *sink, int64_t number) {
    if (number < 0) {
        format_put_text(sink, "-", 1);
    }
    format_put_number(sink, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

/* The number behind the dot of "%.80s", or SIZE_MAX; `*at` moves behind it. */
static size_t format_take_precision(const char **at) {
    size_t precision = 0;
    if (**at != '.') {
        return SIZE_MAX;
    }
    for (++*at; ferry_is_digit(**at); ++*at) {
        precision = precision * 10 + (size_t)(**at - '0');
    }
    return precision;
}

static bool format_take(const char **at, const char *word) {
    size_t length = strlen(word);
    if (strncmp(*at, word, length) != 0) {
        return false;
    }
    *at += length;
    return true;
}

size_t ferry_format_list(char *dst, size_t size, const char *format, va_list arguments) {
    assert(size > 0);
    format_sink sink = {dst, dst + size - 1};
    for (const char *at = format; *at != '\0';) {
        if (*at != '%') {
            format_put_text(&sink, at++, 1);
            continue;
        }
        at++;
        if (format_take(&at, ".*s")) {
            int precision = va_arg(arguments, int);
            format_put_text(&sink, va_arg(arguments, const char *), (size_t)precision);
            continue;
        }
        size_t precision = format_take_precision(&at);
        if (format_take(&at, "s")) {
            format_put_text(&sink, va_arg(arguments, const char *), precision);
        } else if (format_take(&at, "d")) {
            int number = va_arg(arguments, int);
            format_put_signed(&sink, number);
        } else if (format_take(&at, "lld")) {
            long long number = va_arg(arguments, long long);
            format_put_signed(&sink, number);
        } else if (format_take(&at, "u")) {
            unsigned number = va_arg(arguments, unsigned);
            format_put_number(&sink, number);
        } else if (format_take(&at, "llu")) {
            unsigned long long number = va_arg(arguments, unsigned long long);
            format_put_number(&sink, number);
        } else if (format_take(&at, "zu")) {
            size_t number = va_arg(arguments, size_t);
            format_put_number(&sink, number);
        } else {
            assert(*at == '%');
            format_put_text(&sink, at++, 1);
        }
    }
    *sink.at = '\0';
    return (size_t)(sink.at - dst);
}

size_t ferry_format(char *dst, size_t size, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t length = ferry_format_list(dst, size, format, arguments);
    va_end(arguments);
    return length;
}
