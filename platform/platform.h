/* SPDX-License-Identifier: MIT */
/* platform: everything that differs between operating systems; platform/posix/ and platform/win32/
 * define it, and one of them is linked. */
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

/* NULL also where the program has rights (setuid, setgid) that whoever started it has not, and who
 * is not to say whom it trusts. */
const char *ferry_platform_getenv(const char *name);

/* ---- Look-ups: getaddrinfo on threads of their own ---- */

typedef struct ferry_lookup ferry_lookup;

/* Starts one. Where too many run already, or threads or descriptors are short that others will give
 * back, it waits for its turn. OUT_OF_MEMORY, or FAILED with a detail where there is nobody to wait
 * for. */
ferry_error ferry_lookup_start(ferry_context *context, const char *host, uint16_t port,
                               ferry_lookup **lookup);

/* Ready for reading when the look-up has ended. FERRY_NO_DESCRIPTOR while it waits for descriptors:
 * then it is to be polled again before long. */
ferry_descriptor ferry_lookup_get_descriptor(const ferry_lookup *lookup);

/* Stores whether it has ended; then `list` has the addresses in the system's order, or the result
 * is CANT_RESOLVE with a detail that names the host and says why. FAILED, as by start; in a child
 * after fork() too, for a look-up of its parent's. */
ferry_error ferry_lookup_poll(ferry_lookup *lookup, ferry_context *context, bool *ended,
                              ferry_address_list *list);

/* Frees it, at once where it waits for its turn; one that is running is left behind, without a
 * descriptor, ends by itself and frees itself. */
void ferry_lookup_free(ferry_lookup *lookup);

/* ---- Work that takes too long for a frame, on a thread of its own ---- */

typedef struct ferry_job ferry_job;

/* Runs `work`, which may outlive the job. NULL: there is no memory, no thread or no descriptor for
 * it, and it does not run. */
ferry_job *ferry_job_start(void (*work)(void *ctx), void *ctx);

/* Ready for reading from when the work has ended on. */
ferry_descriptor ferry_job_get_descriptor(const ferry_job *job);

/* The work goes on, if it has not ended. NULL is legal. */
void ferry_job_free(ferry_job *job);

/* ---- Sockets: non-blocking TCP, no signals, not inherited by child processes ---- */

/* The descriptor itself, or a copy with a number that is none of the standard ones: a program may
 * have closed those and print all the same. -1 and errno; the descriptor is closed then. POSIX
 * only. */
int ferry_descriptor_lift(int descriptor);

/* Begins to connect. CANT_CONNECT where that fails at once; `reason` then points at a sentence. */
ferry_error ferry_socket_connect(const ferry_address *address, ferry_descriptor *socket,
                                 const char **reason);

/* Stores whether the attempt has ended; CANT_CONNECT and a reason where it failed. Not before the
 * socket is writable. */
ferry_error ferry_socket_finish_connect(ferry_descriptor socket, bool *ended, const char **reason);

/* Results as in ferry_stream_ops; `reason` is set with FERRY_STREAM_FAILED. Writing gives
 * FERRY_STREAM_TRUNCATED, with a reason too, where the peer has reset the connection without having
 * ended it: what has come can still be read, and the system then tells of an end that is none. */
ferry_stream_result ferry_socket_read(ferry_descriptor socket, void *dst, size_t capacity,
                                      size_t *length, const char **reason);
ferry_stream_result ferry_socket_write(ferry_descriptor socket, const ferry_slice *slices,
                                       size_t count, size_t *length, const char **reason);
void ferry_socket_shutdown(ferry_descriptor socket);
void ferry_socket_close(ferry_descriptor socket);

/* ---- Waiting and time ---- */

/* As ferry_runtime_wait(), and marks in `ready` (may be NULL) which of the waits are ready. */
ferry_error ferry_platform_wait(const ferry_wait *waits, size_t count, int timeout_ms, bool *ready,
                                bool *any_ready);
int64_t ferry_platform_now_ms(void);
int64_t ferry_platform_now_us(void);

/* ---- Processes ---- */

/* Another number in a child that fork() has made than in its parent. Connections and look-ups are
 * of the process that began them. */
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
