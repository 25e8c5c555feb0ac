/* SPDX-License-Identifier: MIT */
/* test_timers: every time-out in every call that may wait or may be called for ever, by a clock
 * that the test moves: while bytes flow, and once they have stopped. */
#include "check.h"
#include "runtime/fake_runtime.h"
#include "script_stream.h"

#include <stdio.h>
#include <string.h>

enum {
    LIMIT_MS = 50,
    PERIOD_US = 700,         /* between two bytes of a peer that trickles */
    COST_US = 20,            /* of a read or a write */
    FRAME_US = 1000,         /* what the program does between two calls */
    LATE_US = 6000,          /* a clock in whole milliseconds, a frame, and what a call works */
    FLOWS_MS = 4 * LIMIT_MS, /* for how long bytes flow before idle_ms is to end the exchange */
    MOST_CALLS = 10000,
    MOST_US = 100 * LIMIT_MS * 1000,
};

/* ---- The peer ---- */

typedef enum peer_flow {
    FLOW_FAST,    /* there is always a byte to read, and always room for one */
    FLOW_TRICKLE, /* one each PERIOD_US */
    FLOW_BENEATH, /* the same, but they are part of a record that is not complete */
    FLOW_STALLED,
} peer_flow;

/* What comes first is read whatever the flow. */
typedef struct peer_stream {
    ferry_stream stream;
    ferry_connector connector;
    ferry_context *context; /* to count the bytes beneath; NULL: a stream of the program's own */
    peer_flow flow;
    bool is_quiet; /* nothing comes before the request */
    const char *first;
    size_t first_left;
    bool has_descriptor;
    bool is_broken;       /* whatever is written fails */
    bool stalls_writes;   /* what is written finds room only as the flow has it */
    int64_t stalls_at_us; /* INT64_MAX: never */
    int64_t next_read_us;
    int64_t next_write_us;
    int64_t last_moved_us;
    int64_t
        first_body_us; /* when the first byte behind the request head was taken; 0: it was not */
    ferry_link link;   /* how far connecting gets */
} peer_stream;

static peer_stream peer;

static int64_t flow_until(int64_t next_us) {
    if (peer.flow == FLOW_STALLED) {
        return -1;
    }
    int64_t at_us = machine.now_us;
    if (peer.flow != FLOW_FAST && next_us > at_us) {
        at_us = next_us;
    }
    return at_us >= peer.stalls_at_us ? -1 : at_us - machine.now_us;
}

static int64_t read_until(void) {
    if (peer.is_quiet) {
        return -1;
    }
    return peer.first_left > 0 ? 0 : flow_until(peer.next_read_us);
}

static int64_t write_until(void) {
    return peer.stalls_writes ? flow_until(peer.next_write_us) : 0;
}

static int64_t peer_until_ready(unsigned events) {
    int64_t reads = (events & FERRY_EVENT_READ) != 0 ? read_until() : -1;
    int64_t writes = (events & FERRY_EVENT_WRITE) != 0 ? write_until() : -1;
    if (reads < 0 || writes < 0) {
        return reads < 0 ? writes : reads;
    }
    return reads < writes ? reads : writes;
}

/* A call that no timer ends must come back all the same, for the test to say so. */
static ferry_stream_result peer_again(void) {
    return machine.now_us < MOST_US ? FERRY_STREAM_AGAIN : FERRY_STREAM_FAILED;
}

static ferry_stream_result peer_read(ferry_stream *stream, void *dst, size_t capacity,
                                     size_t *length) {
    (void)stream;
    (void)capacity;
    machine.now_us += COST_US;
    if (read_until() != 0) {
        return peer_again();
    }
    peer.last_moved_us = machine.now_us;
    if (peer.first_left > 0) {
        *(char *)dst = *peer.first++;
        peer.first_left--;
    } else {
        peer.next_read_us = machine.now_us + PERIOD_US;
        if (peer.flow == FLOW_BENEATH) {
            peer.context->bytes_moved++;
            return peer_again();
        }
        *(char *)dst = 'x';
    }
    *length = 1;
    return FERRY_STREAM_OK;
}

static ferry_stream_result peer_write(ferry_stream *stream, const ferry_slice *slices, size_t count,
                                      size_t *length) {
    (void)stream;
    machine.now_us += COST_US;
    if (peer.is_broken) {
        return FERRY_STREAM_FAILED;
    }
    if (write_until() != 0) {
        return peer_again();
    }
    *length = peer.stalls_writes ? 1 : 0;
    for (size_t i = 0; i < count && !peer.stalls_writes; i++) {
        *length += slices[i].length;
    }
    peer.first_body_us = peer.first_body_us == 0 ? machine.now_us : peer.first_body_us;
    peer.last_moved_us = machine.now_us;
    peer.next_write_us = machine.now_us + PERIOD_US;
    return FERRY_STREAM_OK;
}

