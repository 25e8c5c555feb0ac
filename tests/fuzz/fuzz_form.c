/* SPDX-License-Identifier: MIT */
/* fuzz_form: parts of any names, types and data: the form has the lines that it must have and no
 * other, however it is read. */
#include "ferry.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_PARTS = 8 };

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

typedef struct input {
    const uint8_t *data;
    size_t size;
} input;

static uint8_t take_byte(input *in) {
    if (in->size == 0) {
        return 0;
    }
    in->size--;
    return *in->data++;
}

/* Up to the next byte of 0xff, with a NUL behind; freed by the caller. */
static char *take_text(input *in, size_t *length) {
    const uint8_t *end = in->size > 0 ? memchr(in->data, 0xff, in->size) : NULL;
    *length = end != NULL ? (size_t)(end - in->data) : in->size;
    char *text = malloc(*length + 1);
    require(text != NULL);
    if (*length > 0) {
        memcpy(text, in->data, *length);
    }
    text[*length] = '\0';
    in->data += *length;
    in->size -= *length;
    take_byte(in);
    return text;
}

/* What a part is made of, and what its function has given of it. */
typedef struct part {
    char *name;
    char *file_name;
    char *type;
    char *data;
    size_t length;
    size_t at;
    size_t step;
    bool is_known;
    bool has_file_name;
    bool has_type;
} part;

static ferry_error part_read(void *ctx, void *dst, size_t capacity, size_t *length) {
    part *from = ctx;
    size_t piece = from->step < capacity ? from->step : capacity;
    *length = piece < from->length - from->at ? piece : from->length - from->at;
    memcpy(dst, from->data + from->at, *length);
    from->at += *length;
    return FERRY_OK;
}

static ferry_error part_rewind(void *ctx) {
    ((part *)ctx)->at = 0;
    return FERRY_OK;
}

static void take_part(input *in, part *to) {
    size_t length;
    uint8_t flags = take_byte(in);
    *to = (part){.step = flags >> 4, .is_known = (flags & 1) != 0};
    to->has_file_name = (flags & 2) != 0;
    to->has_type = (flags & 4) != 0;
    to->name = take_text(in, &length);
    to->file_name = take_text(in, &length);
    to->type = take_text(in, &length);
    to->data = take_text(in, &to->length);
}

static ferry_error add_part(ferry_form *form, part *from) {
    ferry_form_part described = {
        .name = from->name,
        .file_name = from->has_file_name ? from->file_name : NULL,
        .content_type = from->has_type ? from->type : NULL,
    };
    if (from->step > 0) {
        described.read = part_read;
        described.rewind = part_rewind;
        described.ctx = from;
        described.read_length = from->is_known ? (int64_t)from->length : -1;
    } else {
        described.data = from->data;
        described.data_length = from->length;
        described.copy_data = from->is_known;
    }
    return ferry_form_add(form, &described);
}

/* All of the form, at most `step` bytes a call; freed by the caller. */
static char *read_form(ferry_form *form, size_t step, size_t *total) {
    char *text = NULL;
    for (*total = 0;;) {
        char *piece = malloc(step);
        size_t length = 0;
        require(piece != NULL && ferry_form_read(form, piece, step, &length) == FERRY_OK);
        require(length <= step);
        text = realloc(text, *total + length + 1);
        require(text != NULL);
        memcpy(text + *total, piece, length);
        text[*total + length] = '\0';
        *total += length;
        free(piece);
        if (length == 0) {
            return text;
        }
    }
}

static void expect(const char **at, const char *text) {
    require(strncmp(*at, text, strlen(text)) == 0);
    *at += strlen(text);
}

/* A quoted text: no line break in it, and no quote but the last. */
static void expect_quoted(const char **at) {
    *at += strcspn(*at, "\"\r\n");
    expect(at, "\"");
}

static void expect_part(const char **at, const part *from, const char *boundary) {
    expect(at, "--");
    expect(at, boundary);
    expect(at, "\r\nContent-Disposition: form-data; name=\"");
    expect_quoted(at);
    if (from->has_file_name) {
        expect(at, "; filename=\"");
        expect_quoted(at);
    }
    if (from->has_type || from->has_file_name) {
        expect(at, "\r\nContent-Type: ");
        expect(at, from->has_type ? from->type : "application/octet-stream");
    }
    expect(at, "\r\n\r\n");
    require(memcmp(*at, from->data, from->length) == 0);
    *at += from->length;
    expect(at, "\r\n");
}

static void check_form(ferry_form *form, const part *parts, size_t count, const char *text,
                       size_t length) {
    const char *boundary = strstr(ferry_form_get_content_type(form), "boundary=");
    const char *at = text;
    require(boundary != NULL);
    boundary += strlen("boundary=");
    for (size_t i = 0; i < count; i++) {
        expect_part(&at, &parts[i], boundary);
    }
    expect(&at, "--");
    expect(&at, boundary);
    expect(&at, "--\r\n");
    require(at == text + length);
    int64_t announced = ferry_form_get_length(form);
    require(announced < 0 || (uint64_t)announced == length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    input in = {data, size};
    part parts[MAX_PARTS];
    size_t count = 0;
    size_t length;
    size_t length_again;
    ferry_form *form = ferry_form_new(NULL);
    require(form != NULL);
    size_t step = 1 + take_byte(&in);
    while (in.size > 0 && count < MAX_PARTS) {
        part *next = &parts[count];
        take_part(&in, next);
        ferry_error error = add_part(form, next);
        if (error == FERRY_OK) {
            count++;
            continue;
        }
        require(error == FERRY_ERROR_INVALID_PARAMETER || error == FERRY_ERROR_TOO_LARGE);
        require(ferry_form_get_error_detail(form)[0] != '\0');
        free(next->name), free(next->file_name), free(next->type), free(next->data);
    }
    char *text = read_form(form, step, &length);
    check_form(form, parts, count, text, length);
    require(ferry_form_rewind(form) == FERRY_OK);
    char *again = read_form(form, 1000, &length_again);
    require(length == length_again && memcmp(text, again, length) == 0);
    free(text);
    free(again);
    ferry_form_free(form);
    for (size_t i = 0; i < count; i++) {
        free(parts[i].name), free(parts[i].file_name), free(parts[i].type), free(parts[i].data);
    }
    return 0;
}
