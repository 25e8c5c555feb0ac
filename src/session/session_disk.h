/* SPDX-License-Identifier: MIT */
/* session_disk: the files of a session, as its transfers see them. */
#ifndef FERRY_SESSION_SESSION_DISK_H
#define FERRY_SESSION_SESSION_DISK_H

#include "session_state.h"

/* Makes session.disk, unless it is there. OUT_OF_MEMORY, FAILED. */
FERRY_MUST_USE ferry_error ferry_session_open_disk(ferry_session *session, ferry_context *context);
void ferry_session_close_disk(ferry_session *session);

/* The transfer looks again when the disk has got on. */
void ferry_transfer_await_disk(ferry_transfer *transfer);

#endif
