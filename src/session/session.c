/* SPDX-License-Identifier: MIT */
/* session: its begin, its polls, and its end. */
#include "exchange.h"
#include "pool.h"
#include "pool_serve.h"
#include "session_disk.h"
#include "session_options.h"
#include "transfer.h"
#include "transfer_files.h"

#include <limits.h>
#include <string.h>

enum { MOST_ROUNDS = 64 }; /* of reading in a poll without a budget */

/* ---- Begin and end ---- */

ferry_session *ferry_session_new(const ferry_session_options *options) {
    static const ferry_session_options defaults;
    if (options == NULL) {
        options = &defaults;
    }
    ferry_context context = {.allocator = options->client.allocator};
    const ferry_allocator *given = &options->client.allocator;
    bool has_all = given->alloc != NULL && given->realloc != NULL && given->free != NULL;
    if (!has_all) {
        context.allocator = ferry_default_allocator;
    }
    ferry_session *session = ferry_alloc(&context, sizeof *session);
    void *reserve = ferry_alloc(&context, sizeof(ferry_transfer));
    if (session == NULL || reserve == NULL) {
        ferry_free(&context, session);
        ferry_free(&context, reserve);
        return NULL;
    }
    *session = (ferry_session){
        .context = context,
        .on_disk = ferry_transfer_look,
        .reserve = reserve,
    };
    ferry_pool_init(session, &ferry_exchange_events);
    ferry_list_init(&session->ready);
    ferry_list_init(&session->paused);
    ferry_list_init(&session->storing);
    ferry_list_init(&session->transfers);
    ferry_list_init(&session->finished);
    ferry_list_init(&session->news);
    for (int way = 0; way < FERRY_WAYS; way++) {
        ferry_list_init(&session->lines[way].waiting);
    }
    ferry_buffer_init(&session->tls_key, FERRY_LIMIT_ORIGIN_KEY, "the TLS options");
    session->bad_option = ferry_session_take_options(session, options);
    return session;
}

static void session_destroy(ferry_session *session) {
    const ferry_context *context = &session->context;
    session->is_closing = true;
    for (ferry_list_node *node; (node = ferry_list_take(&session->transfers)) != NULL;) {
        ferry_transfer *transfer = FERRY_LIST_ITEM(node, ferry_transfer, all);
        ferry_transfer_cancel(transfer);
        ferry_list_remove(&transfer->finished);
        ferry_list_remove(&transfer->news);
        transfer->needs_done_call = false;
        bool is_detached = transfer->is_detached;
        transfer->session = NULL;
        if (is_detached) {
            ferry_transfer_free(transfer);
        }
    }
    ferry_pool_deinit(session);
    ferry_session_close_disk(session);
    ferry_poller_free(session->poller);
    ferry_heap_deinit(&session->transfer_timers, context);
    ferry_tls_cache_free(session->tls_cache);
    ferry_client_options_copy_free(context, session->client_options);
    if (session->tls_key.data != NULL) {
        ferry_wipe(session->tls_key.data, session->tls_key.capacity);
    }
    ferry_buffer_deinit(&session->tls_key, context);
    ferry_free(context, session->tls_pins);
    ferry_free(context, session->base_url);
    ferry_free(context, session->http_proxy);
    ferry_free(context, session->https_proxy);
    ferry_free(context, session->reserve);
    ferry_context copy = *context;
    ferry_free(&copy, session);
}

void ferry_session_free(ferry_session *session) {
    if (session == NULL) {
        return;
    }
    if (session->is_polling) {
        session->is_freed = true;
    } else {
        session_destroy(session);
    }
}

void ferry_session_cancel_all(ferry_session *session) {
    ferry_list_node *next;
    ferry_session_note_time(session);
    session->is_closing = true;
    for (ferry_list_node *node = ferry_list_first(&session->transfers); node != NULL; node = next) {
        next = ferry_list_next(&session->transfers, node); /* a cancel frees none */
        ferry_transfer_cancel(FERRY_LIST_ITEM(node, ferry_transfer, all));
    }
    session->is_closing = false;
}

void ferry_session_network_changed(ferry_session *session) {
    ferry_session_note_time(session);
    session->epoch++;
    ferry_address_book_clear(&session->addresses, &session->context);
    ferry_pool_drop_idle(session, NULL);
    ferry_pool_serve_waiting(session);
}

/* ---- Polling ---- */

static bool session_has_time(ferry_session *session) {
    session->now_us = ferry_runtime_now_us();
    return session->poll_budget_us < 0 || session->now_us < session->poll_end_us;
}

/* One at least, so that those that are due come to an end; the others have their time in the next
 * polls. */
