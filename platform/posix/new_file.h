/* SPDX-License-Identifier: MIT */
/* new_file: files that are written beside another one, and then take its place. */
#ifndef FERRY_POSIX_NEW_FILE_H
#define FERRY_POSIX_NEW_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* What a name is longer than the path that it stands beside, with its NUL. */
enum { FERRY_NEW_FILE_NAME_MORE = 32 };

/* Why no file may take the place of what is at the path: a device or a pipe would be gone. NULL:
 * it may, or nothing is there. */
const char *ferry_new_file_find_obstacle(const char *path);

/* Creates a file under a name beside the path that nothing has, for its owner alone. Writes the
 * name to `name`, which has `size` bytes. Returns its descriptor; -1, and errno: there is none. */
int ferry_new_file_create(const char *path, char *name, size_t size);

/* Writes all of it. False, and errno. */
bool ferry_new_file_write(int descriptor, const char *data, size_t length);

#endif
