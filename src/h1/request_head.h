/* SPDX-License-Identifier: MIT */
/* request_head: writes the head of a request (RFC 9112 section 3). */
#ifndef FERRY_H1_REQUEST_HEAD_H
#define FERRY_H1_REQUEST_HEAD_H

#include "base/buffer.h"
#include "base/span.h"
#include "message/backend.h"

/* Appends the request line, Host, the caller's other headers as they are, and those that they lack,
 * up to and including the empty line. `accept_encoding` is what can be undone; empty: nothing.
 * OUT_OF_MEMORY, TOO_LARGE; the buffer is then as it was. */
ferry_error ferry_h1_request_write(ferry_buffer *out, ferry_context *context,
                                   const ferry_message *message, ferry_span accept_encoding);

/* Writes "400\r\n" for a chunk of 1,024 bytes; returns the length. */
enum { FERRY_H1_CHUNK_SIZE_LINE = 18 };
size_t ferry_h1_chunk_size_write(size_t size, char line[FERRY_H1_CHUNK_SIZE_LINE]);

#endif
