/* SPDX-License-Identifier: MIT */
/* announced_length: a request body that comes in pieces must have the length that the program
 * announced. */
#ifndef FERRY_MESSAGE_ANNOUNCED_LENGTH_H
#define FERRY_MESSAGE_ANNOUNCED_LENGTH_H

#include "base/context.h"

/* `remaining` is what is left of the announced length; -1: none was announced. INVALID_PARAMETER,
 * with a detail, where the piece is longer. */
ferry_error ferry_announced_check_piece(ferry_context *context, int64_t remaining, size_t length);

/* The same where the body ends before. */
ferry_error ferry_announced_check_end(ferry_context *context, int64_t remaining);

#endif
