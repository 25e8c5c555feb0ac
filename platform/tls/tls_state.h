/* SPDX-License-Identifier: MIT */
/* tls_state: what the files of this folder share. Nothing else includes it, and nothing else knows
 * mbedTLS. */
#ifndef FERRY_TLS_STATE_H
#define FERRY_TLS_STATE_H

#include "platform.h"
#include "tls.h"

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>

enum {
    FERRY_TLS_DIGEST_SIZE = 32, /* SHA-256 */
    FERRY_TLS_WORDS_SIZE = 320, /* a sentence about certificates */
};

/* ---- Authorities (roots.c) ---- */

/* Read once, and shared. */
typedef struct ferry_tls_roots ferry_tls_roots;

/* Those of the system: what is in memory already, where the environment is as it was; otherwise
 * they are read by a thread, and there when ferry_tls_roots_poll() says so. Without a thread they
 * are read by the call. OUT_OF_MEMORY; in that case what ferry_tls_roots_poll() says, too. */
ferry_error ferry_tls_roots_of_system(ferry_context *context, ferry_tls_roots **roots);
/* Those that the options bring. INVALID_PARAMETER, OUT_OF_MEMORY. */
ferry_error ferry_tls_roots_of_options(ferry_context *context, const ferry_tls_options *options,
                                       ferry_tls_roots **roots);
void ferry_tls_roots_release(ferry_tls_roots *roots);
/* The same list from the beginning on; it may be looked at once they are ready. */
mbedtls_x509_crt *ferry_tls_roots_chain(ferry_tls_roots *roots);

/* Whether they are there. UNAVAILABLE: there are none, with a detail that says where it looked;
 * FAILED: they could not be read; OUT_OF_MEMORY. It stays so: whoever wants to try again asks for
 * others. */
ferry_error ferry_tls_roots_poll(ferry_tls_roots *roots, ferry_context *context, bool *ready);
/* The descriptor that is ready for reading when they are; it lasts from a begin to its end. */
ferry_descriptor ferry_tls_roots_begin_wait(ferry_tls_roots *roots);
void ferry_tls_roots_end_wait(ferry_tls_roots *roots);

/* ---- Sessions (sessions.c) ---- */

typedef struct ferry_tls_session ferry_tls_session;

typedef struct ferry_tls_sessions {
    ferry_tls_session *newest; /* a list, the newest first */
} ferry_tls_sessions;

/* Gives the newest session with this host to `ssl`, and says whether there was one. One of TLS 1.3
 * is used once only (RFC 8446 appendix C.4). */
bool ferry_tls_sessions_take(ferry_tls_sessions *sessions, const char *host, uint16_t port,
                             int64_t *verified_ms, mbedtls_ssl_context *ssl);
/* Keeps the session that `ssl` has; without memory it is not kept. `verified_ms` is when the
 * server's chain was looked at, by this connection or by the one whose session it resumed. */
void ferry_tls_sessions_keep(ferry_tls_sessions *sessions, const char *host, uint16_t port,
                             int64_t verified_ms, const mbedtls_ssl_context *ssl);
/* Drops all that there are of this host and port. */
void ferry_tls_sessions_forget(ferry_tls_sessions *sessions, const char *host, uint16_t port);
void ferry_tls_sessions_deinit(ferry_tls_sessions *sessions);

/* ---- Configurations (config.c) ---- */

struct ferry_tls_config {
    ferry_tls_config *next;                      /* in its cache */
    unsigned users;                              /* the cache is one of them */
    unsigned char digest[FERRY_TLS_DIGEST_SIZE]; /* of the options */
    bool is_failed;                              /* its authorities are; it serves no more */
    mbedtls_ssl_config ssl;
    mbedtls_ssl_config ssl_without_pss;
    bool allows_1_2;
    ferry_tls_roots *roots; /* NULL: the chain is not verified */
    mbedtls_x509_crt certificate;
    mbedtls_pk_context key;
    mbedtls_x509_crl crl;
    bool has_crl;
    char *name;       /* to verify instead of the host's; NULL: the host's */
    bool unsafe_name; /* no name is verified */
    unsigned char (*pins)[FERRY_TLS_DIGEST_SIZE];
    size_t pin_count;
    ferry_tls_sessions sessions;
};

/* The revocation lists; NULL: there are none. */
mbedtls_x509_crl *ferry_tls_crl_of(const ferry_tls_config *config);

