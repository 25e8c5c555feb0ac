/* SPDX-License-Identifier: MIT */
/* test_lookup: look-ups on their threads: answers, failures, cancelling, and their bound. */
#if defined(__linux__)
#define _GNU_SOURCE /* pthread_getattr_np */
#endif
#include "check.h"
#include "net_fixture.h"
#include "platform.h"
#include "system_faults.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_THREADS = 64 };

static ferry_context context;
static size_t descriptors;

static void begin(void) {
    context = (ferry_context){.allocator = ferry_default_allocator};
    resolver_reset();
    system_faults_reset();
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

/* glibc tells a file or socket that it could not open as a host that does not exist. */
static void want_of_files_is_told_as_such_whatever_the_resolver_makes_of_it(void) {
    static const int errors[] = {EAI_NONAME, EAI_AGAIN, EAI_FAIL, EAI_SYSTEM};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        const char *detail = "cannot resolve \"nosuch.example\": too many open files";
        check_failure(errors[i], EMFILE, FERRY_ERROR_CANT_RESOLVE, detail);
        check_failure(errors[i], ENFILE, FERRY_ERROR_CANT_RESOLVE, detail);
    }
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
    check_failure(EAI_NONAME, ENOMEM, FERRY_ERROR_OUT_OF_MEMORY, "out of memory");
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
    CHECK_INT(net_count_descriptors(), descriptors);
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
        ferry_lookup_free(start("fast"));
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

static bool has_ended(ferry_lookup *lookup) {
    bool ended = false;
    ferry_address_list list = {0};
    CHECK_INT(ferry_lookup_poll(lookup, &context, &ended, &list), FERRY_OK);
    return ended;
}

/* As many as run at once, all in the middle of it. */
static void start_all(ferry_lookup *lookups[MOST_THREADS]) {
    resolver_add("slow", "127.0.0.1", 0);
    resolver_hold();
    for (int i = 0; i < MOST_THREADS; i++) {
        lookups[i] = start("slow");
    }
    resolver_wait_for_calls(MOST_THREADS);
}

static void finish_all(ferry_lookup *const lookups[], size_t count) {
    ferry_address_list list = {0};
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(finish(lookups[i], &list), FERRY_OK);
    }
}

static void more_look_ups_at_once_than_threads_wait_for_their_turn(void) {
    begin();
    enum { MORE = 100 };
    ferry_lookup *lookups[MOST_THREADS + MORE];
    start_all(lookups);
    for (int i = 0; i < MORE; i++) {
        lookups[MOST_THREADS + i] = start("slow");
    }
    CHECK(!has_ended(lookups[MOST_THREADS]));
    resolver_release();
    finish_all(lookups, MOST_THREADS + MORE);
    CHECK_INT(resolver_count_calls(), MOST_THREADS + MORE);
    CHECK_INT(resolver_count_together(), MOST_THREADS);
    end();
}

static void look_ups_left_behind_count_until_they_end(void) {
    begin();
    ferry_lookup *lookups[MOST_THREADS];
    start_all(lookups);
    for (int i = 0; i < MOST_THREADS; i++) {
        ferry_lookup_free(lookups[i]);
    }
    CHECK_INT(net_count_descriptors(), descriptors);
    ferry_lookup *next = start("slow");
    CHECK(!has_ended(next));
    resolver_release();
    finish_all(&next, 1);
    CHECK_INT(resolver_count_together(), MOST_THREADS);
    end();
}

static void a_look_up_that_waits_is_dropped_at_once(void) {
    begin();
    ferry_lookup *lookups[MOST_THREADS];
    ferry_lookup *waiting[5];
    start_all(lookups);
    for (int i = 0; i < 5; i++) {
        waiting[i] = start("slow");
    }
    size_t before = net_count_descriptors();
    ferry_lookup_free(waiting[0]); /* the first, one between others, the last */
    ferry_lookup_free(waiting[2]);
    ferry_lookup_free(waiting[4]);
    CHECK_INT(net_count_descriptors(), before - 6);
    resolver_release();
    finish_all(lookups, MOST_THREADS);
    finish_all(&waiting[1], 1);
    finish_all(&waiting[3], 1);
    CHECK_INT(resolver_count_calls(), MOST_THREADS + 2);
    end();
}

