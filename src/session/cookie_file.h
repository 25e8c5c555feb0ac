/* SPDX-License-Identifier: MIT */
/* cookie_file: the Netscape format of cookies, which curl and others read and write. */
#ifndef FERRY_SESSION_COOKIE_FILE_H
#define FERRY_SESSION_COOKIE_FILE_H

#include "cookie_jar.h"

/* Stores what the content of a file has. `path` is for the detail. INVALID_DATA: a line is none of
 * that format, and nothing is stored. OUT_OF_MEMORY: some is. */
FERRY_MUST_USE ferry_error ferry_cookie_file_read(ferry_cookie_jar *jar, ferry_span content,
                                                  const char *path, int64_t now_s);

/* Appends the content of a file. OUT_OF_MEMORY; TOO_LARGE. */
FERRY_MUST_USE ferry_error ferry_cookie_file_write(ferry_cookie_jar *jar, ferry_buffer *content,
                                                   int64_t now_s);

#endif
