/* SPDX-License-Identifier: MIT */
/* event_parser: reads server-sent events (HTML standard sections 9.2.5 and 9.2.6). */
#include "ferry_events.h"

#include "base/buffer.h"
#include "base/number.h"
#include "h1/field.h"

/* The standard's grammar, and where each piece is read:
 *
 *     stream  = [BOM] *event            parser_take_line()
 *     event   = *(comment | field) end  an empty line: parser_end_event()
 *     comment = ":" *any end            ferry_event_parser_read(), which keeps nothing of it
 *     field   = name [":" [" "] value] end   parser_take_field()
 *     end     = CR LF | LF | CR         ferry_event_parser_read(): an LF behind a CR is skipped */

static const size_t default_max_event_bytes = (size_t)1024 * 1024;

struct ferry_event_parser {
    ferry_context context;
    size_t max_event_bytes;
    ferry_error error; /* all that is read fails with it */
    ferry_buffer line; /* the beginning of a line whose end is still to come */
    ferry_buffer type; /* with a NUL behind it, as both ids; or empty */
    ferry_buffer data; /* with an LF behind each line */
    ferry_buffer next_id;
    ferry_buffer last_id;
    bool has_allocator;
    bool has_next_id; /* next_id is the last one once the event is complete */
    bool has_event;   /* `type` and `data` are those of the event that was given */
    bool is_first_line;
    bool is_in_comment;
    bool skips_lf; /* the last byte was the CR of a line's end */
    int64_t retry_ms;
    ferry_event event;
};

/* Names are compared with regard to case, which spans are not. */
static bool parser_field_is(ferry_span name, const char *wanted) {
    return name.length == strlen(wanted) && memcmp(name.data, wanted, name.length) == 0;
}

static size_t parser_event_bytes(const ferry_event_parser *parser) {
    return ferry_buffer_length(&parser->line) + ferry_buffer_length(&parser->type) +
           ferry_buffer_length(&parser->data);
}

/* The value and a byte behind it, instead of what was there. */
static ferry_error parser_set(ferry_event_parser *parser, ferry_buffer *buffer, ferry_span value) {
    ferry_buffer_clear(buffer);
    ferry_error error = ferry_buffer_append(buffer, &parser->context, value.data, value.length);
    return error != FERRY_OK ? error : ferry_buffer_append(buffer, &parser->context, "", 1);
}

static ferry_error parser_add_data(ferry_event_parser *parser, ferry_span value) {
    ferry_error error =
        ferry_buffer_append(&parser->data, &parser->context, value.data, value.length);
    return error != FERRY_OK ? error
                             : ferry_buffer_append(&parser->data, &parser->context, "\n", 1);
}

static void parser_set_retry(ferry_event_parser *parser, ferry_span value) {
    for (size_t i = 0; i < value.length; i++) {
        if (!ferry_is_digit(value.data[i])) {
            return;
        }
    }
    if (value.length > 0 && !ferry_decimal_read(value, &parser->retry_ms)) {
        parser->retry_ms = INT64_MAX;
    }
}

static ferry_error parser_take_field(ferry_event_parser *parser, ferry_span line) {
    const char *colon = memchr(line.data, ':', line.length);
    ferry_span name = {line.data, colon != NULL ? (size_t)(colon - line.data) : line.length};
    ferry_span value = ferry_span_skip(line, name.length + (colon != NULL ? 1 : 0));
    if (value.length > 0 && value.data[0] == ' ') {
        value = ferry_span_skip(value, 1);
    }
    if (parser_field_is(name, "data")) {
        return parser_add_data(parser, value);
    }
    if (parser_field_is(name, "event")) {
        return parser_set(parser, &parser->type, value);
    }
    if (parser_field_is(name, "id") && memchr(value.data, '\0', value.length) == NULL) {
        parser->has_next_id = true;
        return parser_set(parser, &parser->next_id, value);
    }
    if (parser_field_is(name, "retry")) {
        parser_set_retry(parser, value);
    }
    return FERRY_OK;
}

