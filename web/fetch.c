/* SPDX-License-Identifier: MIT */
/* fetch: one exchange at a time over fetch(). Nothing is dialled: an origin is open as soon as it
 * is named. Body bytes wait in JavaScript, up to a window, and are copied once, to where C reads
 * them.
 */
#include "fetch.h"

#include "base/number.h"
#include "fetch_request.h"
#include "message/announced_length.h"
#include "message/body_source.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

enum {
    DEFAULT_WINDOW = 16 * 1024 * 1024,
    MAX_PIECE = 1024 * 1024, /* of a streamed body, taken at once */
};

typedef struct ferry_fetch {
    ferry_backend base;
    ferry_fetch_signal signal;
    bool secure; /* the origin's scheme is https */
    int id;      /* 0: there is no fetch */
    ferry_buffer text;
    ferry_fetch_options options; /* of this request: `integrity` is not looked at again */
    int64_t upload_remaining;    /* of a streamed body of known length; -1: not known */
    ferry_body_source source;    /* what gives a body before the request is sent */
} ferry_fetch;

/* ---- The link ---- */

static ferry_error fetch_open(ferry_backend *backend, const ferry_origin *origin, int64_t now_ms) {
    (void)now_ms;
    ((ferry_fetch *)backend)->secure = origin->secure;
    backend->link = FERRY_LINK_RESOLVING;
    return FERRY_OK;
}

static void fetch_drop(ferry_fetch *fetch) {
    if (fetch->id != 0) {
        ferry_js_drop(fetch->id);
        fetch->id = 0;
    }
}

/* Nothing more is wanted of the server. */
static void fetch_fail(ferry_fetch *fetch, ferry_error error) {
    fetch_drop(fetch);
    ferry_exchange_fail(fetch->base.exchange, error);
}

static void fetch_abort(ferry_backend *backend, ferry_error error) {
    ferry_exchange_fail(backend->exchange, error);
    fetch_drop((ferry_fetch *)backend);
    backend->link = FERRY_LINK_CLOSED;
}

static void fetch_close(ferry_backend *backend) {
    ferry_exchange_reset(backend->exchange);
    ferry_buffer_trim(&backend->exchange->url, backend->context);
    fetch_drop((ferry_fetch *)backend);
    backend->link = FERRY_LINK_CLOSED;
}

static void fetch_destroy(ferry_backend *backend) {
    ferry_fetch *fetch = (ferry_fetch *)backend;
    ferry_context *context = backend->context;
    fetch_drop(fetch);
    ferry_buffer_deinit(&fetch->text, context);
    ferry_free(context, fetch);
}

/* ---- The request ---- */

/* The body is whole: it goes out. */
static void fetch_start(ferry_fetch *fetch) {
    ferry_exchange *exchange = fetch->base.exchange;
    exchange->takes_body = false;
    exchange->pulls_body = false;
    exchange->awaits_body = false;
    exchange->is_exposed = true;
    ferry_js_send(fetch->id);
    ferry_exchange_sent(exchange);
}

/* A browser takes a body as a whole: all of it is collected first, so much in one step. */
static void fetch_pull(ferry_fetch *fetch) {
    ferry_context *context = fetch->base.context;
    size_t budget = ferry_size_least(context->poll_budget_bytes, FERRY_SEND_PIECE);
    bool has_ended = ferry_body_source_is_exhausted(&fetch->source);
    while (!has_ended && budget > 0) {
        char piece[4096];
        size_t most = ferry_size_least(budget, sizeof piece);
        size_t length = 0;
        ferry_error error = ferry_body_source_read(&fetch->source, context, piece, most, &length);
        if (error == FERRY_OK && length > 0 && ferry_js_write(fetch->id, piece, length) == 0) {
            error = ferry_fail_memory(context);
        }
        if (error != FERRY_OK) {
            fetch_fail(fetch, error);
            return;
        }
        fetch->base.exchange->bytes_sent += (int64_t)length;
        context->bytes_moved += length;
        budget -= length;
        has_ended = length == 0 || ferry_body_source_is_exhausted(&fetch->source);
    }
    fetch->base.exchange->sender_has_work = !has_ended;
    if (has_ended) {
        fetch_start(fetch);
    }
}

