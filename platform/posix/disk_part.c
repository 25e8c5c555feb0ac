/* SPDX-License-Identifier: MIT */
/* disk_part: names that anybody can foresee, so that what is found there is looked at before it is
 * used: a link is not followed, and what others own or can reach by another name is not ours. */
#include "disk_part.h"

#include "new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_TRIES = 100 }; /* to lock what is still there then */

char *ferry_disk_name(const char *path, const char *more) {
    size_t size = strlen(path) + strlen(more) + 1;
    char *name = malloc(size);
    if (name != NULL) {
        ferry_format(name, size, "%s%s", path, more);
    }
    return name;
}

static bool part_is_ours(const struct stat *found) {
    return S_ISREG(found->st_mode) && found->st_nlink == 1 && found->st_uid == geteuid();
}

/* What is there, or a new one that nobody else has made. */
static int part_open_any(const char *name, bool *is_new) {
    enum { FLAGS = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK };
    int descriptor = open(name, FLAGS);
    *is_new = descriptor < 0 && errno == ENOENT;
    if (*is_new) {
        descriptor = open(name, FLAGS | O_CREAT | O_EXCL, 0600);
    }
    return descriptor;
}

/* Whoever had the lock may have put the file in its place, or have removed it. */
static bool part_is_there(const char *name, const struct stat *opened) {
    struct stat found;
    return lstat(name, &found) == 0 && found.st_dev == opened->st_dev &&
           found.st_ino == opened->st_ino;
}

int ferry_disk_part_open(const char *name, const char **reason) {
    *reason = NULL;
    for (int i = 0; i < MAX_TRIES; i++) {
        struct stat opened;
        bool is_new;
        int descriptor = part_open_any(name, &is_new);
        if (descriptor < 0 && errno == EEXIST) {
            continue; /* made between the two calls */
        }
        if (descriptor < 0) {
            *reason = errno == ELOOP ? "it is a link" : NULL;
            return -1;
        }
        if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
            bool is_held = errno == EWOULDBLOCK;
            *reason = is_held ? "another transfer writes it" : NULL;
            if (is_new && !is_held) {
                unlink(name);
            }
            close(descriptor);
            return is_held ? -1 : -2;
        }
        bool is_known = fstat(descriptor, &opened) == 0;
        if (is_known && part_is_there(name, &opened)) {
            if (part_is_ours(&opened)) {
                return descriptor;
            }
            *reason = "it is there, and is no file of ferry's and of this user's";
            close(descriptor);
            return -1;
        }
        close(descriptor);
    }
    *reason = "it comes and goes";
    return -1;
}

static char *note_load(int descriptor) {
    struct stat found;
    if (fstat(descriptor, &found) != 0 || !part_is_ours(&found) || found.st_size == 0 ||
        found.st_size > FERRY_NOTE_MAX) {
        return NULL;
    }
    size_t length = (size_t)found.st_size;
    char *text = malloc(length + 1);
    ssize_t count = text != NULL ? read(descriptor, text, length) : -1;
    if (count != (ssize_t)length || memchr(text, '\0', length) != NULL) {
        free(text);
        return NULL;
    }
    text[length] = '\0';
    return text;
}

char *ferry_disk_note_read(const char *name) {
    int descriptor = open(name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return NULL;
    }
    char *text = note_load(descriptor);
    close(descriptor);
    return text;
}

bool ferry_disk_note_write(const char *name, const char *first, const char *second) {
    size_t size = strlen(name) + FERRY_NEW_FILE_NAME_MORE;
    char *other = malloc(size);
    int descriptor = other != NULL ? ferry_new_file_create(name, other, size) : -1;
    if (descriptor < 0) {
        free(other);
        return false;
    }
    bool is_written = ferry_new_file_write(descriptor, first, strlen(first)) &&
                      ferry_new_file_write(descriptor, second, strlen(second));
    int error = errno;
    is_written = close(descriptor) == 0 && is_written && rename(other, name) == 0;
    if (!is_written) {
        error = errno != 0 ? errno : error;
        unlink(other);
        errno = error;
    }
    free(other);
    return is_written;
}
