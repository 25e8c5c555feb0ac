/* SPDX-License-Identifier: MIT */
/* scenario_session: requests by URL over a session: where bodies go, the order of functions,
 * limits, redirects, cancels, files, events, forms, and what is refused. */
#include "scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLL_MS = 1000, URL_SIZE = 300, PATH_SIZE = 64, MOST_TRANSFERS = 400, PIECE = 1000 };

typedef struct session_run {
    scenario *s;
    ferry_session *session;
    ferry_transfer *transfer;
    const char *name; /* said with its end; NULL: it has none */
    const char *cancel_at;
    bool has_head;
    bool has_data;
    bool has_progress;
    unsigned ends;
    scenario_digest digest; /* of what on_data and reads gave */
    ferry_event_parser *events;
} session_run;

static const char *short_name(ferry_error error) {
    const char *name = ferry_error_name(error);
    return strncmp(name, "FERRY_ERROR_", 12) == 0 ? name + 12 : "OK";
}

static const char *url_of(const scenario *s, const char *target, char url[URL_SIZE]) {
    bool is_whole = strstr(target, "://") != NULL;
    snprintf(url, URL_SIZE, "%s%s", is_whole ? target : "", is_whole ? "" : "http://");
    if (!is_whole) {
        size_t length = strlen(url);
        snprintf(url + length, URL_SIZE - length, "%s:%d%s", s->host, s->port, target);
    }
    return url;
}

static ferry_session *session_begin(scenario *s, int per_origin) {
    ferry_session_options options = {.client = s->options,
                                     .max_connections_per_origin = per_origin};
    ferry_session *session = ferry_session_new(&options);
    if (session == NULL) {
        scenario_give_up("there is no memory for a session");
    }
    return session;
}

/* ---- Functions ---- */

static bool is_cancelled_at(session_run *run, const char *place) {
    bool is_it = run->cancel_at != NULL && strcmp(run->cancel_at, place) == 0;
    if (is_it) {
        ferry_transfer_cancel(run->transfer);
    }
    return is_it;
}

static ferry_error on_head(void *ctx, ferry_transfer *transfer) {
    session_run *run = ctx;
    run->has_head = true;
    scenario_say(run->s, "on_head %d", ferry_transfer_get_response_code(transfer));
    if (is_cancelled_at(run, "head")) {
        return FERRY_OK;
    }
    bool fails = run->cancel_at != NULL && strcmp(run->cancel_at, "error") == 0;
    return fails ? FERRY_ERROR_FAILED : FERRY_OK;
}

static ferry_error on_data(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    session_run *run = ctx;
    (void)transfer;
    scenario_digest_add(&run->digest, data, length);
    if (!run->has_data) {
        run->has_data = true;
        scenario_say(run->s, "on_data");
    }
    is_cancelled_at(run, "data");
    return FERRY_OK;
}

static void on_progress(void *ctx, ferry_transfer *transfer) {
    session_run *run = ctx;
    (void)transfer;
    if (!run->has_progress) {
        run->has_progress = true;
        scenario_say(run->s, "on_progress");
    }
}

static void on_done(void *ctx, ferry_transfer *transfer) {
    session_run *run = ctx;
    (void)transfer;
    run->ends++;
    scenario_say(run->s, "on_done%s%s", run->name != NULL ? " " : "",
                 run->name != NULL ? run->name : "");
}

/* ---- One transfer ---- */

typedef struct session_options {
    ferry_session_request request;
    const char *headers[SCENARIO_MOST_LINES + 1];
    size_t header_count;
    size_t dst;
    const char *file; /* "": one of the scenario's own */
    bool has_file;
} session_options;

