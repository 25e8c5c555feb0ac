/* SPDX-License-Identifier: MIT */
/* source: a body that the program's function gives piece by piece, each straight into the
 * memory that it is sent from. */
#include "connection_state.h"

#include "h1/request_head.h"

#include <string.h>

/* More than an idle client keeps, so that it goes when the upload is over. */
enum {
    PIECE_ROOM = 2 * FERRY_KEPT_BYTES,
    PIECE_BYTES = PIECE_ROOM - FERRY_H1_CHUNK_SIZE_LINE - 2,
};

/* The function has ended the body, whose length was not announced. */
static void source_end(ferry_wire *wire) {
    static const char last_chunk[] = "0\r\n\r\n";
    memcpy(wire->tx.data, last_chunk, sizeof last_chunk - 1); /* there is room for a piece */
    wire->tx.start = 0;
    wire->tx.end = sizeof last_chunk - 1;
    wire->tx_prefix = sizeof last_chunk - 1;
    wire->upload = FERRY_UPLOAD_COMPLETE;
}

/* Frames the piece that lies behind the room for a chunk's size. */
static void source_frame(ferry_wire *wire, size_t length) {
    ferry_buffer *tx = &wire->tx;
    char line[FERRY_H1_CHUNK_SIZE_LINE];
    size_t line_length = 0;
    tx->end = FERRY_H1_CHUNK_SIZE_LINE + length;
    if (wire->upload_is_chunked) {
        line_length = ferry_h1_chunk_size_write(length, line);
        memcpy(tx->data + FERRY_H1_CHUNK_SIZE_LINE - line_length, line, line_length);
        memcpy(tx->data + tx->end, "\r\n", 2);
        tx->end += 2;
    }
    tx->start = FERRY_H1_CHUNK_SIZE_LINE - line_length;
    wire->tx_prefix = line_length;
    wire->tx_body = length;
}

void ferry_wire_pull(ferry_wire *wire) {
    ferry_context *context = wire->base.context;
    ferry_buffer *tx = &wire->tx;
    size_t length = 0;
    ferry_error error = ferry_buffer_reserve(tx, context, PIECE_ROOM);
    if (error != FERRY_OK) {
        ferry_buffer_explain(tx, context, error, "the request");
    } else {
        error = ferry_body_source_read(&wire->source, context, tx->data + FERRY_H1_CHUNK_SIZE_LINE,
                                       PIECE_BYTES, &length);
    }
    if (error != FERRY_OK) {
        ferry_wire_fail(wire, error); /* half a request is out: the connection is of no use */
        return;
    }
    if (length == 0) {
        source_end(wire);
        return;
    }
    source_frame(wire, length);
    if (ferry_body_source_is_exhausted(&wire->source)) {
        wire->upload = FERRY_UPLOAD_COMPLETE;
    }
}
