/* SPDX-License-Identifier: MIT */
/* disk_part: what is kept beside a file: a part of it under a lock, and notes. All calls may wait
 * for the disk. */
#ifndef FERRY_POSIX_DISK_PART_H
#define FERRY_POSIX_DISK_PART_H

#include "session/disk.h"

/* The path and what stands behind it, to be freed; NULL: there is no memory. */
char *ferry_disk_name(const char *path, const char *more);

/* Opens the part at this name, or makes an empty one, and locks it. *reason: it is there, and is no
 * file of ours, or another transfer has it. Returns its descriptor; -1: with a reason or an errno.
 * -2: this file system has no locks. */
int ferry_disk_part_open(const char *name, const char **reason);

/* The text of a note, to be freed; NULL: there is none that can be read. */
char *ferry_disk_note_read(const char *name);

/* Writes a note, in the place of another one. False, and errno. */
bool ferry_disk_note_write(const char *name, const char *first, const char *second);

#endif