static bool peer_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    (void)stream;
    *wait = (ferry_wait){0, events};
    return peer.has_descriptor;
}

static void peer_destroy(ferry_stream *stream) {
    (void)stream;
}

static const ferry_stream_ops peer_ops = {
    .read = peer_read,
    .write = peer_write,
    .wants = peer_wants,
    .destroy = peer_destroy,
};

/* ---- Connecting to it ---- */

static ferry_error peer_prepare(ferry_connector *connector, const ferry_origin *origin) {
    (void)connector;
    (void)origin;
    return FERRY_OK;
}

static ferry_error peer_start(ferry_connector *connector, const ferry_origin *origin,
                              int64_t now_ms) {
    (void)connector;
    (void)origin;
    (void)now_ms;
    peer.context = machine.context;
    return FERRY_OK;
}

static ferry_error peer_step(ferry_connector *connector, int64_t now_ms, ferry_link *link,
                             ferry_stream **stream) {
    (void)connector;
    (void)now_ms;
    machine.now_us += COST_US;
    peer.context->bytes_moved += peer.flow == FLOW_STALLED ? 0 : 1;
    peer.next_read_us = machine.now_us + PERIOD_US;
    if (*link != peer.link) {
        *link = *link == FERRY_LINK_RESOLVING ? FERRY_LINK_CONNECTING : FERRY_LINK_OPEN;
    }
    if (*link == FERRY_LINK_OPEN) {
        *stream = &peer.stream;
    }
    return FERRY_OK;
}

static size_t peer_get_waits(const ferry_connector *connector, ferry_wait *waits, size_t capacity,
                             int64_t *deadline_ms) {
    (void)connector;
    (void)deadline_ms;
    if (capacity > 0) {
        waits[0] = (ferry_wait){0, FERRY_EVENT_READ};
    }
    return 1;
}

static void peer_forget(ferry_connector *connector) {
    (void)connector;
}

static const ferry_connector_ops connector_ops = {
    .prepare = peer_prepare,
    .start = peer_start,
    .step = peer_step,
    .get_waits = peer_get_waits,
    .cancel = peer_forget,
    .destroy = peer_forget,
};

/* ---- The table ---- */

typedef enum cell_phase {
    PHASE_RESOLVING,
    PHASE_CONNECTING,
    PHASE_WHOLE,  /* REQUESTING: a whole body that the peer has not taken yet */
    PHASE_SENT,   /* REQUESTING: all is sent, and bytes of a head that never ends may come */
    PHASE_UPLOAD, /* REQUESTING: a streamed body */
    PHASE_HELD,   /* REQUESTING: a body that waits for 100 (Continue) */
    PHASE_BODY,   /* BODY */
    PHASE_TUNNEL, /* BODY: both ways */
    PHASE_REST,   /* BODY: all is read, and a whole body is still being sent */
    PHASE_LATE,   /* BODY: all is read, and a streamed body is still being given */
    PHASE_COUNT,
} cell_phase;

static const char *const phase_names[PHASE_COUNT] = {
    "RESOLVING",   "CONNECTING", "whole body", "REQUESTING", "upload",
    "held upload", "BODY",       "tunnel",     "rest",       "late",
};

typedef enum cell_call {
    CALL_POLL,
    CALL_WAIT, /* and the poll or the read that it is followed by */
    CALL_READ,
    CALL_READ_CHUNK,
    CALL_WRITE,
    CALL_COUNT,
} cell_call;

static const char *const call_names[CALL_COUNT] = {"poll", "wait", "read", "read_chunk", "write"};

enum {
    TIMER_CONNECT = 1u << 0,
    TIMER_RESPONSE = 1u << 1,
    TIMER_IDLE = 1u << 2,
    TIMER_TOTAL = 1u << 3,
    TIMER_CONTINUE = 1u << 4,
    TIMER_COUNT = 5,
};

static const char *const timer_names[TIMER_COUNT] = {
    "connect_ms", "response_ms", "idle_ms", "total_ms", "continue_ms",
};

/* Which timers end a call that is made again and again. The others cannot: connect_ms runs while
 * the client connects and no other does; response_ms runs once all is sent, until there is a head;
 * continue_ms runs while a body is held; idle_ms does not run while it is the program's turn.
 * finish_request_body is no call that is made again and again, nor does it wait; request,
 * connect_to_host and start_tls neither. */
