/* SPDX-License-Identifier: MIT */
/* test_socket: numeric addresses, sockets, the TCP stream, the wait and the clock, against the
 * kernel's own loopback. */
#include "check.h"
#include "net/tcp.h"
#include "net_fixture.h"
#include "platform.h"
#include "system_faults.h"
#include "wire/stream.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static size_t descriptors;

static void begin(void) {
    system_faults_reset();
    descriptors = net_count_descriptors();
}

static void end(void) {
    CHECK_INT(net_count_descriptors(), descriptors);
}

static void wait_for(ferry_descriptor descriptor, unsigned events) {
    ferry_wait wait = {descriptor, events};
    bool ready = false;
    while (!ready) {
        CHECK_INT(ferry_platform_wait(&wait, 1, -1, NULL, &ready), FERRY_OK);
    }
}

static ferry_address loopback(bool is_ipv6, uint16_t port) {
    ferry_address address;
    memset(&address, 0, sizeof address);
    CHECK(ferry_address_from_literal(net_loopback(is_ipv6), port, &address));
    return address;
}

/* A connected socket of ours, and the end of its peer. */
typedef struct socket_pair {
    ferry_descriptor socket;
    int peer;
} socket_pair;

static socket_pair pair_open(void) {
    socket_pair made = {FERRY_NO_DESCRIPTOR, -1};
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    ferry_address address = loopback(false, port);
    const char *reason = NULL;
    bool ended = false;
    if (!CHECK_INT(ferry_socket_connect(&address, &made.socket, &reason), FERRY_OK)) {
        exit(1);
    }
    made.peer = accept(listener, NULL, NULL);
    wait_for(made.socket, FERRY_EVENT_WRITE);
    CHECK_INT(ferry_socket_finish_connect(made.socket, &ended, &reason), FERRY_OK);
    CHECK(ended);
    close(listener);
    return made;
}

static void peer_reset(socket_pair *pair) {
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(pair->peer, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(pair->peer);
    pair->peer = -1;
}

static void pair_close(socket_pair *pair) {
    ferry_socket_close(pair->socket);
    if (pair->peer >= 0) {
        close(pair->peer);
    }
}

/* ---- Addresses ---- */

static void check_literal(const char *literal, const char *expected) {
    ferry_address address;
    char text[FERRY_ADDRESS_TEXT_SIZE] = "";
    if (CHECK(ferry_address_from_literal(literal, 8080, &address))) {
        ferry_address_to_text(&address, text);
        CHECK_STR(text, expected);
        CHECK_INT(address.is_ipv6, strchr(literal, ':') != NULL);
    }
}

static void numeric_addresses_are_read_and_written(void) {
    check_literal("127.0.0.1", "127.0.0.1:8080");
    check_literal("255.255.255.255", "255.255.255.255:8080");
    check_literal("::1", "[::1]:8080");
    check_literal("2001:DB8:0:0:0:0:0:1", "[2001:db8::1]:8080");
    check_literal("::ffff:192.0.2.1", "[::ffff:192.0.2.1]:8080");
}

static void zones_are_names_or_numbers_of_interfaces(void) {
    char name[IF_NAMESIZE];
    char literal[64];
    char expected[FERRY_ADDRESS_TEXT_SIZE];
    struct if_nameindex *interfaces = if_nameindex();
    if (!CHECK(interfaces != NULL && interfaces[0].if_index != 0)) {
        return;
    }
    unsigned index = interfaces[0].if_index;
    snprintf(name, sizeof name, "%s", interfaces[0].if_name);
    if_freenameindex(interfaces);
    snprintf(expected, sizeof expected, "[fe80::1%%%s]:8080", name);
    snprintf(literal, sizeof literal, "fe80::1%%%s", name);
    check_literal(literal, expected);
    snprintf(literal, sizeof literal, "fe80::1%%%u", index);
    check_literal(literal, expected);
    check_literal("fe80::1%2147483647", "[fe80::1%2147483647]:8080"); /* no such interface */
}

static void the_longest_address_fits_its_text(void) {
    check_literal("1111:2222:3333:4444:5555:6666:7777:8888%2147483647",
                  "[1111:2222:3333:4444:5555:6666:7777:8888%2147483647]:8080");
}

static void what_is_no_numeric_address_is_refused(void) {
    static const char *const hosts[] = {
        "",
        "localhost",
        "127.0.0",
        "127.0.0.1.1",
        "0127.0.0.1",
        "127.0.0.1 ",
        "[::1]",
        "::1%",
        "::1%no-such-zone",
        "1.2.3.4%1",
        ":::",
        "fe80::1%0",
        "::1%2147483648",
        "::1%99999999999999",
        "::1%1x",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc",
    };
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        ferry_address address;
        if (!CHECK(!ferry_address_from_literal(hosts[i], 80, &address))) {
            printf("    \"%s\" was taken\n", hosts[i]);
        }
    }
}

