/* SPDX-License-Identifier: MIT */
/* config_file: options from a file (-K), one in each line.
 *
 *     line     = *SP [ comment / option ] *SP
 *     comment  = "#" ...
 *     option   = [ "--" ] name [ ( SP / "=" / ":" ) argument ]
 *              / "-" letters [ SP argument ]
 *     argument = text without a space / DQUOTE text DQUOTE
 *
 * In quotes '\' stands before '"', '\', 't', 'n', 'r' and 'v'. */
#include "option.h"

#include "files.h"

#include <string.h>

enum { MOST_FILES = 10 };

static const char blanks[] = " \t\r";

static const char *config_take_quoted(const char *at) {
    static const char letters[] = "tnrv";
    static const char meant[] = "\t\n\r\v";
    cli_text argument = {NULL, 0};
    for (; *at != '\0' && *at != '"'; at++) {
        char byte = *at;
        if (byte == '\\' && at[1] != '\0') {
            const char *letter = strchr(letters, *++at);
            byte = letter != NULL ? meant[letter - letters] : *at;
        }
        cli_text_add(&argument, &byte, 1);
    }
    cli_text_add(&argument, "", 0);
    return cli_keep(argument.data);
}

/* NULL: there is none. */
static const char *config_take_argument(const char *at) {
    at += strspn(at, blanks);
    at += *at == '=' || *at == ':';
    at += strspn(at, blanks);
    if (*at == '"') {
        return config_take_quoted(at + 1);
    }
    size_t length = strcspn(at, blanks);
    return length > 0 ? cli_keep(cli_copy_part(at, length)) : NULL;
}

static bool config_take_line(cli_reader *reader, const char *line) {
    line += strspn(line, blanks);
    if (*line == '#' || *line == '\0') {
        return true;
    }
    bool is_short = line[0] == '-' && line[1] != '-';
    line += strspn(line, "-");
    bool is_next = strncmp(line, ":", 1) == 0; /* -: is --next */
    size_t length = is_next ? 1 : strcspn(line, is_short ? blanks : " \t\r=:");
    const char *name = cli_keep(cli_copy_part(line, length));
    return cli_reader_take_named(reader, name, is_short, config_take_argument(line + length));
}

bool cli_reader_take_file(cli_reader *reader, const char *file) {
    cli_text text = {NULL, 0};
    if (reader->depth == MOST_FILES) {
        return cli_reader_refuse(reader, "-K: files of options name each other without end");
    }
    int problem = cli_text_add_file(&text, file);
    bool ok = problem == 0 || cli_reader_refuse_file(reader, file, problem);
    reader->depth++;
    for (const char *at = cli_text_get(&text); ok && *at != '\0'; at += *at == '\n') {
        size_t length = strcspn(at, "\n");
        ok = config_take_line(reader, cli_keep(cli_copy_part(at, length)));
        at += length;
    }
    reader->depth--;
    cli_text_free(&text);
    return ok;
}