/* With the last byte of an announced length, whether or not the caller ever says so. */
static void fetch_start_by_length(ferry_fetch *fetch) {
    if (fetch->upload_remaining == 0) {
        fetch->base.exchange->body_is_whole = true;
        fetch_start(fetch);
    }
}

static ferry_error fetch_send(ferry_backend *backend, const ferry_message *message) {
    ferry_fetch *fetch = (ferry_fetch *)backend;
    ferry_exchange *exchange = backend->exchange;
    ferry_error error =
        ferry_fetch_request_write(&fetch->text, backend->context, message, fetch->secure);
    if (error != FERRY_OK) {
        return error;
    }
    size_t window = message->fetch->window_bytes;
    fetch_drop(fetch);
    fetch->signal.seen = atomic_load(&fetch->signal.news);
    fetch->id = ferry_js_new(
        &fetch->signal, ferry_buffer_content(&fetch->text), ferry_buffer_length(&fetch->text),
        window > 0 ? window : DEFAULT_WINDOW, backend->context->max_head_bytes);
    if (message->body_length > 0 &&
        ferry_js_write(fetch->id, message->body, message->body_length) == 0) {
        fetch_drop(fetch);
        return ferry_fail_memory(backend->context);
    }
    fetch->options = *message->fetch;
    fetch->upload_remaining = message->streamed_length;
    fetch->source =
        (ferry_body_source){message->body_read, message->body_ctx, message->streamed_length};
    ferry_exchange_reset(exchange);
    ferry_exchange_begin(exchange);
    exchange->bytes_sent = (int64_t)message->body_length;
    exchange->pulls_body = message->body_read != NULL;
    exchange->takes_body = message->streamed && !exchange->pulls_body;
    exchange->awaits_body = exchange->takes_body;
    if (exchange->pulls_body) {
        fetch_pull(fetch);
    } else if (message->streamed) {
        fetch_start_by_length(fetch);
    } else {
        fetch_start(fetch);
    }
    return FERRY_OK;
}

/* A browser takes a body as a whole, so the pieces are collected. A call takes one that is copied
 * in a small part of a frame; the client calls again while there is time. */
static ferry_error fetch_write(ferry_backend *backend, const void *data, size_t length,
                               size_t *written) {
    ferry_fetch *fetch = (ferry_fetch *)backend;
    *written = 0;
    ferry_error error =
        ferry_announced_check_piece(backend->context, fetch->upload_remaining, length);
    if (error != FERRY_OK) {
        return error;
    }
    if (length == 0) {
        return FERRY_OK;
    }
    if (length > MAX_PIECE) {
        length = MAX_PIECE;
    }
    if (ferry_js_write(fetch->id, data, length) == 0) {
        return ferry_fail_memory(backend->context);
    }
    if (fetch->upload_remaining >= 0) {
        fetch->upload_remaining -= (int64_t)length;
    }
    backend->exchange->bytes_sent += (int64_t)length;
    backend->context->bytes_moved += length;
    *written = length;
    fetch_start_by_length(fetch);
    return FERRY_OK;
}

static ferry_error fetch_finish(ferry_backend *backend) {
    ferry_fetch *fetch = (ferry_fetch *)backend;
    ferry_error error = ferry_announced_check_end(backend->context, fetch->upload_remaining);
    if (error == FERRY_OK) {
        fetch_start(fetch);
    }
    return error;
}

static void fetch_proceed(ferry_backend *backend) {
    (void)backend; /* no body ever waits for 100 (Continue): the browser sends no Expect */
}

/* ---- Failures ---- */

static const char *option_that_may_be_the_reason(const ferry_fetch *fetch) {
    if (fetch->options.mode == FERRY_FETCH_MODE_SAME_ORIGIN) {
        return "; FERRY_FETCH_MODE_SAME_ORIGIN lets no other origin be asked";
    }
    if (fetch->options.redirect == FERRY_FETCH_REDIRECT_ERROR) {
        return "; with FERRY_FETCH_REDIRECT_ERROR a redirect fails too";
    }
    return fetch->options.integrity != NULL ? "; a body without the integrity asked for fails too"
                                            : "";
}

