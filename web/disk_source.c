/* SPDX-License-Identifier: MIT */
/* disk_source: reads files of Emscripten's by JavaScript's FS, where the program has one: a program
 * without files gets none from here. */
#include "session/disk.h"

#include "session_js.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_SIZE = 64 * 1024, REASON_SIZE = 400 };

struct ferry_disk_source {
    int id; /* of the open file; 0: there is none */
    int64_t length;
    int64_t next; /* where the next bytes are read */
    size_t taken; /* of the room */
    size_t filled;
    ferry_disk_source_state state;
    char reason[REASON_SIZE];
    char room[ROOM_SIZE];
    char path[];
};

static void js_source_fail(ferry_disk_source *source, const char *words) {
    ferry_format(source->reason, sizeof source->reason, "cannot read %s: %s", source->path, words);
    source->state = FERRY_DISK_SOURCE_FAILED;
}

static void js_source_fail_size(ferry_disk_source *source, const char *words) {
    ferry_format(source->reason, sizeof source->reason,
                 "%s is %s than the %lld bytes that it had when it was opened", source->path, words,
                 (long long)source->length);
    source->state = FERRY_DISK_SOURCE_FAILED;
}

static void js_source_check_end(ferry_disk_source *source) {
    if (ferry_js_file_size(source->id) > (double)source->length) {
        js_source_fail_size(source, "longer");
    }
}

ferry_disk_source *ferry_disk_source_open(ferry_disk *disk, const char *path) {
    (void)disk;
    size_t size = strlen(path) + 1;
    ferry_disk_source *source = malloc(sizeof *source + size);
    if (source == NULL) {
        return NULL;
    }
    memset(source, 0, sizeof *source);
    memcpy(source->path, path, size);
    int id = ferry_js_file_open(path, size - 1);
    if (id > 0) {
        source->id = id;
        source->length = (int64_t)ferry_js_file_size(id);
        source->state = FERRY_DISK_SOURCE_OPEN;
        return source;
    }
    static const char *const words[] = {
        [-FERRY_JS_FILE_REFUSED] = "it cannot be opened",
        [-FERRY_JS_FILE_MISSING] = "there is no such file",
        [-FERRY_JS_FILE_FOLDER] = "it is a folder",
        [-FERRY_JS_FILE_OTHER] = "it is no file",
        [-FERRY_JS_FILE_NO_SYSTEM] = "this program has no file system (-sFORCE_FILESYSTEM)",
    };
    js_source_fail(source, words[-id]);
    return source;
}

ferry_disk_source_state ferry_disk_source_get_state(ferry_disk_source *source,
                                                    const char **reason) {
    *reason = source->reason;
    return source->state;
}

int64_t ferry_disk_source_get_length(const ferry_disk_source *source) {
    return source->length;
}

size_t ferry_disk_source_get_bytes(ferry_disk_source *source, const void **bytes) {
    if (source->taken == source->filled && source->next < source->length) {
        int64_t left = source->length - source->next;
        int most = left < ROOM_SIZE ? (int)left : ROOM_SIZE;
        int count = ferry_js_file_read(source->id, source->room, most, (double)source->next);
        if (count < 0) {
            js_source_fail(source, "the file system refuses");
        } else if (count < most) {
            js_source_fail_size(source, "shorter");
        } else if (left == most) {
            js_source_check_end(source);
        }
        source->taken = 0;
        source->filled = source->state == FERRY_DISK_SOURCE_OPEN ? (size_t)count : 0;
        source->next += (int64_t)source->filled;
    }
    *bytes = source->room + source->taken;
    return source->filled - source->taken;
}

void ferry_disk_source_take(ferry_disk_source *source, size_t length) {
    source->taken += length;
}

void ferry_disk_source_rewind(ferry_disk_source *source) {
    source->next = 0;
    source->taken = 0;
    source->filled = 0;
}

void ferry_disk_source_close(ferry_disk_source *source) {
    if (source->id > 0) {
        ferry_js_file_close(source->id);
    }
    free(source);
}
