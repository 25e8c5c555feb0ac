/* SPDX-License-Identifier: MIT */
/* loop: one poll(2) for all clients, as a program's own event loop would have it. */
#include "loop.h"

#include "conversation_state.h"
#include "require.h"

#include <stdlib.h>

enum { WAITS_EACH = 4, TURN_MS = 100, MOST_STEPS = 100 };

typedef struct soak_slot {
    soak_conversation *conversation; /* NULL: free */
    size_t first;                    /* of its waits */
    size_t count;
    int64_t due_ms; /* -1: never */
} soak_slot;

struct soak_loop {
    const conversation_setup *setup;
    size_t capacity;
    soak_slot *slots;
    struct pollfd *waits;
    size_t wait_count;
};

soak_loop *loop_new(size_t capacity, const conversation_setup *setup) {
    soak_loop *loop = require_memory(calloc(1, sizeof *loop));
    loop->setup = setup;
    loop->capacity = capacity;
    loop->slots = require_memory(calloc(capacity, sizeof *loop->slots));
    loop->waits = require_memory(calloc(capacity * WAITS_EACH, sizeof *loop->waits));
    return loop;
}

bool loop_add(soak_loop *loop, uint64_t seed) {
    for (size_t i = 0; i < loop->capacity; i++) {
        if (loop->slots[i].conversation == NULL) {
            loop->slots[i].conversation = conversation_new(seed, loop->setup);
            return true;
        }
    }
    return false;
}

/* Asks all what they wait for; gives the time until the first is due. */
static int loop_gather(soak_loop *loop) {
    int64_t now_ms = conversation_now_ms();
    int first_ms = TURN_MS;
    loop->wait_count = 0;
    for (size_t i = 0; i < loop->capacity; i++) {
        soak_slot *slot = &loop->slots[i];
        int timeout_ms;
        if (slot->conversation == NULL) {
            continue;
        }
        slot->first = loop->wait_count;
        slot->count = conversation_get_waits(slot->conversation, loop->waits + slot->first,
                                             WAITS_EACH, &timeout_ms);
        loop->wait_count += slot->count;
        slot->due_ms = timeout_ms < 0 ? -1 : now_ms + timeout_ms;
        if (timeout_ms >= 0 && timeout_ms < first_ms) {
            first_ms = timeout_ms;
        }
    }
    return first_ms;
}

static bool slot_is_ready(const soak_loop *loop, const soak_slot *slot, int64_t now_ms) {
    for (size_t i = 0; i < slot->count; i++) {
        if (loop->waits[slot->first + i].revents != 0) {
            return true;
        }
    }
    return slot->due_ms >= 0 && slot->due_ms <= now_ms;
}

/* Goes on for a while where there is more to do at once, as a program does that takes what has
 * come. False: it is over. */
static bool slot_run(soak_slot *slot) {
    struct pollfd waits[WAITS_EACH];
    int timeout_ms = 0;
    bool goes_on = true;
    for (int i = 0; i < MOST_STEPS && goes_on && timeout_ms == 0; i++) {
        goes_on = conversation_step(slot->conversation);
        if (goes_on) {
            size_t count =
                conversation_get_waits(slot->conversation, waits, WAITS_EACH, &timeout_ms);
            timeout_ms = count > 0 && poll(waits, count, 0) > 0 ? 0 : timeout_ms;
        }
    }
    return goes_on;
}

size_t loop_turn(soak_loop *loop) {
    int timeout_ms = loop_gather(loop);
    poll(loop->waits, loop->wait_count, timeout_ms);
    int64_t now_ms = conversation_now_ms();
    size_t left = 0;
    for (size_t i = 0; i < loop->capacity; i++) {
        soak_slot *slot = &loop->slots[i];
        if (slot->conversation == NULL) {
            continue;
        }
        bool is_over = slot_is_ready(loop, slot, now_ms) ? !slot_run(slot)
                                                         : conversation_hangs(slot->conversation);
        if (is_over) {
            conversation_free(slot->conversation);
            slot->conversation = NULL;
        } else {
            left++;
        }
    }
    return left;
}

void loop_free(soak_loop *loop) {
    for (size_t i = 0; i < loop->capacity; i++) {
        if (loop->slots[i].conversation != NULL) {
            conversation_free(loop->slots[i].conversation);
        }
    }
    free(loop->waits);
    free(loop->slots);
    free(loop);
}
