/* SPDX-License-Identifier: MIT */
/* headers: keeps fields as lines in one buffer, so that a response costs no allocation once the
 * memory of the one before is there to be used again. */
#include "headers.h"

#include <assert.h>
#include <string.h>

enum { HEADERS_FIRST_CAPACITY = 16 };

static const char *const no_lines[] = {NULL};

void ferry_headers_init(ferry_headers *headers, const ferry_context *context) {
    *headers = (ferry_headers){.max_count = context->max_header_count};
    /* A line is stored with ": " and NUL, which a line of the shortest kind has no bytes for, and
     * may be stored twice. The parser counts what is on the wire; this bounds what follows from it.
     */
    size_t limit = context->max_head_bytes;
    assert(limit <= FERRY_LIMIT_RESPONSE_HEAD);
    limit *= 4;
    ferry_buffer_init(&headers->text, limit, "the response head");
    ferry_buffer_init(&headers->dictionary, limit, "the response head");
}

void ferry_headers_deinit(ferry_headers *headers, const ferry_context *context) {
    ferry_free(context, headers->fields);
    ferry_buffer_deinit(&headers->dictionary, context);
    ferry_free(context, headers->lines);
    ferry_free(context, headers->list);
    ferry_buffer_deinit(&headers->text, context);
    ferry_headers_init(headers, context);
}

void ferry_headers_clear(ferry_headers *headers) {
    ferry_buffer_clear(&headers->text);
    ferry_buffer_clear(&headers->dictionary);
    headers->count = 0;
    headers->has_folds = false;
    headers->has_other_forms = false;
    headers->is_sealed = false;
    headers->has_lines = false;
    headers->field_count = 0;
    headers->has_dictionary = false;
    headers->reason_length = 0;
    headers->http_version = 0;
}

/* Makes room for `needed` items of `size` bytes; the capacity at least doubles. */
static void *headers_grow(const ferry_context *context, void *block, size_t *capacity,
                          size_t needed, size_t size) {
    size_t wanted = *capacity > 0 ? *capacity : HEADERS_FIRST_CAPACITY;
    while (wanted < needed) {
        wanted *= 2;
    }
    if (wanted > SIZE_MAX / size) {
        return NULL;
    }
    void *grown = ferry_resize(context, block, *capacity * size, wanted * size);
    if (grown != NULL) {
        *capacity = wanted;
    }
    return grown;
}

ferry_error ferry_headers_make_room(ferry_headers *headers, const ferry_context *context) {
    if (headers->count >= headers->max_count) {
        return FERRY_ERROR_TOO_LARGE;
    }
    size_t capacity = headers->capacity;
    ferry_header *list =
        headers_grow(context, headers->list, &capacity, headers->count + 1, sizeof *headers->list);
    if (list == NULL) {
        return FERRY_ERROR_OUT_OF_MEMORY;
    }
    headers->list = list;
    headers->capacity = ferry_size_least(capacity, headers->max_count);
    return FERRY_OK;
}

/* Writes "Name: value" and NUL at the end of the text, where there is room for it. */
static ferry_header headers_put_line(ferry_headers *headers, ferry_span name, ferry_span value) {
    ferry_buffer *text = &headers->text;
    ferry_header header = {
        .line = (uint32_t)text->end,
        .name_length = (uint32_t)name.length,
        .value = (uint32_t)(text->end + name.length + 2),
        .value_length = (uint32_t)value.length,
    };
    char *line = text->data + text->end;
    memcpy(line, name.data, name.length);
    line[name.length] = ':';
    line[name.length + 1] = ' ';
    memcpy(line + name.length + 2, value.data, value.length);
    line[name.length + 2 + value.length] = '\0';
    text->end += name.length + value.length + 3;
    return header;
}

ferry_error ferry_headers_add(ferry_headers *headers, ferry_context *context, ferry_span name,
                              ferry_span value) {
    ferry_error error = FERRY_OK;
    if (headers->count == headers->capacity) {
        error = ferry_headers_make_room(headers, context);
    }
    if (error == FERRY_OK) {
        error = ferry_buffer_reserve(&headers->text, context, name.length + value.length + 3);
    }
    if (error == FERRY_OK) {
        headers->list[headers->count++] = headers_put_line(headers, name, value);
    }
    return error;
}

