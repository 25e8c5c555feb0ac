/* SPDX-License-Identifier: MIT */
/* connect_tunnel: sends CONNECT and reads what the proxy answers, never more of the stream than has
 * come. What the origin said right behind that answer is kept for whoever reads the stream next. */
#include "connect_tunnel.h"

#include "wire/stream.h"
#include "wire/tunnel.h"

#include <string.h>

enum {
    READ_SIZE = 2048,
    MOST_READS = 64, /* in one step */
};

struct ferry_connect_tunnel {
    ferry_context *context;
    ferry_exchange *exchange;
    ferry_h1_tunnel answer;
    ferry_buffer request; /* all of it: it may have to be sent again */
    size_t sent;          /* of the request */
    const char *reason;   /* why the stream failed; NULL: it has not */
    ferry_buffer rx;
    bool has_credentials;
    char proxy[FERRY_H1_TUNNEL_NAME_SIZE];
    char origin[FERRY_H1_TUNNEL_NAME_SIZE];
};

/* ---- A stream that has some bytes already ---- */

typedef struct ahead {
    ferry_stream base;
    ferry_context *context;
    ferry_stream *beneath;
    const char *reason; /* why it failed */
    ferry_buffer bytes;
} ahead;

static ferry_stream_result ahead_read(ferry_stream *stream, void *dst, size_t capacity,
                                      size_t *length) {
    ahead *self = (ahead *)stream;
    size_t left = ferry_buffer_length(&self->bytes);
    if (left == 0) {
        return ferry_stream_read(self->context, self->beneath, dst, capacity, length,
                                 &self->reason);
    }
    *length = left < capacity ? left : capacity;
    memcpy(dst, ferry_buffer_content(&self->bytes), *length);
    ferry_buffer_consume(&self->bytes, *length);
    if (ferry_buffer_length(&self->bytes) == 0) {
        ferry_buffer_deinit(&self->bytes, self->context);
    }
    return FERRY_STREAM_OK;
}

static ferry_stream_result ahead_write(ferry_stream *stream, const ferry_slice *slices,
                                       size_t count, size_t *length) {
    ahead *self = (ahead *)stream;
    return ferry_stream_write(self->context, self->beneath, slices, count, length, &self->reason);
}

static bool ahead_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    ahead *self = (ahead *)stream;
    if ((events & FERRY_EVENT_READ) != 0 && ferry_buffer_length(&self->bytes) > 0) {
        events |= FERRY_EVENT_WRITE; /* which is possible nearly always: do not wait */
    }
    return self->beneath->ops->wants != NULL &&
           self->beneath->ops->wants(self->beneath, events, wait);
}

static void ahead_shutdown(ferry_stream *stream) {
    ferry_stream *beneath = ((ahead *)stream)->beneath;
    if (beneath->ops->shutdown != NULL) {
        beneath->ops->shutdown(beneath);
    }
}

static void ahead_destroy(ferry_stream *stream) {
    ahead *self = (ahead *)stream;
    self->beneath->ops->destroy(self->beneath);
    ferry_buffer_deinit(&self->bytes, self->context);
    ferry_free(self->context, self);
}

static const char *ahead_get_error_detail(ferry_stream *stream) {
    return ((const ahead *)stream)->reason;
}

static ferry_stream_result ahead_flush(ferry_stream *stream) {
    ahead *self = (ahead *)stream;
    return ferry_stream_flush(self->beneath, &self->reason);
}

static const ferry_stream_ops ahead_ops = {
    .read = ahead_read,
    .write = ahead_write,
    .wants = ahead_wants,
    .shutdown = ahead_shutdown,
    .destroy = ahead_destroy,
    .get_error_detail = ahead_get_error_detail,
    .flush = ahead_flush,
};

/* Takes over the bytes as they are. */
static ferry_error put_ahead(ferry_context *context, ferry_buffer *bytes, ferry_stream **stream) {
    ahead *made = ferry_alloc(context, sizeof *made);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    *made = (ahead){
        .base = {.ops = &ahead_ops},
        .context = context,
        .beneath = *stream,
        .bytes = *bytes,
    };
    ferry_buffer_init(bytes, bytes->limit);
    *stream = &made->base;
    return FERRY_OK;
}

/* ---- The tunnel ---- */

ferry_error ferry_connect_tunnel_new(ferry_context *context, ferry_exchange *exchange,
                                     const ferry_origin *origin, ferry_connect_tunnel **tunnel) {
    ferry_connect_tunnel *made = ferry_alloc(context, sizeof *made);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    made->context = context;
    made->exchange = exchange;
    made->has_credentials = origin->proxy->authorization != NULL;
    ferry_buffer_init(&made->request, FERRY_LIMIT_REQUEST_HEAD);
    ferry_buffer_init(&made->rx, context->max_head_bytes + FERRY_LIMIT_READ_AHEAD);
    ferry_connect_tunnel_rewind(made);
    ferry_h1_tunnel_name(origin->proxy->host, origin->proxy->port, made->proxy);
    ferry_h1_tunnel_name(origin->host, origin->port, made->origin);
    ferry_error error = ferry_h1_tunnel_request(&made->request, context, origin);
    if (error != FERRY_OK) {
        ferry_connect_tunnel_free(made);
        return error;
    }
    *tunnel = made;
    return FERRY_OK;
}

void ferry_connect_tunnel_rewind(ferry_connect_tunnel *tunnel) {
    ferry_h1_tunnel_init(&tunnel->answer);
    ferry_buffer_clear(&tunnel->rx);
    tunnel->sent = 0;
    tunnel->reason = NULL;
}

