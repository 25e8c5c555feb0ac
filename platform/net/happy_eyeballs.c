/* SPDX-License-Identifier: MIT */
/* happy_eyeballs: connects to the first of a host's addresses that answers (RFC 8305, "Happy
 * Eyeballs"). */
#include "happy_eyeballs.h"

#include "platform.h"
#include "tcp.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* The Connection Attempt Delay that RFC 8305 section 5 recommends. */
enum { ATTEMPT_DELAY_MS = 250 };

/* How soon a look-up that waits for descriptors is polled again. */
enum { RETRY_DELAY_MS = 10 };

/* One connecting: made by start, gone when the link is open or has failed. */
typedef struct ferry_dial {
    ferry_lookup *lookup; /* NULL before it could be started and after it has ended */
    bool is_literal;      /* the one address is there from the beginning */
    ferry_address_list addresses;
    unsigned char order[FERRY_MAX_ADDRESSES];      /* in which the addresses are tried */
    size_t tried;                                  /* the first so many of the order */
    ferry_descriptor sockets[FERRY_MAX_ADDRESSES]; /* of the attempts, in that order */
    int64_t next_ms;          /* when the next one begins, or a look-up that waits
                               * for descriptors is polled again */
    int process;              /* that began it */
    size_t first_failed;      /* in that order */
    const char *first_reason; /* NULL: none has failed */
    ferry_link_facts *facts;  /* NULL: nobody asks */
    uint16_t port;
    char host[];
} ferry_dial;

typedef struct ferry_happy_eyeballs {
    ferry_connector base;
    ferry_context *context;
    ferry_dial *dial; /* NULL: nothing is under way */
} ferry_happy_eyeballs;

static size_t find_family(const ferry_address_list *list, size_t from, bool is_ipv6) {
    while (from < list->count && list->items[from].is_ipv6 != is_ipv6) {
        from++;
    }
    return from;
}

/* RFC 8305 section 4: families take turns, beginning with that of the first address. */
static void dial_interleave(const ferry_address_list *list, unsigned char *order) {
    bool is_ipv6 = list->items[0].is_ipv6;
    size_t next[2] = {find_family(list, 0, false), find_family(list, 0, true)};
    for (size_t i = 0; i < list->count; i++) {
        if (next[is_ipv6] == list->count) {
            is_ipv6 = !is_ipv6;
        }
        order[i] = (unsigned char)next[is_ipv6];
        next[is_ipv6] = find_family(list, next[is_ipv6] + 1, is_ipv6);
        is_ipv6 = !is_ipv6;
    }
}

static const ferry_address *dial_address(const ferry_dial *dial, size_t index) {
    return &dial->addresses.items[dial->order[index]];
}

static void dial_close_socket(ferry_dial *dial, size_t index) {
    if (dial->sockets[index] != FERRY_NO_DESCRIPTOR) {
        ferry_socket_close(dial->sockets[index]);
        dial->sockets[index] = FERRY_NO_DESCRIPTOR;
    }
}

static void dialer_drop(ferry_happy_eyeballs *dialer) {
    ferry_dial *dial = dialer->dial;
    if (dial == NULL) {
        return;
    }
    ferry_lookup_free(dial->lookup);
    for (size_t i = 0; i < dial->tried; i++) {
        dial_close_socket(dial, i);
    }
    ferry_free(dialer->context, dial);
    dialer->dial = NULL;
}

static ferry_error dialer_fail(ferry_happy_eyeballs *dialer, ferry_error error) {
    dialer_drop(dialer);
    return error;
}

static void dial_record_stage(ferry_dial *dial, ferry_link_stage stage, const char *peer) {
    if (dial->facts != NULL) {
        dial->facts->stage = stage;
        ferry_format(dial->facts->peer, sizeof dial->facts->peer, "%s", peer);
    }
}

static void note_failure(ferry_happy_eyeballs *dialer, size_t index, const char *reason) {
    ferry_dial *dial = dialer->dial;
    char text[FERRY_ADDRESS_TEXT_SIZE];
    ferry_address_to_text(dial_address(dial, index), text);
    ferry_log(dialer->context, FERRY_LOG_INFO, "%s: %s", text, reason);
    if (dial->first_reason == NULL) {
        dial->first_failed = index;
        dial->first_reason = reason;
    }
}

/* Goes on to the next address; past those that fail at once. */
static void begin_attempt(ferry_happy_eyeballs *dialer, int64_t now_ms) {
    ferry_dial *dial = dialer->dial;
    while (dial->tried < dial->addresses.count) {
        size_t index = dial->tried++;
        const ferry_address *address = dial_address(dial, index);
        char text[FERRY_ADDRESS_TEXT_SIZE];
        ferry_address_to_text(address, text);
        ferry_log(dialer->context, FERRY_LOG_INFO, "trying %s", text);
        dial->next_ms = now_ms + ATTEMPT_DELAY_MS;
        const char *reason = NULL;
        dial->sockets[index] = FERRY_NO_DESCRIPTOR;
        if (ferry_socket_connect(address, &dial->sockets[index], &reason) == FERRY_OK) {
            return;
        }
        note_failure(dialer, index, reason);
    }
}

