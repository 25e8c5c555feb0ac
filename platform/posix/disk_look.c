/* SPDX-License-Identifier: MIT */
/* disk_look: what is beside a file, and at its path, before the file is begun. */
#include "disk_look.h"

#include "disk_part.h"
#include "session/download_note.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* False: the file has failed. Where there are no locks it is kept for nobody. */
static bool file_open_part(ferry_disk_file *file) {
    const char *reason;
    char *name = ferry_disk_name(file->path, FERRY_PART_NAME);
    char *note_at = ferry_disk_name(file->path, FERRY_PART_NOTE_NAME);
    int descriptor = -1;
    if (name != NULL && note_at != NULL) {
        descriptor = ferry_disk_part_open(name, &reason);
    } else {
        reason = "out of memory";
    }
    bool has_failed = descriptor == -1;
    if (has_failed) {
        ferry_disk_file_fail(file, "write", name != NULL ? name : file->path,
                             reason != NULL ? reason : strerror(errno));
    }
    if (descriptor < 0) {
        free(name);
        free(note_at);
        return !has_failed;
    }
    file->descriptor = descriptor;
    file->name = name;
    file->part_note_at = note_at;
    file->findings.part_length = (int64_t)lseek(descriptor, 0, SEEK_END);
    file->part_note = ferry_disk_note_read(note_at);
    file->has_part_note = file->part_note != NULL;
    return true;
}

static void file_look_at_old(ferry_disk_file *file) {
    ferry_disk_findings *findings = &file->findings;
    struct stat found;
    if (stat(file->path, &found) != 0) {
        return;
    }
    findings->length = (int64_t)found.st_size;
    findings->modified_s = (int64_t)found.st_mtime;
    char *name = ferry_disk_name(file->path, FERRY_NOTE_NAME);
    struct stat note;
    findings->has_note = name != NULL && lstat(name, &note) == 0;
    char *text = name != NULL ? ferry_disk_note_read(name) : NULL;
    free(name);
    if (text == NULL) {
        return;
    }
    findings->note = ferry_download_note_unbind(text, findings->modified_s, findings->length,
                                                &findings->is_noted);
    file->note = text;
}

void ferry_disk_file_look(ferry_disk_file *file) {
    if (ferry_disk_file_has_obstacle(file) || (file->keeps_part && !file_open_part(file))) {
        return;
    }
    file->findings.part_note = file->part_note != NULL ? file->part_note : "";
    file_look_at_old(file);
    ferry_disk_file_change(file, FERRY_DISK_FOUND);
}

/* ---- Hashing ---- */

static void file_end_hashing(ferry_disk_file *file) {
    if (file->hashes_old && file->hash_from >= 0) {
        close(file->hash_from);
    }
    file->hash_from = -1;
}

void ferry_disk_file_drop_hash(ferry_disk_file *file) {
    const ferry_context context = {.allocator = ferry_default_allocator};
    file_end_hashing(file);
    ferry_hash_free(&context, file->hash);
    file->hash = NULL;
}

static bool file_begin_to_hash(ferry_disk_file *file) {
    ferry_context context = {.allocator = ferry_default_allocator};
    ferry_disk_file_drop_hash(file);
    file->hash_length = 0;
    file->hash_from =
        file->hashes_old ? open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : file->descriptor;
    return file->hash_from >= 0 &&
           ferry_hash_new(&context, file->hash_kind, &file->hash) == FERRY_OK;
}

/* False: it cannot be read as far as that. */
static bool file_hash_block(ferry_disk_file *file) {
    int64_t left = file->length_to_hash - file->hash_length;
    size_t most = left < FERRY_DISK_BLOCK_SIZE ? (size_t)left : FERRY_DISK_BLOCK_SIZE;
    if (most == 0) {
        return true;
    }
    ferry_disk_block *block = malloc(sizeof *block);
    if (block == NULL) {
        return false;
    }
    ssize_t count = pread(file->hash_from, block->bytes, most, (off_t)file->hash_length);
    bool is_read = count > 0 || (count < 0 && errno == EINTR);
    if (count > 0) {
        ferry_hash_add(file->hash, block->bytes, (size_t)count);
        file->hash_length += count;
    }
    free(block);
    return is_read;
}

void ferry_disk_file_hash(ferry_disk_file *file) {
    bool is_hashed = (file->hash_from >= 0 || file_begin_to_hash(file)) && file_hash_block(file);
    if (is_hashed && file->hash_length < file->length_to_hash) {
        return;
    }
    if (is_hashed) {
        file_end_hashing(file);
    } else {
        ferry_disk_file_drop_hash(file);
    }
    ferry_disk_file_change(file, FERRY_DISK_FOUND);
}
