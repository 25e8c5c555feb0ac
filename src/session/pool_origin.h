/* SPDX-License-Identifier: MIT */
/* pool_origin: where requests go that may share connections. */
#ifndef FERRY_SESSION_POOL_ORIGIN_H
#define FERRY_SESSION_POOL_ORIGIN_H

#include "session_state.h"

/* The origin of the transfer's URL, which is made if there is none yet. NULL: there is no memory.
 */
ferry_pool_origin *ferry_pool_origin_of(ferry_transfer *transfer);

/* More or fewer of its transfers wait, or of its connections are being made. */
static inline void ferry_pool_origin_note_demand(ferry_session *session,
                                                 ferry_pool_origin *origin) {
    bool is_spare = origin->connecting > origin->waiting.count + origin->renewing.count;
    if (is_spare && !ferry_list_has(&origin->spare)) {
        ferry_list_append(&session->spare, &origin->spare);
    } else if (!is_spare) {
        ferry_list_remove(&origin->spare);
    }
}

/* Forgets an origin that nobody uses: without connections, waiting transfers, and holds. */
void ferry_pool_origin_release(ferry_session *session, ferry_pool_origin *origin);

/* How many of its connections count among max_connections_per_origin: event streams have an
 * allowance of their own. */
size_t ferry_pool_origin_count(const ferry_session *session, const ferry_pool_origin *origin);

/* True where it may have no more. */
static inline bool ferry_pool_origin_is_full(const ferry_session *session,
                                             const ferry_pool_origin *origin) {
    return ferry_pool_origin_count(session, origin) >= (size_t)session->max_per_origin;
}

#endif
