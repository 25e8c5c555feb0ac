/* SPDX-License-Identifier: MIT */
/* options: reads the words of the command line, and says in one sentence what is wrong with it. */
#include "options.h"

#include "files.h"
#include "option.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFAULT_REDIRECTS = 50, DEFAULT_PARALLEL = 50 };

/* ---- What can be wrong ---- */

bool cli_reader_refuse(cli_reader *reader, const char *format, ...) {
    char sentence[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    cli_say("%s (try ferry --help)", sentence);
    reader->exit_code = CLI_EXIT_USAGE;
    return false;
}

bool cli_reader_refuse_file(cli_reader *reader, const char *file, int problem) {
    cli_say("cannot read %s: %s", cli_input_name(file), strerror(problem));
    reader->exit_code = CLI_EXIT_READ;
    return false;
}

/* What follows '=' may be a password. */
static bool reader_refuse_name(cli_reader *reader, const char *word) {
    size_t length = strcspn(word, "=");
    const char *name = word + 2;
    size_t name_length = length - 2;
    bool is_curls = cli_option_is_curls(name, name_length);
    bool is_none = strncmp(name, "no-", 3) == 0 && word[length] == '\0' &&
                   cli_option_is_curls(name + 3, name_length - 3);
    if (is_none && !is_curls) {
        return true; /* what is not in ferry is off */
    }
    return is_curls ? cli_reader_refuse(reader, "curl has %.*s, ferry has not", (int)length, word)
                    : cli_reader_refuse(reader, "there is no option %.*s", (int)length, word);
}

static bool reader_refuse_letter(cli_reader *reader, char letter) {
    return cli_option_is_curls_letter(letter)
               ? cli_reader_refuse(reader, "curl has -%c, ferry has not", letter)
               : cli_reader_refuse(reader, "there is no option -%c", letter);
}

/* ---- Words ---- */

void cli_reader_begin_group(cli_reader *reader) {
    cli_options *options = reader->options;
    cli_group *group = cli_zeroed(sizeof *group);
    group->max_redirects = DEFAULT_REDIRECTS;
    options->groups = cli_resize(options->groups, (options->group_count + 1) * sizeof(cli_group *));
    options->groups[options->group_count++] = group;
    reader->group = group;
}

bool cli_reader_add_url(cli_reader *reader, const char *url) {
    cli_lines_add(&reader->group->urls, url);
    return true;
}

/* "--clobber" takes "--no-clobber" back. */
static bool reader_take_back(cli_reader *reader, const char *word) {
    cli_text name = {NULL, 0};
    cli_text_add_format(&name, "no-%s", word + 2);
    const cli_option *option = cli_option_find_name(name.data, name.length);
    cli_text_free(&name);
    return option != NULL ? option->take(reader, option, NULL) : reader_refuse_name(reader, word);
}

/* "--name", "--name=argument", "--name argument", "--no-name". *next is the word behind it, and
 * NULL once it is used. */
static bool reader_take_name(cli_reader *reader, const char *word, const char **next) {
    const char *name = word + 2;
    size_t length = strcspn(name, "=");
    const char *argument = name[length] == '=' ? name + length + 1 : NULL;
    const cli_option *option = cli_option_find_name(name, length);
    if (option == NULL && length > 3 && strncmp(name, "no-", 3) == 0 && argument == NULL) {
        option = cli_option_find_name(name + 3, length - 3);
        return option != NULL && cli_option_is_switch(option) ? option->take(reader, option, NULL)
                                                              : reader_refuse_name(reader, word);
    }
    if (option == NULL) {
        return reader_take_back(reader, word);
    }
    if (option->argument == NULL) {
        return argument == NULL ? option->take(reader, option, "")
                                : cli_reader_refuse(reader, "--%s takes no argument", option->name);
    }
    if (argument == NULL) {
        argument = *next;
        *next = NULL;
    }
    return argument != NULL
               ? option->take(reader, option, argument)
               : cli_reader_refuse(reader, "--%s takes %s", option->name, option->argument);
}

/* "-i", "-iv", "-XPUT", "-X PUT" */
static bool reader_take_letters(cli_reader *reader, const char *word, const char **next) {
    for (const char *at = word + 1; *at != '\0'; at++) {
        const cli_option *option = cli_option_find_letter(*at);
        if (option == NULL) {
            return reader_refuse_letter(reader, *at);
        }
        if (option->argument == NULL) {
            if (!option->take(reader, option, "")) {
                return false;
            }
            continue;
        }
        const char *argument = at + 1;
        if (*argument == '\0') {
            argument = *next;
            *next = NULL;
        }
        return argument != NULL ? option->take(reader, option, argument)
                                : cli_reader_refuse(reader, "-%c takes %s", *at, option->argument);
    }
    return true;
}

bool cli_reader_take_named(cli_reader *reader, const char *name, bool is_short,
                           const char *argument) {
    cli_text word = {NULL, 0};
    bool is_letter = name[0] != '\0' && (is_short || name[1] == '\0');
    cli_text_add_format(&word, "%s%s", is_letter ? "-" : "--", name);
    const char *next = argument;
    const char *kept = cli_keep(word.data);
    bool ok = is_letter ? reader_take_letters(reader, kept, &next)
                        : reader_take_name(reader, kept, &next);
    if (ok && argument != NULL && next != NULL) {
        return cli_reader_refuse(reader, "%s takes no argument", kept);
    }
    return ok;
}

static bool reader_take_words(cli_reader *reader, int argc, char **argv) {
    bool has_options = true;
    for (int i = 1; i < argc && argv[i] != NULL; i++) {
        const char *word = argv[i];
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        const char *unused = next;
        bool ok;
        if (!has_options || word[0] != '-') {
            ok = cli_reader_add_url(reader, word);
        } else if (word[1] == '\0') {
            ok = cli_reader_refuse(reader, "- is no URL");
        } else if (strcmp(word, "--") == 0) {
            has_options = false;
            ok = true;
        } else if (word[1] == '-') {
            ok = reader_take_name(reader, word, &unused);
        } else {
            ok = reader_take_letters(reader, word, &unused);
        }
        if (!ok) {
            return false;
        }
        i += next != NULL && unused == NULL;
    }
    return true;
}

/* ---- The whole ---- */

static bool method_carries_no_body(const char *method) {
    return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
           strcmp(method, "TRACE") == 0;
}

static bool reader_check_body(cli_reader *reader, cli_group *group) {
    bool has_data = group->has_data && !group->is_query;
    bool has_upload = false;
    for (size_t i = 0; i < group->uploads.count; i++) {
        has_upload = has_upload || group->uploads.items[i][0] != '\0';
    }
    const char *sources[3];
    int count = 0;
    if (has_data) {
        sources[count++] = "-d";
    }
    if (group->form.count > 0) {
        sources[count++] = "-F";
    }
    if (has_upload) {
        sources[count++] = "-T";
    }
    if (count > 1) {
        return cli_reader_refuse(reader, "%s and %s both give a body; ferry sends one", sources[0],
                                 sources[1]);
    }
    if (group->head && (count > 0 || group->method != NULL)) {
        return cli_reader_refuse(reader, "-I is a request of its own, and goes with none of -X, "
                                         "-d, -F and -T");
    }
    /* The library would leave it out without a word. */
    if (count > 0 && group->method != NULL && method_carries_no_body(group->method)) {
        return cli_reader_refuse(reader,
                                 "%s carries no body: leave out %s, or choose another method",
                                 group->method, sources[0]);
    }
    return true;
}

/* What single options cannot know of each other. */
static bool reader_finish_group(cli_reader *reader, cli_group *group) {
    if (group->urls.count == 0) {
        return cli_reader_refuse(reader, "there is no URL");
    }
    if (!reader_check_body(reader, group)) {
        return false;
    }
    if (group->user != NULL && group->bearer != NULL) {
        return cli_reader_refuse(reader, "-u and --oauth2-bearer are two kinds of credentials");
    }
    if (group->fails && group->fails_with_body) {
        return cli_reader_refuse(reader, "-f and --fail-with-body are two ways to fail");
    }
    const char *problem = cli_tls_finish(&group->tls);
    return problem == NULL || cli_reader_refuse(reader, "%s", problem);
}

static bool reader_finish(cli_reader *reader) {
    for (size_t i = 0; i < reader->options->group_count; i++) {
        if (!reader_finish_group(reader, reader->options->groups[i])) {
            return false;
        }
    }
    return true;
}

bool cli_options_parse(cli_options *options, int argc, char **argv, cli_exit *exit_code) {
    *options = (cli_options){.max_parallel = DEFAULT_PARALLEL};
    cli_reader reader = {.options = options};
    cli_reader_begin_group(&reader);
    bool ok = reader_take_words(&reader, argc, argv) && reader_finish(&reader);
    if (!ok && reader.exit_code == CLI_EXIT_OK && (fflush(stdout) != 0 || ferror(stdout) != 0)) {
        cli_say("cannot write standard output: %s", strerror(errno));
        reader.exit_code = CLI_EXIT_WRITE;
    }
    *exit_code = reader.exit_code;
    return ok;
}

static void group_free(cli_group *group) {
    cli_lines_free(&group->urls);
    cli_lines_free(&group->uploads);
    cli_lines_free(&group->headers);
    cli_lines_free(&group->cookies);
    cli_lines_free(&group->cookie_files);
    cli_lines_free(&group->resolve);
    cli_lines_free(&group->connect_to);
    cli_lines_free(&group->proxy_headers);
    free(group->targets);
    cli_text_free(&group->data);
    cli_text_free(&group->url_query);
    cli_form_free(&group->form);
    cli_tls_free(&group->tls);
    cli_tls_free(&group->proxy_tls);
    free(group);
}

void cli_options_free(cli_options *options) {
    for (size_t i = 0; i < options->group_count; i++) {
        group_free(options->groups[i]);
    }
    free(options->groups);
    cli_free_kept();
}
