/* SPDX-License-Identifier: MIT */
/* ferry_options: a table of options; what is wrong with the command line is said in one sentence.
 */
#include "ferry_options.h"

#include "ferry_files.h"
#include "ferry_messages.h"

#include <ferry.h>

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Long options without a letter of their own; letters stand for themselves. */
enum {
    OPTION_CACERT = 256,
    OPTION_CONNECT_TIMEOUT,
    OPTION_CRL,
    OPTION_FAIL,
    OPTION_KEY,
    OPTION_MAX_TIME,
    OPTION_NOPROXY,
    OPTION_PASS,
    OPTION_PIN,
    OPTION_PROGRESS,
    OPTION_PROXY_CACERT,
    OPTION_PROXY_HEADER,
    OPTION_PROXY_INSECURE,
    OPTION_RAW,
    OPTION_RESOLVE,
    OPTION_TLS_MIN,
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
    {'k', "insecure", NULL},
    {OPTION_CACERT, "cacert", "a file"},
    {'E', "cert", "a file"},
    {OPTION_KEY, "key", "a file"},
    {OPTION_PASS, "pass", "file:NAME or env:NAME"},
    {OPTION_CRL, "crl", "a file"},
    {OPTION_PIN, "pin", "sha256// and the base64 of a digest"},
    {OPTION_TLS_MIN, "tls-min", "1.2 or 1.3"},
    {'x', "proxy", "a URL, or ''"},
    {OPTION_PROXY_CACERT, "proxy-cacert", "a file"},
    {OPTION_PROXY_HEADER, "proxy-header", "a header line for the proxy"},
    {OPTION_PROXY_INSECURE, "proxy-insecure", NULL},
    {OPTION_NOPROXY, "noproxy", "a list of hosts, or '*'"},
    {OPTION_RESOLVE, "resolve", "HOST:PORT:ADDRESS"},
    {OPTION_PROGRESS, "progress", NULL},
    {'s', "silent", NULL},
    {'v', "verbose", NULL},
    {'h', "help", NULL},
    {'V', "version", NULL},
};

enum { ENTRY_COUNT = sizeof entries / sizeof *entries, URL_SHOWN = 200 };

/* The command line while it is read. */
typedef struct cli_reader {
    cli_options *options;
    char **next; /* the arguments not yet read, ended by NULL */
    cli_exit exit_code;
    const char *request; /* -X */
} cli_reader;

bool cli_list_append(const char ***list, size_t *count, const char *text) {
    const char **grown = realloc(*list, (*count + 2) * sizeof *grown);
    if (grown == NULL) {
        return false;
    }
    grown[(*count)++] = text;
    grown[*count] = NULL;
    *list = grown;
    return true;
}

/* ---- What can be wrong ---- */

static bool refuse(cli_reader *reader, const char *format, ...) {
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    cli_say("%s (try ferry --help)", sentence);
    reader->exit_code = CLI_EXIT_USAGE;
    return false;
}

static bool refuse_memory(cli_reader *reader) {
    cli_say("out of memory");
    reader->exit_code = CLI_EXIT_OTHER;
    return false;
}

/* ---- Arguments of options ---- */

static bool add_header(cli_reader *reader, const char *line) {
    cli_options *options = reader->options;
    return cli_list_append(&options->headers, &options->header_count, line) ||
           refuse_memory(reader);
}

static bool add_resolve(cli_reader *reader, const char *line) {
    cli_options *options = reader->options;
    return cli_list_append(&options->resolve, &options->resolve_count, line) ||
           refuse_memory(reader);
}

static bool add_proxy_header(cli_reader *reader, const char *line) {
    cli_options *options = reader->options;
    return cli_list_append(&options->proxy_headers, &options->proxy_header_count, line) ||
           refuse_memory(reader);
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
        cli_say("cannot read %s: %s", cli_input_name(file), strerror(problem));
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

/* What ferry_tls.c says of the option; NULL: it took it. */
static bool accept(cli_reader *reader, const option_entry *entry, const char *problem) {
    return problem == NULL || refuse(reader, "--%s: %s", entry->name, problem);
}

/* ---- Options ---- */

static bool apply_tls(cli_reader *reader, const option_entry *entry, const char *argument) {
    cli_tls *tls = &reader->options->tls;
    switch (entry->id) {
    case OPTION_CACERT:
        return accept(reader, entry, cli_tls_read_authorities(tls, argument));
    case 'E':
        return accept(reader, entry, cli_tls_read_certificate(tls, argument));
    case OPTION_KEY:
        return accept(reader, entry, cli_tls_read_key(tls, argument));
    case OPTION_PASS:
        return accept(reader, entry, cli_tls_read_password(tls, argument));
    case OPTION_CRL:
        return accept(reader, entry, cli_tls_read_crl(tls, argument));
    case OPTION_PIN:
        return accept(reader, entry, cli_tls_add_pin(tls, argument));
    case OPTION_TLS_MIN:
        return accept(reader, entry, cli_tls_set_version(tls, argument));
    case OPTION_PROXY_CACERT:
        return accept(reader, entry,
                      cli_tls_read_authorities(&reader->options->proxy_tls, argument));
    case OPTION_PROXY_INSECURE:
        reader->options->proxy_tls.options.unsafe = true;
        return true;
    default: /* 'k' */
        tls->options.unsafe = true;
        return true;
    }
}

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
    case OPTION_CACERT:
    case 'E':
    case OPTION_KEY:
    case OPTION_PASS:
    case OPTION_CRL:
    case OPTION_PIN:
    case OPTION_TLS_MIN:
    case OPTION_PROXY_CACERT:
    case OPTION_PROXY_INSECURE:
    case 'k':
        return apply_tls(reader, entry, argument);
    case 'x':
        options->proxy = argument;
        return true;
    case OPTION_NOPROXY:
        options->no_proxy = argument;
        return true;
    case OPTION_PROXY_HEADER:
        return add_proxy_header(reader, argument);
    case OPTION_RESOLVE:
        return add_resolve(reader, argument);
    case 'V':
        printf("ferry %s\n", ferry_version());
        return false;
    default: /* 'h' */
        fputs(cli_help, stdout);
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
    /* What follows '=' may be a password. */
    return refuse(reader, "there is no option %.*s", (int)(2 + length), word);
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
        char first[URL_SHOWN];
        char second[URL_SHOWN];
        return refuse(reader, "there are two URLs, '%s' and '%s'; ferry takes one",
                      cli_masked(reader->options->url, first, sizeof first),
                      cli_masked(word, second, sizeof second));
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
    const char *problem = cli_tls_finish(&options->tls);
    if (problem != NULL) {
        return refuse(reader, "%s", problem);
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
        cli_say("cannot write standard output: %s", strerror(errno));
        reader.exit_code = CLI_EXIT_FILE;
    }
    *exit_code = reader.exit_code;
    return ok;
}

void cli_options_free(cli_options *options) {
    cli_tls_free(&options->tls);
    cli_tls_free(&options->proxy_tls);
    free(options->proxy_headers);
    free(options->resolve);
    free(options->data);
    free(options->headers);
}
