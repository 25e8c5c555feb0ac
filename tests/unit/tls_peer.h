/* SPDX-License-Identifier: MIT */
/* tls_peer: a TLS server in memory, by mbedTLS: its end of the stream is worked whenever the client
 * reads or writes. It answers each request head with "hello". Its certificate is its own, for
 * peer.example and 127.0.0.1, made anew in each process. */
#ifndef FERRY_TESTS_TLS_PEER_H
#define FERRY_TESTS_TLS_PEER_H

#include "ferry.h"

typedef struct tls_peer tls_peer;

/* How it behaves; zeroed: well. */
typedef struct tls_peer_behaviour {
    int version;             /* 12 or 13: that one only; 0: both */
    size_t piece;            /* bytes that a read of the client's gives at most; 0: all */
    size_t room;             /* bytes that a write of the client's takes at most; 0: all */
    bool pause;              /* every second read or write gives FERRY_STREAM_AGAIN */
    bool ends_without_alert; /* after its answer, which has no length then */
    bool ends;               /* the same, in an orderly way */
    bool asks_again;         /* for a new handshake after the first answer (TLS 1.2) */
    bool awaits_body;        /* of at most 64 KiB, and 100 (Continue) where it is expected, before
                                it answers; what is no request it ends the connection for */
    bool switches;           /* answers 101, reads until the client ends, and then ends too */
    bool refuses;            /* answers 413, and from then on no write of the client's succeeds */
    ferry_stream *tunnel;    /* where a CONNECT leads: what is said is passed on from then on; NULL:
                                it is answered as any request is */
    int empty_records;       /* before each answer */
    size_t body;             /* that it wants behind each request head before it answers */
    int tickets;             /* that it sends after a handshake of TLS 1.3; 0: as many as mbedTLS */
    /* Changes what is on its way, if it is not NULL; `to_client` tells the direction. */
    void (*tamper)(void *ctx, bool to_client, unsigned char *bytes, size_t *length);
    void *tamper_ctx;
} tls_peer_behaviour;

/* NULL if there is no memory. The client's end is a stream that belongs to the client, and lives
 * until it is destroyed and the peer freed. */
tls_peer *tls_peer_new(const tls_peer_behaviour *behaviour);
ferry_stream *tls_peer_stream(tls_peer *peer);
void tls_peer_free(tls_peer *peer);

/* Sends a record of any kind (RFC 8446 section 5.1: 20 to 23), encrypted once there are keys. It is
 * there for the client's next read. */
void tls_peer_send(tls_peer *peer, unsigned char kind, const void *bytes, size_t length);
/* Sends bytes as they are. */
void tls_peer_send_raw(tls_peer *peer, const void *bytes, size_t length);
/* From now on the client can write no more than this, until it is called again. */
void tls_peer_set_window(tls_peer *peer, size_t bytes);

/* From now on no write of the client's succeeds. */
void tls_peer_refuse(tls_peer *peer);

/* True once the client has closed its end. */
bool tls_peer_is_closed(const tls_peer *peer);
/* True if the client has sent close_notify before that. */
bool tls_peer_was_told(const tls_peer *peer);
/* The name that the client asked for; "" if none. */
const char *tls_peer_server_name(const tls_peer *peer);
/* True if the stream was ended for writing, and close_notify was there by then. */
bool tls_peer_was_ended_in_order(const tls_peer *peer);
/* How many application bytes the client has sent. */
size_t tls_peer_received(const tls_peer *peer);

/* From now on no peer takes the tickets that were given before. */
void tls_peer_forget_tickets(void);

/* Its certificate as PEM. */
const char *tls_peer_certificate(void);

#endif