static void without_threads_a_look_up_waits_for_those_that_run(void) {
    if (!system_faults_work()) {
        return;
    }
    begin();
    resolver_add("slow", "127.0.0.1", 0);
    resolver_hold();
    ferry_lookup *running = start("slow");
    system_faults_set_thread_error(EAGAIN);
    ferry_lookup *waiting[2] = {start("slow"), start("slow")};
    CHECK(!has_ended(waiting[0]));
    resolver_release();
    finish_all(&running, 1);
    finish_all(waiting, 2);
    CHECK_INT(resolver_count_together(), 1);
    end();
}

static void without_any_thread_it_is_refused_and_leaves_nothing(void) {
    if (!system_faults_work()) {
        return;
    }
    begin();
    resolver_add("fast", "127.0.0.1", 0);
    system_faults_set_thread_error(EAGAIN);
    ferry_lookup *lookup = NULL;
    CHECK_INT(ferry_lookup_start(&context, "fast", 80, &lookup), FERRY_ERROR_FAILED);
    CHECK(lookup == NULL);
    CHECK_STR(context.detail, "cannot resolve \"fast\": the system has no thread for it");
    CHECK_INT(net_count_descriptors(), descriptors);
    system_faults_set_thread_error(0);
    lookup = start("fast");
    finish_all(&lookup, 1);
    end();
}

/* ---- Descriptors ---- */

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

static struct rlimit limit_descriptors(rlim_t most) {
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    struct rlimit now = {.rlim_cur = most, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &now);
    return before;
}

static void without_any_descriptor_it_is_refused_and_leaves_nothing(void) {
    begin();
    resolver_add("fast", "127.0.0.1", 0);
    struct rlimit before = limit_descriptors(0);
    for (int i = 0; i < MOST_THREADS + 1; i++) {
        ferry_lookup *lookup = NULL;
        CHECK_INT(ferry_lookup_start(&context, "fast", 80, &lookup), FERRY_ERROR_FAILED);
        CHECK_STR(context.detail, "cannot resolve \"fast\": too many open files");
    }
    setrlimit(RLIMIT_NOFILE, &before);
    ferry_address_list list = {0};
    CHECK_INT(finish(start("fast"), &list), FERRY_OK);
    end();
}

static void without_descriptors_a_look_up_waits_for_those_of_others(void) {
    begin();
    resolver_add("slow", "127.0.0.1", 0);
    resolver_hold();
    ferry_lookup *running = start("slow");
    int next = dup(STDOUT_FILENO); /* all below it are taken */
    close(next);
    struct rlimit before = limit_descriptors((rlim_t)next);
    ferry_lookup *waiting = start("slow");
    ferry_lookup *dropped = start("slow");
    CHECK_INT(ferry_lookup_get_descriptor(waiting), FERRY_NO_DESCRIPTOR);
    CHECK(!has_ended(waiting));
    ferry_lookup_free(dropped);
    resolver_release();
    finish_all(&running, 1);
    CHECK(!has_ended(waiting) || resolver_count_calls() == 2);
    CHECK(ferry_lookup_get_descriptor(waiting) != FERRY_NO_DESCRIPTOR);
    setrlimit(RLIMIT_NOFILE, &before);
    finish_all(&waiting, 1);
    end();
}

static void a_look_up_that_waits_for_descriptors_fails_where_nobody_has_any(void) {
    begin();
    resolver_add("slow", "127.0.0.1", 0);
    resolver_hold();
    ferry_lookup *running = start("slow");
    struct rlimit before = limit_descriptors(0);
    ferry_lookup *waiting = start("slow");
    ferry_lookup_free(running);
    bool ended = true;
    ferry_address_list list = {0};
    CHECK_INT(ferry_lookup_poll(waiting, &context, &ended, &list), FERRY_ERROR_FAILED);
    CHECK_STR(context.detail, "cannot resolve \"slow\": too many open files");
    ferry_lookup_free(waiting);
    setrlimit(RLIMIT_NOFILE, &before);
    resolver_release();
    end();
}

