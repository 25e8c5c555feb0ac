/* SPDX-License-Identifier: MIT */
/* environment: its variables, as far as they may be believed. */
#include "platform.h"

#include <stdlib.h>
#include <unistd.h>

const char *ferry_platform_getenv(const char *name) {
    bool is_privileged = getuid() != geteuid() || getgid() != getegid();
    return is_privileged ? NULL : getenv(name);
}