static void take_option(session_options *o, session_run *run, const char *argument) {
    ferry_session_request *request = &o->request;
    const char *value = strchr(argument, '=');
    const char *colon = strchr(argument, ':');
    char name[24] = "";
    bool is_header = colon != NULL && (value == NULL || colon < value);
    if (is_header && o->header_count < SCENARIO_MOST_LINES) {
        o->headers[o->header_count++] = argument;
        request->headers = o->headers;
        return;
    }
    if (value == NULL) {
        scenario_give_up(argument);
    }
    snprintf(name, sizeof name, "%.*s", (int)(value - argument), argument);
    value++;
    const struct {
        const char *name;
        const char **to;
    } texts[] = {
        {"integrity", &request->integrity}, {"bearer", &request->bearer}, {"user", &request->user},
        {"password", &request->password},   {"cancel", &run->cancel_at},  {"file", &o->file},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].to = value;
            return;
        }
    }
    long long number = scenario_number(value);
    if (strcmp(name, "any_status") == 0) {
        request->any_status = number != 0;
    } else if (strcmp(name, "on_data") == 0) {
        request->functions.on_data = on_data;
    } else if (strcmp(name, "owner_reads") == 0) {
        request->owner_reads = true;
    } else if (strcmp(name, "dst") == 0) {
        o->dst = (size_t)number;
    } else if (strcmp(name, "max_body") == 0) {
        request->max_body_bytes = number;
    } else if (strcmp(name, "expected") == 0) {
        request->expected_bytes = number;
    } else if (strcmp(name, "retries") == 0) {
        request->max_retries = (int)number;
    } else if (strcmp(name, "redirects") == 0) {
        request->max_redirects = (int)number;
    } else if (strcmp(name, "keepalive") == 0) {
        request->keepalive = number != 0;
    } else {
        scenario_give_up(argument);
    }
}

static ferry_method method_of(const char *name) {
    static const char *const names[] = {[FERRY_METHOD_GET] = "GET",
                                        [FERRY_METHOD_HEAD] = "HEAD",
                                        [FERRY_METHOD_POST] = "POST",
                                        [FERRY_METHOD_PUT] = "PUT"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            return (ferry_method)i;
        }
    }
    scenario_give_up("the method is none of those that transfers have here");
}

static void say_lines(scenario *s, const ferry_transfer *transfer) {
    size_t count;
    const char *const *lines = ferry_transfer_get_response_headers(transfer, &count);
    for (size_t i = 0; i < count; i++) {
        scenario_say(s, "header: %s", lines[i]);
    }
}

/* Failures of the network and of HTTP are said as those of clients are: before the head by polls,
 * and then by reads. */
static const char *place_of(ferry_error error, int code) {
    if (code == 0) {
        return "poll";
    }
    bool is_of_body = error == FERRY_ERROR_BODY_TRUNCATED ||
                      error == FERRY_ERROR_CONNECTION_ERROR || error == FERRY_ERROR_PROTOCOL;
    return is_of_body ? "read" : "end";
}

static void say_end(session_run *run) {
    scenario *s = run->s;
    const ferry_transfer *transfer = run->transfer;
    ferry_error error = ferry_transfer_get_error(transfer);
    int code = ferry_transfer_get_response_code(transfer);
    if (error != FERRY_OK) {
        scenario_say(s, "%s: %s: %s", place_of(error, code), short_name(error),
                     ferry_transfer_get_error_detail(transfer));
    }
    scenario_say(s, "transfer %d, redirects %d, retries %d, %s", code,
                 ferry_transfer_get_redirect_count(transfer),
                 ferry_transfer_get_retry_count(transfer), ferry_transfer_get_url(transfer));
    say_lines(s, transfer);
    if (run->ends != 1) {
        scenario_say(s, "on_done was called %u times", run->ends);
    }
}

static void say_bytes(scenario *s, const char *what, const void *data, size_t length) {
    scenario_digest digest = scenario_digest_new();
    scenario_digest_add(&digest, data, length);
    scenario_say_digest(s, what, &digest);
}

static void say_file(scenario *s, const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        scenario_say(s, "no file");
        return;
    }
    scenario_digest digest = scenario_digest_new();
    char piece[PIECE];
    for (size_t length; (length = fread(piece, 1, sizeof piece, file)) > 0;) {
        scenario_digest_add(&digest, piece, length);
    }
    fclose(file);
    scenario_say_digest(s, "file", &digest);
}

static void read_some(session_run *run) {
    char piece[PIECE];
    size_t length;
    do {
        ferry_transfer_read(run->transfer, piece, sizeof piece, &length);
        scenario_digest_add(&run->digest, piece, length);
    } while (length > 0);
}

static void run_to_end(session_run *run, bool reads) {
    while (!ferry_transfer_is_done(run->transfer)) {
        ferry_session_poll(run->session, POLL_MS);
        if (reads) {
            read_some(run);
        }
    }
    ferry_session_poll(run->session, 0); /* which tells of its end */
}