static ferry_error fetch_describe(ferry_fetch *fetch, ferry_fetch_failure_kind kind,
                                  const char *words) {
    ferry_context *context = fetch->base.context;
    const char *also = option_that_may_be_the_reason(fetch);
    switch (kind) {
    case FERRY_FETCH_FAILURE_NONE:
    case FERRY_FETCH_FAILURE_NETWORK:
        break;
    case FERRY_FETCH_FAILURE_CROSS_ORIGIN:
        return ferry_fail(context, FERRY_ERROR_NETWORK_OR_CORS,
                          "no Access-Control-Allow-Origin that allows this page, or the network "
                          "failed: the browser does not say which (%s)%s",
                          words, also);
    case FERRY_FETCH_FAILURE_MIXED:
        return ferry_fail(context, FERRY_ERROR_NETWORK_OR_CORS,
                          "mixed content: a page from https:// may not fetch from http:// (%s)",
                          words);
    case FERRY_FETCH_FAILURE_OFFLINE:
        return ferry_fail(context, FERRY_ERROR_NETWORK_OR_CORS, "the browser is offline (%s)",
                          words);
    case FERRY_FETCH_FAILURE_BODY:
        return ferry_fail(context, FERRY_ERROR_BODY_TRUNCATED,
                          "the body ended early, or could not be decoded: the browser does not say "
                          "which (%s)",
                          words);
    case FERRY_FETCH_FAILURE_REFUSED:
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the browser does not take the request: %s", words);
    case FERRY_FETCH_FAILURE_RESOLVE:
        return ferry_fail(context, FERRY_ERROR_CANT_RESOLVE, "the host name is not known: %s",
                          words);
    case FERRY_FETCH_FAILURE_CONNECT:
        return ferry_fail(context, FERRY_ERROR_CANT_CONNECT, "nobody could be connected to: %s",
                          words);
    case FERRY_FETCH_FAILURE_PROTOCOL:
        return ferry_fail(context, FERRY_ERROR_PROTOCOL, "%s", words);
    case FERRY_FETCH_FAILURE_CODING:
        return ferry_fail(context, FERRY_ERROR_INVALID_DATA, "the body could not be decoded: %s",
                          words);
    case FERRY_FETCH_FAILURE_CONNECTION:
        return ferry_fail(context, FERRY_ERROR_CONNECTION_ERROR, "the connection failed: %s",
                          words);
    case FERRY_FETCH_FAILURE_UPLOAD:
        return ferry_fail(context, FERRY_ERROR_OUT_OF_MEMORY,
                          "the request's body could not be put together: %s", words);
    case FERRY_FETCH_FAILURE_RESPONSE:
        return ferry_fail(context, FERRY_ERROR_PROTOCOL, "what fetch() gave is no response: %s",
                          words);
    case FERRY_FETCH_FAILURE_HEAD:
        return ferry_headers_explain(&fetch->base.exchange->headers, context,
                                     FERRY_ERROR_TOO_LARGE);
    case FERRY_FETCH_FAILURE_NO_FETCH:
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE, "there is no fetch() here: %s", words);
    }
    if (fetch->options.redirect == FERRY_FETCH_REDIRECT_FOLLOW) {
        return ferry_fail(context, FERRY_ERROR_NETWORK_OR_CORS,
                          "the network failed, or a redirect led to another origin that has no "
                          "Access-Control-Allow-Origin for this page: the browser does not say "
                          "which (%s)%s",
                          words, also);
    }
    return ferry_fail(context, FERRY_ERROR_NETWORK_OR_CORS, "the network failed (%s)%s", words,
                      also);
}

