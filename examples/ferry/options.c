/* SPDX-License-Identifier: MIT */
/* options: reads the command line by a table of options, and says in one sentence what is
 * wrong with it. */
#include "options.h"

#include "files.h"
#include "messages.h"

#include <ferry.h>

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The command line while it is read. */
typedef struct cli_reader {
    cli_options *options;
    cli_exit exit_code;
} cli_reader;

typedef struct cli_option {
    char letter; /* '\0': it has a name alone */
    const char *name;
    const char *argument; /* what it takes; NULL: nothing */
    bool (*take)(cli_reader *reader, const struct cli_option *option, const char *argument);
    size_t member;                                           /* of cli_options, for `take` */
    const char *(*read)(cli_tls *tls, const char *argument); /* for option_take_tls() */
} cli_option;

enum { URL_SHOWN = 200 };

/* ---- What can be wrong ---- */

static bool reader_refuse(cli_reader *reader, const char *format, ...) {
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    cli_say("%s (try ferry --help)", sentence);
    reader->exit_code = CLI_EXIT_USAGE;
    return false;
}

static bool reader_refuse_memory(cli_reader *reader) {
    cli_say("out of memory");
    reader->exit_code = CLI_EXIT_OTHER;
    return false;
}

/* ---- What options do ---- */

static void *option_member(cli_reader *reader, const cli_option *option) {
    return (char *)reader->options + option->member;
}

static bool option_take_flag(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)argument;
    *(bool *)option_member(reader, option) = true;
    return true;
}

static bool option_take_text(cli_reader *reader, const cli_option *option, const char *argument) {
    *(const char **)option_member(reader, option) = argument;
    return true;
}

static bool option_take_line(cli_reader *reader, const cli_option *option, const char *argument) {
    return cli_lines_append(option_member(reader, option), argument) == 0 ||
           reader_refuse_memory(reader);
}

static bool option_take_output(cli_reader *reader, const cli_option *option, const char *argument) {
    return option_take_text(reader, option, strcmp(argument, "-") == 0 ? NULL : argument);
}

static bool option_take_data(cli_reader *reader, const cli_option *option, const char *text) {
    (void)option;
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
        return reader_refuse_memory(reader);
    }
    if (problem != 0) {
        cli_say("cannot read %s: %s", cli_input_name(file), strerror(problem));
        reader->exit_code = CLI_EXIT_FILE;
        return false;
    }
    return true;
}

