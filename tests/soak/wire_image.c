/* SPDX-License-Identifier: MIT */
/* wire_image: head, framing and coded body of an answer, garbage where the script wants it. */
#include "wire_image.h"

#include "chance.h"
#include "encoder.h"
#include "payload.h"
#include "require.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wire_image_append(wire_image *image, const void *bytes, size_t length) {
    if (image->capacity - image->length < length) {
        image->capacity = 2 * image->capacity + length;
        image->bytes = require_memory(realloc(image->bytes, image->capacity));
    }
    if (length > 0) {
        memcpy(image->bytes + image->length, bytes, length);
    }
    image->length += length;
}

void wire_image_print(wire_image *image, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    wire_image_append(image, text, (size_t)length);
}

void wire_image_append_surplus(wire_image *image) {
    wire_image_print(image, "HTTP/1.1 200 OK\r\nSoak-Seed: surplus\r\nContent-Length: 7\r\n\r\n"
                            "surplus");
}

/* ---- The head ---- */

static void image_write_interims(wire_image *image, const soak_script *script,
                                 soak_chance *chance) {
    static const char *const lines[] = {"100 Continue", "102 Processing", "103 Early Hints",
                                        "199 Something"};
    for (int i = 0; i < script->interims; i++) {
        wire_image_print(image, "HTTP/1.1 %s\r\n", lines[chance_below(chance, 4)]);
        wire_image_print(image, "Soak-Seed: interim\r\nContent-Length: 5\r\n\r\n");
    }
}

static void image_write_fields(wire_image *image, const soak_script *script, soak_chance *chance) {
    wire_image_print(image, "Soak-Seed: %llx\r\n", (unsigned long long)script->seed);
    size_t count = chance_size(chance, 20);
    for (size_t i = 0; i < count; i++) {
        size_t width = chance_size(chance, 200);
        wire_image_print(image, "X-Field-%zu:%*s%llx\r\n", i, (int)width, "",
                         (unsigned long long)chance_next(chance));
    }
    if (script->after == SCRIPT_AFTER_CLOSE || script->early == SCRIPT_EARLY_REFUSAL_CLOSE) {
        wire_image_print(image, "Connection: close\r\n");
    }
}

static void image_write_framing(wire_image *image, const soak_script *script, size_t length) {
    static const char *const codings[] = {"identity", "gzip", "deflate", "br", "zstd"};
    if (script->coding != SCRIPT_CODING_IDENTITY) {
        wire_image_print(image, "Content-Encoding: %s\r\n", codings[script->coding]);
    }
    if (script->code == FERRY_RESPONSE_NO_CONTENT) {
        return;
    }
    switch (script->framing) {
    case SCRIPT_FRAMING_LENGTH:
        wire_image_print(image, "Content-Length: %zu\r\n", length);
        break;
    case SCRIPT_FRAMING_CHUNKED:
        wire_image_print(image, "Transfer-Encoding: chunked\r\n");
        break;
    case SCRIPT_FRAMING_UNTIL_CLOSE:
        break;
    }
}

static void image_write_garbage(wire_image *image, const soak_script *script, soak_chance *chance) {
    static const char *const garbage[] = {
        "HTTP/1.1 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "<html>no head at all</html>\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad Name: x\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        /* These mean nothing where there is no body. */
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    };
    size_t count = script->method == FERRY_METHOD_HEAD ? 6 : 8;
    wire_image_print(image, "%s", garbage[chance_below(chance, count)]);
}

static void image_write_huge_head(wire_image *image, soak_chance *chance) {
    bool is_one_line = chance_is(chance, 50);
    wire_image_print(image, "HTTP/1.1 200 OK\r\nX-Huge: ");
    for (int i = 0; i < 9000; i++) {
        wire_image_print(image, is_one_line ? "ferry-ferry " : "f\r\nX: ");
    }
    wire_image_print(image, "\r\n\r\n");
}

/* ---- The body ---- */

static void image_write_chunks(wire_image *image, const soak_script *script, soak_chance *chance,
                               const unsigned char *bytes, size_t length) {
    size_t largest = length / chance_between(chance, 1, 40) + 1;
    size_t done = 0;
    size_t garbage_at = length * script->fault_place / 1000;
    while (done < length) {
        size_t part = chance_between(chance, 1, largest);
        part = part < length - done ? part : length - done;
        if (script->fault == SCRIPT_FAULT_GARBAGE_CHUNK && done + part > garbage_at) {
            static const char *const garbage[] = {"x\r\n", "-1\r\n", "\r\n",
                                                  "11111111111111111\r\n", "5 5\r\n"};
            wire_image_print(image, "%s", garbage[chance_below(chance, 5)]);
        }
        wire_image_print(image, chance_is(chance, 50) ? "%zx" : "%05zX", part);
        wire_image_print(image, "%s\r\n",
                         script->has_extensions ? ";name=value; quoted=\"a;b\"" : "");
        wire_image_append(image, bytes + done, part);
        wire_image_print(image, "\r\n");
        done += part;
    }
    wire_image_print(image, "0\r\n");
    if (script->has_trailer) {
        wire_image_print(image, "Soak-Trailer: %llx\r\n", (unsigned long long)script->seed);
    }
    wire_image_print(image, "\r\n");
}

static unsigned char *body_make(const soak_script *script, size_t *length) {
    unsigned char *plain = require_memory(malloc(script->body_length + 1));
    payload_write(script_body_seed(script), 0, plain, script->body_length);
    unsigned char *coded = encoder_encode(script->coding, plain, script->body_length, length);
    free(plain);
    if (script->fault == SCRIPT_FAULT_WRONG_CHECKSUM) {
        /* gzip has four bytes of length behind its checksum; deflate and zstd end with theirs. */
        coded[*length - (script->coding == SCRIPT_CODING_GZIP ? 5 : 1)] ^= 0x55;
    }
    if (script->fault == SCRIPT_FAULT_SHORT_CODING) {
        /* None at all would be no coded body. */
        *length = 1 + (*length - 2) * script->fault_place / 1000;
    }
    return coded;
}

static void image_write_body(wire_image *image, const soak_script *script, soak_chance *chance,
                             const unsigned char *body, size_t length) {
    if (!script_has_body(script)) {
        return;
    }
    if (script->framing == SCRIPT_FRAMING_CHUNKED) {
        image_write_chunks(image, script, chance, body, length);
    } else {
        wire_image_append(image, body, length);
    }
}

wire_image wire_image_make(const soak_script *script) {
    wire_image image = {0};
    soak_chance chance = chance_of(chance_mix(script->seed, 3));
    size_t length;
    unsigned char *body = body_make(script, &length);
    image_write_interims(&image, script, &chance);
    if (script->fault == SCRIPT_FAULT_GARBAGE_HEAD) {
        image_write_garbage(&image, script, &chance);
    } else if (script->fault == SCRIPT_FAULT_HUGE_HEAD) {
        image_write_huge_head(&image, &chance);
    } else {
        wire_image_print(&image, "HTTP/1.%d %d %s\r\n", script->minor_version, script->code,
                         chance_is(&chance, 50) ? "Soak" : "");
        image_write_fields(&image, script, &chance);
        image_write_framing(&image, script, length);
        wire_image_print(&image, "\r\n");
    }
    image.head_end = image.length;
    image_write_body(&image, script, &chance, body, length);
    image.body_end = image.length;
    if (script_spoils_idle(script) && script->after == SCRIPT_AFTER_SURPLUS) {
        wire_image_append_surplus(&image);
    }
    free(body);
    return image;
}

void wire_image_free(wire_image *image) {
    free(image->bytes);
}