static void job_rest(void *ctx) {
    (void)ctx;
}

static bool child_looks_up_without_standard_files(void *argument) {
    (void)argument;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        close(fd);
    }
    resolver_reset_in_child();
    resolver_add("fast", "127.0.0.1", 0);
    ferry_lookup *lookup = NULL;
    ferry_address_list list = {0};
    bool holds = ferry_lookup_start(&context, "fast", 80, &lookup) == FERRY_OK;
    ferry_job *job = ferry_job_start(job_rest, NULL);
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        holds = holds && fcntl(fd, F_GETFD) < 0;
    }
    holds = holds && fcntl((int)ferry_lookup_get_descriptor(lookup), F_GETFL) & O_NONBLOCK;
    holds = holds && job != NULL;
    ferry_job_free(job);
    return holds && finish(lookup, &list) == FERRY_OK;
}

static void no_pipe_has_the_number_of_a_standard_file(void) {
    begin();
#if !defined(__SANITIZE_THREAD__) /* which cannot start threads after fork() */
    CHECK(system_run_in_child(child_looks_up_without_standard_files, NULL));
#else
    (void)child_looks_up_without_standard_files;
#endif
    end();
}

/* ---- After fork() ---- */

typedef struct inherited {
    ferry_lookup *running[MOST_THREADS];
    ferry_lookup *waiting;
} inherited;

/* The threads of the parent, which fill its limit, are not here. */
static bool child_resolves(void *argument) {
    inherited *all = argument;
    ferry_address_list list = {0};
    bool ended = false;
    size_t before = net_count_descriptors();
    resolver_reset_in_child();
    resolver_add("child", "192.0.2.1", 0);
    bool holds = CHECK_INT(finish(start("child"), &list), FERRY_OK) && CHECK_INT(list.count, 1);
    holds &=
        CHECK_INT(ferry_lookup_poll(all->waiting, &context, &ended, &list), FERRY_ERROR_FAILED);
    holds &=
        CHECK_STR(context.detail, "cannot resolve \"slow\": the look-up was begun before fork()");
    for (int i = 0; i < MOST_THREADS; i++) {
        ferry_lookup_free(all->running[i]);
    }
    ferry_lookup_free(all->waiting);
    holds &= CHECK_INT(net_count_descriptors(), before - 2 * (MOST_THREADS + 1));
    ferry_lookup *more[MOST_THREADS];
    for (int i = 0; i < MOST_THREADS; i++) {
        more[i] = start("child");
    }
    finish_all(more, MOST_THREADS);
    return holds;
}

static void a_child_resolves_though_its_parents_look_ups_are_not_its_own(void) {
    begin();
#if !defined(__SANITIZE_THREAD__) /* which cannot start threads after fork() */
    inherited all;
    start_all(all.running);
    all.waiting = start("slow");
    CHECK(system_run_in_child(child_resolves, &all));
    resolver_release();
    finish_all(all.running, MOST_THREADS);
    finish_all(&all.waiting, 1);
#else
    (void)child_resolves;
#endif
    end();
}

/* ---- Jobs, which stand on the same threads and pipes ---- */

typedef struct job_gate {
    int pipe[2]; /* the job waits until it is written to */
    atomic_bool is_through;
} job_gate;

static void job_work(void *argument) {
    job_gate *gate = argument;
    char byte;
    CHECK_INT(read(gate->pipe[0], &byte, 1), 1);
    atomic_store(&gate->is_through, true);
}

