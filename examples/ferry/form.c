/* SPDX-License-Identifier: MIT */
/* form: curl's way to write a part on the command line, and files that are read as they are sent.
 *
 *     field   = name "=" content *( ";" word "=" value )
 *     content = text                    ; a part
 *             / "@" path                ; a file, with its name
 *             / "<" path                ; a part whose text is a file's
 *     word    = "type" / "filename"
 *
 * A text or path in double quotes may hold ';'; in it '\' stands before '"' and '\'. */
#include "form.h"

#include "files.h"
#include "messages.h"
#include "text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static char sentence[512];

__attribute__((format(printf, 1, 2))) static const char *form_explain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    return sentence;
}

/* ---- The command line ---- */

/* Reads up to one of `ends`, or all; *at is then there. */
static const char *form_take_word(const char **at, const char *ends) {
    const char *from = *at + strspn(*at, " ");
    cli_text word = {NULL, 0};
    const char *quote = *from == '"' ? from + 1 : NULL;
    while (quote != NULL && *quote != '\0' && *quote != '"') {
        quote += *quote == '\\' && (quote[1] == '"' || quote[1] == '\\');
        cli_text_add(&word, quote++, 1);
    }
    if (quote != NULL && *quote == '"') {
        quote += 1 + strspn(quote + 1, " ");
        if (*quote == '\0' || strchr(ends, *quote) != NULL) {
            *at = quote;
            cli_text_add(&word, "", 0);
            return cli_keep(word.data);
        }
    }
    cli_text_free(&word); /* no closing quote, or something behind it: they mean themselves */
    size_t length = strcspn(from, ends);
    *at = from + length;
    while (**at == '\0' && length > 0 && from[length - 1] == ' ' && ends[0] == ';') {
        length--;
    }
    return cli_keep(cli_copy_part(from, length));
}

/* As curl tells it from the end of a name. */
static const char *form_guess_type(const char *file_name) {
    static const char *const types[][2] = {
        {".gif", "image/gif"},       {".jpg", "image/jpeg"},    {".jpeg", "image/jpeg"},
        {".png", "image/png"},       {".svg", "image/svg+xml"}, {".txt", "text/plain"},
        {".htm", "text/html"},       {".html", "text/html"},    {".pdf", "application/pdf"},
        {".xml", "application/xml"},
    };
    size_t length = strlen(file_name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        size_t end = strlen(types[i][0]);
        if (length > end && strcasecmp(file_name + length - end, types[i][0]) == 0) {
            return types[i][1];
        }
    }
    return NULL;
}

static const char *form_name_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* Where a word of ours begins behind a ';'. */
static bool form_is_word(const char *at) {
    at += *at == ';';
    at += strspn(at, " ");
    return strncasecmp(at, "type=", 5) == 0 || strncasecmp(at, "filename=", 9) == 0;
}

/* A type has parameters of its own, such as "; charset=utf-8". */
static const char *form_take_type(const char **at) {
    const char *from = *at;
    *at += strcspn(*at, ";");
    while (**at == ';' && !form_is_word(*at)) {
        *at += 1 + strcspn(*at + 1, ";");
    }
    size_t length = (size_t)(*at - from);
    while (length > 0 && from[length - 1] == ' ') {
        length--;
    }
    return cli_keep(cli_copy_part(from, length));
}

/* "type=image/png;filename=x" */
static const char *field_take_words(cli_form_field *field, const char *at) {
    while (*at == ';') {
        if (!form_is_word(at)) {
            return form_explain("a part of a form has type= and filename=, not '%.100s'", at + 1);
        }
        at += 1 + strspn(at + 1, " ");
        bool is_type = strncasecmp(at, "type=", 5) == 0;
        at += is_type ? 5 : 9;
        if (is_type) {
            field->type = form_take_type(&at);
        } else {
            field->file_name = form_take_word(&at, ";");
        }
    }
    return NULL;
}

static void field_set_text(cli_form_field *field, const char *text) {
    field->text = text;
    field->text_length = strlen(text);
}

/* The length of a part must be known, and retries and other URLs send it again: what is no ordinary
 * file, such as a pipe, is read here, once. */
static void field_read_pipe(cli_form_field *field) {
    cli_input input;
    field->read_error = cli_input_open(&input, field->path);
    if (field->read_error == 0 && input.length < 0) {
        cli_text text = {NULL, 0};
        field->read_error = cli_text_add_input(&text, &input);
        cli_text_add(&text, "", 0);
        field->text = cli_keep(text.data);
        field->text_length = text.length;
    }
    cli_input_close(&input);
}

