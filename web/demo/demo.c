/* SPDX-License-Identifier: MIT */
/* demo: the part of the demo page that speaks HTTP, as a program does that polls once a frame. Each
 * request has a session of its own, so that its log begins with the connection. */
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
    ferry_session *session;
    ferry_transfer *transfer; /* NULL: there is none yet, or no memory for it */
    demo_phase phase;
    double started;
    bool has_response;

    demo_text texts[DEMO_PART_COUNT];
    const char **headers; /* the lines of the headers' text, ended by NULL */

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

/* A method that ferry knows goes by its number, so that its rules about bodies hold. */
static void request_set_method(ferry_session_request *request) {
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

static ferry_error note_head(void *ctx, ferry_transfer *transfer) {
    (void)ctx;
    (void)transfer;
    demo.has_response = true;
    return FERRY_OK;
}

/* Looks what the transfer has come to. */
static demo_phase demo_look(void) {
    if (demo.phase == DEMO_RUNNING && ferry_transfer_is_done(demo.transfer))
        demo.phase = ferry_transfer_is_ok(demo.transfer) ? DEMO_DONE : DEMO_FAILED;
    return demo.phase;
}

static void demo_end(void) {
    ferry_transfer_free(demo.transfer);
    demo.transfer = NULL;
    ferry_session_free(demo.session);
    demo.session = NULL;
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
    demo_end();
    demo.has_response = false;
    demo.started = emscripten_get_now();
    demo.phase = DEMO_FAILED;
    event_clear();
    const ferry_session_options options = {.client.log = event_log};
    demo.session = ferry_session_new(&options);
    if (!demo.session || !headers_split())
        return demo.phase;

    const ferry_timeouts timeouts = {
        .response_ms = response_ms, .idle_ms = -1, .total_ms = total_ms};
    const ferry_fetch_options fetch = {.credentials = (ferry_fetch_credentials)credentials,
                                       .redirect = (ferry_fetch_redirect)redirect};
    /* What comes is shown as it is: nothing is tried again, and no code is a failure. */
    ferry_session_request request = {
        .url = text_get(DEMO_PART_URL),
        .headers = demo.headers,
        .body = demo.texts[DEMO_PART_BODY].length > 0 ? text_get(DEMO_PART_BODY) : NULL,
        .body_length = demo.texts[DEMO_PART_BODY].length,
        .owner_reads = true,
        .functions.on_head = note_head,
        .any_status = true,
        .max_retries = -1,
        .fetch = &fetch,
        .timeouts = &timeouts,
    };
    request_set_method(&request);
    demo.phase = DEMO_RUNNING;
    demo.transfer = ferry_session_start(demo.session, &request);
    return demo_look();
}

demo_phase demo_poll(void) {
    if (demo.phase == DEMO_RUNNING)
        ferry_session_poll(demo.session, 0);
    return demo_look();
}

size_t demo_read(void) {
    size_t length = 0;
    if (demo.phase == DEMO_RUNNING &&
        ferry_transfer_read(demo.transfer, demo.chunk, sizeof demo.chunk, &length) != FERRY_OK)
        length = 0; /* the transfer has ended, and says why */
    demo_look();
    return length;
}

const void *demo_chunk(void) {
    return demo.chunk;
}

void demo_cancel(void) {
    if (demo.phase != DEMO_RUNNING)
        return;
    ferry_transfer_cancel(demo.transfer);
    demo.phase = DEMO_CANCELLED;
}

demo_phase demo_get_phase(void) {
    return demo.phase;
}

static ferry_error demo_error(void) {
    return demo.transfer ? ferry_transfer_get_error(demo.transfer) : FERRY_ERROR_OUT_OF_MEMORY;
}

const char *demo_error_name(void) {
    return ferry_error_name(demo_error());
}

const char *demo_error_message(void) {
    return ferry_error_message(demo_error());
}

const char *demo_error_detail(void) {
    return demo.transfer ? ferry_transfer_get_error_detail(demo.transfer) : "out of memory";
}

int demo_has_response(void) {
    return demo.has_response;
}

int demo_response_code(void) {
    return ferry_transfer_get_response_code(demo.transfer);
}

const char *demo_response_url(void) {
    return ferry_transfer_get_url(demo.transfer);
}

const char *demo_response_header(size_t index) {
    size_t count = 0;
    const char *const *lines = ferry_transfer_get_response_headers(demo.transfer, &count);
    return index < count ? lines[index] : NULL;
}

double demo_length_hint(void) {
    return (double)ferry_transfer_get_body_total(demo.transfer);
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
