/* SPDX-License-Identifier: MIT */
/* main: a command-line HTTP client over sessions, with curl's options and exit codes.
 *
 * cli_run() (run.c) is the loop that polls the sessions; cli_transfer_start() (transfer.c) makes a
 * request of the options and starts it; response.c has the functions that the session calls. */
#include "options.h"
#include "run.h"

#include "../standard_files.h"

#include <signal.h>

int main(int argc, char **argv) {
    cli_options options;
    cli_exit exit_code = CLI_EXIT_OK;
    standard_files_open();
    signal(SIGPIPE, SIG_IGN); /* writing to a reader that has gone is an error like any other */
    if (cli_options_parse(&options, argc, argv, &exit_code)) {
        exit_code = cli_run(&options);
    }
    cli_options_free(&options);
    return (int)exit_code;
}
