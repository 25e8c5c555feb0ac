/* SPDX-License-Identifier: MIT */
/* whole_file: reads and replaces small files at once, and waits for the disk. */
#include "session/whole_file.h"

#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 16 * 1024 };

static ferry_error whole_file_fail(ferry_context *context, const char *what, const char *path,
                                   const char *words) {
    return ferry_fail(context, FERRY_ERROR_FILE, "cannot %s %s: %s", what, path, words);
}

/* ---- Reading ---- */

static ferry_error whole_file_take(ferry_context *context, const char *path, int descriptor,
                                   ferry_buffer *content) {
    for (;;) {
        ferry_error error = ferry_buffer_reserve(content, context, READ_SIZE);
        if (error != FERRY_OK) {
            return error;
        }
        ssize_t count = read(descriptor, content->data + content->end, READ_SIZE);
        if (count < 0 && errno != EINTR) {
            return whole_file_fail(context, "read", path, strerror(errno));
        }
        if (count == 0) {
            return FERRY_OK;
        }
        content->end += count > 0 ? (size_t)count : 0;
    }
}

ferry_error ferry_whole_file_read(ferry_context *context, const char *path, ferry_buffer *content,
                                  bool *is_missing) {
    struct stat found;
    /* So that a pipe without a writer does not hold us. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *is_missing = descriptor < 0 && errno == ENOENT;
    if (*is_missing) {
        return FERRY_OK;
    }
    if (descriptor < 0) {
        return whole_file_fail(context, "read", path, strerror(errno));
    }
    ferry_error error = FERRY_OK;
    if (fstat(descriptor, &found) != 0) {
        error = whole_file_fail(context, "read", path, strerror(errno));
    } else if (!S_ISREG(found.st_mode)) {
        const char *words = S_ISDIR(found.st_mode) ? "it is a folder" : "it is no file";
        error = whole_file_fail(context, "read", path, words);
    } else {
        error = whole_file_take(context, path, descriptor, content);
    }
    close(descriptor);
    return error;
}

/* ---- Replacing ---- */

static ferry_error whole_file_put(ferry_context *context, const char *path, char *name,
                                  size_t name_size, const void *data, size_t length) {
    int descriptor = ferry_new_file_create(path, name, name_size);
    if (descriptor < 0) {
        return whole_file_fail(context, "write", path, strerror(errno));
    }
    ferry_error error = FERRY_OK;
    if (!ferry_new_file_write(descriptor, data, length) || fsync(descriptor) != 0) {
        error = whole_file_fail(context, "write", path, strerror(errno));
    }
    if (close(descriptor) != 0 && error == FERRY_OK) {
        error = whole_file_fail(context, "write", path, strerror(errno));
    }
    if (error == FERRY_OK && rename(name, path) != 0) {
        error = whole_file_fail(context, "replace", path, strerror(errno));
    }
    if (error != FERRY_OK) {
        unlink(name); /* what we made, and nothing else */
    }
    return error;
}

ferry_error ferry_whole_file_replace(ferry_context *context, const char *path, const void *data,
                                     size_t length) {
    const char *obstacle = ferry_new_file_find_obstacle(path);
    if (obstacle != NULL) {
        return whole_file_fail(context, "write", path, obstacle);
    }
    size_t size = strlen(path) + FERRY_NEW_FILE_NAME_MORE;
    char *name = ferry_alloc(context, size);
    if (name == NULL) {
        return ferry_fail_memory(context);
    }
    ferry_error error = whole_file_put(context, path, name, size, data, length);
    ferry_free(context, name);
    return error;
}
