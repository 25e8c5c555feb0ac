/* SPDX-License-Identifier: MIT */
/* body_file: the body of a request that is a file's content. */
#ifndef FERRY_SESSION_BODY_FILE_H
#define FERRY_SESSION_BODY_FILE_H

#include "session_state.h"

/* Opens the file. *is_ready becomes false where it is not known yet whether that works: call it
 * again when the disk has got on. FILE, with a detail; OUT_OF_MEMORY, FAILED. */
FERRY_MUST_USE ferry_error ferry_body_file_prepare(ferry_transfer *transfer, bool *is_ready);

/* The length of the file that is prepared. */
int64_t ferry_body_file_get_length(const ferry_transfer *transfer);

/* The next request sends it from its beginning. */
void ferry_body_file_rewind(ferry_transfer *transfer);

/* There may be more to give: the next poll does. */
void ferry_body_file_go_on(ferry_transfer *transfer);

/* Gives what was read of it to the client, as far as it takes that. False: the transfer has ended.
 */
bool ferry_body_file_send(ferry_transfer *transfer);

#endif