ferry_error ferry_headers_add_reason(ferry_headers *headers, ferry_context *context,
                                     ferry_span reason) {
    size_t at = headers->text.end;
    ferry_error error = ferry_buffer_reserve(&headers->text, context, reason.length + 1);
    if (error != FERRY_OK) {
        return error;
    }
    memcpy(headers->text.data + at, reason.data, reason.length);
    headers->text.data[at + reason.length] = '\0';
    headers->text.end += reason.length + 1;
    ferry_headers_note_reason(headers, at, reason.length);
    return FERRY_OK;
}

ferry_error ferry_headers_explain(const ferry_headers *headers, ferry_context *context,
                                  ferry_error error) {
    if (error == FERRY_ERROR_OUT_OF_MEMORY) {
        return ferry_fail_memory(context);
    }
    if (error == FERRY_ERROR_TOO_LARGE && headers->count >= headers->max_count) {
        return ferry_fail(context, error,
                          "the response has more than %zu header fields "
                          "(max_header_count)",
                          headers->max_count);
    }
    if (error == FERRY_ERROR_TOO_LARGE) {
        return ferry_fail(context, error, "the response head exceeds %zu bytes (max_head_bytes)",
                          context->max_head_bytes);
    }
    return error;
}

ferry_error ferry_headers_fold(ferry_headers *headers, ferry_context *context, ferry_span more) {
    assert(headers->count > 0);
    if (more.length == 0) {
        return FERRY_OK;
    }
    ferry_buffer *text = &headers->text;
    ferry_error error = ferry_buffer_reserve(text, context, more.length + 1);
    if (error != FERRY_OK) {
        return error;
    }
    ferry_header *last = &headers->list[headers->count - 1];
    text->end--; /* the NUL */
    if (last->value_length > 0) {
        text->data[text->end++] = ' ';
        last->value_length++;
    }
    memcpy(text->data + text->end, more.data, more.length);
    text->end += more.length;
    last->value_length += (uint32_t)more.length;
    text->data[text->end++] = '\0';
    return FERRY_OK;
}

ferry_error ferry_headers_note(ferry_headers *headers, const ferry_context *context,
                               const char *block, ferry_span name, ferry_span value) {
    size_t line = (size_t)(name.data - block);
    ferry_error error = ferry_headers_note_plain(headers, context, line, name.length, value.length);
    if (error == FERRY_OK) {
        headers->list[headers->count - 1].value = (uint32_t)(value.data - block);
        headers->has_other_forms = true;
    }
    return error;
}

void ferry_headers_note_fold(ferry_headers *headers, size_t end) {
    assert(headers->count > 0);
    ferry_header *last = &headers->list[headers->count - 1];
    last->value_length = (uint32_t)(end - last->value);
    headers->has_folds = true;
}

/* Replaces each fold, white space around it included, by one space; returns the new length. */
static size_t headers_unfold(char *value, size_t length) {
    size_t out = 0;
    bool in_fold = false;
    for (size_t i = 0; i < length; i++) {
        char c = value[i];
        if (c == '\r' || c == '\n') {
            in_fold = true;
            while (out > 0 && ferry_is_ows(value[out - 1])) {
                out--;
            }
        } else if (!in_fold || !ferry_is_ows(c)) {
            if (in_fold && out > 0) {
                value[out++] = ' ';
            }
            in_fold = false;
            value[out++] = c;
        }
    }
    return out;
}

/* Spells a line that came in another form as the others are, behind the block. */
static ferry_error headers_respell(ferry_headers *headers, ferry_context *context, size_t index) {
    ferry_header header = headers->list[index];
    ferry_buffer *text = &headers->text;
    ferry_error error =
        ferry_buffer_reserve(text, context, header.name_length + header.value_length + 3);
    if (error != FERRY_OK) {
        return error;
    }
    char *value = text->data + header.value;
    size_t length = headers_unfold(value, header.value_length);
    headers->list[index] =
        headers_put_line(headers, (ferry_span){text->data + header.line, header.name_length},
                         (ferry_span){value, length});
    return FERRY_OK;
}

