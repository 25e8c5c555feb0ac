/* SPDX-License-Identifier: MIT */
/* text: the list of what is kept is the program's own, as its arguments are. */
#include "text.h"

#include "messages.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cli_lines kept;

void *cli_resize(void *block, size_t size) {
    void *resized = realloc(block, size > 0 ? size : 1);
    if (resized == NULL) {
        cli_say("out of memory");
        exit(CLI_EXIT_MEMORY);
    }
    return resized;
}

void *cli_zeroed(size_t size) {
    return memset(cli_resize(NULL, size), 0, size);
}

void cli_text_add(cli_text *text, const void *data, size_t length) {
    text->data = cli_resize(text->data, text->length + length + 1);
    if (length > 0) {
        memcpy(text->data + text->length, data, length);
    }
    text->length += length;
    text->data[text->length] = '\0';
}

void cli_text_add_string(cli_text *text, const char *string) {
    cli_text_add(text, string, strlen(string));
}

void cli_text_add_format(cli_text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return;
    }
    text->data = cli_resize(text->data, text->length + (size_t)length + 1);
    va_start(arguments, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void cli_text_add_encoded(cli_text *text, const char *data, size_t length) {
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < length; i++) {
        if (data[i] != '\0' && strchr(plain, data[i]) != NULL) {
            cli_text_add(text, &data[i], 1);
        } else {
            cli_text_add_format(text, "%%%02X", (unsigned)(unsigned char)data[i]);
        }
    }
}

void cli_text_add_base64(cli_text *text, const char *data, size_t length) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        uint32_t bits = (uint32_t)(unsigned char)data[i] << 16;
        bits |= left > 1 ? (uint32_t)(unsigned char)data[i + 1] << 8 : 0;
        bits |= left > 2 ? (uint32_t)(unsigned char)data[i + 2] : 0;
        char group[4] = {digits[bits >> 18], digits[bits >> 12 & 63],
                         left > 1 ? digits[bits >> 6 & 63] : '=',
                         left > 2 ? digits[bits & 63] : '='};
        cli_text_add(text, group, sizeof group);
    }
}

const char *cli_text_get(const cli_text *text) {
    return text->data != NULL ? text->data : "";
}

void cli_text_free(cli_text *text) {
    free(text->data);
    *text = (cli_text){NULL, 0};
}

char *cli_copy_part(const char *data, size_t length) {
    char *copy = cli_resize(NULL, length + 1);
    memcpy(copy, data, length);
    copy[length] = '\0';
    return copy;
}

char *cli_copy(const char *string) {
    return cli_copy_part(string, strlen(string));
}

void cli_lines_add(cli_lines *lines, const char *text) {
    lines->items = cli_resize(lines->items, (lines->count + 2) * sizeof *lines->items);
    lines->items[lines->count++] = text;
    lines->items[lines->count] = NULL;
}

void cli_lines_free(cli_lines *lines) {
    free(lines->items);
    *lines = (cli_lines){NULL, 0};
}

const char *cli_keep(char *text) {
    cli_lines_add(&kept, text);
    return text;
}

void cli_free_kept(void) {
    for (size_t i = 0; i < kept.count; i++) {
        free((void *)(uintptr_t)kept.items[i]);
    }
    cli_lines_free(&kept);
}
