/* SPDX-License-Identifier: MIT */
/* test_poller: which of many descriptors are ready, wakes from other threads, and numbers of
 * descriptors that are used again. It is built twice: with epoll where there is one, and as
 * test_poller_poll with poll(2). */
#include "check.h"
#include "counted_memory.h"
#include "session/session_runtime.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MANY = 300, LONG_MS = 20000 };

static counted_memory memory;
static ferry_context context;
static ferry_poller *poller;
static ferry_list_node ready;

static void begin(void) {
    memory = (counted_memory){0};
    context = (ferry_context){.allocator = counted_memory_allocator(&memory)};
    ferry_list_init(&ready);
    CHECK_INT(ferry_poller_new(&context, &poller), FERRY_OK);
}

static void end(void) {
    ferry_poller_free(poller);
    CHECK_INT(memory.live, 0);
}

/* A pair of sockets: what is written to one can be read from the other. */
typedef struct pair {
    int ours;
    int theirs;
} pair;

static pair pair_open(void) {
    int both[2];
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM, 0, both), 0);
    return (pair){both[0], both[1]};
}

static void pair_close(pair *both) {
    close(both->ours);
    close(both->theirs);
}

static void tell(const pair *both) {
    CHECK_INT(write(both->theirs, "x", 1), 1);
}

static void hear(const pair *both) {
    char byte;
    CHECK_INT(read(both->ours, &byte, 1), 1);
}

static void watch(ferry_poller_item *item, int descriptor, unsigned events, bool are_fresh) {
    const ferry_wait wait = {descriptor, events};
    CHECK_INT(ferry_poller_set(poller, item, &wait, 1, are_fresh), FERRY_OK);
}

/* One wait; how many items became ready, which are taken out of the list. */
static size_t wait_for(int timeout_ms, bool *woken) {
    bool is_woken;
    size_t count = 0;
    CHECK_INT(ferry_poller_wait(poller, timeout_ms, &ready, woken != NULL ? woken : &is_woken),
              FERRY_OK);
    while (ferry_list_take(&ready) != NULL) {
        count++;
    }
    return count;
}

static void nothing_is_ready_at_first(void) {
    begin();
    bool woken = true;
    CHECK_INT(wait_for(0, &woken), 0);
    CHECK(!woken);
    end();
}

static void what_can_be_read_is_ready(void) {
    begin();
    pair both = pair_open();
    ferry_poller_item item = {0};
    watch(&item, both.ours, FERRY_EVENT_READ, true);
    CHECK_INT(wait_for(0, NULL), 0);
    tell(&both);
    CHECK_INT(wait_for(LONG_MS, NULL), 1);
    CHECK_INT(wait_for(LONG_MS, NULL), 1); /* it still can */
    hear(&both);
    CHECK_INT(wait_for(0, NULL), 0);
    ferry_poller_remove(poller, &item);
    pair_close(&both);
    end();
}

static void events_can_change(void) {
    begin();
    pair both = pair_open();
    ferry_poller_item item = {0};
    watch(&item, both.ours, FERRY_EVENT_READ, true);
    watch(&item, both.ours, FERRY_EVENT_WRITE, false);
    CHECK_INT(wait_for(LONG_MS, NULL), 1);
    watch(&item, both.ours, FERRY_EVENT_READ, false);
    CHECK_INT(wait_for(0, NULL), 0);
    watch(&item, both.ours, FERRY_EVENT_READ | FERRY_EVENT_WRITE, false);
    CHECK_INT(wait_for(LONG_MS, NULL), 1);
    CHECK_INT(ferry_poller_set(poller, &item, NULL, 0, false), FERRY_OK);
    CHECK_INT(wait_for(0, NULL), 0);
    ferry_poller_remove(poller, &item);
    pair_close(&both);
    end();
}

static void end_of_the_peer_makes_ready(void) {
    begin();
    pair both = pair_open();
    ferry_poller_item item = {0};
    watch(&item, both.ours, FERRY_EVENT_READ, true);
    close(both.theirs);
    CHECK_INT(wait_for(LONG_MS, NULL), 1);
    ferry_poller_remove(poller, &item);
    close(both.ours);
    end();
}

static void removed_item_is_never_ready(void) {
    begin();
    pair both = pair_open();
    ferry_poller_item item = {0};
    watch(&item, both.ours, FERRY_EVENT_READ, true);
    tell(&both);
    ferry_poller_remove(poller, &item);
    CHECK_INT(wait_for(0, NULL), 0);
    ferry_poller_remove(poller, &item); /* once more does nothing */
    pair_close(&both);
    end();
}

