/* SPDX-License-Identifier: MIT */
/* script_stream: a stream that gives bytes in the pieces that a test chose, and keeps what it is
 * sent; no socket and no time are involved. */
#ifndef FERRY_TESTS_SCRIPT_STREAM_H
#define FERRY_TESTS_SCRIPT_STREAM_H

#include "ferry.h"

typedef struct script_stream {
    ferry_stream stream; /* give &script->stream to ferry_client_set_connection() */
    const char *bytes;
    size_t length;
    size_t at;
    size_t piece;     /* bytes a read gives at most; 0: all */
    size_t split;     /* reads stop here once; 0: nowhere */
    const char *gate; /* no byte from gate_at on is there before what was sent ends with this; NULL:
                         all are there at once */
    size_t gate_at;
    bool speaks_first; /* before anything is written; a server does not */
    bool pause;        /* give FERRY_STREAM_AGAIN between pieces */
    bool paused;
    ferry_stream_result end;       /* after the last byte */
    size_t write_limit;            /* bytes a write takes at most; 0: all */
    size_t write_room;             /* bytes that writes take in all; 0: without end */
    ferry_stream_result write_end; /* once the room is used up */
    bool forgets;                  /* what is written, so that there is always room */
    bool holds;                    /* what is written; the next read passes it on */
    bool is_holding;
    ferry_descriptor descriptor; /* to be waited on, for blocking calls; at first there is none */
    char sent[8192];
    size_t sent_length;
    unsigned reads;
    unsigned writes;
    unsigned answered;         /* of the writes: the script goes on once there are more */
    unsigned shutdowns;        /* so often it was called */
    unsigned shutdowns_needed; /* for the end to be out */
    bool is_destroyed;
} script_stream;

/* The script is the caller's, and outlives the client. */
void script_stream_init(script_stream *script, const char *bytes, size_t length,
                        ferry_stream_result end);

/* From the beginning, for another request. */
void script_stream_rewind(script_stream *script);

#endif
