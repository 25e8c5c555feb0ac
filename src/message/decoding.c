/* SPDX-License-Identifier: MIT */
/* decoding: chains decoders one after another. Each obeys the limit on decoded bytes, so that no
 * coding in the middle can unpack to more than the body may. */
#include "decoding.h"

#include <string.h>

enum {
    MAX_CODINGS = 4,
    BUFFER_SIZE = 16 * 1024,
    /* Of one piece of work. A byte that goes in can cost a microsecond (tables for codes that
     * decode nothing), one that comes out some nanoseconds. */
    MAX_INPUT = 1024,
    MAX_OUTPUT = 64 * 1024,
};

typedef struct decoding_stage {
    const ferry_coding *coding;
    ferry_decoder *decoder;
    int64_t total; /* bytes that came out of it */
    bool was_full; /* its last piece of work ended for want of room: there may be more without input
                    */
    /* What it gave and the next stage has not taken; the last stage has none. */
    char *buffer;
    size_t start;
    size_t end;
} decoding_stage;

struct ferry_decoding {
    ferry_context *context;
    decoding_stage stages[MAX_CODINGS]; /* the coding that was applied last comes first */
    size_t count;
    size_t first_live;     /* the stages before it have failed or feed one that has */
    ferry_failure failure; /* why; reported once what came out before it has been given */
    char buffers[];
};

/* RFC 9110 section 8.4.1.3: "x-gzip" is the same as "gzip". */
static const ferry_coding *coding_find(ferry_span name) {
    if (ferry_span_equals(name, FERRY_SPAN("x-gzip"))) {
        name = FERRY_SPAN("gzip");
    }
    for (size_t i = 0; ferry_codings[i] != NULL; i++) {
        if (ferry_span_equals(name, ferry_span_of(ferry_codings[i]->name))) {
            return ferry_codings[i];
        }
    }
    return NULL;
}

/* Stores the first MAX_CODINGS codings in the order of the list and counts all of them; 0 where
 * one is not known. */
static size_t list_codings(const ferry_context *context, ferry_span list,
                           const ferry_coding *codings[MAX_CODINGS]) {
    size_t count = 0;
    ferry_span name;
    while (ferry_span_next_element(&list, &name)) {
        if (ferry_span_equals(name, FERRY_SPAN("identity"))) {
            continue;
        }
        const ferry_coding *coding = coding_find(name);
        if (coding == NULL) {
            ferry_log(context, FERRY_LOG_WARNING,
                      "the body is given as it came: its content coding \"%.*s\" is not built in",
                      name.length < 64 ? (int)name.length : 64, name.data);
            return 0;
        }
        if (count < MAX_CODINGS) {
            codings[count] = coding;
        }
        count++;
    }
    return count;
}

static void decoding_init(ferry_decoding *decoding, ferry_context *context,
                          const ferry_coding *const *codings, size_t count) {
    *decoding = (ferry_decoding){.context = context, .count = count};
    for (size_t i = 0; i < count; i++) {
        decoding->stages[i].coding = codings[count - 1 - i];
        decoding->stages[i].buffer = i + 1 < count ? decoding->buffers + i * BUFFER_SIZE : NULL;
    }
}

ferry_error ferry_decoding_new(ferry_context *context, ferry_span content_encoding,
                               ferry_decoding **result) {
    const ferry_coding *codings[MAX_CODINGS] = {NULL};
    size_t count = list_codings(context, content_encoding, codings);
    if (count == 0) {
        *result = NULL;
        return FERRY_OK;
    }
    if (count > MAX_CODINGS) {
        return ferry_fail(context, FERRY_ERROR_INVALID_DATA,
                          "the body has %zu content codings, more than the %d that are undone",
                          count, (int)MAX_CODINGS);
    }
    ferry_decoding *decoding =
        ferry_alloc(context, sizeof *decoding + (count - 1) * (size_t)BUFFER_SIZE);
    if (decoding == NULL) {
        return ferry_fail_memory(context);
    }
    decoding_init(decoding, context, codings, count);
    for (size_t i = 0; i < count; i++) {
        decoding_stage *stage = &decoding->stages[i];
        ferry_error error = stage->coding->open(context, &stage->decoder);
        if (error != FERRY_OK) {
            ferry_decoding_free(decoding);
            return error;
        }
    }
    *result = decoding;
    return FERRY_OK;
}

void ferry_decoding_free(ferry_decoding *decoding) {
    if (decoding == NULL) {
        return;
    }
    for (size_t i = 0; i < decoding->count; i++) {
        ferry_decoder *decoder = decoding->stages[i].decoder;
        if (decoder != NULL) {
            decoder->ops->destroy(decoder);
        }
    }
    ferry_free(decoding->context, decoding);
}

/* It is kept: the caller may see another failure before it is the turn of this one. */
static void decoding_stop(ferry_decoding *decoding, size_t index, ferry_error error) {
    ferry_failure_keep(&decoding->failure, decoding->context, error);
    decoding->first_live = index + 1;
}

