/* SPDX-License-Identifier: MIT */
/* ferry_options: a table of options; what is wrong with the command line is said in one sentence.
 */
#include "ferry_options.h"

#include "ferry_files.h"

#include <ferry.h>

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char help[] =
    "usage: ferry [options] URL\n"
    "\n"
    "Sends one HTTP/1.1 request and writes the response body to standard output.\n"
    "A URL without a scheme is taken for http://. Redirects are not followed.\n"
    "\n"
    "  -X, --request METHOD        the method, any token (default: GET)\n"
    "  -H, --header 'NAME: VALUE'  a header line; may be repeated\n"
    "  -d, --data DATA             sends DATA, by POST and as a form if not told\n"
    "                              otherwise; @FILE: the bytes of a file, -: of\n"
    "                              standard input; repeated ones are joined by '&'\n"
    "  -T, --upload-file FILE      sends a file piece by piece, by PUT if not told\n"
    "                              otherwise; -: standard input, chunked\n"
    "  -o, --output FILE           writes to FILE\n"
    "  -i, --include               writes status line and headers before the body\n"
    "  -I, --head                  asks for status line and headers only\n"
    "      --fail                  a status of 400 or more is a failure, and no body\n"
    "                              is written then\n"
    "      --raw                   asks for no content coding, and undoes none\n"
    "      --max-time SECONDS      the most that all of it may take, such as 2.5\n"
    "      --connect-timeout SECONDS\n"
    "                              the most that look-up and connecting may take\n"
    "                              (default: 30)\n"
    "      --progress              shows progress, whatever the output is\n"
    "  -s, --silent                shows neither progress nor errors\n"
    "  -v, --verbose               shows events (*), request (>) and response (<)\n"
    "  -h, --help                  shows this\n"
    "  -V, --version               shows the version\n"
    "\n"
    "Progress is shown where standard error is a terminal and the output is not.\n"
    "\n"
    "Exit codes:\n"
    "   0  there was a response, and all of it was written\n"
    "   1  any other failure\n"
    "   2  wrong usage: an option, a URL, a method or a header that is not valid\n"
    "   3  the host name could not be resolved\n"
    "   4  no connection could be made\n"
    "   5  a time-out\n"
    "   6  the connection ended before the body was complete\n"
    "   7  the server does not follow HTTP/1.1\n"
    "   8  with --fail: the status is 400 or more\n"
    "   9  a local file could not be read or written\n"
    "  10  not available in this build, such as https\n"
    "  11  the connection failed\n"
    "  12  the response is over a limit, or its body could not be decoded\n";

/* Long options without a letter of their own; letters stand for themselves. */
enum {
    OPTION_CONNECT_TIMEOUT = 256,
    OPTION_FAIL,
    OPTION_MAX_TIME,
    OPTION_PROGRESS,
    OPTION_RAW,
};

typedef struct option_entry {
    int id;
    const char *name;
    const char *argument; /* what it takes; NULL: nothing */
} option_entry;

static const option_entry entries[] = {
    {'X', "request", "a method"},
    {'H', "header", "a header line, such as 'Accept: text/plain'"},
    {'d', "data", "data, @FILE or -"},
    {'T', "upload-file", "a file, or -"},
    {'o', "output", "a file"},
    {'i', "include", NULL},
    {'I', "head", NULL},
    {OPTION_FAIL, "fail", NULL},
    {OPTION_RAW, "raw", NULL},
    {OPTION_MAX_TIME, "max-time", "seconds, such as 2.5"},
    {OPTION_CONNECT_TIMEOUT, "connect-timeout", "seconds, such as 2.5"},
    {OPTION_PROGRESS, "progress", NULL},
    {'s', "silent", NULL},
    {'v', "verbose", NULL},
    {'h', "help", NULL},
    {'V', "version", NULL},
};

enum { ENTRY_COUNT = sizeof entries / sizeof *entries };

/* The command line while it is read. */
typedef struct cli_reader {
    cli_options *options;
    char **next; /* the arguments not yet read, ended by NULL */
    cli_exit exit_code;
    const char *request; /* -X */
} cli_reader;

/* ---- What can be wrong ---- */

static bool refuse(cli_reader *reader, const char *format, ...) {
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    fprintf(stderr, "ferry: %s (try ferry --help)\n", sentence);
    reader->exit_code = CLI_EXIT_USAGE;
    return false;
}

