/* SPDX-License-Identifier: MIT */
/* tls: what the command line says about TLS: files and words, read before anything is sent.
 * The functions that read return NULL, or a sentence about what is wrong, which stays valid until
 * the next call. */
#ifndef FERRY_CLI_TLS_H
#define FERRY_CLI_TLS_H

#include "text.h"

#include <ferry.h>

typedef struct cli_tls {
    ferry_tls_options options; /* for the library; its texts are those below */
    char *authorities;         /* --cacert: PEM, or DER as it is */
    size_t authorities_length; /* in bytes */
    char *certificate;
    char *key;
    char *password;
    char *crl;
    cli_lines pins;
} cli_tls;

const char *cli_tls_read_authorities(cli_tls *tls, const char *file);
const char *cli_tls_read_certificate(cli_tls *tls, const char *file);
const char *cli_tls_read_key(cli_tls *tls, const char *file);
const char *cli_tls_read_crl(cli_tls *tls, const char *file);
/* "file:NAME", whose first line it is, or "env:NAME". */
const char *cli_tls_read_password(cli_tls *tls, const char *source);
/* "1.2" or "1.3". */
const char *cli_tls_set_version(cli_tls *tls, const char *version);
const char *cli_tls_add_pin(cli_tls *tls, const char *pin);
/* Several, with ';' between them. */
const char *cli_tls_add_pins(cli_tls *tls, const char *pins);

/* Makes one whole of what was read. */
const char *cli_tls_finish(cli_tls *tls);
/* What is not verified, for a warning; NULL: everything is. */
const char *cli_tls_weakness(const cli_tls *tls);
void cli_tls_free(cli_tls *tls);

#endif