static void item_that_is_in_a_list_is_not_listed_again(void) {
    begin();
    pair both = pair_open();
    ferry_poller_item item = {0};
    bool woken;
    watch(&item, both.ours, FERRY_EVENT_READ, true);
    tell(&both);
    ferry_list_node elsewhere;
    ferry_list_init(&elsewhere);
    ferry_list_append(&elsewhere, &item.node);
    CHECK_INT(ferry_poller_wait(poller, LONG_MS, &ready, &woken), FERRY_OK);
    CHECK(ferry_list_is_empty(&ready));
    CHECK(ferry_list_first(&elsewhere) == &item.node);
    ferry_poller_remove(poller, &item);
    CHECK(ferry_list_first(&elsewhere) == &item.node);
    pair_close(&both);
    end();
}

static void item_with_several_waits_is_ready_once(void) {
    begin();
    pair pairs[5];
    ferry_wait waits[5];
    ferry_poller_item item = {0};
    for (size_t i = 0; i < 5; i++) {
        pairs[i] = pair_open();
        waits[i] = (ferry_wait){pairs[i].ours, FERRY_EVENT_READ};
    }
    CHECK_INT(ferry_poller_set(poller, &item, waits, 5, true), FERRY_OK);
    tell(&pairs[1]);
    tell(&pairs[4]);
    CHECK_INT(wait_for(LONG_MS, NULL), 1);
    hear(&pairs[1]);
    CHECK_INT(wait_for(LONG_MS, NULL), 1);
    CHECK_INT(ferry_poller_set(poller, &item, waits, 4, false), FERRY_OK);
    CHECK_INT(wait_for(0, NULL), 0); /* the fifth is no longer waited for */
    ferry_poller_remove(poller, &item);
    for (size_t i = 0; i < 5; i++) {
        pair_close(&pairs[i]);
    }
    end();
}

static void wait_without_a_descriptor_is_never_ready(void) {
    begin();
    ferry_poller_item item = {0};
    const ferry_wait wait = {FERRY_NO_DESCRIPTOR, FERRY_EVENT_READ};
    CHECK_INT(ferry_poller_set(poller, &item, &wait, 1, true), FERRY_OK);
    CHECK_INT(wait_for(0, NULL), 0);
    ferry_poller_remove(poller, &item);
    end();
}

static void ready_ones_are_found_among_many(void) {
    begin();
    static pair pairs[MANY];
    static ferry_poller_item items[MANY];
    memset(items, 0, sizeof items);
    for (size_t i = 0; i < MANY; i++) {
        pairs[i] = pair_open();
        watch(&items[i], pairs[i].ours, FERRY_EVENT_READ, true);
    }
    tell(&pairs[7]);
    tell(&pairs[MANY - 1]);
    CHECK_INT(wait_for(LONG_MS, NULL), 2);
    size_t found = 0;
    for (size_t i = 0; i < MANY; i++) {
        if (i != 7 && i != MANY - 1) {
            tell(&pairs[i]);
        }
    }
    /* One wait may give only some of them; those it gave are left in the list. */
    bool woken;
    for (int i = 0; i < 10; i++) {
        CHECK_INT(ferry_poller_wait(poller, 0, &ready, &woken), FERRY_OK);
        size_t before = found;
        for (ferry_list_node *node; (node = ferry_list_take(&ready)) != NULL; found++) {
            ferry_poller_remove(poller, FERRY_LIST_ITEM(node, ferry_poller_item, node));
        }
        CHECK(found == MANY || found >= before + FERRY_POLLER_BATCH);
    }
    CHECK_INT(found, MANY);
    for (size_t i = 0; i < MANY; i++) {
        pair_close(&pairs[i]);
    }
    end();
}

/* ---- Numbers that are used again ---- */

/* Opens pairs until one of ours has that number; those before it are closed again. */
static pair pair_at(int number) {
    pair both = pair_open();
    if (both.ours != number) {
        CHECK_INT(dup2(both.ours, number), number);
        close(both.ours);
        both.ours = number;
    }
    return both;
}

static void number_that_is_opened_again_is_waited_for_anew(void) {
    begin();
    pair first = pair_open();
    int number = first.ours;
    ferry_poller_item item = {0};
    watch(&item, number, FERRY_EVENT_READ, true);
    pair_close(&first);
    pair second = pair_at(number);
    watch(&item, number, FERRY_EVENT_READ, true);
    CHECK_INT(wait_for(0, NULL), 0);
    tell(&second);
    CHECK_INT(wait_for(LONG_MS, NULL), 1);
    ferry_poller_remove(poller, &item);
    pair_close(&second);
    end();
}

