/* SPDX-License-Identifier: MIT */
/* demo: the part of the demo page that speaks HTTP, as a program does that polls once a frame. */
#include "demo.h"

#include <ferry.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_BYTES = 65536,
    EVENT_LIMIT = 1024, /* lines that wait for the page; later ones are dropped */
};

typedef struct demo_event {
    struct demo_event *next;
    ferry_log_kind kind;
    double time;
    char text[];
} demo_event;

typedef struct demo_text {
    char *data;
    size_t length;
} demo_text;

static struct {
    ferry_client *client;
    demo_phase phase;
    ferry_error error;
    const char *refusal; /* why nothing was sent, where that was not the client's word */
    double started;
    bool sent;

    demo_text texts[DEMO_PART_COUNT];
    const char **headers; /* the lines of the headers' text, ended by NULL */
    char *url_storage;
    ferry_url url;

    demo_event *first;
    demo_event *last;
    size_t event_count;

    unsigned char chunk[CHUNK_BYTES];
} demo;

/* ---- Events ------------------------------------------------------------------------------- */

static void event_add(ferry_log_kind kind, const char *message) {
    size_t size = strlen(message) + 1;
    demo_event *event = NULL;
    if (demo.event_count < EVENT_LIMIT)
        event = malloc(sizeof *event + size);
    if (!event)
        return;
    event->next = NULL;
    event->kind = kind;
    event->time = demo_now();
    memcpy(event->text, message, size);
    if (demo.last)
        demo.last->next = event;
    else
        demo.first = event;
    demo.last = event;
    demo.event_count++;
}

static void event_log(void *ctx, ferry_log_kind kind, const char *message) {
    (void)ctx;
    /* The page shows the response's fields as a table. */
    if (kind != FERRY_LOG_RESPONSE_HEAD)
        event_add(kind, message);
}

static void event_clear(void) {
    while (demo.first)
        demo_event_take();
}

/* ---- The request -------------------------------------------------------------------------- */

static demo_phase demo_fail(ferry_error error, const char *refusal) {
    demo.error = error;
    demo.refusal = refusal;
    demo.phase = DEMO_FAILED;
    return demo.phase;
}

static const char *text_get(demo_part part) {
    return demo.texts[part].data ? demo.texts[part].data : "";
}

/* Cuts the headers' text into lines, in place. */
static bool headers_split(void) {
    size_t count = 0;
    char *text = demo.texts[DEMO_PART_HEADERS].data;
    for (const char *at = text; at && *at; at++)
        count += *at == '\n';

    const char **lines = realloc(demo.headers, (count + 2) * sizeof *lines);
    if (!lines)
        return false;
    demo.headers = lines;
    while (text && *text) {
        char *line = text;
        size_t length = strcspn(line, "\r\n");
        text = line + length;
        if (*text)
            *text++ = '\0';
        if (length > 0)
            *lines++ = line;
    }
    *lines = NULL;
    return true;
}

static ferry_error url_take_apart(const char **reason) {
    const char *text = text_get(DEMO_PART_URL);
    size_t size = 3 * strlen(text) + 16;
    char *storage = realloc(demo.url_storage, size);
    if (!storage)
        return FERRY_ERROR_OUT_OF_MEMORY;
    demo.url_storage = storage;
    return ferry_url_parse(text, storage, size, &demo.url, reason);
}

static ferry_error client_connect(void) {
    const char *prefix = demo.url.secure ? "https://" : "http://";
    size_t size = strlen(prefix) + strlen(demo.url.host) + 1;
    char *host = malloc(size);
    if (!host)
        return FERRY_ERROR_OUT_OF_MEMORY;
    snprintf(host, size, "%s%s", prefix, demo.url.host);
    ferry_error error = ferry_client_connect_to_host(demo.client, host, demo.url.port, NULL);
    free(host);
    return error;
}

/* A method that ferry knows goes by its number, so that its rules about bodies hold. */
static void request_set_method(ferry_request *request) {
    static const char *const names[FERRY_METHOD_MAX] = {
        [FERRY_METHOD_GET] = "GET",       [FERRY_METHOD_HEAD] = "HEAD",
        [FERRY_METHOD_POST] = "POST",     [FERRY_METHOD_PUT] = "PUT",
        [FERRY_METHOD_DELETE] = "DELETE", [FERRY_METHOD_OPTIONS] = "OPTIONS",
        [FERRY_METHOD_TRACE] = "TRACE",   [FERRY_METHOD_CONNECT] = "CONNECT",
        [FERRY_METHOD_PATCH] = "PATCH",
    };
    const char *name = text_get(DEMO_PART_METHOD);
    for (int method = 0; method < FERRY_METHOD_MAX; method++) {
        if (strcmp(name, names[method]) == 0) {
            request->method = (ferry_method)method;
            return;
        }
    }
    request->method_name = name;
}

