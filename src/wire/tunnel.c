/* SPDX-License-Identifier: MIT */
/* tunnel: writes CONNECT as a request whose target is the origin and whose reader is the proxy. */
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
