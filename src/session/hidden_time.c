/* SPDX-License-Identifier: MIT */
/* hidden_time: the time for which a page was hidden, and nobody polled, is no time-out's. */
#include "session_state.h"

#include <limits.h>

void ferry_session_pass_over_hidden(ferry_session *session) {
    int64_t hidden_ms = session->poller != NULL ? ferry_poller_take_hidden_ms(session->poller) : 0;
    if (hidden_ms == 0) {
        return;
    }
    const ferry_list_node *all = &session->transfers;
    for (ferry_list_node *node = ferry_list_first(all); node != NULL;
         node = ferry_list_next(all, node)) {
        ferry_transfer *transfer = FERRY_LIST_ITEM(node, ferry_transfer, all);
        /* The timer of one that is delayed is due before; then it is set to the deadline. */
        bool is_due =
            ferry_heap_has(&transfer->timer) && transfer->timer.key == transfer->deadline_us;
        if (transfer->deadline_us != INT64_MAX) {
            transfer->deadline_us += hidden_ms * 1000;
        }
        if (is_due) {
            ferry_heap_put(&session->transfer_timers, &transfer->timer, transfer->deadline_us);
        }
    }
    int extension_ms = hidden_ms < INT_MAX ? (int)hidden_ms : INT_MAX;
    all = &session->connections;
    for (ferry_list_node *node = ferry_list_first(all); node != NULL;
         node = ferry_list_next(all, node)) {
        ferry_pool_connection *connection = FERRY_LIST_ITEM(node, ferry_pool_connection, all);
        ferry_client_extend_timeouts(connection->client, extension_ms);
    }
}
