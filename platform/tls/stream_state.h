/* SPDX-License-Identifier: MIT */
/* stream_state: what is known of one TLS connection. handshake.c opens it, stream.c reads and
 * writes. */
#ifndef FERRY_TLS_STREAM_STATE_H
#define FERRY_TLS_STREAM_STATE_H

#include "bio.h"
#include "config.h"
#include "verify.h"

/* The end of what is written, behind all that was written before it. Each follows the one above
 * it. */
typedef enum ferry_tls_end {
    FERRY_TLS_END_NONE = 0, /* the caller goes on writing */
    FERRY_TLS_END_WANTED,   /* close_notify is to be made */
    FERRY_TLS_END_MADE,     /* close_notify is on its way */
    FERRY_TLS_END_SENT,     /* the transport has been ended too */
} ferry_tls_end;

typedef struct ferry_tls_stream {
    ferry_stream base;
    ferry_context *context;
    ferry_tls_bio bio;
    ferry_tls_config *config;
    mbedtls_ssl_context ssl;
    uint16_t port; /* 0: nobody knows it, and sessions are not remembered */

    /* Written by handshake.c, and while it reads and writes by stream.c. */
    bool is_open;   /* the handshake has succeeded */
    bool is_broken; /* the handshake or reading has failed: nothing goes on */
    bool has_more;  /* the last call paused, though there may be more to do without waiting */

    /* Written by handshake.c. */
    ferry_tls_verification *verification; /* NULL once the handshake has succeeded */
    bool wants_write;                     /* the handshake waits for room, not for bytes */
    ferry_tls_attempt attempt; /* the one under way; after the handshake, the one to be made next */
    int64_t verified_ms; /* when the chain was verified, by this connection or by the one whose
                            session it resumes */

    /* Written by calls.c. */
    unsigned tickets; /* how many the server has sent */

    /* Written by stream.c. */
    ferry_stream_result reading_end; /* OK while reading has not ended */
    ferry_tls_end writing_end;       /* only stream_enter_end() changes it */
    bool write_failed;               /* nothing more can be written */
    bool write_wants_bytes;          /* writing goes on when something has come, not before */
    char *reason;                    /* why it failed; NULL before */

    char host[];
} ferry_tls_stream;

#endif
