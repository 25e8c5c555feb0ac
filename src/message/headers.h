/* SPDX-License-Identifier: MIT */
/* headers: the fields of one message, in order, as lines that stay put once they are sealed; and
 * what its status line says besides the code. */
#ifndef FERRY_MESSAGE_HEADERS_H
#define FERRY_MESSAGE_HEADERS_H

#include "base/buffer.h"
#include "base/span.h"

/* Offsets of 32 bits: a head is at most some MB. */
typedef struct ferry_header {
    uint32_t line; /* offset of "Name: value" and NUL in the text */
    uint32_t name_length;
    uint32_t value; /* offset of the value: two bytes after the name once it is sealed */
    uint32_t value_length;
} ferry_header;

typedef struct ferry_headers {
    ferry_buffer text;
    ferry_header *list;
    size_t count;
    size_t capacity; /* max_count at most */
    size_t max_count;
    bool has_folds;       /* line ends are yet to be taken out of values */
    bool has_other_forms; /* lines of the block may be other than "Name: value" */
    bool is_sealed;
    const char *
        *lines; /* capacity + 1 pointers, ended by NULL; room for them is made when sealed */
    size_t lines_capacity;
    bool has_lines;          /* and NUL is behind each in the text */
    ferry_buffer dictionary; /* the dictionary's strings; room for them is made when sealed */
    ferry_field *fields;     /* `count` of room */
    size_t fields_capacity;
    size_t field_count;
    bool has_dictionary;
    uint32_t reason; /* offset of the reason phrase and NUL in the text */
    uint32_t reason_length;
    int http_version; /* 11: HTTP/1.1; 0: not known */
} ferry_headers;

void ferry_headers_init(ferry_headers *headers, const ferry_context *context);
void ferry_headers_deinit(ferry_headers *headers, const ferry_context *context);

/* Forgets the fields, keeps the memory. */
void ferry_headers_clear(ferry_headers *headers);

/* Frees the memory, where there are no fields and it is more than an idle client keeps. */
static inline void ferry_headers_trim(ferry_headers *headers, const ferry_context *context) {
    bool is_large = headers->text.capacity > FERRY_KEPT_BYTES ||
                    headers->dictionary.capacity > FERRY_KEPT_BYTES ||
                    headers->capacity > FERRY_KEPT_BYTES / sizeof *headers->list ||
                    headers->fields_capacity > FERRY_KEPT_BYTES / sizeof *headers->fields;
    if (is_large && headers->count == 0) {
        ferry_headers_deinit(headers, context);
    }
}

/* Fields come one by one: a copy of each is made. The value is trimmed by the caller. TOO_LARGE
 * past max_header_count or max_head_bytes, OUT_OF_MEMORY: ferry_headers_explain() says which. */
ferry_error ferry_headers_add(ferry_headers *headers, ferry_context *context, ferry_span name,
                              ferry_span value);
/* Leaves a detail for an error of the calls that add to `headers`, and returns it. */
ferry_error ferry_headers_explain(const ferry_headers *headers, ferry_context *context,
                                  ferry_error error);
/* Appends a space and `more` to the last value (obs-fold, RFC 9112 section 5.2). */
ferry_error ferry_headers_fold(ferry_headers *headers, ferry_context *context, ferry_span more);

/* Keeps a copy of the reason phrase. Errors as above. */
ferry_error ferry_headers_add_reason(ferry_headers *headers, ferry_context *context,
                                     ferry_span reason);

/* Or the whole block of lines is at hand, as in a head: fields are noted by their place in it, then
 * the block is copied at once. TOO_LARGE past max_header_count, OUT_OF_MEMORY. */
ferry_error ferry_headers_note(ferry_headers *headers, const ferry_context *context,
                               const char *block, ferry_span name, ferry_span value);

/* The same for a line that is "Name: value" already, and begins at `line` in the block: nothing but
 * NUL is missing. */
ferry_error ferry_headers_make_room(ferry_headers *headers, const ferry_context *context);
static inline ferry_error ferry_headers_note_plain(ferry_headers *headers,
                                                   const ferry_context *context, size_t line,
                                                   size_t name_length, size_t value_length) {
    ferry_error error = FERRY_OK;
    if (headers->count == headers->capacity) {
        error = ferry_headers_make_room(headers, context);
    }
    if (error == FERRY_OK) {
        ferry_header *header = &headers->list[headers->count++];
        header->line = (uint32_t)line;
        header->name_length = (uint32_t)name_length;
        header->value = (uint32_t)(line + name_length + 2);
        header->value_length = (uint32_t)value_length;
    }
    return error;
}

/* The reason phrase is there in the block. */
static inline void ferry_headers_note_reason(ferry_headers *headers, size_t at, size_t length) {
    headers->reason = (uint32_t)at;
    headers->reason_length = (uint32_t)length;
}
/* The last value goes on up to `end` in the block, line ends included. */
void ferry_headers_note_fold(ferry_headers *headers, size_t end);
ferry_error ferry_headers_adopt(ferry_headers *headers, ferry_context *context, const char *block,
                                size_t length);

/* "" where there is none. After adopting the block, or adding the phrase. */
static inline const char *ferry_headers_reason(const ferry_headers *headers) {
    return headers->reason_length > 0 ? headers->text.data + headers->reason : "";
}

/* Makes room for the lines and the dictionary, so that the getters need no memory. Nothing is added
 * afterwards. OUT_OF_MEMORY. */
ferry_error ferry_headers_grow_views(ferry_headers *headers, ferry_context *context);
static inline ferry_error ferry_headers_seal(ferry_headers *headers, ferry_context *context) {
    if (headers->count == 0 || headers->is_sealed) {
        return FERRY_OK;
    }
    headers->is_sealed = headers->count < headers->lines_capacity &&
                         headers->count <= headers->fields_capacity &&
                         headers->text.end <= headers->dictionary.capacity;
    if (headers->is_sealed) { /* there is room from an earlier head */
        return FERRY_OK;
    }
    return ferry_headers_grow_views(headers, context);
}

static inline ferry_span ferry_headers_name(const ferry_headers *headers, size_t index) {
    const ferry_header *header = &headers->list[index];
    return (ferry_span){headers->text.data + header->line, header->name_length};
}

static inline ferry_span ferry_headers_value(const ferry_headers *headers, size_t index) {
    const ferry_header *header = &headers->list[index];
    return (ferry_span){headers->text.data + header->value, header->value_length};
}

/* Finds the next field of that name at or after *index, sets *index to one past it. */
bool ferry_headers_find(const ferry_headers *headers, ferry_span name, size_t *index,
                        ferry_span *value);

/* The lines, ended by NULL, and from then on there is NUL behind each value. They are made when
 * they are first asked for. Only after sealing, or when empty. */
const char *const *ferry_headers_lines(ferry_headers *headers);

/* One field per name, values joined by "; ". As above. */
const ferry_field *ferry_headers_dictionary(ferry_headers *headers, size_t *count);

#endif
