/* SPDX-License-Identifier: MIT */
/* test_lookup: look-ups on their threads: answers, failures, cancelling, and their bound. */
#include "check.h"
#include "net_fixture.h"
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { MOST_THREADS = 64 };

static ferry_context context;
static size_t descriptors;

static void begin(void) {
    context = (ferry_context){.allocator = ferry_default_allocator};
    resolver_reset();
    net_wait_for_threads();
    descriptors = net_count_descriptors();
}

static void end(void) {
    CHECK(net_wait_for_threads());
    CHECK_INT(net_count_descriptors(), descriptors);
}

static ferry_lookup *start(const char *host) {
    ferry_lookup *lookup = NULL;
    CHECK_INT(ferry_lookup_start(&context, host, 80, &lookup), FERRY_OK);
    return lookup;
}

/* Sleeps until the look-up has ended, and frees it. */
static ferry_error finish(ferry_lookup *lookup, ferry_address_list *list) {
    ferry_wait wait = {ferry_lookup_get_descriptor(lookup), FERRY_EVENT_READ};
    bool ready = false;
    bool ended = false;
    ferry_error error = FERRY_OK;
    while (!ended && error == FERRY_OK) {
        CHECK_INT(ferry_platform_wait(&wait, 1, -1, NULL, &ready), FERRY_OK);
        error = ferry_lookup_poll(lookup, &context, &ended, list);
    }
    CHECK(ended);
    ferry_lookup_free(lookup);
    return error;
}

static void check_address(const ferry_address *address, const char *expected) {
    char text[FERRY_ADDRESS_TEXT_SIZE];
    ferry_address_to_text(address, text);
    CHECK_STR(text, expected);
}

static void addresses_keep_the_order_of_the_system(void) {
    begin();
    resolver_add("play.example.net", "2001:db8::1", 0);
    resolver_add("play.example.net", "192.0.2.1", 0);
    resolver_add("play.example.net", "2001:db8::2", 0);
    ferry_address_list list = {0};
    CHECK_INT(finish(start("play.example.net"), &list), FERRY_OK);
    if (CHECK_INT(list.count, 3)) {
        check_address(&list.items[0], "[2001:db8::1]:80");
        check_address(&list.items[1], "192.0.2.1:80");
        check_address(&list.items[2], "[2001:db8::2]:80");
        CHECK(list.items[0].is_ipv6);
        CHECK(!list.items[1].is_ipv6);
    }
    end();
}

static void both_families_are_asked_for_whatever_the_interfaces(void) {
    begin();
    resolver_add("localhost", "::1", 0);
    ferry_address_list list = {0};
    CHECK_INT(finish(start("localhost"), &list), FERRY_OK);
    resolver_call call = resolver_last_call();
    CHECK_INT(call.family, AF_UNSPEC);
    CHECK_INT(call.socktype, SOCK_STREAM);
    CHECK_INT(call.flags & AI_ADDRCONFIG, 0);
    end();
}

static void an_address_given_twice_is_stored_once(void) {
    begin();
    resolver_add("twice", "127.0.0.1", 0);
    resolver_add("twice", "::1", 0);
    resolver_add("twice", "127.0.0.1", 0);
    ferry_address_list list = {0};
    CHECK_INT(finish(start("twice"), &list), FERRY_OK);
    CHECK_INT(list.count, 2);
    end();
}

static void addresses_beyond_the_limit_are_left_out(void) {
    begin();
    for (int i = 1; i <= FERRY_MAX_ADDRESSES + 8; i++) {
        char literal[32];
        snprintf(literal, sizeof literal, "192.0.2.%d", i);
        resolver_add("many", literal, 0);
    }
    ferry_address_list list = {0};
    CHECK_INT(finish(start("many"), &list), FERRY_OK);
    if (CHECK_INT(list.count, FERRY_MAX_ADDRESSES)) {
        check_address(&list.items[FERRY_MAX_ADDRESSES - 1], "192.0.2.32:80");
    }
    end();
}

static void check_failure(int error, int system_error, ferry_error expected, const char *detail) {
    begin();
    resolver_fail(error, system_error);
    ferry_address_list list = {.count = 7};
    CHECK_INT(finish(start("nosuch.example"), &list), expected);
    CHECK_STR(context.detail, detail);
    CHECK_INT(list.count, 7);
    end();
}

