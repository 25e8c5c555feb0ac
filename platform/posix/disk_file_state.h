/* SPDX-License-Identifier: MIT */
/* disk_file_state: a file that is written, as those see it that look at what is there and that
 * write. */
#ifndef FERRY_POSIX_DISK_FILE_STATE_H
#define FERRY_POSIX_DISK_FILE_STATE_H

#include "disk_job.h"

struct ferry_disk_file {
    ferry_disk_job job;
    char *path;
    bool keeps_part; /* where there can be a lock */

    /* Under the mutex: what is to be done, and how far it is. */
    bool looks;
    bool hashes;
    bool hashes_old;
    int64_t length_to_hash;
    ferry_hash_kind hash_kind;
    bool begins;
    char *next_part_note;
    ferry_disk_block *first; /* to be written */
    ferry_disk_block **last;
    size_t blocks; /* filled, and not written yet; with the one that is being filled */
    bool commits;
    bool settles;
    char *next_note;
    bool lacks_room; /* the session waits for a block */
    bool stays;      /* once it is closed, if it can be continued */
    ferry_disk_state state;
    char reason[FERRY_DISK_REASON_SIZE];

    ferry_disk_block *filling; /* the session's */

    /* The thread's, and while the state is FOUND the session's to read. */
    int descriptor;     /* -1: not open */
    char *name;         /* of the new file; NULL: there is none */
    char *part_note_at; /* where the note of the part is; NULL: it is no part */
    bool has_part_note;
    char *part_note;
    char *note;
    ferry_disk_findings findings;
    ferry_hash *hash;
    int hash_from;       /* a descriptor; -1: nothing is being hashed */
    int64_t hash_length; /* of what has been hashed */
};

/* On the thread. The second makes it FAILED, and gives false. */
void ferry_disk_file_change(ferry_disk_file *file, ferry_disk_state state);
bool ferry_disk_file_fail(ferry_disk_file *file, const char *what, const char *name,
                          const char *words);

/* True where nothing may take the place of what is at the path; the file has failed then. */
bool ferry_disk_file_has_obstacle(ferry_disk_file *file);

#endif