/* A file of this run's own, which others that run at the same time do not touch. */
static void make_path(const scenario *s, char path[PATH_SIZE]) {
    snprintf(path, PATH_SIZE, "/tmp/ferry-scenario-%d", s->port);
}

static void start(session_run *run, session_options *o, const char *path) {
    ferry_session_request *request = &o->request;
    request->ctx = run;
    request->functions.on_head = on_head;
    /* When a disk fails is its own affair: before or after bytes have moved. */
    request->functions.on_progress = path == NULL ? on_progress : NULL;
    request->functions.on_done = on_done;
    run->transfer = path != NULL ? ferry_session_start_download(run->session, request, path)
                                 : ferry_session_start(run->session, request);
    if (run->cancel_at != NULL && strcmp(run->cancel_at, "start") == 0) {
        ferry_transfer_cancel(run->transfer);
    }
}

/* transfer METHOD TARGET BODY [OPTION=VALUE... HEADER...] */
static void run_transfer(scenario *s) {
    session_run run = {.s = s, .session = session_begin(s, 0), .digest = scenario_digest_new()};
    session_options o = {.file = NULL};
    char url[URL_SIZE];
    char own[PATH_SIZE];
    char *body;
    make_path(s, own);
    o.request.method = method_of(scenario_argument(s, 0));
    o.request.url = url_of(s, scenario_argument(s, 1), url);
    o.request.body = body = scenario_body(scenario_argument(s, 2), &o.request.body_length);
    for (int i = 3; i < s->argc; i++) {
        take_option(&o, &run, s->argv[i]);
    }
    char *dst = o.dst > 0 ? calloc(1, o.dst + 1) : NULL;
    o.request.dst = dst;
    o.request.dst_capacity = o.dst;
    const char *path = o.file != NULL && *o.file == '\0' ? own : o.file;
    start(&run, &o, path);
    run_to_end(&run, o.request.owner_reads);
    say_end(&run);
    size_t length;
    const void *kept = ferry_transfer_get_body(run.transfer, &length);
    say_bytes(s, "body", kept, length);
    if (dst != NULL) {
        say_bytes(s, "dst", dst, strlen(dst));
    } else if (run.cancel_at == NULL &&
               (o.request.functions.on_data != NULL || o.request.owner_reads)) {
        scenario_say_digest(s, "given", &run.digest);
    } else if (path != NULL) {
        say_file(s, path);
    }
    ferry_transfer_free(run.transfer);
    ferry_session_free(run.session);
    remove(own);
    free(body);
    free(dst);
}

/* transfer_over_file TARGET: what was in the file before stays, unless the body is complete. */
static void run_over_file(scenario *s) {
    session_run run = {.s = s, .session = session_begin(s, 0)};
    session_options o = {.request.max_retries = -1};
    char url[URL_SIZE];
    char path[PATH_SIZE];
    make_path(s, path);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fputs("what was there", file) < 0 || fclose(file) != 0) {
        scenario_give_up("the old file cannot be written");
    }
    o.request.url = url_of(s, scenario_argument(s, 0), url);
    start(&run, &o, path);
    run_to_end(&run, false);
    say_end(&run);
    say_file(s, path);
    ferry_transfer_free(run.transfer);
    ferry_session_free(run.session);
    remove(path);
}

/* ---- Many ---- */

static void transfers_poll(ferry_session *session) {
    while (ferry_session_poll(session, POLL_MS) > 0) {
    }
    ferry_session_poll(session, 0);
}

/* transfers_many COUNT: GETs of /0, /1 and so on, all started at once. */
static void run_many(scenario *s) {
    static ferry_transfer *transfers[MOST_TRANSFERS];
    long long count = scenario_number(scenario_argument(s, 0));
    ferry_session *session = session_begin(s, 0);
    size_t right = 0;
    size_t next = 0;
    for (long long i = 0; i < count && i < MOST_TRANSFERS; i++) {
        char target[24];
        char url[URL_SIZE];
        snprintf(target, sizeof target, "/%lld", i);
        transfers[i] = ferry_session_get(session, url_of(s, target, url));
    }
    transfers_poll(session);
    while (ferry_session_next_done(session) != NULL) {
        next++;
    }
    for (long long i = 0; i < count && i < MOST_TRANSFERS; i++) {
        char expected[24];
        snprintf(expected, sizeof expected, "/%lld", i);
        const char *body = ferry_transfer_get_body(transfers[i], NULL);
        right += ferry_transfer_is_ok(transfers[i]) && strcmp(body, expected) == 0;
        ferry_transfer_free(transfers[i]);
    }
    scenario_say(s, "%zu right, %zu given by next_done", right, next);
    ferry_session_free(session);
}

