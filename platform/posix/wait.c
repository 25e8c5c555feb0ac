/* SPDX-License-Identifier: MIT */
/* wait: sleeps in poll(2) until a descriptor is ready. */
#include "platform.h"
#include "poll_events.h"

#include <assert.h>
#include <errno.h>

/* Every address under way, and some room: nobody waits for more. */
enum { MAX_WAITS = 2 * FERRY_MAX_ADDRESSES };

ferry_error ferry_platform_wait(const ferry_wait *waits, size_t count, int timeout_ms, bool *ready,
                                bool *any_ready) {
    assert(count <= MAX_WAITS);
    struct pollfd entries[MAX_WAITS];
    for (size_t i = 0; i < count; i++) {
        entries[i] = ferry_poll_entry(&waits[i]);
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