static void failures_name_the_host_and_say_why(void) {
    check_failure(EAI_NONAME, 0, FERRY_ERROR_CANT_RESOLVE,
                  "cannot resolve \"nosuch.example\": no such host");
    check_failure(EAI_AGAIN, 0, FERRY_ERROR_CANT_RESOLVE,
                  "cannot resolve \"nosuch.example\": the name server does not answer");
    check_failure(EAI_FAIL, 0, FERRY_ERROR_CANT_RESOLVE,
                  "cannot resolve \"nosuch.example\": the name server failed");
    char detail[256];
    snprintf(detail, sizeof detail, "cannot resolve \"nosuch.example\": %s", strerror(EIO));
    check_failure(EAI_SYSTEM, EIO, FERRY_ERROR_CANT_RESOLVE, detail);
}

static void localhost_is_the_loopback_where_the_system_knows_no_such_name(void) {
    static const char *const names[] = {"localhost", "LocalHost.", "game.localhost"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        begin();
        resolver_fail(EAI_NONAME, 0);
        ferry_address_list list = {.count = 0};
        CHECK_INT(finish(start(names[i]), &list), FERRY_OK);
        if (CHECK_INT(list.count, 2)) {
            check_address(&list.items[0], "[::1]:80");
            check_address(&list.items[1], "127.0.0.1:80");
        }
        end();
    }
    begin();
    resolver_fail(EAI_NONAME, 0);
    ferry_address_list list = {.count = 0};
    CHECK_INT(finish(start("notlocalhost"), &list), FERRY_ERROR_CANT_RESOLVE);
    end();
}

static void failures_for_want_of_memory_are_out_of_memory(void) {
    check_failure(EAI_MEMORY, 0, FERRY_ERROR_OUT_OF_MEMORY, "out of memory");
    check_failure(EAI_SYSTEM, ENOMEM, FERRY_ERROR_OUT_OF_MEMORY, "out of memory");
}

static void a_look_up_under_way_has_not_ended_and_is_not_ready(void) {
    begin();
    resolver_add("slow", "127.0.0.1", 0);
    resolver_hold();
    ferry_lookup *lookup = start("slow");
    resolver_wait_for_calls(1);
    ferry_wait wait = {ferry_lookup_get_descriptor(lookup), FERRY_EVENT_READ};
    bool ready = true;
    CHECK_INT(ferry_platform_wait(&wait, 1, 0, NULL, &ready), FERRY_OK);
    CHECK(!ready);
    bool ended = true;
    ferry_address_list list = {0};
    CHECK_INT(ferry_lookup_poll(lookup, &context, &ended, &list), FERRY_OK);
    CHECK(!ended);
    resolver_release();
    CHECK_INT(finish(lookup, &list), FERRY_OK);
    CHECK_INT(list.count, 1);
    end();
}

/* Were it to wait for the thread, this would never return. */
static void freeing_a_blocked_look_up_does_not_wait_for_it(void) {
    begin();
    resolver_add("slow", "127.0.0.1", 0);
    resolver_hold();
    ferry_lookup *lookup = start("slow");
    resolver_wait_for_calls(1);
    ferry_lookup_free(lookup);
    resolver_release();
    end();
}

static void freeing_a_look_up_that_ended_unseen_leaves_nothing(void) {
    begin();
    resolver_add("fast", "127.0.0.1", 0);
    ferry_lookup *lookup = start("fast");
    ferry_wait wait = {ferry_lookup_get_descriptor(lookup), FERRY_EVENT_READ};
    bool ready = false;
    CHECK_INT(ferry_platform_wait(&wait, 1, -1, NULL, &ready), FERRY_OK);
    CHECK(ready);
    ferry_lookup_free(lookup);
    ferry_lookup_free(NULL);
    end();
}

/* The thread and the program let go at about the same moment: either may be the last. */
static void freeing_while_the_answer_comes_leaves_nothing(void) {
    begin();
    resolver_add("fast", "127.0.0.1", 0);
    for (int i = 0; i < 200; i++) {
        ferry_lookup *lookup = NULL;
        ferry_error error = ferry_lookup_start(&context, "fast", 80, &lookup);
        if (error == FERRY_ERROR_FAILED) { /* the machine is slow to run the threads */
            CHECK(net_wait_for_threads());
            continue;
        }
        CHECK_INT(error, FERRY_OK);
        ferry_lookup_free(lookup);
    }
    end();
}

static void look_ups_at_once_each_get_their_own_answer(void) {
    begin();
    enum { COUNT = 40 };
    ferry_lookup *lookups[COUNT];
    char host[32];
    char text[32];
    resolver_hold();
    for (int i = 0; i < COUNT; i++) {
        snprintf(host, sizeof host, "h%d", i);
        snprintf(text, sizeof text, "192.0.2.%d", i);
        resolver_add(host, text, 0);
        lookups[i] = start(host);
    }
    resolver_wait_for_calls(COUNT);
    resolver_release();
    for (int i = COUNT - 1; i >= 0; i--) {
        ferry_address_list list = {0};
        CHECK_INT(finish(lookups[i], &list), FERRY_OK);
        snprintf(text, sizeof text, "192.0.2.%d:80", i);
        if (CHECK_INT(list.count, 1)) {
            check_address(&list.items[0], text);
        }
    }
    end();
}

