/* SPDX-License-Identifier: MIT */
/* script: what one request asks for, what the server does about it, and how it may end: all of it
 * follows from the request's seed, which both sides know. */
#ifndef FERRY_SOAK_SCRIPT_H
#define FERRY_SOAK_SCRIPT_H

#include "ferry.h"

typedef enum script_upload {
    SCRIPT_UPLOAD_NONE,
    SCRIPT_UPLOAD_WHOLE,
    SCRIPT_UPLOAD_STREAMED, /* of a length that is announced */
    SCRIPT_UPLOAD_CHUNKED,
} script_upload;

/* An answer before the whole upload is there. */
typedef enum script_early {
    SCRIPT_EARLY_NONE,
    SCRIPT_EARLY_SUCCESS,       /* 2xx; the rest is read behind it */
    SCRIPT_EARLY_REFUSAL,       /* 4xx; the rest is read behind it */
    SCRIPT_EARLY_REFUSAL_CLOSE, /* the same, and the connection is ended for writing */
    SCRIPT_EARLY_REFUSAL_RESET, /* nothing more is read, and the connection closed: a reset */
} script_early;

typedef enum script_continue {
    SCRIPT_CONTINUE_NOT_ASKED,
    SCRIPT_CONTINUE_SAID,
    SCRIPT_CONTINUE_NOT_SAID, /* the client sends the body after continue_ms */
} script_continue;

typedef enum script_framing {
    SCRIPT_FRAMING_LENGTH,
    SCRIPT_FRAMING_CHUNKED,
    SCRIPT_FRAMING_UNTIL_CLOSE,
} script_framing;

typedef enum script_coding {
    SCRIPT_CODING_IDENTITY,
    SCRIPT_CODING_GZIP,
    SCRIPT_CODING_DEFLATE,
    SCRIPT_CODING_BROTLI,
    SCRIPT_CODING_ZSTD,
} script_coding;

typedef enum script_pace {
    SCRIPT_PACE_WHOLE,
    SCRIPT_PACE_PIECES,
    SCRIPT_PACE_TRICKLE, /* with pauses */
    SCRIPT_PACE_BYTES,   /* one byte at a time */
} script_pace;

typedef enum script_fault {
    SCRIPT_FAULT_NONE,
    SCRIPT_FAULT_NO_ANSWER,
    SCRIPT_FAULT_CUT_HEAD,
    SCRIPT_FAULT_CUT_BODY,
    SCRIPT_FAULT_STALL_HEAD,
    SCRIPT_FAULT_STALL_BODY,
    SCRIPT_FAULT_ENDLESS, /* bytes go on coming, slowly, until total_ms */
    SCRIPT_FAULT_GARBAGE_HEAD,
    SCRIPT_FAULT_HUGE_HEAD,
    SCRIPT_FAULT_GARBAGE_CHUNK,
    SCRIPT_FAULT_WRONG_CHECKSUM, /* of gzip, deflate or zstd */
    SCRIPT_FAULT_SHORT_CODING,   /* the coded body lacks its end, its framing is complete */
    SCRIPT_FAULT_COUNT,
} script_fault;

/* What the server does when the answer is out. */
typedef enum script_after {
    SCRIPT_AFTER_KEEP,
    SCRIPT_AFTER_BLANK,          /* an empty line, which means nothing (RFC 9112 section 2.2) */
    SCRIPT_AFTER_CLOSE,          /* announced */
    SCRIPT_AFTER_SILENT_CLOSE,   /* not announced, while the connection is idle */
    SCRIPT_AFTER_TIMEOUT_ANSWER, /* 408 while idle, then the end */
    SCRIPT_AFTER_LATE_SURPLUS,   /* a second answer while idle */
    SCRIPT_AFTER_SURPLUS,        /* a second answer right behind the first */
} script_after;

/* How a connection is ended. */
typedef enum script_end {
    SCRIPT_END_ORDERLY,
    SCRIPT_END_WITHOUT_NOTIFY, /* over TLS: no close_notify */
    SCRIPT_END_RESET,
} script_end;

typedef struct soak_script {
    uint64_t seed;
    bool is_tls;
    bool is_small; /* no body is large: the client takes it in tiny bites */

    ferry_method method;
    script_upload upload;
    size_t upload_length;
    script_continue expect;
    bool reads_late; /* the server lets the upload wait, so that buffers fill */
    script_early early;
    size_t early_after; /* bytes of the upload */

    int code;
    int minor_version;
    int interims;
    script_framing framing;
    script_coding coding;
    size_t body_length;
    bool has_trailer;
    bool has_extensions; /* of chunks */
    script_pace pace;
    script_fault fault;
    unsigned fault_place; /* where in the head or the body, in thousandths */
    script_after after;
    script_end end;
    ferry_timeouts timeouts;
} soak_script;

/* The seed of a request, which says by itself whether TLS is spoken and bodies are small. */
uint64_t script_seed(uint64_t seed, bool is_tls, bool is_small);

soak_script script_make(uint64_t seed);

/* What the bodies are made from. */
uint64_t script_body_seed(const soak_script *script);
uint64_t script_upload_seed(const soak_script *script);

/* False for HEAD, 204 and 304, whatever the length that is announced. */
bool script_has_body(const soak_script *script);

/* True where an early refusal is cut by the reset that follows it. */
bool script_cuts_refusal(const soak_script *script);
/* True where the whole upload is read, however early the answer comes. */
bool script_listens(const soak_script *script);
/* True where the connection is there for another request when the answer has come. */
bool script_keeps(const soak_script *script);
/* True where the server does something to the idle connection. */
bool script_acts_idle(const soak_script *script);
/* The same, and the client must see it. */
bool script_spoils_idle(const soak_script *script);

/* The ways in which the exchange may end: a bit for each ferry_error. */
unsigned script_permits(const soak_script *script);
#define SCRIPT_PERMIT(error) (1u << (error))

/* In a few words. */
void script_describe(const soak_script *script, char *dst, size_t size);

#endif
