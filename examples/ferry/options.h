/* SPDX-License-Identifier: MIT */
/* options: what the command line asks for, checked before anything is sent. */
#ifndef FERRY_CLI_OPTIONS_H
#define FERRY_CLI_OPTIONS_H

#include "form.h"
#include "messages.h"
#include "text.h"
#include "tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where a response goes: -o or -O. */
typedef struct cli_target {
    const char *file; /* NULL: standard output, unless has_url_name */
    bool has_url_name;
} cli_target;

/* -z */
typedef struct cli_condition {
    bool is_set;
    bool is_until; /* "-z -DATE": If-Unmodified-Since */
    int64_t time_s;
} cli_condition;

/* What belongs to some URLs: all up to --next. Texts live until the program ends. */
typedef struct cli_group {
    cli_lines urls;
    cli_lines uploads;   /* -T, one for each URL in turn; "-": standard input; "": none */
    cli_target *targets; /* -o and -O, in turn */
    size_t target_count;
    bool are_all_named; /* --remote-name-all */

    const char *method; /* of -X; NULL: what the others ask for */
    cli_lines headers;  /* as -H has them */
    cli_text data;      /* of -d and its kin */
    bool has_data;
    bool is_json;
    bool is_query; /* -G */
    cli_text url_query;
    cli_form form;
    bool head;

    const char *user;      /* "user:password" */
    bool refuses_userinfo; /* --disallow-username-in-url */
    const char *bearer;
    const char *user_agent;
    const char *referer;
    const char *range;
    bool resumes;
    int64_t resume_from; /* negative: where the file ends */
    cli_condition condition;
    bool compressed;
    bool raw;

    bool follows;
    bool is_trusting; /* --location-trusted */
    int max_redirects;
    bool post_after_301;
    bool post_after_302;
    bool post_after_303;

    int retries;
    int retry_delay_ms; /* 0: a second, then twice as long each time */
    int retry_max_ms;   /* 0: no limit */
    bool retries_refused;
    bool retries_all;

    cli_lines cookies;      /* "a=b; c=d" */
    cli_lines cookie_files; /* read; "": cookies are kept, and none is read */
    const char *cookie_jar; /* written at the end; NULL: none */
    bool drops_session_cookies;

    const char *output_folder;
    bool creates_folders;
    bool removes_on_error;
    bool keeps_files; /* --no-clobber */
    bool takes_time;  /* -R: the file gets the time that the server names */
    bool include;
    const char *head_file; /* -D */
    bool fails;
    bool fails_with_body;
    int64_t max_size; /* 0: no limit */
    const char *write_out;

    int max_time_ms;        /* 0: no limit */
    int connect_timeout_ms; /* 0: curl's default */
    int continue_ms;        /* 0: the library's default */
    int64_t max_rate;       /* bytes a second; 0: no limit */

    cli_tls tls;
    cli_tls proxy_tls; /* to a proxy that is reached by https:// */
    const char *proxy; /* "": none; NULL: the environment's */
    const char *proxy_user;
    bool proxy_tunnel;
    const char *no_proxy; /* NULL: the environment's */
    cli_lines resolve;    /* "HOST:PORT:ADDRESS" */
    cli_lines connect_to; /* "HOST:PORT:HOST:PORT" */
    cli_lines proxy_headers;
} cli_group;

typedef struct cli_options {
    cli_group **groups;
    size_t group_count;
    bool verbose;
    bool silent;
    bool shows_errors; /* -S */
    bool progress;
    bool hides_progress; /* --no-progress-meter */
    bool fails_early;
    bool is_parallel;
    int max_parallel;
} cli_options;

/* Reads the command line. True: go on; false: end with `exit_code`, everything has been said. The
 * texts are those of `argv`, or kept. */
bool cli_options_parse(cli_options *options, int argc, char **argv, cli_exit *exit_code);
void cli_options_free(cli_options *options);

#endif
