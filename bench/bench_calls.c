/* SPDX-License-Identifier: MIT */
/* bench_calls: the longest call of a program that polls, in CPU time, for responses that are made
 * to take long. They come from memory: what the kernel takes to read is not in it. */
#include "hostile.h"

#include <ferry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_FRAMES = 200000, READ_SIZE = 256 * 1024 };

typedef struct memory_stream {
    ferry_stream stream;
    const char *at;
    size_t left;
    bool is_asked; /* the request has come */
} memory_stream;

static ferry_stream_result memory_read(ferry_stream *stream, void *dst, size_t capacity,
                                       size_t *length) {
    memory_stream *self = (memory_stream *)stream;
    if (!self->is_asked) {
        return FERRY_STREAM_AGAIN;
    }
    if (self->left == 0) {
        return FERRY_STREAM_END;
    }
    *length = self->left < capacity ? self->left : capacity;
    memcpy(dst, self->at, *length);
    self->at += *length;
    self->left -= *length;
    return FERRY_STREAM_OK;
}

static ferry_stream_result memory_write(ferry_stream *stream, const ferry_slice *slices,
                                        size_t count, size_t *length) {
    ((memory_stream *)stream)->is_asked = true;
    *length = 0;
    for (size_t i = 0; i < count; i++) {
        *length += slices[i].length;
    }
    return FERRY_STREAM_OK;
}

static void memory_destroy(ferry_stream *stream) {
    (void)stream;
}

static const ferry_stream_ops memory_ops = {
    .read = memory_read,
    .write = memory_write,
    .destroy = memory_destroy,
};

static double cpu_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

typedef struct longest {
    double call_ms;
    double frame_ms;
    unsigned long long bytes;
    unsigned frames;
    ferry_error error;
} longest;

static void note(double *most, double value) {
    *most = value > *most ? value : *most;
}

static longest run(const char *bytes, size_t length) {
    static char dst[READ_SIZE];
    memory_stream stream = {.stream = {.ops = &memory_ops}, .at = bytes, .left = length};
    ferry_client *client = ferry_client_new(NULL);
    longest found = {0};
    ferry_client_set_connection(client, &stream.stream);
    ferry_error error = ferry_client_request(client, FERRY_METHOD_GET, "/", NULL, NULL);
    for (unsigned i = 0; i < MOST_FRAMES && error == FERRY_OK &&
                         (ferry_client_get_status(client) == FERRY_STATUS_REQUESTING ||
                          ferry_client_get_status(client) == FERRY_STATUS_BODY);
         i++) {
        double frame_ms = cpu_ms();
        double call_ms = frame_ms;
        size_t got = 0;
        error = ferry_client_poll(client);
        note(&found.call_ms, cpu_ms() - call_ms);
        do {
            got = 0;
            if (error == FERRY_OK && ferry_client_get_status(client) == FERRY_STATUS_BODY) {
                call_ms = cpu_ms();
                error = ferry_client_read_response_body(client, dst, sizeof dst, &got);
                note(&found.call_ms, cpu_ms() - call_ms);
                found.bytes += got;
            }
        } while (error == FERRY_OK && got > 0);
        note(&found.frame_ms, cpu_ms() - frame_ms);
        found.frames++;
    }
    found.error = error;
    ferry_client_free(client);
    return found;
}

/* The least of some rounds: what else the machine does is not the client's. */
int main(int argc, char **argv) {
    enum { ROUNDS = 5 };
    char *bytes = malloc(HOSTILE_SIZE);
    printf("%-26s %9s %9s %8s %12s  %s\n", "response", "call ms", "frame ms", "frames", "bytes",
           "ends in");
    for (const hostile_response *response = hostile_responses; response->name != NULL; response++) {
        if (argc > 1 && strstr(response->name, argv[1]) == NULL) {
            continue;
        }
        size_t length = response->write(bytes);
        longest least = run(bytes, length);
        for (int i = 1; i < ROUNDS; i++) {
            longest found = run(bytes, length);
            least.call_ms = found.call_ms < least.call_ms ? found.call_ms : least.call_ms;
            least.frame_ms = found.frame_ms < least.frame_ms ? found.frame_ms : least.frame_ms;
        }
        printf("%-26s %9.2f %9.2f %8u %12llu  %s\n", response->name, least.call_ms, least.frame_ms,
               least.frames, least.bytes, ferry_error_name(least.error));
    }
    free(bytes);
    return 0;
}
