/* SPDX-License-Identifier: MIT */
/* polled: polls as games do, once a frame, and prints what becomes of its requests.
 *
 *     polled REQUEST [, REQUEST...] [+ REQUEST [, REQUEST...]]...
 *
 * "+" begins a lane: a client of its own, at work at the same time as the others. A request is
 * [OPTION=VALUE...] METHOD TARGET [HEADER...]; polled_request.c knows the options. Before them all
 * may stand frame= and copies=, which are for the program as a whole. */
#include "polled_request.h"

#include <emscripten.h>
#include <emscripten/heap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    MOST_LANES = 64,
    SHOWN = 100,                /* so many bytes of a body are printed as text */
    CHECKED = 16 * 1024 * 1024, /* so many are compared one by one, of the others some */
    EDGE = 64,
    PIECE = 16384,
};

typedef enum phase {
    PHASE_BETWEEN,    /* the next request, if there is one, is to be started */
    PHASE_CONNECTING, /* on the way to CONNECTED */
    PHASE_HEAD,       /* the request is sent */
    PHASE_BODY,
    PHASE_OVER,
} phase;

typedef struct lane {
    int number;   /* -1: it is the only one */
    char **begin; /* the arguments of its request */
    char **at;    /* what follows of them */
    char **end;
    ferry_client *client;
    ferry_client *asker;
    const char *connected_to;
    polled_request request;
    phase phase;
    bool told;
    bool silent;
    double next_poll_ms;
    long long length;   /* of the body so far */
    uint32_t sum;       /* FNV-1a */
    long long wrong_at; /* where it first differs from the pattern; -1: nowhere */
    char shown[SHOWN];
} lane;

static struct {
    lane lanes[MOST_LANES];
    int count;
    size_t heap;       /* its size at the start */
    const char *frame; /* "timer", "animation" or "immediate" */
    int copies;        /* of each lane: "%" in its targets is the number of the copy */
} program = {.frame = "timer", .copies = 1};

/* ---- Output ---- */

static void say(const lane *of, const char *format, ...) {
    if (of->silent) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    if (of->number >= 0) {
        printf("%d: ", of->number);
    }
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
    fflush(stdout);
}

static void log_line(void *ctx, ferry_log_kind kind, const char *text) {
    if (kind == FERRY_LOG_WARNING) {
        say(ctx, "warning: %s", text);
    }
}

static void say_error(const lane *of, const char *what, ferry_error error) {
    say(of, "%s: %s: %s", what, ferry_error_name(error), ferry_client_get_error_detail(of->client));
}

/* The bytes of a header, those outside ASCII as \xHH where they are to be compared. */
static void say_header(const lane *of, const char *line) {
    if (!of->request.sums) {
        say(of, "header: %s", line);
        return;
    }
    static char text[4 * 70000]; /* more than the stack of later Emscriptens has */
    size_t length = 0;
    for (; *line != '\0' && length + 5 < sizeof text; line++) {
        unsigned char c = (unsigned char)*line;
        bool is_plain = c >= 0x20 && c < 0x7f;
        length += (size_t)snprintf(text + length, 5, is_plain ? "%c" : "\\x%02x", c);
    }
    text[length] = '\0';
    say(of, "header: %s", text);
}

static void say_response(const lane *of) {
    const ferry_client *client = of->client;
    say(of, "response %d, length %lld, hint %lld, %s", ferry_client_get_response_code(client),
        (long long)ferry_client_get_response_body_length(client),
        (long long)ferry_client_get_response_body_length_hint(client),
        ferry_client_get_response_url(client));
    for (const char *const *line = ferry_client_get_response_headers(client, NULL); *line != NULL;
         line++) {
        say_header(of, *line);
    }
}

static void say_body(const lane *of) {
    if (of->request.sums) {
        say(of, "body %lld bytes, sum %08lx", of->length, (unsigned long)of->sum);
        return;
    }
    if (of->length <= SHOWN) {
        say(of, "body %lld bytes: %.*s", of->length, (int)of->length, of->shown);
    } else if (of->wrong_at < 0) {
        say(of, "body %lld bytes, all right", of->length);
    } else {
        say(of, "body %lld bytes, wrong from %lld on", of->length, of->wrong_at);
    }
}

/* ---- The body ---- */

static void compare(lane *of, const unsigned char *data, size_t from, size_t to) {
    for (size_t i = from; i < to && of->wrong_at < 0; i++) {
        if (data[i] != polled_pattern(of->length + (long long)i)) {
            of->wrong_at = of->length + (long long)i;
        }
    }
}

