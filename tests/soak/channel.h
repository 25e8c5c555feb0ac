/* SPDX-License-Identifier: MIT */
/* channel: a connection as the server has it, which waits for its peer; a socket, or TLS over
 * another channel. */
#ifndef FERRY_SOAK_CHANNEL_H
#define FERRY_SOAK_CHANNEL_H

#include "link.h"

typedef struct soak_channel soak_channel;

/* Owns the descriptor. */
soak_channel *channel_new_socket(int descriptor);

/* Does what the link says from here on, to what goes over the socket. */
void channel_set_link(soak_channel *channel, const soak_link *link);

/* At least one byte; 0: the end, or the connection is broken. */
size_t channel_read(soak_channel *channel, void *dst, size_t capacity);
/* All of it; false: the connection is broken. */
bool channel_write(soak_channel *channel, const void *bytes, size_t length);
/* A record without data, where there are records. */
void channel_write_nothing(soak_channel *channel);

/* Ends writing, or all. */
void channel_end(soak_channel *channel, script_end how);
/* Reads until the client ends it: what a server does that wants its last words to be read. */
void channel_drain(soak_channel *channel);
void channel_free(soak_channel *channel);

/* ---- TLS: channel_tls.c ---- */

typedef struct channel_tls_options {
    bool is_1_2;
    int tickets; /* of TLS 1.3 */
} channel_tls_options;

/* Once, before there is a thread, and once behind all. The certificate is PEM. */
const char *channel_tls_start(void);
void channel_tls_stop(void);

/* Shakes hands as the server. The client's name for the server decides what the link is. Owns
 * `below` only where it succeeds; NULL: it failed. */
soak_channel *channel_new_tls(soak_channel *below, const channel_tls_options *options);

/* ---- For those that make one ---- */

typedef struct channel_ops {
    size_t (*read)(soak_channel *channel, void *dst, size_t capacity);
    bool (*write)(soak_channel *channel, const void *bytes, size_t length);
    void (*end)(soak_channel *channel, script_end how);
    void (*free)(soak_channel *channel);
} channel_ops;

struct soak_channel {
    const channel_ops *ops;
    soak_channel *below; /* NULL: a socket */
};

#endif
