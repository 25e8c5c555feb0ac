/* SPDX-License-Identifier: MIT */
/* test_wake: a call in blocking mode is ended by another thread or a signal handler that wakes the
 * client, in each of the waits that there are, and by nothing else. */
#include "check.h"
#include "ferry.h"
#include "net_fixture.h"
#include "platform.h"
#include "system_faults.h"
#if FERRY_HAVE_TLS
#include "tls_peer.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MUCH = 32 << 20 }; /* bytes: no socket holds so many */

static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
static const ferry_client_options quiet = {.user_agent = ""};

/* ---- Whoever wakes ---- */

/* Acts once the thread of the test is about to sleep: behind all that it looks at before. */
static struct {
    pthread_t thread;
    int gate[2];
    void (*act)(void);
    bool (*may_act)(void); /* is it this sleep? NULL: it is the first */
    bool is_armed;
} waker;

static ferry_client *client;
static pthread_t tester;

static void waker_open_gate(void) {
    if (waker.is_armed && (waker.may_act == NULL || waker.may_act())) {
        waker.is_armed = false;
        CHECK_INT(write(waker.gate[1], "", 1), 1);
    }
}

static void *waker_run(void *argument) {
    char byte;
    CHECK_INT(read(waker.gate[0], &byte, 1), 1);
    waker.act();
    return argument;
}

static void waker_start(void (*act)(void), bool (*may_act)(void)) {
    waker.act = act;
    waker.may_act = may_act;
    waker.is_armed = true;
    tester = pthread_self();
    CHECK_INT(pipe(waker.gate), 0);
    CHECK_INT(pthread_create(&waker.thread, NULL, waker_run, NULL), 0);
    if (system_faults_work()) {
        system_faults_watch_polls(waker_open_gate);
    } else { /* nobody tells: it may be before the sleep */
        CHECK_INT(write(waker.gate[1], "", 1), 1);
    }
}

static void waker_end(void) {
    CHECK_INT(pthread_join(waker.thread, NULL), 0);
    system_faults_watch_polls(NULL);
    close(waker.gate[0]);
    close(waker.gate[1]);
}

static void wake(void) {
    ferry_client_wake(client);
}

static bool check_aborted(ferry_error error, ferry_status status) {
    return CHECK_INT(error, FERRY_ERROR_ABORTED) &&
           CHECK_INT(ferry_client_get_status(client), status) &&
           CHECK_INT(ferry_client_get_error(client), FERRY_OK) &&
           CHECK_CONTAINS(ferry_client_get_error_detail(client), "ferry_client_wake");
}

/* ---- A client, and its peer on the same thread ---- */

static int listener;
static int peer;
static uint16_t port;

static void begin(void) {
    listener = net_listen(false, &port);
    peer = -1;
    client = ferry_client_new(&quiet);
    CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
}

static void end(void) {
    ferry_client_free(client);
    close(listener);
    if (peer >= 0) {
        close(peer);
    }
}

static void begin_connected(void) {
    begin();
    CHECK_INT(ferry_client_connect_to_host(client, "127.0.0.1", port, NULL), FERRY_OK);
    peer = accept(listener, NULL, NULL);
    CHECK(peer >= 0);
}

static void give(const char *bytes) {
    CHECK_INT(write(peer, bytes, strlen(bytes)), strlen(bytes));
}

static ferry_error get(void) {
    return ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL);
}

static void expect_body(void) {
    char body[8];
    size_t length = 0;
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    CHECK_INT(ferry_client_read_response_body(client, body, sizeof body, &length), FERRY_OK);
    CHECK_MEM(body, length, "ok", 2);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
}

/* ---- Each wait ---- */

