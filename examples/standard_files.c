/* SPDX-License-Identifier: MIT */
/* standard_files: opens those of stdin, stdout and stderr that are closed: open() returns the
 * lowest descriptor that is free. */
#include "standard_files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

void standard_files_open(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        int way = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY; /* the one that it is not used in */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", way) != fd) {
            exit(EXIT_FAILURE);
        }
    }
}