/* Ends the exchange with what JavaScript knows of the failure; false where there was none. */
static bool take_failure(ferry_fetch *fetch) {
    ferry_fetch_failure_kind kind = (ferry_fetch_failure_kind)ferry_js_failure(fetch->id);
    if (kind != FERRY_FETCH_FAILURE_NONE) {
        char words[FERRY_FETCH_WORDS_SIZE];
        double length = ferry_js_words(fetch->id, words, sizeof words);
        assert(length <= (double)sizeof words);
        (void)length;
        fetch_fail(fetch, fetch_describe(fetch, kind, words));
    }
    return kind != FERRY_FETCH_FAILURE_NONE;
}

static void fetch_end(ferry_fetch *fetch) {
    fetch_drop(fetch);
    ferry_exchange_end(fetch->base.exchange);
}

/* ---- The response ---- */

/* The next string of a text. */
static ferry_span next_string(ferry_span *rest) {
    const char *nul = memchr(rest->data, '\0', rest->length);
    assert(nul != NULL);
    ferry_span string = {rest->data, (size_t)(nul - rest->data)};
    rest->data += string.length + 1;
    rest->length -= string.length + 1;
    return string;
}

static ferry_error take_headers(ferry_fetch *fetch, ferry_span reason, ferry_span rest) {
    ferry_context *context = fetch->base.context;
    ferry_headers *headers = &fetch->base.exchange->headers;
    ferry_error error = ferry_headers_add_reason(headers, context, reason);
    while (rest.length > 0 && error == FERRY_OK) {
        ferry_span name = next_string(&rest);
        error = ferry_headers_add(headers, context, name, ferry_span_trim(next_string(&rest)));
    }
    return ferry_headers_explain(headers, context, error);
}

static ferry_error take_url(ferry_exchange *exchange, ferry_span url) {
    ferry_buffer_clear(&exchange->url);
    ferry_buffer_trim(&exchange->url, exchange->context); /* an earlier one may have been long */
    return ferry_buffer_append(&exchange->url, exchange->context, url.data, url.length + 1);
}

static void take_head(ferry_fetch *fetch, size_t length) {
    ferry_exchange *exchange = fetch->base.exchange;
    ferry_span rest = {ferry_buffer_content(&fetch->text), length};
    int64_t code = 0;
    int64_t hint;
    ferry_decimal_read(next_string(&rest), &code);
    ferry_span reason = next_string(&rest);
    if (!ferry_decimal_read(next_string(&rest), &hint)) {
        hint = -1;
    }
    ferry_error error = take_url(exchange, next_string(&rest));
    if (error == FERRY_OK) {
        error = take_headers(fetch, reason, rest);
    }
    if (error != FERRY_OK) {
        fetch_fail(fetch, error);
        return;
    }
    if (code == 0) {
        ferry_log(fetch->base.context, FERRY_LOG_WARNING,
                  "the response is opaque: the browser shows neither code, headers nor body");
    }
    ferry_exchange_head(exchange, (int)code, false, -1, hint);
    bool is_over = ferry_js_read(fetch->id, NULL, 0) < 0;
    if (is_over && ferry_js_failure(fetch->id) == FERRY_FETCH_FAILURE_NONE) {
        fetch_end(fetch);
    }
}

static void look_for_head(ferry_fetch *fetch) {
    ferry_buffer *text = &fetch->text;
    ferry_buffer_clear(text);
    ferry_buffer_trim(text, fetch->base.context); /* of a large request */
    double length = ferry_js_head(fetch->id, text->data, text->capacity);
    if (length > (double)text->capacity) {
        ferry_error error = ferry_buffer_reserve(text, fetch->base.context, (size_t)length);
        if (error != FERRY_OK) {
            fetch_fail(fetch, error);
            return;
        }
        length = ferry_js_head(fetch->id, text->data, text->capacity);
    }
    if (length >= 0) {
        take_head(fetch, (size_t)length);
        ferry_buffer_clear(text);
        ferry_buffer_trim(text, fetch->base.context);
    } else if (length == -2) {
        take_failure(fetch);
    }
}

