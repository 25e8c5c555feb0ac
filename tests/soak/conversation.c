/* SPDX-License-Identifier: MIT */
/* conversation: the client's life, and the phases in which it connects, waits and goes on. */
#include "conversation_state.h"

#include "findings.h"
#include "own_stream.h"
#include "require.h"
#include "tally.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum {
    MOST_NEW = 200, /* attempts to make a client without memory */
    STALLED_MS = 150,
    LONG_MS = 60000,
    HANG_MS = 30000,
    WAIT_MS = 1000,
    MOST_BARREN_STEPS = 20000,
    RESOLVE_LINES = 2 * PLAN_MOST_CONNECTIONS + 1,
    RESOLVE_LINE_SIZE = 2 * LINK_NAME_SIZE,
    SETTLE_MS = 5, /* for what is on its way through the loopback device */
};

int64_t conversation_now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void conversation_note_progress(soak_conversation *conversation) {
    conversation->progress_ms = conversation_now_ms();
    conversation->barren_steps = 0;
}

bool conversation_starved(const soak_conversation *conversation, ferry_error error) {
    return error == FERRY_ERROR_OUT_OF_MEMORY && conversation->memory.failures > 0;
}

bool conversation_is_connect_again(ferry_error error) {
    return error == FERRY_ERROR_CONNECT_AGAIN;
}

