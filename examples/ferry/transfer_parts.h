/* SPDX-License-Identifier: MIT */
/* transfer_parts: what the files about a transfer ask of each other. */
#ifndef FERRY_CLI_TRANSFER_PARTS_H
#define FERRY_CLI_TRANSFER_PARTS_H

#include "transfer.h"

/* ---- transfer.c ---- */

/* Says something that is no failure. */
void cli_transfer_note(cli_transfer *transfer, const char *note);
/* Fails because of a local file: "cannot read NAME: REASON". */
void cli_transfer_fail_file(cli_transfer *transfer, cli_exit exit_code, const char *doing,
                            const char *name, const char *reason);
/* DONE: closes the output, and says what has gone wrong. */
void cli_transfer_end(cli_transfer *transfer);

/* ---- response.c: what a session calls ---- */

extern const ferry_transfer_functions cli_response_functions;

/* ---- head.c ---- */

/* Writes status line and header lines as -i has them. Returns how many header lines there are. */
int cli_head_write(const ferry_transfer *handle, cli_text *head);
/* Fit for a terminal. */
void cli_head_make_printable(cli_text *head);
/* Empties the file of -D, or makes it: once for all the URLs of a group, before the first. */
void cli_head_begin_file(cli_transfer *transfer);
/* To the file of -D, behind what the command line has written there. */
void cli_head_add_to_file(cli_transfer *transfer, const cli_text *head);

/* ---- upload.c ---- */

/* Sends what has come of an input without a length, and reads more where that does not wait. */
void cli_upload_step(cli_transfer *transfer);

/* ---- retry.c ---- */

/* True where the transfer, which has ended so, will be tried again: it is WAITING now. */
bool cli_transfer_retry(cli_transfer *transfer, ferry_error error);

#endif
