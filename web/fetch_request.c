/* SPDX-License-Identifier: MIT */
/* fetch_request: writes method, URL, options and headers as the strings that ferry_fetch.js
 * reads. */
#include "fetch_request.h"

#include "base/percent.h"

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
    return ferry_buffer_append(text, context, bytes.data, bytes.length);
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

static ferry_error fetch_check_method(ferry_context *context, ferry_span name) {
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
    if (error != FERRY_OK) {
        return error;
    }
    error = ferry_buffer_reserve(text, context, 3 * message->target.length);
    if (error != FERRY_OK) {
        return error;
    }
    char *end = ferry_percent_write_target(message->target, text->data + text->end);
    text->end = (size_t)(end - text->data);
    return add_bytes(text, context, FERRY_SPAN("\0"));
}

/* ---- Options ---- */

/* A member of RequestInit, and its words by the numbers of ferry.h; 0 is fetch's own default. */
typedef struct option_words {
    const char *name;
    const char *words;
} option_words;

static const option_words option_list[] = {
    {"mode", "cors,no-cors,same-origin"},
    {"credentials", "same-origin,include,omit"},
    {"cache", "default,no-store,reload,no-cache,force-cache,only-if-cached"},
    {"redirect", "follow,error,manual"},
    {"referrerPolicy",
     "default,no-referrer,no-referrer-when-downgrade,same-origin,origin,strict-origin,"
     "origin-when-cross-origin,strict-origin-when-cross-origin,unsafe-url"},
    {"priority", "auto,high,low"},
};
enum { OPTION_COUNT = sizeof option_list / sizeof *option_list };

static ferry_error add_option(ferry_buffer *text, ferry_context *context,
                              const option_words *option, int number) {
    ferry_span words = ferry_span_of(option->words);
    ferry_span word;
    if (number == 0) {
        return FERRY_OK;
    }
    for (int i = 0; ferry_span_next_element(&words, &word); i++) {
        if (i == number) {
            return add_pair(text, context, ferry_span_of(option->name), word);
        }
    }
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                      "the fetch option %s has no number %d", option->name, number);
}

static ferry_error add_options(ferry_buffer *text, ferry_context *context,
                               const ferry_fetch_options *options) {
    const int numbers[OPTION_COUNT] = {
        (int)options->mode,     (int)options->credentials,     (int)options->cache,
        (int)options->redirect, (int)options->referrer_policy, (int)options->priority,
    };
    ferry_error error = FERRY_OK;
    for (size_t i = 0; i < OPTION_COUNT && error == FERRY_OK; i++) {
        error = add_option(text, context, &option_list[i], numbers[i]);
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
    ferry_error error = fetch_check_method(context, message->method_name);
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