/* ---- Verification (verify.c, name_constraints.c) ---- */

enum { FERRY_TLS_MOST_CERTIFICATES = 10 }; /* in a chain, as mbedTLS has it */

/* What is looked at while one chain is verified. */
typedef struct ferry_tls_verification {
    const ferry_tls_config *config;
    const ferry_context *context;
    const char *name; /* to verify; NULL: none */
    bool was_called;  /* there was a chain: the session is not a resumed one */
    bool pin_matched;
    bool lacks_issuer;
    bool is_refused;

    /* What chain.c has read again; empty otherwise. */
    bool has_reread;
    bool uses_chain; /* instead of what mbedTLS has read */
    mbedtls_x509_crt chain;
    unsigned char *message; /* in mbedTLS's buffer; as it came it is in `original`, until it is put
                               back */
    size_t message_length;
    unsigned char *original;

    int path_left; /* certificates that the issuers so far allow between them and the server's; -1:
                      any number */
    size_t issuer_count;
    const mbedtls_x509_crt *issuers[FERRY_TLS_MOST_CERTIFICATES];
    char words[FERRY_TLS_WORDS_SIZE]; /* what is wrong; "": nothing */
} ferry_tls_verification;

/* mbedTLS calls it for each certificate of the chain, the authority's first. */
int ferry_tls_verify(void *verification, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

/* Whether the certificate is for this name or address: its alternative names only (RFC 9525). */
bool ferry_tls_is_for(const mbedtls_x509_crt *certificate, const char *name);
/* RFC 9525 section 6.3: "*" stands for one whole label, the first. */
bool ferry_tls_name_matches(const char *pattern, size_t length, const char *name);

/* Whether the issuer lets the certificate have its names (RFC 5280 section 4.2.1.10). A constraint
 * that cannot be understood does not. */
bool ferry_tls_is_permitted(const mbedtls_x509_crt *issuer, const mbedtls_x509_crt *certificate);

/* An extension, in the order of the certificate; zeroed before the first. */
typedef struct ferry_tls_extension {
    unsigned char *next;
    mbedtls_x509_buf oid;
    unsigned char *critical; /* what says so; NULL: it is not */
    mbedtls_x509_buf value;
} ferry_tls_extension;

/* False: there is none left. */
bool ferry_tls_next_extension(const mbedtls_x509_crt *certificate, ferry_tls_extension *extension);
/* Whether mbedTLS reads it whatever it holds. */
bool ferry_tls_is_known_to_mbedtls(const ferry_tls_extension *extension);
/* Whether there is a critical one that nobody knows; its name goes to `text`, as numbers. */
bool ferry_tls_find_unknown_critical(const mbedtls_x509_crt *certificate, char *text, size_t size);

/* How many certificates an issuer allows between itself and the last one (RFC 5280
 * section 4.2.1.9); -1: any number. */
int ferry_tls_path_length(const mbedtls_x509_crt *issuer);
/* An authority's own, for its next key: counted nowhere, and bound by no names (RFC 5280 sections
 * 6.1.3 and 6.1.4). */
bool ferry_tls_is_self_issued(const mbedtls_x509_crt *certificate);

void ferry_tls_verification_free(const ferry_context *context,
                                 ferry_tls_verification *verification);

/* ---- Chains that mbedTLS does not read (chain.c) ---- */

/* Adds a certificate, with whatever extensions it has. 0, or mbedTLS's code. */
int ferry_tls_chain_add(mbedtls_x509_crt *chain, const unsigned char *der, size_t length);

/* After mbedTLS has failed over the server's certificates: true where the handshake can go on with
 * the same step. It is tried once. */
bool ferry_tls_chain_reread(mbedtls_ssl_context *ssl, ferry_tls_verification *verification);
/* The message as it came, before mbedTLS takes its digest. */
void ferry_tls_chain_restore(ferry_tls_verification *verification);

/* ---- Words (describe.c) ---- */

/* What is wrong with a certificate, given mbedTLS's flags, as a sentence; `name` is what was to be
 * verified, or NULL. */
void ferry_tls_describe(const mbedtls_x509_crt *certificate, uint32_t flags, const char *name,
                        char *text, size_t size);
/* Whose it is: its common name or its first alternative name. */
void ferry_tls_write_subject(const mbedtls_x509_crt *certificate, char *text, size_t size);
/* For the log: subject, issuer, dates and names. */
void ferry_tls_write_summary(const mbedtls_x509_crt *certificate, char *text, size_t size);
/* "handshake_failure" (RFC 8446 section 6.2), or "alert 99". */
void ferry_tls_write_alert(int alert, char *text, size_t size);
/* What mbedTLS says of an error of its own. */
void ferry_tls_write_error(int error, char *text, size_t size);

/* ---- The stream beneath (bio.c) ---- */

enum {
    FERRY_TLS_SMALL_BYTES = 2048, /* read at once: a head and a small body are one system call */
    /* Of a record with a ServerHello, up to the end of its random value: two headers, a version. */
    FERRY_TLS_RECORD_HEADER_BYTES = 5,
    FERRY_TLS_SERVER_HELLO_BYTES = FERRY_TLS_RECORD_HEADER_BYTES + 4 + 2 + 32,
};

typedef struct ferry_tls_transport {
    int process; /* that made it */
    ferry_context *context;
    ferry_stream *stream;
    bool ended;
    const char *reason; /* why it failed */
    bool failed;
    bool refused;    /* the same, and it was in writing */
    bool is_starved; /* it had no more bytes; cleared by who asks */
    bool is_deaf;    /* writing has failed: what mbedTLS writes goes nowhere */
    bool withholds;  /* nothing is written: all that mbedTLS writes is kept */
    bool keeps;      /* what there is no room for is kept here, so that mbedTLS can go on */
    unsigned char first_bytes[FERRY_TLS_SERVER_HELLO_BYTES];
    size_t first_count; /* of what the server sent */

    /* What was read and mbedTLS has not asked for yet. */
    char *large; /* while much comes; NULL otherwise */
    size_t begin;
    size_t end;
    char small[FERRY_TLS_SMALL_BYTES];

    /* What mbedTLS has written and the stream has not taken; NULL: nothing. */
    unsigned char *kept;
    size_t kept_begin;
    size_t kept_end;
} ferry_tls_transport;

/* For mbedtls_ssl_set_bio(). */
int ferry_tls_transport_receive(void *transport, unsigned char *dst, size_t capacity);
int ferry_tls_transport_transmit(void *transport, const unsigned char *data, size_t length);
/* As far as there is room. 0: all of it; otherwise mbedTLS's code. */
int ferry_tls_transport_send_kept(ferry_tls_transport *transport);
/* As the stream's own `flush`: what it has been given. */
ferry_stream_result ferry_tls_transport_flush(ferry_tls_transport *transport);
/* From now on mbedTLS may write what it likes: it would not read before that is out. */
void ferry_tls_transport_give_up_writing(ferry_tls_transport *transport);
/* The stream stays the caller's. */
void ferry_tls_transport_deinit(ferry_tls_transport *transport);

/* ---- Codes (codes.c) ---- */

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
    FERRY_TLS_GIVES_NOTHING, /* a record without data, or the stream beneath has ended */
    FERRY_TLS_GOES_ON,       /* something else was done: the same call again */
    FERRY_TLS_HAS_SESSION,   /* the same; and there is a session that can be kept */
    FERRY_TLS_WANTS_READ,    /* the same call when bytes have come */
    FERRY_TLS_WANTS_WRITE,   /* the same call when there is room */
    FERRY_TLS_ENDS,          /* the peer's close_notify */
    FERRY_TLS_ENDS_EARLY,    /* the end of the stream beneath */
    FERRY_TLS_FAILS,
} ferry_tls_meaning;

ferry_tls_meaning ferry_tls_meaning_of(ferry_tls_call call, int code);
/* Whether it is one of mbedtls/ssl.h whose meaning has been looked up. */
bool ferry_tls_knows_code(int code);

/* Where mbedTLS had no memory its code often says something else: that a handshake failed, that an
 * extension is not valid. Then the C library has said so. To be called before mbedTLS, and right
 * after it has failed with `code`. */
void ferry_tls_forget_memory(void);
bool ferry_tls_lacked_memory(int code);

/* ---- Ciphers (ciphersuites.c) ---- */

enum { FERRY_TLS_SUITES = 9 };

/* Every cipher suite that is offered, in order, and 0. */
const int *ferry_tls_suites(ferry_tls_cipher first);

#endif
