/* SPDX-License-Identifier: MIT */
/* hostile: coded data are written bit by bit, since no encoder would make such. */
#include "hostile.h"

#include <stdbool.h>
#include <string.h>

enum { CODED_SIZE = 512 * 1024 };

/* ---- Bits, the lowest first, as deflate and brotli have them ---- */

typedef struct bit_writer {
    char *at;
    unsigned bits;
    unsigned count;
} bit_writer;

static void put(bit_writer *writer, unsigned value, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        writer->bits |= (value >> i & 1u) << writer->count;
        if (++writer->count == 8) {
            *writer->at++ = (char)writer->bits;
            writer->bits = 0;
            writer->count = 0;
        }
    }
}

static void put_to_byte(bit_writer *writer) {
    while (writer->count > 0) {
        put(writer, 0, 1);
    }
}

static char *put_text(char *at, const char *text) {
    size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

static char *put_bytes(char *at, const void *bytes, size_t length) {
    memcpy(at, bytes, length);
    return at + length;
}

/* ---- deflate (RFC 1951) ---- */

/* Blocks with tables of their own and nothing in them: one literal code, the end, of one bit; that
 * of the distances. Without the last block, the end never comes. */
static void put_empty_dynamic_block(bit_writer *writer) {
    put(writer, 0, 1);  /* not the last */
    put(writer, 2, 2);  /* dynamic */
    put(writer, 0, 5);  /* 257 literal codes */
    put(writer, 0, 5);  /* 1 distance code */
    put(writer, 14, 4); /* 18 lengths of code lengths, in the order 16 17 18 0 8 7 9 6 ... 1 */
    put(writer, 0, 3);  /* 16: not used */
    put(writer, 0, 3);  /* 17: not used */
    put(writer, 1, 3);  /* 18: one bit */
    for (int i = 0; i < 14; i++) {
        put(writer, 0, 3);
    }
    put(writer, 1, 3); /* 1: one bit */
    /* Codes by value: 1 is 0, 18 is 1. */
    put(writer, 1, 1);
    put(writer, 138 - 11, 7);
    put(writer, 1, 1);
    put(writer, 118 - 11, 7);
    put(writer, 0, 1); /* symbol 256 has length 1 */
    put(writer, 0, 1); /* the distance code has length 1 */
    put(writer, 0, 1); /* the end of the block */
}

static char *put_empty_dynamic_blocks(char *at, size_t size) {
    bit_writer writer = {at, 0, 0};
    while ((size_t)(writer.at - at) < size) {
        put_empty_dynamic_block(&writer);
    }
    put_to_byte(&writer);
    return writer.at;
}

/* A fixed block of one literal and runs of 258 of it, by 13 bits each. */
static char *put_run(char *at, unsigned char literal, size_t count) {
    bit_writer writer = {at, 0, 0};
    put(&writer, 1, 1);
    put(&writer, 1, 2);
    unsigned code = 0x30u + literal; /* literals below 144: eight bits, the highest first */
    for (int i = 7; i >= 0; i--) {
        put(&writer, code >> i & 1u, 1);
    }
    for (size_t i = 1; i + 258 <= count; i += 258) {
        put(&writer, 0xa3, 8); /* 285, 11000101, the highest bit first */
        put(&writer, 0, 5);    /* distance 1 */
    }
    put(&writer, 0, 7);
    put_to_byte(&writer);
    return writer.at;
}

/* ---- Heads ---- */

static char *put_head(char *at, const char *fields) {
    return put_text(put_text(put_text(at, "HTTP/1.1 200 OK\r\nConnection: close\r\n"), fields),
                    "\r\n");
}

/* ---- What is sent ---- */

static size_t write_plain(char *dst) {
    char *at = put_head(dst, "");
    memset(at, 'x', HOSTILE_SIZE / 2);
    return (size_t)(at - dst) + HOSTILE_SIZE / 2;
}

static size_t write_small_chunks(char *dst) {
    char *at = put_head(dst, "Transfer-Encoding: chunked\r\n");
    while (at - dst < HOSTILE_SIZE - 100) {
        at = put_text(at, "1\r\nx\r\n");
    }
    return (size_t)(at - dst);
}

static size_t write_extensions(char *dst) {
    static char line[4000];
    memset(line, 'e', sizeof line - 1);
    char *at = put_head(dst, "Transfer-Encoding: chunked\r\n");
    while (at - dst < HOSTILE_SIZE - 5000) {
        at = put_text(put_text(put_text(at, "1;"), line), "\r\nx\r\n");
    }
    return (size_t)(at - dst);
}

static size_t write_interim_heads(char *dst) {
    char *at = dst;
    for (int head = 0; head < 30; head++) {
        at = put_text(at, "HTTP/1.1 103 Early Hints\r\n");
        for (int i = 0; i < 250; i++) {
            at =
                put_text(at, "Link: </style.css>; rel=preload; as=style; and-so-on=\"and so on, "
                             "for as many bytes as a head may have, of which there are many\"\r\n");
        }
        at = put_text(at, "\r\n");
    }
    at = put_head(at, "Content-Length: 0\r\n");
    return (size_t)(at - dst);
}

static size_t write_folds(char *dst) {
    char *at = put_text(dst, "HTTP/1.1 200 OK\r\nX: y\r\n");
    while (at - dst < 60000) {
        at = put_text(at, " z\r\n");
    }
    return (size_t)(put_text(at, "Content-Length: 0\r\n\r\n") - dst);
}

static size_t write_trailers(char *dst) {
    char *at = put_text(put_head(dst, "Transfer-Encoding: chunked\r\n"), "0\r\n");
    for (int i = 0; i < 255; i++) {
        at = put_text(at, "X: y, and more of the same, for as long as the limit of all trailers "
                          "together allows it, which is that of a response head\r\n");
    }
    return (size_t)(put_text(at, "\r\n") - dst);
}

static size_t write_deflate_bomb(char *dst) {
    char *at = put_head(dst, "Content-Encoding: deflate\r\n");
    return (size_t)(put_run(at, 'x', 64 * 1024 * 1024) - dst);
}

static size_t write_deflate_tables(char *dst) {
    char *at = put_head(dst, "Content-Encoding: deflate\r\n");
    return (size_t)(put_empty_dynamic_blocks(at, CODED_SIZE) - dst);
}

/* As it is, in stored blocks. */
static char *put_stored(char *at, const char *bytes, size_t length) {
    enum { MOST = 65535 };
    while (length > 0) {
        size_t count = length < MOST ? length : MOST;
        const unsigned char head[] = {
            0,
            (unsigned char)(count & 0xff),
            (unsigned char)(count >> 8),
            (unsigned char)(~count & 0xff),
            (unsigned char)(~count >> 8 & 0xff),
        };
        at = put_bytes(put_bytes(at, head, sizeof head), bytes, count);
        bytes += count;
        length -= count;
    }
    return at;
}

static size_t write_deflate_four_times(char *dst) {
    static char inner[2 * CODED_SIZE];
    static char outer[2 * CODED_SIZE];
    size_t length = (size_t)(put_empty_dynamic_blocks(inner, CODED_SIZE) - inner);
    length = (size_t)(put_stored(outer, inner, length) - outer);
    length = (size_t)(put_stored(inner, outer, length) - inner);
    char *at = put_head(dst, "Content-Encoding: deflate, deflate, deflate, deflate\r\n");
    return (size_t)(put_stored(at, inner, length) - dst);
}

static size_t write_empty_members(char *dst) {
    static const unsigned char member[20] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 3};
    char *at = put_head(dst, "Content-Encoding: gzip\r\n");
    while (at - dst < CODED_SIZE) {
        at = put_bytes(at, member, sizeof member);
    }
    return (size_t)(at - dst);
}

