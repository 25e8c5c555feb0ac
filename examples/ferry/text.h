/* SPDX-License-Identifier: MIT */
/* text: texts and lists that grow. Where there is no memory, the program says so and ends: nothing
 * that it could do without would be worth more. */
#ifndef FERRY_CLI_TEXT_H
#define FERRY_CLI_TEXT_H

#include <stddef.h>

/* As realloc(), but never NULL. */
void *cli_resize(void *block, size_t size);

/* `count` zeroed bytes. */
void *cli_zeroed(size_t size);

/* Bytes with a NUL behind them. Zeroed, it is empty: data is NULL then. */
typedef struct cli_text {
    char *data;
    size_t length;
} cli_text;

void cli_text_add(cli_text *text, const void *data, size_t length);
void cli_text_add_string(cli_text *text, const char *string);
void cli_text_add_format(cli_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* As encodeURIComponent() does, for bytes: all but letters, digits and "-._~" becomes %XX. */
void cli_text_add_encoded(cli_text *text, const char *data, size_t length);
void cli_text_add_base64(cli_text *text, const char *data, size_t length);
/* What is there; "" where it is empty. */
const char *cli_text_get(const cli_text *text);
void cli_text_free(cli_text *text);

char *cli_copy(const char *string);
char *cli_copy_part(const char *data, size_t length);

/* Texts one by one, ended by NULL; NULL: none. */
typedef struct cli_lines {
    const char **items;
    size_t count;
} cli_lines;

/* Adds a text of somebody else's. */
void cli_lines_add(cli_lines *lines, const char *text);
void cli_lines_free(cli_lines *lines);

/* Keeps a text from the heap until cli_free_kept(), and gives it. */
const char *cli_keep(char *text);
void cli_free_kept(void);

#endif
