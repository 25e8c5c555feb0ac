/* SPDX-License-Identifier: MIT */
/* timeouts: record when each thing happened, and end what takes longer than its time-out. */
#include "client_state.h"

#include "runtime.h"

typedef enum client_timer {
    TIMER_NONE = 0,
    TIMER_CONNECT,
    TIMER_RESPONSE,
    TIMER_IDLE,
    TIMER_TOTAL,
    TIMER_CONTINUE,
} client_timer;

/* One more than the limit, since the clock is rounded down at both ends: no timer is early. */
static void timer_consider(client_timer timer, int64_t since_ms, int limit_ms, client_timer *first,
                           int64_t *deadline_ms) {
    if (limit_ms >= 0 && since_ms >= 0 && since_ms + limit_ms + 1 < *deadline_ms) {
        *first = timer;
        *deadline_ms = since_ms + limit_ms + 1;
    }
}

/* Whose turn it is to move the next byte. */
typedef enum client_turn {
    TURN_PEER,    /* it is waited for: the idle time passes */
    TURN_RETRY,   /* the program's, to try again what there was no room for: it passes, too, but is
                     over only when that was tried */
    TURN_PROGRAM, /* it does not pass */
} client_turn;

static client_turn client_get_turn(const ferry_client *client) {
    const ferry_exchange *exchange = &client->exchange;
    bool is_reading = client->status == FERRY_STATUS_BODY && !exchange->response_ended;
    if (is_reading && client->reader_waits) {
        return TURN_PEER;
    }
    if (client->writer_waits && !exchange->upload_stopped) {
        return exchange->awaits_body ? TURN_RETRY : TURN_PEER;
    }
    return !is_reading && !exchange->awaits_body ? TURN_PEER : TURN_PROGRAM;
}

/* True where time-outs may be running. */
static bool client_is_timed(const ferry_client *client) {
    return client->status == FERRY_STATUS_RESOLVING || client->status == FERRY_STATUS_CONNECTING ||
           ferry_exchange_is_under_way(&client->exchange);
}

/* The timer that runs out first, and when: INT64_MAX where none runs. */
static client_timer client_first_timer(const ferry_client *client, int64_t *deadline_ms) {
    const ferry_timeouts *limits = client->limits;
    const ferry_exchange *exchange = &client->exchange;
    client_timer first = TIMER_NONE;
    *deadline_ms = INT64_MAX;
    if (client->status == FERRY_STATUS_RESOLVING || client->status == FERRY_STATUS_CONNECTING) {
        timer_consider(TIMER_CONNECT, client->connect_since_ms, client->timeouts.connect_ms, &first,
                       deadline_ms);
        return first;
    }
    if (!ferry_exchange_is_under_way(exchange)) {
        return first;
    }
    timer_consider(TIMER_TOTAL, client->request_since_ms, limits->total_ms, &first, deadline_ms);
    if (exchange->awaits_continue) {
        timer_consider(TIMER_CONTINUE, client->request_since_ms, limits->continue_ms, &first,
                       deadline_ms);
    }
    if (client->status == FERRY_STATUS_REQUESTING) {
        timer_consider(TIMER_RESPONSE, client->sent_since_ms, limits->response_ms, &first,
                       deadline_ms);
    }
    if (client_get_turn(client) == TURN_PEER) {
        timer_consider(TIMER_IDLE, client->idle_since_ms, limits->idle_ms, &first, deadline_ms);
    }
    return first;
}

static void client_record_connecting(ferry_client *client, int64_t now_us) {
    ferry_client_times *times = &client->times;
    if (client->link.stage >= FERRY_LINK_STAGE_RESOLVED && times->resolved_us < 0) {
        times->resolved_us = now_us;
    }
    if (client->link.stage >= FERRY_LINK_STAGE_CONNECTED && times->connected_us < 0) {
        times->connected_us = now_us;
    }
    if (client->status == FERRY_STATUS_CONNECTED && client->backend->ops->shows_connection) {
        times->ready_us = now_us;
    }
}

static void client_record_exchange(ferry_client *client, int64_t now_us) {
    const ferry_exchange *exchange = &client->exchange;
    ferry_client_times *times = &client->times;
    if (times->sent_us < 0 && exchange->is_sent && !exchange->upload_stopped &&
        client->backend->ops->shows_connection) {
        times->sent_us = now_us;
    }
    if (times->first_byte_us < 0 && exchange->has_begun) {
        times->first_byte_us = now_us;
    }
    if (times->end_us < 0 &&
        (exchange->response_arrived || exchange->state == FERRY_EXCHANGE_DONE)) {
        times->end_us = now_us;
    }
    client->times_are_final = times->end_us >= 0 && exchange->is_sent;
}

