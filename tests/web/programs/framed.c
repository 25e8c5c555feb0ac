/* SPDX-License-Identifier: MIT */
/* framed: polls a session once in each animation frame, as games do, and prints what becomes of its
 * transfers: a hidden page gets no frames.
 *
 *     framed [idle_ms=N] [total_ms=N] [most=N] [TRANSFER...]
 *
 * A transfer is KIND=URL: "memory", "file", "function" (on_data), "owner" (owner_reads); "holds" is
 * as "memory" but not waited for. "keepalive" posts as many bytes as bytes=N before it says, and
 * "words" does so with a body that a function gives. It prints "started" when all are started,
 * "frame" in the first frame. */
#include <ferry.h>

#include <emscripten.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TRANSFERS = 400, PIECE = 65536 };

typedef struct run {
    const char *kind;
    ferry_transfer *transfer;
    long long given; /* to on_data, or read */
    bool is_awaited;
    bool is_printed;
} run;

static struct {
    ferry_session_options options;
    ferry_timeouts timeouts;
    ferry_session *session;
    run runs[MOST_TRANSFERS];
    size_t count;
    size_t bytes;
    bool has_framed;
    char piece[PIECE];
} program;

static ferry_error on_data(void *ctx, ferry_transfer *transfer, const void *data, size_t length) {
    (void)transfer;
    (void)data;
    ((run *)ctx)->given += (long long)length;
    return FERRY_OK;
}

static ferry_error give_nothing(void *ctx, void *dst, size_t capacity, size_t *length) {
    (void)ctx;
    (void)dst;
    (void)capacity;
    *length = 0;
    return FERRY_OK;
}

static void start(const char *kind, const char *url) {
    if (program.count == MOST_TRANSFERS) {
        fprintf(stderr, "framed: too many transfers\n");
        exit(2);
    }
    if (program.session == NULL) {
        program.session = ferry_session_new(&program.options);
    }
    run *r = &program.runs[program.count++];
    *r = (run){.kind = kind, .is_awaited = strcmp(kind, "holds") != 0};
    ferry_session_request request = {
        .url = url, .ctx = r, .timeouts = &program.timeouts, .max_retries = -1};
    char *body = NULL;
    if (strcmp(kind, "function") == 0) {
        request.functions.on_data = on_data;
    } else if (strcmp(kind, "owner") == 0) {
        request.owner_reads = true;
    } else if (strcmp(kind, "keepalive") == 0) {
        body = malloc(program.bytes + 1);
        memset(body, 'k', program.bytes);
        request.method = FERRY_METHOD_POST;
        request.keepalive = true;
        request.body = body;
        request.body_length = program.bytes;
        request.copy_body = true;
    } else if (strcmp(kind, "words") == 0) {
        request.method = FERRY_METHOD_POST;
        request.keepalive = true;
        request.body_read = give_nothing;
    }
    bool is_file = strcmp(kind, "file") == 0;
    r->transfer = is_file ? ferry_session_start_download(program.session, &request, "/downloaded")
                          : ferry_session_start(program.session, &request);
    free(body);
}

static void read_on(run *r) {
    size_t length = 0;
    do {
        ferry_transfer_read(r->transfer, program.piece, PIECE, &length);
        r->given += (long long)length;
    } while (length > 0);
}

/* The bytes of the file; -1: there is none. */
static long long file_measure(void) {
    FILE *file = fopen("/downloaded", "rb");
    if (file == NULL) {
        return -1;
    }
    fseek(file, 0, SEEK_END);
    long long size = ftell(file);
    fclose(file);
    return size;
}

static void print(run *r) {
    size_t length;
    ferry_transfer_get_body(r->transfer, &length);
    ferry_error error = ferry_transfer_get_error(r->transfer);
    long long bytes = r->given + (long long)length;
    if (strcmp(r->kind, "file") == 0) {
        bytes = file_measure();
    }
    r->is_printed = true;
    printf("%s %s %d %lld bytes: %s\n", r->kind, error == FERRY_OK ? "OK" : ferry_error_name(error),
           ferry_transfer_get_response_code(r->transfer), bytes,
           ferry_transfer_get_error_detail(r->transfer));
}

static void finish(void) {
    for (size_t i = 0; i < program.count; i++) {
        ferry_transfer_free(program.runs[i].transfer);
    }
    ferry_session_free(program.session);
    emscripten_cancel_main_loop();
    emscripten_force_exit(fflush(stdout) == 0 ? 0 : 1);
}

static void frame(void) {
    bool is_over = true;
    ferry_session_poll(program.session, 0);
    for (size_t i = 0; i < program.count; i++) {
        run *r = &program.runs[i];
        if (strcmp(r->kind, "owner") == 0) {
            read_on(r);
        }
        if (!r->is_printed && ferry_transfer_is_done(r->transfer)) {
            print(r);
        }
        is_over = is_over && (r->is_printed || !r->is_awaited);
    }
    if (!program.has_framed) {
        program.has_framed = true;
        puts("frame");
    }
    if (is_over) {
        finish();
    }
}

static void take(const char *argument) {
    const char *value = strchr(argument, '=');
    if (value == NULL) {
        fprintf(stderr, "framed: what is this: %s\n", argument);
        exit(2);
    }
    size_t length = (size_t)(value++ - argument);
    char *name = calloc(1, length + 1);
    memcpy(name, argument, length);
    if (strcmp(name, "idle_ms") == 0) {
        program.timeouts.idle_ms = atoi(value);
    } else if (strcmp(name, "total_ms") == 0) {
        program.timeouts.total_ms = atoi(value);
    } else if (strcmp(name, "most") == 0) {
        program.options.max_memory_bytes = (size_t)atoll(value);
    } else if (strcmp(name, "bytes") == 0) {
        program.bytes = (size_t)atoll(value);
    } else {
        start(name, value);
        return; /* the name is the kind's */
    }
    free(name);
}

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        take(argv[i]);
    }
    puts("started");
    emscripten_set_main_loop(frame, 0, false);
    return 0;
}
