/* SPDX-License-Identifier: MIT */
/* poller_epoll: many descriptors in one epoll(7), on Linux. A wait is one system call, however many
 * items there are, and an item that goes on waiting for the same costs none. */
#include "platform.h"
#include "poller_wake.h"
#include "session/poller_items.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MAX_EVENTS = 256 }; /* that one wait takes; the others are there at the next */

struct ferry_poller {
    ferry_context *context;
    ferry_poller_item **owners; /* by descriptor: who waits for it */
    size_t owner_count;
    int epoll;
    ferry_poller_waker waker;
};

static uint32_t to_epoll_events(unsigned events) {
    uint32_t wanted = 0;
    if ((events & FERRY_EVENT_READ) != 0) {
        wanted |= EPOLLIN;
    }
    if ((events & FERRY_EVENT_WRITE) != 0) {
        wanted |= EPOLLOUT;
    }
    return wanted;
}

static ferry_error poller_fail(const ferry_poller *poller) {
    if (errno == ENOMEM) {
        return ferry_fail_memory(poller->context);
    }
    return ferry_fail(poller->context, FERRY_ERROR_FAILED,
                      "the system cannot wait for the connections: %s", strerror(errno));
}

/* Room for the owner of each of these descriptors. */
static ferry_error reserve_owners(ferry_poller *poller, const ferry_wait *waits, size_t count) {
    size_t needed = 0;
    for (size_t i = 0; i < count; i++) {
        size_t least = waits[i].descriptor >= 0 ? (size_t)waits[i].descriptor + 1 : 0;
        needed = least > needed ? least : needed;
    }
    if (needed <= poller->owner_count) {
        return FERRY_OK;
    }
    size_t had = poller->owner_count;
    needed = needed > 2 * had ? needed : 2 * had;
    ferry_poller_item **owners =
        ferry_resize(poller->context, poller->owners, had * sizeof(ferry_poller_item *),
                     needed * sizeof(ferry_poller_item *));
    if (owners == NULL) {
        return ferry_fail_memory(poller->context);
    }
    memset(owners + had, 0, (needed - had) * sizeof(ferry_poller_item *));
    poller->owners = owners;
    poller->owner_count = needed;
    return FERRY_OK;
}

/* The kernel forgets a descriptor that is closed. One that is known may be gone, and one that is
 * not known may be there. */
static int poller_control(const ferry_poller *poller, bool is_known, const ferry_wait *wait,
                          ferry_poller_item *item) {
    struct epoll_event event = {.events = to_epoll_events(wait->events), .data.ptr = item};
    int descriptor = (int)wait->descriptor;
    int first = is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int result = epoll_ctl(poller->epoll, first, descriptor, &event);
    if (result != 0 && (errno == ENOENT || errno == EEXIST)) {
        int second = is_known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        result = epoll_ctl(poller->epoll, second, descriptor, &event);
    }
    return result;
}

/* Once an item has closed a descriptor, its number may be another item's. */
static void poller_forget(ferry_poller *poller, const ferry_wait *wait,
                          const ferry_poller_item *item) {
    size_t descriptor = (size_t)wait->descriptor;
    if (descriptor < poller->owner_count && poller->owners[descriptor] == item) {
        poller->owners[descriptor] = NULL;
        epoll_ctl(poller->epoll, EPOLL_CTL_DEL, (int)wait->descriptor, NULL);
    }
}

static const ferry_wait *find_descriptor(const ferry_wait *waits, size_t count,
                                         ferry_descriptor descriptor) {
    for (size_t i = 0; i < count; i++) {
        if (waits[i].descriptor == descriptor) {
            return &waits[i];
        }
    }
    return NULL;
}

void ferry_poller_remove(ferry_poller *poller, ferry_poller_item *item) {
    for (size_t i = 0; i < item->count; i++) {
        poller_forget(poller, &item->waits[i], item);
    }
    ferry_poller_item_clear(item, poller->context);
}

