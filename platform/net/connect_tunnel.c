/* SPDX-License-Identifier: MIT */
/* connect_tunnel: sends CONNECT, and reads what the proxy answers. Bytes that the origin sent right
 * behind the answer are kept for the next reader of the stream. */
#include "connect_tunnel.h"

#include "h1/receiver.h"
#include "h1/sender.h"
#include "pushback.h"
#include "wire/stream.h"
#include "wire/tunnel.h"

enum { READS_MAX = 64 }; /* in one step */

struct ferry_connect_tunnel {
    ferry_context *context;
    ferry_exchange *exchange;
    ferry_buffer request; /* all of it: it may have to be sent again */
    ferry_h1_sender sender;
    ferry_h1_receiver receiver;
    const char *reason; /* why the stream failed; NULL: it has not */
    bool has_credentials;
    char proxy[FERRY_H1_TUNNEL_NAME_SIZE];
    char origin[FERRY_H1_TUNNEL_NAME_SIZE];
};

ferry_error ferry_connect_tunnel_new(ferry_context *context, ferry_exchange *exchange,
                                     const ferry_origin *origin, ferry_connect_tunnel **tunnel) {
    ferry_connect_tunnel *made = ferry_alloc(context, sizeof *made);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    made->context = context;
    made->exchange = exchange;
    made->has_credentials = origin->proxy->authorization != NULL;
    ferry_buffer_init(&made->request, FERRY_LIMIT_REQUEST_HEAD, "the request");
    ferry_h1_sender_init(&made->sender, context);
    ferry_h1_receiver_init(&made->receiver, context, &exchange->headers, &exchange->trailers);
    ferry_h1_tunnel_name(origin->proxy->host, origin->proxy->port, made->proxy);
    ferry_h1_tunnel_name(origin->host, origin->port, made->origin);
    ferry_error error = ferry_h1_tunnel_request(&made->request, context, origin);
    if (error != FERRY_OK) {
        ferry_connect_tunnel_free(made);
        return error;
    }
    ferry_connect_tunnel_rewind(made);
    *tunnel = made;
    return FERRY_OK;
}

void ferry_connect_tunnel_rewind(ferry_connect_tunnel *tunnel) {
    ferry_span request = {ferry_buffer_content(&tunnel->request),
                          ferry_buffer_length(&tunnel->request)};
    ferry_h1_sender_reset(&tunnel->sender);
    ferry_h1_sender_begin_written(&tunnel->sender, request);
    ferry_h1_receiver_reset(&tunnel->receiver);
    tunnel->reason = NULL;
}

void ferry_connect_tunnel_free(ferry_connect_tunnel *tunnel) {
    if (tunnel != NULL) {
        ferry_h1_receiver_deinit(&tunnel->receiver);
        ferry_h1_sender_deinit(&tunnel->sender);
        ferry_buffer_deinit(&tunnel->request, tunnel->context);
        ferry_free(tunnel->context, tunnel);
    }
}

unsigned ferry_connect_tunnel_get_events(const ferry_connect_tunnel *tunnel) {
    return ferry_h1_sender_has_bytes(&tunnel->sender) ? FERRY_EVENT_WRITE : FERRY_EVENT_READ;
}