static void look_up_is_ended_and_goes_on(void) {
    begin();
    resolver_reset();
    resolver_add("slow", "127.0.0.1", 0);
    resolver_hold();
    for (int i = 0; i < 2; i++) {
        waker_start(wake, NULL);
        check_aborted(i == 0 ? ferry_client_connect_to_host(client, "slow", port, NULL)
                             : ferry_client_poll(client),
                      FERRY_STATUS_RESOLVING);
        waker_end();
    }
    resolver_release();
    while (ferry_client_get_status(client) != FERRY_STATUS_CONNECTED &&
           CHECK_INT(ferry_client_poll(client), FERRY_OK)) {
    }
    end();
    resolver_reset();
}

static void connecting_is_ended(void) {
    net_hole hole;
    begin();
    if (CHECK(net_hole_open(&hole, false))) {
        waker_start(wake, NULL);
        check_aborted(ferry_client_connect_to_host(client, "127.0.0.1", hole.port, NULL),
                      FERRY_STATUS_CONNECTING);
        waker_end();
        ferry_client_close(client);
        CHECK_INT(ferry_client_connect_to_host(client, "127.0.0.1", port, NULL), FERRY_OK);
        net_hole_close(&hole);
    }
    end();
}

#if FERRY_HAVE_TLS
/* The client has said hello, and waits for the answer. */
static bool has_hello(void) {
    char byte;
    peer = peer < 0 ? accept(listener, NULL, NULL) : peer;
    return peer >= 0 && recv(peer, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

static void handshake_is_ended(void) {
    ferry_tls_options tls = {.ca_pem = tls_peer_certificate()};
    begin();
    CHECK_INT(fcntl(listener, F_SETFL, O_NONBLOCK), 0);
    waker_start(wake, has_hello);
    check_aborted(ferry_client_connect_to_host(client, "127.0.0.1", port, &tls),
                  FERRY_STATUS_CONNECTING);
    waker_end();
    waker_start(wake, has_hello);
    check_aborted(ferry_client_poll(client), FERRY_STATUS_CONNECTING);
    waker_end();
    end();
}
#endif

static void wait_for_the_head_is_ended_and_goes_on(void) {
    begin_connected();
    waker_start(wake, NULL);
    check_aborted(get(), FERRY_STATUS_REQUESTING);
    waker_end();
    waker_start(wake, NULL);
    check_aborted(ferry_client_wait(client, -1), FERRY_STATUS_REQUESTING);
    waker_end();
    give(answer);
    give("ok");
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    expect_body();
    end();
}

static void read_is_ended_and_goes_on(void) {
    char body[8];
    size_t length = 7;
    const void *chunk = NULL;
    begin_connected();
    ferry_client_wake(client); /* so that the head can come behind the request */
    check_aborted(get(), FERRY_STATUS_REQUESTING);
    give(answer);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    waker_start(wake, NULL);
    check_aborted(ferry_client_read_response_body(client, body, sizeof body, &length),
                  FERRY_STATUS_BODY);
    waker_end();
    waker_start(wake, NULL);
    check_aborted(ferry_client_read_response_body_chunk(client, &chunk, &length),
                  FERRY_STATUS_BODY);
    waker_end();
    CHECK_INT(length, 7);
    give("ok");
    expect_body();
    end();
}

/* Takes what there is, and returns how much. */
static size_t drain(void) {
    static char bytes[1 << 16];
    size_t total = 0;
    ssize_t got;
    while ((got = recv(peer, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        total += (size_t)got;
    }
    return total;
}

static void write_is_ended_and_says_how_much_it_took(void) {
    ferry_request request = {
        .method = FERRY_METHOD_PUT, .url = "/", .streamed = true, .streamed_length = MUCH};
    char *data = calloc(1, MUCH);
    size_t taken = 0;
    int ends = 0;
    begin_connected();
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    size_t head = drain();
    size_t received = 0;
    while (taken < MUCH) {
        size_t written = 0;
        waker_start(wake, NULL);
        ferry_error error =
            ferry_client_write_request_body(client, data + taken, MUCH - taken, &written);
        taken += written;
        if (error == FERRY_OK) { /* there was room for the rest: nobody slept */
            waker_open_gate();
            waker_end();
            break;
        }
        waker_end();
        ends++;
        if (!check_aborted(error, FERRY_STATUS_REQUESTING)) {
            break;
        }
        received += drain();
    }
    CHECK_INT(taken, MUCH);
    CHECK(head > 0 && ends > 1);
    received += drain();
    CHECK_INT(received, MUCH);
    end();
    free(data);
}

/* ---- Before the wait ---- */

static void wake_before_the_wait_ends_it_once(void) {
    begin_connected();
    ferry_client_wake(client);
    ferry_client_wake(client);
    check_aborted(get(), FERRY_STATUS_REQUESTING);
    CHECK_INT(ferry_client_wait(client, 1), FERRY_ERROR_TIMEOUT);
    give(answer);
    give("ok");
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    ferry_client_wake(client);
    expect_body(); /* which is there: nothing waits */
    check_aborted(ferry_client_wait(client, -1), FERRY_STATUS_CONNECTED);
    end();
}

static void wake_waits_for_blocking_mode(void) {
    listener = net_listen(false, &port);
    peer = -1;
    client = ferry_client_new(&quiet);
    ferry_client_wake(client);
    CHECK_INT(ferry_client_connect_to_host(client, "127.0.0.1", port, NULL), FERRY_OK);
    while (ferry_client_get_status(client) != FERRY_STATUS_CONNECTED &&
           CHECK_INT(ferry_client_wait(client, -1), FERRY_OK) &&
           CHECK_INT(ferry_client_poll(client), FERRY_OK)) {
    }
    CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
    check_aborted(get(), FERRY_STATUS_REQUESTING);
    CHECK_INT(ferry_client_wait(client, 1), FERRY_ERROR_TIMEOUT);
    CHECK_INT(ferry_client_set_blocking_mode(client, false), FERRY_OK);
    ferry_client_wake(client);
    CHECK_INT(ferry_client_wait(client, 1), FERRY_ERROR_TIMEOUT);
    end();
}

/* ---- Signals ---- */

static atomic_int signals;
static atomic_int spoilt_errno;

static void count_signal(int number) {
    (void)number;
    atomic_fetch_add(&signals, 1);
}

static void wake_by_signal(int number) {
    (void)number;
    int before = errno;
    errno = 77;
    ferry_client_wake(client);
    atomic_store(&spoilt_errno, errno == 77 ? 0 : 1);
    errno = before;
}

static void handle(int number, void (*handler)(int number)) {
    struct sigaction action = {.sa_handler = handler};
    CHECK_INT(sigaction(number, &action, NULL), 0);
}

/* A thread that is about to sleep gets them; then comes what it waits for. */
static void send_storm(void) {
    for (int i = 0; i < 1000; i++) {
        pthread_kill(tester, SIGUSR1);
    }
    give(answer);
    give("ok");
}

static void storm_of_signals_ends_nothing(void) {
    handle(SIGUSR1, count_signal);
    begin_connected();
    atomic_store(&signals, 0);
    waker_start(send_storm, NULL);
    CHECK_INT(get(), FERRY_OK);
    waker_end();
    CHECK(atomic_load(&signals) > 0);
    expect_body();
    end();
    handle(SIGUSR1, SIG_DFL);
}

/* Only then does the peer take anything. */
static void send_storm_and_take_all(void) {
    static char bytes[1 << 16];
    size_t taken = 0;
    for (int i = 0; i < 1000; i++) {
        pthread_kill(tester, SIGUSR1);
    }
    while (taken < MUCH) {
        ssize_t got = recv(peer, bytes, sizeof bytes, 0);
        if (got <= 0) {
            break;
        }
        taken += (size_t)got;
    }
}

/* It gives way to bytes that can be read, and to nothing else. */
static void storm_of_signals_cuts_no_write_beside_a_response(void) {
    ferry_request request = {
        .method = FERRY_METHOD_PUT, .url = "/", .streamed = true, .streamed_length = MUCH};
    char *data = calloc(1, MUCH);
    size_t written = 0;
    handle(SIGUSR1, count_signal);
    begin_connected();
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    CHECK(drain() > 0);
    give(answer);
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    waker_start(send_storm_and_take_all, NULL);
    CHECK_INT(ferry_client_write_request_body(client, data, MUCH, &written), FERRY_OK);
    if (!CHECK_INT(written, MUCH)) {
        ferry_client_close(client); /* the peer would wait for the rest */
    }
    waker_end();
    end();
    free(data);
    handle(SIGUSR1, SIG_DFL);
}

static void send_one(void) {
    pthread_kill(tester, SIGUSR1);
}

static void signal_handler_may_wake(void) {
    handle(SIGUSR1, wake_by_signal);
    begin_connected();
    atomic_store(&spoilt_errno, -1);
    waker_start(send_one, NULL);
    check_aborted(get(), FERRY_STATUS_REQUESTING);
    waker_end();
    CHECK_INT(atomic_load(&spoilt_errno), 0);
    end();
    handle(SIGUSR1, SIG_DFL);
}

/* ---- Many threads ---- */

static atomic_bool is_enough;

static void *wake_often(void *argument) {
    while (!atomic_load(&is_enough)) {
        ferry_client_wake(client);
    }
    return argument;
}

/* However they fall together, no sleep outlasts a wake, and none is ended without one. */
static void wakes_of_many_threads_are_neither_lost_nor_made_up(void) {
    enum { THREADS = 4, SLEEPS = 1000 };
    pthread_t threads[THREADS];
    begin_connected();
    atomic_store(&is_enough, false);
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_create(&threads[i], NULL, wake_often, NULL), 0);
    }
    check_aborted(get(), FERRY_STATUS_REQUESTING);
    for (int i = 0; i < SLEEPS && check_aborted(ferry_client_poll(client), FERRY_STATUS_REQUESTING);
         i++) {
    }
    atomic_store(&is_enough, true);
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    }
    ferry_client_wake(client);
    check_aborted(ferry_client_poll(client), FERRY_STATUS_REQUESTING);
    CHECK_INT(ferry_client_wait(client, 1), FERRY_ERROR_TIMEOUT);
    end();
}

/* ---- Descriptors and processes ---- */

static void only_blocking_mode_takes_descriptors(void) {
    size_t before = net_count_descriptors();
    client = ferry_client_new(NULL);
    ferry_client_wake(client);
    CHECK_INT(net_count_descriptors(), before);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
        CHECK_INT(net_count_descriptors(), before + 2);
        CHECK_INT(ferry_client_set_blocking_mode(client, false), FERRY_OK);
    }
    ferry_client_free(client);
    CHECK_INT(net_count_descriptors(), before);
}

