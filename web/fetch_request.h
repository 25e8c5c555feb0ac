/* SPDX-License-Identifier: MIT */
/* fetch_request: puts a request into the words that fetch() takes. */
#ifndef FERRY_FETCH_REQUEST_H
#define FERRY_FETCH_REQUEST_H

#include "base/buffer.h"
#include "message/backend.h"

/* Writes what ferry_js_new() takes as text. Headers that a browser keeps to itself are left out,
 * with a line to the log. UNAVAILABLE, INVALID_PARAMETER (an option out of its range),
 * OUT_OF_MEMORY, each with a detail. */
ferry_error ferry_fetch_request_write(ferry_buffer *text, ferry_context *context,
                                      const ferry_message *message, bool secure);

#endif