static const unsigned applicable[PHASE_COUNT][CALL_COUNT] = {
    [PHASE_RESOLVING] = {[CALL_POLL] = TIMER_CONNECT, [CALL_WAIT] = TIMER_CONNECT},
    [PHASE_CONNECTING] = {[CALL_POLL] = TIMER_CONNECT, [CALL_WAIT] = TIMER_CONNECT},
    /* There is nothing to read, and nothing to write, yet or any more: both are refused. */
    [PHASE_WHOLE] =
        {[CALL_POLL] = TIMER_IDLE | TIMER_TOTAL, [CALL_WAIT] = TIMER_IDLE | TIMER_TOTAL},
    [PHASE_SENT] = {[CALL_POLL] = TIMER_RESPONSE | TIMER_IDLE | TIMER_TOTAL,
                    [CALL_WAIT] = TIMER_RESPONSE | TIMER_IDLE | TIMER_TOTAL},
    /* A program that only polls or waits does not want to write: it is its turn. */
    [PHASE_UPLOAD] = {[CALL_POLL] = TIMER_TOTAL,
                      [CALL_WAIT] = TIMER_TOTAL,
                      [CALL_WRITE] = TIMER_IDLE | TIMER_TOTAL},
    [PHASE_HELD] = {[CALL_POLL] = TIMER_IDLE | TIMER_TOTAL | TIMER_CONTINUE,
                    [CALL_WAIT] = TIMER_IDLE | TIMER_TOTAL | TIMER_CONTINUE,
                    [CALL_WRITE] = TIMER_IDLE | TIMER_TOTAL | TIMER_CONTINUE},
    /* There is no streamed request: a write is refused. */
    [PHASE_BODY] = {[CALL_POLL] = TIMER_IDLE | TIMER_TOTAL,
                    [CALL_WAIT] = TIMER_IDLE | TIMER_TOTAL,
                    [CALL_READ] = TIMER_IDLE | TIMER_TOTAL,
                    [CALL_READ_CHUNK] = TIMER_IDLE | TIMER_TOTAL},
    [PHASE_TUNNEL] = {[CALL_POLL] = TIMER_IDLE | TIMER_TOTAL,
                      [CALL_WAIT] = TIMER_IDLE | TIMER_TOTAL,
                      [CALL_READ] = TIMER_IDLE | TIMER_TOTAL,
                      [CALL_READ_CHUNK] = TIMER_IDLE | TIMER_TOTAL,
                      [CALL_WRITE] = TIMER_IDLE | TIMER_TOTAL},
    [PHASE_REST] = {[CALL_POLL] = TIMER_IDLE | TIMER_TOTAL,
                    [CALL_WAIT] = TIMER_IDLE | TIMER_TOTAL,
                    [CALL_READ] = TIMER_IDLE | TIMER_TOTAL,
                    [CALL_READ_CHUNK] = TIMER_IDLE | TIMER_TOTAL},
    /* A read is refused in blocking mode, as it is the program's turn. */
    [PHASE_LATE] = {[CALL_POLL] = TIMER_TOTAL,
                    [CALL_WAIT] = TIMER_TOTAL,
                    [CALL_WRITE] = TIMER_IDLE | TIMER_TOTAL},
};

typedef struct table_cell {
    cell_phase phase;
    cell_call call;
    unsigned timer; /* its bit */
    bool is_blocking;
    bool is_own; /* the stream is the program's own, and has no descriptor */
    peer_flow flow;
    int64_t start_us; /* where in a millisecond it begins */
} table_cell;

static const char *timer_name(unsigned timer) {
    unsigned i = 0;
    while (timer >> i != 1) {
        i++;
    }
    return timer_names[i];
}

static ferry_timeouts cell_timeouts(const table_cell *cell) {
    return (ferry_timeouts){
        .connect_ms = cell->timer == TIMER_CONNECT ? LIMIT_MS : -1,
        .response_ms = cell->timer == TIMER_RESPONSE ? LIMIT_MS : -1,
        .idle_ms = cell->timer == TIMER_IDLE ? LIMIT_MS : -1,
        .total_ms = cell->timer == TIMER_TOTAL      ? LIMIT_MS
                    : cell->timer == TIMER_CONTINUE ? 4 * LIMIT_MS /* to end what goes on then */
                                                    : -1,
        .continue_ms = cell->timer == TIMER_CONTINUE ? LIMIT_MS : -1,
    };
}