static void take(lane *of, const unsigned char *data, size_t length) {
    for (size_t i = 0; i < length && of->length + (long long)i < SHOWN; i++) {
        of->shown[of->length + (long long)i] = (char)data[i];
    }
    for (size_t i = 0; i < length && of->request.sums; i++) {
        of->sum = (of->sum ^ data[i]) * 16777619u;
    }
    if (of->length < CHECKED || length < 2 * EDGE) {
        compare(of, data, 0, length);
    } else {
        compare(of, data, 0, EDGE);
        compare(of, data, length - EDGE, length);
    }
    of->length += (long long)length;
}

/* Reads what is there. */
static ferry_error read_body(lane *of) {
    const void *data;
    size_t length;
    ferry_error error;
    do {
        error = ferry_client_read_response_body_chunk(of->client, &data, &length);
        if (error == FERRY_OK) {
            take(of, data, length);
        }
    } while (error == FERRY_OK && length > 0);
    return error;
}

/* ---- A request from its start to its end ---- */

static void end_request(lane *of) {
    if (of->request.sums) {
        say(of, "over");
    }
    ferry_client_free(of->asker);
    of->asker = NULL;
    polled_request_deinit(&of->request);
    of->phase = PHASE_BETWEEN;
}

static ferry_error connect_to(ferry_client *client, const char *origin) {
    char storage[1024];
    char host[300];
    ferry_url url;
    const char *reason;
    if (ferry_url_parse(origin, storage, sizeof storage, &url, &reason) != FERRY_OK) {
        fprintf(stderr, "polled: %s: %s\n", origin, reason);
        exit(2);
    }
    snprintf(host, sizeof host, "%s://%s", url.secure ? "https" : "http", url.host);
    return ferry_client_connect_to_host(client, host, url.port, NULL);
}

static void start_request(lane *of) {
    of->begin = of->at;
    of->at = polled_request_parse(&of->request, of->at, of->end, of->number);
    of->length = 0;
    of->wrong_at = -1;
    of->sum = 2166136261u;
    of->told = false;
    of->silent = of->request.repeat == POLLED_REPEAT_UNTIL_ERROR;
    if (of->client == NULL) {
        of->client = ferry_client_new(&(ferry_client_options){.log = log_line, .log_ctx = of});
    }
    ferry_client_set_timeouts(of->client, &of->request.timeouts);
    of->phase = PHASE_CONNECTING;
    if (ferry_client_get_status(of->client) == FERRY_STATUS_CONNECTED &&
        of->connected_to == of->request.origin) {
        return;
    }
    of->connected_to = of->request.origin;
    ferry_error error = connect_to(of->client, of->request.origin);
    if (error != FERRY_OK) {
        say_error(of, "connect", error);
        end_request(of);
    }
}

/* A body in pieces, which the client takes at once. */
static ferry_error write_body(lane *of, long long length) {
    unsigned char piece[PIECE];
    ferry_error error = FERRY_OK;
    for (long long sent = 0; sent < length && error == FERRY_OK;) {
        size_t size = length - sent < PIECE ? (size_t)(length - sent) : PIECE;
        size_t written = 0;
        for (size_t i = 0; i < size; i++) {
            piece[i] = polled_pattern(sent + (long long)i);
        }
        error = ferry_client_write_request_body(of->client, piece, size, &written);
        sent += (long long)written;
    }
    return error == FERRY_OK ? ferry_client_finish_request_body(of->client) : error;
}

static void send_request(lane *of) {
    const ferry_request *request = &of->request.request;
    ferry_error error = ferry_client_send(of->client, request);
    if (error == FERRY_OK && request->streamed) {
        error = write_body(of, request->streamed_length);
    }
    if (error != FERRY_OK) {
        say_error(of, "refused", error);
        end_request(of);
        return;
    }
    of->phase = PHASE_HEAD;
    if (of->request.ask != NULL) {
        of->asker = ferry_client_new(NULL);
        connect_to(of->asker, of->request.origin);
    }
}

/* Asks, once it is connected, and sees whether there is an answer. */
static void step_asker(lane *of) {
    if (of->asker == NULL || of->told) {
        return;
    }
    ferry_client_poll(of->asker);
    if (ferry_client_has_response(of->asker)) {
        say(of, "told");
        of->told = true;
    } else if (ferry_client_get_status(of->asker) == FERRY_STATUS_CONNECTED) {
        ferry_client_request(of->asker, FERRY_METHOD_GET, of->request.ask, NULL, NULL);
    }
}

static bool is_moment(const lane *of) {
    switch (of->request.moment) {
    case POLLED_AT_SENT:
        return of->phase == PHASE_HEAD;
    case POLLED_AT_BODY:
        return of->length > 0;
    case POLLED_AT_TOLD:
        return of->told;
    }
    return false;
}

