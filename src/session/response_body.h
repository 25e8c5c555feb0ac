/* SPDX-License-Identifier: MIT */
/* response_body: where the bytes of a response's body go. */
#ifndef FERRY_SESSION_RESPONSE_BODY_H
#define FERRY_SESSION_RESPONSE_BODY_H

#include "session_state.h"

/* The most bytes that the body may have. */
int64_t ferry_response_max_body(const ferry_transfer *transfer);

/* How many of them may be read while nobody polls, for the library takes all of them at once; 0:
 * the program takes them one by one. */
int64_t ferry_response_max_ahead(const ferry_transfer *transfer);

/* These bytes have come. False: the body is too long, and the transfer has ended. */
bool ferry_response_count(ferry_transfer *transfer, const void *data, size_t length);

/* What is to be done after a read of the client's that gave so many bytes. An error that has not
 * ended the exchange, such as no memory, ends the transfer. */
ferry_read_result ferry_response_judge(ferry_transfer *transfer, ferry_error error, size_t length);

/* Reads a piece of the body to where it goes. */
ferry_read_result ferry_response_read(ferry_transfer *transfer);

/* A body that nobody wants is read if it is there already and short, so that the connection can be
 * kept. It goes nowhere, and is not waited for. */
void ferry_response_read_away(const ferry_transfer *transfer);

#endif
