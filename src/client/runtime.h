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

/* Sleeps until one of the descriptors is ready or the time has passed (negative: never). Stores
 * whether something was ready. Interruptions by signals count as readiness. */
ferry_error ferry_runtime_wait(ferry_context *context, const ferry_wait *waits, size_t count,
                               int timeout_ms, bool *ready);

/* Fills `dst` with random bytes that nobody can guess, at most 256 of them. False: there are none.
 */
bool ferry_runtime_random(void *dst, size_t length);

/* The backend of this platform: the wire backend over sockets, or fetch. OUT_OF_MEMORY. */
ferry_error ferry_runtime_backend_new(ferry_context *context, ferry_exchange *exchange,
                                      ferry_backend **backend);

#endif
