/* SPDX-License-Identifier: MIT */
/* scenario_streaming: a stream of the program's own as the connection; it lives in memory. */
#include "scenario_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ferry_stream_result memory_read(ferry_stream *stream, void *dst, size_t capacity,
                                       size_t *length) {
    scenario_stream *memory = (scenario_stream *)stream;
    if (memory->broken) {
        return FERRY_STREAM_FAILED;
    }
    if (memory->held || memory->pauses++ % 2 == 0) {
        return FERRY_STREAM_AGAIN; /* every other time, as a network would */
    }
    size_t left = memory->in_length - memory->in_at;
    if (left == 0) {
        return memory->end;
    }
    *length = left < capacity ? left : capacity;
    *length = memory->most > 0 && *length > memory->most ? memory->most : *length;
    memcpy(dst, memory->in + memory->in_at, *length);
    memory->in_at += *length;
    return FERRY_STREAM_OK;
}

static ferry_stream_result memory_write(ferry_stream *stream, const ferry_slice *slices,
                                        size_t count, size_t *length) {
    scenario_stream *memory = (scenario_stream *)stream;
    size_t room = sizeof memory->out - memory->out_length;
    size_t total = 0;
    if (memory->broken) {
        return FERRY_STREAM_FAILED;
    }
    if (memory->most > 0 && room > memory->most) {
        room = memory->most;
    }
    for (size_t i = 0; i < count && total < room; i++) {
        size_t part = slices[i].length < room - total ? slices[i].length : room - total;
        memcpy(memory->out + memory->out_length, slices[i].data, part);
        memory->out_length += part;
        total += part;
    }
    *length = total;
    return total > 0 ? FERRY_STREAM_OK : FERRY_STREAM_AGAIN;
}

static void memory_destroy(ferry_stream *stream) {
    scenario_stream *memory = (scenario_stream *)stream;
    ++*memory->destroyed;
    free(memory);
}

static const char *memory_get_error_detail(ferry_stream *stream) {
    (void)stream;
    return "the memory is broken";
}

static const ferry_stream_ops memory_ops = {
    .read = memory_read,
    .write = memory_write,
    .destroy = memory_destroy,
    .get_error_detail = memory_get_error_detail,
};

scenario_stream *scenario_stream_new(const char *in, int *destroyed) {
    scenario_stream *memory = calloc(1, sizeof *memory);
    if (memory == NULL) {
        scenario_give_up("there is no memory");
    }
    memory->base.ops = &memory_ops;
    memory->in = in;
    memory->in_length = strlen(in);
    memory->end = FERRY_STREAM_AGAIN;
    memory->destroyed = destroyed;
    return memory;
}

/* Before what it counts in goes out of scope. */
static void free_client(scenario *s) {
    ferry_client_free(s->client);
    s->client = NULL;
}

static void set(scenario *s, scenario_stream *memory) {
    scenario_result(s, "set_connection", ferry_client_set_connection(s->client, &memory->base));
    scenario_say(s, "connection is the stream: %s",
                 ferry_client_get_connection(s->client) == &memory->base ? "yes" : "no");
}

static void say_sent(scenario *s, const scenario_stream *memory) {
    scenario_say(s, "the stream has got %.*s", (int)memory->out_length, memory->out);
}

/* stream: exchanges over a stream that the client keeps, and its end. */
static void run_stream(scenario *s) {
    int destroyed = 0;
    scenario_stream *memory =
        scenario_stream_new("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
                            "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone",
                            &destroyed);
    memory->most = 7;
    scenario_new_client(s);
    set(s, memory);
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_POST, "/a", NULL, "body"));
    scenario_result(s, "wait", ferry_client_wait(s->client, -1));
    memory->in_length = strlen("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    scenario_finish(s);
    say_sent(s, memory);
    memory->out_length = 0;
    memory->held = true;
    static const char *const headers[] = {"Host: memory.example", NULL};
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/b", headers, NULL));
    memory->in_length = strlen(memory->in);
    memory->held = false;
    scenario_finish(s);
    say_sent(s, memory);
    memory->end = FERRY_STREAM_END;
    scenario_leave(s, FERRY_STATUS_CONNECTED);
    scenario_say(s, "destroyed %d, connection %s", destroyed,
                 ferry_client_get_connection(s->client) == NULL ? "none" : "there");
    scenario_poll(s);
    free_client(s);
}

