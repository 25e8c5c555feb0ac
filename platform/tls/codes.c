/* SPDX-License-Identifier: MIT */
/* codes: lists every code that mbedTLS returns, and what it means to a client in each call. */
#include "codes.h"

#include <errno.h>
#include <mbedtls/asn1.h>
#include <mbedtls/bignum.h>
#include <mbedtls/cipher.h>
#include <mbedtls/ecp.h>
#include <mbedtls/error.h>
#include <mbedtls/md.h>
#include <mbedtls/pem.h>
#include <mbedtls/pk.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509.h>

#define ALL(meaning)                                                                               \
    { meaning, meaning, meaning, meaning }

/* A row for each code of mbedtls/ssl.h, in its order. Which functions return them was read in
 * mbedTLS 3.6: a handshake that is "over" goes on within mbedtls_ssl_read() and mbedtls_ssl_write()
 * alike, where a message has come that belongs to it. */
static const struct {
    int code;
    ferry_tls_meaning in[FERRY_TLS_CALLS]; /* handshake, read, write, close */
} code_rows[] = {
    /* Only with MBEDTLS_ECP_RESTARTABLE, after mbedtls_ecp_set_max_ops(). */
    {MBEDTLS_ERR_SSL_CRYPTO_IN_PROGRESS, ALL(FERRY_TLS_GOES_ON)},
    {MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE, ALL(FERRY_TLS_FAILS)},
    /* Also a record or a message of the peer's that is larger than mbedTLS has room for. */
    {MBEDTLS_ERR_SSL_BAD_INPUT_DATA, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_INVALID_MAC, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_INVALID_RECORD, ALL(FERRY_TLS_FAILS)},
    /* mbedtls_ssl_read() says 0 instead, unless it reads for a handshake. */
    {MBEDTLS_ERR_SSL_CONN_EOF,
     {FERRY_TLS_FAILS, FERRY_TLS_ENDS_EARLY, FERRY_TLS_FAILS, FERRY_TLS_FAILS}},
    {MBEDTLS_ERR_SSL_DECODE_ERROR, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_NO_RNG, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_UNSUPPORTED_EXTENSION, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_NO_APPLICATION_PROTOCOL, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_PRIVATE_KEY_REQUIRED, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_CA_CHAIN_REQUIRED, ALL(FERRY_TLS_FAILS)},
    /* KeyUpdate, a CertificateRequest after the handshake, and what no peer may send. */
    {MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_UNRECOGNIZED_NAME, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY,
     {FERRY_TLS_FAILS, FERRY_TLS_ENDS, FERRY_TLS_FAILS, FERRY_TLS_FAILS}},
    {MBEDTLS_ERR_SSL_BAD_CERTIFICATE, ALL(FERRY_TLS_FAILS)},
    /* TLS 1.3. Read, it waits until the record that is on its way out is out: the next call of any
     * kind then takes it, and does nothing else. */
    {MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET, ALL(FERRY_TLS_HAS_SESSION)},
    {MBEDTLS_ERR_SSL_CANNOT_READ_EARLY_DATA,
     ALL(FERRY_TLS_FAILS)},                                      /* mbedtls_ssl_read_early_data() */
    {MBEDTLS_ERR_SSL_RECEIVED_EARLY_DATA, ALL(FERRY_TLS_FAILS)}, /* a server's */
    {MBEDTLS_ERR_SSL_CANNOT_WRITE_EARLY_DATA,
     ALL(FERRY_TLS_FAILS)}, /* mbedtls_ssl_write_early_data() */
    {MBEDTLS_ERR_SSL_CACHE_ENTRY_NOT_FOUND, ALL(FERRY_TLS_FAILS)}, /* a server's */
    {MBEDTLS_ERR_SSL_ALLOC_FAILED, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_HW_ACCEL_FAILED, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_HW_ACCEL_FALLTHROUGH, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED, ALL(FERRY_TLS_FAILS)}, /* a server's */
    {MBEDTLS_ERR_SSL_PK_TYPE_MISMATCH, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_UNKNOWN_IDENTITY, ALL(FERRY_TLS_FAILS)}, /* a server's */
    /* Ours too, where the transport has failed. */
    {MBEDTLS_ERR_SSL_INTERNAL_ERROR, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_COUNTER_WRAPPING, ALL(FERRY_TLS_FAILS)},
    /* In a new handshake within the connection; ferry declines those (HelloRequest gets the alert
     * no_renegotiation), so that it does not come. */
    {MBEDTLS_ERR_SSL_WAITING_SERVER_HELLO_RENEGO, ALL(FERRY_TLS_GOES_ON)},
    {MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED, ALL(FERRY_TLS_FAILS)}, /* DTLS */
    {MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL, ALL(FERRY_TLS_FAILS)},
    /* Also after a message that was not for the caller, with more behind it. */
    {MBEDTLS_ERR_SSL_WANT_READ, ALL(FERRY_TLS_WANTS_READ)},
    {MBEDTLS_ERR_SSL_WANT_WRITE, ALL(FERRY_TLS_WANTS_WRITE)},
    {MBEDTLS_ERR_SSL_TIMEOUT, ALL(FERRY_TLS_FAILS)},           /* ferry sets mbedTLS no timer */
    {MBEDTLS_ERR_SSL_CLIENT_RECONNECT, ALL(FERRY_TLS_FAILS)},  /* a server's of DTLS */
    {MBEDTLS_ERR_SSL_UNEXPECTED_RECORD, ALL(FERRY_TLS_FAILS)}, /* DTLS */
    {MBEDTLS_ERR_SSL_NON_FATAL, ALL(FERRY_TLS_GOES_ON)},       /* kept within mbedTLS */
    {MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER, ALL(FERRY_TLS_FAILS)},
    {MBEDTLS_ERR_SSL_CONTINUE_PROCESSING, ALL(FERRY_TLS_GOES_ON)}, /* kept within mbedTLS */
    {MBEDTLS_ERR_SSL_ASYNC_IN_PROGRESS, ALL(FERRY_TLS_GOES_ON)},   /* a server's */
    {MBEDTLS_ERR_SSL_EARLY_MESSAGE, ALL(FERRY_TLS_FAILS)},         /* DTLS */
    {MBEDTLS_ERR_SSL_UNEXPECTED_CID, ALL(FERRY_TLS_FAILS)},        /* DTLS */
    {MBEDTLS_ERR_SSL_VERSION_MISMATCH, ALL(FERRY_TLS_FAILS)},      /* a context that was stored */
    {MBEDTLS_ERR_SSL_BAD_CONFIG, ALL(FERRY_TLS_FAILS)},
#ifdef MBEDTLS_ERR_SSL_CERTIFICATE_VERIFICATION_WITHOUT_HOSTNAME /* from 3.6.3 on */
    {MBEDTLS_ERR_SSL_CERTIFICATE_VERIFICATION_WITHOUT_HOSTNAME, ALL(FERRY_TLS_FAILS)},
#endif
};