static const char *cell_first_bytes(const table_cell *cell) {
    switch (cell->phase) {
    case PHASE_RESOLVING:
    case PHASE_CONNECTING:
        return "";
    case PHASE_BODY:
        return "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    case PHASE_REST:
    case PHASE_LATE:
        return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    case PHASE_TUNNEL:
        return "HTTP/1.1 101 Yes\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    default:
        return "HTTP/1.1 200 OK\r\nX: ";
    }
}

static ferry_link cell_link(const table_cell *cell) {
    return cell->phase == PHASE_RESOLVING    ? FERRY_LINK_RESOLVING
           : cell->phase == PHASE_CONNECTING ? FERRY_LINK_CONNECTING
                                             : FERRY_LINK_OPEN;
}

static ferry_error cell_send(ferry_client *client, const table_cell *cell) {
    static const char *const upgrade[] = {"Connection: upgrade", "Upgrade: x", NULL};
    static const char *const expect[] = {"Expect: 100-continue", NULL};
    static const char body[65536];
    bool is_streamed = cell->phase == PHASE_UPLOAD || cell->phase == PHASE_LATE ||
                       (cell->phase == PHASE_HELD && cell->call == CALL_WRITE);
    ferry_request request = {
        .method = FERRY_METHOD_PUT,
        .url = "/",
        .streamed = is_streamed,
        .streamed_length = INT32_MAX,
    };
    if (!is_streamed &&
        (cell->phase == PHASE_WHOLE || cell->phase == PHASE_REST || cell->phase == PHASE_HELD)) {
        request.body = body;
        request.body_length = sizeof body;
    }
    if (cell->phase == PHASE_HELD) {
        request.headers = expect;
    } else if (cell->phase == PHASE_TUNNEL) {
        request.headers = upgrade;
    }
    return ferry_client_send(client, &request);
}

static void peer_begin(const table_cell *cell) {
    const char *first = cell_first_bytes(cell);
    peer = (peer_stream){
        .stream = {.ops = &peer_ops},
        .connector = {.ops = &connector_ops},
        .flow = cell->flow,
        .has_descriptor = !cell->is_own,
        .first = first,
        .first_left = strlen(first),
        .link = cell_link(cell),
        .stalls_at_us = INT64_MAX,
    };
    machine = (fake_runtime){
        .now_us = 1000000 + cell->start_us,
        .until_ready = peer_until_ready,
        .connector = &peer.connector,
    };
}

/* Reads until nothing is there, so that it is the peer's turn. */
static void drain(ferry_client *client) {
    char byte;
    size_t length = 1;
    for (int i = 0; i < 1000 && length > 0; i++) {
        CHECK_INT(ferry_client_read_response_body(client, &byte, 1, &length), FERRY_OK);
    }
    CHECK_INT(length, 0);
}

/* Brings a new client to the cell's phase; stores when its timer began to run. */
static ferry_client *cell_begin(const table_cell *cell, int64_t *since_us) {
    peer_begin(cell);
    *since_us = machine.now_us;
    ferry_client_options options = {.timeouts = cell_timeouts(cell), .max_head_bytes = 1 << 20};
    ferry_client *client = ferry_client_new(&options);
    CHECK_INT(cell->is_own ? ferry_client_set_connection(client, &peer.stream)
                           : ferry_client_connect_to_host(client, "peer", 80, NULL),
              FERRY_OK);
    for (int i = 0; i < 2 && !cell->is_own; i++) {
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
    }
    if (peer.link == FERRY_LINK_OPEN) {
        peer.stalls_writes = cell->phase == PHASE_WHOLE || cell->phase == PHASE_REST;
        peer.is_quiet = true;
        CHECK_INT(cell_send(client, cell), FERRY_OK);
        peer.is_quiet = false;
        *since_us = machine.now_us;
        peer.last_moved_us = machine.now_us;
        peer.first_body_us = 0;
        peer.stalls_writes = cell->timer != TIMER_CONTINUE;
    }
    while (cell->phase >= PHASE_BODY &&
           ferry_client_get_status(client) == FERRY_STATUS_REQUESTING) {
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
    }
    bool reads = cell->call == CALL_READ || cell->call == CALL_READ_CHUNK;
    bool writes = cell->call == CALL_WRITE;
    bool is_unread = cell->phase == PHASE_BODY || cell->phase == PHASE_TUNNEL;
    if (cell->timer == TIMER_IDLE && is_unread && !reads && !writes) {
        peer.flow = FLOW_STALLED; /* what comes would wait for the program to read it */
        drain(client);
    } else if (cell->timer == TIMER_IDLE) {
        peer.stalls_at_us = machine.now_us + FLOWS_MS * 1000;
    }
    ferry_client_set_blocking_mode(client, cell->is_blocking);
    return client;
}

