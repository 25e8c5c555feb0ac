/* SPDX-License-Identifier: MIT */
/* sessions: the sessions of the program, and the cookies that they share. Groups of options whose
 * connections are made alike have one session, so that connections are used again behind --next. */
#ifndef FERRY_CLI_SESSIONS_H
#define FERRY_CLI_SESSIONS_H

#include "options.h"

#include <ferry.h>

typedef struct cli_session {
    const cli_group *group; /* the first one that it is for */
    ferry_session *session;
} cli_session;

typedef struct cli_sessions {
    const cli_options *options;
    ferry_log_function log;
    void *log_ctx;
    char *no_proxy; /* what the environment said at the beginning; or NULL */
    cli_session *items;
    size_t count;
    ferry_cookie_jar *jar; /* NULL: no group keeps cookies */
} cli_sessions;

/* Reads the files of cookies, and no_proxy of the environment. */
void cli_sessions_init(cli_sessions *sessions, const cli_options *options, ferry_log_function log,
                       void *log_ctx);
/* NULL: *problem is a sentence. */
ferry_session *cli_sessions_get(cli_sessions *sessions, const cli_group *group,
                                const char **problem);
/* Writes the cookies to where -c says. */
void cli_sessions_save_cookies(cli_sessions *sessions);
void cli_sessions_free(cli_sessions *sessions);

#endif
