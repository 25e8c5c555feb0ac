/* SPDX-License-Identifier: MIT */
/* platform: everything that differs between operating systems; platform/posix/ and platform/win32/
 * define it, and one of them is linked. */
#ifndef FERRY_PLATFORM_H
#define FERRY_PLATFORM_H

#include "connector.h"

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

/* As ferry_host_wait(), and marks in `ready` (may be NULL) which of the waits are ready. */
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

/* ---- Built from the above, the same on every platform ---- */

/* tcp: a stream over a connected socket, which it owns from then on. OUT_OF_MEMORY. */
ferry_error ferry_tcp_new(ferry_context *context, ferry_descriptor socket, ferry_stream **stream);

/* dialer: the connector for plain TCP (RFC 8305). OUT_OF_MEMORY. */
ferry_error ferry_dialer_new(ferry_context *context, ferry_connector **connector);

/* tunnel: what asks a proxy for a way to the origin, over a stream to that proxy. */
typedef struct ferry_tunnel ferry_tunnel;

/* For an origin that has a proxy. Where that refuses, code and headers of its answer go to the
 * exchange. OUT_OF_MEMORY. */
ferry_error ferry_tunnel_new(ferry_context *context, ferry_exchange *exchange,
                             const ferry_origin *origin, ferry_tunnel **tunnel);
void ferry_tunnel_free(ferry_tunnel *tunnel);

/* From the beginning, over another stream. */
void ferry_tunnel_rewind(ferry_tunnel *tunnel);

/* Goes on as far as the stream lets it; `done` tells whether that was to the open tunnel. Where
 * bytes of the origin came along with the proxy's answer, *stream is then another one, which gives
 * them first and owns the former. CANT_CONNECT: the proxy refuses; PROTOCOL, TOO_LARGE,
 * CONNECTION_ERROR, OUT_OF_MEMORY; with a detail. The stream stays the caller's. */
ferry_error ferry_tunnel_step(ferry_tunnel *tunnel, ferry_stream **stream, bool *done);

/* What it waits for: FERRY_EVENT_READ or FERRY_EVENT_WRITE. */
unsigned ferry_tunnel_get_events(const ferry_tunnel *tunnel);

/* route: the connector for every origin: it dials the origin or its proxy, then speaks TLS, asks
 * for a tunnel, and speaks TLS within that, as the origin needs it. OUT_OF_MEMORY. */
ferry_error ferry_route_new(ferry_context *context, ferry_exchange *exchange,
                            ferry_connector **connector);

#endif
