/* SPDX-License-Identifier: MIT */
/* option: one option of the command line, and the command line while it is read. */
#ifndef FERRY_CLI_OPTION_H
#define FERRY_CLI_OPTION_H

#include "options.h"

typedef struct cli_reader {
    cli_options *options;
    cli_group *group; /* the one that options go to */
    cli_exit exit_code;
    int depth; /* of files of -K within each other */
} cli_reader;

typedef struct cli_option cli_option;

/* False: it is wrong, which was said, or the program ends here. */
typedef bool cli_option_take(cli_reader *reader, const cli_option *option, const char *argument);

struct cli_option {
    char letter; /* '\0': it has a name alone */
    const char *name;
    const char *argument; /* what it takes; NULL: nothing */
    cli_option_take *take;
    size_t member;                                           /* of cli_group, or of cli_options */
    const char *(*read)(cli_tls *tls, const char *argument); /* for cli_take_tls() */
};

/* NULL: there is none. */
const cli_option *cli_option_find_letter(char letter);
const cli_option *cli_option_find_name(const char *name, size_t length);
/* True for an option that curl has and ferry has not. */
bool cli_option_is_curls(const char *name, size_t length);
bool cli_option_is_curls_letter(char letter);

/* A switch is an option that --no-NAME takes back. */
bool cli_option_is_switch(const cli_option *option);

/* Says what is wrong with the command line; false. */
bool cli_reader_refuse(cli_reader *reader, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The same of a file that an option names. */
bool cli_reader_refuse_file(cli_reader *reader, const char *file, int problem);
/* Begins the options behind --next. */
void cli_reader_begin_group(cli_reader *reader);
bool cli_reader_add_url(cli_reader *reader, const char *url);
/* Reads a file of options, as -K does. */
bool cli_reader_take_file(cli_reader *reader, const char *file);
/* Takes one option of the file: a name without its dashes, or a letter;
 * `is_short`: letters, as behind one dash. NULL: no argument. */
bool cli_reader_take_named(cli_reader *reader, const char *name, bool is_short,
                           const char *argument);

/* What options do: option_takes.c */
cli_option_take cli_take_flag;
cli_option_take cli_take_global_flag;
cli_option_take cli_take_nothing;
cli_option_take cli_take_text;
cli_option_take cli_take_line;
cli_option_take cli_take_header;
cli_option_take cli_take_seconds;
cli_option_take cli_take_number;
cli_option_take cli_take_size;
cli_option_take cli_take_tls;
cli_option_take cli_take_tls_1_2;
cli_option_take cli_take_tls_1_3;
cli_option_take cli_take_url;
cli_option_take cli_take_output;
cli_option_take cli_take_remote_name;
cli_option_take cli_take_location_trusted;
cli_option_take cli_take_next;
cli_option_take cli_take_user;
cli_option_take cli_take_cookie;
cli_option_take cli_take_referer;
cli_option_take cli_take_range;
cli_option_take cli_take_resume;
cli_option_take cli_take_condition;
cli_option_take cli_take_parallel_max;
cli_option_take cli_take_retries_all;
cli_option_take cli_take_write_out;
cli_option_take cli_take_config;
cli_option_take cli_take_errors_file;
cli_option_take cli_take_help;
cli_option_take cli_take_version;

/* Bodies: option_bodies.c */
cli_option_take cli_take_data;
cli_option_take cli_take_data_raw;
cli_option_take cli_take_data_binary;
cli_option_take cli_take_data_encoded;
cli_option_take cli_take_json;
cli_option_take cli_take_url_query;
cli_option_take cli_take_form;
cli_option_take cli_take_form_string;

#endif
