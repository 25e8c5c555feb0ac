/* SPDX-License-Identifier: MIT */
/* wire_image: an answer as the bytes that go over the wire, made from its script. */
#ifndef FERRY_SOAK_WIRE_IMAGE_H
#define FERRY_SOAK_WIRE_IMAGE_H

#include "script.h"

typedef struct wire_image {
    char *bytes;
    size_t length;
    size_t capacity;
    size_t head_end;
    size_t body_end; /* surplus may follow */
} wire_image;

wire_image wire_image_make(const soak_script *script);
void wire_image_free(wire_image *image);

__attribute__((format(printf, 2, 3))) void wire_image_print(wire_image *image, const char *format,
                                                            ...);
void wire_image_append(wire_image *image, const void *bytes, size_t length);

/* An answer that nobody asked for. */
void wire_image_append_surplus(wire_image *image);

#endif
