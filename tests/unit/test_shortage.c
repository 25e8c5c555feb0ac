/* SPDX-License-Identifier: MIT */
/* test_shortage: every call in every status, polling and blocking, with no memory for the n-th
 * allocation that it and what follows from it make, for every n. */
#include "check.h"
#include "http_peer.h"
#include "library_memory.h"
#include "net_fixture.h"
#include "shortage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static shortage_net net;

/* One cell of the table, and how memory fails in it. */
typedef struct shortage_cell {
    const shortage_status *status;
    const shortage_call *call;
    bool is_blocking;
    bool fails_on;
    bool has_library; /* what is asked of the C library fails too */
} shortage_cell;

typedef struct shortage_outcome {
    ferry_error call_error;
    ferry_error error; /* the call's, or what came of it */
    size_t calls;      /* for memory */
    bool holds;        /* all that a failure must leave */
} shortage_outcome;

/* It comes into the status by polling, since a client that blocks passes through most of them
 * within a call. */
static void begin(shortage_rig *rig, const shortage_cell *cell) {
    *rig = (shortage_rig){.net = &net};
    rig->client = shortage_client_new(rig);
    cell->status->arrange(rig);
    rig->is_blocking = cell->is_blocking;
    CHECK_INT(ferry_client_set_blocking_mode(rig->client, cell->is_blocking), FERRY_OK);
    CHECK_INT(ferry_client_get_status(rig->client), cell->status->status);
}

static bool has_sentence(const shortage_rig *rig) {
    return CHECK_CONTAINS(ferry_client_get_error_detail(rig->client), "out of memory");
}

/* Close it, and it works as a new one does. */
static bool is_usable(shortage_rig *rig) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    ferry_client_close(rig->client);
    rig->is_streaming = false;
    ferry_stream *stream = shortage_script(rig, answer, sizeof answer - 1, "\r\n\r\n", 0);
    return CHECK_INT(ferry_client_get_status(rig->client), FERRY_STATUS_DISCONNECTED) &&
           CHECK_INT(ferry_client_set_connection(rig->client, stream), FERRY_OK) &&
           CHECK_INT(shortage_unless_woken(
                         ferry_client_request(rig->client, FERRY_METHOD_GET, "/", NULL, NULL)),
                     FERRY_OK) &&
           CHECK_INT(shortage_drive(rig), FERRY_OK) &&
           CHECK_INT(ferry_client_get_response_code(rig->client), 200) &&
           CHECK_INT(ferry_client_get_bytes_received(rig->client), 5) &&
           CHECK_INT(ferry_client_get_status(rig->client), FERRY_STATUS_CONNECTED);
}

/* The call, and what comes of it. */
static shortage_outcome make_call(shortage_rig *rig, const shortage_cell *cell) {
    bool is_new = strcmp(cell->call->name, "new") == 0; /* it has no client to ask for a sentence */
    shortage_outcome outcome = {.call_error = cell->call->make(rig), .holds = true};
    outcome.error = outcome.call_error;
    if (outcome.call_error == FERRY_ERROR_OUT_OF_MEMORY) {
        outcome.holds = is_new || has_sentence(rig);
        /* A call that blocks reports what its exchange has ended in, too. */
        bool has_begun = cell->is_blocking && !is_new &&
                         ferry_client_get_error(rig->client) == FERRY_ERROR_OUT_OF_MEMORY;
        if (cell->call->keeps) {
            ferry_status status = has_begun ? FERRY_STATUS_CONNECTION_ERROR : cell->status->status;
            outcome.holds =
                CHECK_INT(ferry_client_get_status(rig->client), status) && outcome.holds;
        }
        return outcome;
    }
    outcome.error = shortage_drive(rig);
    if (outcome.error == FERRY_ERROR_OUT_OF_MEMORY) {
        outcome.holds = has_sentence(rig);
    }
    return outcome;
}

/* `fail_at`: 0, or the allocation that fails, counted from the call on. */
static shortage_outcome run(const shortage_cell *cell, size_t fail_at) {
    shortage_rig rig;
    begin(&rig, cell);
    size_t before = rig.memory.calls;
    rig.memory.fail_at = fail_at > 0 ? before + fail_at : 0;
    rig.memory.fails_on = cell->fails_on;
#if FERRY_WRAPS_MALLOC
    library_memory_use(cell->has_library ? &rig.memory : NULL);
#endif
    shortage_outcome outcome = make_call(&rig, cell);
#if FERRY_WRAPS_MALLOC
    library_memory_use(NULL);
#endif
    outcome.calls = rig.memory.calls - before;
    rig.memory.fail_at = 0;
    outcome.holds = is_usable(&rig) && outcome.holds;
    shortage_end(&rig);
    outcome.holds = CHECK_INT(rig.memory.live, 0) && outcome.holds;
    return outcome;
}

