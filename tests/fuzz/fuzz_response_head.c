/* SPDX-License-Identifier: MIT */
/* fuzz_response_head: the head parser and the framing rules give the same for a head in one piece
 * and for the same head cut in two. The first byte chooses where it is cut, the second the request.
 */
#include "h1/framing.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct result {
    ferry_error error;
    bool complete;
    ferry_h1_head head;
    ferry_h1_framing framing;
    ferry_headers headers;
} result;

static ferry_context make_context(void) {
    return (ferry_context){
        .allocator = ferry_default_allocator,
        .max_head_bytes = 4096,
        .max_header_count = 32,
        .max_interim_responses = 8,
    };
}

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

/* Copies the bytes, so that a read past their end is seen. */
static void parse_up_to(result *r, ferry_context *context, const uint8_t *data, size_t size) {
    if (r->error != FERRY_OK || r->complete) {
        return;
    }
    char *copy = malloc(size + (size == 0));
    require(copy != NULL);
    memcpy(copy, data, size);
    r->error = ferry_h1_head_parse(&r->head, context, &r->headers, copy, size, &r->complete);
    require(r->head.bytes <= size);
    free(copy);
}

static void parse(result *r, ferry_context *context, const uint8_t *data, size_t size, size_t cut,
                  const ferry_h1_request_facts *request) {
    memset(r, 0, sizeof *r);
    ferry_headers_init(&r->headers, context);
    ferry_h1_head_init(&r->head);
    parse_up_to(r, context, data, cut);
    parse_up_to(r, context, data, size);
    if (r->error == FERRY_OK && r->complete) {
        require(ferry_headers_seal(&r->headers, context) == FERRY_OK);
        r->error = ferry_h1_framing_decide(&r->framing, context, request, &r->head);
    }
}

static void compare(result *whole, result *cut) {
    require(whole->error == cut->error);
    if (whole->error != FERRY_OK) {
        return;
    }
    require(whole->complete == cut->complete && whole->head.bytes == cut->head.bytes);
    require(whole->headers.count == cut->headers.count);
    require(whole->head.code == cut->head.code);
    require(whole->framing.kind == cut->framing.kind);
    require(whole->framing.length == cut->framing.length);
    require(whole->framing.keep_alive == cut->framing.keep_alive);
    if (!whole->complete) {
        return;
    }
    const char *const *lines = ferry_headers_lines(&whole->headers);
    for (size_t i = 0; i < whole->headers.count; i++) {
        require(strcmp(lines[i], ferry_headers_lines(&cut->headers)[i]) == 0);
        require(strpbrk(lines[i], "\r\n") == NULL);
    }
    size_t count;
    const ferry_field *fields = ferry_headers_dictionary(&whole->headers, &count);
    require(count <= whole->headers.count);
    for (size_t i = 0; i < count; i++) {
        require(strlen(fields[i].name) > 0 && fields[i].value != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2) {
        return 0;
    }
    ferry_context context = make_context();
    ferry_h1_request_facts request = {
        .is_head = (data[1] & 1) != 0,
        .is_connect = (data[1] & 2) != 0,
        .has_upgrade = (data[1] & 4) != 0,
        .wants_close = (data[1] & 8) != 0,
    };
    size_t length = size - 2;
    size_t at = length > 0 ? (size_t)data[0] * length / 256 : 0;
    result whole;
    result cut;
    parse(&whole, &context, data + 2, length, length, &request);
    parse(&cut, &context, data + 2, length, at, &request);
    compare(&whole, &cut);
    ferry_headers_deinit(&whole.headers, &context);
    ferry_headers_deinit(&cut.headers, &context);
    return 0;
}