/* Digits with at most one point among them; strtod() would take "inf", "0x1p3" and more. */
static bool seconds_parse(const char *text, int *ms) {
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

static bool option_take_seconds(cli_reader *reader, const cli_option *option, const char *text) {
    return seconds_parse(text, option_member(reader, option)) ||
           reader_refuse(reader, "--%s takes a number of seconds over 0, such as 2.5, not '%s'",
                         option->name, text);
}

static bool option_take_tls(cli_reader *reader, const cli_option *option, const char *argument) {
    const char *problem = option->read(option_member(reader, option), argument);
    return problem == NULL || reader_refuse(reader, "--%s: %s", option->name, problem);
}

/* Both end the program, with success. */
static bool option_take_version(cli_reader *reader, const cli_option *option,
                                const char *argument) {
    (void)reader, (void)option, (void)argument;
    printf("ferry %s\n", ferry_version());
    return false;
}

static bool option_take_help(cli_reader *reader, const cli_option *option, const char *argument) {
    (void)reader, (void)option, (void)argument;
    fputs(cli_help, stdout);
    return false;
}

/* ---- The options ---- */

#define MEMBER(name) offsetof(cli_options, name)
#define FLAG(name) NULL, option_take_flag, MEMBER(name), NULL
#define TLS(name, read) option_take_tls, MEMBER(name), read

static const cli_option all_options[] = {
    {'X', "request", "a method", option_take_text, MEMBER(method), NULL},
    {'H', "header", "a header line, such as 'Accept: text/plain'", option_take_line,
     MEMBER(headers), NULL},
    {'d', "data", "data, @FILE or -", option_take_data, 0, NULL},
    {'T', "upload-file", "a file, or -", option_take_text, MEMBER(upload), NULL},
    {'o', "output", "a file", option_take_output, MEMBER(output), NULL},
    {'i', "include", FLAG(include)},
    {'I', "head", FLAG(head)},
    {0, "fail", FLAG(fail)},
    {0, "raw", FLAG(raw)},
    {0, "max-time", "seconds, such as 2.5", option_take_seconds, MEMBER(max_time_ms), NULL},
    {0, "connect-timeout", "seconds, such as 2.5", option_take_seconds, MEMBER(connect_timeout_ms),
     NULL},
    {'k', "insecure", FLAG(tls.options.unsafe)},
    {0, "cacert", "a file", TLS(tls, cli_tls_read_authorities)},
    {'E', "cert", "a file", TLS(tls, cli_tls_read_certificate)},
    {0, "key", "a file", TLS(tls, cli_tls_read_key)},
    {0, "pass", "file:NAME or env:NAME", TLS(tls, cli_tls_read_password)},
    {0, "crl", "a file", TLS(tls, cli_tls_read_crl)},
    {0, "pin", "sha256// and the base64 of a digest", TLS(tls, cli_tls_add_pin)},
    {0, "tls-min", "1.2 or 1.3", TLS(tls, cli_tls_set_version)},
    {'x', "proxy", "a URL, or ''", option_take_text, MEMBER(proxy), NULL},
    {0, "proxy-cacert", "a file", TLS(proxy_tls, cli_tls_read_authorities)},
    {0, "proxy-header", "a header line for the proxy", option_take_line, MEMBER(proxy_headers),
     NULL},
    {0, "proxy-insecure", FLAG(proxy_tls.options.unsafe)},
    {0, "noproxy", "a list of hosts, or '*'", option_take_text, MEMBER(no_proxy), NULL},
    {0, "resolve", "HOST:PORT:ADDRESS", option_take_line, MEMBER(resolve), NULL},
    {0, "progress", FLAG(progress)},
    {'s', "silent", FLAG(silent)},
    {'v', "verbose", FLAG(verbose)},
    {'h', "help", NULL, option_take_help, 0, NULL},
    {'V', "version", NULL, option_take_version, 0, NULL},
};

/* What getopt_long() gives: WORD for one that is no option, a letter, or NAMED and the place in the
 * table. */
enum { OPTION_COUNT = sizeof all_options / sizeof *all_options, WORD = 1, NAMED = 256 };

/* ---- The words ---- */

/* The options as getopt_long() takes them. The first '-' stands for words in their order, the ':'
 * for what is missing to be told from what is unknown. */
typedef struct getopt_tables {
    char letters[2 + 2 * OPTION_COUNT + 1];
    struct option names[OPTION_COUNT + 1];
} getopt_tables;

static void tables_fill(getopt_tables *tables) {
    char *letters = tables->letters;
    *letters++ = '-';
    *letters++ = ':';
    for (int i = 0; i < OPTION_COUNT; i++) {
        const cli_option *option = &all_options[i];
        bool has_argument = option->argument != NULL;
        tables->names[i] = (struct option){
            option->name, has_argument ? required_argument : no_argument, NULL, NAMED + i};
        if (option->letter != '\0') {
            *letters++ = option->letter;
            *letters = ':';
            letters += has_argument;
        }
    }
    *letters = '\0';
    tables->names[OPTION_COUNT] = (struct option){NULL, 0, NULL, 0};
}

/* NULL: there is none of that letter. */
static const cli_option *option_find(int id) {
    if (id >= NAMED) {
        return &all_options[id - NAMED];
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        if (id != '\0' && all_options[i].letter == id) {
            return &all_options[i];
        }
    }
    return NULL;
}

/* getopt_long() takes the beginning of a name for it, which would mean something else as soon as
 * another option begins so. */
static bool word_is_name(const char *word, const char *name) {
    size_t length = strlen(name);
    return strncmp(word, "--", 2) == 0 && strncmp(word + 2, name, length) == 0 &&
           (word[2 + length] == '\0' || word[2 + length] == '=');
}

/* What follows '=' may be a password. */
static bool reader_refuse_name(cli_reader *reader, const char *word) {
    return reader_refuse(reader, "there is no option %.*s", (int)strcspn(word, "="), word);
}

/* `wrong` is the option as getopt_long() has it in `optopt`, `word` the last one that it read. */
static bool reader_refuse_option(cli_reader *reader, int result, int wrong, const char *word) {
    const cli_option *option = option_find(wrong);
    if (option == NULL && wrong != 0) {
        return reader_refuse(reader, "there is no option -%c", wrong);
    }
    if (option == NULL || (wrong >= NAMED && !word_is_name(word, option->name))) {
        return reader_refuse_name(reader, word);
    }
    if (result == '?') {
        return reader_refuse(reader, "--%s takes no argument", option->name);
    }
    return wrong >= NAMED ? reader_refuse(reader, "--%s takes %s", option->name, option->argument)
                          : reader_refuse(reader, "-%c takes %s", wrong, option->argument);
}

static bool reader_take_option(cli_reader *reader, int id, const char *word) {
    const cli_option *option = option_find(id);
    return id >= NAMED && !word_is_name(word, option->name) ? reader_refuse_name(reader, word)
                                                            : option->take(reader, option, optarg);
}

static bool reader_set_url(cli_reader *reader, const char *word) {
    if (reader->options->url != NULL) {
        char first[URL_SHOWN];
        char second[URL_SHOWN];
        return reader_refuse(reader, "there are two URLs, '%s' and '%s'; ferry takes one",
                             cli_masked(reader->options->url, first, sizeof first),
                             cli_masked(word, second, sizeof second));
    }
    reader->options->url = word;
    return true;
}

/* ---- The whole ---- */

static bool reader_read_words(cli_reader *reader, int argc, char **argv) {
    getopt_tables tables = {.letters = ""};
    tables_fill(&tables);
    opterr = 0;
    for (;;) {
        int result = getopt_long(argc, argv, tables.letters, tables.names, NULL);
        bool ok = true;
        if (result == -1) {
            break;
        }
        if (result == WORD) {
            ok = strcmp(optarg, "-") == 0 ? reader_refuse(reader, "- is no URL")
                                          : reader_set_url(reader, optarg);
        } else if (result == '?' || result == ':') {
            ok = reader_refuse_option(reader, result, optopt, argv[optind - 1]);
        } else {
            bool is_apart = optind >= 2 && optarg == argv[optind - 1];
            ok = reader_take_option(reader, result, argv[is_apart ? optind - 2 : optind - 1]);
        }
        if (!ok) {
            return false;
        }
    }
    for (; optind < argc; optind++) {
        if (!reader_set_url(reader, argv[optind])) {
            return false;
        }
    }
    return true;
}

static bool options_have_header(const cli_options *options, const char *name) {
    size_t length = strlen(name);
    for (size_t i = 0; i < options->headers.count; i++) {
        const char *line = options->headers.items[i];
        if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
            return true;
        }
    }
    return false;
}