static ferry_error fetch_step(ferry_backend *backend, int64_t now_ms) {
    ferry_fetch *fetch = (ferry_fetch *)backend;
    (void)now_ms;
    if (backend->link == FERRY_LINK_RESOLVING || backend->link == FERRY_LINK_CONNECTING) {
        backend->link++;
        return FERRY_OK;
    }
    if (backend->exchange->pulls_body) {
        fetch_pull(fetch);
    }
    int news = atomic_load(&fetch->signal.news);
    if (fetch->id != 0 && news != fetch->signal.seen &&
        backend->exchange->state == FERRY_EXCHANGE_WAITING) {
        fetch->signal.seen = news;
        backend->context->bytes_moved++; /* how many, a browser does not say of a head */
        look_for_head(fetch);
    }
    return FERRY_OK;
}

static size_t fetch_read(ferry_backend *backend, void *dst, size_t capacity) {
    ferry_fetch *fetch = (ferry_fetch *)backend;
    fetch->signal.seen = atomic_load(&fetch->signal.news);
    double stored = ferry_js_read(fetch->id, dst, capacity);
    bool is_over = stored < 0;
    size_t length = (size_t)(is_over ? -stored - 1 : stored);
    backend->exchange->bytes_received += (int64_t)length;
    backend->context->bytes_moved += length;
    if (is_over && !take_failure(fetch)) {
        fetch_end(fetch);
    }
    return length;
}

static size_t fetch_get_waits(ferry_backend *backend, ferry_wait *waits, size_t capacity,
                              int64_t *deadline_ms, bool wants_body) {
    ferry_fetch *fetch = (ferry_fetch *)backend;
    const ferry_exchange *exchange = backend->exchange;
    if (backend->link == FERRY_LINK_RESOLVING || backend->link == FERRY_LINK_CONNECTING) {
        *deadline_ms = 0;
        return 0;
    }
    bool waits_for_news =
        fetch->id != 0 && (exchange->state == FERRY_EXCHANGE_WAITING || wants_body);
    if (!waits_for_news) {
        return 0;
    }
    if (capacity > 0) {
        waits[0] = (ferry_wait){(ferry_descriptor)&fetch->signal, FERRY_EVENT_NEWS};
    }
    return 1;
}

static ferry_stream *fetch_get_stream(const ferry_backend *backend) {
    (void)backend;
    return NULL;
}

static bool fetch_owns_stream(const ferry_backend *backend, const ferry_stream *stream) {
    (void)backend;
    (void)stream;
    return false;
}

static ferry_error fetch_take_stream(ferry_backend *backend, ferry_stream **stream) {
    (void)stream;
    return ferry_fail(backend->context, FERRY_ERROR_UNAVAILABLE, "fetch() has no stream beneath");
}

static ferry_error fetch_restart(ferry_backend *backend) {
    return fetch_take_stream(backend, NULL);
}

static const ferry_backend_ops fetch_ops = {
    .shows_connection = false,
    .prepare = ferry_fetch_prepare,
    .open = fetch_open,
    .step = fetch_step,
    .send = fetch_send,
    .write = fetch_write,
    .finish = fetch_finish,
    .proceed = fetch_proceed,
    .read = fetch_read,
    .get_waits = fetch_get_waits,
    .abort = fetch_abort,
    .close = fetch_close,
    .destroy = fetch_destroy,
    .get_stream = fetch_get_stream,
    .owns_stream = fetch_owns_stream,
    .take_stream = fetch_take_stream,
    .restart = fetch_restart,
};

ferry_error ferry_fetch_backend_new(ferry_context *context, ferry_exchange *exchange,
                                    ferry_backend **backend) {
    ferry_fetch *fetch = ferry_alloc(context, sizeof *fetch);
    if (fetch == NULL) {
        return ferry_fail_memory(context);
    }
    *fetch = (ferry_fetch){
        .base = {.ops = &fetch_ops, .context = context, .exchange = exchange},
    };
    ferry_buffer_init(&fetch->text, FERRY_LIMIT_FETCH_TEXT,
                      "what is given to JavaScript or comes from it");
    *backend = &fetch->base;
    return FERRY_OK;
}
