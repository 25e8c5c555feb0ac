/* SPDX-License-Identifier: MIT */
/* wait: sleeps in poll(2) until a descriptor is ready. */
#include "platform.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>

/* Every address under way, and some room: nobody waits for more. */
enum { MAX_WAITS = 2 * FERRY_MAX_ADDRESSES };

static short to_poll_events(unsigned events) {
    unsigned wanted = (events & FERRY_EVENT_READ) != 0 ? POLLIN : 0;
    wanted |= (events & FERRY_EVENT_WRITE) != 0 ? POLLOUT : 0;
    return (short)wanted;
}

ferry_error ferry_platform_wait(const ferry_wait *waits, size_t count, int timeout_ms, bool *ready,
                                bool *any_ready) {
    assert(count <= MAX_WAITS);
    struct pollfd entries[MAX_WAITS];
    for (size_t i = 0; i < count; i++) {
        /* FERRY_NO_DESCRIPTOR is -1, which poll(2) passes over. */
        entries[i].fd = (int)waits[i].descriptor;
        entries[i].events = to_poll_events(waits[i].events);
    }
    int result = poll(entries, (nfds_t)count, timeout_ms < 0 ? -1 : timeout_ms);
    bool interrupted = result < 0 && errno == EINTR;
    if (result < 0 && !interrupted) {
        /* EAGAIN, on some systems: the kernel had no memory for it. */
        bool no_memory = errno == ENOMEM || errno == EAGAIN;
        return no_memory ? FERRY_ERROR_OUT_OF_MEMORY : FERRY_ERROR_FAILED;
    }
    for (size_t i = 0; ready != NULL && i < count; i++) {
        /* Errors and hang-ups too: the next read or write says which. */
        ready[i] = !interrupted && entries[i].revents != 0;
    }
    *any_ready = result != 0;
    return FERRY_OK;
}
