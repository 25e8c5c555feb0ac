/* SPDX-License-Identifier: MIT */
/* form: writes multipart/form-data (RFC 7578, RFC 2046 section 5.1.1) as it is asked for. */
#include "ferry_form.h"

#include "base/buffer.h"
#include "client/runtime.h"
#include "message/body_source.h"
#include "message/request_check.h"

/* What is written, and in which stage:
 *
 *     body  = *part close
 *     part  = "--" boundary CRLF fields CRLF   HEAD
 *             bytes                            DATA
 *             CRLF                             TAIL
 *     close = "--" boundary "--" CRLF          CLOSE, then END */
typedef enum form_stage {
    FORM_HEAD,
    FORM_DATA,
    FORM_TAIL,
    FORM_CLOSE,
    FORM_END,
} form_stage;

enum { RANDOM_BYTES = 16 };

#define FORM_LINE_START "Content-Type: multipart/form-data; boundary="
#define FORM_BOUNDARY_START "----ferry"
enum {
    CONTENT_TYPE_OFFSET = sizeof "Content-Type: " - 1,
    BOUNDARY_OFFSET = sizeof FORM_LINE_START - 1,
    BOUNDARY_LENGTH = sizeof FORM_BOUNDARY_START - 1 + 2 * (size_t)RANDOM_BYTES, /* at most 70 */
    CLOSE_LENGTH = 2 + BOUNDARY_LENGTH + 4,
};

/* Its head stands behind it in the same block, and then the data, where they are copied. */
typedef struct form_part form_part;
struct form_part {
    form_part *next;
    ferry_span head;
    ferry_span name; /* in the head, as it is written */
    ferry_span data;
    ferry_body_source source; /* `read` is NULL: the bytes are `data` */
    ferry_body_rewind rewind;
    int64_t read_length;
    bool was_read; /* the source was called since its beginning */
};

struct ferry_form {
    ferry_context context;
    ferry_error flaw;  /* with which all fails */
    ferry_error error; /* with which reading fails until the form is rewound */
    form_part *first;
    form_part *last;
    int64_t length; /* of the parts; -1: not known */
    form_stage stage;
    form_part *part; /* that the stage is in */
    size_t offset;   /* in what the stage writes */
    char close[CLOSE_LENGTH + 1];
    char line[BOUNDARY_OFFSET + BOUNDARY_LENGTH + 1];
};

/* A part's head while it is written, and where the name stands in it. */
typedef struct form_writer {
    ferry_context *context;
    ferry_buffer head;
    ferry_error error; /* the first one; what follows writes nothing */
    size_t name_start;
    size_t name_end;
} form_writer;

static ferry_span form_boundary(const ferry_form *form) {
    return (ferry_span){form->line + BOUNDARY_OFFSET, BOUNDARY_LENGTH};
}

/* Each stage says what follows it. */
static void form_enter(ferry_form *form, form_stage stage, form_part *part) {
    form->stage = stage;
    form->part = part;
    form->offset = 0;
}

static void form_enter_part(ferry_form *form, form_part *part) {
    form_enter(form, part != NULL ? FORM_HEAD : FORM_CLOSE, part);
}

static void form_start(ferry_form *form) {
    form->error = FERRY_OK;
    form_enter_part(form, form->first);
}

static bool form_is_at_start(const ferry_form *form) {
    bool is_first =
        form->part == form->first && form->stage == (form->first != NULL ? FORM_HEAD : FORM_CLOSE);
    return is_first && form->offset == 0 && form->error == FERRY_OK;
}

static void form_put(form_writer *writer, ferry_span text) {
    if (writer->error == FERRY_OK) {
        writer->error = ferry_buffer_append(&writer->head, writer->context, text.data, text.length);
    }
}

/* What stands for the byte or the line break that the text begins with; its length in *length. */
static ferry_span form_escape(ferry_span text, bool is_file, size_t *length) {
    char c = text.data[0];
    bool is_pair = c == '\r' && text.length > 1 && text.data[1] == '\n';
    *length = is_pair ? 2 : 1;
    if (c == '"') {
        return FERRY_SPAN("%22");
    }
    if (is_pair || !is_file) {
        return FERRY_SPAN("%0D%0A");
    }
    return c == '\r' ? FERRY_SPAN("%0D") : FERRY_SPAN("%0A");
}

