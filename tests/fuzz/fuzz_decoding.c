/* SPDX-License-Identifier: MIT */
/* fuzz_decoding: any bytes as a coded body: decoding ends, stays in its room, and gives the same
 * however the bytes arrive. The input's first five bytes choose the codings, how much is given and
 * taken at a time, and the limit. */
#include "message/decoding.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_SIZE = 5, MOST_OUTPUT = 1 << 20 };

typedef struct outcome {
    ferry_error error;
    size_t length;
    uint8_t *bytes;
} outcome;

static void require(bool condition) {
    if (!condition) {
        abort();
    }
}

/* Up to four codings, two bits each, in a list as Content-Encoding has it. */
static void name_codings(uint8_t count, uint8_t choice, char list[64]) {
    static const char *const names[] = {"gzip", "deflate", "br", "zstd"};
    list[0] = '\0';
    for (int i = 0; i <= count % 4; i++) {
        strcat(list, names[choice >> (2 * i) & 3]);
        strcat(list, ", ");
    }
}

/* Feeds `step` bytes at a time (what was not taken comes again) and takes `room` at a time, each
 * time into memory of exactly that size. */
static void drain(ferry_decoding *decoding, const uint8_t *src, size_t size, size_t step,
                  size_t room, outcome *result) {
    size_t position = 0;
    while (result->error == FERRY_OK) {
        size_t given = size - position < step ? size - position : step;
        size_t consumed = SIZE_MAX;
        size_t produced = SIZE_MAX;
        bool more = false;
        uint8_t *input = malloc(given > 0 ? given : 1);
        uint8_t *output = malloc(room);
        require(input != NULL && output != NULL);
        if (given > 0) {
            memcpy(input, src + position, given);
        }
        result->error = ferry_decoding_decode(decoding, input, given, &consumed, output, room,
                                              &produced, &more);
        require(consumed <= given && produced <= room);
        require(result->length + produced <= MOST_OUTPUT);
        memcpy(result->bytes + result->length, output, produced);
        result->length += produced;
        position += consumed;
        free(input);
        free(output);
        if (result->error != FERRY_OK) {
            break;
        }
        if (more) {
            continue;
        }
        /* Either all input was taken, or there is no more room. */
        require(consumed == given || produced == room);
        require(given == 0 || consumed > 0 || produced > 0);
        if (position == size && produced < room) {
            result->error = ferry_decoding_finish(decoding);
            break;
        }
    }
}

static outcome decode(const char *codings, int64_t limit, const uint8_t *src, size_t size,
                      size_t step, size_t room, uint8_t bytes[MOST_OUTPUT]) {
    ferry_context context = {.allocator = ferry_default_allocator, .max_decoded_bytes = limit};
    outcome result = {FERRY_OK, 0, bytes};
    ferry_decoding *decoding = NULL;
    require(ferry_decoding_new(&context, ferry_span_of(codings), &decoding) == FERRY_OK);
    if (decoding != NULL) {
        drain(decoding, src, size, step, room, &result);
    }
    require(result.length <= (size_t)limit);
    require(result.error == FERRY_OK || context.detail[0] != '\0');
    ferry_decoding_free(decoding);
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEADER_SIZE) {
        return 0;
    }
    static uint8_t bytes[2][MOST_OUTPUT];
    char codings[64];
    name_codings(data[0], data[1], codings);
    size_t room = data[2] + (size_t)1;
    size_t step = data[3] + (size_t)1;
    int64_t limit = data[4] == 255 ? MOST_OUTPUT : data[4] * 16;
    outcome whole =
        decode(codings, limit, data + HEADER_SIZE, size - HEADER_SIZE, size, 65536, bytes[0]);
    outcome split =
        decode(codings, limit, data + HEADER_SIZE, size - HEADER_SIZE, step, room, bytes[1]);
    /* Where the data are damaged, how much came out before that shows may differ. */
    size_t common = whole.length < split.length ? whole.length : split.length;
    require(memcmp(whole.bytes, split.bytes, common) == 0);
    require((whole.error == FERRY_OK) == (split.error == FERRY_OK));
    require(whole.error != FERRY_OK || whole.length == split.length);
    return 0;
}
