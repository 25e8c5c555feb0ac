/* SPDX-License-Identifier: MIT */
/* platform: everything that differs between operating systems. A folder for each system defines it
 * (platform/posix/), and one of them is linked. Who ports the library writes these functions. */
#ifndef FERRY_PLATFORM_H
#define FERRY_PLATFORM_H

#include "base/context.h"

/* ---- Addresses ---- */

enum { FERRY_ADDRESS_SIZE = 128 };

/* A socket address with its port, as the system has it. */
typedef struct ferry_address {
    _Alignas(8) unsigned char storage[FERRY_ADDRESS_SIZE];
    unsigned length;
    bool is_ipv6;
} ferry_address;

enum { FERRY_MAX_ADDRESSES = 32 };

typedef struct ferry_address_list {
    size_t count;
    ferry_address items[FERRY_MAX_ADDRESSES];
} ferry_address_list;

/* Reads a numeric address ("127.0.0.1", "::1", "fe80::1%eth0"); false where it is none. */
bool ferry_address_from_literal(const char *host, uint16_t port, ferry_address *address);

/* "127.0.0.1:80", "[::1]:80". */
enum { FERRY_ADDRESS_TEXT_SIZE = 80 };
void ferry_address_to_text(const ferry_address *address, char text[FERRY_ADDRESS_TEXT_SIZE]);

/* ---- Environment ---- */

/* A variable's value. NULL if it is not set, and in a program with more rights than the user who
 * started it (setuid, setgid): that user must not choose whom it trusts. */
const char *ferry_platform_getenv(const char *name);

/* ---- Look-ups: getaddrinfo on threads of their own ---- */

typedef struct ferry_lookup ferry_lookup;

/* Starts a look-up. If too many run already, or there is no thread or descriptor left, it waits for
 * its turn. OUT_OF_MEMORY. FAILED, with a detail: no other look-up runs whose end could be waited
 * for. */
ferry_error ferry_lookup_start(ferry_context *context, const char *host, uint16_t port,
                               ferry_lookup **lookup);

/* Becomes readable when the look-up has ended. FERRY_NO_DESCRIPTOR while it waits for its turn:
 * poll it again soon. */
ferry_descriptor ferry_lookup_get_descriptor(const ferry_lookup *lookup);

/* Stores whether it has ended. Then `list` has the addresses in the system's order, or the result
 * is CANT_RESOLVE with a detail that names the host and the reason. FAILED: as by start, and in a
 * child after fork() for a look-up that its parent has started. */
ferry_error ferry_lookup_poll(ferry_lookup *lookup, ferry_context *context, bool *ended,
                              ferry_address_list *list);

/* Frees it. A look-up that runs is left alone without its descriptor: it ends, and frees itself. */
void ferry_lookup_free(ferry_lookup *lookup);

/* ---- Work that takes too long for a frame, on a thread of its own ---- */

typedef struct ferry_job ferry_job;

/* Runs `work`, which may outlive the job. NULL: there is no memory, thread or descriptor for it,
 * and `work` does not run. */
ferry_job *ferry_job_start(void (*work)(void *ctx), void *ctx);

/* Becomes readable when the work has ended, and stays so. */
ferry_descriptor ferry_job_get_descriptor(const ferry_job *job);

/* The work goes on, if it has not ended. NULL is legal. */
void ferry_job_free(ferry_job *job);

/* ---- Sockets: non-blocking TCP, no signals, not inherited by child processes ---- */

/* POSIX only. Returns the descriptor, or a copy of it whose number is not that of standard input,
 * output or error: a program may have closed those, and would print into the connection. -1 and
 * errno on failure; the descriptor is closed then. */
int ferry_descriptor_lift(int descriptor);

/* Begins to connect. CANT_CONNECT: that fails at once, and *reason is a sentence. */
ferry_error ferry_socket_connect(const ferry_address *address, ferry_descriptor *socket,
                                 const char **reason);

/* Stores whether the attempt has ended. CANT_CONNECT: it failed, and *reason is a sentence. To be
 * called once the socket is writable. */
