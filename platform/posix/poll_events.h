/* SPDX-License-Identifier: MIT */
/* poll_events: what poll(2) is asked for. */
#ifndef FERRY_POSIX_POLL_EVENTS_H
#define FERRY_POSIX_POLL_EVENTS_H

#include "ferry.h"

#include <poll.h>

/* FERRY_NO_DESCRIPTOR is -1, which poll(2) passes over. */
static inline struct pollfd ferry_poll_entry(const ferry_wait *wait) {
    unsigned wanted = (wait->events & FERRY_EVENT_READ) != 0 ? POLLIN : 0;
    wanted |= (wait->events & FERRY_EVENT_WRITE) != 0 ? POLLOUT : 0;
    return (struct pollfd){.fd = (int)wait->descriptor, .events = (short)wanted};
}

#endif
