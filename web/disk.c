/* SPDX-License-Identifier: MIT */
/* disk: files of Emscripten's, which are in memory: nothing here waits, and each byte is written at
 * once. */
#include "session/disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_SIZE = 64 * 1024, REASON_SIZE = 400 };

struct ferry_disk {
    unsigned long names; /* that were given */
};

struct ferry_disk_file {
    FILE *stream;
    char *path;
    char *name; /* of the new file; NULL: there is none */
    ferry_disk_state state;
    char reason[REASON_SIZE];
    char room[ROOM_SIZE];
};

static void memory_file_fail(ferry_disk_file *file) {
    ferry_format(file->reason, sizeof file->reason, "cannot write %s: %s", file->path,
                 errno == EISDIR ? "it is a folder" : strerror(errno));
    file->state = FERRY_DISK_FAILED;
}

ferry_error ferry_disk_new(ferry_context *context, ferry_disk **disk) {
    *disk = calloc(1, sizeof **disk);
    return *disk != NULL ? FERRY_OK : ferry_fail_memory(context);
}

void ferry_disk_free(ferry_disk *disk) {
    free(disk);
}

ferry_descriptor ferry_disk_get_descriptor(const ferry_disk *disk) {
    (void)disk;
    return FERRY_NO_DESCRIPTOR;
}

void ferry_disk_reset(ferry_disk *disk) {
    (void)disk;
}

static void memory_file_destroy(ferry_disk_file *file) {
    if (file->stream != NULL) {
        fclose(file->stream);
    }
    if (file->name != NULL) {
        remove(file->name);
    }
    free(file->name);
    free(file->path);
    free(file);
}

ferry_disk_file *ferry_disk_create(ferry_disk *disk, const char *path) {
    ferry_disk_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        return NULL;
    }
    size_t size = strlen(path) + 32;
    file->path = malloc(size);
    file->name = malloc(size);
    if (file->path == NULL || file->name == NULL) {
        memory_file_destroy(file);
        return NULL;
    }
    ferry_format(file->path, size, "%s", path);
    ferry_format(file->name, size, "%s.part-%llu", path, (unsigned long long)++disk->names);
    file->stream = fopen(file->name, "wbx");
    if (file->stream == NULL) {
        memory_file_fail(file);
        free(file->name);
        file->name = NULL;
    }
    return file;
}

size_t ferry_disk_get_room(ferry_disk_file *file, void **room) {
    *room = file->room;
    return file->state == FERRY_DISK_OPEN ? sizeof file->room : 0;
}

void ferry_disk_add(ferry_disk_file *file, size_t length) {
    if (length > 0 && fwrite(file->room, 1, length, file->stream) < length) {
        memory_file_fail(file);
    }
}

void ferry_disk_commit(ferry_disk_file *file) {
    if (file->state != FERRY_DISK_OPEN) {
        return;
    }
    int closed = fclose(file->stream);
    file->stream = NULL;
    if (closed != 0 || rename(file->name, file->path) != 0) {
        memory_file_fail(file);
        return;
    }
    free(file->name);
    file->name = NULL;
    file->state = FERRY_DISK_DONE;
}

ferry_disk_state ferry_disk_get_state(ferry_disk_file *file, const char **reason) {
    *reason = file->reason;
    return file->state;
}

void ferry_disk_close(ferry_disk_file *file) {
    memory_file_destroy(file);
}