ferry_error ferry_socket_finish_connect(ferry_descriptor socket, bool *ended, const char **reason);

/* Results as in ferry_stream_ops. With FERRY_STREAM_FAILED, *reason is a sentence. Writing gives
 * FERRY_STREAM_TRUNCATED, with a reason too, if the peer has reset the connection. Bytes that came
 * before can still be read then, and the end that the system reports behind them is not the
 * peer's. */
ferry_stream_result ferry_socket_read(ferry_descriptor socket, void *dst, size_t capacity,
                                      size_t *length, const char **reason);
ferry_stream_result ferry_socket_write(ferry_descriptor socket, const ferry_slice *slices,
                                       size_t count, size_t *length, const char **reason);
void ferry_socket_shutdown(ferry_descriptor socket);
void ferry_socket_close(ferry_descriptor socket);

/* ---- Waking a thread that waits ---- */

typedef struct ferry_wakeup ferry_wakeup;

/* OUT_OF_MEMORY. FAILED, with a detail: there is no descriptor left. */
ferry_error ferry_wakeup_new(ferry_context *context, ferry_wakeup **wakeup);
void ferry_wakeup_free(ferry_context *context, ferry_wakeup *wakeup);

/* What to wait on beside the connections: it becomes readable when somebody tells, and stays so
 * until it is cleared. A child after fork() gets one of its own, which is readable at first. Errors
 * as above. */
ferry_error ferry_wakeup_get_descriptor(ferry_wakeup *wakeup, ferry_context *context,
                                        ferry_descriptor *descriptor);

/* Called by any thread at any time, and by signal handlers. The other functions are called by one
 * thread at a time. */
void ferry_wakeup_tell(ferry_wakeup *wakeup);
void ferry_wakeup_clear(ferry_wakeup *wakeup);

/* ---- Waiting and time ---- */

/* Sleeps until one of the waits is ready or the time has passed (negative: never). Stores whether
 * one is, and in `ready` (may be NULL) which of them. FERRY_NO_DESCRIPTOR never is. After an
 * interruption by a signal *any_ready is true, and none of them is marked. */
ferry_error ferry_platform_wait(const ferry_wait *waits, size_t count, int timeout_ms, bool *ready,
                                bool *any_ready);
int64_t ferry_platform_now_ms(void);
int64_t ferry_platform_now_us(void);

/* ---- Chance ---- */

/* As ferry_runtime_random(). */
bool ferry_platform_random(void *dst, size_t length);

/* ---- Processes ---- */

/* A number that a child has another value of than its parent, if fork() has made it. Connections
 * and look-ups belong to the process that began them. */
int ferry_platform_process(void);

/* Why a child does nothing with a connection that it has from its parent. */
#define FERRY_FOREIGN_REASON "the connection is that of the process that has called fork()"

/* ---- The one lock of the process, for what clients share; held for short ---- */

void ferry_platform_lock(void);
void ferry_platform_unlock(void);

/* ---- The certificate authorities that the system trusts. Only TLS asks for them; where the
 * library is built with a bundle of its own, platform/tls/trust_bundle.c defines this part. ---- */

/* What the environment says of where they are, as it was when it was asked; NULL: nothing. */
typedef struct ferry_trust_places {
    char *file;
    char *folders;
} ferry_trust_places;

/* Asks the environment, which no other thread may change meanwhile. False: no memory. */
bool ferry_trust_places_init(ferry_trust_places *places);
void ferry_trust_places_deinit(ferry_trust_places *places);

/* Takes PEM text that ends with NUL, which `size` does not count; returns how many authorities were
 * in it. */
typedef size_t (*ferry_trust_add)(void *ctx, const char *pem, size_t size);

/* Gives `add` all that there is, and writes the places where it looked to `looked`, for a sentence.
 * This takes long, for a frame: it is called on a thread of its own. Returns 0, EACCES where
 * something could not be read that is there, or the errno of what makes the answer incomplete, such
 * as EMFILE: then it has stopped, and what there is now is not to be relied on. */
int ferry_trust_read(const ferry_trust_places *places, ferry_trust_add add, void *ctx, char *looked,
                     size_t looked_size);

#endif
