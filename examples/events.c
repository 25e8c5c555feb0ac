/* SPDX-License-Identifier: MIT */
/* events: prints server-sent events (HTML standard, section 9.2) as they come, and connects again
 * when the server ends the response, until it answers with 204.
 *
 *     events URL
 */
#include "standard_files.h"

#include <ferry.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __EMSCRIPTEN__
#include <emscripten.h>
#endif

static struct {
    ferry_session *session;
    ferry_event_parser *parser;
    ferry_transfer *transfer;
    const char *url;
    bool has_failed;
    double begin_ms; /* when the next connection begins, while there is no transfer */
} events;

enum { DEFAULT_RETRY_MS = 3000 };

static double now_ms(void) {
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* What comes from a server is made fit for a terminal, line by line. */
static bool print_text(const char *text, size_t length) {
    char *copy = malloc(length + 1);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, text, length);
    copy[length] = '\0';
    for (char *line = copy; line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        ferry_text_make_printable(line);
        printf("%s%s", line, end != NULL ? "\n" : "");
        line = end != NULL ? end + 1 : NULL;
    }
    free(copy);
    return true;
}

static bool print_event(const ferry_event *event) {
    bool is_printed = print_text(event->type, event->type_length) && printf(": ") > 0 &&
                      print_text(event->data, event->data_length) && printf("\n") > 0;
    return fflush(stdout) == 0 && is_printed;
}

static ferry_error on_data(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    (void)ctx;
    (void)transfer;
    const char *at = data;
    while (length > 0) {
        const ferry_event *event = NULL;
        size_t taken = 0;
        ferry_error error = ferry_event_parser_read(events.parser, at, length, &taken, &event);
        if (error != FERRY_OK) {
            return error;
        }
        if (event != NULL && !print_event(event)) {
            return FERRY_ERROR_FILE;
        }
        at += taken;
        length -= taken;
    }
    return FERRY_OK;
}

static void begin(void) {
    char last[300];
    const char *headers[] = {"Accept: text/event-stream", "Cache-Control: no-store", NULL, NULL};
    const char *id = ferry_event_parser_get_last_event_id(events.parser);
    if (id[0] != '\0') {
        snprintf(last, sizeof last, "Last-Event-ID: %.250s", id);
        headers[2] = last;
    }
    const ferry_timeouts timeouts = {.idle_ms = -1}; /* there may be no event for long */
    const ferry_session_request request = {
        .url = events.url,
        .headers = headers,
        .functions.on_data = on_data,
        .timeouts = &timeouts,
        .max_retries = -1,
    };
    ferry_event_parser_reset(events.parser);
    events.transfer = ferry_session_start(events.session, &request);
}

/* False: there are no more events. */
static bool end(void) {
    bool is_over = ferry_transfer_get_response_code(events.transfer) == 204;
    if (!ferry_transfer_is_ok(events.transfer)) {
        fprintf(stderr, "events: %s\n", ferry_transfer_get_error_detail(events.transfer));
        is_over = true;
        events.has_failed = true;
    }
    ferry_transfer_free(events.transfer);
    events.transfer = NULL;
    int64_t retry_ms = ferry_event_parser_get_retry_ms(events.parser);
    events.begin_ms = now_ms() + (double)(retry_ms >= 0 ? retry_ms : DEFAULT_RETRY_MS);
    return !is_over;
}

/* Sleeps where it may, until there is something to do. False: there are no more events. */
static bool frame(bool may_sleep) {
    double left_ms = events.transfer == NULL ? events.begin_ms - now_ms() : -1;
    if (events.transfer == NULL && left_ms <= 0) {
        begin();
    }
    int timeout_ms = left_ms > 0 && left_ms < 1000 ? (int)left_ms + 1 : 1000;
    ferry_session_poll(events.session, may_sleep ? timeout_ms : 0);
    bool is_done = events.transfer != NULL && ferry_transfer_is_done(events.transfer);
    return !is_done || end();
}

static int finish(void) {
    ferry_session_free(events.session);
    ferry_event_parser_free(events.parser);
    return fflush(stdout) == 0 && !events.has_failed ? EXIT_SUCCESS : EXIT_FAILURE;
}

#ifdef __EMSCRIPTEN__
static void browser_frame(void) {
    if (!frame(false)) {
        emscripten_cancel_main_loop();
        emscripten_force_exit(finish());
    }
}
#endif

int main(int argc, char **argv) {
    standard_files_open();
    if (argc != 2) {
        fprintf(stderr, "usage: events URL\n");
        return 2;
    }
    events.url = argv[1];
    events.session = ferry_session_new(NULL);
    events.parser = ferry_event_parser_new(NULL);
    if (events.session == NULL || events.parser == NULL) {
        fprintf(stderr, "events: out of memory\n");
        ferry_session_free(events.session);
        ferry_event_parser_free(events.parser);
        return EXIT_FAILURE;
    }
#ifdef __EMSCRIPTEN__
    emscripten_set_main_loop(browser_frame, 60, true);
#else
    while (frame(true)) {
    }
    return finish();
#endif
}
