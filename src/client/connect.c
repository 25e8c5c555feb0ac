/* SPDX-License-Identifier: MIT */
/* connect: makes a backend connect to the host that a program names, through a proxy where one is
 * set. */
#include "client_state.h"

#include "runtime.h"
#include "url/authority.h"

#include <assert.h>
#include <string.h>

static ferry_error set_text(ferry_client *client, ferry_buffer *buffer, ferry_span text) {
    ferry_buffer_clear(buffer);
    ferry_error error = ferry_buffer_reserve(buffer, &client->context, text.length + 1);
    if (error != FERRY_OK) {
        return error;
    }
    memcpy(buffer->data, text.data, text.length);
    buffer->data[text.length] = '\0';
    buffer->end = text.length;
    return FERRY_OK;
}

ferry_error ferry_client_set_authority(ferry_client *client, const char *authority, bool secure) {
    ferry_error error = set_text(client, &client->authority, ferry_span_of(authority));
    if (error != FERRY_OK) {
        return error;
    }
    error = set_text(client, &client->url_base,
                     secure ? FERRY_SPAN("https://") : FERRY_SPAN("http://"));
    if (error == FERRY_OK) {
        error =
            ferry_buffer_append(&client->url_base, &client->context, authority, strlen(authority));
    }
    return error;
}

static ferry_error check_port(ferry_client *client, int port, bool secure, uint16_t *number) {
    if (port == -1) {
        *number = secure ? 443 : 80;
        return FERRY_OK;
    }
    if (port < 1 || port > UINT16_MAX) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the port %d is not between 1 and 65535 (-1: the default)", port);
    }
    *number = (uint16_t)port;
    return FERRY_OK;
}

ferry_error ferry_client_make_room(ferry_client *client) {
    enum { COUNT = 4 };
    ferry_buffer *const buffers[COUNT] = {&client->host, &client->authority, &client->url_base,
                                          &client->proxy_authorization};
    size_t room = FERRY_AUTHORITY_SIZE + sizeof "https://"; /* beside what is in them */
    ferry_error error = FERRY_OK;
    for (size_t i = 0; i < COUNT && error == FERRY_OK; i++) {
        error = ferry_buffer_reserve(buffers[i], &client->context, room);
    }
    return error;
}

static ferry_error note_origin(ferry_client *client, const ferry_authority *authority,
                               const ferry_origin *origin) {
    char text[FERRY_AUTHORITY_SIZE];
    assert(authority->host.length <= FERRY_MAX_HOST_LENGTH);
    ferry_authority_write(authority, origin->port, origin->secure, text);
    ferry_error error = set_text(client, &client->host, authority->host);
    if (error == FERRY_OK) {
        error = ferry_client_set_authority(client, text, origin->secure);
    }
    if (error == FERRY_OK) {
        const char *authorization = origin->proxy != NULL ? origin->proxy->authorization : NULL;
        error = set_text(client, &client->proxy_authorization,
                         ferry_span_of(authorization != NULL ? authorization : ""));
    }
    return error;
}

ferry_error ferry_client_open(ferry_client *client, const ferry_authority *authority,
                              ferry_origin *origin) {
    ferry_error error = note_origin(client, authority, origin);
    if (error != FERRY_OK) {
        return error;
    }
    client->is_proxied = origin->proxy != NULL;
    client->proxy_headers = client->is_proxied ? origin->proxy->headers : NULL;
    client->is_absolute = client->is_proxied && !origin->secure && !origin->tunnels;
    origin->host = client->host.data;
    origin->user_agent = client->user_agent;
    client->times.connect_us = ferry_runtime_now_us();
    client->connect_since_ms = client->times.connect_us / 1000;
    origin->facts = &client->link;
    error = client->platform_backend->ops->open(client->platform_backend, origin,
                                                client->connect_since_ms);
    if (error != FERRY_OK) {
        client->platform_backend->ops->close(client->platform_backend);
        return error;
    }
    client->backend = client->platform_backend;
    client->was_connected = true;
    error = ferry_client_update(client);
    return error == FERRY_OK ? ferry_client_block(client) : error;
}

ferry_error ferry_client_prepare(ferry_client *client, const ferry_origin *origin) {
    if (client->platform_backend == NULL) {
        ferry_error error = ferry_runtime_backend_new(&client->context, &client->exchange,
                                                      &client->platform_backend);
        if (error != FERRY_OK) {
            return error;
        }
    }
    return client->platform_backend->ops->prepare(client->platform_backend, origin);
}

ferry_error ferry_client_connect_to_host(ferry_client *client, const char *host, int port,
                                         const ferry_tls_options *tls) {
    ferry_authority authority;
    ferry_origin origin = {.tls = tls};
    ferry_error error = ferry_client_check_options(client);
    if (error == FERRY_OK) {
        error = ferry_authority_parse(&client->context, host, &authority);
    }
    if (error != FERRY_OK) {
        return error;
    }
    if (authority.has_scheme && !authority.secure && tls != NULL) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the host says http://, but TLS options are given");
    }
    origin.secure = authority.secure || tls != NULL;
    error = check_port(client, port, origin.secure, &origin.port);
    if (error == FERRY_OK) {
        error = ferry_proxy_select_choose(&client->context, client->proxy_select, authority.host,
                                          &origin);
    }
    if (error == FERRY_OK) {
        error = ferry_client_prepare(client, &origin);
    }
    if (error != FERRY_OK) {
        return error;
    }
    ferry_client_drop(client);
    return ferry_client_open(client, &authority, &origin);
}

static ferry_error set_proxy(ferry_client *client, bool secure, const char *host, int port) {
    bool is_none = host == NULL || host[0] == '\0' || port == -1;
    if (!is_none && (port < 1 || port > UINT16_MAX)) {
        return ferry_fail(&client->context, FERRY_ERROR_INVALID_PARAMETER,
                          "the port %d of the proxy is not between 1 and 65535 (-1: no proxy)",
                          port);
    }
    return ferry_proxy_select_set_proxy(&client->context, &client->proxy_select, secure,
                                        is_none ? NULL : host, (uint16_t)(is_none ? 0 : port));
}

ferry_error ferry_client_set_http_proxy(ferry_client *client, const char *host, int port) {
    return set_proxy(client, false, host, port);
}

ferry_error ferry_client_set_https_proxy(ferry_client *client, const char *host, int port) {
    return set_proxy(client, true, host, port);
}

ferry_stream *ferry_client_get_connection(const ferry_client *client) {
    return client->backend != NULL ? client->backend->ops->get_stream(client->backend) : NULL;
}