enum { CODE_ROWS = sizeof code_rows / sizeof *code_rows };

bool ferry_tls_code_is_known(int code) {
    for (size_t i = 0; i < CODE_ROWS; i++) {
        if (code_rows[i].code == code) {
            return true;
        }
    }
    return false;
}

ferry_tls_meaning ferry_tls_code_get_meaning(ferry_tls_call call, int code) {
    if (code > 0) {
        return FERRY_TLS_DONE;
    }
    if (code == 0) {
        return call == FERRY_TLS_READ ? FERRY_TLS_GIVES_NOTHING : FERRY_TLS_DONE;
    }
    for (size_t i = 0; i < CODE_ROWS; i++) {
        if (code_rows[i].code == code) {
            return code_rows[i].in[call];
        }
    }
    return FERRY_TLS_FAILS; /* a code of the modules that TLS uses: certificates, keys, numbers */
}

bool ferry_tls_code_is_of_certificate(int result) {
    int high = -(-result & ~0x7f);
    return high <= MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE && high >= -0x2980;
}

void ferry_tls_shortage_clear(void) {
    errno = 0;
}

/* A code of mbedTLS has one of a module and one of what that module builds on, each optional. */
bool ferry_tls_shortage_caused(int code) {
    static const int codes[] = {
        MBEDTLS_ERR_SSL_ALLOC_FAILED, MBEDTLS_ERR_X509_ALLOC_FAILED,
        MBEDTLS_ERR_PK_ALLOC_FAILED,  MBEDTLS_ERR_PEM_ALLOC_FAILED,
        MBEDTLS_ERR_MD_ALLOC_FAILED,  MBEDTLS_ERR_CIPHER_ALLOC_FAILED,
        MBEDTLS_ERR_ECP_ALLOC_FAILED, MBEDTLS_ERR_ASN1_ALLOC_FAILED,
        MBEDTLS_ERR_MPI_ALLOC_FAILED,
    };
    bool lacked = errno == ENOMEM;
    for (size_t i = 0; i < sizeof codes / sizeof *codes && code < 0; i++) {
        lacked = lacked || (-code & 0xff80) == -codes[i] || (-code & 0x7f) == -codes[i];
    }
    return lacked;
}