/* Keeps the times that the timers start from, too. */
void ferry_client_record_times(ferry_client *client, int64_t now_us) {
    int64_t now_ms = now_us / 1000;
    if (client->exchange.state == FERRY_EXCHANGE_NONE) {
        client_record_connecting(client, now_us);
        return;
    }
    client_record_exchange(client, now_us);
    const ferry_exchange *exchange = &client->exchange;
    if (client->sent_since_ms < 0 && exchange->state == FERRY_EXCHANGE_WAITING) {
        client->sent_since_ms = now_ms;
    }
    uint64_t moved = client->context.bytes_moved;
    bool was_programs_turn = client->is_programs_turn;
    client->is_programs_turn = client_get_turn(client) == TURN_PROGRAM;
    if (moved != client->moved_seen || was_programs_turn || client->is_programs_turn) {
        client->moved_seen = moved;
        client->idle_since_ms = now_ms;
    }
}

/* False where the idle time is over, but not for want of anything from the peer: a program that was
 * away for long may find it over although the bytes have long come. Whether they have, a stream
 * without a descriptor only says when it is tried. */
static bool client_idle_is_over(ferry_client *client, bool has_tried, int64_t now_ms) {
    ferry_wait waits[FERRY_MAX_WAITS];
    int64_t deadline_ms = INT64_MAX;
    bool wants_body = true; /* what only writes is told of bytes to read as well */
    size_t count = client->backend->ops->get_waits(client->backend, waits, FERRY_MAX_WAITS,
                                                   &deadline_ms, wants_body);
    if (count > 0 && waits[0].descriptor == FERRY_NO_DESCRIPTOR) {
        return has_tried;
    }
    if (count > 0 && ferry_runtime_is_ready(waits, count)) {
        client->idle_since_ms = now_ms;
        return false;
    }
    return true;
}

static ferry_error client_time_out(ferry_client *client, client_timer timer, bool has_tried,
                                   int64_t now_ms) {
    ferry_context *context = &client->context;
    const ferry_timeouts *limits = client->limits;
    const char *host = client->authority.data;
    switch (timer) {
    case TIMER_NONE:
        return FERRY_OK;
    case TIMER_CONNECT: {
        const char *phase = client->status == FERRY_STATUS_RESOLVING && !client->is_proxied
                                ? "look-up of"
                                : "connection to";
        ferry_status status = ferry_client_get_failed_status(client, FERRY_ERROR_TIMEOUT);
        const ferry_backend_ops *ops = client->backend->ops;
        const char *more = ops->get_phase != NULL ? ops->get_phase(client->backend) : NULL;
        ferry_fail(context, FERRY_ERROR_TIMEOUT,
                   "timeout: the %s %s took more than %d ms (connect_ms)%s", phase, host,
                   client->timeouts.connect_ms, more != NULL ? more : "");
        return ferry_client_fail(client, status, FERRY_ERROR_TIMEOUT);
    }
    case TIMER_RESPONSE:
        ferry_fail(context, FERRY_ERROR_TIMEOUT,
                   "timeout: %s did not answer within %d ms (response_ms)", host,
                   limits->response_ms);
        break;
    case TIMER_IDLE:
        if (!client_idle_is_over(client, has_tried, now_ms)) {
            return FERRY_OK;
        }
        ferry_fail(context, FERRY_ERROR_TIMEOUT,
                   "timeout: no byte was exchanged with %s for %d ms (idle_ms)", host,
                   limits->idle_ms);
        break;
    case TIMER_TOTAL:
        ferry_fail(context, FERRY_ERROR_TIMEOUT,
                   "timeout: the exchange with %s took more than %d ms (total_ms)", host,
                   limits->total_ms);
        break;
    case TIMER_CONTINUE:
        client->backend->ops->proceed(client->backend);
        return ferry_client_update(client);
    }
    return ferry_client_fail(client, FERRY_STATUS_CONNECTION_ERROR, FERRY_ERROR_TIMEOUT);
}

ferry_error ferry_client_check_time(ferry_client *client, bool has_tried) {
    if (!client_is_timed(client)) {
        if (client->exchange.state == FERRY_EXCHANGE_DONE && !client->times_are_final) {
            ferry_client_record_times(client, ferry_runtime_now_us());
        }
        return FERRY_OK;
    }
    int64_t now_us = ferry_runtime_now_us();
    int64_t now_ms = now_us / 1000;
    ferry_client_record_times(client, now_us);
    int64_t deadline_ms;
    client_timer timer = client_first_timer(client, &deadline_ms);
    return now_ms >= deadline_ms ? client_time_out(client, timer, has_tried, now_ms) : FERRY_OK;
}

void ferry_client_extend_timeouts(ferry_client *client, int milliseconds) {
    int64_t *const starts[] = {
        &client->connect_since_ms,
        &client->request_since_ms,
        &client->sent_since_ms,
        &client->idle_since_ms,
    };
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        if (milliseconds > 0 && *starts[i] >= 0) {
            *starts[i] += milliseconds;
        }
    }
}

int ferry_client_remaining_ms(const ferry_client *client, int64_t deadline_ms) {
    int64_t timer_ms;
    client_first_timer(client, &timer_ms);
    if (timer_ms < deadline_ms) {
        deadline_ms = timer_ms;
    }
    if (deadline_ms == INT64_MAX) {
        return -1;
    }
    int64_t now_ms = deadline_ms == 0 ? 0 : ferry_runtime_now_ms();
    int64_t left = deadline_ms - now_ms;
    return left <= 0 ? 0 : (left > INT32_MAX ? INT32_MAX : (int)left);
}
