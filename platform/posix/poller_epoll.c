/* SPDX-License-Identifier: MIT */
/* poller_epoll: many descriptors in one epoll(7), on Linux. A wait is one system call, however many
 * items there are, and an item that goes on waiting for the same costs none.
 *
 * An item that stops waiting makes no system call either. It has closed its descriptor as a rule:
 * the kernel has forgotten it, and the number may be another thread's. Where the descriptor is
 * still open, its next event takes it out. */
#include "platform.h"
#include "poller_wake.h"
#include "session/poller_items.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static const uint64_t WAKER_DATA = UINT64_MAX; /* no descriptor has it */

/* Who waits for a descriptor. An event of an earlier registration has another number. */
typedef struct registration {
    ferry_poller_item *item; /* NULL: nobody does */
    uint32_t number;
} registration;

struct ferry_poller {
    ferry_context *context;
    registration *registrations; /* by descriptor */
    size_t registration_count;
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

/* Room for the registration of each of these descriptors. */
static ferry_error reserve_registrations(ferry_poller *poller, const ferry_wait *waits,
                                         size_t count) {
    size_t needed = 0;
    for (size_t i = 0; i < count; i++) {
        size_t least = waits[i].descriptor >= 0 ? (size_t)waits[i].descriptor + 1 : 0;
        needed = least > needed ? least : needed;
    }
    if (needed <= poller->registration_count) {
        return FERRY_OK;
    }
    size_t had = poller->registration_count;
    needed = needed > 2 * had ? needed : 2 * had;
    registration *all = ferry_resize(poller->context, poller->registrations, had * sizeof *all,
                                     needed * sizeof *all);
    if (all == NULL) {
        return ferry_fail_memory(poller->context);
    }
    memset(all + had, 0, (needed - had) * sizeof *all);
    poller->registrations = all;
    poller->registration_count = needed;
    return FERRY_OK;
}

/* What an event of this registration carries: its number and the descriptor. */
static uint64_t to_event_data(uint32_t number, int descriptor) {
    return (uint64_t)number << 32 | (uint32_t)descriptor;
}

/* The kernel forgets a descriptor that is closed. One that is known may be gone, and one that is
 * not known may be there. */
static int poller_control(const ferry_poller *poller, bool is_known, int descriptor,
                          unsigned events, uint32_t number) {
    struct epoll_event event = {.events = to_epoll_events(events),
                                .data.u64 = to_event_data(number, descriptor)};
    int first = is_known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    int result = epoll_ctl(poller->epoll, first, descriptor, &event);
    if (result != 0 && (errno == ENOENT || errno == EEXIST)) {
        int second = is_known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        result = epoll_ctl(poller->epoll, second, descriptor, &event);
    }
    return result;
}

static int poller_register(ferry_poller *poller, bool is_known, const ferry_wait *wait,
                           ferry_poller_item *item) {
    int descriptor = (int)wait->descriptor;
    registration *its = &poller->registrations[descriptor];
    its->item = item;
    its->number++;
    return poller_control(poller, is_known, descriptor, wait->events, its->number);
}

/* Once an item has closed a descriptor, its number may be another item's. */
static void poller_forget(ferry_poller *poller, const ferry_wait *wait,
                          const ferry_poller_item *item) {
    size_t descriptor = (size_t)wait->descriptor;
    if (descriptor < poller->registration_count && poller->registrations[descriptor].item == item) {
        poller->registrations[descriptor].item = NULL;
    }
}

/* Who waits for what has happened; NULL: nobody any more. A descriptor that nobody waits for is
 * still open, since the kernel knows it, and is taken out. */
static ferry_poller_item *poller_find_item(const ferry_poller *poller, uint64_t event_data) {
    int descriptor = (int)(uint32_t)event_data;
    const registration *its = &poller->registrations[descriptor];
    if (its->item == NULL) {
        epoll_ctl(poller->epoll, EPOLL_CTL_DEL, descriptor, NULL);
    }
    return its->number == (uint32_t)(event_data >> 32) ? its->item : NULL;
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

/* As most do that have had their turn. */
static bool item_waits_for_same(const ferry_poller_item *item, const ferry_wait *waits,
                                size_t count) {
    return count == 1 && item->count == 1 && item->waits[0].descriptor == waits[0].descriptor &&
           item->waits[0].events == waits[0].events;
}

ferry_error ferry_poller_set(ferry_poller *poller, ferry_poller_item *item, const ferry_wait *waits,
                             size_t count, bool are_fresh) {
    if (!are_fresh && item_waits_for_same(item, waits, count)) {
        return FERRY_OK;
    }
    for (size_t i = 0; i < item->count; i++) {
        if (find_descriptor(waits, count, item->waits[i].descriptor) == NULL) {
            poller_forget(poller, &item->waits[i], item);
        }
    }
    ferry_error error = reserve_registrations(poller, waits, count);
    for (size_t i = 0; i < count && error == FERRY_OK; i++) {
        if (waits[i].descriptor == FERRY_NO_DESCRIPTOR) {
            continue;
        }
        const ferry_wait *known = find_descriptor(item->waits, item->count, waits[i].descriptor);
        if (known == NULL || known->events != waits[i].events || are_fresh) {
            if (poller_register(poller, known != NULL, &waits[i], item) != 0) {
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
    struct epoll_event events[FERRY_POLLER_BATCH];
    *woken = false;
    int count =
        epoll_wait(poller->epoll, events, FERRY_POLLER_BATCH, timeout_ms < 0 ? -1 : timeout_ms);
    if (count < 0) {
        return errno == EINTR ? FERRY_OK : poller_fail(poller);
    }
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == WAKER_DATA) {
            ferry_poller_waker_reset(&poller->waker);
            *woken = true;
            continue;
        }
        ferry_poller_item *item = poller_find_item(poller, events[i].data.u64);
        if (item != NULL && !ferry_list_has(&item->node)) {
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
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = WAKER_DATA};
    if (epoll_ctl(poller->epoll, EPOLL_CTL_ADD, poller->waker.pipe[0], &event) != 0) {
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
        ferry_free(poller->context, poller->registrations);
        ferry_free(poller->context, poller);
    }
}
