/* SPDX-License-Identifier: MIT */
/* runtime: what the client needs of the machine that it runs on. platform/net/ defines it for
 * machines with sockets, web/ for browsers; the linker chooses. */
#ifndef FERRY_CLIENT_RUNTIME_H
#define FERRY_CLIENT_RUNTIME_H

#include "message/backend.h"

/* The default of poll_budget_bytes: what can be read in a small part of a frame. */
extern const size_t ferry_runtime_poll_budget;

/* How long one call of a program that polls may work, and all reads between two polls together, in
 * microseconds. The call ends with the piece of work during which this time passes. */
extern const int64_t ferry_runtime_work_us;

/* A clock that never goes back, from an arbitrary start. */
int64_t ferry_runtime_now_ms(void);
int64_t ferry_runtime_now_us(void);

/* True where one of these is ready now. */
bool ferry_runtime_is_ready(const ferry_wait *waits, size_t count);

/* True where ferry_runtime_wait() can sleep. */
bool ferry_runtime_can_wait(void);

/* Lets another thread end a sleep. */
typedef struct ferry_wakeup ferry_wakeup;

/* OUT_OF_MEMORY. FAILED, with a detail: the system has nothing left for it. */
ferry_error ferry_runtime_wakeup_new(ferry_context *context, ferry_wakeup **wakeup);
void ferry_runtime_wakeup_free(ferry_context *context, ferry_wakeup *wakeup);

/* Ends the sleep that goes on, or else the next one. On any thread, and natively in a signal
 * handler. A sleep may also end as woken when nobody does so: in a child after fork(). */
void ferry_runtime_wake(ferry_wakeup *wakeup);

enum { FERRY_MAX_WAITS = 40 }; /* every address of a host, and the look-up */

typedef enum ferry_wait_end {
    FERRY_WAIT_END_TIME,   /* nothing was ready in that time */
    FERRY_WAIT_END_READY,  /* one of the waits is */
    FERRY_WAIT_END_SIGNAL, /* of the system's has interrupted it */
    FERRY_WAIT_END_WOKEN,  /* by the wakeup; what the waits are nobody has looked */
} ferry_wait_end;

/* Sleeps until one of the waits is ready, or the time has passed (negative: never), or something
 * ends that. `wakeup` may be NULL. The place behind the waits, waits[count], is scratch. */
ferry_error ferry_runtime_wait(ferry_context *context, ferry_wait *waits, size_t count,
                               ferry_wakeup *wakeup, int timeout_ms, ferry_wait_end *end);

/* Fills `dst` with random bytes that nobody can guess, at most 256 of them. False: there are none.
 */
bool ferry_runtime_random(void *dst, size_t length);

/* The backend of this platform: the wire backend over sockets, or fetch. OUT_OF_MEMORY. */
ferry_error ferry_runtime_backend_new(ferry_context *context, ferry_exchange *exchange,
                                      ferry_backend **backend);

#endif