/* HTML standard, "escape a multipart name", which breaks lines in one way in names of fields. */
static void form_put_name(form_writer *writer, const char *name, bool is_file) {
    ferry_span text = ferry_span_of(name);
    while (text.length > 0) {
        size_t length = ferry_span_find_any(text, "\"\r\n");
        ferry_span piece = {text.data, length};
        if (length == 0) {
            piece = form_escape(text, is_file, &length);
        }
        text = ferry_span_skip(text, length);
        form_put(writer, piece);
    }
}

static void form_put_head(form_writer *writer, const ferry_form_part *part, ferry_span boundary) {
    const char *type = part->content_type;
    if (type == NULL && part->file_name != NULL) {
        type = "application/octet-stream";
    }
    form_put(writer, FERRY_SPAN("--"));
    form_put(writer, boundary);
    form_put(writer, FERRY_SPAN("\r\nContent-Disposition: form-data; name=\""));
    writer->name_start = ferry_buffer_length(&writer->head);
    form_put_name(writer, part->name, false);
    writer->name_end = ferry_buffer_length(&writer->head);
    form_put(writer, FERRY_SPAN("\""));
    if (part->file_name != NULL) {
        form_put(writer, FERRY_SPAN("; filename=\""));
        form_put_name(writer, part->file_name, true);
        form_put(writer, FERRY_SPAN("\""));
    }
    if (type != NULL) {
        form_put(writer, FERRY_SPAN("\r\nContent-Type: "));
        form_put(writer, ferry_span_of(type));
    }
    form_put(writer, FERRY_SPAN("\r\n\r\n"));
}

static const char *form_part_fault(const ferry_form_part *part) {
    if (part->name == NULL) {
        return "a part of the form has no name";
    }
    if (part->content_type != NULL &&
        (part->content_type[0] == '\0' ||
         !ferry_field_value_is_valid(ferry_span_of(part->content_type)))) {
        return "the content type of a form's part is empty or has a CR, LF or another control "
               "character";
    }
    if (part->read != NULL && (part->data != NULL || part->data_length > 0)) {
        return "a part of the form has both data and a function that gives them";
    }
    return part->data == NULL && part->data_length > 0
               ? "a part of the form has a length, but its data are NULL"
               : NULL;
}

/* The length of the form with this part, which has a line end behind it. */
static ferry_error form_add_length(ferry_form *form, const ferry_form_part *part, size_t head,
                                   int64_t *length) {
    uint64_t bytes = part->read == NULL      ? part->data_length
                     : part->read_length > 0 ? (uint64_t)part->read_length
                                             : 0;
    uint64_t left = (uint64_t)INT64_MAX - CLOSE_LENGTH - head - 2;
    *length = -1;
    if (form->length < 0 || (part->read != NULL && part->read_length < 0)) {
        return FERRY_OK;
    }
    if (bytes > left || (uint64_t)form->length > left - bytes) {
        return ferry_fail(&form->context, FERRY_ERROR_TOO_LARGE,
                          "the form exceeds %lld bytes, the most that can be counted",
                          (long long)INT64_MAX);
    }
    *length = form->length + (int64_t)(head + bytes + 2);
    return FERRY_OK;
}

/* NULL: no memory. */
static form_part *form_make_part(const ferry_form *form, const ferry_form_part *from,
                                 ferry_span head) {
    size_t copied = from->copy_data ? from->data_length : 0;
    form_part *part = ferry_alloc(&form->context, sizeof *part + head.length + copied);
    if (part == NULL) {
        return NULL;
    }
    char *text = (char *)(part + 1);
    memcpy(text, head.data, head.length);
    *part = (form_part){
        .head = {text, head.length},
        .data = {from->data, from->data_length},
        .source = {from->read, from->ctx, from->read_length < 0 ? -1 : from->read_length},
        .rewind = from->rewind,
        .read_length = from->read_length < 0 ? -1 : from->read_length,
    };
    if (copied > 0) {
        memcpy(text + head.length, from->data, copied);
        part->data.data = text + head.length;
    }
    return part;
}