/* Cancels where the request says so: the time is that of before the call. */
static bool cancel(lane *of) {
    if (of->request.cancel == POLLED_CANCEL_NOT || !is_moment(of)) {
        return false;
    }
    struct timespec now;
    timespec_get(&now, TIME_UTC);
    if (of->request.cancel == POLLED_CANCEL_CLOSE) {
        ferry_client_close(of->client);
    } else {
        ferry_client_free(of->client);
        of->client = NULL;
    }
    say(of, "cancelled at %lld ms", (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000);
    end_request(of);
    return true;
}

static void repeat_request(lane *of) {
    char **begin = of->begin;
    end_request(of);
    of->at = begin;
}

static void fail(lane *of, ferry_error error) {
    if (of->request.repeat == POLLED_REPEAT_UNTIL_ANSWER) {
        repeat_request(of);
        return;
    }
    of->silent = false;
    if (of->phase == PHASE_BODY) {
        say_body(of);
    }
    say_error(of, "error", error);
    end_request(of);
}

static void step_exchange(lane *of) {
    ferry_error error = ferry_client_poll(of->client);
    step_asker(of);
    if (of->phase == PHASE_CONNECTING) {
        if (error != FERRY_OK) {
            fail(of, error);
        } else if (ferry_client_get_status(of->client) == FERRY_STATUS_CONNECTED) {
            send_request(of);
        }
        return;
    }
    if (of->phase == PHASE_HEAD && ferry_client_has_response(of->client)) {
        say_response(of);
        of->phase = PHASE_BODY;
    }
    if (of->phase == PHASE_BODY && (!of->request.holds || of->told)) {
        ferry_error of_read = read_body(of);
        error = error == FERRY_OK ? of_read : error;
    }
    if (cancel(of)) {
        return;
    }
    if (error != FERRY_OK) {
        fail(of, error);
    } else if (of->phase == PHASE_BODY &&
               ferry_client_get_status(of->client) == FERRY_STATUS_CONNECTED) {
        if (of->request.repeat == POLLED_REPEAT_UNTIL_ERROR) {
            repeat_request(of);
            return;
        }
        say_body(of);
        end_request(of);
    }
}

static void step(lane *of) {
    if (of->phase == PHASE_BETWEEN) {
        if (of->at == of->end) {
            of->phase = PHASE_OVER;
            ferry_client_free(of->client);
            return;
        }
        start_request(of);
        return;
    }
    if (of->phase != PHASE_OVER && emscripten_get_now() >= of->next_poll_ms) {
        of->next_poll_ms = emscripten_get_now() + of->request.pause_ms;
        step_exchange(of);
    }
}

/* ---- The program ---- */

static void frame(void) {
    int over = 0;
    for (int i = 0; i < program.count; i++) {
        step(&program.lanes[i]);
        over += program.lanes[i].phase == PHASE_OVER;
    }
    if (over < program.count) {
        return;
    }
    printf("heap %zu at the start, %zu at the end\n", program.heap, emscripten_get_heap_size());
    emscripten_cancel_main_loop();
    emscripten_force_exit(fflush(stdout) == 0 ? 0 : 1);
}

static void add_lane(char **begin, char **end) {
    if (program.count == MOST_LANES) {
        fprintf(stderr, "polled: too many lanes\n");
        exit(2);
    }
    program.lanes[program.count] = (lane){.number = program.count, .at = begin, .end = end};
    program.count++;
}

/* Options for the program as a whole come first. */
static char **take_settings(char **at, char **end) {
    for (; at < end; at++) {
        if (strncmp(*at, "frame=", 6) == 0) {
            program.frame = *at + 6;
        } else if (strncmp(*at, "copies=", 7) == 0) {
            program.copies = atoi(*at + 7);
        } else {
            break;
        }
    }
    return at;
}

int main(int argc, char **argv) {
    char **end = argv + argc;
    char **begin = take_settings(argv + 1, end);
    for (char **at = begin; at <= end; at++) {
        if (at == end || strcmp(*at, "+") == 0) {
            for (int i = 0; i < program.copies; i++) {
                add_lane(begin, at);
            }
            begin = at + 1;
        }
    }
    if (program.count == 1) {
        program.lanes[0].number = -1;
    }
    program.heap = emscripten_get_heap_size();
    bool animated = strcmp(program.frame, "animation") == 0;
    emscripten_set_main_loop(frame, animated ? 0 : 250, 0);
    if (strcmp(program.frame, "immediate") == 0) {
        emscripten_set_main_loop_timing(EM_TIMING_SETIMMEDIATE, 0);
    }
    return 0;
}
