/* SPDX-License-Identifier: MIT */
/* disk: files that are written without making a poll wait. platform/posix/ defines it with a
 * thread, web/ for Emscripten's file system, which is in memory; the linker chooses. */
#ifndef FERRY_SESSION_DISK_H
#define FERRY_SESSION_DISK_H

#include "session_runtime.h"

/* What a session's files share. */
typedef struct ferry_disk ferry_disk;

/* A new file, which takes the place of another one when it is complete. */
typedef struct ferry_disk_file ferry_disk_file;

typedef enum ferry_disk_state {
    FERRY_DISK_OPEN,   /* it takes bytes */
    FERRY_DISK_DONE,   /* after ferry_disk_commit(): it is in its place */
    FERRY_DISK_FAILED, /* something did not work; the old file is as it was */
} ferry_disk_state;

/* OUT_OF_MEMORY. FAILED, with a detail: there is no thread, or no descriptor. */
FERRY_MUST_USE ferry_error ferry_disk_new(ferry_context *context, ferry_disk **disk);

/* Does not wait: what is under way ends by itself. Its files must have been closed. NULL is legal.
 */
void ferry_disk_free(ferry_disk *disk);

/* Becomes readable when a file has room again, or has got to another state; FERRY_NO_DESCRIPTOR:
 * that never happens by itself. Reset it before looking at the files. */
ferry_descriptor ferry_disk_get_descriptor(const ferry_disk *disk);
void ferry_disk_reset(ferry_disk *disk);

/* Begins a file beside `path`, under a name that nothing has, readable by its owner alone. NULL:
 * there is no memory. */
ferry_disk_file *ferry_disk_create(ferry_disk *disk, const char *path);

/* Memory for the next bytes; 0: there is none now, until what is there is written. */
size_t ferry_disk_get_room(ferry_disk_file *file, void **room);

/* So many bytes were put there. */
void ferry_disk_add(ferry_disk_file *file, size_t length);

/* No more bytes come. The file is written out, and then takes the place of what is at the path. */
void ferry_disk_commit(ferry_disk_file *file);

/* *reason, with FAILED, is a sentence that stays valid until the file is closed. */
ferry_disk_state ferry_disk_get_state(ferry_disk_file *file, const char **reason);

/* Lets go of the file, which is removed unless it is DONE. Does not wait. */
void ferry_disk_close(ferry_disk_file *file);

#endif
