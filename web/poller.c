/* SPDX-License-Identifier: MIT */
/* poller: which of many fetches have got on. A look at one is a comparison of two numbers in
 * memory, and there are some hundreds at most. */
#include "client/runtime.h"
#include "fetch.h"
#include "session/poller_items.h"
#include "session_js.h"

#include <stdatomic.h>

struct ferry_poller {
    ferry_context *context;
    ferry_list_node items;       /* those that wait for something */
    ferry_session_signal signal; /* of all fetches together, and of those who wake */
    atomic_bool is_woken;
    int32_t turns_seen; /* of the page's: see session_js.h */
    double hidden_ms;   /* of what it was hidden so much is taken */
};

ferry_error ferry_poller_set(ferry_poller *poller, ferry_poller_item *item, const ferry_wait *waits,
                             size_t count, bool are_fresh) {
    (void)are_fresh;
    ferry_error error = ferry_poller_item_set(item, poller->context, waits, count);
    ferry_list_remove(&item->all);
    if (error == FERRY_OK && count > 0) {
        ferry_list_append(&poller->items, &item->all);
    }
    return error;
}

void ferry_poller_remove(ferry_poller *poller, ferry_poller_item *item) {
    ferry_list_remove(&item->all);
    ferry_poller_item_clear(item, poller->context);
}

static void poller_take_ready(ferry_poller *poller, ferry_list_node *ready) {
    for (ferry_list_node *node = ferry_list_first(&poller->items); node != NULL;
         node = ferry_list_next(&poller->items, node)) {
        ferry_poller_item *item = FERRY_LIST_ITEM(node, ferry_poller_item, all);
        if (!ferry_list_has(&item->node) && ferry_runtime_is_ready(item->waits, item->count)) {
            ferry_list_append(ready, &item->node);
        }
    }
}

ferry_error ferry_poller_wait(ferry_poller *poller, int timeout_ms, ferry_list_node *ready,
                              bool *woken) {
    ferry_error error = FERRY_OK;
    /* Before the look, so that what happens during it is not slept over. */
    poller->signal.fetches.seen = atomic_load(&poller->signal.fetches.news);
    poller_take_ready(poller, ready);
    bool may_sleep = timeout_ms != 0 && ferry_list_is_empty(ready) &&
                     !atomic_load(&poller->is_woken) && ferry_runtime_can_wait();
    if (may_sleep) {
        ferry_wait_end end;
        ferry_wait waits[2] = {{(ferry_descriptor)&poller->signal.fetches, FERRY_EVENT_NEWS}};
        error = ferry_runtime_wait(poller->context, waits, 1, NULL, timeout_ms, &end);
        poller_take_ready(poller, ready);
    }
    *woken = atomic_exchange(&poller->is_woken, false);
    return error;
}

void ferry_poller_wake(ferry_poller *poller) {
    atomic_store(&poller->is_woken, true);
    ferry_js_wake(&poller->signal.fetches);
}

int64_t ferry_poller_take_hidden_ms(ferry_poller *poller) {
    int32_t turns = atomic_load(&poller->signal.turns);
    bool is_hidden = turns % 2 != 0;
    if (turns == poller->turns_seen && !is_hidden) {
        return 0;
    }
    poller->turns_seen = turns;
    double whole_ms = ferry_js_hidden_ms();
    int64_t taken_ms = (int64_t)(whole_ms - poller->hidden_ms);
    poller->hidden_ms += (double)taken_ms; /* what is less than a millisecond comes next time */
    return taken_ms;
}

void ferry_poller_read_ahead(ferry_poller *poller, const ferry_poller_item *item, int64_t most,
                             size_t most_of_all) {
    ferry_fetch_signal *fetch = item->count > 0 ? ferry_fetch_signal_of(&item->waits[0]) : NULL;
    if (fetch != NULL) {
        ferry_js_read_ahead(fetch, &poller->signal, (double)most, (double)most_of_all);
    }
}

/* None is a descriptor: who has a loop polls once a frame. */
size_t ferry_poller_get_waits(const ferry_poller *poller, ferry_wait *waits, size_t capacity) {
    (void)poller;
    (void)waits;
    (void)capacity;
    return 0;
}

ferry_error ferry_poller_new(ferry_context *context, ferry_poller **poller) {
    ferry_poller *made = ferry_alloc(context, sizeof *made);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    *made = (ferry_poller){.context = context};
    ferry_list_init(&made->items);
    made->hidden_ms = ferry_js_watch(&made->signal);
    made->turns_seen = atomic_load(&made->signal.turns);
    *poller = made;
    return FERRY_OK;
}

void ferry_poller_free(ferry_poller *poller) {
    if (poller != NULL) {
        ferry_js_unwatch(&poller->signal);
        ferry_free(poller->context, poller);
    }
}
