/* SPDX-License-Identifier: MIT */
/* query: encodes fields for a query string or a form's body. */
#include "ferry.h"

#include "base/number.h"
#include "base/percent.h"

/* Where the text goes; what does not fit is counted all the same. */
typedef struct query_writer {
    char *dst;
    size_t capacity;
    size_t length;
} query_writer;

static bool query_is_plain(char c) {
    return ferry_is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

/* The length stops at its largest value rather than wrap around: a caller who adds 1 to it and
 * allocates then gets nothing at all, and not a block that is too small. */
static void query_put(query_writer *writer, char c) {
    if (writer->length < writer->capacity) {
        writer->dst[writer->length] = c;
    }
    if (writer->length < SIZE_MAX) {
        writer->length++;
    }
}

static void query_put_encoded(query_writer *writer, const char *text) {
    for (; *text != '\0'; text++) {
        if (query_is_plain(*text)) {
            query_put(writer, *text);
        } else {
            char encoded[FERRY_PERCENT_SIZE];
            ferry_percent_write(*text, encoded);
            for (size_t i = 0; i < sizeof encoded; i++) {
                query_put(writer, encoded[i]);
            }
        }
    }
}

size_t ferry_query_string_from_dict(const ferry_field *fields, size_t count, char *dst,
                                    size_t capacity) {
    query_writer writer = {dst, capacity, 0};
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            query_put(&writer, '&');
        }
        query_put_encoded(&writer, fields[i].name);
        if (fields[i].value != NULL) {
            query_put(&writer, '=');
            query_put_encoded(&writer, fields[i].value);
        }
    }
    if (capacity > 0) {
        dst[writer.length < capacity ? writer.length : capacity - 1] = '\0';
    }
    return writer.length;
}
