/* SPDX-License-Identifier: MIT */
/* messages: what is shown to people: --help, the events of -v, and what an exit code is for.
 */
#ifndef FERRY_MESSAGES_H
#define FERRY_MESSAGES_H

#include "options.h"

#include <ferry.h>

extern const char cli_help[];

cli_exit cli_exit_of(ferry_error error);

/* A URL without the user name and the password that it may hold, cut where it is long. */
const char *cli_masked(const char *url, char *text, size_t size);

/* Prints "ferry: " and a sentence on standard error, with nothing in it that a terminal would obey:
 * names of files and arguments may hold anything. */
void cli_say(const char *format, ...);

/* Prints a message of the library's log, which is printable already, on standard error. */
void cli_print_event(ferry_log_kind kind, const char *message);

#endif