/* The first one has closed its descriptor, and does not know yet that another has its number. */
static void number_that_another_item_has_now_stays_that_items(void) {
    for (int way = 0; way < 3; way++) {
        begin();
        pair first = pair_open();
        int number = first.ours;
        ferry_poller_item before = {0};
        ferry_poller_item after = {0};
        watch(&before, number, FERRY_EVENT_READ, true);
        pair_close(&first);
        pair second = pair_at(number);
        watch(&after, number, FERRY_EVENT_READ, true);
        pair other = pair_open();
        if (way == 0) {
            ferry_poller_remove(poller, &before);
        } else if (way == 1) {
            CHECK_INT(ferry_poller_set(poller, &before, NULL, 0, false), FERRY_OK);
        } else {
            watch(&before, other.ours, FERRY_EVENT_READ, true);
        }
        tell(&second);
        CHECK_INT(wait_for(LONG_MS, NULL), 1);
        CHECK(ferry_list_is_empty(&ready));
        ferry_poller_remove(poller, &before);
        CHECK_INT(wait_for(LONG_MS, NULL), 1);
        ferry_poller_remove(poller, &after);
        pair_close(&second);
        pair_close(&other);
        end();
    }
}

/* An item that no longer waits makes no system call: its descriptor may be closed, and the number
 * another thread's. One that is still open is waited for anew. */
static void descriptor_that_stayed_open_can_be_waited_for_again(void) {
    for (int way = 0; way < 4; way++) {
        begin();
        pair both = pair_open();
        ferry_poller_item before = {0};
        ferry_poller_item after = {0};
        watch(&before, both.ours, FERRY_EVENT_READ | FERRY_EVENT_WRITE, true);
        if (way % 2 == 0) {
            ferry_poller_remove(poller, &before);
        } else {
            CHECK_INT(ferry_poller_set(poller, &before, NULL, 0, false), FERRY_OK);
        }
        if (way < 2) {
            CHECK_INT(wait_for(0, NULL), 0); /* what happens now is nobody's */
        }
        watch(&after, both.ours, FERRY_EVENT_READ, false);
        CHECK_INT(wait_for(0, NULL), 0);
        tell(&both);
        bool woken;
        CHECK_INT(ferry_poller_wait(poller, LONG_MS, &ready, &woken), FERRY_OK);
        CHECK(ferry_list_take(&ready) == &after.node);
        CHECK(ferry_list_is_empty(&ready));
        ferry_poller_remove(poller, &before);
        ferry_poller_remove(poller, &after);
        pair_close(&both);
        end();
    }
}

/* ---- Wakes ---- */

static void *wake_later(void *argument) {
    /* The byte arrives after the wait has begun, or before it: both must end it. */
    if (argument != NULL) {
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    }
    ferry_poller_wake(poller);
    return NULL;
}

static void check_woken_by_a_thread(void *argument, bool joins_first) {
    begin();
    pthread_t thread;
    bool woken = false;
    CHECK_INT(pthread_create(&thread, NULL, wake_later, argument), 0);
    if (joins_first) {
        pthread_join(thread, NULL);
    }
    CHECK_INT(wait_for(-1, &woken), 0);
    CHECK(woken);
    if (!joins_first) {
        pthread_join(thread, NULL);
    }
    CHECK_INT(wait_for(0, &woken), 0);
    CHECK(!woken);
    end();
}

static void wake_before_the_wait_ends_it(void) {
    check_woken_by_a_thread(NULL, true);
}

static void wake_during_the_wait_ends_it(void) {
    check_woken_by_a_thread(NULL, false);
    check_woken_by_a_thread(&memory, false);
}

static void many_wakes_are_one(void) {
    begin();
    for (int i = 0; i < 100000; i++) { /* more than a pipe holds */
        ferry_poller_wake(poller);
    }
    bool woken = false;
    CHECK_INT(wait_for(LONG_MS, &woken), 0);
    CHECK(woken);
    CHECK_INT(wait_for(0, &woken), 0);
    CHECK(!woken);
    ferry_poller_wake(poller);
    CHECK_INT(wait_for(LONG_MS, &woken), 0);
    CHECK(woken);
    end();
}

enum { WAKES = 2000 };

static void *wake_again_and_again(void *argument) {
    (void)argument;
    for (int i = 0; i < WAKES; i++) {
        ferry_poller_wake(poller);
    }
    return NULL;
}

/* Each thread's last wake comes after any wait that it did not end. */
static void no_wake_of_many_threads_is_lost(void) {
    begin();
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, wake_again_and_again, NULL), 0);
    }
    bool woken = false;
    for (int i = 0; i < 50; i++) {
        wait_for(0, &woken);
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    while (woken) {
        wait_for(0, &woken);
    }
    ferry_poller_wake(poller);
    CHECK_INT(wait_for(-1, &woken), 0);
    CHECK(woken);
    end();
}