/* An id counts even where the event has no data, and so is none. */
static void parser_end_event(ferry_event_parser *parser) {
    if (parser->has_next_id) {
        ferry_buffer before = parser->last_id;
        parser->last_id = parser->next_id;
        parser->next_id = before;
        parser->has_next_id = false;
    }
    size_t length = ferry_buffer_length(&parser->data);
    if (length == 0) {
        ferry_buffer_clear(&parser->type);
        return;
    }
    char *data = ferry_buffer_content(&parser->data);
    data[length - 1] = '\0'; /* the last LF is no part of it */
    bool has_type = ferry_buffer_length(&parser->type) > 1;
    parser->has_event = true;
    parser->event = (ferry_event){
        .type = has_type ? ferry_buffer_content(&parser->type) : "message",
        .type_length = has_type ? ferry_buffer_length(&parser->type) - 1 : strlen("message"),
        .data = data,
        .data_length = length - 1,
        .last_event_id = ferry_event_parser_get_last_event_id(parser),
    };
}

static ferry_error parser_take_line(ferry_event_parser *parser, ferry_span line) {
    if (parser->is_first_line) {
        parser->is_first_line = false;
        ferry_span_take_prefix(&line, FERRY_SPAN("\xef\xbb\xbf"));
    }
    if (line.length == 0) {
        parser_end_event(parser);
        return FERRY_OK;
    }
    return line.data[0] == ':' ? FERRY_OK : parser_take_field(parser, line);
}

/* A piece of a line, up to its end or to that of the bytes that are there. */
static ferry_error parser_take_piece(ferry_event_parser *parser, ferry_span piece, bool is_end) {
    size_t bytes = parser_event_bytes(parser);
    if (piece.length > parser->max_event_bytes || bytes > parser->max_event_bytes - piece.length) {
        return ferry_fail(&parser->context, FERRY_ERROR_TOO_LARGE,
                          "an event exceeds %zu bytes (max_event_bytes)", parser->max_event_bytes);
    }
    if (is_end && ferry_buffer_length(&parser->line) == 0) {
        return parser_take_line(parser, piece);
    }
    ferry_error error =
        ferry_buffer_append(&parser->line, &parser->context, piece.data, piece.length);
    if (error == FERRY_OK && is_end) {
        ferry_span line = {ferry_buffer_content(&parser->line), ferry_buffer_length(&parser->line)};
        error = parser_take_line(parser, line);
        ferry_buffer_clear(&parser->line);
    }
    return error;
}

/* Up to the first CR or LF; all of the text where there is none. One pass, whichever it is. */
static size_t parser_find_line_end(ferry_span text) {
    const char *end = text.data + text.length;
    const char *at = ferry_h1_find_low_byte(text.data, end);
    while (at < end && *at != '\r' && *at != '\n') {
        at = ferry_h1_find_low_byte(at + 1, end);
    }
    return (size_t)(at - text.data);
}

static ferry_error parser_take(ferry_event_parser *parser, ferry_span *text) {
    if (parser->skips_lf) {
        parser->skips_lf = false;
        if (text->data[0] == '\n') {
            *text = ferry_span_skip(*text, 1);
            return FERRY_OK;
        }
    }
    if (text->data[0] == ':' && ferry_buffer_length(&parser->line) == 0) {
        parser->is_in_comment = true;
        parser->is_first_line = false;
    }
    size_t length = parser_find_line_end(*text);
    ferry_span piece = {text->data, length};
    bool is_end = length < text->length;
    parser->skips_lf = is_end && text->data[length] == '\r';
    *text = ferry_span_skip(*text, is_end ? length + 1 : length);
    if (parser->is_in_comment) {
        parser->is_in_comment = !is_end;
        return FERRY_OK;
    }
    return parser_take_piece(parser, piece, is_end);
}