static void blocking_mode_without_descriptors_is_refused(void) {
    struct rlimit before;
    client = ferry_client_new(NULL);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max});
    ferry_error error = ferry_client_set_blocking_mode(client, true);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK_INT(error, FERRY_ERROR_FAILED);
    CHECK_CONTAINS(ferry_client_get_error_detail(client), "descriptor");
    CHECK(!ferry_client_is_blocking_mode_enabled(client));
    CHECK_INT(ferry_client_set_blocking_mode(client, true), FERRY_OK);
    ferry_client_free(client);
}

/* What it has from its parent it may connect again. */
static bool child_blocks_by_itself(void *argument) {
    (void)argument;
    ferry_client_wake(client);
    ferry_client_close(client);
    resolver_reset_in_child();
    bool holds = check_aborted(ferry_client_connect_to_host(client, "127.0.0.1", port, NULL),
                               FERRY_STATUS_CONNECTING);
    holds &= CHECK_INT(ferry_client_poll(client), FERRY_OK);
    holds &= CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_CONNECTED);
    ferry_client_wake(client);
    return check_aborted(ferry_client_wait(client, -1), FERRY_STATUS_CONNECTED) && holds;
}

static void child_and_parent_do_not_wake_each_other(void) {
    begin_connected();
    CHECK(system_run_in_child(child_blocks_by_itself, NULL));
    CHECK_INT(ferry_client_wait(client, 1), FERRY_ERROR_TIMEOUT);
    ferry_client_wake(client);
    check_aborted(ferry_client_wait(client, -1), FERRY_STATUS_CONNECTED);
    end();
}

