/* SPDX-License-Identifier: MIT */
/* session_options: takes a session's options apart, and says what is wrong with them. */
#include "session_options.h"

#include "origin_key.h"
#include "url/host.h"

#include <string.h>

enum {
    DEFAULT_IDLE_MS = 60000,
    DEFAULT_STALL_MS = 30000,
    DEFAULT_BUDGET_US = 2000,
    DEFAULT_STREAMS = 6,
};
static const size_t default_memory = (size_t)256 * 1024 * 1024;

static int default_to(int value, int otherwise) {
    return value != 0 ? value : otherwise;
}

/* Takes "http://user:password@host:3128" apart for ferry_client_set_http_proxy(): the port goes. */
static ferry_error take_proxy(ferry_session *session, const char *text, const char *name,
                              char **host, int *port) {
    if (text == NULL) {
        return FERRY_OK;
    }
    if (!ferry_session_dials) {
        return ferry_fail(&session->context, FERRY_ERROR_UNAVAILABLE,
                          "on the web the browser chooses proxies: %s must be NULL", name);
    }
    char *copy = ferry_text_copy(&session->context.allocator, text);
    if (copy == NULL) {
        return ferry_fail_memory(&session->context);
    }
    *host = copy;
    char *authority = strstr(copy, "://");
    authority = authority != NULL ? authority + 3 : copy;
    *port = strncmp(copy, "https:", 6) == 0 ? 443 : 80;
    char *at = strrchr(authority, '@');
    char *end = (at != NULL ? at + 1 : authority);
    end += strcspn(end, "/?#");
    *end = '\0';
    char *bracket = strrchr(authority, ']');
    char *colon = strrchr(bracket != NULL ? bracket : (at != NULL ? at : authority), ':');
    if (colon != NULL && colon[1] != '\0') {
        uint16_t number;
        if (!ferry_port_read(ferry_span_of(colon + 1), &number)) {
            return ferry_fail(&session->context, FERRY_ERROR_INVALID_PARAMETER,
                              "the port of %s is not a number from 1 to 65535", name);
        }
        *port = number;
        *colon = '\0';
    }
    return FERRY_OK;
}

static ferry_error copy_text(ferry_session *session, const char *text, char **copy) {
    if (text == NULL) {
        return FERRY_OK;
    }
    *copy = ferry_text_copy(&session->context.allocator, text);
    return *copy != NULL ? FERRY_OK : ferry_fail_memory(&session->context);
}

/* One that is no http:// URL, such as a file's, is none to be relative to. */
static ferry_error take_page_url(ferry_session *session) {
    size_t size = ferry_session_page_url(NULL, 0);
    char *url = size > 1 ? ferry_alloc(&session->context, size) : NULL;
    if (url == NULL) {
        return size > 1 ? ferry_fail_memory(&session->context) : FERRY_OK;
    }
    ferry_session_page_url(url, size);
    if (strncmp(url, "http:", 5) == 0 || strncmp(url, "https:", 6) == 0) {
        session->base_url = url;
    } else {
        ferry_free(&session->context, url);
    }
    return FERRY_OK;
}

static ferry_error check_base_url(ferry_session *session) {
    if (session->base_url == NULL) {
        return take_page_url(session);
    }
    size_t size = 3 * strlen(session->base_url) + 32;
    char *scratch = ferry_alloc(&session->context, size);
    if (scratch == NULL) {
        return ferry_fail_memory(&session->context);
    }
    const char *reason = NULL;
    ferry_error error = ferry_url_resolve(NULL, session->base_url, scratch, size, &reason);
    ferry_free(&session->context, scratch);
    if (error != FERRY_OK) {
        return ferry_fail(&session->context, error, "base_url cannot be used: %s", reason);
    }
    return FERRY_OK;
}

static ferry_error take_tls(ferry_session *session, const ferry_tls_options *tls) {
    ferry_buffer *key = &session->tls_key;
    ferry_error error = ferry_origin_key_write_tls(key, &session->context, tls);
    size_t length = ferry_buffer_length(key);
    if (error != FERRY_OK || length == 0) {
        return error;
    }
    const char *bytes = ferry_buffer_content(key);
    size_t pins = ferry_origin_key_count_pins(bytes, length);
    session->tls_pins = ferry_alloc(&session->context, (pins + 1) * sizeof *session->tls_pins);
    if (session->tls_pins == NULL) {
        return ferry_fail_memory(&session->context);
    }
    ferry_origin_key_read_tls(bytes, length, session->tls_pins, &session->tls);
    session->tls_hash = ferry_origin_key_hash(bytes, length);
    return FERRY_OK;
}