/* Where writing fails the proxy may have said why before it stopped listening: reading tells. */
static void tunnel_send(ferry_connect_tunnel *tunnel, ferry_stream *stream) {
    ferry_h1_sender *sender = &tunnel->sender;
    while (ferry_h1_sender_has_bytes(sender)) {
        ferry_slice slices[FERRY_H1_SENDER_SLICES];
        size_t count = ferry_h1_sender_get(sender, FERRY_LIMIT_REQUEST_HEAD, slices);
        size_t written = 0;
        ferry_stream_result result =
            ferry_stream_write(tunnel->context, stream, slices, count, &written, &tunnel->reason);
        if (result == FERRY_STREAM_AGAIN) {
            return;
        }
        if (result == FERRY_STREAM_OK) {
            ferry_h1_sender_sent(sender, written);
        } else {
            ferry_h1_sender_reset(sender);
        }
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
    bool has_begun = ferry_h1_receiver_has_begun(&tunnel->receiver);
    ferry_fail(tunnel->context, FERRY_ERROR_CONNECTION_ERROR, "%s %s", what,
               has_begun ? "in the middle of its answer" : "without answering");
    return tunnel_explain(tunnel, FERRY_ERROR_CONNECTION_ERROR);
}

/* One read. `came` tells whether it brought something. */
static ferry_error tunnel_read(ferry_connect_tunnel *tunnel, ferry_stream *stream, bool *came) {
    *came = false;
    ferry_error error = ferry_h1_receiver_reserve(&tunnel->receiver);
    if (error != FERRY_OK) {
        return error;
    }
    size_t capacity;
    size_t length = 0;
    char *room = ferry_h1_receiver_get_room(&tunnel->receiver, &capacity);
    ferry_stream_result result =
        ferry_stream_read(tunnel->context, stream, room, capacity, &length, &tunnel->reason);
    if (result == FERRY_STREAM_OK) {
        ferry_h1_receiver_stored(&tunnel->receiver, length);
        *came = true;
        return FERRY_OK;
    }
    /* After a request that could not be sent whole nothing more than what is there will come. */
    bool waits = result == FERRY_STREAM_AGAIN && tunnel->reason == NULL;
    return waits ? FERRY_OK : refuse_end(tunnel);
}

static ferry_error tunnel_refuse(ferry_connect_tunnel *tunnel) {
    int code = tunnel->receiver.head.code;
    char reason[FERRY_H1_EXCERPT_SIZE];
    const char *hint = "";
    ferry_h1_excerpt(ferry_h1_receiver_get_reason(&tunnel->receiver), reason);
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
    int code = tunnel->receiver.head.code;
    if (code < 200 || code > 299) {
        return tunnel_refuse(tunnel);
    }
    ferry_headers_clear(&tunnel->exchange->headers);
    ferry_log(tunnel->context, FERRY_LOG_INFO, "the proxy %s opened a tunnel to %s", tunnel->proxy,
              tunnel->origin);
    *done = true;
    return ferry_h1_receiver_has_bytes(&tunnel->receiver)
               ? ferry_pushback_put(tunnel->context, &tunnel->receiver.in, stream)
               : FERRY_OK;
}

/* Nothing is to be sent on in the middle: the first head that means something. */
static ferry_h1_event tunnel_take_heads(ferry_connect_tunnel *tunnel) {
    ferry_h1_event event;
    do {
        event = ferry_h1_receiver_take_head(&tunnel->receiver);
    } while (event == FERRY_H1_EVENT_CONTINUE || event == FERRY_H1_EVENT_INTERIM);
    return event;
}

ferry_error ferry_connect_tunnel_step(ferry_connect_tunnel *tunnel, ferry_stream **stream,
                                      bool *done) {
    *done = false;
    tunnel_send(tunnel, *stream);
    bool came = !ferry_h1_sender_has_bytes(&tunnel->sender);
    for (int reads = 0; came && reads < READS_MAX; reads++) {
        ferry_error error = tunnel_read(tunnel, *stream, &came);
        if (error != FERRY_OK) {
            return error;
        }
        switch (tunnel_take_heads(tunnel)) {
        case FERRY_H1_EVENT_NONE:
        case FERRY_H1_EVENT_CONTINUE:
        case FERRY_H1_EVENT_INTERIM:
            break;
        case FERRY_H1_EVENT_FINAL:
            return tunnel_resolve(tunnel, stream, done);
        case FERRY_H1_EVENT_ERROR:
            return tunnel_explain(tunnel, tunnel->receiver.error);
        }
    }
    return FERRY_OK;
}