static void form_put(cli_form *form, const cli_form_field *field) {
    form->fields = cli_resize(form->fields, (form->count + 1) * sizeof *form->fields);
    form->fields[form->count++] = *field;
}

const char *cli_form_add(cli_form *form, const char *argument, bool is_plain) {
    const char *equals = strchr(argument, '=');
    if (equals == NULL) {
        return form_explain("a part of a form is NAME=CONTENT, not '%.100s'", argument);
    }
    cli_form_field field = {
        .name = cli_keep(cli_copy_part(argument, (size_t)(equals - argument))),
    };
    const char *at = equals + 1;
    if (is_plain) {
        field_set_text(&field, at);
        form_put(form, &field);
        return NULL;
    }
    char kind = *at;
    if (kind != '@' && kind != '<') {
        field_set_text(&field, form_take_word(&at, ";"));
    } else {
        at++;
        field.path = form_take_word(&at, ";,");
        if (*at == ',') {
            return "several files in one part ('@a,b') are not in ferry: give one -F for each";
        }
        if (kind == '@') {
            field.file_name = strcmp(field.path, "-") == 0 ? "-" : form_name_of(field.path);
        }
    }
    const char *problem = field_take_words(&field, at);
    if (problem == NULL && field.file_name != NULL && field.type == NULL) {
        field.type = form_guess_type(field.file_name);
        if (field.type == NULL && field.path != NULL) {
            field.type = form_guess_type(field.path);
        }
    }
    if (problem == NULL && field.path != NULL) {
        field_read_pipe(&field);
    }
    form_put(form, &field);
    return problem;
}

void cli_form_free(cli_form *form) {
    free(form->fields);
}

/* ---- The body ---- */

typedef struct form_file {
    cli_form_body *body;
    cli_input input;
} form_file;

struct cli_form_body {
    ferry_form *form;
    form_file *files;
    size_t count;
    const char *problem;
};

static ferry_error form_read_file(void *ctx, void *dst, size_t capacity, size_t *length) {
    form_file *file = ctx;
    int problem = cli_input_read(&file->input, dst, capacity, length);
    if (problem == 0) {
        return FERRY_OK;
    }
    file->body->problem = form_explain("cannot read %s: %s", file->input.name, strerror(problem));
    return FERRY_ERROR_FILE;
}

static ferry_error form_rewind_file(void *ctx) {
    form_file *file = ctx;
    return cli_input_seek(&file->input, 0) == 0 ? FERRY_OK : FERRY_ERROR_FILE;
}

static const char *form_open_file(form_file *file, const cli_form_field *field,
                                  ferry_form_part *part) {
    int problem = field->read_error;
    if (problem == 0) {
        problem = cli_input_open(&file->input, field->path);
    }
    if (problem == 0) {
        part->read = form_read_file;
        part->rewind = form_rewind_file;
        part->ctx = file;
        part->read_length = file->input.length;
    }
    return problem == 0
               ? NULL
               : form_explain("cannot read %s: %s", cli_input_name(field->path), strerror(problem));
}

cli_form_body *cli_form_open(const cli_form *form, const char **problem, bool *is_local) {
    cli_form_body *body = cli_zeroed(sizeof *body);
    body->files = cli_zeroed(form->count * sizeof *body->files);
    body->form = ferry_form_new(NULL);
    *problem = body->form == NULL ? "out of memory" : NULL;
    *is_local = false;
    for (size_t i = 0; i < form->count && *problem == NULL; i++) {
        const cli_form_field *field = &form->fields[i];
        ferry_form_part part = {
            .name = field->name,
            .file_name = field->file_name,
            .content_type = field->type,
        };
        body->files[i] = (form_file){.body = body, .input.fd = -1};
        body->count++;
        if (field->read_error != 0 || field->text == NULL) {
            *problem = form_open_file(&body->files[i], field, &part);
            *is_local = *problem != NULL;
        } else {
            part.data = field->text;
            part.data_length = field->text_length;
        }
        if (*problem == NULL && ferry_form_add(body->form, &part) != FERRY_OK) {
            *problem = form_explain("%s", ferry_form_get_error_detail(body->form));
        }
    }
    if (*problem != NULL) {
        cli_form_close(body);
        return NULL;
    }
    return body;
}

ferry_form *cli_form_get(const cli_form_body *body) {
    return body->form;
}

const char *cli_form_get_problem(const cli_form_body *body) {
    return body->problem;
}

void cli_form_close(cli_form_body *body) {
    if (body == NULL) {
        return;
    }
    ferry_form_free(body->form);
    for (size_t i = 0; i < body->count; i++) {
        cli_input_close(&body->files[i].input);
    }
    free(body->files);
    free(body);
}
