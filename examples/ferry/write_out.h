/* SPDX-License-Identifier: MIT */
/* write_out: what -w prints of a transfer that is done. */
#ifndef FERRY_CLI_WRITE_OUT_H
#define FERRY_CLI_WRITE_OUT_H

#include "transfer.h"

void cli_write_out(const cli_transfer *transfer);

#endif