static bool method_carries_no_body(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
           strcmp(method, "TRACE") == 0;
}

/* What single options cannot know of each other. */
static bool reader_finish(cli_reader *reader) {
    cli_options *options = reader->options;
    bool has_body = options->data != NULL || options->upload != NULL;
    if (options->url == NULL) {
        return reader_refuse(reader, "there is no URL");
    }
    if (options->data != NULL && options->upload != NULL) {
        return reader_refuse(reader, "-d and -T both give a body; ferry sends one");
    }
    if (options->head && (has_body || options->method != NULL)) {
        return reader_refuse(reader,
                             "-I is a request of its own, and goes with none of -X, -d and -T");
    }
    if (options->method == NULL) {
        options->method = options->head             ? "HEAD"
                          : options->data != NULL   ? "POST"
                          : options->upload != NULL ? "PUT"
                                                    : "GET";
    }
    /* The library would leave it out without a word. */
    if (has_body && method_carries_no_body(options->method)) {
        return reader_refuse(reader, "%s carries no body: leave out %s, or choose another method",
                             options->method, options->data != NULL ? "-d" : "-T");
    }
    const char *problem = cli_tls_finish(&options->tls);
    if (problem != NULL) {
        return reader_refuse(reader, "%s", problem);
    }
    bool needs_type = options->data != NULL && !options_have_header(options, "Content-Type");
    return !needs_type ||
           cli_lines_append(&options->headers, "Content-Type: application/x-www-form-urlencoded") ==
               0 ||
           reader_refuse_memory(reader);
}

bool cli_options_parse(cli_options *options, int argc, char **argv, cli_exit *exit_code) {
    *options = (cli_options){.url = NULL};
    cli_reader reader = {.options = options};
    bool ok = reader_read_words(&reader, argc, argv) && reader_finish(&reader);
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
    free(options->proxy_headers.items);
    free(options->resolve.items);
    free(options->data);
    free(options->headers.items);
}