static ferry_error take_client_options(ferry_session *session,
                                       const ferry_client_options *options) {
    ferry_client_options own = *options;
    own.timeouts.idle_ms = default_to(own.timeouts.idle_ms, DEFAULT_STALL_MS);
    session->total_ms = own.timeouts.total_ms;
    own.timeouts.total_ms = -1; /* it is for whole transfers */
    session->client_options = ferry_client_options_copy_new(&session->context, &own);
    return session->client_options != NULL ? FERRY_OK : ferry_fail_memory(&session->context);
}

static void session_begin_lines(ferry_session *session, int64_t bytes_per_second) {
    for (int way = 0; way < FERRY_WAYS; way++) {
        ferry_rate_begin(&session->lines[way].rate, bytes_per_second, ferry_runtime_now_us());
    }
}

static ferry_error check_numbers(ferry_session *session, const ferry_session_options *options) {
    if (options->max_connections < 0 || options->max_connections_per_origin < 0) {
        return ferry_fail(&session->context, FERRY_ERROR_INVALID_PARAMETER,
                          "max_connections and max_connections_per_origin cannot be negative");
    }
    if (options->max_bytes_per_second < 0) {
        return ferry_fail(&session->context, FERRY_ERROR_INVALID_PARAMETER,
                          "max_bytes_per_second cannot be negative");
    }
    session_begin_lines(session, options->max_bytes_per_second);
    return FERRY_OK;
}

static ferry_error session_take_cookies(ferry_session *session, ferry_cookie_jar *cookies) {
    if (cookies != NULL && !ferry_session_dials) {
        return ferry_fail(&session->context, FERRY_ERROR_UNAVAILABLE,
                          "on the web the browser keeps cookies: `cookies` must be NULL");
    }
    if (cookies != NULL && cookies->flaw != FERRY_OK) {
        return ferry_fail(&session->context, cookies->flaw, "%s", cookies->context.detail);
    }
    session->cookies = cookies;
    return FERRY_OK;
}

ferry_error ferry_session_take_options(ferry_session *session,
                                       const ferry_session_options *options) {
    session->https_only = options->https_only;
    session->max_per_origin =
        default_to(options->max_connections_per_origin, ferry_session_max_per_origin);
    session->max_streams_per_origin =
        default_to(options->max_event_streams_per_origin, DEFAULT_STREAMS);
    session->max_connections = default_to(options->max_connections, ferry_session_max_connections);
    session->max_idle_ms = default_to(options->max_idle_ms, DEFAULT_IDLE_MS);
    session->max_memory_bytes =
        options->max_memory_bytes > 0 ? options->max_memory_bytes : default_memory;
    session->poll_budget_us = default_to(options->poll_budget_us, DEFAULT_BUDGET_US);
    ferry_error error = check_numbers(session, options);
    if (error == FERRY_OK) {
        error = take_client_options(session, &options->client);
    }
    if (error == FERRY_OK) {
        error = take_tls(session, options->tls);
    }
    if (error == FERRY_OK) {
        error = copy_text(session, options->base_url, &session->base_url);
    }
    if (error == FERRY_OK) {
        error = check_base_url(session);
    }
    if (error == FERRY_OK) {
        error = take_proxy(session, options->http_proxy, "http_proxy", &session->http_proxy,
                           &session->http_proxy_port);
    }
    if (error == FERRY_OK) {
        error = take_proxy(session, options->https_proxy, "https_proxy", &session->https_proxy,
                           &session->https_proxy_port);
    }
    if (error == FERRY_OK) {
        error = session_take_cookies(session, options->cookies);
    }
    if (error == FERRY_OK) {
        error = ferry_poller_new(&session->context, &session->poller);
    }
    if (ferry_session_dials) {
        session->tls_cache = ferry_tls_cache_new(); /* NULL: each connection has its own */
    }
    return error;
}
