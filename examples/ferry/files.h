/* SPDX-License-Identifier: MIT */
/* files: reads the files that are sent, and writes the response to one. Calls that can fail
 * return 0 or an errno. */
#ifndef FERRY_FILES_H
#define FERRY_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Appends to bytes on the heap; they are never NULL afterwards. */
int cli_bytes_append(char **bytes, size_t *length, const char *more, size_t more_length);
/* The same with all of a file; "-" is standard input. */
int cli_bytes_append_file(char **bytes, size_t *length, const char *file);

/* Texts one by one, ended by NULL; NULL: none. */
typedef struct cli_lines {
    const char **items;
    size_t count;
} cli_lines;

int cli_lines_append(cli_lines *lines, const char *text);

/* ---- Input: a file that is sent piece by piece ---- */

typedef struct cli_input {
    int fd;         /* -1: not open */
    int64_t length; /* -1: not known, as with pipes and terminals */
    const char *name;
} cli_input;

int cli_input_open(cli_input *input, const char *file);
void cli_input_close(cli_input *input);
/* False where reading would have to wait. */
bool cli_input_is_ready(const cli_input *input);
/* 0 bytes: the end. */
int cli_input_read(cli_input *input, void *dst, size_t capacity, size_t *length);
/* For people: the name, or "standard input" for "-". */
const char *cli_input_name(const char *file);

/* ---- Output ---- */

typedef struct cli_output {
    int fd; /* -1: not open */
    const char *name;
    bool is_file;     /* an ordinary file, opened by name */
    bool was_created; /* there was no such file before */
    bool is_begun;
    int64_t written;
} cli_output;

/* Makes sure that `file` can be written, and leaves what it holds as it is; NULL: standard output.
 */
int cli_output_open(cli_output *output, const char *file);
/* There is something to write from now on: what the file held is gone. */
int cli_output_begin(cli_output *output);
int cli_output_write(cli_output *output, const void *data, size_t length);
/* Closes it; a file that was created and never begun is removed. */
int cli_output_close(cli_output *output);
bool cli_output_is_terminal(const cli_output *output);

#endif
