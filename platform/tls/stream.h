/* SPDX-License-Identifier: MIT */
/* stream: what is known of one TLS connection. handshake.c opens it, stream.c reads and writes. */
#ifndef FERRY_TLS_STREAM_H
#define FERRY_TLS_STREAM_H

#include "bio.h"
#include "config.h"
#include "verify.h"

/* The end of what is written, behind all that was written before it. */
typedef enum ferry_tls_end {
    FERRY_TLS_END_NONE = 0,
    FERRY_TLS_END_WANTED, /* close_notify is to be made */
    FERRY_TLS_END_MADE,   /* close_notify is on its way */
    FERRY_TLS_END_SENT,   /* the transport has been ended too */
} ferry_tls_end;

typedef struct ferry_tls_stream {
    ferry_stream base;
    ferry_context *context;
    ferry_tls_bio bio;
    ferry_tls_config *config;
    mbedtls_ssl_context ssl;
    bool is_open;        /* the handshake has ended */
    bool is_broken;      /* a fatal error, after which nothing goes on */
    bool has_more;       /* reading has paused though more may be there */
    int64_t verified_ms; /* when the chain was verified, by this connection or an earlier one */
    unsigned tickets;    /* that the server has sent */

    /* The handshake's. */
    ferry_tls_verification *verification; /* NULL once the handshake has ended well */
    bool wants_write;                     /* it waits for room, not for bytes */
    ferry_tls_attempt attempt; /* the one under way; afterwards the one to be made next */

    /* stream.c's. */
    bool write_failed;               /* nothing more can be written */
    bool write_wants_bytes;          /* writing goes on when something has come, not before */
    ferry_stream_result reading_end; /* OK while reading has not ended */
    ferry_tls_end writing_end;
    char *reason; /* why it failed; NULL before */

    uint16_t port; /* 0: nobody knows it, and sessions are not remembered */
    char host[];
} ferry_tls_stream;

#endif
