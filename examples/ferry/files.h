/* SPDX-License-Identifier: MIT */
/* files: reads the files that are sent, and writes the response to one. Calls that can fail
 * return 0 or an errno. */
#ifndef FERRY_CLI_FILES_H
#define FERRY_CLI_FILES_H

#include "text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Adds all of a file; "-" is standard input. */
int cli_text_add_file(cli_text *text, const char *file);

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
/* Adds all that is still to be read. */
int cli_text_add_input(cli_text *text, cli_input *input);
/* The next byte that is read is the one at `offset` from the beginning. */
int cli_input_seek(cli_input *input, int64_t offset);
/* For people: the name, or "standard input" for "-". */
const char *cli_input_name(const char *file);

/* ---- Output ---- */

typedef struct cli_output {
    int fd; /* -1: not open */
    const char *name;
    bool is_file;     /* an ordinary file, opened by name */
    bool was_created; /* by cli_output_open() */
    bool is_begun;
    int64_t from; /* what the file holds up to here stays */
    int64_t written;
} cli_output;

/* Makes sure that `file` can be written, and leaves what it holds as it is; a file that is not
 * there is made when it is begun. NULL: standard output. `is_new`: the file is made here, and one
 * that is there is EEXIST. */
int cli_output_open(cli_output *output, const char *file, bool is_new);
/* There is something to write from now on: what the file held behind `from` is gone. */
int cli_output_begin(cli_output *output);
int cli_output_write(cli_output *output, const void *data, size_t length);
/* Forgets what was written: the file is as it was when it was begun. */
int cli_output_restart(cli_output *output);
/* Closes it; a file that was created and never begun is removed. */
int cli_output_close(cli_output *output);
bool cli_output_is_terminal(const cli_output *output);

/* Makes the folders that lead to a file. */
int cli_folders_make(const char *file);

#endif