void conversation_add_finding(soak_conversation *conversation, const char *format, ...) {
    char text[512];
    char script[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    script_describe(&conversation->script, script, sizeof script);
    if (!conversation->is_wrong) {
        findings_add(conversation->plan.seed,
                     "%s\n  %s, %s, link: %s, connection %u, request %u: %s\n  status %s, \"%s\"",
                     text, plan_describe_route(&conversation->plan),
                     plan_describe_mode(&conversation->plan), link_describe(&conversation->link),
                     conversation->connections, conversation->requests, script,
                     conversation->client != NULL
                         ? ferry_status_name(ferry_client_get_status(conversation->client))
                         : "-",
                     conversation->client != NULL
                         ? ferry_client_get_error_detail(conversation->client)
                         : "-");
    }
    conversation->is_wrong = true;
    conversation->phase = CONVERSATION_OVER;
}

/* ---- The client ---- */

static void print_log(void *ctx, ferry_log_kind kind, const char *message) {
    static const char *const kinds[] = {"warning", "status", "info", ">", "<"};
    fprintf(stderr, "%llu %s %s\n", (unsigned long long)((soak_conversation *)ctx)->plan.seed,
            kinds[kind], message);
}

static ferry_tls_options conversation_tls(const soak_conversation *conversation) {
    return (ferry_tls_options){
        .ca_pem = conversation->setup->ca_pem,
        .cache = conversation->plan.shares_cache ? conversation->setup->cache : NULL,
    };
}

/* Where each name is: at the first door, and at the one that a client goes to after that. */
static void conversation_list_names(const soak_conversation *conversation,
                                    char lines[RESOLVE_LINES][RESOLVE_LINE_SIZE]) {
    const soak_plan *plan = &conversation->plan;
    bool is_proxy_named = plan->route == PLAN_ROUTE_TLS_PROXIED_HTTP;
    int first = server_port(is_proxy_named ? SERVER_DOOR_PROXY_TLS : plan->door);
    int second = server_port(SERVER_DOOR_HTTP);
    for (size_t i = 0; i < PLAN_MOST_CONNECTIONS; i++) {
        char name[LINK_NAME_SIZE];
        link_write_name(plan->links[i], name);
        snprintf(lines[2 * i], RESOLVE_LINE_SIZE, "%s:%d:127.0.0.1", name, first);
        snprintf(lines[2 * i + 1], RESOLVE_LINE_SIZE, "%s:%d:127.0.0.1", name, second);
    }
    snprintf(lines[RESOLVE_LINES - 1], RESOLVE_LINE_SIZE, "proxy.soak.test:%d:127.0.0.1",
             server_port(SERVER_DOOR_PROXY_TLS));
}

static void conversation_make_client(soak_conversation *conversation) {
    const soak_plan *plan = &conversation->plan;
    char lines[RESOLVE_LINES][RESOLVE_LINE_SIZE];
    const char *resolve[RESOLVE_LINES + 1];
    conversation_list_names(conversation, lines);
    for (size_t i = 0; i < RESOLVE_LINES; i++) {
        resolve[i] = lines[i];
    }
    resolve[RESOLVE_LINES] = NULL;
    ferry_client_options options = {
        .allocator = memory_allocator(&conversation->memory),
        .log = conversation->setup->is_verbose ? print_log : NULL,
        .log_ctx = conversation,
        .poll_budget_bytes = plan->budget_bytes,
        .proxy_tls = &conversation->setup->proxy_tls,
        .resolve = resolve,
    };
    for (int i = 0; i < MOST_NEW && conversation->client == NULL; i++) {
        conversation->client = ferry_client_new(&options);
        require(conversation->client != NULL || conversation->setup->starves, "a client");
    }
    require(conversation->client != NULL, "a client without memory");
    ferry_error error = FERRY_ERROR_OUT_OF_MEMORY;
    for (int i = 0; i < MOST_NEW && error == FERRY_ERROR_OUT_OF_MEMORY; i++) {
        error = ferry_client_set_blocking_mode(conversation->client, plan->is_blocking);
    }
    require(error == FERRY_OK, "blocking mode");
    if (plan->chunk_bytes > 0) {
        ferry_client_set_read_chunk_size(conversation->client, plan->chunk_bytes);
    }
}

soak_conversation *conversation_new(uint64_t seed, const conversation_setup *setup) {
    soak_conversation *made = require_memory(calloc(1, sizeof *made));
    made->plan = plan_make(seed, setup->ca_pem != NULL);
    made->setup = setup;
    made->chance = chance_of(chance_mix(seed, 6));
    made->door = made->plan.door;
    made->memory = (soak_memory){.chance = chance_of(chance_mix(seed, 7)),
                                 .fails_in = setup->starves ? 60 : 0};
    conversation_note_progress(made);
    conversation_make_client(made);
    conversation_begin_request(made);
    return made;
}

static void conversation_drop_client(soak_conversation *conversation) {
    ferry_client_free(conversation->client);
    conversation->client = NULL;
    if (conversation->memory.live != 0) {
        conversation_add_finding(conversation, "%zu blocks of memory are left of a client",
                                 conversation->memory.live);
        conversation->memory.live = 0;
    }
}

void conversation_free(soak_conversation *conversation) {
    conversation_drop_client(conversation);
    free(conversation->upload);
    free(conversation);
    tally_conversation();
}

/* ---- Connecting ---- */

static ferry_error conversation_set_proxy(soak_conversation *conversation, const char *name) {
    const soak_plan *plan = &conversation->plan;
    char proxy[2 * LINK_NAME_SIZE];
    bool is_over_tls = plan->route >= PLAN_ROUTE_TLS_PROXIED_HTTP;
    const char *host = !is_over_tls ? "127.0.0.1" : plan->is_tls ? "proxy.soak.test" : name;
    snprintf(proxy, sizeof proxy, "%s%s", is_over_tls ? "https://" : "", host);
    int port = server_port(is_over_tls ? SERVER_DOOR_PROXY_TLS : SERVER_DOOR_PROXY);
    return plan->is_tls ? ferry_client_set_https_proxy(conversation->client, proxy, port)
                        : ferry_client_set_http_proxy(conversation->client, proxy, port);
}

/* In place of connecting. */
static ferry_error conversation_bring_stream(soak_conversation *conversation, const char *name) {
    uint64_t seed = chance_next(&conversation->chance);
    ferry_stream *stream =
        own_stream_new(server_port(conversation->door), conversation->plan.stream_bytes, seed);
    ferry_error error = ferry_client_set_connection(conversation->client, stream);
    if (error != FERRY_OK) {
        stream->ops->destroy(stream);
        return error;
    }
    ferry_tls_options tls = conversation_tls(conversation);
    return conversation->plan.is_tls ? ferry_client_start_tls(conversation->client, name, &tls)
                                     : FERRY_OK;
}

static void conversation_note_connected(soak_conversation *conversation) {
    if (ferry_client_get_status(conversation->client) != FERRY_STATUS_CONNECTED) {
        conversation_add_finding(conversation, "it is not connected when it says so");
    }
    tally_connection(FERRY_OK);
    bool speaks = conversation->door >= SERVER_DOOR_SLAM;
    conversation->phase = speaks ? CONVERSATION_AWAIT_WORDS : CONVERSATION_SEND;
}

static void conversation_connect(soak_conversation *conversation) {
    const soak_plan *plan = &conversation->plan;
    if (conversation->connections == PLAN_MOST_CONNECTIONS) {
        conversation->phase = CONVERSATION_OVER;
        return;
    }
    uint64_t seed = plan->links[conversation->connections++];
    char name[LINK_NAME_SIZE];
    link_write_name(seed, name);
    conversation->link = link_make(seed);
    conversation->is_spoilt = false;
    conversation->was_kept = false;
    ferry_timeouts timeouts = {.connect_ms =
                                   link_stalls(&conversation->link) ? STALLED_MS : LONG_MS};
    ferry_client_set_timeouts(conversation->client, &timeouts);
    ferry_error error = plan->is_proxied ? conversation_set_proxy(conversation, name) : FERRY_OK;
    ferry_tls_options tls = conversation_tls(conversation);
    conversation->connect_since_ms = conversation_now_ms();
    conversation->settled_ms = 0;
    conversation->phase = CONVERSATION_CONNECTING;
    if (plan_has_own_stream(plan)) {
        error = conversation_bring_stream(conversation, name);
    } else if (error == FERRY_OK) {
        error = ferry_client_connect_to_host(conversation->client, name,
                                             server_port(conversation->door),
                                             plan->is_tls ? &tls : NULL);
    }
    if (error != FERRY_OK) {
        conversation_judge_connecting(conversation, error);
    } else if (plan->route == PLAN_ROUTE_OWN_HTTP) {
        conversation->phase = CONVERSATION_SEND; /* it is connected at once */
    } else if (plan->is_blocking) {
        conversation_note_connected(conversation);
    }
}

static void conversation_continue_connecting(soak_conversation *conversation) {
    ferry_error error = ferry_client_poll(conversation->client);
    ferry_status status = ferry_client_get_status(conversation->client);
    if (error != FERRY_OK) {
        conversation_judge_connecting(conversation, error);
    } else if (status == FERRY_STATUS_CONNECTED) {
        conversation_note_connected(conversation);
    } else if (status != FERRY_STATUS_RESOLVING && status != FERRY_STATUS_CONNECTING) {
        conversation_add_finding(conversation, "connecting ended without an error");
    }
}

/* ---- Between requests ---- */

/* Whether the connection has something for the client, which is not asked. */
static bool conversation_is_readable(const soak_conversation *conversation) {
    ferry_wait waits[4];
    size_t count = ferry_client_get_waits(conversation->client, waits, 4);
    for (size_t i = 0; i < count && i < 4; i++) {
        struct pollfd one = {(int)waits[i].descriptor, POLLIN, 0};
        if (poll(&one, 1, 0) > 0) {
            return true;
        }
    }
    return count == 0;
}

/* The program looks at its client, or does not. */
static void conversation_meet_spoilt(soak_conversation *conversation) {
    conversation->is_spoilt = true;
    conversation->phase = CONVERSATION_NEXT;
    if (!conversation->plan.is_blocking && chance_is(&conversation->chance, 50)) {
        ferry_client_poll(conversation->client);
        if (ferry_client_get_status(conversation->client) == FERRY_STATUS_CONNECTED) {
            conversation_add_finding(conversation, "polling did not notice that the connection "
                                                   "has ended, or holds what nobody asked for");
        }
    }
}

static void conversation_await_words(soak_conversation *conversation) {
    if (!conversation_is_readable(conversation)) {
        conversation->wake_ms = conversation_now_ms() + SETTLE_MS;
        return;
    }
    conversation_meet_spoilt(conversation);
    conversation->door = SERVER_DOOR_HTTP; /* from the next connection on */
    if (conversation->phase == CONVERSATION_NEXT) {
        bool is_there = ferry_client_get_status(conversation->client) == FERRY_STATUS_CONNECTED;
        conversation->phase = is_there ? CONVERSATION_SEND : CONVERSATION_CONNECT;
    }
}

/* A client that has met surplus closes the connection, whatever of its upload is unread. */
static bool conversation_gave_up(const soak_conversation *conversation) {
    return ferry_client_get_status(conversation->client) != FERRY_STATUS_CONNECTED &&
           !script_listens(&conversation->script);
}

static void conversation_await_deed(soak_conversation *conversation) {
    if (conversation_gave_up(conversation)) {
        conversation->phase = CONVERSATION_NEXT;
        return;
    }
    if (!server_is_done(conversation->number, conversation->script.seed)) {
        if (conversation->script.early == SCRIPT_EARLY_SUCCESS) {
            ferry_client_poll(conversation->client); /* TLS may hold the last of an upload */
        }
        conversation->wake_ms = conversation_now_ms() + 1;
        return;
    }
    if (conversation->settled_ms == 0) {
        conversation->settled_ms = conversation_now_ms() + SETTLE_MS;
    }
    if (conversation_now_ms() < conversation->settled_ms) {
        conversation->wake_ms = conversation->settled_ms;
        return;
    }
    conversation->settled_ms = 0;
    conversation->phase = CONVERSATION_NEXT;
    if (script_spoils_idle(&conversation->script) &&
        ferry_client_get_status(conversation->client) == FERRY_STATUS_CONNECTED) {
        conversation_meet_spoilt(conversation);
    }
}

static void conversation_go_on(soak_conversation *conversation) {
    if (conversation->requests == conversation->plan.requests) {
        conversation->phase = CONVERSATION_OVER;
        return;
    }
    conversation_begin_request(conversation);
    bool is_there = ferry_client_get_status(conversation->client) == FERRY_STATUS_CONNECTED;
    conversation->phase = is_there ? CONVERSATION_SEND : CONVERSATION_CONNECT;
    if (!is_there && chance_is(&conversation->chance, 50)) {
        ferry_client_close(conversation->client);
    }
}

/* The port of the client's end of its connection; 0: there is none. */
static int conversation_own_port(int descriptor) {
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    bool is_there = descriptor >= 0 &&
                    getsockname(descriptor, (struct sockaddr *)&address, &length) == 0 &&
                    address.sin_family == AF_INET;
    return is_there ? ntohs(address.sin_port) : 0;
}

/* The descriptor may be another's at once, but not with the same port. */
static void conversation_close(soak_conversation *conversation) {
    ferry_wait wait = {FERRY_NO_DESCRIPTOR, 0};
    ferry_client_get_waits(conversation->client, &wait, 1);
    int port = conversation_own_port((int)wait.descriptor);
    ferry_client_close(conversation->client);
    if (ferry_client_get_status(conversation->client) != FERRY_STATUS_DISCONNECTED) {
        conversation_add_finding(conversation, "a closed client is not DISCONNECTED");
    } else if (port != 0 && conversation_own_port((int)wait.descriptor) == port) {
        conversation_add_finding(conversation, "the connection of a closed client is open");
    }
}

static void conversation_cancel(soak_conversation *conversation) {
    tally_cancel();
    switch (conversation->plan.cancel) {
    case PLAN_CANCEL_NONE:
    case PLAN_CANCEL_CONNECT:
        break;
    case PLAN_CANCEL_CLOSE:
        conversation_close(conversation);
        break;
    case PLAN_CANCEL_FREE:
        conversation_drop_client(conversation);
        conversation_make_client(conversation);
        break;
    }
    if (conversation->phase != CONVERSATION_OVER) {
        conversation_begin_request(conversation);
        conversation->phase = CONVERSATION_CONNECT;
    }
}

/* ---- Steps ---- */

static int64_t processor_us(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static void conversation_act(soak_conversation *conversation) {
    switch (conversation->phase) {
    case CONVERSATION_CONNECT:
        conversation_connect(conversation);
        break;
    case CONVERSATION_CONNECTING:
        conversation_continue_connecting(conversation);
        break;
    case CONVERSATION_AWAIT_WORDS:
        conversation_await_words(conversation);
        break;
    case CONVERSATION_SEND:
        conversation_send(conversation);
        break;
    case CONVERSATION_EXCHANGE:
        conversation_exchange(conversation);
        break;
    case CONVERSATION_AWAIT_DEED:
        conversation_await_deed(conversation);
        break;
    case CONVERSATION_NEXT:
        conversation_go_on(conversation);
        break;
    case CONVERSATION_OVER:
        break;
    }
}

static void conversation_note_change(soak_conversation *conversation, conversation_phase phase) {
    ferry_status status = ferry_client_get_status(conversation->client);
    int64_t bytes = ferry_client_get_bytes_sent(conversation->client) +
                    ferry_client_get_bytes_received(conversation->client);
    if (status != conversation->status_seen || phase != conversation->phase ||
        bytes != conversation->bytes_seen) {
        conversation->bytes_seen = bytes;
        conversation->status_seen = status;
        conversation_note_progress(conversation);
    }
    if (conversation->wake_ms == 0 && ++conversation->barren_steps > MOST_BARREN_STEPS) {
        conversation_add_finding(conversation, "the client spins: %d steps without any progress",
                                 MOST_BARREN_STEPS);
    }
}

bool conversation_step(soak_conversation *conversation) {
    const soak_plan *plan = &conversation->plan;
    conversation_phase phase = conversation->phase;
    conversation->wake_ms = 0;
    if (plan->cancel != PLAN_CANCEL_NONE && conversation->steps++ == plan->cancel_at) {
        conversation_cancel(conversation);
        return conversation->phase != CONVERSATION_OVER;
    }
    int64_t before_us = processor_us();
    conversation_act(conversation);
    if (!plan->is_blocking) {
        tally_call(phase, plan->seed, processor_us() - before_us);
    }
    if (plan->lazy > 0 && chance_is(&conversation->chance, plan->lazy)) {
        conversation->wake_ms =
            conversation_now_ms() + (int64_t)chance_below(&conversation->chance, 20);
    }
    conversation_note_change(conversation, phase);
    return conversation->phase != CONVERSATION_OVER;
}

/* Whether there is nothing to do but what the client says that it waits for. */
static bool conversation_is_clients_turn(const soak_conversation *conversation) {
    return conversation->phase == CONVERSATION_CONNECTING ||
           (conversation->phase == CONVERSATION_EXCHANGE && !conversation->has_to_write &&
            ferry_client_get_error(conversation->client) == FERRY_OK);
}

size_t conversation_get_waits(soak_conversation *conversation, struct pollfd *waits,
                              size_t capacity, int *timeout_ms) {
    ferry_wait wanted[8];
    if (conversation->wake_ms > 0) {
        int64_t left = conversation->wake_ms - conversation_now_ms();
        *timeout_ms = left > 0 ? (int)left : 0;
        return 0;
    }
    if (!conversation_is_clients_turn(conversation)) {
        *timeout_ms = 0;
        return 0;
    }
    *timeout_ms = ferry_client_get_wait_timeout_ms(conversation->client);
    size_t count = ferry_client_get_waits(conversation->client, wanted, 8);
    count = count < capacity ? count : capacity;
    for (size_t i = 0; i < count; i++) {
        short events = (short)(((wanted[i].events & FERRY_EVENT_READ) != 0 ? POLLIN : 0) |
                               ((wanted[i].events & FERRY_EVENT_WRITE) != 0 ? POLLOUT : 0));
        waits[i] = (struct pollfd){(int)wanted[i].descriptor, events, 0};
    }
    if (count == 0 && *timeout_ms < 0) {
        conversation_add_finding(conversation, "the client waits for nothing, for ever");
        *timeout_ms = 0;
    }
    return count;
}

void conversation_wait(soak_conversation *conversation) {
    if (!conversation->plan.is_waiting || !conversation_is_clients_turn(conversation)) {
        return;
    }
    ferry_error error = ferry_client_wait(conversation->client, WAIT_MS);
    if (error != FERRY_OK && error != FERRY_ERROR_TIMEOUT) {
        conversation_add_finding(conversation, "ferry_client_wait() gives %s",
                                 ferry_error_name(error));
    }
}

bool conversation_hangs(soak_conversation *conversation) {
    if (conversation_now_ms() - conversation->progress_ms < HANG_MS) {
        return false;
    }
    conversation_add_finding(conversation, "nothing has happened for %d s", HANG_MS / 1000);
    return true;
}