static ferry_error cell_call_once(ferry_client *client, const table_cell *cell) {
    static char bytes[4096];
    const void *chunk;
    size_t length = 0;
    ferry_error error = FERRY_OK;
    switch (cell->call) {
    case CALL_POLL:
        return ferry_client_poll(client);
    case CALL_WAIT:
        error = ferry_client_wait(client, -1);
        return error != FERRY_OK ? error : ferry_client_poll(client);
    case CALL_READ:
        error = ferry_client_read_response_body(client, bytes, sizeof bytes, &length);
        break;
    case CALL_READ_CHUNK:
        error = ferry_client_read_response_body_chunk(client, &chunk, &length);
        break;
    case CALL_WRITE:
        error = ferry_client_write_request_body(client, bytes, sizeof bytes, &length);
        break;
    case CALL_COUNT:
        break;
    }
    /* "0: poll, and try again": only what is moved then, or not, tells whether the peer is idle. */
    bool is_nothing = error == FERRY_OK && length == 0;
    return is_nothing && cell->timer == TIMER_IDLE ? ferry_client_poll(client) : error;
}

/* Calls for as long as it takes; true where it ended as the timer says, neither early nor late. */
static bool cell_ends_in_time(const table_cell *cell) {
    int64_t since_us;
    bool is_continue = cell->timer == TIMER_CONTINUE;
    ferry_client *client = cell_begin(cell, &since_us);
    ferry_error error = FERRY_OK;
    for (int i = 0; i < MOST_CALLS && error == FERRY_OK; i++) {
        error = cell_call_once(client, cell);
        if (is_continue && peer.first_body_us > 0) {
            break;
        }
        machine.now_us += error == FERRY_OK ? FRAME_US : 0;
    }
    int64_t end_us = is_continue ? peer.first_body_us : machine.now_us;
    int64_t took_us = end_us - (cell->timer == TIMER_IDLE ? peer.last_moved_us : since_us);
    bool holds = CHECK(!machine.slept_for_ever);
    holds = CHECK(took_us >= LIMIT_MS * 1000) && holds;
    holds = CHECK(took_us <= LIMIT_MS * 1000 + LATE_US) && holds;
    if (!is_continue) {
        holds = CHECK_INT(error, FERRY_ERROR_TIMEOUT) && holds;
        holds =
            CHECK_CONTAINS(ferry_client_get_error_detail(client), timer_name(cell->timer)) && holds;
    }
    if (cell->timer == TIMER_IDLE && peer.stalls_at_us < INT64_MAX && cell->flow != FLOW_STALLED) {
        holds = CHECK(peer.last_moved_us > peer.stalls_at_us - 2 * FRAME_US - PERIOD_US) && holds;
    }
    if (!holds) {
        static const char *const flows[] = {"fast", "trickle", "beneath", "stalled"};
        printf("    %s, %s, %s%s, %s, %s, begun at %lld us: %lld us\n", phase_names[cell->phase],
               call_names[cell->call], cell->is_blocking ? "blocking" : "polling",
               cell->is_own ? ", own stream" : "", timer_name(cell->timer), flows[cell->flow],
               (long long)cell->start_us, (long long)took_us);
    }
    ferry_client_free(client);
    return holds;
}

static bool cell_exists(const table_cell *cell) {
    if ((applicable[cell->phase][cell->call] & cell->timer) == 0) {
        return false;
    }
    if (!cell->is_own) {
        return true;
    }
    /* It has nothing to wait on, is connected from the start, and says only when it is read whether
     * bytes have come. What is beneath it is its own affair. */
    bool may_tell =
        cell->call != CALL_POLL || cell->phase < PHASE_BODY || cell->timer != TIMER_IDLE;
    return !cell->is_blocking && cell->call != CALL_WAIT && cell->phase > PHASE_CONNECTING &&
           may_tell && cell->flow != FLOW_BENEATH;
}

/* In all the ways in which the bytes and the clock can stand to each other. */
static void cell_run(table_cell cell) {
    static const int64_t starts_us[] = {0, 1, 499, 999};
    for (int flow = FLOW_FAST; flow <= FLOW_STALLED; flow++) {
        cell.flow = (peer_flow)flow;
        for (size_t i = 0; i < sizeof starts_us / sizeof *starts_us; i++) {
            cell.start_us = starts_us[i];
            if (cell_exists(&cell) && !cell_ends_in_time(&cell)) {
                return; /* one report a cell will do */
            }
        }
    }
}

