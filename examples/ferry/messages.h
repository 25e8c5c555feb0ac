/* SPDX-License-Identifier: MIT */
/* messages: what is shown to people, and what an exit code is for. */
#ifndef FERRY_CLI_MESSAGES_H
#define FERRY_CLI_MESSAGES_H

#include <ferry.h>

#include <stddef.h>

/* The exit codes are curl's; --help lists them. */
typedef enum cli_exit {
    CLI_EXIT_OK = 0,
    CLI_EXIT_SCHEME = 1,
    CLI_EXIT_USAGE = 2,
    CLI_EXIT_URL = 3,
    CLI_EXIT_NOT_BUILT_IN = 4,
    CLI_EXIT_NAME = 6,
    CLI_EXIT_CONNECT = 7,
    CLI_EXIT_PROTOCOL = 8,
    CLI_EXIT_TRUNCATED = 18,
    CLI_EXIT_STATUS = 22,
    CLI_EXIT_WRITE = 23,
    CLI_EXIT_READ = 26,
    CLI_EXIT_MEMORY = 27,
    CLI_EXIT_TIMEOUT = 28,
    CLI_EXIT_RANGE = 33,
    CLI_EXIT_TLS = 35,
    CLI_EXIT_REDIRECTS = 47,
    CLI_EXIT_SEND = 55,
    CLI_EXIT_RECEIVE = 56,
    CLI_EXIT_CERTIFICATE = 60,
    CLI_EXIT_CODING = 61,
    CLI_EXIT_SIZE = 63,
    CLI_EXIT_LOGIN = 67,
} cli_exit;

extern const char cli_help[];

cli_exit cli_exit_of(ferry_error error);

/* Prints "ferry: " and a sentence on standard error, with nothing in it that a terminal would obey:
 * names of files and arguments may hold anything. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a message of the library's log, which is printable already, on standard error. */
void cli_print_event(ferry_log_kind kind, const char *message);

#endif