static void check_refused(void) {
    ferry_lookup *lookup = NULL;
    CHECK_INT(ferry_lookup_start(&context, "more.example", 80, &lookup), FERRY_ERROR_FAILED);
    CHECK(lookup == NULL);
    CHECK_STR(context.detail, "cannot resolve \"more.example\": 64 look-ups are running already");
}

static void more_look_ups_at_once_than_threads_allowed_are_refused(void) {
    begin();
    resolver_add("slow", "127.0.0.1", 0);
    resolver_hold();
    ferry_lookup *lookups[MOST_THREADS];
    for (int i = 0; i < MOST_THREADS; i++) {
        lookups[i] = start("slow");
    }
    check_refused();
    resolver_release();
    ferry_address_list list = {0};
    CHECK_INT(finish(lookups[0], &list), FERRY_OK);
    lookups[0] = start("slow"); /* one that was seen to end makes room for the next at once */
    for (int i = 0; i < MOST_THREADS; i++) {
        CHECK_INT(finish(lookups[i], &list), FERRY_OK);
    }
    end();
}

static void look_ups_left_behind_count_until_they_end(void) {
    begin();
    resolver_add("slow", "127.0.0.1", 0);
    resolver_hold();
    for (int i = 0; i < MOST_THREADS; i++) {
        ferry_lookup_free(start("slow"));
    }
    check_refused();
    resolver_release();
    CHECK(net_wait_for_threads());
    ferry_address_list list = {0};
    CHECK_INT(finish(start("slow"), &list), FERRY_OK);
    end();
}

static void threads_take_no_signals_of_the_program(void) {
    begin();
    resolver_add("fast", "127.0.0.1", 0);
    ferry_address_list list = {0};
    CHECK_INT(finish(start("fast"), &list), FERRY_OK);
    CHECK_INT(resolver_last_call().open_signal, 0);
    end();
}

static void descriptors_are_not_inherited(void) {
    begin();
    resolver_add("fast", "127.0.0.1", 0);
    ferry_lookup *lookup = start("fast");
    int flags = fcntl((int)ferry_lookup_get_descriptor(lookup), F_GETFD);
    CHECK((flags & FD_CLOEXEC) != 0);
    ferry_address_list list = {0};
    CHECK_INT(finish(lookup, &list), FERRY_OK);
    end();
}

static void without_descriptors_it_is_refused_and_leaves_nothing(void) {
    begin();
    resolver_add("fast", "127.0.0.1", 0);
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    /* More often than there are threads: a failed start must give its place back. */
    for (int i = 0; i < MOST_THREADS + 1; i++) {
        ferry_lookup *lookup = NULL;
        CHECK_INT(ferry_lookup_start(&context, "fast", 80, &lookup), FERRY_ERROR_FAILED);
        CHECK_CONTAINS(context.detail, strerror(EMFILE));
    }
    setrlimit(RLIMIT_NOFILE, &before);
    ferry_address_list list = {0};
    CHECK_INT(finish(start("fast"), &list), FERRY_OK);
    end();
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(addresses_keep_the_order_of_the_system),
        CHECK_TEST(both_families_are_asked_for_whatever_the_interfaces),
        CHECK_TEST(an_address_given_twice_is_stored_once),
        CHECK_TEST(addresses_beyond_the_limit_are_left_out),
        CHECK_TEST(failures_name_the_host_and_say_why),
        CHECK_TEST(localhost_is_the_loopback_where_the_system_knows_no_such_name),
        CHECK_TEST(failures_for_want_of_memory_are_out_of_memory),
        CHECK_TEST(a_look_up_under_way_has_not_ended_and_is_not_ready),
        CHECK_TEST(freeing_a_blocked_look_up_does_not_wait_for_it),
        CHECK_TEST(freeing_a_look_up_that_ended_unseen_leaves_nothing),
        CHECK_TEST(freeing_while_the_answer_comes_leaves_nothing),
        CHECK_TEST(look_ups_at_once_each_get_their_own_answer),
        CHECK_TEST(more_look_ups_at_once_than_threads_allowed_are_refused),
        CHECK_TEST(look_ups_left_behind_count_until_they_end),
        CHECK_TEST(threads_take_no_signals_of_the_program),
        CHECK_TEST(descriptors_are_not_inherited),
        CHECK_TEST(without_descriptors_it_is_refused_and_leaves_nothing),
    };
    return CHECK_RUN(tests, argc, argv);
}