/* ---- The platform's part ---- */

static ferry_context context;

static bool is_told(ferry_wakeup *wakeup) {
    ferry_wait wait = {FERRY_NO_DESCRIPTOR, FERRY_EVENT_READ};
    bool ready = false;
    CHECK_INT(ferry_wakeup_get_descriptor(wakeup, &context, &wait.descriptor), FERRY_OK);
    CHECK(wait.descriptor > STDERR_FILENO);
    CHECK_INT(fcntl((int)wait.descriptor, F_GETFD), FD_CLOEXEC);
    CHECK((fcntl((int)wait.descriptor, F_GETFL) & O_NONBLOCK) != 0);
    CHECK_INT(ferry_platform_wait(&wait, 1, 0, NULL, &ready), FERRY_OK);
    return ready;
}

/* The first sleep of a child looks whether it was meant: it may have been told before it could be.
 */
static bool child_tells_itself(void *argument) {
    ferry_wakeup *wakeup = argument;
    size_t before = net_count_descriptors();
    bool holds = CHECK(is_told(wakeup));
    ferry_wakeup_clear(wakeup);
    holds &= CHECK(!is_told(wakeup));
    ferry_wakeup_tell(wakeup);
    holds &= CHECK(is_told(wakeup));
    ferry_wakeup_clear(wakeup);
    return CHECK_INT(net_count_descriptors(), before) && holds;
}

