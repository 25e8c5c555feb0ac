/* SPDX-License-Identifier: MIT */
/* tcp: a connected socket as a stream. */
#include "tcp.h"

typedef struct tcp {
    ferry_stream base;
    ferry_context *context;
    ferry_descriptor socket;
    int process; /* that connected it: a child after fork() is to leave its parent's bytes alone */
    const char *reason; /* of the last failure */
    bool is_reset;      /* as writing has found: no end that is read is the peer's */
} tcp;

static bool tcp_is_own(tcp *self) {
    if (self->process != ferry_platform_process()) {
        self->reason = FERRY_FOREIGN_REASON;
        return false;
    }
    return true;
}

static ferry_stream_result tcp_read(ferry_stream *stream, void *dst, size_t capacity,
                                    size_t *length) {
    tcp *self = (tcp *)stream;
    if (!tcp_is_own(self)) {
        return FERRY_STREAM_FAILED;
    }
    ferry_stream_result result =
        ferry_socket_read(self->socket, dst, capacity, length, &self->reason);
    return result == FERRY_STREAM_END && self->is_reset ? FERRY_STREAM_FAILED : result;
}

static ferry_stream_result tcp_write(ferry_stream *stream, const ferry_slice *slices, size_t count,
                                     size_t *length) {
    tcp *self = (tcp *)stream;
    if (!tcp_is_own(self)) {
        return FERRY_STREAM_FAILED;
    }
    ferry_stream_result result =
        ferry_socket_write(self->socket, slices, count, length, &self->reason);
    self->is_reset = self->is_reset || result == FERRY_STREAM_TRUNCATED;
    return result == FERRY_STREAM_TRUNCATED ? FERRY_STREAM_FAILED : result;
}

static bool tcp_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    tcp *self = (tcp *)stream;
    *wait = (ferry_wait){self->socket, events};
    return tcp_is_own(self);
}

static ferry_stream_result tcp_shutdown(ferry_stream *stream) {
    tcp *self = (tcp *)stream;
    if (!tcp_is_own(self)) {
        return FERRY_STREAM_FAILED;
    }
    ferry_socket_shutdown(self->socket);
    return FERRY_STREAM_OK;
}

static void tcp_destroy(ferry_stream *stream) {
    tcp *self = (tcp *)stream;
    ferry_socket_close(self->socket);
    ferry_free(self->context, self);
}

static const char *tcp_get_error_detail(ferry_stream *stream) {
    return ((const tcp *)stream)->reason;
}

static const ferry_stream_ops tcp_ops = {
    .read = tcp_read,
    .write = tcp_write,
    .wants = tcp_wants,
    .shutdown = tcp_shutdown,
    .destroy = tcp_destroy,
    .get_error_detail = tcp_get_error_detail,
};

ferry_error ferry_tcp_new(ferry_context *context, ferry_descriptor socket, ferry_stream **stream) {
    tcp *self = ferry_alloc(context, sizeof *self);
    if (self == NULL) {
        return ferry_fail_memory(context);
    }
    *self = (tcp){.base = {.ops = &tcp_ops},
                  .context = context,
                  .socket = socket,
                  .process = ferry_platform_process()};
    *stream = &self->base;
    return FERRY_OK;
}