/* stream_ends: what each end of a stream makes of a body until close. */
static void run_stream_ends(scenario *s) {
    static const struct {
        const char *what;
        ferry_stream_result end;
    } ends[] = {
        {"in order", FERRY_STREAM_END},
        {"truncated", FERRY_STREAM_TRUNCATED},
        {"failed", FERRY_STREAM_FAILED},
    };
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        int destroyed = 0;
        scenario_stream *memory = scenario_stream_new("HTTP/1.1 200 OK\r\n\r\nhello", &destroyed);
        memory->end = ends[i].end;
        scenario_new_client(s);
        scenario_say(s, "-- %s", ends[i].what);
        set(s, memory);
        scenario_get(s, "/");
        scenario_say(s, "destroyed %d", destroyed);
        free_client(s);
    }
}

/* stream_dropped: who destroys the stream, and when. */
static void run_stream_dropped(scenario *s) {
    int destroyed = 0;
    ferry_stream_ops lacking = memory_ops;
    ferry_stream incomplete = {.ops = &lacking};
    scenario_new_client(s);
    lacking.read = NULL;
    scenario_result(s, "no read", ferry_client_set_connection(s->client, &incomplete));
    lacking = memory_ops;
    lacking.write = NULL;
    scenario_result(s, "no write", ferry_client_set_connection(s->client, &incomplete));
    lacking = memory_ops;
    lacking.destroy = NULL;
    scenario_result(s, "no destroy", ferry_client_set_connection(s->client, &incomplete));
    set(s, scenario_stream_new("", &destroyed));
    scenario_result(s, "no destroy", ferry_client_set_connection(s->client, &incomplete));
    scenario_say(s, "destroyed %d, %s", destroyed,
                 ferry_status_name(ferry_client_get_status(s->client)));
    set(s, scenario_stream_new("", &destroyed));
    scenario_say(s, "replaced: destroyed %d", destroyed);
    ferry_client_close(s->client);
    scenario_note_status(s);
    scenario_say(s, "closed: destroyed %d", destroyed);
    set(s, scenario_stream_new("", &destroyed));
    scenario_result(s, "NULL", ferry_client_set_connection(s->client, NULL));
    scenario_say(s, "unset: destroyed %d", destroyed);
    set(s, scenario_stream_new("", &destroyed));
    scenario_connect(s);
    scenario_say(s, "connected elsewhere: destroyed %d", destroyed);
    set(s, scenario_stream_new("", &destroyed));
    scenario_new_client(s);
    scenario_say(s, "freed: destroyed %d", destroyed);
    scenario_stream *memory = scenario_stream_new("", &destroyed);
    set(s, memory);
    memory->broken = true;
    scenario_get(s, "/");
    scenario_say(s, "broken: destroyed %d", destroyed);
    free_client(s);
}

/* stream_blocking: nothing tells when this stream can go on, so no call may sleep on it. */
static void run_stream_blocking(scenario *s) {
    int destroyed = 0;
    scenario_new_client(s);
    set(s, scenario_stream_new("", &destroyed));
    scenario_result(s, "request",
                    ferry_client_request(s->client, FERRY_METHOD_GET, "/", NULL, NULL));
    scenario_poll(s);
    free_client(s);
}

const scenario_entry scenario_streaming[] = {
    {"stream", run_stream},
    {"stream_ends", run_stream_ends},
    {"stream_dropped", run_stream_dropped},
    {"stream_blocking", run_stream_blocking},
    {NULL, NULL},
};