static ferry_error fail_too_large(ferry_context *context) {
    return ferry_fail(context, FERRY_ERROR_TOO_LARGE,
                      "the decoded body is larger than %lld bytes (max_decoded_bytes)",
                      (long long)context->max_decoded_bytes);
}

/* One decoder, once. It may give one byte more than the limit allows, which shows that there is
 * more; that byte does not count. */
static ferry_error stage_run(decoding_stage *stage, ferry_context *context, const char *src,
                             size_t src_length, size_t *consumed, char *dst, size_t capacity,
                             size_t *produced) {
    int64_t allowed = context->max_decoded_bytes - stage->total;
    if ((uint64_t)allowed < capacity) {
        capacity = (size_t)allowed + 1;
    }
    ferry_error error = stage->decoder->ops->decode(stage->decoder, src, src_length, consumed, dst,
                                                    capacity, produced);
    if (*produced > (uint64_t)allowed) {
        *produced = (size_t)allowed;
        error = fail_too_large(context);
    }
    stage->total += (int64_t)*produced;
    if (error == FERRY_OK && *consumed == 0 && *produced == 0 && src_length > 0 && capacity > 0) {
        error = ferry_fail(context, FERRY_ERROR_INVALID_DATA,
                           "the body is not valid %s data: the decoder makes no progress",
                           stage->coding->name);
    }
    return error;
}

/* The bytes that pass through one call. */
typedef struct decoding_io {
    const char *src;
    size_t src_length;
    size_t consumed;
    char *dst;
    size_t capacity;
    size_t produced;
} decoding_io;

/* Runs one stage between its two neighbours; returns whether anything moved. */
static bool decoding_run_stage(ferry_decoding *decoding, size_t index, decoding_io *io) {
    decoding_stage *stage = &decoding->stages[index];
    decoding_stage *before = index > 0 ? &decoding->stages[index - 1] : NULL;
    bool is_last = index + 1 == decoding->count;
    if (!is_last && stage->start == stage->end) {
        stage->start = 0;
        stage->end = 0;
    }
    const char *src = before != NULL ? before->buffer + before->start : io->src + io->consumed;
    size_t src_length =
        before != NULL ? before->end - before->start : io->src_length - io->consumed;
    char *dst = is_last ? io->dst + io->produced : stage->buffer + stage->end;
    size_t capacity = is_last ? io->capacity - io->produced : BUFFER_SIZE - stage->end;
    size_t consumed = 0;
    size_t produced = 0;
    if (src_length == 0 && !stage->was_full) {
        return false;
    }
    src_length = ferry_size_least(src_length, MAX_INPUT);
    capacity = ferry_size_least(capacity, MAX_OUTPUT);
    ferry_error error =
        stage_run(stage, decoding->context, src, src_length, &consumed, dst, capacity, &produced);
    stage->was_full = produced == capacity;
    *(before != NULL ? &before->start : &io->consumed) += consumed;
    *(is_last ? &io->produced : &stage->end) += produced;
    if (error != FERRY_OK) {
        decoding_stop(decoding, index, error);
    }
    return consumed > 0 || produced > 0;
}

ferry_error ferry_decoding_decode(ferry_decoding *decoding, const void *src, size_t src_length,
                                  size_t *consumed, void *dst, size_t capacity, size_t *produced,
                                  bool *more) {
    /* The stand-ins spare the stages any arithmetic on NULL. */
    static const char no_input[1];
    char no_room[1];
    decoding_io io = {
        .src = src_length > 0 ? src : no_input,
        .src_length = src_length,
        .dst = capacity > 0 ? dst : no_room,
        .capacity = capacity,
    };
    /* The last one first: what has come far makes room. */
    *more = false;
    for (size_t i = decoding->count; i > decoding->first_live && !*more; i--) {
        *more = decoding_run_stage(decoding, i - 1, &io);
    }
    *consumed = io.consumed;
    *produced = io.produced;
    if (decoding->failure.error == FERRY_OK) {
        return FERRY_OK;
    }
    /* A failed stage's output is still to come while it moves, or finds no room. */
    bool is_drained = decoding->first_live == decoding->count || (!*more && capacity > 0);
    return is_drained ? ferry_failure_return(&decoding->failure, decoding->context) : FERRY_OK;
}

ferry_error ferry_decoding_finish(ferry_decoding *decoding) {
    if (decoding->failure.error != FERRY_OK) {
        return ferry_failure_return(&decoding->failure, decoding->context);
    }
    for (size_t i = 0; i < decoding->count; i++) {
        const decoding_stage *stage = &decoding->stages[i];
        if (!stage->decoder->ops->is_complete(stage->decoder)) {
            return ferry_fail(decoding->context, FERRY_ERROR_INVALID_DATA,
                              "the body ends in the middle of its %s data", stage->coding->name);
        }
    }
    return FERRY_OK;
}