/* A frame to be skipped, as long as what the deflated zeros behind it give. */
static size_t write_deflated_skippable_frame(char *dst) {
    static const unsigned char stored[] = {0, 8, 0, 0xf7, 0xff, 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 4};
    char *at = put_head(dst, "Content-Encoding: zstd, deflate\r\n");
    at = put_bytes(at, stored, sizeof stored);
    return (size_t)(put_run(at, 0, 64 * 1024 * 1024) - dst);
}

static size_t write_zstd_bomb(char *dst) {
    /* A window of 8 MiB, blocks of one byte 128 KiB times. */
    static const unsigned char frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3};
    static const unsigned char block[] = {0x02, 0, 0x10, 'x'};
    char *at = put_head(dst, "Content-Encoding: zstd\r\n");
    at = put_bytes(at, frame, sizeof frame);
    for (int i = 0; i < 4096; i++) {
        at = put_bytes(at, block, sizeof block);
    }
    return (size_t)(at - dst);
}

/* Frames that need another window each time, with a byte in each. */
static size_t write_zstd_frames(char *dst) {
    static const unsigned char large[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 13 << 3, 0x0b, 0, 0, 'x'};
    static const unsigned char small[] = {0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0x0b, 0, 0, 'x'};
    char *at = put_head(dst, "Content-Encoding: zstd\r\n");
    while (at - dst < CODED_SIZE) {
        at = put_bytes(at, large, sizeof large);
        at = put_bytes(at, small, sizeof small);
    }
    return (size_t)(at - dst);
}

/* ---- brotli (RFC 7932) ---- */

static void put_brotli_window(bit_writer *writer) {
    put(writer, 0xf, 4); /* 16 MiB */
}

static void put_brotli_length(bit_writer *writer, unsigned length) {
    bool is_long = length > 1u << 16;
    put(writer, 0, 1); /* not the last */
    put(writer, is_long ? 2 : 0, 2);
    put(writer, length - 1, is_long ? 24 : 16);
    put(writer, 0, 1); /* compressed */
}

static void put_brotli_256(bit_writer *writer) {
    put(writer, 0xf, 4);
    put(writer, 127, 7);
}

