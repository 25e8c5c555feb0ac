/* SPDX-License-Identifier: MIT */
/* tunnel: a request and a response like others, but for the target, and for what follows the
 * head: nothing in it says how long a body is, for there is none. */
#include "tunnel.h"

#include "h1/request_head.h"
#include "message/request_check.h"

#include <string.h>

void ferry_h1_tunnel_name(const char *host, uint16_t port, char name[FERRY_H1_TUNNEL_NAME_SIZE]) {
    const char *zone = strchr(host, '%'); /* it means nothing to other machines (RFC 6874) */
    int length = zone != NULL ? (int)(zone - host) : (int)strlen(host);
    ferry_format(name, FERRY_H1_TUNNEL_NAME_SIZE,
                 strchr(host, ':') != NULL ? "[%.*s]:%d" : "%.*s:%d", length, host, (int)port);
}

ferry_error ferry_h1_tunnel_request(ferry_buffer *out, ferry_context *context,
                                    const ferry_origin *origin) {
    static const char *const none[] = {NULL};
    const char *authorization = origin->proxy->authorization;
    const char *const *headers = origin->proxy->headers != NULL ? origin->proxy->headers : none;
    unsigned present = FERRY_HAS_ACCEPT | FERRY_HAS_ACCEPT_ENCODING; /* there is no body */
    for (const char *const *line = headers; *line != NULL; line++) {
        present |= ferry_header_line_flag(*line);
    }
    char name[FERRY_H1_TUNNEL_NAME_SIZE];
    ferry_h1_tunnel_name(origin->host, origin->port, name);
    ferry_message message = {
        .method = FERRY_METHOD_CONNECT,
        .method_name = FERRY_SPAN("CONNECT"),
        .target = ferry_span_of(name),
        .headers = headers,
        .present = present,
        .host = ferry_span_of(name),
        .is_for_proxy = true,
        .user_agent = origin->user_agent,
        .proxy_authorization = ferry_span_of(authorization != NULL ? authorization : ""),
    };
    return ferry_h1_request_write(out, context, &message, FERRY_SPAN(""));
}

void ferry_h1_tunnel_init(ferry_h1_tunnel *tunnel) {
    *tunnel = (ferry_h1_tunnel){.interim_count = 0};
    ferry_h1_head_init(&tunnel->head);
}

/* The head's parser keeps the code alone: "HTTP/1.1 407 the rest". */
static void note_reason(ferry_h1_tunnel *tunnel, ferry_span head) {
    static const size_t code_end = sizeof "HTTP/1.1 407" - 1;
    const char *end = memchr(head.data, '\n', head.length);
    ferry_span line = {head.data + code_end, (size_t)(end - head.data) - code_end};
    while (line.length > 0 && line.data[line.length - 1] == '\r') {
        line.length--;
    }
    ferry_h1_excerpt(ferry_span_trim(line), tunnel->reason);
}

ferry_error ferry_h1_tunnel_parse(ferry_h1_tunnel *tunnel, ferry_context *context,
                                  ferry_headers *headers, ferry_buffer *rx, bool *complete) {
    *complete = false;
    while (ferry_buffer_length(rx) > 0) {
        bool is_whole = false;
        ferry_error error =
            ferry_h1_head_parse(&tunnel->head, context, headers, ferry_buffer_content(rx),
                                ferry_buffer_length(rx), &is_whole);
        if (error != FERRY_OK || !is_whole) {
            return error;
        }
        if (tunnel->head.code >= 200 || tunnel->head.code == FERRY_RESPONSE_SWITCHING_PROTOCOLS) {
            note_reason(tunnel, (ferry_span){ferry_buffer_content(rx), tunnel->head.bytes});
            ferry_buffer_consume(rx, tunnel->head.bytes);
            *complete = true;
            return FERRY_OK;
        }
        if (++tunnel->interim_count > context->max_interim_responses) {
            return ferry_h1_refuse_interim(context);
        }
        ferry_buffer_consume(rx, tunnel->head.bytes);
        ferry_headers_clear(headers);
        ferry_h1_head_init(&tunnel->head);
    }
    return FERRY_OK;
}
