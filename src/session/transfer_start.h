/* SPDX-License-Identifier: MIT */
/* transfer_start: makes a transfer of a request. */
#ifndef FERRY_SESSION_TRANSFER_START_H
#define FERRY_SESSION_TRANSFER_START_H

#include "session_state.h"

/* Starts a transfer whose body goes to memory (NULL), or to a file at this path. */
ferry_transfer *ferry_transfer_start(ferry_session *session, const ferry_session_request *request,
                                     const ferry_download_ops *download, const char *path);

#endif