/* transfers_order PRIORITY:TARGET...: over one connection; "set" instead of a priority sets it
 * afterwards, to 100. */
static void run_order(scenario *s) {
    static session_run runs[SCENARIO_MOST_LINES];
    ferry_session *session = session_begin(s, 1);
    for (int i = 0; i < s->argc && i < SCENARIO_MOST_LINES; i++) {
        session_options o = {.header_count = 0};
        char url[URL_SIZE];
        char *colon = strchr(s->argv[i], ':');
        if (colon == NULL) {
            scenario_give_up("the argument is no PRIORITY:TARGET");
        }
        *colon = '\0';
        bool is_set = strcmp(s->argv[i], "set") == 0;
        runs[i] = (session_run){.s = s, .session = session, .name = colon + 1};
        o.request.url = url_of(s, colon + 1, url);
        o.request.priority = is_set ? 0 : atoi(s->argv[i]);
        o.request.ctx = &runs[i];
        o.request.functions.on_done = on_done;
        runs[i].transfer = ferry_session_start(session, &o.request);
        if (is_set) {
            ferry_transfer_set_priority(runs[i].transfer, 100);
        }
    }
    transfers_poll(session);
    ferry_session_free(session);
    for (int i = 0; i < s->argc && i < SCENARIO_MOST_LINES; i++) {
        ferry_transfer_free(runs[i].transfer);
    }
}

/* transfers_cancel_all, transfers_freed: of three that are under way. */
static void cancel_three(scenario *s, bool frees_session) {
    session_run runs[3];
    ferry_session *session = session_begin(s, 0);
    for (int i = 0; i < 3; i++) {
        session_options o = {.header_count = 0};
        char url[URL_SIZE];
        char target[16];
        snprintf(target, sizeof target, "/%d", i);
        runs[i] = (session_run){.s = s, .session = session};
        o.request.url = url_of(s, target, url);
        start(&runs[i], &o, NULL);
    }
    ferry_session_poll(session, 0);
    if (frees_session) {
        ferry_session_free(session);
    } else {
        ferry_session_cancel_all(session);
        scenario_say(s, "%zu under way", ferry_session_poll(session, 0));
    }
    for (int i = 0; i < 3; i++) {
        const ferry_transfer *transfer = runs[i].transfer;
        scenario_say(s, "%s, done %d, %u calls: %s", short_name(ferry_transfer_get_error(transfer)),
                     ferry_transfer_is_done(transfer), runs[i].ends,
                     ferry_transfer_get_error_detail(transfer));
        ferry_transfer_free(runs[i].transfer);
    }
    if (!frees_session) {
        ferry_session_free(session);
    }
}

static void run_cancel_all(scenario *s) {
    cancel_three(s, false);
}

static void run_freed(scenario *s) {
    cancel_three(s, true);
}

/* ---- Helpers ---- */

static ferry_error on_event_data(void *ctx, ferry_transfer *transfer, const void *data,
                                 size_t length) {
    session_run *run = ctx;
    const char *bytes = data;
    (void)transfer;
    while (length > 0) {
        const ferry_event *event;
        size_t taken;
        ferry_error error = ferry_event_parser_read(run->events, bytes, length, &taken, &event);
        if (error != FERRY_OK) {
            return error;
        }
        if (event != NULL) {
            scenario_say(run->s, "event %s, id \"%s\": %s", event->type, event->last_event_id,
                         event->data);
        }
        bytes += taken;
        length -= taken;
    }
    return FERRY_OK;
}

/* transfer_events TARGET: a stream of server-sent events. */
static void run_events(scenario *s) {
    session_run run = {.s = s, .session = session_begin(s, 0)};
    session_options o = {.request.functions.on_data = on_event_data};
    char url[URL_SIZE];
    run.events = ferry_event_parser_new(NULL);
    o.request.url = url_of(s, scenario_argument(s, 0), url);
    start(&run, &o, NULL);
    run_to_end(&run, false);
    say_end(&run);
    scenario_say(s, "last id \"%s\", retry %lld", ferry_event_parser_get_last_event_id(run.events),
                 (long long)ferry_event_parser_get_retry_ms(run.events));
    ferry_transfer_free(run.transfer);
    ferry_session_free(run.session);
    ferry_event_parser_free(run.events);
}

