/* SPDX-License-Identifier: MIT */
/* options: what the command line asks for, checked before anything is sent. */
#ifndef FERRY_OPTIONS_H
#define FERRY_OPTIONS_H

#include "tls.h"

#include <stdbool.h>
#include <stddef.h>

/* The exit codes; --help lists them. */
typedef enum cli_exit {
    CLI_EXIT_OK = 0,
    CLI_EXIT_OTHER = 1,
    CLI_EXIT_USAGE = 2,
    CLI_EXIT_CANT_RESOLVE = 3,
    CLI_EXIT_CANT_CONNECT = 4,
    CLI_EXIT_TIMEOUT = 5,
    CLI_EXIT_TRUNCATED = 6,
    CLI_EXIT_PROTOCOL = 7,
    CLI_EXIT_STATUS = 8,
    CLI_EXIT_FILE = 9,
    CLI_EXIT_UNAVAILABLE = 10,
    CLI_EXIT_CONNECTION = 11,
    CLI_EXIT_BODY = 12,
    CLI_EXIT_TLS_HANDSHAKE = 13,
    CLI_EXIT_TLS_CERTIFICATE = 14,
} cli_exit;

typedef struct cli_options {
    const char *url;
    const char *method; /* never NULL */
    cli_lines headers;  /* "Name: value" */
    char *data;         /* the bytes of -d; NULL: none were given */
    size_t data_length;
    const char *upload;     /* the file of -T, "-": standard input; NULL: none */
    const char *output;     /* the file of -o; NULL: standard output */
    int max_time_ms;        /* 0: no limit */
    int connect_timeout_ms; /* 0: the library's default */
    cli_tls tls;
    cli_tls proxy_tls;       /* to a proxy that is reached by https:// */
    const char *proxy;       /* "": none; NULL: the environment's */
    const char *no_proxy;    /* NULL: the environment's */
    cli_lines resolve;       /* "HOST:PORT:ADDRESS" */
    cli_lines proxy_headers; /* for the proxy alone */
    bool head;
    bool include;
    bool verbose;
    bool silent;
    bool raw;
    bool fail;
    bool progress;
} cli_options;

/* Reads the command line. True: go on; false: end with `exit_code`, everything has been said. The
 * strings are those of `argv`. */
bool cli_options_parse(cli_options *options, int argc, char **argv, cli_exit *exit_code);
void cli_options_free(cli_options *options);

#endif
