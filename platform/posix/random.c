/* SPDX-License-Identifier: MIT */
/* random: random bytes of the system's, which a child after fork() does not share. */
#if defined(__linux__)
#define _DEFAULT_SOURCE /* getentropy() */
#endif

#include "platform.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#if defined(__linux__) || defined(__APPLE__)
#include <sys/random.h>
static bool random_ask_system(void *dst, size_t length) {
    return getentropy(dst, length) == 0;
}
#else
static bool random_ask_system(void *dst, size_t length) {
    (void)dst;
    (void)length;
    return false;
}
#endif

/* Where there is no call, or an old kernel does not know it. */
static bool random_ask_device(char *dst, size_t length) {
    int device = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    size_t done = 0;
    while (device >= 0 && done < length) {
        ssize_t count = read(device, dst + done, length - done);
        if (count <= 0 && !(count < 0 && errno == EINTR)) {
            break;
        }
        done += count > 0 ? (size_t)count : 0;
    }
    if (device >= 0) {
        close(device);
    }
    return done == length;
}

bool ferry_platform_random(void *dst, size_t length) {
    assert(length <= 256);
    return random_ask_system(dst, length) || random_ask_device(dst, length);
}