static void run_table(unsigned timer) {
    for (int phase = 0; phase < PHASE_COUNT; phase++) {
        for (int call = 0; call < CALL_COUNT; call++) {
            for (int mode = 0; mode < 3; mode++) {
                cell_run((table_cell){
                    .phase = (cell_phase)phase,
                    .call = (cell_call)call,
                    .timer = timer,
                    .is_blocking = mode == 1,
                    .is_own = mode == 2,
                });
            }
        }
    }
}

static void connect_ms_ends_every_call_in_time(void) {
    run_table(TIMER_CONNECT);
}

static void response_ms_ends_every_call_in_time(void) {
    run_table(TIMER_RESPONSE);
}

static void idle_ms_ends_every_call_in_time_and_none_while_bytes_flow(void) {
    run_table(TIMER_IDLE);
}

static void total_ms_ends_every_call_in_time(void) {
    run_table(TIMER_TOTAL);
}

static void continue_ms_sends_the_body_in_time_in_every_call(void) {
    run_table(TIMER_CONTINUE);
}

/* What is not taken then would wait for the next poll, which nothing calls for. */
static void a_write_that_finds_continue_ms_over_is_taken(void) {
    static const char bytes[256];
    for (int is_blocking = 0; is_blocking <= 1; is_blocking++) {
        table_cell cell = {
            .phase = PHASE_HELD,
            .call = CALL_WRITE,
            .timer = TIMER_CONTINUE,
            .is_blocking = is_blocking == 1,
            .flow = FLOW_STALLED,
        };
        int64_t since_us;
        size_t length = 0;
        ferry_client *client = cell_begin(&cell, &since_us);
        machine.now_us += 2 * LIMIT_MS * 1000;
        CHECK_INT(ferry_client_write_request_body(client, bytes, sizeof bytes, &length), FERRY_OK);
        CHECK_INT(length, sizeof bytes);
        ferry_client_free(client);
    }
}

static int64_t never(unsigned events) {
    (void)events;
    return -1;
}

/* The connection took no more of the request before the server refused it, in one piece. */
static void idle_ms_is_not_over_where_the_whole_answer_has_come(void) {
    static const char answer[] = "HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\nhello";
    static const ferry_client_options options = {.timeouts = {.idle_ms = LIMIT_MS}};
    ferry_request request = {
        .method = FERRY_METHOD_PUT, .url = "/", .streamed = true, .streamed_length = -1};
    script_stream script;
    char got[16];
    size_t length = 0;
    machine = (fake_runtime){.now_us = 1000000, .until_ready = never};
    script_stream_init(&script, answer, 0, FERRY_STREAM_AGAIN);
    script.descriptor = 0;
    ferry_client *client = ferry_client_new(&options);
    CHECK_INT(ferry_client_set_connection(client, &script.stream), FERRY_OK);
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    script.write_room = script.sent_length + 4;
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &length), FERRY_OK);
    CHECK_INT(ferry_client_write_request_body(client, "hello", 5, &length), FERRY_OK);
    CHECK_INT(length, 0);
    script.length = sizeof answer - 1;
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    machine.now_us += 2 * LIMIT_MS * 1000; /* the program is elsewhere */
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_read_response_body(client, got, sizeof got, &length), FERRY_OK);
    CHECK_MEM(got, length, "hello", 5);
    ferry_client_free(client);
}

/* Nobody waits for the answer to a request that cannot be sent. */
static void continue_ms_ends_a_request_whose_body_cannot_be_sent(void) {
    for (int is_blocking = 0; is_blocking <= 1; is_blocking++) {
        table_cell cell = {
            .phase = PHASE_HELD,
            .call = CALL_POLL,
            .timer = TIMER_CONTINUE,
            .is_blocking = is_blocking == 1,
            .flow = FLOW_STALLED,
        };
        int64_t since_us;
        ferry_client *client = cell_begin(&cell, &since_us);
        peer.is_quiet = true;
        peer.is_broken = true;
        machine.now_us += 2 * LIMIT_MS * 1000;
        CHECK_INT(ferry_client_poll(client), FERRY_ERROR_CONNECTION_ERROR);
        CHECK(!machine.slept_for_ever);
        ferry_client_free(client);
    }
}

/* ---- Time-outs of one request ---- */

static const char *expected_timer(const ferry_timeouts *own) {
    if (own->response_ms > 0) {
        return "(response_ms)";
    }
    return own->idle_ms > 0 ? "(idle_ms)" : "(total_ms)";
}