void ferry_connect_tunnel_free(ferry_connect_tunnel *tunnel) {
    if (tunnel != NULL) {
        ferry_buffer_deinit(&tunnel->rx, tunnel->context);
        ferry_buffer_deinit(&tunnel->request, tunnel->context);
        ferry_free(tunnel->context, tunnel);
    }
}

static size_t tunnel_unsent(const ferry_connect_tunnel *tunnel) {
    return ferry_buffer_length(&tunnel->request) - tunnel->sent;
}

unsigned ferry_connect_tunnel_get_events(const ferry_connect_tunnel *tunnel) {
    return tunnel_unsent(tunnel) > 0 ? FERRY_EVENT_WRITE : FERRY_EVENT_READ;
}

/* Where writing fails the proxy may have said why before it stopped listening: reading tells. */
static void send_request(ferry_connect_tunnel *tunnel, ferry_stream *stream) {
    while (tunnel_unsent(tunnel) > 0) {
        ferry_slice slice = {ferry_buffer_content(&tunnel->request) + tunnel->sent,
                             tunnel_unsent(tunnel)};
        size_t written = 0;
        ferry_stream_result result =
            ferry_stream_write(tunnel->context, stream, &slice, 1, &written, &tunnel->reason);
        if (result == FERRY_STREAM_AGAIN) {
            return;
        }
        tunnel->sent += result == FERRY_STREAM_OK ? written : slice.length;
    }
}

/* What is said of the answer begins with whose it is. */
static ferry_error tunnel_explain(ferry_connect_tunnel *tunnel, ferry_error error) {
    ferry_headers_clear(&tunnel->exchange->headers);
    return ferry_fail_prefix(tunnel->context, error, "the proxy %s, asked for a tunnel",
                             tunnel->proxy);
}

static ferry_error refuse_end(ferry_connect_tunnel *tunnel) {
    const char *what = tunnel->reason != NULL ? tunnel->reason : "it closed the connection";
    bool has_begun = !ferry_h1_head_is_empty(&tunnel->answer.head);
    ferry_fail(tunnel->context, FERRY_ERROR_CONNECTION_ERROR, "%s %s", what,
               has_begun ? "in the middle of its answer" : "without answering");
    return tunnel_explain(tunnel, FERRY_ERROR_CONNECTION_ERROR);
}

/* One read into rx. `came` tells whether it brought something. */
static ferry_error tunnel_fill(ferry_connect_tunnel *tunnel, ferry_stream *stream, bool *came) {
    ferry_buffer *rx = &tunnel->rx;
    *came = false;
    ferry_error error = ferry_buffer_reserve(rx, tunnel->context, READ_SIZE);
    if (error != FERRY_OK) {
        return ferry_buffer_explain(rx, tunnel->context, error, "the answer");
    }
    size_t length = 0;
    ferry_stream_result result =
        ferry_stream_read(tunnel->context, stream, rx->data + rx->end, rx->capacity - rx->end,
                          &length, &tunnel->reason);
    if (result == FERRY_STREAM_OK) {
        rx->end += length;
        *came = true;
        return FERRY_OK;
    }
    /* After a request that could not be sent whole nothing more than what is there will come. */
    bool waits = result == FERRY_STREAM_AGAIN && tunnel->reason == NULL;
    return waits ? FERRY_OK : refuse_end(tunnel);
}

static ferry_error tunnel_refuse(ferry_connect_tunnel *tunnel) {
    int code = tunnel->answer.head.code;
    const char *reason = tunnel->answer.reason;
    const char *hint = "";
    if (code == FERRY_RESPONSE_PROXY_AUTHENTICATION_REQUIRED) {
        hint = tunnel->has_credentials
                   ? " (a user name and a password were sent, which it does not accept)"
                   : " (no user name and password were given)";
    }
    ferry_fail(tunnel->context, FERRY_ERROR_CANT_CONNECT,
               "the proxy %s refused a tunnel to %s: %d%s%s%s", tunnel->proxy, tunnel->origin, code,
               reason[0] != '\0' ? " " : "", reason, hint);
    ferry_error error = ferry_exchange_note_refusal(tunnel->exchange, code);
    return error == FERRY_OK ? FERRY_ERROR_CANT_CONNECT : error;
}

/* The head is there: a 2xx opens the tunnel, whatever its fields say (RFC 9110 section 9.3.6). */
static ferry_error tunnel_resolve(ferry_connect_tunnel *tunnel, ferry_stream **stream, bool *done) {
    if (tunnel->answer.head.code < 200 || tunnel->answer.head.code > 299) {
        return tunnel_refuse(tunnel);
    }
    ferry_headers_clear(&tunnel->exchange->headers);
    ferry_log(tunnel->context, FERRY_LOG_INFO, "the proxy %s opened a tunnel to %s", tunnel->proxy,
              tunnel->origin);
    *done = true;
    return ferry_buffer_length(&tunnel->rx) > 0 ? put_ahead(tunnel->context, &tunnel->rx, stream)
                                                : FERRY_OK;
}

ferry_error ferry_connect_tunnel_step(ferry_connect_tunnel *tunnel, ferry_stream **stream,
                                      bool *done) {
    *done = false;
    send_request(tunnel, *stream);
    bool came = tunnel_unsent(tunnel) == 0;
    for (int reads = 0; came && reads < MOST_READS; reads++) {
        bool complete = false;
        ferry_error error = tunnel_fill(tunnel, *stream, &came);
        if (error != FERRY_OK) {
            return error;
        }
        error = ferry_h1_tunnel_parse(&tunnel->answer, tunnel->context, &tunnel->exchange->headers,
                                      &tunnel->rx, &complete);
        if (error != FERRY_OK) {
            return tunnel_explain(tunnel, error);
        }
        if (complete) {
            return tunnel_resolve(tunnel, stream, done);
        }
    }
    return FERRY_OK;
}