/* transfer_form TARGET: a form with a text and a file. Its boundary is another one each time. */
static void run_form(scenario *s) {
    session_run run = {.s = s, .session = session_begin(s, 0)};
    session_options o = {.request.method = FERRY_METHOD_POST};
    char url[URL_SIZE];
    ferry_form *form = ferry_form_new(NULL);
    const ferry_form_part title = {.name = "title", .data = "Mole", .data_length = 4};
    const ferry_form_part picture = {.name = "a \"picture\"",
                                     .file_name = "mole.png",
                                     .content_type = "image/png",
                                     .data = "PNG",
                                     .data_length = 3};
    if (ferry_form_add(form, &title) != FERRY_OK || ferry_form_add(form, &picture) != FERRY_OK) {
        scenario_give_up(ferry_form_get_error_detail(form));
    }
    const char *const headers[] = {ferry_form_get_header(form), "X-Form: 1", NULL};
    o.request.url = url_of(s, scenario_argument(s, 0), url);
    o.request.headers = headers;
    o.request.body_read = ferry_form_read;
    o.request.body_rewind = ferry_form_rewind;
    o.request.body_ctx = form;
    o.request.body_read_length = ferry_form_get_length(form);
    start(&run, &o, NULL);
    run_to_end(&run, false);
    say_end(&run);
    ferry_transfer_free(run.transfer);
    ferry_session_free(run.session);
    ferry_form_free(form);
}

/* ---- What is refused ---- */

static void refuse(scenario *s, ferry_session *session, const char *what,
                   const ferry_session_request *request) {
    ferry_transfer *transfer = ferry_session_start(session, request);
    scenario_say(s, "%s: done %d, %s: %s", what, ferry_transfer_is_done(transfer),
                 short_name(ferry_transfer_get_error(transfer)),
                 ferry_transfer_get_error_detail(transfer));
    ferry_transfer_free(transfer);
}

/* transfer_refused: bad input; nothing may be sent. */
static void run_refused(scenario *s) {
    ferry_session *session = session_begin(s, 0);
    char text[URL_SIZE];
    const char *url = url_of(s, "/", text);
    static const char *const bad_headers[] = {"no colon", NULL};
    char place;
    refuse(s, session, "no request", NULL);
    refuse(s, session, "no URL", &(ferry_session_request){.method = FERRY_METHOD_GET});
    refuse(s, session, "another scheme", &(ferry_session_request){.url = "ftp://host/"});
    refuse(s, session, "no host", &(ferry_session_request){.url = "http:///"});
    refuse(s, session, "a length without a body",
           &(ferry_session_request){.url = url, .body_length = 1});
    refuse(s, session, "two places",
           &(ferry_session_request){
               .url = url, .dst = &place, .dst_capacity = 1, .owner_reads = true});
    refuse(s, session, "two credentials",
           &(ferry_session_request){.url = url, .bearer = "a", .user = "b"});
    refuse(s, session, "a negative limit",
           &(ferry_session_request){.url = url, .max_body_bytes = -1});
    refuse(s, session, "no integrity text",
           &(ferry_session_request){.url = url, .integrity = "md5-abc"});
    refuse(s, session, "no header line",
           &(ferry_session_request){.url = url, .headers = bad_headers});
    ferry_transfer *nowhere = ferry_session_download(session, url, "");
    scenario_say(s, "no path: %s: %s", short_name(ferry_transfer_get_error(nowhere)),
                 ferry_transfer_get_error_detail(nowhere));
    ferry_transfer_free(nowhere);
    scenario_say(s, "%zu under way", ferry_session_poll(session, 0));
    ferry_session_free(session);
}

const scenario_entry scenario_session[] = {
    {"transfer", run_transfer},
    {"transfer_over_file", run_over_file},
    {"transfers_many", run_many},
    {"transfers_order", run_order},
    {"transfers_cancel_all", run_cancel_all},
    {"transfers_freed", run_freed},
    {"transfer_events", run_events},
    {"transfer_form", run_form},
    {"transfer_refused", run_refused},
    {NULL, NULL},
};
