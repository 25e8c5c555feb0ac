/* SPDX-License-Identifier: MIT */
/* poller_poll: many descriptors in one poll(2), where a system has nothing better. A wait takes a
 * time that grows with how many items there are. */
#include "poll_events.h"
#include "poller_wake.h"
#include "session/poller_items.h"

#include <errno.h>
#include <string.h>

struct ferry_poller {
    ferry_context *context;
    ferry_poller_waker waker;
    ferry_list_node items; /* those that wait for something */
    size_t wait_count;     /* of all of them */
    struct pollfd *entries;
    size_t capacity;
};

static ferry_error fail_to_poll(const ferry_poller *poller) {
    if (errno == ENOMEM || errno == EAGAIN) {
        return ferry_fail_memory(poller->context);
    }
    return ferry_fail(poller->context, FERRY_ERROR_FAILED,
                      "the system cannot wait for the connections: %s", strerror(errno));
}

/* Room for every wait, and for the pipe. */
static ferry_error poller_reserve(ferry_poller *poller) {
    size_t needed = poller->wait_count + 1;
    if (needed <= poller->capacity) {
        return FERRY_OK;
    }
    struct pollfd *entries =
        ferry_resize(poller->context, poller->entries, 0, 2 * needed * sizeof *entries);
    if (entries == NULL) {
        return ferry_fail_memory(poller->context);
    }
    poller->entries = entries;
    poller->capacity = 2 * needed;
    return FERRY_OK;
}

void ferry_poller_remove(ferry_poller *poller, ferry_poller_item *item) {
    poller->wait_count -= item->count;
    ferry_list_remove(&item->all);
    ferry_poller_item_clear(item, poller->context);
}

ferry_error ferry_poller_set(ferry_poller *poller, ferry_poller_item *item, const ferry_wait *waits,
                             size_t count, bool are_fresh) {
    (void)are_fresh; /* each wait gives all descriptors anew */
    poller->wait_count -= item->count;
    ferry_error error = ferry_poller_item_set(item, poller->context, waits, count);
    poller->wait_count += item->count;
    if (error == FERRY_OK) {
        error = poller_reserve(poller);
    }
    if (error != FERRY_OK) {
        ferry_poller_remove(poller, item);
        return error;
    }
    ferry_list_remove(&item->all);
    if (count > 0) {
        ferry_list_append(&poller->items, &item->all);
    }
    return FERRY_OK;
}

static size_t poller_list_entries(ferry_poller *poller) {
    size_t count = 0;
    poller->entries[count++] = (struct pollfd){.fd = poller->waker.pipe[0], .events = POLLIN};
    for (ferry_list_node *node = ferry_list_first(&poller->items); node != NULL;
         node = ferry_list_next(&poller->items, node)) {
        const ferry_poller_item *item = FERRY_LIST_ITEM(node, ferry_poller_item, all);
        for (size_t i = 0; i < item->count; i++) {
            poller->entries[count++] = ferry_poll_entry(&item->waits[i]);
        }
    }
    return count;
}

static void poller_collect(ferry_poller *poller, ferry_list_node *ready) {
    const struct pollfd *entry = poller->entries + 1;
    for (ferry_list_node *node = ferry_list_first(&poller->items); node != NULL;
         node = ferry_list_next(&poller->items, node)) {
        ferry_poller_item *item = FERRY_LIST_ITEM(node, ferry_poller_item, all);
        bool is_ready = false;
        for (size_t i = 0; i < item->count; i++) {
            is_ready = (entry++)->revents != 0 || is_ready;
        }
        if (is_ready && !ferry_list_has(&item->node)) {
            ferry_list_append(ready, &item->node);
        }
    }
}

ferry_error ferry_poller_wait(ferry_poller *poller, int timeout_ms, ferry_list_node *ready,
                              bool *woken) {
    *woken = false;
    size_t count = poller_list_entries(poller);
    int result = poll(poller->entries, (nfds_t)count, timeout_ms < 0 ? -1 : timeout_ms);
    if (result < 0) {
        return errno == EINTR ? FERRY_OK : fail_to_poll(poller);
    }
    if (poller->entries[0].revents != 0) {
        ferry_poller_waker_reset(&poller->waker);
        *woken = true;
    }
    poller_collect(poller, ready);
    return FERRY_OK;
}

void ferry_poller_wake(ferry_poller *poller) {
    ferry_poller_waker_tell(&poller->waker);
}

size_t ferry_poller_get_waits(const ferry_poller *poller, ferry_wait *waits, size_t capacity) {
    size_t count = 0;
    if (count < capacity) {
        waits[count] = (ferry_wait){poller->waker.pipe[0], FERRY_EVENT_READ};
    }
    count++;
    for (ferry_list_node *node = ferry_list_first(&poller->items); node != NULL;
         node = ferry_list_next(&poller->items, node)) {
        const ferry_poller_item *item = FERRY_LIST_ITEM(node, ferry_poller_item, all);
        for (size_t i = 0; i < item->count; i++, count++) {
            if (count < capacity) {
                waits[count] = item->waits[i];
            }
        }
    }
    return count;
}

ferry_error ferry_poller_new(ferry_context *context, ferry_poller **poller) {
    ferry_poller *made = ferry_alloc(context, sizeof *made);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    *made = (ferry_poller){.context = context};
    ferry_list_init(&made->items);
    ferry_error error = poller_reserve(made);
    if (error == FERRY_OK && ferry_poller_waker_open(&made->waker) != 0) {
        error = fail_to_poll(made);
    }
    if (error != FERRY_OK) {
        ferry_free(context, made->entries);
        ferry_free(context, made);
        return error;
    }
    *poller = made;
    return FERRY_OK;
}

void ferry_poller_free(ferry_poller *poller) {
    if (poller != NULL) {
        ferry_poller_waker_close(&poller->waker);
        ferry_free(poller->context, poller->entries);
        ferry_free(poller->context, poller);
    }
}
