/* SPDX-License-Identifier: MIT */
/* form: what -F and --form-string ask for: the parts of a multipart form, some of them files. */
#ifndef FERRY_CLI_FORM_H
#define FERRY_CLI_FORM_H

#include <ferry.h>

#include <stdbool.h>
#include <stddef.h>

typedef struct cli_form_field {
    const char *name;
    const char *text;      /* NULL: it is a file's content, which is read while it is sent */
    size_t text_length;    /* in bytes */
    const char *path;      /* "-": standard input */
    int read_error;        /* an errno: why the file cannot be read */
    const char *file_name; /* NULL: the part is no file */
    const char *type;
} cli_form_field;

typedef struct cli_form {
    cli_form_field *fields;
    size_t count;
} cli_form;

/* Reads "name=content", as -F has it, or with `is_plain` as --form-string does. NULL, or a sentence
 * about what is wrong, which stays valid until the next call. */
const char *cli_form_add(cli_form *form, const char *argument, bool is_plain);
void cli_form_free(cli_form *form);

/* The body of one request: ordinary files are opened, and read while it is sent. */
typedef struct cli_form_body cli_form_body;

/* NULL: *problem is a sentence, and *is_local tells whether it is about a local file. */
cli_form_body *cli_form_open(const cli_form *form, const char **problem, bool *is_local);
ferry_form *cli_form_get(const cli_form_body *body);
/* The sentence of a file that could not be read while it was sent; NULL: there is none. */
const char *cli_form_get_problem(const cli_form_body *body);
void cli_form_close(cli_form_body *body);

#endif