/* ---- A loop of the program's own ---- */

static void own_loop_can_wait_for_the_same(void) {
    begin();
    pair both = pair_open();
    ferry_poller_item item = {0};
    watch(&item, both.ours, FERRY_EVENT_READ, true);
    ferry_wait waits[4];
    size_t count = ferry_poller_get_waits(poller, waits, 4);
    CHECK(count >= 1 && count <= 2);
    CHECK_INT(ferry_poller_get_waits(poller, NULL, 0), count);
    ferry_poller *outer;
    ferry_poller_item inner = {0};
    bool woken;
    CHECK_INT(ferry_poller_new(&context, &outer), FERRY_OK);
    CHECK_INT(ferry_poller_set(outer, &inner, waits, count, true), FERRY_OK);
    CHECK_INT(ferry_poller_wait(outer, 0, &ready, &woken), FERRY_OK);
    CHECK(ferry_list_is_empty(&ready));
    tell(&both);
    CHECK_INT(ferry_poller_wait(outer, LONG_MS, &ready, &woken), FERRY_OK);
    CHECK(ferry_list_take(&ready) == &inner.node);
    hear(&both);
    ferry_poller_wake(poller);
    CHECK_INT(ferry_poller_wait(outer, LONG_MS, &ready, &woken), FERRY_OK);
    CHECK(ferry_list_take(&ready) == &inner.node);
    ferry_poller_remove(outer, &inner);
    ferry_poller_free(outer);
    ferry_poller_remove(poller, &item);
    pair_close(&both);
    end();
}

/* ---- Failures ---- */

static void item_without_memory_waits_for_nothing(void) {
    bool has_failed = false;
    for (size_t n = 1; n < 20; n++) {
        begin();
        pair pairs[5];
        ferry_wait waits[5];
        for (size_t i = 0; i < 5; i++) {
            pairs[i] = pair_open();
            waits[i] = (ferry_wait){pairs[i].ours, FERRY_EVENT_READ};
            tell(&pairs[i]);
        }
        ferry_poller_item item = {0};
        memory.fail_at = memory.calls + n;
        ferry_error error = ferry_poller_set(poller, &item, waits, 5, true);
        CHECK(error == FERRY_OK || error == FERRY_ERROR_OUT_OF_MEMORY);
        CHECK_INT(wait_for(0, NULL), error == FERRY_OK);
        has_failed = has_failed || error != FERRY_OK;
        ferry_poller_remove(poller, &item);
        for (size_t i = 0; i < 5; i++) {
            pair_close(&pairs[i]);
        }
        end();
    }
    CHECK(has_failed);
}

static void making_one_without_memory_fails(void) {
    for (size_t n = 1; n < 5; n++) {
        memory = (counted_memory){.fail_at = n};
        context = (ferry_context){.allocator = counted_memory_allocator(&memory)};
        poller = NULL;
        ferry_error error = ferry_poller_new(&context, &poller);
        CHECK_INT(error == FERRY_OK, poller != NULL);
        CHECK(n > 1 || error == FERRY_ERROR_OUT_OF_MEMORY);
        ferry_poller_free(poller);
        CHECK_INT(memory.live, 0);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(nothing_is_ready_at_first),
        CHECK_TEST(what_can_be_read_is_ready),
        CHECK_TEST(events_can_change),
        CHECK_TEST(end_of_the_peer_makes_ready),
        CHECK_TEST(removed_item_is_never_ready),
        CHECK_TEST(item_that_is_in_a_list_is_not_listed_again),
        CHECK_TEST(item_with_several_waits_is_ready_once),
        CHECK_TEST(wait_without_a_descriptor_is_never_ready),
        CHECK_TEST(ready_ones_are_found_among_many),
        CHECK_TEST(number_that_is_opened_again_is_waited_for_anew),
        CHECK_TEST(number_that_another_item_has_now_stays_that_items),
        CHECK_TEST(descriptor_that_stayed_open_can_be_waited_for_again),
        CHECK_TEST(wake_before_the_wait_ends_it),
        CHECK_TEST(wake_during_the_wait_ends_it),
        CHECK_TEST(many_wakes_are_one),
        CHECK_TEST(no_wake_of_many_threads_is_lost),
        CHECK_TEST(own_loop_can_wait_for_the_same),
        CHECK_TEST(item_without_memory_waits_for_nothing),
        CHECK_TEST(making_one_without_memory_fails),
    };
    return CHECK_RUN(tests, argc, argv);
}
