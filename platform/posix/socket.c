/* SPDX-License-Identifier: MIT */
/* socket: non-blocking TCP sockets that raise no signals and that child processes do not get. */
#include "platform.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* A head and a body are two; what is beyond these goes with the next write. */
enum { MAX_SLICES = 8 };

/* Some kernels refuse more than INT_MAX bytes in one call. */
enum { MAX_BYTES = 1 << 30 };

#ifdef MSG_NOSIGNAL
enum { SEND_FLAGS = MSG_NOSIGNAL };
#else
enum { SEND_FLAGS = 0 }; /* SO_NOSIGPIPE does it */
#endif

/* All of them are constants: strerror() only shares its buffer for numbers it does not know. */
static const char *describe(int error) {
    switch (error) {
    case ECONNREFUSED:
        return "connection refused";
    case ECONNRESET:
        return "the peer reset the connection";
    case EPIPE:
        return "the peer has closed the connection";
    case ECONNABORTED:
        return "the connection was aborted";
    case ETIMEDOUT:
        return "the peer does not answer";
    case EHOSTUNREACH:
        return "no route to the host";
    case ENETUNREACH:
        return "the network is unreachable";
    case ENETDOWN:
        return "the network is down";
    case EADDRNOTAVAIL:
    case EAGAIN:
        return "no local address or port is available";
    case EINVAL:
        return "the system does not take the address (a link-local one needs its zone)";
    case EAFNOSUPPORT:
        return "this machine does not have the address family";
    case EACCES:
    case EPERM:
        return "a local rule forbids the connection";
    case EMFILE:
    case ENFILE:
        return "too many open files";
    case ENOBUFS:
    case ENOMEM:
        return "the system has no memory for the connection";
    default:
        return strerror(error);
    }
}

static int open_socket(int family) {
#if defined(SOCK_CLOEXEC) && defined(SOCK_NONBLOCK)
    return ferry_descriptor_lift(
        socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
#else
    int descriptor = ferry_descriptor_lift(socket(family, SOCK_STREAM, IPPROTO_TCP));
    if (descriptor < 0) {
        return -1;
    }
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0 ||
        fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0) {
        int error = errno;
        close(descriptor);
        errno = error;
        return -1;
    }
    return descriptor;
#endif
}

static void set_options(int descriptor) {
    int on = 1;
    /* Requests are written whole: waiting for more to send would only delay them. Without the
     * option they are slower, no less right. */
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
#ifdef SO_NOSIGPIPE
    setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

/* A port of this machine that nobody listens on may be the one that the kernel picks for our own
 * end; TCP then connects the socket with itself (RFC 9293 section 3.5, simultaneous open). */
static bool is_own_end(int descriptor, const struct sockaddr_storage *peer, socklen_t length) {
    struct sockaddr_storage own;
    memset(&own, 0, sizeof own);
    socklen_t own_length = sizeof own;
    return getsockname(descriptor, (struct sockaddr *)&own, &own_length) == 0 &&
           own_length == length && memcmp(&own, peer, length) == 0;
}

static ferry_stream_result socket_classify(int error, const char **reason) {
    if (error == EAGAIN || error == EWOULDBLOCK) {
        return FERRY_STREAM_AGAIN;
    }
    *reason = describe(error);
    return FERRY_STREAM_FAILED;
}

/* A connection that the peer had ended before the reset gives EPIPE on Linux. Where it gives
 * ECONNRESET then too, a complete body may count as cut, never a cut one as complete. */
static ferry_stream_result classify_write(int error, const char **reason) {
    ferry_stream_result result = socket_classify(error, reason);
    return error == ECONNRESET ? FERRY_STREAM_TRUNCATED : result;
}

ferry_error ferry_socket_connect(const ferry_address *address, ferry_descriptor *socket_out,
                                 const char **reason) {
    struct sockaddr_storage peer;
    assert(address->length <= sizeof peer);
    memcpy(&peer, address->storage, address->length);
    int descriptor = open_socket(address->is_ipv6 ? AF_INET6 : AF_INET);
    if (descriptor < 0) {
        *reason = describe(errno);
        return FERRY_ERROR_CANT_CONNECT;
    }
    set_options(descriptor);
    int result = connect(descriptor, (struct sockaddr *)&peer, (socklen_t)address->length);
    /* After EINTR the attempt goes on by itself. */
    if (result != 0 && errno != EINPROGRESS && errno != EINTR) {
        *reason = describe(errno);
        close(descriptor);
        return FERRY_ERROR_CANT_CONNECT;
    }
    *socket_out = descriptor;
    return FERRY_OK;
}

ferry_error ferry_socket_finish_connect(ferry_descriptor socket, bool *ended, const char **reason) {
    int descriptor = (int)socket;
    int error = 0;
    socklen_t error_length = sizeof error;
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &error_length) != 0) {
        error = errno;
    }
    if (error != 0) {
        *reason = describe(error);
        return FERRY_ERROR_CANT_CONNECT;
    }
    struct sockaddr_storage peer;
    memset(&peer, 0, sizeof peer);
    socklen_t length = sizeof peer;
    if (getpeername(descriptor, (struct sockaddr *)&peer, &length) != 0) {
        *ended = false;
        return FERRY_OK;
    }
    if (is_own_end(descriptor, &peer, length)) {
        *reason = describe(ECONNREFUSED);
        return FERRY_ERROR_CANT_CONNECT;
    }
    *ended = true;
    return FERRY_OK;
}

ferry_stream_result ferry_socket_read(ferry_descriptor socket, void *dst, size_t capacity,
                                      size_t *length, const char **reason) {
    assert(capacity > 0);
    ssize_t result = 0;
    do {
        result = recv((int)socket, dst, capacity < MAX_BYTES ? capacity : MAX_BYTES, 0);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        return socket_classify(errno, reason);
    }
    if (result == 0) {
        return FERRY_STREAM_END;
    }
    *length = (size_t)result;
    return FERRY_STREAM_OK;
}

ferry_stream_result ferry_socket_write(ferry_descriptor socket, const ferry_slice *slices,
                                       size_t count, size_t *length, const char **reason) {
    if (count == 1 && slices[0].length <= MAX_BYTES) { /* nearly always: the cheaper call */
        ssize_t sent = 0;
        do {
            sent = send((int)socket, slices[0].data, slices[0].length, SEND_FLAGS);
        } while (sent < 0 && errno == EINTR);
        if (sent < 0) {
            return classify_write(errno, reason);
        }
        *length = (size_t)sent;
        return FERRY_STREAM_OK;
    }
    struct iovec pieces[MAX_SLICES];
    unsigned char used = 0; /* fits msg_iovlen, whose type differs between systems */
    size_t total = 0;
    for (size_t i = 0; i < count && used < MAX_SLICES && total < MAX_BYTES; i++) {
        size_t room = MAX_BYTES - total;
        size_t piece = slices[i].length < room ? slices[i].length : room;
        if (piece > 0) {
            /* iovec serves reading too, hence its pointer to what is not const. */
            pieces[used++] = (struct iovec){(void *)(uintptr_t)slices[i].data, piece};
            total += piece;
        }
    }
    assert(total > 0);
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = pieces;
    message.msg_iovlen = used;
    ssize_t result = 0;
    do {
        result = sendmsg((int)socket, &message, SEND_FLAGS);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        return classify_write(errno, reason);
    }
    *length = (size_t)result;
    return FERRY_STREAM_OK;
}

void ferry_socket_shutdown(ferry_descriptor socket) {
    shutdown((int)socket, SHUT_WR);
}

void ferry_socket_close(ferry_descriptor socket) {
    close((int)socket);
}
