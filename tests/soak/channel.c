/* SPDX-License-Identifier: MIT */
/* channel: the socket, and what befalls it. */
#include "channel.h"

#include "require.h"
#include "server.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 300000 };

typedef struct socket_channel {
    soak_channel base;
    int descriptor;
    soak_link link;
    size_t sent; /* since the link was set */
    bool is_broken;
} socket_channel;

/* False: there was nothing for longer than any client waits, or the server stops. */
static bool socket_wait(const socket_channel *socket, short events) {
    for (int waited = 0; waited < PATIENCE_MS && !server_is_stopping(); waited += 500) {
        struct pollfd poll_one = {socket->descriptor, events, 0};
        if (poll(&poll_one, 1, 500) > 0) {
            return true;
        }
    }
    return false;
}

static size_t socket_read(soak_channel *channel, void *dst, size_t capacity) {
    socket_channel *socket = (socket_channel *)channel;
    if (socket->is_broken || !socket_wait(socket, POLLIN)) {
        return 0;
    }
    ssize_t length = recv(socket->descriptor, dst, capacity, 0);
    return length > 0 ? (size_t)length : 0;
}

static void socket_reset(socket_channel *socket) {
    struct linger now = {1, 0};
    setsockopt(socket->descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(socket->descriptor);
    socket->descriptor = -1;
    socket->is_broken = true;
}

static void socket_end(soak_channel *channel, script_end how) {
    socket_channel *socket = (socket_channel *)channel;
    if (socket->is_broken) {
        return;
    }
    if (how == SCRIPT_END_RESET) {
        socket_reset(socket);
    } else {
        shutdown(socket->descriptor, SHUT_WR);
    }
}

static bool socket_send(socket_channel *socket, const void *bytes, size_t length) {
    const char *from = bytes;
    while (length > 0) {
        ssize_t sent = send(socket->descriptor, from, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            if (!socket_wait(socket, POLLOUT)) {
                return false;
            }
            sent = send(socket->descriptor, from, length, MSG_NOSIGNAL | MSG_DONTWAIT);
        }
        if (sent < 0) {
            return false;
        }
        from += sent;
        length -= (size_t)sent;
        socket->sent += (size_t)sent;
    }
    return true;
}

static void socket_drain(socket_channel *socket) {
    char bytes[16384];
    while (socket_read(&socket->base, bytes, sizeof bytes) > 0) {
    }
}

/* The place of the fault has been reached. */
static void socket_fail(socket_channel *socket) {
    if (socket->link.fault == LINK_FAULT_RESET) {
        socket_reset(socket);
        return;
    }
    if (socket->link.fault == LINK_FAULT_CUT) {
        shutdown(socket->descriptor, SHUT_WR);
    }
    socket_drain(socket);
    socket->is_broken = true;
}

static bool socket_garble(socket_channel *socket, const void *bytes, size_t length, size_t at) {
    char *copy = require_memory(malloc(length));
    memcpy(copy, bytes, length);
    copy[at] ^= 0x10;
    socket->link.fault = LINK_FAULT_NONE;
    bool is_sent = socket_send(socket, copy, length);
    free(copy);
    return is_sent;
}

static bool socket_write(soak_channel *channel, const void *bytes, size_t length) {
    socket_channel *socket = (socket_channel *)channel;
    if (socket->is_broken) {
        return false;
    }
    bool has_fault =
        socket->link.fault != LINK_FAULT_NONE && socket->link.fault <= LINK_FAULT_GARBLE;
    if (!has_fault || socket->sent + length <= socket->link.after) {
        return socket_send(socket, bytes, length);
    }
    size_t before = socket->link.after - socket->sent;
    if (socket->link.fault == LINK_FAULT_GARBLE) {
        return socket_garble(socket, bytes, length, before);
    }
    if (socket_send(socket, bytes, before)) {
        socket_fail(socket);
    }
    return false;
}

static void socket_free(soak_channel *channel) {
    socket_channel *socket = (socket_channel *)channel;
    if (socket->descriptor >= 0) {
        close(socket->descriptor);
    }
    free(socket);
}

static const channel_ops socket_ops = {
    .read = socket_read,
    .write = socket_write,
    .end = socket_end,
    .free = socket_free,
};

soak_channel *channel_new_socket(int descriptor) {
    socket_channel *socket = require_memory(calloc(1, sizeof *socket));
    socket->base.ops = &socket_ops;
    socket->descriptor = descriptor;
    return &socket->base;
}

void channel_set_link(soak_channel *channel, const soak_link *link) {
    while (channel->below != NULL) {
        channel = channel->below;
    }
    socket_channel *socket = (socket_channel *)channel;
    socket->link = *link;
    socket->sent = 0;
}

size_t channel_read(soak_channel *channel, void *dst, size_t capacity) {
    return channel->ops->read(channel, dst, capacity);
}

bool channel_write(soak_channel *channel, const void *bytes, size_t length) {
    return length == 0 || channel->ops->write(channel, bytes, length);
}

void channel_write_nothing(soak_channel *channel) {
    if (channel->below != NULL) {
        channel->ops->write(channel, "", 0);
    }
}

void channel_end(soak_channel *channel, script_end how) {
    channel->ops->end(channel, how);
}

void channel_drain(soak_channel *channel) {
    while (channel->below != NULL) {
        channel = channel->below;
    }
    socket_drain((socket_channel *)channel);
}

void channel_free(soak_channel *channel) {
    channel->ops->free(channel);
}
