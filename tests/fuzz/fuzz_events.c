/* SPDX-License-Identifier: MIT */
/* fuzz_events: any bytes as server-sent events: however they are cut, the same events come out, and
 * none is larger than the limit. */
#include "ferry.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_EVENT_BYTES = 64 };

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

/* What came out: a sum over all events, their number, and how it ended. */
typedef struct outcome {
    uint64_t sum;
    size_t events;
    ferry_error error;
    int64_t retry_ms;
} outcome;

static void add_bytes(outcome *out, const char *bytes, size_t length) {
    for (size_t i = 0; i < length; i++) {
        out->sum = (out->sum ^ (unsigned char)bytes[i]) * 1099511628211u;
    }
    out->sum = (out->sum ^ 256) * 1099511628211u; /* where it ends */
}

static void add_event(outcome *out, const ferry_event *event) {
    require(event->type_length > 0 && event->type[event->type_length] == '\0');
    require(event->data[event->data_length] == '\0');
    require(event->type_length + event->data_length <= MAX_EVENT_BYTES + strlen("message"));
    require(memchr(event->type, '\n', event->type_length) == NULL);
    require(memchr(event->data, '\r', event->data_length) == NULL);
    require(strcspn(event->last_event_id, "\r\n") == strlen(event->last_event_id));
    add_bytes(out, event->type, event->type_length);
    add_bytes(out, event->data, event->data_length);
    add_bytes(out, event->last_event_id, strlen(event->last_event_id));
    out->events++;
}

/* The bytes in memory of exactly their size. */
static void feed(ferry_event_parser *parser, const uint8_t *bytes, size_t length, outcome *out) {
    uint8_t *copy = malloc(length > 0 ? length : 1);
    require(copy != NULL);
    memcpy(copy, bytes, length);
    for (size_t at = 0; at < length && out->error == FERRY_OK;) {
        const ferry_event *event = NULL;
        size_t taken = 0;
        out->error = ferry_event_parser_read(parser, copy + at, length - at, &taken, &event);
        require(out->error == FERRY_OK || out->error == FERRY_ERROR_TOO_LARGE);
        if (out->error == FERRY_OK) {
            require(taken > 0 && taken <= length - at && (event != NULL || taken == length - at));
            at += taken;
        }
        if (event != NULL) {
            add_event(out, event);
        }
    }
    free(copy);
}

/* In pieces of `step` bytes; 0: in one. */
static outcome parse(const uint8_t *data, size_t size, size_t step) {
    ferry_event_parser_options options = {.max_event_bytes = MAX_EVENT_BYTES};
    ferry_event_parser *parser = ferry_event_parser_new(&options);
    outcome out = {0};
    require(parser != NULL);
    for (size_t at = 0; at < size;) {
        size_t length = step == 0 || step > size - at ? size - at : step;
        feed(parser, data + at, length, &out);
        at += length;
    }
    const char *id = ferry_event_parser_get_last_event_id(parser);
    add_bytes(&out, id, strlen(id));
    out.retry_ms = ferry_event_parser_get_retry_ms(parser);
    ferry_event_parser_free(parser);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    outcome whole = parse(data, size, 0);
    for (size_t step = 1; step <= 7; step += 2) {
        outcome cut = parse(data, size, step);
        require(cut.sum == whole.sum && cut.events == whole.events);
        require(cut.error == whole.error && cut.retry_ms == whole.retry_ms);
    }
    return 0;
}