static void parser_forget_event(ferry_event_parser *parser) {
    parser->has_event = false;
    ferry_buffer_clear(&parser->type);
    ferry_buffer_clear(&parser->data);
    ferry_buffer_trim(&parser->type, &parser->context);
    ferry_buffer_trim(&parser->data, &parser->context);
    ferry_buffer_trim(&parser->line, &parser->context);
}

/* What is left of a stream goes; what the next one needs stays. */
static void parser_begin(ferry_event_parser *parser) {
    parser_forget_event(parser);
    ferry_buffer_clear(&parser->line);
    parser->has_next_id = false;
    parser->is_first_line = true;
    parser->is_in_comment = false;
    parser->skips_lf = false;
    parser->error = FERRY_OK;
    if (!parser->has_allocator) {
        parser->error =
            ferry_fail(&parser->context, FERRY_ERROR_INVALID_PARAMETER,
                       "only some of the allocator's functions are given: alloc, realloc and free");
    }
}

ferry_event_parser *ferry_event_parser_new(const ferry_event_parser_options *options) {
    static const ferry_event_parser_options none = {0};
    const ferry_event_parser_options *from = options != NULL ? options : &none;
    ferry_context context = {.allocator = from->allocator};
    bool has_allocator = ferry_allocator_choose(&context.allocator);
    ferry_event_parser *parser = ferry_alloc(&context, sizeof *parser);
    if (parser == NULL) {
        return NULL;
    }
    size_t most = from->max_event_bytes > 0 ? from->max_event_bytes : default_max_event_bytes;
    most = ferry_size_least(most, FERRY_LIMIT_EVENT);
    *parser = (ferry_event_parser){
        .context = context,
        .max_event_bytes = most,
        .has_allocator = has_allocator,
        .retry_ms = -1,
    };
    ferry_buffer_init(&parser->line, most + 1, "an event");
    ferry_buffer_init(&parser->type, most + 1, "an event");
    ferry_buffer_init(&parser->data, most + 1, "an event");
    ferry_buffer_init(&parser->next_id, most + 1, "an event");
    ferry_buffer_init(&parser->last_id, most + 1, "an event");
    parser_begin(parser);
    return parser;
}

void ferry_event_parser_free(ferry_event_parser *parser) {
    if (parser == NULL) {
        return;
    }
    ferry_buffer_deinit(&parser->last_id, &parser->context);
    ferry_buffer_deinit(&parser->next_id, &parser->context);
    ferry_buffer_deinit(&parser->data, &parser->context);
    ferry_buffer_deinit(&parser->type, &parser->context);
    ferry_buffer_deinit(&parser->line, &parser->context);
    ferry_allocator allocator = parser->context.allocator;
    allocator.free(allocator.ctx, parser);
}

ferry_error ferry_event_parser_read(ferry_event_parser *parser, const void *bytes, size_t length,
                                    size_t *taken, const ferry_event **event) {
    if (parser->error != FERRY_OK) {
        return parser->error;
    }
    if (bytes == NULL && length > 0) {
        return ferry_fail(&parser->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the bytes of the events are NULL");
    }
    if (parser->has_event) {
        parser_forget_event(parser);
    }
    ferry_span text = {bytes, length};
    while (text.length > 0 && !parser->has_event) {
        parser->error = parser_take(parser, &text);
        if (parser->error != FERRY_OK) {
            return parser->error;
        }
    }
    *taken = length - text.length;
    *event = parser->has_event ? &parser->event : NULL;
    return FERRY_OK;
}

void ferry_event_parser_reset(ferry_event_parser *parser) {
    parser_begin(parser);
}

const char *ferry_event_parser_get_last_event_id(const ferry_event_parser *parser) {
    bool is_empty = ferry_buffer_length(&parser->last_id) == 0;
    return is_empty ? "" : ferry_buffer_content(&parser->last_id);
}

int64_t ferry_event_parser_get_retry_ms(const ferry_event_parser *parser) {
    return parser->retry_ms;
}

const char *ferry_event_parser_get_error_detail(const ferry_event_parser *parser) {
    return parser->context.detail;
}