static ferry_error client_send(void) {
    ferry_request request = {
        .url = demo.url.target,
        .headers = demo.headers,
        .body = demo.texts[DEMO_PART_BODY].data,
        .body_length = demo.texts[DEMO_PART_BODY].length,
    };
    request_set_method(&request);
    demo.sent = true;
    return ferry_client_send(demo.client, &request);
}

/* ---- What the page calls ------------------------------------------------------------------ */

char *demo_request_text(demo_part part, size_t length) {
    demo_text *text = &demo.texts[part];
    char *data = length < SIZE_MAX ? realloc(text->data, length + 1) : NULL;
    if (!data)
        return NULL;
    data[length] = '\0';
    *text = (demo_text){.data = data, .length = length};
    return data;
}

demo_phase demo_start(int credentials, int redirect, int response_ms, int total_ms) {
    ferry_client_free(demo.client);
    demo.client = NULL;
    demo.error = FERRY_OK;
    demo.refusal = NULL;
    demo.sent = false;
    demo.started = emscripten_get_now();
    demo.phase = DEMO_RUNNING;
    event_clear();

    const char *reason = NULL;
    ferry_error error = url_take_apart(&reason);
    if (error)
        return demo_fail(error, reason);
    if (demo.url.userinfo) {
        event_add(FERRY_LOG_WARNING, "The user name and password in the URL are not sent; a header "
                                     "Authorization would be");
    }
    if (!headers_split())
        return demo_fail(FERRY_ERROR_OUT_OF_MEMORY, NULL);

    const ferry_client_options options = {
        .log = event_log,
        .timeouts = {.response_ms = response_ms, .total_ms = total_ms},
        .fetch = {.credentials = (ferry_fetch_credentials)credentials,
                  .redirect = (ferry_fetch_redirect)redirect},
    };
    demo.client = ferry_client_new(&options);
    if (!demo.client)
        return demo_fail(FERRY_ERROR_OUT_OF_MEMORY, NULL);
    error = client_connect();
    return error ? demo_fail(error, NULL) : demo.phase;
}

demo_phase demo_poll(void) {
    if (demo.phase != DEMO_RUNNING)
        return demo.phase;
    ferry_error error = ferry_client_poll(demo.client);
    if (!error && !demo.sent && ferry_client_get_status(demo.client) == FERRY_STATUS_CONNECTED)
        error = client_send();
    return error ? demo_fail(error, NULL) : demo.phase;
}

size_t demo_read(void) {
    size_t length = 0;
    if (demo.phase != DEMO_RUNNING || !demo_has_response())
        return 0;
    ferry_error error =
        ferry_client_read_response_body(demo.client, demo.chunk, sizeof demo.chunk, &length);
    if (error) {
        demo_fail(error, NULL);
        return 0;
    }
    if (length == 0 && ferry_client_get_status(demo.client) != FERRY_STATUS_BODY)
        demo.phase = DEMO_DONE;
    return length;
}

const void *demo_chunk(void) {
    return demo.chunk;
}

void demo_cancel(void) {
    if (demo.phase != DEMO_RUNNING)
        return;
    ferry_client_close(demo.client);
    demo.phase = DEMO_CANCELLED;
}

demo_phase demo_get_phase(void) {
    return demo.phase;
}

const char *demo_error_name(void) {
    return ferry_error_name(demo.error);
}

const char *demo_error_message(void) {
    return ferry_error_message(demo.error);
}

const char *demo_error_detail(void) {
    if (demo.refusal)
        return demo.refusal;
    return demo.client ? ferry_client_get_error_detail(demo.client) : "";
}

int demo_has_response(void) {
    return demo.client && demo.sent && ferry_client_has_response(demo.client);
}

int demo_response_code(void) {
    return ferry_client_get_response_code(demo.client);
}

const char *demo_response_url(void) {
    return ferry_client_get_response_url(demo.client);
}

const char *demo_response_header(size_t index) {
    size_t count = 0;
    const char *const *lines = ferry_client_get_response_headers(demo.client, &count);
    return index < count ? lines[index] : NULL;
}

double demo_length_hint(void) {
    return (double)ferry_client_get_response_body_length_hint(demo.client);
}

int demo_event_kind(void) {
    return demo.first ? (int)demo.first->kind : -1;
}

double demo_event_time(void) {
    return demo.first ? demo.first->time : 0;
}

const char *demo_event_text(void) {
    return demo.first ? demo.first->text : "";
}

void demo_event_take(void) {
    demo_event *event = demo.first;
    if (!event)
        return;
    demo.first = event->next;
    if (!demo.first)
        demo.last = NULL;
    demo.event_count--;
    free(event);
}

double demo_now(void) {
    return emscripten_get_now() - demo.started;
}

const char *demo_version(void) {
    return ferry_version();
}

int main(void) {
    /* The page calls from now on. */
    emscripten_exit_with_live_runtime();
}