/* Stores which attempts are under way, and returns how many. */
static size_t list_attempts(const ferry_dial *dial, unsigned char *indices) {
    size_t count = 0;
    for (size_t i = 0; i < dial->tried; i++) {
        if (dial->sockets[i] != FERRY_NO_DESCRIPTOR) {
            indices[count++] = (unsigned char)i;
        }
    }
    return count;
}

static ferry_error dialer_fail_all(ferry_happy_eyeballs *dialer) {
    ferry_dial *dial = dialer->dial;
    char text[FERRY_ADDRESS_TEXT_SIZE];
    ferry_address_to_text(dial_address(dial, dial->first_failed), text);
    char many[32] = "";
    if (dial->addresses.count > 1) {
        snprintf(many, sizeof many, " (%u addresses)", (unsigned)dial->addresses.count);
    }
    ferry_fail(dialer->context, FERRY_ERROR_CANT_CONNECT, "cannot connect to %s port %u%s: %s: %s",
               dial->host, (unsigned)dial->port, many, text, dial->first_reason);
    return dialer_fail(dialer, FERRY_ERROR_CANT_CONNECT);
}

static ferry_error dialer_win(ferry_happy_eyeballs *dialer, size_t index, ferry_link *link,
                              ferry_stream **stream) {
    ferry_dial *dial = dialer->dial;
    ferry_error error = ferry_tcp_new(dialer->context, dial->sockets[index], stream);
    if (error != FERRY_OK) {
        return dialer_fail(dialer, error);
    }
    dial->sockets[index] = FERRY_NO_DESCRIPTOR;
    char text[FERRY_ADDRESS_TEXT_SIZE];
    ferry_address_to_text(dial_address(dial, index), text);
    dial_record_stage(dial, FERRY_LINK_STAGE_CONNECTED, text);
    dialer_drop(dialer);
    ferry_log(dialer->context, FERRY_LOG_INFO, "connected to %s", text);
    *link = FERRY_LINK_OPEN;
    return FERRY_OK;
}

/* Stores where the addresses are there, those of a literal at once. */
static ferry_error step_lookup(ferry_happy_eyeballs *dialer, bool *ended) {
    ferry_dial *dial = dialer->dial;
    if (dial->is_literal) {
        *ended = true;
        return FERRY_OK;
    }
    ferry_error error = FERRY_OK;
    if (dial->lookup == NULL) {
        error = ferry_lookup_start(dialer->context, dial->host, dial->port, &dial->lookup);
    }
    if (error == FERRY_OK) {
        error = ferry_lookup_poll(dial->lookup, dialer->context, ended, &dial->addresses);
    }
    return error == FERRY_ERROR_FAILED ? FERRY_ERROR_CANT_RESOLVE : error;
}

static ferry_error step_resolving(ferry_happy_eyeballs *dialer, int64_t now_ms, ferry_link *link) {
    ferry_dial *dial = dialer->dial;
    bool ended = false;
    ferry_error error = step_lookup(dialer, &ended);
    if (error != FERRY_OK) {
        return dialer_fail(dialer, error);
    }
    if (!ended) {
        dial->next_ms = now_ms + RETRY_DELAY_MS;
        return FERRY_OK;
    }
    ferry_lookup_free(dial->lookup);
    dial->lookup = NULL;
    dial_record_stage(dial, FERRY_LINK_STAGE_RESOLVED, "");
    dial_interleave(&dial->addresses, dial->order);
    begin_attempt(dialer, now_ms);
    *link = FERRY_LINK_CONNECTING;
    return FERRY_OK;
}

static ferry_error step_connecting(ferry_happy_eyeballs *dialer, int64_t now_ms, ferry_link *link,
                                   ferry_stream **stream) {
    ferry_dial *dial = dialer->dial;
    unsigned char attempts[FERRY_MAX_ADDRESSES];
    size_t count = list_attempts(dial, attempts);
    if (count == 0) {
        return dialer_fail_all(dialer);
    }
    ferry_wait waits[FERRY_MAX_ADDRESSES];
    bool ready[FERRY_MAX_ADDRESSES];
    bool any_ready = false;
    for (size_t i = 0; i < count; i++) {
        waits[i] = (ferry_wait){dial->sockets[attempts[i]], FERRY_EVENT_WRITE};
    }
    ferry_error error = ferry_platform_wait(waits, count, 0, ready, &any_ready);
    if (error != FERRY_OK) {
        ferry_fail(dialer->context, error, "the system cannot wait for the connection");
        return dialer_fail(dialer, error);
    }
    for (size_t i = 0; i < count; i++) {
        size_t index = attempts[i];
        bool ended = false;
        const char *reason = NULL;
        if (!ready[i]) {
            continue;
        }
        if (ferry_socket_finish_connect(dial->sockets[index], &ended, &reason) != FERRY_OK) {
            dial_close_socket(dial, index);
            note_failure(dialer, index, reason);
        } else if (ended) {
            return dialer_win(dialer, index, link, stream);
        }
    }
    bool latest_failed = dial->sockets[dial->tried - 1] == FERRY_NO_DESCRIPTOR;
    if (latest_failed || now_ms >= dial->next_ms) {
        begin_attempt(dialer, now_ms);
    }
    return list_attempts(dial, attempts) == 0 ? dialer_fail_all(dialer) : FERRY_OK;
}