static bool is_expected(ferry_error error, ferry_error without_failure) {
    return error == without_failure || error == FERRY_ERROR_OUT_OF_MEMORY;
}

/* A handshake makes 3,300 allocations, most of them for big numbers: not each one is tried. */
static size_t next_allocation(const shortage_cell *cell, size_t n) {
    enum { TRIED_EACH = 200, STEP = 13, QUICK_STEP = 131 };
    if (!cell->has_library || n < TRIED_EACH) {
        return n + 1;
    }
    return n + (getenv("FERRY_QUICK") != NULL ? QUICK_STEP : STEP);
}

static void check_cell(const shortage_cell *cell) {
    shortage_outcome good = run(cell, 0);
    bool holds = CHECK(good.error != FERRY_ERROR_OUT_OF_MEMORY && good.error != FERRY_ERROR_FAILED);
    for (size_t n = 1; n <= good.calls && holds; n = next_allocation(cell, n)) {
        shortage_outcome outcome = run(cell, n);
        holds = CHECK(is_expected(outcome.call_error, good.call_error)) &&
                CHECK(is_expected(outcome.error, good.error)) && outcome.holds;
        if (!holds) {
            printf("    allocation %zu of %zu: %s, then %s\n", n, good.calls,
                   ferry_error_name(outcome.call_error), ferry_error_name(outcome.error));
        }
    }
    if (!holds) {
        printf("    %s, while %s%s%s\n", cell->call->name, cell->status->name,
               cell->is_blocking ? ", blocking" : "", cell->fails_on ? ", and all after" : "");
    }
}

static void check_table(bool is_blocking, bool fails_on) {
    for (size_t s = 0; s < shortage_status_count; s++) {
        const shortage_status *status = &shortage_statuses[s];
        for (size_t c = 0; c < shortage_call_count && !(is_blocking && status->only_polls); c++) {
            check_cell(&(shortage_cell){.status = status,
                                        .call = &shortage_calls[c],
                                        .is_blocking = is_blocking,
                                        .fails_on = fails_on});
        }
    }
}

static void one_allocation_fails_in_every_call_in_every_status(void) {
    check_table(false, false);
}

static void all_memory_ends_in_every_call_in_every_status(void) {
    check_table(false, true);
}

static void one_allocation_fails_in_every_blocking_call(void) {
    check_table(true, false);
}

#if FERRY_WRAPS_MALLOC
static const shortage_status *find_status(const char *name) {
    size_t i = 0;
    while (i + 1 < shortage_status_count && strcmp(shortage_statuses[i].name, name) != 0) {
        i++;
    }
    return &shortage_statuses[i];
}

static const shortage_call *find_call(const char *name) {
    size_t i = 0;
    while (i + 1 < shortage_call_count && strcmp(shortage_calls[i].name, name) != 0) {
        i++;
    }
    return &shortage_calls[i];
}

/* Look-ups, and all of TLS, have their memory from there. */
static void the_c_library_has_no_memory(void) {
    static const char *const cells[][2] = {
        {"new", "connect_to_host"},
#if FERRY_HAVE_TLS
        {"new", "connect_to_host, TLS"},
        {"new, behind proxies", "connect_to_host, TLS"},
        {"connected", "start_tls"},
#endif
    };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        check_cell(&(shortage_cell){.status = find_status(cells[i][0]),
                                    .call = find_call(cells[i][1]),
                                    .has_library = true});
    }
}
#endif

static void every_status_is_in_the_table(void) {
    bool seen[FERRY_STATUS_TLS_HANDSHAKE_ERROR + 1] = {false};
    for (size_t i = 0; i < shortage_status_count; i++) {
        seen[shortage_statuses[i].status] = true;
    }
    for (size_t i = 0; i <= FERRY_STATUS_TLS_HANDSHAKE_ERROR; i++) {
#if !FERRY_HAVE_TLS
        seen[FERRY_STATUS_TLS_HANDSHAKE_ERROR] = true;
#endif
        CHECK(seen[i]);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(every_status_is_in_the_table),
        CHECK_TEST(one_allocation_fails_in_every_call_in_every_status),
        CHECK_TEST(all_memory_ends_in_every_call_in_every_status),
        CHECK_TEST(one_allocation_fails_in_every_blocking_call),
#if FERRY_WRAPS_MALLOC
        CHECK_TEST(the_c_library_has_no_memory),
#endif
    };
    int ends[2];
    http_peer *peer = http_peer_new(&net.port);
    int refusing = net_refuse(false, &net.refused_port);
    if (peer == NULL || refusing < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0 ||
        write(ends[0], "", 1) != 1) {
        printf("there is no loopback interface\n");
        return 1;
    }
    net.ready = ends[1];
    resolver_add("peer.example", "127.0.0.1", 0);
    int status = CHECK_RUN(tests, argc, argv);
    http_peer_free(peer);
    close(refusing);
    close(ends[0]);
    close(ends[1]);
    return status;
}
