/* SPDX-License-Identifier: MIT */
/* codes: every code that mbedTLS returns, and what it means to a client in each call. */
#ifndef FERRY_TLS_CODES_H
#define FERRY_TLS_CODES_H

#include <stdbool.h>

/* The calls of mbedTLS that a connection makes. */
typedef enum ferry_tls_call {
    FERRY_TLS_HANDSHAKE,
    FERRY_TLS_READ,
    FERRY_TLS_WRITE, /* also where it only sends what is left of a record */
    FERRY_TLS_CLOSE, /* close_notify */
    FERRY_TLS_CALLS, /* the number of calls */
} ferry_tls_call;

/* What they can answer. */
typedef enum ferry_tls_meaning {
    FERRY_TLS_DONE,          /* what the call is for */
    FERRY_TLS_GIVES_NOTHING, /* a record without data, or the transport has ended */
    FERRY_TLS_GOES_ON,       /* something else was done: make the same call again */
    FERRY_TLS_HAS_SESSION,   /* the same, and there is a session that can be kept */
    FERRY_TLS_WANTS_READ,    /* make the same call when bytes have come */
    FERRY_TLS_WANTS_WRITE,   /* make the same call when there is room */
    FERRY_TLS_ENDS,          /* the peer's close_notify */
    FERRY_TLS_ENDS_EARLY,    /* the transport has ended, without close_notify */
    FERRY_TLS_FAILS,
} ferry_tls_meaning;

ferry_tls_meaning ferry_tls_code_get_meaning(ferry_tls_call call, int code);

/* Whether the table has a row for this code of mbedtls/ssl.h. */
bool ferry_tls_code_is_known(int code);

/* Whether it says that mbedTLS cannot read a certificate. */
bool ferry_tls_code_is_of_certificate(int code);

/* Where mbedTLS had no memory, its code often says something else: that a handshake failed, or that
 * an extension is not valid. The C library's errno tells. Call the first before mbedTLS, and the
 * second right after mbedTLS has failed with `code`. */
void ferry_tls_shortage_clear(void);
bool ferry_tls_shortage_caused(int code);

#endif
