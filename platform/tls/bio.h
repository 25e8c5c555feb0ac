/* SPDX-License-Identifier: MIT */
/* bio: mbedTLS reads and writes here: the transport, and the buffers before it. */
#ifndef FERRY_TLS_BIO_H
#define FERRY_TLS_BIO_H

#include "base/context.h"

enum {
    FERRY_TLS_SMALL_BYTES = 2048, /* one read takes a head and a small body */
    /* What is looked at of a record with a ServerHello ends with its random value. Before that are
     * the record's header, the message's header and a version. */
    FERRY_TLS_RECORD_HEADER_BYTES = 5,
    FERRY_TLS_SERVER_HELLO_BYTES = FERRY_TLS_RECORD_HEADER_BYTES + 4 + 2 + 32,
};

typedef struct ferry_tls_bio {
    ferry_context *context;
    ferry_stream *transport;
    int process; /* that made it: no other one may use it */

    /* What has come of the transport. */
    bool ended;
    bool failed;
    bool refused;       /* it has failed, and in writing */
    const char *reason; /* why it has failed */
    bool is_starved;    /* it had no more bytes. Whoever calls mbedTLS clears this before */
    unsigned char first_bytes[FERRY_TLS_SERVER_HELLO_BYTES];
    size_t first_count; /* how many of the server's first bytes are in `first_bytes` */

    /* What is done with the bytes that mbedTLS writes. The files that call mbedTLS set them. */
    bool is_deaf;   /* they are dropped, since writing has failed */
    bool withholds; /* they are kept, all of them */
    bool keeps;     /* they are kept where the transport has no room, so that mbedTLS can go on */

    /* What was read and mbedTLS has not asked for yet. */
    char *large; /* while much comes; NULL otherwise */
    size_t begin;
    size_t end;
    char small[FERRY_TLS_SMALL_BYTES];

    /* What is kept; NULL: nothing. */
    unsigned char *kept;
    size_t kept_begin;
    size_t kept_end;
} ferry_tls_bio;

/* For mbedtls_ssl_set_bio(). */
int ferry_tls_bio_receive(void *bio, unsigned char *dst, size_t capacity);
int ferry_tls_bio_transmit(void *bio, const unsigned char *data, size_t length);

/* Writes what is kept, as far as there is room. 0: all of it; otherwise mbedTLS's code. */
int ferry_tls_bio_send_kept(ferry_tls_bio *bio);

/* Drops what is kept: mbedTLS has written it in vain. */
void ferry_tls_bio_drop_kept(ferry_tls_bio *bio);

/* As the transport's own `flush`: what it has been given. */
ferry_stream_result ferry_tls_bio_flush(ferry_tls_bio *bio);

/* From now on what mbedTLS writes is dropped: mbedTLS would not read while it cannot write. */
void ferry_tls_bio_give_up_writing(ferry_tls_bio *bio);

/* The transport itself stays the caller's. */
void ferry_tls_bio_deinit(ferry_tls_bio *bio);

#endif