/* A copy of a descriptor keeps the other end of its pipe from hearing that it was closed. */
static void the_end_of_a_job_is_heard_though_a_child_has_its_descriptors(void) {
    begin();
    job_gate gate = {.is_through = false};
    int child_gate[2];
    CHECK_INT(pipe(gate.pipe), 0);
    CHECK_INT(pipe(child_gate), 0);
    ferry_job *job = ferry_job_start(job_work, &gate);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(child_gate[1]);
        (void)!read(child_gate[0], &byte, 1); /* until the parent closes it */
        execl("/bin/true", "true", (char *)NULL);
        _exit(1);
    }
    ferry_wait wait = {ferry_job_get_descriptor(job), FERRY_EVENT_READ};
    bool ready = false;
    CHECK_INT(write(gate.pipe[1], "", 1), 1);
    CHECK_INT(ferry_platform_wait(&wait, 1, 10000, NULL, &ready), FERRY_OK);
    CHECK(ready && atomic_load(&gate.is_through));
    ferry_job_free(job);
    close(child_gate[0]);
    close(child_gate[1]);
    CHECK_INT(waitpid(child, NULL, 0), child);
    close(gate.pipe[0]);
    close(gate.pipe[1]);
    end();
}

#if defined(__linux__)
static void job_measure_stack(void *result) {
    pthread_attr_t attributes;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        pthread_attr_getstacksize(&attributes, &size);
        pthread_attr_destroy(&attributes);
    }
    atomic_store((atomic_size_t *)result, size);
}

/* Else each has that of the system, which is 8 MiB by default. */
static void threads_have_small_stacks(void) {
    begin();
    atomic_size_t size = 0;
    ferry_job *job = ferry_job_start(job_measure_stack, &size);
    ferry_wait wait = {ferry_job_get_descriptor(job), FERRY_EVENT_READ};
    bool ready = false;
    CHECK_INT(ferry_platform_wait(&wait, 1, 10000, NULL, &ready), FERRY_OK);
    CHECK(ready);
    CHECK(size > 0 && size < 1024 * 1024);
    ferry_job_free(job);
    end();
}
#endif

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(addresses_keep_the_order_of_the_system),
        CHECK_TEST(both_families_are_asked_for_whatever_the_interfaces),
        CHECK_TEST(an_address_given_twice_is_stored_once),
        CHECK_TEST(addresses_beyond_the_limit_are_left_out),
        CHECK_TEST(failures_name_the_host_and_say_why),
        CHECK_TEST(want_of_files_is_told_as_such_whatever_the_resolver_makes_of_it),
        CHECK_TEST(localhost_is_the_loopback_where_the_system_knows_no_such_name),
        CHECK_TEST(failures_for_want_of_memory_are_out_of_memory),
        CHECK_TEST(a_look_up_under_way_has_not_ended_and_is_not_ready),
        CHECK_TEST(freeing_a_blocked_look_up_does_not_wait_for_it),
        CHECK_TEST(freeing_a_look_up_that_ended_unseen_leaves_nothing),
        CHECK_TEST(freeing_while_the_answer_comes_leaves_nothing),
        CHECK_TEST(look_ups_at_once_each_get_their_own_answer),
        CHECK_TEST(more_look_ups_at_once_than_threads_wait_for_their_turn),
        CHECK_TEST(look_ups_left_behind_count_until_they_end),
        CHECK_TEST(a_look_up_that_waits_is_dropped_at_once),
        CHECK_TEST(without_threads_a_look_up_waits_for_those_that_run),
        CHECK_TEST(without_any_thread_it_is_refused_and_leaves_nothing),
        CHECK_TEST(threads_take_no_signals_of_the_program),
        CHECK_TEST(descriptors_are_not_inherited),
        CHECK_TEST(without_any_descriptor_it_is_refused_and_leaves_nothing),
        CHECK_TEST(without_descriptors_a_look_up_waits_for_those_of_others),
        CHECK_TEST(a_look_up_that_waits_for_descriptors_fails_where_nobody_has_any),
        CHECK_TEST(no_pipe_has_the_number_of_a_standard_file),
        CHECK_TEST(a_child_resolves_though_its_parents_look_ups_are_not_its_own),
        CHECK_TEST(the_end_of_a_job_is_heard_though_a_child_has_its_descriptors),
#if defined(__linux__)
        CHECK_TEST(threads_have_small_stacks),
#endif
    };
    return CHECK_RUN(tests, argc, argv);
}
