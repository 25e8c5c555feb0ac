/* SPDX-License-Identifier: MIT */
/* write_out: the format of -w, and JSON. */
#include "write_out.h"

#include "variables.h"

#include <ferry.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- JSON ---- */

static void json_add_text(cli_text *to, const char *text) {
    cli_text_add_string(to, "\"");
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\') {
            cli_text_add_format(to, "\\%c", byte);
        } else if (byte < ' ') {
            cli_text_add_format(to, "\\u%04x", byte);
        } else {
            cli_text_add(to, text, 1);
        }
    }
    cli_text_add_string(to, "\"");
}

static void json_add_all(const cli_transfer *transfer, cli_text *to) {
    cli_text_add_string(to, "{");
    for (size_t i = 0; i < cli_variable_count; i++) {
        cli_text value = {NULL, 0};
        cli_variables[i].write(transfer, &value);
        const char *text = cli_text_get(&value);
        cli_text_add_format(to, "%s\"%s\":", i > 0 ? "," : "", cli_variables[i].name);
        if (cli_variables[i].is_text && text[0] != '\0') {
            json_add_text(to, text);
        } else if (cli_variables[i].is_text) {
            cli_text_add_string(to, "null");
        } else { /* "007" is no number of JSON's */
            const char *number = text + strspn(text, "0");
            bool is_zero = *number == '\0' || *number == '.';
            cli_text_add_format(to, "%s%s", is_zero ? "0" : "", number);
        }
        cli_text_free(&value);
    }
    cli_text_add_string(to, "}");
}

static bool name_equals(const char *a, size_t a_length, const char *b, size_t b_length) {
    for (size_t i = 0; i < a_length && a_length == b_length; i++) {
        char x = a[i] >= 'A' && a[i] <= 'Z' ? (char)(a[i] + 32) : a[i];
        char y = b[i] >= 'A' && b[i] <= 'Z' ? (char)(b[i] + 32) : b[i];
        if (x != y) {
            return false;
        }
    }
    return a_length == b_length;
}

static void json_add_name(cli_text *to, const char *line, size_t length) {
    char *name = cli_copy_part(line, length);
    for (char *at = name; *at != '\0'; at++) {
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at + 32) : *at;
    }
    json_add_text(to, name);
    free(name);
}

/* Each name once, with its values. */
static void json_add_headers(const cli_transfer *transfer, cli_text *to) {
    static const char *const none[] = {NULL};
    const char *const *lines = transfer->handle != NULL
                                   ? ferry_transfer_get_response_headers(transfer->handle, NULL)
                                   : none;
    bool is_first = true;
    cli_text_add_string(to, "{");
    for (size_t i = 0; lines[i] != NULL; i++) {
        size_t length = strcspn(lines[i], ":");
        bool was_there = false;
        for (size_t k = 0; k < i && !was_there; k++) {
            was_there = name_equals(lines[k], strcspn(lines[k], ":"), lines[i], length);
        }
        if (was_there) {
            continue;
        }
        cli_text_add_string(to, is_first ? "" : ",\n");
        is_first = false;
        json_add_name(to, lines[i], length);
        const char *between = ":[";
        for (size_t k = i; lines[k] != NULL; k++) {
            size_t other = strcspn(lines[k], ":");
            if (name_equals(lines[k], other, lines[i], length)) {
                const char *value = lines[k] + other + (lines[k][other] == ':');
                cli_text_add_string(to, between);
                json_add_text(to, value + strspn(value, " "));
                between = ",";
            }
        }
        cli_text_add_string(to, "]");
    }
    cli_text_add_string(to, "\n}");
}

/* ---- The format ---- */

typedef struct write_out {
    const cli_transfer *transfer;
    cli_text text; /* not yet printed */
    int fd;
    bool is_over; /* %{onerror}, and there is none */
} write_out;

static void write_out_flush(write_out *out) {
    cli_output output = {.fd = out->fd, .name = "standard output", .is_begun = true};
    cli_output_write(&output, out->text.data, out->text.length);
    cli_text_free(&out->text);
}

static void write_out_switch(write_out *out, int fd) {
    write_out_flush(out);
    out->fd = fd;
}

static bool span_is(const char *name, size_t length, const char *wanted) {
    return strlen(wanted) == length && strncmp(name, wanted, length) == 0;
}

static void write_out_variable_value(write_out *out, const char *name, size_t length) {
    for (size_t i = 0; i < cli_variable_count; i++) {
        if (span_is(name, length, cli_variables[i].name)) {
            cli_variables[i].write(out->transfer, &out->text);
            return;
        }
    }
    if (span_is(name, length, "json")) {
        json_add_all(out->transfer, &out->text);
    } else if (span_is(name, length, "header_json")) {
        json_add_headers(out->transfer, &out->text);
    } else if (span_is(name, length, "stderr")) {
        write_out_switch(out, STDERR_FILENO);
    } else if (span_is(name, length, "stdout")) {
        write_out_switch(out, STDOUT_FILENO);
    } else if (span_is(name, length, "onerror")) {
        out->is_over = out->transfer->exit_code == CLI_EXIT_OK;
    } else {
        cli_say("warning: -w: there is no variable '%.*s'", (int)length, name);
    }
}

/* "%{name}" or "%header{name}"; gives what is behind it. */
static const char *write_out_take(write_out *out, const char *at) {
    bool is_header = strncmp(at, "header{", 7) == 0;
    const char *name = at + (is_header ? 7 : 1);
    const char *end = strchr(name, '}');
    if ((!is_header && *at != '{') || end == NULL) {
        cli_text_add_string(&out->text, "%");
        cli_text_add(&out->text, at, *at != '\0');
        return at + (*at != '\0');
    }
    size_t length = (size_t)(end - name);
    if (is_header) {
        char *header = cli_copy_part(name, length);
        const char *value = cli_variable_header(out->transfer, header);
        cli_text_add_string(&out->text, value != NULL ? value : "");
        free(header);
    } else {
        write_out_variable_value(out, name, length);
    }
    return end + 1;
}

void cli_write_out(const cli_transfer *transfer) {
    const char *at = transfer->group->write_out;
    write_out out = {.transfer = transfer, .fd = STDOUT_FILENO};
    while (at != NULL && *at != '\0' && !out.is_over) {
        static const char letters[] = "nrt";
        static const char meant[] = "\n\r\t";
        const char *letter = *at == '\\' && at[1] != '\0' ? strchr(letters, at[1]) : NULL;
        if (letter != NULL) {
            cli_text_add(&out.text, &meant[letter - letters], 1);
            at += 2;
        } else if (at[0] == '\\' && at[1] != '\0') {
            cli_text_add(&out.text, at, 2);
            at += 2;
        } else if (at[0] == '%' && at[1] == '%') {
            cli_text_add_string(&out.text, "%");
            at += 2;
        } else if (*at == '%') {
            at = write_out_take(&out, at + 1);
        } else {
            cli_text_add(&out.text, at++, 1);
        }
    }
    write_out_flush(&out);
}
