/* SPDX-License-Identifier: MIT */
/* write_form: writes the form whose parts come on standard input, for a test that knows what it is
 * to be. A part is a name, a file name, a type and data, each ended by NUL; an empty file name or
 * type is none. Prints the content type, an LF and the form. */
#include <ferry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char input[1 << 20];

static const char *next_text(char **at) {
    char *text = *at;
    *at += strlen(text) + 1;
    return text;
}

static ferry_error add_part(ferry_form *form, char **at) {
    ferry_form_part part = {.name = next_text(at)};
    const char *file_name = next_text(at);
    const char *type = next_text(at);
    part.file_name = file_name[0] != '\0' ? file_name : NULL;
    part.content_type = type[0] != '\0' ? type : NULL;
    part.data = next_text(at);
    part.data_length = strlen(part.data);
    return ferry_form_add(form, &part);
}

static ferry_error write_form(ferry_form *form) {
    char piece[100];
    size_t length;
    ferry_error error;
    do {
        error = ferry_form_read(form, piece, sizeof piece, &length);
        if (error == FERRY_OK) {
            fwrite(piece, 1, length, stdout);
        }
    } while (error == FERRY_OK && length > 0);
    return error;
}

int main(void) {
    char *end = input + fread(input, 1, sizeof input - 1, stdin);
    char *at = input;
    ferry_form *form = ferry_form_new(NULL);
    ferry_error error = form != NULL ? FERRY_OK : FERRY_ERROR_OUT_OF_MEMORY;
    while (error == FERRY_OK && at < end) {
        error = add_part(form, &at);
    }
    if (error == FERRY_OK) {
        printf("%s\n", ferry_form_get_content_type(form));
        error = write_form(form);
    }
    if (error != FERRY_OK) {
        fprintf(stderr, "%s\n", form != NULL ? ferry_form_get_error_detail(form) : "no memory");
    }
    ferry_form_free(form);
    return error == FERRY_OK ? 0 : 1;
}
