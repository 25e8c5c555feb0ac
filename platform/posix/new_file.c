/* SPDX-License-Identifier: MIT */
/* new_file: names by chance, so that nobody can put a link where one will be. */
#include "new_file.h"

#include "base/format.h"
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_NAMES = 100 }; /* tries to find one that nothing has */

const char *ferry_new_file_find_obstacle(const char *path) {
    struct stat found;
    if (stat(path, &found) != 0 || S_ISREG(found.st_mode)) {
        return NULL;
    }
    return S_ISDIR(found.st_mode) ? "it is a folder" : "it is no file";
}

int ferry_new_file_create(const char *path, char *name, size_t size) {
    int descriptor = -1;
    for (int i = 0; i < MAX_NAMES; i++) {
        uint32_t number;
        if (!ferry_platform_random(&number, sizeof number)) {
            break;
        }
        ferry_format(name, size, "%s.part-%u", path, number);
        descriptor = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (descriptor >= 0 || errno != EEXIST) {
            break;
        }
    }
    return descriptor;
}

bool ferry_new_file_write(int descriptor, const char *data, size_t length) {
    while (length > 0) {
        ssize_t written = write(descriptor, data, length);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        data += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return true;
}
