/* SPDX-License-Identifier: MIT */
/* format: the part of printf's language that sentences need. The C library's own brings floating
 * point along, which in a browser would be a third of what a program carries of ferry. */
#ifndef FERRY_BASE_FORMAT_H
#define FERRY_BASE_FORMAT_H

#include <stdarg.h>
#include <stddef.h>

#if defined(__GNUC__)
#define FERRY_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#else
#define FERRY_PRINTF(format_index, first)
#endif

/* Takes %s (with a precision, as a number or as '*'), %d, %u, %zu, %lld, %llu and %%; anything else
 * is a bug. Cuts what does not fit into `size` bytes; NUL is always written. Returns the length of
 * what was written. */
size_t ferry_format(char *dst, size_t size, const char *format, ...) FERRY_PRINTF(3, 4);
size_t ferry_format_list(char *dst, size_t size, const char *format, va_list arguments)
    FERRY_PRINTF(3, 0);

#endif