/* A context map of 256 trees, all of it the first. */
static void put_brotli_context_map(bit_writer *writer) {
    put_brotli_256(writer);
    put(writer, 0, 1); /* no run lengths */
    put(writer, 1, 2); /* a simple code */
    put(writer, 0, 2); /* of one symbol */
    put(writer, 0, 8); /* the first: the map itself takes no bits */
    put(writer, 0, 1);
}

/* A code in which every symbol, as far as there is space, has `length` bits. */
static void put_brotli_even_code(bit_writer *writer, unsigned length) {
    /* The order of the lengths, and the static code for the length of each: 0 is 00, 1 is 0111. */
    static const unsigned char order[] = {1, 2, 3, 4, 0, 5, 17, 6, 16, 7, 8, 9, 10, 11};
    put(writer, 0, 2);
    for (size_t i = 0; i < sizeof order; i++) {
        if (order[i] == length) {
            put(writer, 7, 4);
        } else {
            put(writer, 0, 2);
        }
    }
    for (size_t i = sizeof order; i < 18; i++) {
        put(writer, 0, 2);
    }
}

static void put_brotli_one_code(bit_writer *writer, unsigned symbol, unsigned bits) {
    put(writer, 1, 2);
    put(writer, 0, 2);
    put(writer, symbol, bits);
}

/* A block of one byte, with as many tables as there may be, each as costly as can be. */
static void put_brotli_tables(bit_writer *writer) {
    put_brotli_length(writer, 1);
    put(writer, 0, 3); /* one block type of each kind */
    put(writer, 0, 6); /* no postfix, no direct distances */
    put(writer, 0, 2); /* the mode of the contexts */
    put_brotli_context_map(writer);
    put_brotli_context_map(writer);
    for (int i = 0; i < 256; i++) {
        put_brotli_even_code(writer, 8); /* literals */
    }
    put_brotli_one_code(writer, 8, 10); /* a command: insert one, copy two */
    for (int i = 0; i < 256; i++) {
        put_brotli_even_code(writer, 6); /* distances: 64 */
    }
    put(writer, 'x', 8);
}

static size_t write_brotli_tables(char *dst) {
    bit_writer writer = {put_head(dst, "Content-Encoding: br\r\n"), 0, 0};
    put_brotli_window(&writer);
    while (writer.at - dst < CODED_SIZE) {
        put_brotli_tables(&writer);
    }
    put_to_byte(&writer);
    return (size_t)(writer.at - dst);
}

/* Copies of 16 MiB, byte by byte, since the distance is one. */
static size_t write_brotli_bomb(char *dst) {
    bit_writer writer = {put_head(dst, "Content-Encoding: br\r\n"), 0, 0};
    put_brotli_window(&writer);
    for (int i = 0; i < 4; i++) {
        put_brotli_length(&writer, 1u << 24);
        put(&writer, 0, 3);
        put(&writer, 0, 6);
        put(&writer, 0, 2);
        put(&writer, 0, 1); /* one tree of literals */
        put(&writer, 0, 1); /* one of distances */
        put_brotli_one_code(&writer, 'x', 8);
        /* Insert 1 (code 1), copy 2,118 and 24 bits more (code 23), by distance codes: the tenth
         * cell. */
        put_brotli_one_code(&writer, 384 + (1 << 3) + 7, 10);
        put_brotli_one_code(&writer, 16, 6); /* distance 1, with one bit more */
        put(&writer, (1u << 24) - 1 - 2118, 24);
        put(&writer, 0, 1);
    }
    put(&writer, 3, 2); /* the last, and empty */
    put_to_byte(&writer);
    return (size_t)(writer.at - dst);
}

static size_t write_brotli_metadata(char *dst) {
    bit_writer writer = {put_head(dst, "Content-Encoding: br\r\n"), 0, 0};
    put_brotli_window(&writer);
    while (writer.at - dst < CODED_SIZE) {
        put(&writer, 0, 1);
        put(&writer, 3, 2); /* metadata */
        put(&writer, 0, 1);
        put(&writer, 0, 2); /* of no bytes */
        put_to_byte(&writer);
    }
    return (size_t)(writer.at - dst);
}

const hostile_response hostile_responses[] = {
    {"plain", NULL, write_plain},
    {"chunks of one byte", NULL, write_small_chunks},
    {"chunk extensions", NULL, write_extensions},
    {"interim heads", NULL, write_interim_heads},
    {"folded lines", NULL, write_folds},
    {"trailers", NULL, write_trailers},
    {"deflate: a bomb", "gzip", write_deflate_bomb},
    {"deflate: tables", "gzip", write_deflate_tables},
    {"deflate: four times", "gzip", write_deflate_four_times},
    {"gzip: empty members", "gzip", write_empty_members},
    {"zstd in deflate: skipped", "zstd", write_deflated_skippable_frame},
    {"zstd: a bomb", "zstd", write_zstd_bomb},
    {"zstd: frames", "zstd", write_zstd_frames},
    {"br: a bomb", "br", write_brotli_bomb},
    {"br: tables", "br", write_brotli_tables},
    {"br: metadata", "br", write_brotli_metadata},
    {NULL, NULL, NULL},
};