static ferry_error dialer_start(ferry_connector *connector, const ferry_origin *origin,
                                int64_t now_ms) {
    ferry_happy_eyeballs *self = (ferry_happy_eyeballs *)connector;
    dialer_drop(self);
    size_t host_size = strlen(origin->host) + 1;
    ferry_dial *made = ferry_alloc(self->context, sizeof *made + host_size);
    if (made == NULL) {
        return ferry_fail_memory(self->context);
    }
    made->lookup = NULL;
    made->tried = 0;
    made->first_reason = NULL;
    made->next_ms = now_ms + RETRY_DELAY_MS;
    made->process = ferry_platform_process();
    made->facts = origin->facts;
    made->port = origin->port;
    memcpy(made->host, origin->host, host_size);
    made->is_literal =
        ferry_address_from_literal(origin->address != NULL ? origin->address : made->host,
                                   made->port, &made->addresses.items[0]);
    made->addresses.count = made->is_literal ? 1 : 0;
    self->dial = made;
    if (made->is_literal) {
        return FERRY_OK;
    }
    ferry_error error = ferry_lookup_start(self->context, made->host, made->port, &made->lookup);
    /* Where no thread could be had, the first step tries again, and says why there is none. */
    return error == FERRY_ERROR_OUT_OF_MEMORY ? dialer_fail(self, error) : FERRY_OK;
}

static ferry_error dialer_step(ferry_connector *connector, int64_t now_ms, ferry_link *link,
                               ferry_stream **stream) {
    ferry_happy_eyeballs *self = (ferry_happy_eyeballs *)connector;
    assert(self->dial != NULL);
    if (self->dial->process != ferry_platform_process()) {
        ferry_fail(self->context, FERRY_ERROR_CANT_CONNECT,
                   "cannot connect to %s: connecting was begun before fork()", self->dial->host);
        return dialer_fail(self, FERRY_ERROR_CANT_CONNECT);
    }
    if (self->dial->tried == 0) {
        return step_resolving(self, now_ms, link);
    }
    return step_connecting(self, now_ms, link, stream);
}

static size_t dialer_get_waits(const ferry_connector *connector, ferry_wait *waits, size_t capacity,
                               int64_t *deadline_ms) {
    const ferry_dial *dial = ((const ferry_happy_eyeballs *)connector)->dial;
    if (dial == NULL) {
        return 0;
    }
    if (dial->process != ferry_platform_process()) {
        *deadline_ms = 0; /* the step says what is wrong */
        return 0;
    }
    if (dial->lookup != NULL) {
        ferry_wait wait = {ferry_lookup_get_descriptor(dial->lookup), FERRY_EVENT_READ};
        if (wait.descriptor == FERRY_NO_DESCRIPTOR) {
            *deadline_ms = dial->next_ms < *deadline_ms ? dial->next_ms : *deadline_ms;
            return 0;
        }
        if (capacity > 0) {
            waits[0] = wait;
        }
        return 1;
    }
    unsigned char attempts[FERRY_MAX_ADDRESSES];
    size_t count = list_attempts(dial, attempts);
    if (count == 0) {
        *deadline_ms = 0;
    } else if (dial->tried < dial->addresses.count && dial->next_ms < *deadline_ms) {
        *deadline_ms = dial->next_ms;
    }
    for (size_t i = 0; i < count && i < capacity; i++) {
        waits[i] = (ferry_wait){dial->sockets[attempts[i]], FERRY_EVENT_WRITE};
    }
    return count;
}

static void dialer_cancel(ferry_connector *connector) {
    dialer_drop((ferry_happy_eyeballs *)connector);
}

static void dialer_destroy(ferry_connector *connector) {
    ferry_happy_eyeballs *self = (ferry_happy_eyeballs *)connector;
    dialer_drop(self);
    ferry_free(self->context, self);
}

static const ferry_connector_ops dialer_ops = {
    .start = dialer_start,
    .step = dialer_step,
    .get_waits = dialer_get_waits,
    .cancel = dialer_cancel,
    .destroy = dialer_destroy,
};

ferry_error ferry_happy_eyeballs_new(ferry_context *context, ferry_connector **connector) {
    ferry_happy_eyeballs *self = ferry_alloc(context, sizeof *self);
    if (self == NULL) {
        return ferry_fail_memory(context);
    }
    *self = (ferry_happy_eyeballs){.base = {.ops = &dialer_ops}, .context = context};
    *connector = &self->base;
    return FERRY_OK;
}