static bool refuse_memory(cli_reader *reader) {
    fprintf(stderr, "ferry: out of memory\n");
    reader->exit_code = CLI_EXIT_OTHER;
    return false;
}

/* ---- Arguments of options ---- */

static bool add_header(cli_reader *reader, const char *line) {
    cli_options *options = reader->options;
    const char **headers =
        realloc(options->headers, (options->header_count + 2) * sizeof *options->headers);
    if (headers == NULL) {
        return refuse_memory(reader);
    }
    headers[options->header_count++] = line;
    headers[options->header_count] = NULL;
    options->headers = headers;
    return true;
}

static bool has_header(const cli_options *options, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < options->header_count; i++) {
        const char *line = options->headers[i];
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            return true;
        }
    }
    return false;
}

static bool add_data(cli_reader *reader, const char *text) {
    cli_options *options = reader->options;
    const char *file = text[0] == '@' ? text + 1 : (strcmp(text, "-") == 0 ? text : NULL);
    bool is_first = options->data == NULL;
    int problem = is_first ? 0 : cli_bytes_append(&options->data, &options->data_length, "&", 1);
    if (problem == 0 && file == NULL) {
        problem = cli_bytes_append(&options->data, &options->data_length, text, strlen(text));
    } else if (problem == 0) {
        problem = cli_bytes_append_file(&options->data, &options->data_length, file);
    }
    if (problem == ENOMEM) {
        return refuse_memory(reader);
    }
    if (problem != 0) {
        fprintf(stderr, "ferry: cannot read %s: %s\n", cli_input_name(file), strerror(problem));
        reader->exit_code = CLI_EXIT_FILE;
        return false;
    }
    return true;
}

/* Digits with at most one point among them; strtod() would take "inf", "0x1p3" and more. */
static bool parse_seconds(const char *text, int *ms) {
    size_t digits = strspn(text, "0123456789");
    size_t point = text[digits] == '.' ? 1 : 0;
    size_t decimals = strspn(text + digits + point, "0123456789");
    if (digits + decimals == 0 || text[digits + point + decimals] != '\0') {
        return false;
    }
    double exact = strtod(text, NULL) * 1000;
    if (exact <= 0 || exact >= INT_MAX) {
        return false;
    }
    *ms = exact < 1 ? 1 : (int)exact;
    return true;
}

static bool set_seconds(cli_reader *reader, const option_entry *entry, const char *text, int *ms) {
    if (parse_seconds(text, ms)) {
        return true;
    }
    return refuse(reader, "--%s takes a number of seconds over 0, such as 2.5, not '%s'",
                  entry->name, text);
}

/* ---- Options ---- */

static bool apply(cli_reader *reader, const option_entry *entry, const char *argument) {
    cli_options *options = reader->options;
    switch (entry->id) {
    case 'X':
        reader->request = argument;
        return true;
    case 'H':
        return add_header(reader, argument);
    case 'd':
        return add_data(reader, argument);
    case 'T':
        options->upload = argument;
        return true;
    case 'o':
        options->output = strcmp(argument, "-") == 0 ? NULL : argument;
        return true;
    case 'i':
        options->include = true;
        return true;
    case 'I':
        options->head = true;
        return true;
    case 's':
        options->silent = true;
        return true;
    case 'v':
        options->verbose = true;
        return true;
    case OPTION_FAIL:
        options->fail = true;
        return true;
    case OPTION_RAW:
        options->raw = true;
        return true;
    case OPTION_PROGRESS:
        options->progress = true;
        return true;
    case OPTION_MAX_TIME:
        return set_seconds(reader, entry, argument, &options->max_time_ms);
    case OPTION_CONNECT_TIMEOUT:
        return set_seconds(reader, entry, argument, &options->connect_timeout_ms);
    case 'V':
        printf("ferry %s\n", ferry_version());
        return false;
    default: /* 'h' */
        fputs(help, stdout);
        return false;
    }
}

/* An argument is what follows the option in the same word, or else the next word. */
static bool take(cli_reader *reader, const option_entry *entry, const char *spelling,
                 const char *rest) {
    if (entry->argument == NULL) {
        return apply(reader, entry, "");
    }
    const char *argument = rest != NULL ? rest : *reader->next;
    if (argument == NULL) {
        return refuse(reader, "%s takes %s", spelling, entry->argument);
    }
    if (rest == NULL) {
        reader->next++;
    }
    return apply(reader, entry, argument);
}