/* ---- Sockets ---- */

static void sockets_do_not_block_delay_or_get_inherited(void) {
    begin();
    socket_pair pair = pair_open();
    int socket = (int)pair.socket;
    CHECK((fcntl(socket, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(socket, F_GETFD) & FD_CLOEXEC) != 0);
    int on = 0;
    socklen_t size = sizeof on;
    CHECK_INT(getsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
    CHECK(on != 0);
    pair_close(&pair);
    end();
}

static void ipv6_connects_where_there_is_ipv6(void) {
    begin();
    uint16_t port = 0;
    int listener = net_listen(true, &port);
    if (listener >= 0) {
        ferry_address address = loopback(true, port);
        ferry_descriptor socket = FERRY_NO_DESCRIPTOR;
        const char *reason = NULL;
        bool ended = false;
        CHECK_INT(ferry_socket_connect(&address, &socket, &reason), FERRY_OK);
        wait_for(socket, FERRY_EVENT_WRITE);
        CHECK_INT(ferry_socket_finish_connect(socket, &ended, &reason), FERRY_OK);
        CHECK(ended);
        ferry_socket_close(socket);
        close(listener);
    }
    end();
}

/* Systems differ in whether they know at once. */
static const char *connect_and_fail(const ferry_address *address) {
    ferry_descriptor socket = FERRY_NO_DESCRIPTOR;
    const char *reason = NULL;
    bool ended = false;
    ferry_error error = ferry_socket_connect(address, &socket, &reason);
    if (error == FERRY_OK) {
        wait_for(socket, FERRY_EVENT_WRITE);
        error = ferry_socket_finish_connect(socket, &ended, &reason);
        ferry_socket_close(socket);
    }
    CHECK_INT(error, FERRY_ERROR_CANT_CONNECT);
    CHECK(!ended);
    return reason;
}

static void a_port_without_a_listener_refuses(void) {
    begin();
    uint16_t port = 0;
    int holder = net_refuse(false, &port);
    ferry_address address = loopback(false, port);
    CHECK_STR(connect_and_fail(&address), "connection refused");
    close(holder);
    end();
}

static void an_address_nobody_can_have_fails_with_a_reason(void) {
    begin();
    ferry_address address;
    CHECK(ferry_address_from_literal("255.255.255.255", 80, &address));
    CHECK(strlen(connect_and_fail(&address)) > 0);
    end();
}

static void an_attempt_without_an_answer_has_not_ended(void) {
    begin();
    net_hole hole;
    if (CHECK(net_hole_open(&hole, false))) {
        ferry_address address = loopback(false, hole.port);
        ferry_descriptor socket = FERRY_NO_DESCRIPTOR;
        const char *reason = NULL;
        bool ended = true;
        CHECK_INT(ferry_socket_connect(&address, &socket, &reason), FERRY_OK);
        CHECK_INT(ferry_socket_finish_connect(socket, &ended, &reason), FERRY_OK);
        CHECK(!ended);
        ferry_socket_close(socket);
        net_hole_close(&hole);
    }
    end();
}

/* A socket that is bound to the very port that it connects to meets itself. */
static void a_socket_connected_with_itself_is_refused(void) {
    begin();
    uint16_t port = 0;
    int socket = net_refuse(false, &port);
    ferry_address address = loopback(false, port);
    struct sockaddr_storage own;
    memcpy(&own, address.storage, address.length);
    if (CHECK_INT(connect(socket, (struct sockaddr *)&own, (socklen_t)address.length), 0)) {
        const char *reason = NULL;
        bool ended = false;
        CHECK_INT(ferry_socket_finish_connect(socket, &ended, &reason), FERRY_ERROR_CANT_CONNECT);
        CHECK_STR(reason, "connection refused");
    }
    close(socket);
    end();
}

/* The program may print all the same, and must not print into the connection. */
static bool child_connects_without_standard_files(void *argument) {
    const ferry_address *address = argument;
    ferry_descriptor socket = FERRY_NO_DESCRIPTOR;
    const char *reason = NULL;
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    bool holds = ferry_socket_connect(address, &socket, &reason) == FERRY_OK;
    holds = holds && socket > STDERR_FILENO;
    holds = holds && (fcntl((int)socket, F_GETFD) & FD_CLOEXEC) != 0;
    holds = holds && (fcntl((int)socket, F_GETFL) & O_NONBLOCK) != 0;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        holds = holds && fcntl(fd, F_GETFD) < 0;
    }
    return holds;
}

static void no_connection_has_the_number_of_a_standard_file(void) {
    begin();
    uint16_t port = 0;
    int listener = net_listen(false, &port);
    ferry_address address = loopback(false, port);
    CHECK(system_run_in_child(child_connects_without_standard_files, &address));
    close(listener);
    end();
}

/* ---- Reading and writing ---- */

static void reading_gives_what_is_there_then_again(void) {
    begin();
    socket_pair pair = pair_open();
    char bytes[16];
    size_t length = 0;
    const char *reason = NULL;
    CHECK_INT(ferry_socket_read(pair.socket, bytes, sizeof bytes, &length, &reason),
              FERRY_STREAM_AGAIN);
    CHECK_INT(send(pair.peer, "hello", 5, 0), 5);
    wait_for(pair.socket, FERRY_EVENT_READ);
    CHECK_INT(ferry_socket_read(pair.socket, bytes, 3, &length, &reason), FERRY_STREAM_OK);
    CHECK_MEM(bytes, length, "hel", 3);
    CHECK_INT(ferry_socket_read(pair.socket, bytes, sizeof bytes, &length, &reason),
              FERRY_STREAM_OK);
    CHECK_MEM(bytes, length, "lo", 2);
    CHECK_INT(ferry_socket_read(pair.socket, bytes, sizeof bytes, &length, &reason),
              FERRY_STREAM_AGAIN);
    CHECK(reason == NULL);
    pair_close(&pair);
    end();
}

static void an_orderly_end_is_an_end(void) {
    begin();
    socket_pair pair = pair_open();
    char byte = 0;
    size_t length = 0;
    const char *reason = NULL;
    shutdown(pair.peer, SHUT_WR);
    wait_for(pair.socket, FERRY_EVENT_READ);
    CHECK_INT(ferry_socket_read(pair.socket, &byte, 1, &length, &reason), FERRY_STREAM_END);
    pair_close(&pair);
    end();
}

static void a_reset_is_a_failure_in_words(void) {
    begin();
    socket_pair pair = pair_open();
    char byte = 0;
    size_t length = 0;
    const char *reason = NULL;
    peer_reset(&pair);
    wait_for(pair.socket, FERRY_EVENT_READ);
    CHECK_INT(ferry_socket_read(pair.socket, &byte, 1, &length, &reason), FERRY_STREAM_FAILED);
    CHECK_STR(reason, "the peer reset the connection");
    pair_close(&pair);
    end();
}

/* SIGPIPE would end this program. */
static void writing_to_a_peer_that_is_gone_fails_without_a_signal(void) {
    begin();
    signal(SIGPIPE, SIG_DFL);
    socket_pair pair = pair_open();
    size_t length = 0;
    const char *reason = NULL;
    char byte = 0;
    peer_reset(&pair);
    wait_for(pair.socket, FERRY_EVENT_READ);
    ferry_socket_read(pair.socket, &byte, 1, &length, &reason);
    reason = NULL;
    ferry_slice slice = {"x", 1};
    CHECK_INT(ferry_socket_write(pair.socket, &slice, 1, &length, &reason), FERRY_STREAM_FAILED);
    CHECK_STR(reason, "the peer has closed the connection");
    pair_close(&pair);
    end();
}

static void slices_arrive_in_order_in_one_write(void) {
    begin();
    socket_pair pair = pair_open();
    ferry_slice slices[] = {{"head", 4}, {"", 0}, {NULL, 0}, {"body", 4}};
    size_t length = 0;
    const char *reason = NULL;
    CHECK_INT(ferry_socket_write(pair.socket, slices, 4, &length, &reason), FERRY_STREAM_OK);
    CHECK_INT(length, 8);
    char bytes[16];
    CHECK_INT(recv(pair.peer, bytes, 8, MSG_WAITALL), 8);
    CHECK_MEM(bytes, 8, "headbody", 8);
    pair_close(&pair);
    end();
}

static void more_slices_than_one_call_takes_are_taken_in_part(void) {
    begin();
    socket_pair pair = pair_open();
    ferry_slice slices[40];
    for (size_t i = 0; i < 40; i++) {
        slices[i] = (ferry_slice){"ab", 2};
    }
    size_t length = 0;
    const char *reason = NULL;
    CHECK_INT(ferry_socket_write(pair.socket, slices, 40, &length, &reason), FERRY_STREAM_OK);
    CHECK(length > 0 && length <= 80 && length % 2 == 0);
    pair_close(&pair);
    end();
}

static void a_full_socket_says_again_until_the_peer_reads(void) {
    begin();
    socket_pair pair = pair_open();
    static char block[1 << 16];
    ferry_slice slice = {block, sizeof block};
    size_t length = 0;
    size_t sent = 0;
    const char *reason = NULL;
    ferry_stream_result result = FERRY_STREAM_OK;
    while (result == FERRY_STREAM_OK) {
        sent += length;
        result = ferry_socket_write(pair.socket, &slice, 1, &length, &reason);
    }
    CHECK_INT(result, FERRY_STREAM_AGAIN);
    for (size_t received = 0; received < sent;) {
        ssize_t piece = recv(pair.peer, block, sizeof block, 0);
        if (!CHECK(piece > 0)) {
            break;
        }
        received += (size_t)piece;
    }
    wait_for(pair.socket, FERRY_EVENT_WRITE);
    CHECK_INT(ferry_socket_write(pair.socket, &slice, 1, &length, &reason), FERRY_STREAM_OK);
    pair_close(&pair);
    end();
}

/* Nothing of it is to be seen from outside: not an error, and no byte twice or left out. */
static void a_signal_in_the_middle_of_a_call_does_not_end_it(void) {
    if (!system_faults_work()) {
        return;
    }
    begin();
    socket_pair pair = pair_open();
    ferry_slice slices[] = {{"one", 3}, {"two", 3}};
    char bytes[16];
    size_t length = 0;
    const char *reason = NULL;
    for (size_t count = 1; count <= 2; count++) { /* send(), sendmsg() */
        system_faults_interrupt(3);
        CHECK_INT(ferry_socket_write(pair.socket, slices, count, &length, &reason),
                  FERRY_STREAM_OK);
        CHECK_INT(length, 3 * count);
        CHECK_INT(system_faults_count_interrupts(), 3);
    }
    system_faults_reset();
    CHECK_INT(recv(pair.peer, bytes, 9, MSG_WAITALL), 9);
    CHECK_MEM(bytes, 9, "oneonetwo", 9);
    CHECK_INT(send(pair.peer, "hello", 5, 0), 5);
    wait_for(pair.socket, FERRY_EVENT_READ);
    system_faults_interrupt(3);
    CHECK_INT(ferry_socket_read(pair.socket, bytes, sizeof bytes, &length, &reason),
              FERRY_STREAM_OK);
    CHECK_MEM(bytes, length, "hello", 5);
    CHECK_INT(system_faults_count_interrupts(), 3);
    CHECK(reason == NULL);
    pair_close(&pair);
    end();
}

/* ---- The stream ---- */

static void the_stream_reads_writes_and_ends_as_its_socket_does(void) {
    begin();
    ferry_context context = {.allocator = ferry_default_allocator};
    socket_pair pair = pair_open();
    ferry_stream *stream = NULL;
    CHECK_INT(ferry_tcp_new(&context, pair.socket, &stream), FERRY_OK);
    ferry_wait wait = {FERRY_NO_DESCRIPTOR, 0};
    CHECK(stream->ops->wants(stream, FERRY_EVENT_READ | FERRY_EVENT_WRITE, &wait));
    CHECK_INT(wait.descriptor, pair.socket);
    CHECK_INT(wait.events, FERRY_EVENT_READ | FERRY_EVENT_WRITE);
    ferry_slice slices[] = {{"GET", 3}, {" /", 2}};
    char bytes[16];
    size_t length = 0;
    const char *reason = NULL;
    CHECK_INT(ferry_stream_write(&context, stream, slices, 2, &length, &reason), FERRY_STREAM_OK);
    CHECK_INT(length, 5);
    CHECK_INT(context.bytes_moved, 5);
    CHECK_INT(stream->ops->shutdown(stream), FERRY_STREAM_OK);
    CHECK_INT(recv(pair.peer, bytes, sizeof bytes, MSG_WAITALL), 5); /* the end comes after it */
    CHECK_MEM(bytes, 5, "GET /", 5);
    CHECK_INT(send(pair.peer, "ok", 2, 0), 2);
    wait_for(pair.socket, FERRY_EVENT_READ);
    CHECK_INT(ferry_stream_read(&context, stream, bytes, sizeof bytes, &length, &reason),
              FERRY_STREAM_OK);
    CHECK_MEM(bytes, length, "ok", 2);
    CHECK_INT(context.bytes_moved, 7);
    CHECK_INT(ferry_stream_read(&context, stream, bytes, sizeof bytes, &length, &reason),
              FERRY_STREAM_AGAIN);
    CHECK_INT(context.bytes_moved, 7);
    CHECK(reason == NULL);
    CHECK(stream->ops->get_error_detail(stream) == NULL);
    peer_reset(&pair);
    wait_for(pair.socket, FERRY_EVENT_READ);
    CHECK_INT(ferry_stream_read(&context, stream, bytes, sizeof bytes, &length, &reason),
              FERRY_STREAM_FAILED);
    CHECK_STR(reason, "the peer reset the connection");
    stream->ops->destroy(stream);
    end();
}

/* The system tells of a reset once, and of an end from then on. */
static void after_a_reset_that_writing_has_met_there_is_no_end(void) {
    for (int has_ended = 0; has_ended <= 1; has_ended++) {
        begin();
        ferry_context context = {.allocator = ferry_default_allocator};
        socket_pair pair = pair_open();
        ferry_stream *stream = NULL;
        CHECK_INT(ferry_tcp_new(&context, pair.socket, &stream), FERRY_OK);
        CHECK_INT(send(pair.peer, "part", 4, 0), 4);
        if (has_ended) {
            shutdown(pair.peer, SHUT_WR);
        }
        peer_reset(&pair);
        struct pollfd reset = {(int)pair.socket, 0, 0};
        while (poll(&reset, 1, -1) < 0 || (reset.revents & (POLLERR | POLLHUP)) == 0) {
        }
        ferry_slice slice = {"x", 1};
        char bytes[16];
        size_t length = 0;
        const char *reason = NULL;
        CHECK_INT(ferry_stream_write(&context, stream, &slice, 1, &length, &reason),
                  FERRY_STREAM_FAILED);
        CHECK_INT(ferry_stream_read(&context, stream, bytes, sizeof bytes, &length, &reason),
                  FERRY_STREAM_OK);
        CHECK_MEM(bytes, length, "part", 4);
        ferry_stream_result result =
            ferry_stream_read(&context, stream, bytes, sizeof bytes, &length, &reason);
#ifdef __linux__
        CHECK_INT(result, has_ended ? FERRY_STREAM_END : FERRY_STREAM_FAILED);
#else
        CHECK(result == FERRY_STREAM_FAILED || (has_ended && result == FERRY_STREAM_END));
#endif
        stream->ops->destroy(stream);
        end();
    }
}

/* Were it to do any of this, the parent's connection would end or lose bytes. */
static bool child_leaves_it_alone(void *argument) {
    ferry_stream *stream = argument;
    ferry_slice slice = {"child", 5};
    char bytes[16];
    size_t length = 0;
    ferry_wait wait = {FERRY_NO_DESCRIPTOR, 0};
    bool holds = CHECK_INT(stream->ops->write(stream, &slice, 1, &length), FERRY_STREAM_FAILED) &&
                 CHECK_STR(stream->ops->get_error_detail(stream),
                           "the connection is that of the process that has called fork()");
    holds &=
        CHECK_INT(stream->ops->read(stream, bytes, sizeof bytes, &length), FERRY_STREAM_FAILED);
    holds &= CHECK(!stream->ops->wants(stream, FERRY_EVENT_READ, &wait));
    holds &= CHECK_INT(stream->ops->shutdown(stream), FERRY_STREAM_FAILED);
    size_t before = net_count_descriptors();
    stream->ops->destroy(stream);
    return holds && CHECK_INT(net_count_descriptors(), before - 1);
}

static void a_childs_copy_of_a_stream_does_not_end_its_parents(void) {
    begin();
    ferry_context context = {.allocator = ferry_default_allocator};
    socket_pair pair = pair_open();
    ferry_stream *stream = NULL;
    CHECK_INT(ferry_tcp_new(&context, pair.socket, &stream), FERRY_OK);
    CHECK_INT(send(pair.peer, "answer", 6, 0), 6);
    wait_for(pair.socket, FERRY_EVENT_READ);
    CHECK(system_run_in_child(child_leaves_it_alone, stream));
    ferry_slice slice = {"parent", 6};
    char bytes[16];
    size_t length = 0;
    CHECK_INT(stream->ops->write(stream, &slice, 1, &length), FERRY_STREAM_OK);
    CHECK_INT(recv(pair.peer, bytes, 6, MSG_WAITALL), 6);
    CHECK_MEM(bytes, 6, "parent", 6);
    CHECK_INT(recv(pair.peer, bytes, 1, MSG_DONTWAIT), -1); /* no more, and no end */
    CHECK_INT(stream->ops->read(stream, bytes, sizeof bytes, &length), FERRY_STREAM_OK);
    CHECK_MEM(bytes, length, "answer", 6);
    stream->ops->destroy(stream);
    close(pair.peer);
    end();
}

static void *no_memory(void *ctx, size_t size) {
    (void)ctx;
    (void)size;
    return NULL;
}

static void without_memory_for_the_stream_the_socket_stays_the_callers(void) {
    begin();
    ferry_context context = {.allocator = ferry_default_allocator};
    context.allocator.alloc = no_memory;
    socket_pair pair = pair_open();
    ferry_stream *stream = NULL;
    CHECK_INT(ferry_tcp_new(&context, pair.socket, &stream), FERRY_ERROR_OUT_OF_MEMORY);
    CHECK(stream == NULL);
    CHECK((fcntl((int)pair.socket, F_GETFL) & O_NONBLOCK) != 0);
    pair_close(&pair);
    end();
}

/* ---- The environment ---- */

/* Whoever starts a setuid program is not to say whom it trusts. */
static void a_privileged_program_has_no_environment(void) {
    if (!system_faults_work()) {
        return;
    }
    begin();
    setenv("FERRY_TEST_VARIABLE", "value", 1);
    CHECK_STR(ferry_platform_getenv("FERRY_TEST_VARIABLE"), "value");
    system_faults_set_privileged(true);
    CHECK(ferry_platform_getenv("FERRY_TEST_VARIABLE") == NULL);
    system_faults_reset();
    CHECK_STR(ferry_platform_getenv("FERRY_TEST_VARIABLE"), "value");
    unsetenv("FERRY_TEST_VARIABLE");
    CHECK(ferry_platform_getenv("FERRY_TEST_VARIABLE") == NULL);
    end();
}

/* ---- Waiting and time ---- */

static void the_wait_marks_what_is_ready(void) {
    begin();
    socket_pair quiet = pair_open();
    socket_pair talking = pair_open();
    CHECK_INT(send(talking.peer, "x", 1, 0), 1);
    ferry_wait waits[] = {
        {quiet.socket, FERRY_EVENT_READ},
        {FERRY_NO_DESCRIPTOR, FERRY_EVENT_READ},
        {talking.socket, FERRY_EVENT_READ},
        {quiet.socket, FERRY_EVENT_WRITE},
    };
    bool ready[] = {true, true, false, false};
    bool any_ready = false;
    wait_for(talking.socket, FERRY_EVENT_READ);
    CHECK_INT(ferry_platform_wait(waits, 4, -1, ready, &any_ready), FERRY_OK);
    CHECK(any_ready);
    CHECK(!ready[0]);
    CHECK(!ready[1]);
    CHECK(ready[2]);
    CHECK(ready[3]);
    pair_close(&quiet);
    pair_close(&talking);
    end();
}

static void the_wait_ends_when_the_time_has_passed(void) {
    begin();
    socket_pair pair = pair_open();
    ferry_wait wait = {pair.socket, FERRY_EVENT_READ};
    bool any_ready = true;
    int64_t before = ferry_platform_now_ms();
    CHECK_INT(ferry_platform_wait(&wait, 1, 20, NULL, &any_ready), FERRY_OK);
    CHECK(!any_ready);
    CHECK(ferry_platform_now_ms() - before >= 19); /* either reading is rounded down */
    any_ready = true;
    CHECK_INT(ferry_platform_wait(NULL, 0, 0, NULL, &any_ready), FERRY_OK);
    CHECK(!any_ready);
    pair_close(&pair);
    end();
}

static void on_alarm(int number) {
    (void)number;
}

/* The alarm goes off again and again: one will find the wait asleep. */
static void a_signal_ends_the_wait_as_if_something_were_ready(void) {
    begin();
    socket_pair pair = pair_open();
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_alarm;
    sigaction(SIGALRM, &action, NULL);
    struct itimerval often = {.it_interval = {0, 5000}, .it_value = {0, 5000}};
    struct itimerval never = {.it_interval = {0, 0}, .it_value = {0, 0}};
    setitimer(ITIMER_REAL, &often, NULL);
    ferry_wait wait = {pair.socket, FERRY_EVENT_READ};
    bool ready = true;
    bool any_ready = false;
    CHECK_INT(ferry_platform_wait(&wait, 1, -1, &ready, &any_ready), FERRY_OK);
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK(any_ready);
    CHECK(!ready);
    pair_close(&pair);
    end();
}

static void a_closed_descriptor_does_not_make_the_wait_hang(void) {
    begin();
    int closed = dup(STDOUT_FILENO);
    close(closed);
    ferry_wait wait = {closed, FERRY_EVENT_READ};
    bool ready = false;
    bool any_ready = false;
    CHECK_INT(ferry_platform_wait(&wait, 1, -1, &ready, &any_ready), FERRY_OK);
    CHECK(ready);
    CHECK(any_ready);
    end();
}

static void the_clock_does_not_go_back(void) {
    int64_t last = ferry_platform_now_ms();
    for (int i = 0; i < 100000; i++) {
        int64_t now = ferry_platform_now_ms();
        if (!CHECK(now >= last)) {
            return;
        }
        last = now;
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(numeric_addresses_are_read_and_written),
        CHECK_TEST(zones_are_names_or_numbers_of_interfaces),
        CHECK_TEST(the_longest_address_fits_its_text),
        CHECK_TEST(what_is_no_numeric_address_is_refused),
        CHECK_TEST(sockets_do_not_block_delay_or_get_inherited),
        CHECK_TEST(ipv6_connects_where_there_is_ipv6),
        CHECK_TEST(a_port_without_a_listener_refuses),
        CHECK_TEST(an_address_nobody_can_have_fails_with_a_reason),
        CHECK_TEST(an_attempt_without_an_answer_has_not_ended),
        CHECK_TEST(a_socket_connected_with_itself_is_refused),
        CHECK_TEST(no_connection_has_the_number_of_a_standard_file),
        CHECK_TEST(reading_gives_what_is_there_then_again),
        CHECK_TEST(an_orderly_end_is_an_end),
        CHECK_TEST(a_reset_is_a_failure_in_words),
        CHECK_TEST(writing_to_a_peer_that_is_gone_fails_without_a_signal),
        CHECK_TEST(slices_arrive_in_order_in_one_write),
        CHECK_TEST(more_slices_than_one_call_takes_are_taken_in_part),
        CHECK_TEST(a_full_socket_says_again_until_the_peer_reads),
        CHECK_TEST(a_signal_in_the_middle_of_a_call_does_not_end_it),
        CHECK_TEST(the_stream_reads_writes_and_ends_as_its_socket_does),
        CHECK_TEST(after_a_reset_that_writing_has_met_there_is_no_end),
        CHECK_TEST(a_childs_copy_of_a_stream_does_not_end_its_parents),
        CHECK_TEST(a_privileged_program_has_no_environment),
        CHECK_TEST(without_memory_for_the_stream_the_socket_stays_the_callers),
        CHECK_TEST(the_wait_marks_what_is_ready),
        CHECK_TEST(the_wait_ends_when_the_time_has_passed),
        CHECK_TEST(a_signal_ends_the_wait_as_if_something_were_ready),
        CHECK_TEST(a_closed_descriptor_does_not_make_the_wait_hang),
        CHECK_TEST(the_clock_does_not_go_back),
    };
    return CHECK_RUN(tests, argc, argv);
}