static ferry_error form_append(ferry_form *form, const ferry_form_part *from,
                               const form_writer *writer) {
    ferry_span head = {ferry_buffer_content(&writer->head), ferry_buffer_length(&writer->head)};
    int64_t length;
    ferry_error error = form_add_length(form, from, head.length, &length);
    if (error != FERRY_OK) {
        return error;
    }
    form_part *part = form_make_part(form, from, head);
    if (part == NULL) {
        return ferry_fail_memory(&form->context);
    }
    part->name =
        (ferry_span){part->head.data + writer->name_start, writer->name_end - writer->name_start};
    *(form->last != NULL ? &form->last->next : &form->first) = part;
    form->last = part;
    form->length = length;
    form_start(form);
    return FERRY_OK;
}

/* Says of which part the detail is. */
static ferry_error form_fail_part(ferry_form *form, const form_part *part, ferry_error error) {
    int length = (int)ferry_size_least(part->name.length, 80);
    return ferry_fail_prefix(&form->context, error, "the part \"%.*s\" of the form", length,
                             part->name.data);
}

static ferry_error form_rewind_part(ferry_form *form, form_part *part) {
    ferry_error error = FERRY_ERROR_UNAVAILABLE;
    if (part->rewind == NULL) {
        ferry_fail(&form->context, error, "it was read, and has no function that rewinds it");
        return form_fail_part(form, part, error);
    }
    error = part->rewind(part->source.ctx);
    if (error != FERRY_OK) {
        ferry_fail(&form->context, error, "the program did not rewind it: %s",
                   ferry_error_message(error));
        return form_fail_part(form, part, error);
    }
    part->was_read = false;
    part->source.remaining = part->read_length;
    return FERRY_OK;
}

/* Stores how many bytes the part's function gave; 0: it has ended. */
static ferry_error form_read_source(ferry_form *form, void *dst, size_t capacity, size_t *length) {
    ferry_body_source *source = &form->part->source;
    *length = 0;
    if (ferry_body_source_is_exhausted(source)) {
        return FERRY_OK;
    }
    form->part->was_read = true;
    ferry_error error = ferry_body_source_read(source, &form->context, dst, capacity, length);
    return error == FERRY_OK ? FERRY_OK : form_fail_part(form, form->part, error);
}

/* Copies what is left of a text; *length 0: nothing was. */
static ferry_error form_read_text(ferry_form *form, ferry_span text, char *dst, size_t capacity,
                                  size_t *length) {
    *length = ferry_size_least(text.length - form->offset, capacity);
    if (*length > 0) {
        memcpy(dst, text.data + form->offset, *length);
    }
    form->offset += *length;
    return FERRY_OK;
}

/* What the stage writes; *length 0: it is over. */
static ferry_error form_read_stage(ferry_form *form, char *dst, size_t capacity, size_t *length) {
    switch (form->stage) {
    case FORM_HEAD:
        return form_read_text(form, form->part->head, dst, capacity, length);
    case FORM_DATA:
        return form->part->source.read != NULL
                   ? form_read_source(form, dst, capacity, length)
                   : form_read_text(form, form->part->data, dst, capacity, length);
    case FORM_TAIL:
        return form_read_text(form, FERRY_SPAN("\r\n"), dst, capacity, length);
    case FORM_CLOSE:
        return form_read_text(form, (ferry_span){form->close, CLOSE_LENGTH}, dst, capacity, length);
    case FORM_END:
        break;
    }
    *length = 0;
    return FERRY_OK;
}

static void form_advance(ferry_form *form) {
    switch (form->stage) {
    case FORM_HEAD:
        form_enter(form, FORM_DATA, form->part);
        break;
    case FORM_DATA:
        form_enter(form, FORM_TAIL, form->part);
        break;
    case FORM_TAIL:
        form_enter_part(form, form->part->next);
        break;
    case FORM_CLOSE:
    case FORM_END:
        form_enter(form, FORM_END, NULL);
        break;
    }
}

static ferry_error form_choose_boundary(ferry_form *form) {
    unsigned char random[RANDOM_BYTES];
    if (!ferry_runtime_random(random, sizeof random)) {
        return ferry_fail(&form->context, FERRY_ERROR_FAILED,
                          "the form has no boundary: this system gives no random bytes");
    }
    memcpy(form->line, FORM_LINE_START FORM_BOUNDARY_START,
           sizeof FORM_LINE_START FORM_BOUNDARY_START);
    char *at = form->line + strlen(form->line);
    for (size_t i = 0; i < sizeof random; i++) {
        *at++ = "0123456789abcdef"[random[i] >> 4];
        *at++ = "0123456789abcdef"[random[i] & 15];
    }
    *at = '\0';
    ferry_format(form->close, sizeof form->close, "--%s--\r\n", form->line + BOUNDARY_OFFSET);
    return FERRY_OK;
}