ferry_error ferry_poller_set(ferry_poller *poller, ferry_poller_item *item, const ferry_wait *waits,
                             size_t count, bool are_fresh) {
    for (size_t i = 0; i < item->count; i++) {
        if (find_descriptor(waits, count, item->waits[i].descriptor) == NULL) {
            poller_forget(poller, &item->waits[i], item);
        }
    }
    ferry_error error = reserve_owners(poller, waits, count);
    for (size_t i = 0; i < count && error == FERRY_OK; i++) {
        if (waits[i].descriptor == FERRY_NO_DESCRIPTOR) {
            continue;
        }
        const ferry_wait *known = find_descriptor(item->waits, item->count, waits[i].descriptor);
        if (known == NULL || known->events != waits[i].events || are_fresh) {
            poller->owners[waits[i].descriptor] = item;
            if (poller_control(poller, known != NULL, &waits[i], item) != 0) {
                error = poller_fail(poller);
            }
        }
    }
    if (error == FERRY_OK) {
        error = ferry_poller_item_set(item, poller->context, waits, count);
    }
    if (error != FERRY_OK) {
        for (size_t i = 0; i < count; i++) {
            poller_forget(poller, &waits[i], item);
        }
        ferry_poller_remove(poller, item);
    }
    return error;
}

ferry_error ferry_poller_wait(ferry_poller *poller, int timeout_ms, ferry_list_node *ready,
                              bool *woken) {
    struct epoll_event events[MAX_EVENTS];
    *woken = false;
    int count = epoll_wait(poller->epoll, events, MAX_EVENTS, timeout_ms < 0 ? -1 : timeout_ms);
    if (count < 0) {
        return errno == EINTR ? FERRY_OK : poller_fail(poller);
    }
    for (int i = 0; i < count; i++) {
        ferry_poller_item *item = events[i].data.ptr;
        if (item == NULL) {
            ferry_poller_waker_reset(&poller->waker);
            *woken = true;
        } else if (!ferry_list_has(&item->node)) {
            ferry_list_append(ready, &item->node);
        }
    }
    return FERRY_OK;
}

void ferry_poller_wake(ferry_poller *poller) {
    ferry_poller_waker_tell(&poller->waker);
}

size_t ferry_poller_get_waits(const ferry_poller *poller, ferry_wait *waits, size_t capacity) {
    if (capacity > 0) {
        waits[0] = (ferry_wait){poller->epoll, FERRY_EVENT_READ};
    }
    return 1;
}

static ferry_error poller_open(ferry_poller *poller) {
    poller->epoll = ferry_descriptor_lift(epoll_create1(EPOLL_CLOEXEC));
    if (poller->epoll < 0) {
        return poller_fail(poller);
    }
    if (ferry_poller_waker_open(&poller->waker) != 0) {
        ferry_error error = poller_fail(poller);
        close(poller->epoll);
        return error;
    }
    ferry_wait wait = {poller->waker.pipe[0], FERRY_EVENT_READ};
    if (poller_control(poller, false, &wait, NULL) != 0) {
        ferry_error error = poller_fail(poller);
        ferry_poller_waker_close(&poller->waker);
        close(poller->epoll);
        return error;
    }
    return FERRY_OK;
}

ferry_error ferry_poller_new(ferry_context *context, ferry_poller **poller) {
    ferry_poller *made = ferry_alloc(context, sizeof *made);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    *made = (ferry_poller){.context = context};
    ferry_error error = poller_open(made);
    if (error != FERRY_OK) {
        ferry_free(context, made);
        return error;
    }
    *poller = made;
    return FERRY_OK;
}

void ferry_poller_free(ferry_poller *poller) {
    if (poller != NULL) {
        ferry_poller_waker_close(&poller->waker);
        close(poller->epoll);
        ferry_free(poller->context, poller->owners);
        ferry_free(poller->context, poller);
    }
}
