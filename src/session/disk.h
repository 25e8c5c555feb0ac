/* SPDX-License-Identifier: MIT */
/* disk: files that are written and read without making a poll wait. platform/posix/ defines it with
 * a thread, web/ for Emscripten's file system, which is in memory; the linker chooses. */
#ifndef FERRY_SESSION_DISK_H
#define FERRY_SESSION_DISK_H

#include "hash.h"
#include "session_runtime.h"

/* What a session's files share. */
typedef struct ferry_disk ferry_disk;

/* OUT_OF_MEMORY. FAILED, with a detail: there is no thread, or no descriptor. */
FERRY_MUST_USE ferry_error ferry_disk_new(ferry_context *context, ferry_disk **disk);

/* Does not wait: what is under way ends by itself. Its files must have been closed. NULL is legal.
 */
void ferry_disk_free(ferry_disk *disk);

/* Becomes readable when a file has room or bytes again, or has got to another state;
 * FERRY_NO_DESCRIPTOR: that never happens by itself. Reset it before looking at the files. */
ferry_descriptor ferry_disk_get_descriptor(const ferry_disk *disk);
void ferry_disk_reset(ferry_disk *disk);

/* ---- Files that are written ---- */

/* A file that takes the place of another one when it is complete. Until then it has another name:
 * one by chance that nothing has; or, where it is kept for a later transfer, the path and
 * FERRY_PART_NAME. A lock is held on that one from when it is found until it is closed, so that no
 * two files have the same part. */
typedef struct ferry_disk_file ferry_disk_file;

/* What stands behind the path in the names of what is kept beside it. */
#define FERRY_PART_NAME ".ferry-part"      /* what there is of a file */
#define FERRY_PART_NOTE_NAME ".ferry-note" /* what that is a part of */
#define FERRY_NOTE_NAME ".ferry-info"      /* what the whole file is */

enum { FERRY_NOTE_MAX = 64 * 1024 }; /* bytes of a note: a longer one is not read */

typedef enum ferry_disk_state {
    FERRY_DISK_LOOKING, /* after ferry_disk_inspect() and ferry_disk_hash() */
    FERRY_DISK_FOUND,   /* that is done, and nothing is changed yet */
    FERRY_DISK_OPEN,    /* it takes bytes */
    FERRY_DISK_DONE,    /* after ferry_disk_commit(): it is in its place */
    FERRY_DISK_SETTLED, /* after ferry_disk_settle() */
    FERRY_DISK_FAILED,  /* something did not work; the old file is as it was */
} ferry_disk_state;

/* What is there before a file is begun. */
typedef struct ferry_disk_findings {
    int64_t part_length;   /* 0: there is no part */
    const char *part_note; /* "": there is none that can be read */
    int64_t length;        /* of the file at the path; -1: there is none */
    int64_t modified_s;    /* since 1970 */
    const char *note;      /* "": there is none that can be read */
    bool is_noted;         /* the note is of this very file, which nobody has changed since */
    bool has_note;         /* there is something where the note would be */
} ferry_disk_findings;

/* Begins a new file, which is OPEN. NULL: there is no memory. */
ferry_disk_file *ferry_disk_create(ferry_disk *disk, const char *path);

/* Looks at what is there. `keeps_part`: the file is to be kept where the transfer fails. NULL:
 * there is no memory. */
ferry_disk_file *ferry_disk_inspect(ferry_disk *disk, const char *path, bool keeps_part);

/* Of a file that has been FOUND; valid until it is closed. */
const ferry_disk_findings *ferry_disk_get_findings(const ferry_disk_file *file);

/* Hashes the first bytes of the part, or of the old file (`is_old`); of a file that is FOUND. */
void ferry_disk_hash(ferry_disk_file *file, bool is_old, int64_t length, ferry_hash_kind kind);

/* What came of it; NULL: it could not be read as far as that. Valid until the next call. */
const ferry_hash *ferry_disk_get_hash(const ferry_disk_file *file);

/* Begins at the beginning, and drops all that is there of it. The note says what it will be a part
 * of; NULL: it will be of no use to anyone else. Of a file that is FOUND or OPEN, which is OPEN
 * then. */
void ferry_disk_begin(ferry_disk_file *file, const char *part_note);

/* The part goes on: all of it, which was found, stays. Of a file that is FOUND, which is OPEN then.
 */
void ferry_disk_continue(ferry_disk_file *file);

/* Memory for the next bytes; 0: there is none now, until what is there is written. */
size_t ferry_disk_get_room(ferry_disk_file *file, void **room);

/* So many bytes were put there. */
void ferry_disk_add(ferry_disk_file *file, size_t length);

/* No more bytes come. The file is written out, and then takes the place of what is at the path. A
 * note is kept beside it, if there is one (NULL). */
void ferry_disk_commit(ferry_disk_file *file, const char *note);

/* No more bytes come, whatever the state is but LOOKING. The file is removed; or what has come of
 * it is written out, where it is to be kept and can be continued. */
void ferry_disk_settle(ferry_disk_file *file, bool keeps_part);

/* *reason, with FAILED, is a sentence that stays valid until the file is closed. */
ferry_disk_state ferry_disk_get_state(ferry_disk_file *file, const char **reason);

/* Lets go of the file, which then comes to the same by itself, unless it is DONE. Does not wait. */
void ferry_disk_close(ferry_disk_file *file, bool keeps_part);

/* ---- Files that are read ---- */

/* A file that is read ahead, from its beginning to its end, and again if that is asked for. */
typedef struct ferry_disk_source ferry_disk_source;

typedef enum ferry_disk_source_state {
    FERRY_DISK_SOURCE_OPENING,
    FERRY_DISK_SOURCE_OPEN,
    FERRY_DISK_SOURCE_FAILED, /* it cannot be read, or is longer or shorter than it was */
} ferry_disk_source_state;

/* NULL: there is no memory. */
ferry_disk_source *ferry_disk_source_open(ferry_disk *disk, const char *path);

/* *reason as that of ferry_disk_get_state(). */
ferry_disk_source_state ferry_disk_source_get_state(ferry_disk_source *source, const char **reason);

/* Its size when it was opened; of a source that is OPEN. */
int64_t ferry_disk_source_get_length(const ferry_disk_source *source);

/* The next bytes, which stay until some are taken; 0: none are there now, or all were taken. The
 * last ones come once it is known that the file is no longer than it was. */
size_t ferry_disk_source_get_bytes(ferry_disk_source *source, const void **bytes);
void ferry_disk_source_take(ferry_disk_source *source, size_t length);

/* Begins at the beginning again. */
void ferry_disk_source_rewind(ferry_disk_source *source);

/* Does not wait. */
void ferry_disk_source_close(ferry_disk_source *source);

#endif
