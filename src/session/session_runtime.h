/* SPDX-License-Identifier: MIT */
/* session_runtime: what a session needs of the machine, beyond what a client does: to wait for many
 * things at once. platform/posix/ defines it for machines with sockets, web/ for browsers; the
 * linker chooses. */
#ifndef FERRY_SESSION_SESSION_RUNTIME_H
#define FERRY_SESSION_SESSION_RUNTIME_H

#include "base/context.h"
#include "base/list.h"
#include "ferry_session.h"

#include <stdint.h>

/* True where the session makes the connections and follows redirects. False where a browser does:
 * there a client is connected as soon as it has been polled, and waits for nobody. */
extern const bool ferry_session_dials;

/* The defaults of the most connections to one origin, and to all. */
extern const int ferry_session_max_per_origin;
extern const int ferry_session_max_connections;

/* Seconds since 1970, for Retry-After and the expiry of cookies. */
int64_t ferry_session_wall_clock_s(void);

/* The URL that others are relative to where the program names none: the page's. Writes at most
 * `capacity` bytes, NUL included, and returns the size that is needed; 1: there is no such URL. */
size_t ferry_session_page_url(char *dst, size_t capacity);

/* A request that shall outlive its page begins, or has ended. Browsers bound what such requests
 * send: TOO_LARGE, UNAVAILABLE, with a detail: nothing has begun. Natively both do nothing. */
FERRY_MUST_USE ferry_error ferry_keepalive_begin(ferry_context *context,
                                                 const ferry_session_request *request);
void ferry_keepalive_end(const ferry_session_request *request);

/* ---- The poller ---- */

/* Finds which of many items can go on, in a time that grows with how many can, not with how many
 * there are. */
typedef struct ferry_poller ferry_poller;

enum {
    FERRY_POLLER_INLINE_WAITS = 2,
    FERRY_POLLER_BATCH = 64, /* items that one wait gives at least, where so many are ready */
};

/* What waits: a member of the thing that does. Zeroed: it waits for nothing. */
typedef struct ferry_poller_item {
    void (*advance)(struct ferry_poller_item *item); /* the session calls it when it is ready */
    bool takes_long;      /* about a millisecond, as a step of a TLS handshake does */
    ferry_list_node node; /* in the poller's list of those that are ready, then in the session's */
    ferry_list_node all;  /* of those that wait for something */
    ferry_wait *waits;    /* what it waits for: `few`, or a block */
    size_t count;
    size_t capacity;
    ferry_wait few[FERRY_POLLER_INLINE_WAITS];
} ferry_poller_item;

/* OUT_OF_MEMORY. FAILED, with a detail: there are no descriptors left. */
ferry_error ferry_poller_new(ferry_context *context, ferry_poller **poller);
void ferry_poller_free(ferry_poller *poller);

/* The item waits for these from now on. `are_fresh`: its descriptors may be other ones than before,
 * though their numbers are the same. What it has closed may have become another item's meanwhile:
 * that stays. An item without a descriptor among its waits is never found ready. OUT_OF_MEMORY;
 * FAILED, with a detail. The item then waits for nothing. */
ferry_error ferry_poller_set(ferry_poller *poller, ferry_poller_item *item, const ferry_wait *waits,
                             size_t count, bool are_fresh);

/* The item waits for nothing; what it owns is freed. It may still be in a list of ready ones. */
void ferry_poller_remove(ferry_poller *poller, ferry_poller_item *item);

/* Sleeps until an item is ready, the poller is woken, or the time has passed (0: does not sleep;
 * negative: never). Appends the ready items that are in no list yet to `ready`, or some of
 * them: the others are there at the next wait. *woken says that ferry_poller_wake() was called. A
 * signal ends it early. FAILED, with a detail. */
ferry_error ferry_poller_wait(ferry_poller *poller, int timeout_ms, ferry_list_node *ready,
                              bool *woken);

/* From any thread. */
void ferry_poller_wake(ferry_poller *poller);

/* For how long the page was hidden since the last call, in milliseconds. Natively 0. */
int64_t ferry_poller_take_hidden_ms(ferry_poller *poller);

/* While the page is hidden, and nobody polls, the body that the item waits for is read up to `most`
 * bytes, but not beyond `most_of_all` bytes of all bodies that wait. Natively it does nothing. */
void ferry_poller_read_ahead(ferry_poller *poller, const ferry_poller_item *item, int64_t most,
                             size_t most_of_all);

/* For a loop of the program's own: as ferry_session_get_waits(). */
size_t ferry_poller_get_waits(const ferry_poller *poller, ferry_wait *waits, size_t capacity);

#endif
