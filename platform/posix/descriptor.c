/* SPDX-License-Identifier: MIT */
/* descriptor: keeps connections away from the numbers that stdin, stdout and stderr have. */
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

int ferry_descriptor_lift(int descriptor) {
    if (descriptor < 0 || descriptor > STDERR_FILENO) {
        return descriptor;
    }
    int lifted = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    int error = errno;
    close(descriptor);
    errno = error;
    return lifted;
}
