/* SPDX-License-Identifier: MIT */
/* throttle: counts what a client has moved, and lets a transfer's connection sleep until its limits
 * allow more. */
#include "throttle.h"

#include "pooled.h"

enum {
    LEAST_WINDOW = 16 * 1024,
    PASS_US = 60 * 1000, /* some frames, and about what a piece takes */
};

void ferry_throttle_begin(ferry_transfer *transfer) {
    int64_t limit = transfer->plan.request.max_bytes_per_second;
    for (int way = 0; way < FERRY_WAYS; way++) {
        ferry_rate_begin(&transfer->throttles[way].rate, limit, transfer->session->now_us);
    }
}

void ferry_throttle_begin_exchange(ferry_transfer *transfer) {
    for (int way = 0; way < FERRY_WAYS; way++) {
        transfer->throttles[way].counted = 0;
    }
}

bool ferry_throttle_is_limited(const ferry_transfer *transfer) {
    return transfer->throttles[FERRY_WAY_IN].rate.bytes_per_second > 0 ||
           transfer->session->lines[FERRY_WAY_IN].rate.bytes_per_second > 0;
}

/* The first one in the line looks again when something may be moved. */
static void line_arm(ferry_session *session, ferry_way way) {
    ferry_line *line = &session->lines[way];
    ferry_list_node *node = ferry_list_first(&line->waiting);
    if (node == NULL) {
        return;
    }
    ferry_throttle *first = FERRY_LIST_ITEM(node, ferry_throttle, waiting);
    int64_t turn_us = line->rate.until_us;
    if (first->pass_us == 0) {
        first->pass_us = (turn_us > session->now_us ? turn_us : session->now_us) + PASS_US;
    }
    ferry_pooled_set_timer(first->transfer->connection, turn_us);
}

static void line_leave(ferry_transfer *transfer, ferry_way way) {
    ferry_throttle *throttle = &transfer->throttles[way];
    throttle->pass_us = 0;
    if (ferry_list_has(&throttle->waiting)) {
        ferry_list_remove(&throttle->waiting);
        line_arm(transfer->session, way);
    }
}

/* Who is the first and does not ask although it may move something lets the others pass: what the
 * program reads or writes itself may wait for long. */
static void line_pass(ferry_transfer *transfer, ferry_way way) {
    const ferry_session *session = transfer->session;
    const ferry_line *line = &session->lines[way];
    const ferry_throttle *throttle = &transfer->throttles[way];
    if (!ferry_list_has(&throttle->waiting) ||
        ferry_list_first(&line->waiting) != &throttle->waiting) {
        return;
    }
    if (ferry_rate_ask(&line->rate, session->now_us) == 0) {
        ferry_pooled_set_timer(transfer->connection, line->rate.until_us);
    } else if (session->now_us < throttle->pass_us) {
        ferry_pooled_set_timer(transfer->connection, throttle->pass_us);
    } else {
        line_leave(transfer, way);
    }
}

void ferry_throttle_pass(ferry_transfer *transfer) {
    for (int way = 0; way < FERRY_WAYS; way++) {
        line_pass(transfer, (ferry_way)way);
    }
}

static size_t line_admit(ferry_transfer *transfer, ferry_way way) {
    ferry_session *session = transfer->session;
    ferry_line *line = &session->lines[way];
    ferry_throttle *throttle = &transfer->throttles[way];
    const ferry_list_node *first = ferry_list_first(&line->waiting);
    bool is_its_turn = first == NULL || first == &throttle->waiting;
    size_t most = is_its_turn ? ferry_rate_ask(&line->rate, session->now_us) : 0;
    if (most > 0) {
        line_leave(transfer, way);
        return most;
    }
    if (!ferry_list_has(&throttle->waiting)) {
        throttle->transfer = transfer;
        ferry_list_append(&line->waiting, &throttle->waiting);
    }
    throttle->pass_us = 0; /* it does ask */
    line_arm(session, way);
    return 0;
}

size_t ferry_throttle_admit(ferry_transfer *transfer, ferry_way way) {
    const ferry_rate *own = &transfer->throttles[way].rate;
    size_t most = ferry_rate_ask(own, transfer->session->now_us);
    if (most == 0) {
        line_leave(transfer, way);
        ferry_pooled_set_timer(transfer->connection, own->until_us);
        return 0;
    }
    size_t shared = line_admit(transfer, way);
    return shared < most ? shared : most;
}

void ferry_throttle_count(ferry_transfer *transfer, ferry_way way) {
    ferry_session *session = transfer->session;
    const ferry_client *client = transfer->connection->client;
    ferry_throttle *throttle = &transfer->throttles[way];
    int64_t total = way == FERRY_WAY_IN ? ferry_client_get_bytes_received(client)
                                        : ferry_client_get_bytes_sent(client);
    int64_t moved = total - throttle->counted;
    throttle->counted = total;
    ferry_rate_take(&throttle->rate, session->now_us, moved);
    ferry_rate_take(&session->lines[way].rate, session->now_us, moved);
}

static size_t window_for(const ferry_rate *rate, size_t window) {
    int64_t wanted = rate->bytes_per_second / 4;
    wanted = wanted < LEAST_WINDOW ? LEAST_WINDOW : wanted;
    bool is_less = rate->bytes_per_second > 0 && (window == 0 || (uint64_t)wanted < window);
    return is_less ? (size_t)wanted : window;
}

size_t ferry_throttle_choose_window(const ferry_transfer *transfer, size_t window) {
    window = window_for(&transfer->throttles[FERRY_WAY_IN].rate, window);
    return window_for(&transfer->session->lines[FERRY_WAY_IN].rate, window);
}

void ferry_throttle_leave(ferry_transfer *transfer) {
    transfer->connection->is_paused = false;
    for (int way = 0; way < FERRY_WAYS; way++) {
        ferry_throttle_count(transfer, (ferry_way)way);
        line_leave(transfer, (ferry_way)way);
    }
}