static ferry_client *begin_silent(script_stream *script, const ferry_timeouts *timeouts) {
    ferry_client_options options = {.timeouts = *timeouts};
    machine = (fake_runtime){.now_us = 1000000, .until_ready = never};
    script_stream_init(script, "", 0, FERRY_STREAM_AGAIN);
    ferry_client *client = ferry_client_new(&options);
    CHECK_INT(ferry_client_set_connection(client, &script->stream), FERRY_OK);
    return client;
}

static ferry_error send_with(ferry_client *client, const ferry_timeouts *own) {
    return ferry_client_send(client, &(ferry_request){.url = "/", .timeouts = own});
}

/* A poll so much later. */
static ferry_error poll_later(ferry_client *client, int ms) {
    machine.now_us += ms * INT64_C(1000);
    return ferry_client_poll(client);
}

static void time_outs_of_a_request_hold_for_it_alone(void) {
    static const ferry_timeouts owns[] = {
        {.response_ms = LIMIT_MS}, {.idle_ms = LIMIT_MS}, {.total_ms = LIMIT_MS}};
    static const ferry_timeouts none = {.response_ms = -1, .idle_ms = -1, .total_ms = -1};
    for (size_t i = 0; i < sizeof owns / sizeof *owns; i++) {
        script_stream script;
        ferry_client *client = begin_silent(&script, &none);
        CHECK_INT(send_with(client, &owns[i]), FERRY_OK);
        CHECK_INT(poll_later(client, LIMIT_MS), FERRY_OK);
        CHECK_INT(ferry_client_get_wait_timeout_ms(client), 1);
        CHECK_INT(poll_later(client, 1), FERRY_ERROR_TIMEOUT);
        CHECK_CONTAINS(ferry_client_get_error_detail(client), " 50 ms ");
        CHECK_CONTAINS(ferry_client_get_error_detail(client), expected_timer(&owns[i]));
        script_stream_init(&script, "", 0, FERRY_STREAM_AGAIN);
        CHECK_INT(ferry_client_set_connection(client, &script.stream), FERRY_OK);
        CHECK_INT(send_with(client, NULL), FERRY_OK);
        CHECK_INT(ferry_client_get_wait_timeout_ms(client), -1);
        CHECK_INT(poll_later(client, 100 * LIMIT_MS), FERRY_OK);
        ferry_client_free(client);
    }
}