ferry_error ferry_headers_grow_views(ferry_headers *headers, ferry_context *context) {
    size_t count = headers->count;
    if (count + 1 > headers->lines_capacity) {
        const char **lines = headers_grow(context, (void *)headers->lines, &headers->lines_capacity,
                                          count + 1, sizeof *headers->lines);
        if (lines == NULL) {
            return FERRY_ERROR_OUT_OF_MEMORY;
        }
        headers->lines = lines;
    }
    if (count > headers->fields_capacity) {
        ferry_field *fields = headers_grow(context, headers->fields, &headers->fields_capacity,
                                           count, sizeof *headers->fields);
        if (fields == NULL) {
            return FERRY_ERROR_OUT_OF_MEMORY;
        }
        headers->fields = fields;
    }
    /* "name" NUL "value; value" NUL takes no more than the lines "name: value" NUL do. */
    ferry_error error = ferry_buffer_reserve(&headers->dictionary, context, headers->text.end);
    headers->is_sealed = error == FERRY_OK;
    return error;
}

ferry_error ferry_headers_adopt(ferry_headers *headers, ferry_context *context, const char *block,
                                size_t length) {
    ferry_buffer *text = &headers->text;
    ferry_error error = ferry_buffer_reserve(text, context, length);
    if (error != FERRY_OK) {
        return error;
    }
    memcpy(text->data + text->end, block, length);
    text->end += length;
    if (headers->reason_length > 0) {
        text->data[headers->reason + headers->reason_length] = '\0';
    }
    bool is_plain = !headers->has_folds && !headers->has_other_forms;
    for (size_t i = 0; i < headers->count && !is_plain && error == FERRY_OK; i++) {
        error = headers_respell(headers, context, i);
    }
    return error == FERRY_OK ? ferry_headers_seal(headers, context) : error;
}

bool ferry_headers_find(const ferry_headers *headers, ferry_span name, size_t *index,
                        ferry_span *value) {
    for (size_t i = *index; i < headers->count; i++) {
        if (headers->list[i].name_length == name.length &&
            ferry_span_equals(ferry_headers_name(headers, i), name)) {
            *value = ferry_headers_value(headers, i);
            *index = i + 1;
            return true;
        }
    }
    return false;
}

const char *const *ferry_headers_lines(ferry_headers *headers) {
    if (headers->count == 0) {
        return no_lines;
    }
    assert(headers->is_sealed);
    if (!headers->has_lines) {
        char *text = headers->text.data;
        const ferry_header *header = headers->list;
        for (size_t i = 0; i < headers->count; i++, header++) {
            text[header->value + header->value_length] = '\0';
            headers->lines[i] = text + header->line;
        }
        headers->lines[headers->count] = NULL;
        headers->has_lines = true;
    }
    return headers->lines;
}

static void headers_put(ferry_buffer *buffer, const char *data, size_t length) {
    assert(length <= buffer->capacity - buffer->end);
    if (length > 0) {
        memcpy(buffer->data + buffer->end, data, length);
        buffer->end += length;
    }
}

/* True where a field before `index` has its name. */
static bool is_repeated(const ferry_headers *headers, size_t index) {
    size_t from = 0;
    ferry_span value;
    return ferry_headers_find(headers, ferry_headers_name(headers, index), &from, &value) &&
           from <= index;
}

const ferry_field *ferry_headers_dictionary(ferry_headers *headers, size_t *count) {
    for (size_t i = 0; i < headers->count && !headers->has_dictionary; i++) {
        if (is_repeated(headers, i)) {
            continue;
        }
        ferry_buffer *buffer = &headers->dictionary;
        ferry_span name = ferry_headers_name(headers, i);
        ferry_field *field = &headers->fields[headers->field_count++];
        field->name = buffer->data + buffer->end;
        headers_put(buffer, name.data, name.length);
        headers_put(buffer, "", 1);
        field->value = buffer->data + buffer->end;
        size_t from = i;
        const char *separator = "";
        ferry_span value;
        while (ferry_headers_find(headers, name, &from, &value)) {
            headers_put(buffer, separator, strlen(separator));
            headers_put(buffer, value.data, value.length);
            separator = "; ";
        }
        headers_put(buffer, "", 1);
    }
    headers->has_dictionary = true;
    *count = headers->field_count;
    return headers->fields;
}
