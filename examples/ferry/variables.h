/* SPDX-License-Identifier: MIT */
/* variables: what there is to know of a transfer that is done, by the names of -w. */
#ifndef FERRY_CLI_VARIABLES_H
#define FERRY_CLI_VARIABLES_H

#include "transfer.h"

typedef struct cli_variable {
    const char *name;
    /* Writes the value; nothing where it is not known. */
    void (*write)(const cli_transfer *transfer, cli_text *to);
    bool is_text; /* for JSON: in quotes, and null where there is none */
} cli_variable;

extern const cli_variable cli_variables[];
extern const size_t cli_variable_count;

/* The value of a header of the response; NULL: there is none. */
const char *cli_variable_header(const cli_transfer *transfer, const char *name);

#endif