static void run_transfer_timers(ferry_session *session) {
    ferry_heap_node *node;
    do {
        node = ferry_heap_first(&session->transfer_timers);
        if (node == NULL || node->key > session->now_us) {
            break;
        }
        ferry_transfer_timer(FERRY_HEAP_ITEM(node, ferry_transfer, timer));
    } while (!session->is_freed && session_has_time(session));
}

/* They get turns like others: a thousand may be due at once. */
static void take_due_connections(ferry_session *session) {
    for (ferry_heap_node *node; (node = ferry_heap_first(&session->connection_timers)) != NULL;) {
        if (node->key > session->now_us) {
            break;
        }
        ferry_heap_remove(&session->connection_timers, node);
        ferry_pool_connection *connection = FERRY_HEAP_ITEM(node, ferry_pool_connection, timer);
        if (!ferry_list_has(&connection->item.node)) {
            ferry_list_append(&session->ready, &connection->item.node);
        }
    }
}

/* What takes long at once is no longer begun in the second half of the time, unless it is the first
 * in a poll. */
static bool session_may_begin(const ferry_session *session, const ferry_poller_item *item,
                              bool is_first) {
    return is_first || !item->takes_long || session->poll_budget_us < 0 ||
           session->now_us < session->poll_end_us - session->poll_budget_us / 2;
}

/* Each that is ready now has one turn; what is ready again has its next one later. Returns how many
 * had one. */
static size_t run_ready(ferry_session *session, bool is_first) {
    ferry_list_node turn;
    ferry_list_node next; /* the first one in the next poll */
    ferry_list_init(&turn);
    ferry_list_init(&next);
    ferry_list_append_all(&turn, &session->ready);
    size_t count = 0;
    for (ferry_list_node *node; (node = ferry_list_take(&turn)) != NULL;) {
        ferry_poller_item *item = FERRY_LIST_ITEM(node, ferry_poller_item, node);
        if (!session_may_begin(session, item, is_first && count == 0)) {
            ferry_list_append(&next, node);
            break;
        }
        item->advance(item);
        count++;
        if (session->is_freed || !session_has_time(session)) {
            break;
        }
    }
    ferry_list_prepend_all(&session->ready, &turn); /* before those that came later */
    ferry_list_prepend_all(&session->ready, &next);
    return count;
}

static void call_functions(ferry_session *session, bool ends_poll) {
    ferry_list_node turn;
    ferry_list_init(&turn);
    ferry_list_append_all(&turn, &session->news);
    for (ferry_list_node *node; (node = ferry_list_take(&turn)) != NULL;) {
        if (!session->is_freed) {
            ferry_transfer_call_functions(FERRY_LIST_ITEM(node, ferry_transfer, news), ends_poll);
        }
    }
}

static int64_t next_timer_us(const ferry_session *session) {
    const ferry_heap_node *a = ferry_heap_first(&session->transfer_timers);
    const ferry_heap_node *b = ferry_heap_first(&session->connection_timers);
    int64_t next = INT64_MAX;
    if (a != NULL) {
        next = a->key;
    }
    return b != NULL && b->key < next ? b->key : next;
}

int ferry_session_get_wait_timeout_ms(const ferry_session *session) {
    if (!ferry_list_is_empty(&session->ready) || !ferry_list_is_empty(&session->news)) {
        return 0;
    }
    int64_t next_us = next_timer_us(session);
    if (next_us == INT64_MAX) {
        return -1;
    }
    int64_t left_us = next_us - ferry_runtime_now_us();
    if (left_us <= 0) {
        return 0;
    }
    return left_us < (int64_t)INT_MAX * 1000 ? (int)((left_us + 999) / 1000) : INT_MAX;
}

static int session_sleep_ms(const ferry_session *session, int timeout_ms) {
    bool would_never_end = timeout_ms < 0 && session->unfinished == 0;
    if (timeout_ms == 0 || would_never_end || session->is_woken || !ferry_runtime_can_wait()) {
        return 0;
    }
    int own_ms = ferry_session_get_wait_timeout_ms(session);
    return own_ms >= 0 && (timeout_ms < 0 || own_ms < timeout_ms) ? own_ms : timeout_ms;
}

/* True where a poll that may sleep was woken; one that may not leaves that to the next. */
static bool session_take_wake(ferry_session *session, int timeout_ms) {
    bool is_taken = session->is_woken && timeout_ms != 0;
    session->is_woken = session->is_woken && !is_taken;
    return is_taken;
}

/* A failure to wait is a failure of the whole machine: what can be done without is done. */
static void session_look(ferry_session *session, int sleep_ms) {
    bool woken = false;
    ferry_error error = ferry_poller_wait(session->poller, sleep_ms, &session->ready, &woken);
    (void)error;
    session->is_woken = session->is_woken || woken;
}

/* True where the next batch is for this poll: there may be one, and time for it. What is done is
 * taken, and its connections are used again, while it is still in the processor's caches: so a poll
 * that may sleep, which a program makes when it has nothing else to do, leaves the rest to the next
 * one. */
