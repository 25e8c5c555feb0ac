/* SPDX-License-Identifier: MIT */
/* decoding: undoes all codings that a Content-Encoding value names, last one first, within a limit
 * on what comes out. */
#ifndef FERRY_MESSAGE_DECODING_H
#define FERRY_MESSAGE_DECODING_H

#include "coding.h"

typedef struct ferry_decoding ferry_decoding;

/* Makes the chain for a Content-Encoding value (all its field lines joined by commas). Sets
 * *decoding to NULL where there is nothing to undo: no coding, "identity", or one that is not built
 * in anywhere in the list (logged as a warning; the body is then given as it came).
 * More than four codings: INVALID_DATA. OUT_OF_MEMORY. */
ferry_error ferry_decoding_new(ferry_context *context, ferry_span content_encoding,
                               ferry_decoding **decoding);
void ferry_decoding_free(ferry_decoding *decoding);

/* Takes bytes from `src`, gives decoded ones to `dst`: one piece of work by one decoder, bounded in
 * the bytes that go in and come out, since a few bytes can be made to take long. *more: call it
 * again, it may get on without more input or room. Without it, it needs one or the other. TOO_LARGE
 * once more than context->max_decoded_bytes would have come out; the detail names the limit and the
 * option. */
ferry_error ferry_decoding_decode(ferry_decoding *decoding, const void *src, size_t src_length,
                                  size_t *consumed, void *dst, size_t capacity, size_t *produced,
                                  bool *more);

/* To be asked when all input was consumed and there is no more. INVALID_DATA with a detail
 * where a coding's own end has not come. */
ferry_error ferry_decoding_finish(ferry_decoding *decoding);

#endif
