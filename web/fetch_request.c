/* SPDX-License-Identifier: MIT */
/* fetch_request: method, URL, options and headers as the strings that ferry_fetch.js reads. */
#include "fetch_request.h"

/* Headers that are the browser's own affair (Fetch standard section 2.2.2), and the prefixes of
 * others. */
static const char forbidden_names[] =
    "accept-charset,accept-encoding,access-control-request-headers,access-control-request-method,"
    "connection,content-length,cookie,cookie2,date,dnt,expect,host,keep-alive,origin,referer,"
    "set-cookie,te,trailer,transfer-encoding,upgrade,via";

static bool is_forbidden(ferry_span name) {
    ferry_span list = FERRY_SPAN(forbidden_names);
    ferry_span element;
    while (ferry_span_next_element(&list, &element)) {
        if (ferry_span_equals(name, element)) {
            return true;
        }
    }
    return ferry_span_starts_with(name, FERRY_SPAN("proxy-")) ||
           ferry_span_starts_with(name, FERRY_SPAN("sec-"));
}

static ferry_error add_bytes(ferry_buffer *text, ferry_context *context, ferry_span bytes) {
    ferry_error error = ferry_buffer_append(text, context, bytes.data, bytes.length);
    return error == FERRY_OK ? FERRY_OK : ferry_fail_memory(context);
}

/* The bytes and the NUL that ends them. */
static ferry_error add_text(ferry_buffer *text, ferry_context *context, ferry_span bytes) {
    ferry_error error = add_bytes(text, context, bytes);
    return error == FERRY_OK ? add_bytes(text, context, FERRY_SPAN("\0")) : error;
}

static ferry_error add_pair(ferry_buffer *text, ferry_context *context, ferry_span name,
                            ferry_span value) {
    ferry_error error = add_text(text, context, name);
    return error == FERRY_OK ? add_text(text, context, value) : error;
}

/* ---- Method and target ---- */

static ferry_error check_method(ferry_context *context, ferry_span name) {
    if (ferry_span_equals(name, FERRY_SPAN("TRACE")) ||
        ferry_span_equals(name, FERRY_SPAN("TRACK")) ||
        ferry_span_equals(name, FERRY_SPAN("CONNECT"))) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "browsers do not send %.*s (Fetch standard, forbidden methods)",
                          (int)name.length, name.data);
    }
    return FERRY_OK;
}

static ferry_error add_url(ferry_buffer *text, ferry_context *context, const ferry_message *message,
                           bool secure) {
    if (message->target.data[0] != '/') {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "a browser takes urls that begin with '/' only: \"%.120s\"",
                          message->target.data);
    }
    ferry_error error =
        add_bytes(text, context, secure ? FERRY_SPAN("https://") : FERRY_SPAN("http://"));
    if (error == FERRY_OK) {
        error = add_bytes(text, context, message->host);
    }
    return error == FERRY_OK ? add_text(text, context, message->target) : error;
}

/* ---- Options ---- */

/* The words of RequestInit, by the numbers of ferry.h. */
static const char modes[] = "cors,no-cors,same-origin";
static const char credentials[] = "same-origin,include,omit";
static const char caches[] = "default,no-store,reload,no-cache,force-cache,only-if-cached";
static const char redirects[] = "follow,error,manual";
static const char policies[] =
    "default,no-referrer,no-referrer-when-downgrade,same-origin,origin,strict-origin,"
    "origin-when-cross-origin,strict-origin-when-cross-origin,unsafe-url";
static const char priorities[] = "auto,high,low";

static ferry_error add_option(ferry_buffer *text, ferry_context *context, ferry_span name,
                              int number, ferry_span words) {
    ferry_span word = {NULL, 0};
    for (int i = 0; i <= number && i >= 0; i++) {
        if (!ferry_span_next_element(&words, &word)) {
            word.data = NULL;
            break;
        }
    }
    if (word.data == NULL) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the fetch option %s has no number %d", name.data, number);
    }
    return number == 0 ? FERRY_OK : add_pair(text, context, name, word); /* 0 is fetch's default */
}

static ferry_error add_options(ferry_buffer *text, ferry_context *context,
                               const ferry_fetch_options *options) {
    const struct {
        ferry_span name;
        ferry_span words;
        int number;
    } members[] = {
        {FERRY_SPAN("mode"), FERRY_SPAN(modes), (int)options->mode},
        {FERRY_SPAN("credentials"), FERRY_SPAN(credentials), (int)options->credentials},
        {FERRY_SPAN("cache"), FERRY_SPAN(caches), (int)options->cache},
        {FERRY_SPAN("redirect"), FERRY_SPAN(redirects), (int)options->redirect},
        {FERRY_SPAN("referrerPolicy"), FERRY_SPAN(policies), (int)options->referrer_policy},
        {FERRY_SPAN("priority"), FERRY_SPAN(priorities), (int)options->priority},
    };
    ferry_error error = FERRY_OK;
    for (size_t i = 0; i < sizeof members / sizeof *members && error == FERRY_OK; i++) {
        error = add_option(text, context, members[i].name, members[i].number, members[i].words);
    }
    if (error == FERRY_OK && options->keepalive) {
        error = add_pair(text, context, FERRY_SPAN("keepalive"), FERRY_SPAN("1"));
    }
    if (error == FERRY_OK && options->integrity != NULL) {
        error = add_pair(text, context, FERRY_SPAN("integrity"), ferry_span_of(options->integrity));
    }
    return error == FERRY_OK ? add_text(text, context, FERRY_SPAN("")) : error;
}

/* ---- Headers ---- */

static ferry_error add_headers(ferry_buffer *text, ferry_context *context,
                               const ferry_message *message) {
    ferry_error error = FERRY_OK;
    for (const char *const *at = message->headers; *at != NULL && error == FERRY_OK; at++) {
        const char *colon = strchr(*at, ':');
        ferry_span name = {*at, (size_t)(colon - *at)};
        if (is_forbidden(name)) {
            ferry_log(context, FERRY_LOG_WARNING,
                      "the header is left out, since a browser keeps %.*s to itself",
                      (int)name.length, name.data);
        } else {
            error = add_pair(text, context, name, ferry_span_trim(ferry_span_of(colon + 1)));
        }
    }
    return error;
}

ferry_error ferry_fetch_request_write(ferry_buffer *text, ferry_context *context,
                                      const ferry_message *message, bool secure) {
    ferry_buffer_clear(text);
    ferry_error error = check_method(context, message->method_name);
    if (error == FERRY_OK) {
        error = add_text(text, context, message->method_name);
    }
    if (error == FERRY_OK) {
        error = add_url(text, context, message, secure);
    }
    if (error == FERRY_OK) {
        error = add_options(text, context, message->fetch);
    }
    return error == FERRY_OK ? add_headers(text, context, message) : error;
}
