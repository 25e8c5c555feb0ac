/* SPDX-License-Identifier: MIT */
/* whole_file: small files that are read and replaced as a whole, for calls that may wait for a
 * disk. platform/posix/ and web/ define it; the linker chooses. */
#ifndef FERRY_SESSION_WHOLE_FILE_H
#define FERRY_SESSION_WHOLE_FILE_H

#include "base/buffer.h"

/* Appends what is in the file. *is_missing: there is none at that path, which is no error. FILE,
 * with the system's words; TOO_LARGE; OUT_OF_MEMORY; UNAVAILABLE: there are no files. */
FERRY_MUST_USE ferry_error ferry_whole_file_read(ferry_context *context, const char *path,
                                                 ferry_buffer *content, bool *is_missing);

/* Writes a new file beside the path, which only its owner may read, and puts it in the place of
 * what is there. If that fails, what is there stays as it was. Errors as above. */
FERRY_MUST_USE ferry_error ferry_whole_file_replace(ferry_context *context, const char *path,
                                                    const void *data, size_t length);

#endif
