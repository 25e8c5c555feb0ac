/* SPDX-License-Identifier: MIT */
/* environment: reads variables, but not in a program that runs with another user's rights. */
#include "platform.h"

#include <stdlib.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/auxv.h>
static bool is_privileged(void) {
    return getauxval(AT_SECURE) != 0; /* setuid, setgid or capabilities, as when it was started */
}
#elif defined(__APPLE__) || defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || \
    defined(__DragonFly__)
static bool is_privileged(void) {
    return issetugid() != 0;
}
#else
static bool is_privileged(void) {
    return getuid() != geteuid() || getgid() != getegid();
}
#endif

const char *ferry_platform_getenv(const char *name) {
    return is_privileged() ? NULL : getenv(name);
}