static void what_a_request_does_not_say_is_the_clients(void) {
    static const ferry_timeouts of_client = {.response_ms = 20, .idle_ms = 30, .total_ms = 40};
    static const struct {
        ferry_timeouts own;
        int first_ms;
    } rows[] = {
        {{.connect_ms = 1}, 20},
        {{.response_ms = -1}, 30},
        {{.response_ms = -1, .idle_ms = -1}, 40},
        {{.response_ms = 35}, 30},
        {{.response_ms = -1, .idle_ms = -1, .total_ms = -1}, -2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        script_stream script;
        ferry_client *client = begin_silent(&script, &of_client);
        CHECK_INT(send_with(client, &rows[i].own), FERRY_OK);
        CHECK_INT(ferry_client_get_wait_timeout_ms(client), rows[i].first_ms + 1);
        ferry_client_set_timeouts(client, NULL); /* the request keeps its own */
        CHECK_INT(ferry_client_get_wait_timeout_ms(client), rows[i].first_ms + 1);
        ferry_client_free(client);
    }
}

static void body_of_a_request_waits_for_continue_as_long_as_it_says(void) {
    static const char *const headers[] = {"Expect: 100-continue", NULL};
    static const ferry_timeouts own = {.continue_ms = LIMIT_MS};
    script_stream script;
    ferry_client *client = begin_silent(&script, &(ferry_timeouts){.continue_ms = -1});
    ferry_request request = {.method = FERRY_METHOD_PUT,
                             .url = "/",
                             .headers = headers,
                             .body = "hello",
                             .body_length = 5,
                             .timeouts = &own};
    CHECK_INT(ferry_client_send(client, &request), FERRY_OK);
    CHECK_INT(poll_later(client, LIMIT_MS), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(client), 0);
    CHECK_INT(poll_later(client, 1), FERRY_OK);
    CHECK_INT(ferry_client_get_bytes_sent(client), 5);
    ferry_client_free(client);
}

/* A byte too many was refused, and nobody waits for room for it any more. */
static void what_a_request_waited_for_is_no_concern_of_the_next(void) {
    static const char answers[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
                                  "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel";
    size_t first = (size_t)(strstr(answers + 1, "HTTP/1.1") - answers);
    script_stream script;
    char got[16];
    size_t length = 0;
    ferry_request upload = {
        .method = FERRY_METHOD_PUT, .url = "/", .streamed = true, .streamed_length = 1};
    ferry_client *client = begin_silent(&script, &(ferry_timeouts){.idle_ms = LIMIT_MS});
    script.bytes = answers;
    script.length = first;
    script.descriptor = 0;
    CHECK_INT(ferry_client_send(client, &upload), FERRY_OK);
    CHECK_INT(ferry_client_write_request_body(client, "x", 1, &length), FERRY_OK);
    CHECK_INT(ferry_client_write_request_body(client, "x", 1, &length),
              FERRY_ERROR_INVALID_PARAMETER);
    for (int i = 0; i < 3 && ferry_client_get_status(client) != FERRY_STATUS_CONNECTED; i++) {
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
        CHECK_INT(ferry_client_read_response_body(client, got, sizeof got, &length), FERRY_OK);
    }
    CHECK_INT(send_with(client, NULL), FERRY_OK);
    script.length = sizeof answers - 1;
    CHECK_INT(ferry_client_poll(client), FERRY_OK);
    CHECK_INT(ferry_client_get_status(client), FERRY_STATUS_BODY);
    CHECK_INT(poll_later(client, 2 * LIMIT_MS),
              FERRY_OK); /* it is the program that does not read */
    CHECK_INT(ferry_client_read_response_body(client, got, sizeof got, &length), FERRY_OK);
    CHECK_MEM(got, length, "hel", 3);
    ferry_client_free(client);
}

static void refused_request_leaves_the_time_outs_as_they_are(void) {
    static const ferry_timeouts own = {.total_ms = 1};
    script_stream script;
    ferry_client *client = begin_silent(&script, &(ferry_timeouts){.total_ms = 40});
    CHECK_INT(send_with(client, NULL), FERRY_OK);
    CHECK_INT(send_with(client, &own), FERRY_ERROR_BUSY);
    CHECK_INT(ferry_client_get_wait_timeout_ms(client), 41);
    ferry_client_free(client);
}

static void extended_time_outs_end_so_much_later(void) {
    static const ferry_timeouts limits[] = {
        {.response_ms = LIMIT_MS}, {.idle_ms = LIMIT_MS}, {.total_ms = LIMIT_MS}};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        script_stream script;
        ferry_client *client = begin_silent(&script, &limits[i]);
        ferry_client_extend_timeouts(client, 1000); /* none runs yet */
        CHECK_INT(send_with(client, NULL), FERRY_OK);
        ferry_client_extend_timeouts(client, -1000);
        CHECK_INT(poll_later(client, LIMIT_MS), FERRY_OK);
        machine.now_us += INT64_C(3600000000); /* the program is elsewhere */
        ferry_client_extend_timeouts(client, 3600000);
        CHECK_INT(ferry_client_get_wait_timeout_ms(client), 1);
        CHECK_INT(ferry_client_poll(client), FERRY_OK);
        CHECK_INT(poll_later(client, 1), FERRY_ERROR_TIMEOUT);
        CHECK_CONTAINS(ferry_client_get_error_detail(client), expected_timer(&limits[i]));
        ferry_client_free(client);
    }
}

int main(int argc, char **argv) {
    static const check_test tests[] = {
        CHECK_TEST(connect_ms_ends_every_call_in_time),
        CHECK_TEST(response_ms_ends_every_call_in_time),
        CHECK_TEST(idle_ms_ends_every_call_in_time_and_none_while_bytes_flow),
        CHECK_TEST(total_ms_ends_every_call_in_time),
        CHECK_TEST(continue_ms_sends_the_body_in_time_in_every_call),
        CHECK_TEST(a_write_that_finds_continue_ms_over_is_taken),
        CHECK_TEST(idle_ms_is_not_over_where_the_whole_answer_has_come),
        CHECK_TEST(continue_ms_ends_a_request_whose_body_cannot_be_sent),
        CHECK_TEST(time_outs_of_a_request_hold_for_it_alone),
        CHECK_TEST(what_a_request_does_not_say_is_the_clients),
        CHECK_TEST(body_of_a_request_waits_for_continue_as_long_as_it_says),
        CHECK_TEST(what_a_request_waited_for_is_no_concern_of_the_next),
        CHECK_TEST(refused_request_leaves_the_time_outs_as_they_are),
        CHECK_TEST(extended_time_outs_end_so_much_later),
    };
    return CHECK_RUN(tests, argc, argv);
}
