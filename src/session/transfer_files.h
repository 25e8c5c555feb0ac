/* SPDX-License-Identifier: MIT */
/* transfer_files: the files of a transfer, before its request and while it lasts. */
#ifndef FERRY_SESSION_TRANSFER_FILES_H
#define FERRY_SESSION_TRANSFER_FILES_H

#include "session_state.h"

/* Finds what must be known of files before a request is sent, now and whenever the disk has got on;
 * then the transfer goes to the pool. */
void ferry_transfer_prepare_files(ferry_transfer *transfer);

/* The disk has got on: as session.on_disk. */
void ferry_transfer_look(ferry_transfer *transfer);

#endif
