/* SPDX-License-Identifier: MIT */
/* test_address_book: what is known of where names lead, and for how long. */
#include "session/address_book.h"

#include "check.h"
#include "counted_memory.h"

#include <stdio.h>
#include <string.h>

static const int64_t second = 1000000;

typedef struct shelf {
    counted_memory memory;
    ferry_context context;
    ferry_address_book book;
} shelf;

static void shelf_begin(shelf *s) {
    *s = (shelf){.memory = {.calls = 0}};
    s->context.allocator = counted_memory_allocator(&s->memory);
    ferry_address_book_init(&s->book);
}

static void shelf_end(shelf *s) {
    ferry_address_book_clear(&s->book, &s->context);
    CHECK_INT(s->memory.live, 0);
}

static void shelf_note(shelf *s, const char *host, int port, const char *address, int64_t now_us) {
    ferry_address_book_note(&s->book, &s->context, host, port, ferry_span_of(address), now_us);
}

static const char *shelf_find(const shelf *s, const char *host, int port, int64_t now_us) {
    const char *address = ferry_address_book_find(&s->book, host, port, now_us);
    return address != NULL ? address : "";
}

static void address_is_for_its_host_and_port(void) {
    shelf s;
    shelf_begin(&s);
    shelf_note(&s, "a.example", 80, "192.0.2.1", 0);
    shelf_note(&s, "a.example", 81, "[2001:db8::1]", 0);
    CHECK_STR(shelf_find(&s, "a.example", 80, 0), "192.0.2.1");
    CHECK_STR(shelf_find(&s, "a.example", 81, 0), "[2001:db8::1]");
    CHECK_STR(shelf_find(&s, "a.example", 82, 0), "");
    CHECK_STR(shelf_find(&s, "b.example", 80, 0), "");
    shelf_end(&s);
}

static void address_is_believed_for_a_minute(void) {
    shelf s;
    shelf_begin(&s);
    shelf_note(&s, "a.example", 80, "192.0.2.1", 5);
    CHECK_STR(shelf_find(&s, "a.example", 80, 60 * second + 4), "192.0.2.1");
    CHECK_STR(shelf_find(&s, "a.example", 80, 60 * second + 5), "");
    shelf_end(&s);
}

static void newer_address_takes_the_place_of_the_older_one(void) {
    shelf s;
    shelf_begin(&s);
    shelf_note(&s, "a.example", 80, "192.0.2.1", 0);
    shelf_note(&s, "a.example", 80, "192.0.2.2", 30 * second);
    CHECK_STR(shelf_find(&s, "a.example", 80, 80 * second), "192.0.2.2");
    CHECK_INT(s.book.count, 1);
    shelf_end(&s);
}

static void forgotten_address_is_not_known(void) {
    shelf s;
    shelf_begin(&s);
    shelf_note(&s, "a.example", 80, "192.0.2.1", 0);
    shelf_note(&s, "b.example", 80, "192.0.2.2", 0);
    ferry_address_book_forget(&s.book, &s.context, "a.example", 80);
    ferry_address_book_forget(&s.book, &s.context, "c.example", 80);
    CHECK_STR(shelf_find(&s, "a.example", 80, 0), "");
    CHECK_STR(shelf_find(&s, "b.example", 80, 0), "192.0.2.2");
    shelf_end(&s);
}

static void sixty_fifth_host_takes_the_place_of_the_oldest_one(void) {
    shelf s;
    char host[32];
    shelf_begin(&s);
    for (int i = 0; i < FERRY_ADDRESS_BOOK_MAX; i++) {
        snprintf(host, sizeof host, "%d.example", i);
        shelf_note(&s, host, 80, "192.0.2.1", i);
    }
    shelf_note(&s, "0.example", 80, "192.0.2.1", 100); /* now 1.example is the oldest */
    CHECK_INT(s.memory.live, FERRY_ADDRESS_BOOK_MAX);
    shelf_note(&s, "another.example", 80, "192.0.2.1", 200);
    CHECK_INT(s.memory.live, FERRY_ADDRESS_BOOK_MAX);
    CHECK_STR(shelf_find(&s, "0.example", 80, 200), "192.0.2.1");
    CHECK_STR(shelf_find(&s, "1.example", 80, 200), "");
    CHECK_STR(shelf_find(&s, "2.example", 80, 200), "192.0.2.1");
    CHECK_STR(shelf_find(&s, "another.example", 80, 200), "192.0.2.1");
    shelf_end(&s);
}

static void without_memory_nothing_is_known(void) {
    shelf s;
    shelf_begin(&s);
    shelf_note(&s, "a.example", 80, "192.0.2.1", 0);
    s.memory.fail_at = s.memory.calls + 1;
    shelf_note(&s, "a.example", 80, "192.0.2.2", 0);
    CHECK_STR(shelf_find(&s, "a.example", 80, 0), "");
    shelf_end(&s);
}

static void what_is_too_long_for_an_address_is_none(void) {
    shelf s;
    char address[FERRY_ADDRESS_SIZE + 1];
    shelf_begin(&s);
    memset(address, '1', sizeof address);
    address[FERRY_ADDRESS_SIZE] = '\0';
    shelf_note(&s, "a.example", 80, address, 0);
    CHECK_STR(shelf_find(&s, "a.example", 80, 0), "");
    address[FERRY_ADDRESS_SIZE - 1] = '\0';
    shelf_note(&s, "a.example", 80, address, 0);
    CHECK_STR(shelf_find(&s, "a.example", 80, 0), address);
    shelf_end(&s);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(address_is_for_its_host_and_port),
        CHECK_TEST(address_is_believed_for_a_minute),
        CHECK_TEST(newer_address_takes_the_place_of_the_older_one),
        CHECK_TEST(forgotten_address_is_not_known),
        CHECK_TEST(sixty_fifth_host_takes_the_place_of_the_oldest_one),
        CHECK_TEST(without_memory_nothing_is_known),
        CHECK_TEST(what_is_too_long_for_an_address_is_none),
    };
    return CHECK_RUN(tests, argc, argv);
}
