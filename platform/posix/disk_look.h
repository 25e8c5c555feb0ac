/* SPDX-License-Identifier: MIT */
/* disk_look: what there is before a file is begun; on the thread. */
#ifndef FERRY_POSIX_DISK_LOOK_H
#define FERRY_POSIX_DISK_LOOK_H

#include "disk_file_state.h"

/* Finds what is there, and locks the part. */
void ferry_disk_file_look(ferry_disk_file *file);

/* Hashes the next block; the state is FOUND after the last one. */
void ferry_disk_file_hash(ferry_disk_file *file);
void ferry_disk_file_drop_hash(ferry_disk_file *file);

#endif
