/* SPDX-License-Identifier: MIT */
/* transfer: one URL of the command line: its request, where its response goes, its end. */
#ifndef FERRY_CLI_TRANSFER_H
#define FERRY_CLI_TRANSFER_H

#include "files.h"
#include "options.h"
#include "progress.h"
#include "request.h"

#include <ferry.h>

enum { CLI_PIECE_SIZE = 65536 };

typedef enum cli_state {
    CLI_STATE_RUNNING,
    CLI_STATE_WAITING, /* for the time of the next try */
    CLI_STATE_DONE,
} cli_state;

typedef struct cli_transfer {
    const cli_options *options;
    const cli_group *group;
    size_t number; /* among all URLs */
    size_t index;  /* in its group */
    const char *url;
    const char *upload; /* NULL: none */
    cli_target target;

    cli_state state;
    int tries;
    int64_t begin_ms;
    int64_t first_ms; /* of the first try */
    int64_t wake_ms;  /* where it is WAITING */
    ferry_transfer *handle;
    cli_request request;
    cli_output output;
    char *file; /* the name of the output; NULL: standard output */

    int64_t resume_from; /* -C */
    cli_exit exit_code;
    char problem[512]; /* what has gone wrong, as a sentence */
    cli_progress progress;

    bool has_head;
    bool has_body;
    bool has_written;  /* something of the body */
    bool drops_body;   /* the body is not wanted */
    bool is_unmet;     /* -z: there is nothing newer */
    bool is_uploading; /* owner_writes: the input has not ended */
    bool is_ended;     /* all of the input is read, its end is not said */
    char *piece;       /* read from the input, [piece_at, piece_end) not yet sent */
    size_t piece_at;
    size_t piece_end;

    /* For -w. */
    int64_t redirect_us; /* when the last redirect came; 0: none */
    int64_t head_bytes;
    int head_lines;
    int connections;
    bool has_become_get; /* by a redirect */
} cli_transfer;

/* The next URL; its handle is NULL. */
void cli_transfer_init(cli_transfer *transfer, const cli_options *options, const cli_group *group,
                       size_t number, size_t index);

/* Begins, or tries again. It may be DONE at once. */
void cli_transfer_start(cli_transfer *transfer, ferry_session *session);

/* Looks at a transfer that is RUNNING: shows progress, gives it input, finds its end. */
void cli_transfer_step(cli_transfer *transfer);

/* The descriptor that it waits to read from; -1: none. */
int cli_transfer_get_input(const cli_transfer *transfer);

/* Ends it as a failure. */
void cli_transfer_fail(cli_transfer *transfer, cli_exit exit_code, const char *sentence,
                       ferry_error error);
/* Frees one that has not come to its end, which is a failure for --remove-on-error. */
void cli_transfer_drop(cli_transfer *transfer);
void cli_transfer_free(cli_transfer *transfer);

#endif
