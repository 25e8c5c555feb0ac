/* SPDX-License-Identifier: MIT */
/* run: all transfers of the command line, one after another or side by side. */
#ifndef FERRY_CLI_RUN_H
#define FERRY_CLI_RUN_H

#include "options.h"

cli_exit cli_run(const cli_options *options);

#endif