static bool read_long(cli_reader *reader, const char *word) {
    size_t length = strcspn(word + 2, "=");
    const char *rest = word[2 + length] == '=' ? word + 2 + length + 1 : NULL;
    for (size_t i = 0; i < ENTRY_COUNT; i++) {
        const option_entry *entry = &entries[i];
        if (strlen(entry->name) != length || strncmp(entry->name, word + 2, length) != 0) {
            continue;
        }
        if (rest != NULL && entry->argument == NULL) {
            return refuse(reader, "--%s takes no argument", entry->name);
        }
        return take(reader, entry, word, rest);
    }
    return refuse(reader, "there is no option %s", word);
}

/* Several letters may share a word; the last may have its argument there too. */
static bool read_short(cli_reader *reader, const char *word) {
    for (const char *at = word + 1; *at != '\0'; at++) {
        const char spelling[] = {'-', *at, '\0'};
        const option_entry *entry = NULL;
        for (size_t i = 0; i < ENTRY_COUNT && entry == NULL; i++) {
            entry = entries[i].id == *at ? &entries[i] : NULL;
        }
        if (entry == NULL) {
            return refuse(reader, "there is no option %s", spelling);
        }
        if (!take(reader, entry, spelling, at[1] != '\0' ? at + 1 : NULL)) {
            return false;
        }
        if (entry->argument != NULL) {
            break;
        }
    }
    return true;
}

static bool set_url(cli_reader *reader, const char *word) {
    if (reader->options->url != NULL) {
        return refuse(reader, "there are two URLs, '%s' and '%s'; ferry takes one",
                      reader->options->url, word);
    }
    reader->options->url = word;
    return true;
}

/* ---- The whole ---- */

static bool read_words(cli_reader *reader) {
    bool only_urls = false;
    while (*reader->next != NULL) {
        const char *word = *reader->next++;
        bool ok;
        if (only_urls || word[0] != '-') {
            ok = set_url(reader, word);
        } else if (strcmp(word, "--") == 0) {
            only_urls = true;
            ok = true;
        } else if (word[1] == '-') {
            ok = read_long(reader, word);
        } else if (word[1] == '\0') {
            ok = refuse(reader, "- is no URL");
        } else {
            ok = read_short(reader, word);
        }
        if (!ok) {
            return false;
        }
    }
    return true;
}

static bool carries_no_body(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
           strcmp(method, "TRACE") == 0;
}

/* What single options cannot know of each other. */
static bool finish(cli_reader *reader) {
    cli_options *options = reader->options;
    bool has_body = options->data != NULL || options->upload != NULL;
    if (options->url == NULL) {
        return refuse(reader, "there is no URL");
    }
    if (options->data != NULL && options->upload != NULL) {
        return refuse(reader, "-d and -T both give a body; ferry sends one");
    }
    if (options->head && (has_body || reader->request != NULL)) {
        return refuse(reader, "-I is a request of its own, and goes with none of -X, -d and -T");
    }
    options->method = reader->request != NULL   ? reader->request
                      : options->head           ? "HEAD"
                      : options->data != NULL   ? "POST"
                      : options->upload != NULL ? "PUT"
                                                : "GET";
    /* The library would leave it out without a word. */
    if (has_body && carries_no_body(options->method)) {
        return refuse(reader, "%s carries no body: leave out %s, or choose another method",
                      options->method, options->data != NULL ? "-d" : "-T");
    }
    if (options->data != NULL && !has_header(options, "Content-Type")) {
        return add_header(reader, "Content-Type: application/x-www-form-urlencoded");
    }
    return true;
}

bool cli_options_parse(cli_options *options, int argc, char **argv, cli_exit *exit_code) {
    *options = (cli_options){.url = NULL};
    cli_reader reader = {.options = options, .next = argc > 0 ? argv + 1 : argv};
    bool ok = read_words(&reader) && finish(&reader);
    if (!ok && reader.exit_code == CLI_EXIT_OK && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
        fprintf(stderr, "ferry: cannot write standard output: %s\n", strerror(errno));
        reader.exit_code = CLI_EXIT_FILE;
    }
    *exit_code = reader.exit_code;
    return ok;
}

void cli_options_free(cli_options *options) {
    free(options->data);
    free(options->headers);
}