static bool session_goes_on(ferry_session *session, int timeout_ms, size_t advanced) {
    bool is_awaited = timeout_ms != 0 && !ferry_list_is_empty(&session->finished);
    return advanced >= FERRY_POLLER_BATCH && !session->is_freed && !is_awaited &&
           session_has_time(session);
}

/* What a client reads at once is a frame's share; a program that polls seldom has time for more.
 * All that are ready again have another turn as long as bytes come. */
static void session_read_on(ferry_session *session) {
    uint64_t seen;
    int rounds = MOST_ROUNDS;
    do {
        seen = session->counters.bytes_received;
        run_ready(session, false);
    } while (!session->is_freed && session->counters.bytes_received != seen && --rounds > 0 &&
             !ferry_list_is_empty(&session->ready) && session_has_time(session));
}

/* The program's loop, or a sleep: true where the session was woken. */
static bool session_run(ferry_session *session, int timeout_ms) {
    uint64_t received = session->counters.bytes_received;
    session->is_polling = true;
    session_look(session, session_sleep_ms(session, timeout_ms));
    bool woken = session_take_wake(session, timeout_ms);
    session->now_us = ferry_runtime_now_us();
    session->poll_end_us = session->now_us + session->poll_budget_us;
    ferry_session_pass_over_hidden(session);
    take_due_connections(session);
    /* Without a budget, too, each has some turns at most. */
    size_t batches = 2 + session->counters.connections_open / FERRY_POLLER_BATCH;
    size_t advanced = run_ready(session, true);
    while (session_goes_on(session, timeout_ms, advanced) && --batches > 0) {
        call_functions(session, false);
        session_look(session, 0);
        advanced = session->is_freed ? 0 : run_ready(session, false);
    }
    if (!session->is_freed && session->counters.bytes_received != received &&
        session_has_time(session)) {
        session_read_on(session);
    }
    if (!session->is_freed) {
        run_transfer_timers(session);
        call_functions(session, true);
    }
    session->is_polling = false;
    return woken;
}

size_t ferry_session_poll(ferry_session *session, int timeout_ms) {
    if (session->is_polling) {
        return session->unfinished;
    }
    if (session->poller != NULL) {
        session_run(session, timeout_ms);
    } else { /* no transfer has begun: each has failed, and says so */
        session->is_polling = true;
        call_functions(session, true);
        session->is_polling = false;
    }
    if (session->is_freed) {
        session_destroy(session);
        return 0;
    }
    return session->unfinished;
}

ferry_transfer *ferry_session_next_done(ferry_session *session) {
    ferry_list_node *node = ferry_list_take(&session->finished);
    return node != NULL ? FERRY_LIST_ITEM(node, ferry_transfer, finished) : NULL;
}

ferry_error ferry_transfer_wait(ferry_transfer *transfer, int timeout_ms) {
    ferry_session *session = transfer->session;
    if (transfer->state == FERRY_TRANSFER_DONE || session == NULL) {
        return transfer->error;
    }
    if (session->is_polling) {
        return FERRY_ERROR_BUSY;
    }
    if (timeout_ms != 0 && !ferry_runtime_can_wait()) {
        return FERRY_ERROR_UNAVAILABLE;
    }
    int64_t end_us = ferry_runtime_now_us() + (int64_t)timeout_ms * 1000;
    bool woken = false;
    ferry_transfer_hold(transfer);
    int64_t left_us = end_us - ferry_runtime_now_us();
    do {
        int left_ms = left_us > 0 ? (int)((left_us + 999) / 1000) : 0;
        woken = session_run(session, timeout_ms < 0 ? -1 : left_ms);
        if (session->is_freed) {
            session_destroy(session);
            break;
        }
        left_us = end_us - ferry_runtime_now_us();
    } while (transfer->state != FERRY_TRANSFER_DONE && !woken && (timeout_ms < 0 || left_us > 0));
    ferry_error error = transfer->error;
    if (transfer->state != FERRY_TRANSFER_DONE) {
        error = woken ? FERRY_ERROR_ABORTED : FERRY_ERROR_TIMEOUT;
    }
    ferry_transfer_release(transfer);
    return error;
}

void ferry_session_wake(ferry_session *session) {
    if (session->poller != NULL) {
        ferry_poller_wake(session->poller);
    }
}

size_t ferry_session_get_waits(const ferry_session *session, ferry_wait *waits, size_t capacity) {
    return session->poller != NULL ? ferry_poller_get_waits(session->poller, waits, capacity) : 0;
}

void ferry_session_get_counters(const ferry_session *session, ferry_session_counters *counters) {
    *counters = session->counters;
    counters->transfers_queued = session->unfinished - counters->transfers_active;
}
