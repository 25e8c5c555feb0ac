/* SPDX-License-Identifier: MIT */
/* request: the request that a group of options and a URL make, for a session. */
#ifndef FERRY_CLI_REQUEST_H
#define FERRY_CLI_REQUEST_H

#include "files.h"
#include "options.h"

#include <ferry.h>

typedef struct cli_request {
    ferry_session_request request; /* what it points to is below, or in the group */
    cli_text url;
    cli_lines lines; /* of the head */
    cli_lines owned; /* those that are on the heap */
    ferry_timeouts timeouts;
    cli_form_body *form;
    cli_input input; /* of -T */
    int64_t input_from;
    int64_t input_length; /* that is sent; negative: not known */
    bool is_chunked;
    const cli_text *data; /* that is read in chunks */
    size_t data_at;
    bool is_uploading;   /* -T */
    bool has_shrunk;     /* the file has become shorter than it was */
    const char *problem; /* what is wrong, as a sentence; or NULL */
    int read_error;      /* an errno: why the input cannot be read */
} cli_request;

/* Makes the request. `resume_from`: for -C; what comes, or is sent, begins there. On failure
 * `problem` is set, or read_error and the input's name. */
cli_exit cli_request_make(cli_request *request, const cli_group *group, const char *url,
                          const char *upload, int64_t resume_from);
void cli_request_free(cli_request *request);

/* True where -H has a line of that name, one that takes it away too. */
bool cli_request_is_named(const cli_group *group, const char *name);

/* What the method is called. */
const char *cli_request_get_method(const cli_request *request);

#endif