ferry_form *ferry_form_new(const ferry_allocator *allocator) {
    ferry_context context = {.detail = ""};
    if (allocator != NULL) {
        context.allocator = *allocator;
    }
    bool has_allocator = ferry_allocator_choose(&context.allocator);
    ferry_form *form = ferry_alloc(&context, sizeof *form);
    if (form == NULL) {
        return NULL;
    }
    *form = (ferry_form){.context = context};
    form->flaw = has_allocator
                     ? form_choose_boundary(form)
                     : ferry_fail(&form->context, FERRY_ERROR_INVALID_PARAMETER,
                                  "only some of the allocator's functions are given: alloc, "
                                  "realloc and free");
    form_start(form);
    return form;
}

void ferry_form_free(ferry_form *form) {
    if (form == NULL) {
        return;
    }
    for (form_part *part = form->first; part != NULL;) {
        form_part *next = part->next;
        ferry_free(&form->context, part);
        part = next;
    }
    ferry_allocator allocator = form->context.allocator;
    allocator.free(allocator.ctx, form);
}

ferry_error ferry_form_add(ferry_form *form, const ferry_form_part *part) {
    if (form->flaw != FERRY_OK) {
        return form->flaw;
    }
    if (!form_is_at_start(form)) {
        return ferry_fail(&form->context, FERRY_ERROR_BUSY,
                          "the form is being read: rewind it before another part is added");
    }
    const char *fault = form_part_fault(part);
    if (fault != NULL) {
        return ferry_fail(&form->context, FERRY_ERROR_INVALID_PARAMETER, "%s", fault);
    }
    if (part->copy_data && part->data_length > FERRY_LIMIT_COPIED_BODY) {
        return ferry_fail(&form->context, FERRY_ERROR_TOO_LARGE,
                          "the data of a form's part exceed %d bytes: do not copy them",
                          FERRY_LIMIT_COPIED_BODY);
    }
    form_writer writer = {.context = &form->context};
    ferry_buffer_init(&writer.head, FERRY_LIMIT_FORM_HEAD, "what the form says of a part");
    form_put_head(&writer, part, form_boundary(form));
    ferry_error error = writer.error == FERRY_OK ? form_append(form, part, &writer) : writer.error;
    ferry_buffer_deinit(&writer.head, &form->context);
    return error;
}

const char *ferry_form_get_content_type(const ferry_form *form) {
    return form->flaw == FERRY_OK ? form->line + CONTENT_TYPE_OFFSET : "";
}

const char *ferry_form_get_header(const ferry_form *form) {
    return form->line;
}

int64_t ferry_form_get_length(const ferry_form *form) {
    return form->length < 0 ? -1 : form->length + CLOSE_LENGTH;
}

ferry_error ferry_form_read(void *ctx, void *dst, size_t capacity, size_t *length) {
    ferry_form *form = ctx;
    size_t used = 0;
    if (form->flaw != FERRY_OK || form->error != FERRY_OK) {
        return form->flaw != FERRY_OK ? form->flaw : form->error;
    }
    while (used < capacity && form->stage != FORM_END) {
        size_t piece;
        form->error = form_read_stage(form, (char *)dst + used, capacity - used, &piece);
        if (form->error != FERRY_OK) {
            return form->error;
        }
        if (piece == 0) {
            form_advance(form);
            continue;
        }
        used += piece;
        if (form->stage == FORM_DATA && form->part->source.read != NULL) {
            break; /* the next call of the function may have to wait for its bytes */
        }
    }
    *length = used;
    return FERRY_OK;
}

ferry_error ferry_form_rewind(void *ctx) {
    ferry_form *form = ctx;
    if (form->flaw != FERRY_OK) {
        return form->flaw;
    }
    for (form_part *part = form->first; part != NULL; part = part->next) {
        form->error = part->was_read ? form_rewind_part(form, part) : FERRY_OK;
        if (form->error != FERRY_OK) {
            return form->error;
        }
    }
    form_start(form);
    return FERRY_OK;
}

const char *ferry_form_get_error_detail(const ferry_form *form) {
    return form->context.detail;
}