static bool child_tells_before_it_sleeps(void *argument) {
    ferry_wakeup_tell(argument);
    return true;
}

static void wakeup_is_told_until_it_is_cleared_in_each_process(void) {
    ferry_wakeup *wakeup = NULL;
    context = (ferry_context){.allocator = ferry_default_allocator};
    CHECK_INT(ferry_wakeup_new(&context, &wakeup), FERRY_OK);
    CHECK(!is_told(wakeup));
    CHECK(system_run_in_child(child_tells_before_it_sleeps, wakeup));
    CHECK(system_run_in_child(child_tells_itself, wakeup));
    CHECK(!is_told(wakeup));
    for (int i = 0; i < 3; i++) {
        ferry_wakeup_tell(wakeup);
    }
    CHECK(is_told(wakeup));
    CHECK(system_run_in_child(child_tells_itself, wakeup));
    CHECK(is_told(wakeup));
    ferry_wakeup_clear(wakeup);
    CHECK(!is_told(wakeup));
    ferry_wakeup_free(&context, wakeup);
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(look_up_is_ended_and_goes_on),
        CHECK_TEST(connecting_is_ended),
#if FERRY_HAVE_TLS
        CHECK_TEST(handshake_is_ended),
#endif
        CHECK_TEST(wait_for_the_head_is_ended_and_goes_on),
        CHECK_TEST(read_is_ended_and_goes_on),
        CHECK_TEST(write_is_ended_and_says_how_much_it_took),
        CHECK_TEST(wake_before_the_wait_ends_it_once),
        CHECK_TEST(wake_waits_for_blocking_mode),
        CHECK_TEST(storm_of_signals_ends_nothing),
        CHECK_TEST(storm_of_signals_cuts_no_write_beside_a_response),
        CHECK_TEST(signal_handler_may_wake),
        CHECK_TEST(wakes_of_many_threads_are_neither_lost_nor_made_up),
        CHECK_TEST(only_blocking_mode_takes_descriptors),
        CHECK_TEST(blocking_mode_without_descriptors_is_refused),
        CHECK_TEST(child_and_parent_do_not_wake_each_other),
        CHECK_TEST(wakeup_is_told_until_it_is_cleared_in_each_process),
    };
    return CHECK_RUN(tests, argc, argv);
}
