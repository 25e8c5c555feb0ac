/* SPDX-License-Identifier: MIT */
/* ferry: an HTTP client for C programs that run on the desktop and in the browser. */
#ifndef FERRY_H
#define FERRY_H

/*
 * One client, one connection, one exchange at a time, driven by polling:
 *
 *     ferry_client *client = ferry_client_new(NULL);
 *     ferry_error error = ferry_client_connect_to_host(client, "example.org", -1, NULL);
 *     while (error == FERRY_OK) {
 *         switch (ferry_client_get_status(client)) { ... }
 *         error = ferry_client_poll(client);
 *     }
 *
 * Conventions for everything below:
 * - A call that can fail returns a ferry_error; 0 is FERRY_OK. Results come last. They stay as they
 *   were when the call fails. ferry_client_get_error_detail() then says in a sentence what was
 *   wrong.
 * - Option structs may be zeroed: a member that is 0 means its documented default.
 * - Times are in milliseconds, or in microseconds if a name ends in _us. Sizes are in bytes. Texts
 *   are UTF-8 or bytes, and end with NUL.
 * - Some structs may get new members at their end in a later minor version: ferry_client_options,
 *   ferry_request, ferry_timeouts, ferry_tls_options, ferry_fetch_options, ferry_timings,
 *   ferry_stream_ops, ferry_session_options, ferry_session_request, ferry_transfer_functions,
 *   ferry_session_counters, ferry_transfer_timings, ferry_event_parser_options and ferry_form_part.
 *   0 in a new member means what was so before. So zero these structs first, or name their members
 *   in an initialiser. The other structs do not change. Enumerations may get further values.
 * Compile a program with the header of the minor version that it is linked with: a shared library
 * of another minor version has another name (soname).
 * - The library reads pointers that are passed in during the call only, unless it says otherwise.
 * - One thread at a time uses a client; only ferry_client_wake() may be called by others meanwhile.
 *   Clients on different threads are independent.
 * - After fork() the child may make clients of its own. It may free, close or connect again the
 *   clients that it has from its parent; the parent's connections stay as they are. Any other call
 *   on them fails with FERRY_ERROR_CONNECTION_ERROR (FERRY_ERROR_CANT_RESOLVE or
 *   FERRY_ERROR_CANT_CONNECT while they connect), so that no byte is read or written twice. A
 *   stream of the program's own has to take care of that itself. If another thread is inside a call
 *   on a client that speaks TLS while fork() is called, mbedTLS's locks stay locked in the child:
 *   such a child may only call exec.
 * - "On the web" means built with Emscripten: in a page, in a Web Worker or in Node, where requests
 *   go through fetch(). Nothing moves there before the program has returned to the event loop. So
 *   it polls once a frame. What is said of the web holds for all three unless it names one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FERRY_VERSION_MAJOR 0
#define FERRY_VERSION_MINOR 1
#define FERRY_VERSION_PATCH 0
#define FERRY_VERSION_STRING "0.1.0"

/* ---- Errors ------------------------------------------------------------------------------- */

/* Every error, with the sentence that ferry_error_message() gives for it. */
#define FERRY_ERROR_MAP(X)                                                                         \
    X(OK, 0, "no error")                                                                           \
    X(FAILED, 1, "the operation failed")                                                           \
    X(UNAVAILABLE, 2, "this is not available on this platform or in this build")                   \
    X(UNCONFIGURED, 3, "the client is not connected to a host")                                    \
    X(OUT_OF_MEMORY, 4, "out of memory")                                                           \
    X(INVALID_PARAMETER, 5, "an argument is not valid")                                            \
    X(BUSY, 6, "the client is in the middle of something else")                                    \
    X(TIMEOUT, 7, "the time allowed has passed")                                                   \
    X(CANT_RESOLVE, 8, "the host name could not be resolved")                                      \
    X(CANT_CONNECT, 9, "no connection could be made to the host")                                  \
    X(CONNECTION_ERROR, 10, "the connection failed")                                               \
    X(INVALID_DATA, 11, "the body could not be decoded")                                           \
    X(PROTOCOL, 12, "the peer does not follow HTTP/1.1")                                           \
    X(BODY_TRUNCATED, 13, "the connection ended before the body was complete")                     \
    X(TOO_LARGE, 14, "a limit was exceeded")                                                       \
    X(ABORTED, 15, "the operation was cancelled")                                                  \
    X(UPLOAD_STOPPED, 16, "the server answered before it had the whole request body")              \
    X(TLS_HANDSHAKE, 17, "the TLS handshake failed")                                               \
    X(TLS_CERTIFICATE, 18, "the server's certificate was not accepted")                            \
    X(NETWORK_OR_CORS, 19, "the network failed, or CORS forbade the request")                      \
    X(CONNECT_AGAIN, 20, "the kept connection had ended: nothing was sent, connect again")         \
    X(STATUS, 21, "the server answered with a status that is no success")                          \
    X(REDIRECT, 22, "a redirect could not be followed")                                            \
    X(FILE, 23, "a file could not be read or written")                                             \
    X(INTEGRITY, 24, "the body is not the one that was expected")

typedef enum ferry_error {
#define FERRY_ERROR_ENUMERATOR(name, number, message) FERRY_ERROR_##name = (number),
    FERRY_ERROR_MAP(FERRY_ERROR_ENUMERATOR) FERRY_OK = FERRY_ERROR_OK
#undef FERRY_ERROR_ENUMERATOR
} ferry_error;

/* The enumerator's name, such as "FERRY_ERROR_TIMEOUT" ("FERRY_OK" for 0). Never NULL. */
const char *ferry_error_name(ferry_error error);

/* A sentence in English, without a full stop. Never NULL. */
const char *ferry_error_message(ferry_error error);

/* The version of the library that is linked, such as "0.1.0". */
const char *ferry_version(void);

/* ---- Enumerations ------------------------------------------------------------------------- */

/* Request methods (RFC 9110 section 9, RFC 5789). Any other method is sent by its name: see
 * ferry_request.method_name. */
typedef enum ferry_method {
    FERRY_METHOD_GET = 0,
    FERRY_METHOD_HEAD = 1,
    FERRY_METHOD_POST = 2,
    FERRY_METHOD_PUT = 3,
    FERRY_METHOD_DELETE = 4,
    FERRY_METHOD_OPTIONS = 5,
    FERRY_METHOD_TRACE = 6,
    FERRY_METHOD_CONNECT = 7,
    FERRY_METHOD_PATCH = 8,
    FERRY_METHOD_MAX = 9 /* the number of methods */
} ferry_method;

/* What the client is doing. An exchange that goes well passes through DISCONNECTED, RESOLVING,
 * CONNECTING, CONNECTED, REQUESTING, BODY and back to CONNECTED. A response without a body goes
 * from REQUESTING to CONNECTED at once, unless it comes before the request is sent. If the
 * connection can carry no further request, DISCONNECTED comes instead of CONNECTED. One poll makes
 * at most one step. */
typedef enum ferry_status {
    FERRY_STATUS_DISCONNECTED = 0,        /* not connected */
    FERRY_STATUS_RESOLVING = 1,           /* looking up the host's addresses */
    FERRY_STATUS_CANT_RESOLVE = 2,        /* the look-up failed */
    FERRY_STATUS_CONNECTING = 3,          /* connecting, TLS handshake included */
    FERRY_STATUS_CANT_CONNECT = 4,        /* no address could be connected to */
    FERRY_STATUS_CONNECTED = 5,           /* ready for a request */
    FERRY_STATUS_REQUESTING = 6,          /* sending the request, waiting for the response */
    FERRY_STATUS_BODY = 7,                /* there is a response, its body is to be read, or the
                                             request is still being sent */
    FERRY_STATUS_CONNECTION_ERROR = 8,    /* the exchange failed */
    FERRY_STATUS_TLS_HANDSHAKE_ERROR = 9, /* the TLS handshake failed */
} ferry_status;

/* The name of a status, such as "CONNECTED"; "?" for a number that is no status. */
const char *ferry_status_name(ferry_status status);

/* Response status codes (RFC 9110 section 15 and the IANA registry). */
typedef enum ferry_response_code {
    FERRY_RESPONSE_CONTINUE = 100,
    FERRY_RESPONSE_SWITCHING_PROTOCOLS = 101,
    FERRY_RESPONSE_PROCESSING = 102,
    FERRY_RESPONSE_OK = 200,
    FERRY_RESPONSE_CREATED = 201,
    FERRY_RESPONSE_ACCEPTED = 202,
    FERRY_RESPONSE_NON_AUTHORITATIVE_INFORMATION = 203,
    FERRY_RESPONSE_NO_CONTENT = 204,
    FERRY_RESPONSE_RESET_CONTENT = 205,
    FERRY_RESPONSE_PARTIAL_CONTENT = 206,
    FERRY_RESPONSE_MULTI_STATUS = 207,
    FERRY_RESPONSE_ALREADY_REPORTED = 208,
    FERRY_RESPONSE_IM_USED = 226,
    FERRY_RESPONSE_MULTIPLE_CHOICES = 300,
    FERRY_RESPONSE_MOVED_PERMANENTLY = 301,
    FERRY_RESPONSE_FOUND = 302,
    FERRY_RESPONSE_SEE_OTHER = 303,
    FERRY_RESPONSE_NOT_MODIFIED = 304,
    FERRY_RESPONSE_USE_PROXY = 305,
    FERRY_RESPONSE_SWITCH_PROXY = 306,
    FERRY_RESPONSE_TEMPORARY_REDIRECT = 307,
    FERRY_RESPONSE_PERMANENT_REDIRECT = 308,
    FERRY_RESPONSE_BAD_REQUEST = 400,
    FERRY_RESPONSE_UNAUTHORIZED = 401,
    FERRY_RESPONSE_PAYMENT_REQUIRED = 402,
    FERRY_RESPONSE_FORBIDDEN = 403,
    FERRY_RESPONSE_NOT_FOUND = 404,
    FERRY_RESPONSE_METHOD_NOT_ALLOWED = 405,
    FERRY_RESPONSE_NOT_ACCEPTABLE = 406,
    FERRY_RESPONSE_PROXY_AUTHENTICATION_REQUIRED = 407,
    FERRY_RESPONSE_REQUEST_TIMEOUT = 408,
    FERRY_RESPONSE_CONFLICT = 409,
    FERRY_RESPONSE_GONE = 410,
    FERRY_RESPONSE_LENGTH_REQUIRED = 411,
    FERRY_RESPONSE_PRECONDITION_FAILED = 412,
    FERRY_RESPONSE_REQUEST_ENTITY_TOO_LARGE = 413,
    FERRY_RESPONSE_REQUEST_URI_TOO_LONG = 414,
    FERRY_RESPONSE_UNSUPPORTED_MEDIA_TYPE = 415,
    FERRY_RESPONSE_REQUESTED_RANGE_NOT_SATISFIABLE = 416,
    FERRY_RESPONSE_EXPECTATION_FAILED = 417,
    FERRY_RESPONSE_IM_A_TEAPOT = 418,
    FERRY_RESPONSE_MISDIRECTED_REQUEST = 421,
    FERRY_RESPONSE_UNPROCESSABLE_ENTITY = 422,
    FERRY_RESPONSE_LOCKED = 423,
    FERRY_RESPONSE_FAILED_DEPENDENCY = 424,
    FERRY_RESPONSE_UPGRADE_REQUIRED = 426,
    FERRY_RESPONSE_PRECONDITION_REQUIRED = 428,
    FERRY_RESPONSE_TOO_MANY_REQUESTS = 429,
    FERRY_RESPONSE_REQUEST_HEADER_FIELDS_TOO_LARGE = 431,
    FERRY_RESPONSE_UNAVAILABLE_FOR_LEGAL_REASONS = 451,
    FERRY_RESPONSE_INTERNAL_SERVER_ERROR = 500,
    FERRY_RESPONSE_NOT_IMPLEMENTED = 501,
    FERRY_RESPONSE_BAD_GATEWAY = 502,
    FERRY_RESPONSE_SERVICE_UNAVAILABLE = 503,
    FERRY_RESPONSE_GATEWAY_TIMEOUT = 504,
    FERRY_RESPONSE_HTTP_VERSION_NOT_SUPPORTED = 505,
    FERRY_RESPONSE_VARIANT_ALSO_NEGOTIATES = 506,
    FERRY_RESPONSE_INSUFFICIENT_STORAGE = 507,
    FERRY_RESPONSE_LOOP_DETECTED = 508,
    FERRY_RESPONSE_NOT_EXTENDED = 510,
    FERRY_RESPONSE_NETWORK_AUTH_REQUIRED = 511,
} ferry_response_code;

/* ---- Plain data --------------------------------------------------------------------------- */

/* A name and its value. */
typedef struct ferry_field {
    const char *name;
    const char *value;
} ferry_field;

/* A stretch of memory that is read. */
typedef struct ferry_slice {
    const void *data;
    size_t length;
} ferry_slice;

/* Where the library's memory comes from. Zeroed: malloc, realloc and free of the C library. Give
 * all three functions, or none. If only some are given, the client uses none of them, and
 * connecting fails with FERRY_ERROR_INVALID_PARAMETER. They are called on the thread that calls the
 * client, never with NULL or a size of 0. Not all memory comes from here: mbedTLS, certificates,
 * keys and sessions use the C library, and so do getaddrinfo() and the small record of a resolver
 * thread, which may outlive its client. */
typedef struct ferry_allocator {
    void *(*alloc)(void *ctx, size_t size);
    void *(*realloc)(void *ctx, void *block, size_t size);
    void (*free)(void *ctx, void *block);
    void *ctx;
} ferry_allocator;

typedef enum ferry_log_kind {
    FERRY_LOG_WARNING = 0,       /* something was ignored or changed; the sentence says what */
    FERRY_LOG_STATUS = 1,        /* the status changed; the message is its name */
    FERRY_LOG_INFO = 2,          /* connection events: addresses tried, why it was closed */
    FERRY_LOG_REQUEST_HEAD = 3,  /* a line of the request head as it is sent */
    FERRY_LOG_RESPONSE_HEAD = 4, /* a line of a response head as it came, interim ones included */
} ferry_log_kind;

/* Called on the thread that calls the client, during that call. It must not call the client. The
 * message is valid during the call and has at most 1,023 bytes; longer ones are cut. It may hold
 * text from the network, made printable (see ferry_text_make_printable()). The values of
 * Authorization, Proxy-Authorization, Cookie and Set-Cookie are replaced by "***". */
typedef void (*ferry_log_function)(void *ctx, ferry_log_kind kind, const char *message);

/* ---- Streams: the connection beneath ------------------------------------------------------ */

/* A descriptor that a program may wait on: a socket or a pipe. */
typedef intptr_t ferry_descriptor;
#define FERRY_NO_DESCRIPTOR ((ferry_descriptor)-1)

#define FERRY_EVENT_READ 1u
#define FERRY_EVENT_WRITE 2u

typedef struct ferry_wait {
    ferry_descriptor descriptor; /* FERRY_NO_DESCRIPTOR: there is nothing to wait on */
    unsigned events;             /* FERRY_EVENT_READ, FERRY_EVENT_WRITE, or both */
} ferry_wait;

typedef enum ferry_stream_result {
    FERRY_STREAM_OK = 0, /* at least one byte was moved; OK without a byte is taken for a failure */
    FERRY_STREAM_AGAIN,  /* nothing could be moved now */
    FERRY_STREAM_END,    /* reading: the peer has ended the stream in an orderly way */
    FERRY_STREAM_TRUNCATED, /* reading: the stream ended without its proper end (TLS without
                               close_notify) */
    FERRY_STREAM_FAILED,    /* the stream is broken; get_error_detail says why */
} ferry_stream_result;

/* A non-blocking stream of bytes. A program can give the client a stream of its own (a tunnel, a
 * test, an encrypted channel): put a ferry_stream first in a struct and fill in `ops`. */
typedef struct ferry_stream ferry_stream;

typedef struct ferry_stream_ops {
    /* Reads 1 to `capacity` bytes into `dst` and stores their number. */
    ferry_stream_result (*read)(ferry_stream *stream, void *dst, size_t capacity, size_t *length);
    /* Takes bytes from the `count` slices, in order, and stores how many it took. Any number from 1
     * up is right: the first slice alone, or a part of it. */
    ferry_stream_result (*write)(ferry_stream *stream, const ferry_slice *slices, size_t count,
                                 size_t *length);
    /* Says what the stream waits for, given that the client wants `events`. (A TLS stream may have
     * to write in order to read.) Returns true if there is a descriptor to wait on. May be NULL:
     * then there is none, and blocking calls and ferry_client_wait() are refused, as they are on
     * the web in any case. */
    bool (*wants)(ferry_stream *stream, unsigned events, ferry_wait *wait);
    /* The client will write nothing more: the stream tells its peer so.
     * FERRY_STREAM_OK:     the peer will learn it.
     * FERRY_STREAM_AGAIN:  there is no room for it yet; the client calls again when there may be.
     * FERRY_STREAM_FAILED: the peer cannot be told.
     * NULL: the stream has no such end. */
    ferry_stream_result (*shutdown)(ferry_stream *stream);
    /* Closes the stream at once and frees it. */
    void (*destroy)(ferry_stream *stream);
    /* Why the last call gave FERRY_STREAM_FAILED, as a sentence; may be NULL, may return NULL. */
    const char *(*get_error_detail)(ferry_stream *stream);
    /* Passes on bytes that `write` took and the stream has kept. A request counts as sent once
     * nothing of it is kept.
     * FERRY_STREAM_OK:    nothing is kept any more.
     * FERRY_STREAM_AGAIN: there is no room yet for some of it.
     * NULL: the stream never keeps what it takes. */
    ferry_stream_result (*flush)(ferry_stream *stream);
} ferry_stream_ops;

struct ferry_stream {
    const ferry_stream_ops *ops;
};

/* ---- TLS ---------------------------------------------------------------------------------- */

/* Natively mbedTLS speaks TLS 1.2 and 1.3, with ALPN "http/1.1". A library that is built without it
 * answers FERRY_ERROR_UNAVAILABLE. On the web the browser speaks TLS. The program can choose
 * nothing there: any member of the options that is set gives FERRY_ERROR_UNAVAILABLE.
 *
 * A poll in a handshake works for a quarter of a millisecond, or for one step of mbedTLS, which may
 * take longer: 2 ms with keys of P-256, 4 ms with P-384, 8 ms with P-521. A message of the server's
 * handshake may have at most 16 KiB, which is a certificate with some 600 names. A longer one gives
 * FERRY_ERROR_TLS_HANDSHAKE: "... sent a TLS handshake message of more than 16 KiB, such as a
 * certificate with very many names". mbedTLS does not know KeyUpdate (RFC 8446 section 4.6.3): a
 * server that sends it gives FERRY_ERROR_CONNECTION_ERROR. */

typedef enum ferry_tls_version {
    FERRY_TLS_VERSION_DEFAULT = 0, /* TLS 1.2 */
    FERRY_TLS_VERSION_1_2 = 12,
    FERRY_TLS_VERSION_1_3 = 13,
} ferry_tls_version;

/* The cipher that is offered first; the others follow it. Most servers take the client's order. */
typedef enum ferry_tls_cipher {
    FERRY_TLS_CIPHER_FASTEST = 0, /* measured once in a process, in a fraction of a millisecond */
    FERRY_TLS_CIPHER_CHACHA20_POLY1305 = 1,
    FERRY_TLS_CIPHER_AES_128_GCM = 2,
    FERRY_TLS_CIPHER_AES_256_GCM = 3,
} ferry_tls_cipher;

/* What clients may share: authorities, certificates and keys that were read, and sessions that can
 * be resumed with the same host and port. If a server refuses a session, or the TLS version that
 * goes with it, the client connects once more without the session. Clients on different threads may
 * use one cache. */
typedef struct ferry_tls_cache ferry_tls_cache;

/* How to speak TLS. Zeroed: the server is verified against the authorities that the system trusts
 * and against the host's name, which must be among the certificate's alternative names (RFC 9525).
 * Everything is borrowed until the call that takes the options returns.
 *
 * The system's authorities are in the file that SSL_CERT_FILE of the environment names and in the
 * folders that SSL_CERT_DIR names, separated by colons. If neither is set, they are where Debian,
 * Fedora, SUSE, Alpine and the BSDs keep them. A library that is built with FERRY_CA_BUNDLE has
 * authorities of its own instead. A thread of the library reads them once in a process, while the
 * connection is made. If there are none, connecting fails with FERRY_ERROR_UNAVAILABLE; if they
 * cannot be read now (too many open files, for example), it fails with FERRY_ERROR_FAILED, and the
 * next connecting reads them again. Authorities that the options bring are read within the call:
 * some 50 microseconds for each certificate. */
typedef struct ferry_tls_options {
    /* Trusted authorities as PEM text; NULL: the system's. Certificates that cannot be read are
     * left out, with a FERRY_LOG_WARNING. If none is left: FERRY_ERROR_INVALID_PARAMETER. */
    const char *ca_pem;

    /* The name or address that the certificate must be for; NULL: the host's. The server is asked
     * for the host's name all the same. */
    const char *verify_name;

    /* The name is not verified. The chain is verified only if authorities are given. Pins hold all
     * the same. */
    bool unsafe;

    /* More trusted authorities: DER certificates, one after another. Without `ca_pem` they are the
     * only ones. */
    ferry_slice ca_der;

    /* The client's own certificate with those that lead to its authority, and its key: both as PEM
     * text, or both NULL. The password opens an encrypted key. */
    const char *certificate_pem;
    const char *key_pem;
    const char *key_password;

    /* Revocation lists as PEM text. If an issuer has lists here, all of them must be current.
     * Issuers without a list are not checked for revocation. Not together with `unsafe` if no
     * authorities are given. */
    const char *crl_pem;

    /* Ended by NULL; NULL: none. Each is "sha256//" and the base64 of the SHA-256 of a
     * SubjectPublicKeyInfo (RFC 7469 section 2.4). A certificate of the verified chain must have
     * one of these keys. */
    const char *const *pins;

    ferry_tls_version min_version;
    ferry_tls_cipher first_cipher;
    ferry_tls_cache *cache; /* NULL: one that the client keeps to itself */
} ferry_tls_options;

/* TLSOptions.client: both may be NULL. */
ferry_tls_options ferry_tls_options_client(const char *ca_pem, const char *verify_name);

/* TLSOptions.client_unsafe: the chain is checked where `ca_pem` is given, the name never. */
ferry_tls_options ferry_tls_options_client_unsafe(const char *ca_pem);

/* An empty cache; NULL if there is no memory. Its memory comes from the C library, as does
 * mbedTLS's. On the web, and in a library that is built without TLS, it stays empty. */
ferry_tls_cache *ferry_tls_cache_new(void);

/* Connections that were made with it go on. Do not free a cache that proxy_tls of a client's
 * options names before that client is freed. NULL is legal. */
void ferry_tls_cache_free(ferry_tls_cache *cache);

/* ---- Construction ------------------------------------------------------------------------- */

typedef struct ferry_client ferry_client;

/* Time-outs in milliseconds. 0 is the default, a negative number is none. Each ends in
 * FERRY_ERROR_TIMEOUT with a detail of its own. Every call that moves bytes and every poll looks at
 * all of them, in blocking mode while it waits. No time-out fires early. */
typedef struct ferry_timeouts {
    /* From connect_to_host to CONNECTED: look-up, TCP, proxy, TLS. Default 30,000. On the web
     * nothing is connected before the request: the other time-outs count there. */
    int connect_ms;

    /* From the end of the request to the head of the response. Default: none. */
    int response_ms;

    /* Without a byte in either direction while the client waits for one. Bytes of an incomplete TLS
     * record count. Time in which it is the program's turn, to read what has come or to write where
     * there is room, does not count. Default: none. */
    int idle_ms;

    /* From the request to the end of the response's body. Default: none. */
    int total_ms;

    /* How long a body with Expect: 100-continue waits for the server before it is sent all the same
     * (RFC 9110 section 10.1.1). Default 1,000. Negative: until the server answers. */
    int continue_ms;
} ferry_timeouts;

/* What a browser lets a page choose for a request (Fetch standard section 5.3, RequestInit).
 * Zeroed: the defaults. Natively all of it is ignored. On the web a number that is no enumerator
 * gives FERRY_ERROR_INVALID_PARAMETER. */
typedef enum ferry_fetch_mode {
    FERRY_FETCH_MODE_CORS = 0,        /* other origins must consent (CORS) */
    FERRY_FETCH_MODE_NO_CORS = 1,     /* they need not, and the response is opaque: code 0, no
                                         headers, no body */
    FERRY_FETCH_MODE_SAME_ORIGIN = 2, /* a request to another origin fails */
} ferry_fetch_mode;

/* Cookies, HTTP authentication and client certificates. */
typedef enum ferry_fetch_credentials {
    FERRY_FETCH_CREDENTIALS_SAME_ORIGIN = 0,
    FERRY_FETCH_CREDENTIALS_INCLUDE = 1, /* to other origins too, which must allow it */
    FERRY_FETCH_CREDENTIALS_OMIT = 2,
} ferry_fetch_credentials;

/* What the browser's HTTP cache does. */
typedef enum ferry_fetch_cache {
    FERRY_FETCH_CACHE_DEFAULT = 0,
    FERRY_FETCH_CACHE_NO_STORE = 1,
    FERRY_FETCH_CACHE_RELOAD = 2,
    FERRY_FETCH_CACHE_NO_CACHE = 3,
    FERRY_FETCH_CACHE_FORCE_CACHE = 4,
    FERRY_FETCH_CACHE_ONLY_IF_CACHED = 5, /* with FERRY_FETCH_MODE_SAME_ORIGIN only */
} ferry_fetch_cache;

typedef enum ferry_fetch_redirect {
    FERRY_FETCH_REDIRECT_FOLLOW = 0,
    FERRY_FETCH_REDIRECT_ERROR = 1,  /* a redirect fails the request */
    FERRY_FETCH_REDIRECT_MANUAL = 2, /* a redirect is an opaque response: a page may not see its
                                        target */
} ferry_fetch_redirect;

/* How much of the page's address the server is told (Referrer Policy section 3). */
typedef enum ferry_fetch_referrer_policy {
    FERRY_FETCH_REFERRER_DEFAULT = 0, /* the page's own policy */
    FERRY_FETCH_REFERRER_NO_REFERRER = 1,
    FERRY_FETCH_REFERRER_NO_REFERRER_WHEN_DOWNGRADE = 2,
    FERRY_FETCH_REFERRER_SAME_ORIGIN = 3,
    FERRY_FETCH_REFERRER_ORIGIN = 4,
    FERRY_FETCH_REFERRER_STRICT_ORIGIN = 5,
    FERRY_FETCH_REFERRER_ORIGIN_WHEN_CROSS_ORIGIN = 6,
    FERRY_FETCH_REFERRER_STRICT_ORIGIN_WHEN_CROSS_ORIGIN = 7,
    FERRY_FETCH_REFERRER_UNSAFE_URL = 8,
} ferry_fetch_referrer_policy;

typedef enum ferry_fetch_priority {
    FERRY_FETCH_PRIORITY_AUTO = 0,
    FERRY_FETCH_PRIORITY_HIGH = 1,
    FERRY_FETCH_PRIORITY_LOW = 2,
} ferry_fetch_priority;

typedef struct ferry_fetch_options {
    ferry_fetch_mode mode;
    ferry_fetch_credentials credentials;
    ferry_fetch_cache cache;
    ferry_fetch_redirect redirect;
    ferry_fetch_referrer_policy referrer_policy;
    ferry_fetch_priority priority;
    bool keepalive; /* the request may outlive the page; a body may have at most 64 KiB then */

    /* "sha256-..." that the body must have (Subresource Integrity). The browser holds the body back
     * until it is complete. NULL: none. */
    const char *integrity;

    /* Memory for body bytes that are read ahead of the program. When it is full the server has to
     * wait, except in Firefox, which reads ahead without end. Default 16 MiB. */
    size_t window_bytes;
} ferry_fetch_options;

typedef struct ferry_client_options {
    ferry_allocator allocator;
    ferry_log_function log; /* NULL: no log */
    void *log_ctx;

    /* Copied; NULL: "ferry/" and the version; "": no User-Agent is sent. If it has a CR, LF or
     * another control character, connect_to_host and set_connection fail with
     * FERRY_ERROR_INVALID_PARAMETER. */
    const char *user_agent;

    ferry_timeouts timeouts;

    /* The most bytes of a response head, all its lines together, and of the trailers of a chunked
     * body. Default 65,536, at most 16 MiB: if it is more, connect_to_host and set_connection fail
     * with FERRY_ERROR_INVALID_PARAMETER. */
    size_t max_head_bytes;

    /* The most fields of a response head. Default 256. */
    size_t max_header_count;

    /* The most interim responses (1xx but 101) before the final one. Default 32. Ignored on the
     * web, where the browser skips them. */
    size_t max_interim_responses;

    /* The most bytes of a body whose content coding is undone: a small body can unpack to a very
     * large one. Default 1 GiB; negative: no limit. */
    int64_t max_decoded_bytes;

    /* The most bytes of a body that are read between two polls, and that one poll sends, so that no
     * frame is late. Default 1 MiB, on the web 4 MiB. Reads also end once they have taken a
     * millisecond since the last poll (decrypting, decoding, copying). Blocking mode has neither
     * limit. */
    size_t poll_budget_bytes;

    /* Ask for no content codings, and undo none. A browser undoes them all the same. */
    bool keep_content_coding;

    /* For each request that brings none of its own; `integrity` is copied. */
    ferry_fetch_options fetch;

    /* If no proxy is set for a scheme, the environment names it, at each connect_to_host:
     * https_proxy or HTTPS_PROXY, http_proxy, and for both schemes all_proxy or ALL_PROXY. no_proxy
     * or NO_PROXY lists the hosts that are reached without them. HTTP_PROXY is not read: in a CGI
     * program its value comes from the client. Ignored on the web. See
     * ferry_client_set_http_proxy(). */
    bool proxy_from_environment;

    /* Hosts that are reached without a proxy, whichever is set. Separated by commas or spaces:
     * "example.org" is this name and all below it; ".example.org" and "*.example.org" are the names
     * below it alone; an address is itself; "10.0.0.0/8" and "fe80::/10" are nets; "*" is every
     * host. ":port" behind one narrows it to that port; IPv6 then stands in brackets. Names are not
     * looked up for this. Copied; NULL: none. */
    const char *no_proxy;

    /* How to speak TLS to a proxy that is named with "https://". Copied, except for the cache.
     * NULL: zeroed options. */
    const ferry_tls_options *proxy_tls;

    /* Lines "HOST:PORT:ADDRESS", ended by NULL. A connection to this host and port goes to the
     * address, and no name is looked up. If several lines are for one host and port, the first one
     * counts. IPv6 stands in brackets as HOST, and may as ADDRESS. With a proxy, a line for the
     * proxy's own name counts. Copied; NULL: none. If a line cannot be read, connect_to_host fails
     * with FERRY_ERROR_INVALID_PARAMETER; on the web, with FERRY_ERROR_UNAVAILABLE. */
    const char *const *resolve;

    /* Lines "Name: value", ended by NULL, that only proxies get. They go along with CONNECT, and
     * with requests in absolute form, except for names that such a request has itself. Host,
     * Connection and the headers that describe a body are not allowed. Copied; NULL: none. If a
     * line is wrong, connect_to_host fails with FERRY_ERROR_INVALID_PARAMETER; on the web, with
     * FERRY_ERROR_UNAVAILABLE. */
    const char *const *proxy_headers;

    /* Lines "HOST1:PORT1:HOST2:PORT2", ended by NULL. A connection for host 1 and port 1 goes to
     * host 2 and port 2 instead. Nothing else changes: requests, the certificate and the server's
     * name in TLS are those of host 1. An empty HOST1 or PORT1 means any, an empty HOST2 or PORT2
     * the same. If several lines match, the first one counts. IPv6 stands in brackets. A proxy is
     * asked for a tunnel to host 2. Copied; NULL: none. Errors are those of `resolve`, whose lines
     * are then about host 2. */
    const char *const *connect_to;

    /* Requests to http:// origins, too, go through a tunnel (CONNECT) where there is a proxy.
     * Ignored on the web. */
    bool proxy_tunnel;
} ferry_client_options;

/* A new client; its status is DISCONNECTED. `options` may be NULL. Returns NULL if there is no
 * memory. If an option is wrong, connect_to_host and set_connection fail and say which. */
ferry_client *ferry_client_new(const ferry_client_options *options);

/* Cancels whatever is under way, closes the connection and frees the client. NULL is legal. */
void ferry_client_free(ferry_client *client);

/* ---- Connecting --------------------------------------------------------------------------- */

/* Begins to connect to a host. It must come before the first request. It first drops any connection
 * or exchange that there is. The status is then RESOLVING; ferry_client_poll() does the rest. In
 * blocking mode the call returns when the client is CONNECTED, or with what connecting ended in.
 *
 * `host` is a name or an address, alone or after "http://" or "https://" (in any case). IPv6 may
 * stand in brackets. `port` is 1 to 65535, or -1 for 80 (HTTP) or 443 (HTTPS). HTTPS is spoken if
 * the prefix says so or if `tls` is given, whose strings are borrowed for the call.
 *
 * Addresses are tried as RFC 8305 says: families in turn, the next one after 250 ms.
 *
 * FERRY_ERROR_INVALID_PARAMETER: an empty or impossible host (one with an empty part, "a..b" or
 *     "a..", is impossible: DNS has no such name); a port, a path or a user name in it; a port out
 *     of range; "http://" together with `tls`; an option of the client, or a proxy in the
 *     environment, that cannot be used.
 * FERRY_ERROR_UNAVAILABLE: TLS in a build without it; a SOCKS proxy; on the web a port that
 *     browsers block (Fetch standard section 2.9), `resolve` and proxy_headers.
 * FERRY_ERROR_OUT_OF_MEMORY: the client may be DISCONNECTED then.
 * In the other cases the connection that there was is kept.
 *
 * In blocking mode also the errors of ferry_client_poll(), such as FERRY_ERROR_CANT_RESOLVE and
 * FERRY_ERROR_TIMEOUT; the status is then a failed one. FERRY_ERROR_ABORTED: ferry_client_wake().
 */
ferry_error ferry_client_connect_to_host(ferry_client *client, const char *host, int port,
                                         const ferry_tls_options *tls);

/* Closes the connection and cancels whatever is under way, at once, in any status. The response is
 * forgotten. The status is then DISCONNECTED, and the client may be used again. Time-outs, blocking
 * mode, chunk size and proxies stay as they are. */
void ferry_client_close(ferry_client *client);

/* Uses `stream` as the connection. The client is CONNECTED at once. It owns the stream, and
 * destroys it when the connection is closed or the client is freed. Until then no other client may
 * have it. Host is "localhost" unless the request brings its own. NULL drops the connection that
 * there is.
 *
 * ferry_client_set_connection(client, ferry_client_get_connection(client)) turns a tunnel (after
 * CONNECT or 101) into a connection that takes requests. After CONNECT, Host names the tunnel's
 * target; after 101, and for a connection that was idle, it is as before. The response is
 * forgotten.
 *
 * FERRY_ERROR_INVALID_PARAMETER: the stream lacks read, write or destroy; the client's own TLS is
 *     spoken over it; an option of the client cannot be used.
 * FERRY_ERROR_BUSY, only for the client's own connection: an exchange that is no tunnel is under
 *     way; the tunnel holds bytes that are not read or not sent; or it was ended by
 *     ferry_client_finish_request_body().
 * FERRY_ERROR_OUT_OF_MEMORY.
 * In all these cases nothing changes. The caller keeps the stream, unless it is the client's own.
 */
ferry_error ferry_client_set_connection(ferry_client *client, ferry_stream *stream);

/* The stream in use; it stays the client's. NULL if there is none. */
ferry_stream *ferry_client_get_connection(const ferry_client *client);

/* Begins to speak TLS over the connection that there is. It must be idle: a stream that
 * set_connection gave, or one that has become a tunnel (by CONNECT, or after 101). The status is
 * RESOLVING and CONNECTING until the handshake has ended, as with connect_to_host; blocking mode
 * waits for that, and returns what it ended in. get_connection then gives the TLS stream. `host` is
 * the server's name: the certificate must be for it, and Host has it from then on.
 *
 * A server that speaks only TLS 1.2 and signs with RSA-PSS needs a second connection, which only
 * connect_to_host can make. No session is resumed or remembered, since the client does not know the
 * server's port.
 *
 * FERRY_ERROR_UNCONFIGURED: there is no connection.
 * FERRY_ERROR_BUSY: as set_connection.
 * FERRY_ERROR_INVALID_PARAMETER: as connect_to_host, and a host with "http://".
 * FERRY_ERROR_UNAVAILABLE: a build without TLS, or one for the web.
 * FERRY_ERROR_OUT_OF_MEMORY: the client may be DISCONNECTED then.
 * In the other cases the connection is as it was. */
ferry_error ferry_client_start_tls(ferry_client *client, const char *host,
                                   const ferry_tls_options *tls);

/* Sets the proxy for http:// or https:// origins, from the next connect_to_host on. An empty or
 * NULL host, or port -1, means none.
 *
 * `host` is as for connect_to_host. "https://" before it means TLS to the proxy itself, as
 * ferry_client_options.proxy_tls says. "user:password@" before the name, percent-encoded, is sent
 * to the proxy alone (Basic, RFC 7617), and appears in no detail and in no line of the log. The
 * proxy resolves the origin's name.
 *
 * In the environment (ferry_client_options.proxy_from_environment) a proxy is a URL, such as
 * "http://user:password@proxy:3128". Without a scheme it is "http://". Without a port it is 80, or
 * 443 with "https://" (curl takes 1080). A path is ignored, and so is an empty value. If a value
 * cannot be read, connect_to_host fails and names the variable.
 *
 * Requests to http:// origins go to the proxy in absolute form (RFC 9112 section 3.2.2), with
 * Proxy-Authorization unless the caller's headers or proxy_headers have one. If the proxy refuses
 * one, its answer is a response like others. Requests to https:// origins go through a tunnel
 * (CONNECT, RFC 9110 section 9.3.6), which is made while connecting. If the proxy refuses the
 * tunnel, the status is CANT_CONNECT and the detail has the proxy's words. get_response_code and
 * the headers are then those of the proxy's answer. has_response is false: it is not the origin's.
 *
 * FERRY_ERROR_INVALID_PARAMETER: an impossible host; a port out of range; a user name or password
 *     that Basic cannot carry.
 * FERRY_ERROR_UNAVAILABLE: SOCKS; on the web, where the browser chooses proxies.
 * FERRY_ERROR_OUT_OF_MEMORY.
 * The proxy is then the one that was set before. */
ferry_error ferry_client_set_http_proxy(ferry_client *client, const char *host, int port);
ferry_error ferry_client_set_https_proxy(ferry_client *client, const char *host, int port);

/* ---- Requesting --------------------------------------------------------------------------- */

/* Gives the next bytes of a request's body: stores 1 to `capacity` of them in `dst`, and how many
 * in *length; 0 means that the body has ended. The client calls it within its own calls; it must
 * not call the client. If it returns an error, the request fails with that error. */
typedef ferry_error (*ferry_body_read)(void *ctx, void *dst, size_t capacity, size_t *length);

/* A request with all that it can have. ferry_client_request() and ferry_client_request_raw() are
 * shorter ways to send one. */
typedef struct ferry_request {
    ferry_method method;

    /* A method that has no enumerator, such as "PROPFIND". It is sent as it is: methods are
     * case-sensitive. NULL: `method`. */
    const char *method_name;

    /* "/path?query" (RFC 9112 section 3.2.1); an absolute http:// URL for a proxy; "*" with
     * OPTIONS; "host:port" with CONNECT. */
    const char *url;

    /* Lines "Name: value", ended by NULL; NULL: none. */
    const char *const *headers;

    const void *body;
    size_t body_length;

    /* `body` is sent from where it lies. It must stay there, unchanged, until
     * ferry_client_get_bytes_sent() is body_length or the exchange is over: its status is neither
     * REQUESTING nor BODY, or the upload is stopped. Without borrow_body, `body` may go when the
     * call returns: what the connection did not take at once is copied. On the web it may go then
     * in both cases. */
    bool borrow_body;

    /* The program gives the body by ferry_client_write_request_body(). `body` must be NULL. */
    bool streamed;

    /* A function gives the body: the client calls it when there is room, until the body ends.
     * `body` must be NULL and `streamed` false. On the web all of the body is read before the
     * request is sent, poll_budget_bytes in each poll. NULL: no function does. */
    ferry_body_read body_read;
    void *body_ctx; /* its first argument */

    /* The length of a body that is streamed or read. Negative: not known, so it is sent chunked. */
    int64_t streamed_length;

    const ferry_fetch_options *fetch; /* on the web; NULL: those of ferry_client_options */

    /* For this exchange alone. A member that is 0 is the client's, and so are all if this is NULL.
     * connect_ms is ignored. */
    const ferry_timeouts *timeouts;
} ferry_request;

/* Sends a request to the connected host. The status is then REQUESTING; poll until it changes. The
 * response to the request before is forgotten, even if it was not read to its end.
 *
 * Headers. Host goes first: the caller's own, or the authority of the target if that names one (an
 * absolute URL, or "host:port"), or that of the connection. Then come the caller's headers. Then
 * those that the caller did not give: Content-Length (0 too, for POST, PUT and PATCH) or
 * Transfer-Encoding, Accept-Encoding, User-Agent, Accept. If the caller gives Accept-Encoding, the
 * library undoes no content coding. If the caller gives Range, the library asks for no coding. With
 * "Expect: 100-continue" the body waits for the server (RFC 9110 section 10.1.1). The body is
 * ignored for GET, HEAD, TRACE and CONNECT.
 *
 * Proxies. Proxy-Authorization and Proxy-Connection are left out, each with a FERRY_LOG_WARNING, if
 * no proxy reads the request: if none is set, and behind a tunnel, unless the target is an absolute
 * URL or the method is CONNECT. See ferry_client_options.proxy_headers.
 *
 * On the web. Headers that a browser does not let a page set (Host, Content-Length, Cookie and
 * others: Fetch standard section 2.2.2) are left out, each with a FERRY_LOG_WARNING. Redirects are
 * followed unless `fetch` says otherwise. The target must begin with '/': other targets, TRACE and
 * CONNECT give FERRY_ERROR_UNAVAILABLE.
 *
 * Kept connections. The client first looks at a connection that has been idle, without waiting. If
 * the server has ended it, or has sent something that was not asked for, the call gives
 * FERRY_ERROR_CONNECT_AGAIN and the status is DISCONNECTED. Nothing was sent, so the same request,
 * whatever its method, can go out over a new connection. A server that always speaks first, or ends
 * each connection at once, gives this error every time: a program that connects again counts how
 * often. If the server ends the connection at the moment in which the request is on its way, the
 * error is FERRY_ERROR_CONNECTION_ERROR: the server may or may not have processed the request.
 *
 * Early answers. If a final response comes while the body is still being sent, sending goes on
 * after a 2xx (RFC 9110 section 7.5). After any other it stops (RFC 9112 section 9.5), and
 * ferry_client_is_upload_stopped() is true. While only the request's body is left, the status stays
 * BODY and reads give length 0. If a request cannot be sent whole, that is an error at once, unless
 * the server has answered already: FERRY_ERROR_CONNECTION_ERROR, or FERRY_ERROR_UPLOAD_STOPPED once
 * a 2xx has been read.
 *
 * FERRY_ERROR_UNCONFIGURED: not connected.
 * FERRY_ERROR_CONNECT_AGAIN: see above.
 * FERRY_ERROR_BUSY: the connection is still being made, or the exchange before has not ended (read
 *     its body, or close).
 * FERRY_ERROR_INVALID_PARAMETER: a method, target or header that RFC 9110 does not allow (CR, LF or
 *     NUL, a name that is no token, a space in the target); a user name or password in the target
 *     (give an Authorization header: RFC 9110 section 4.2.4); two Host headers; a Content-Length
 *     that is not the body's; a Transfer-Encoding; Expect: 100-continue without a body.
 * FERRY_ERROR_TOO_LARGE: a url over 1 MiB; a head over 4 MiB; a body over 1 GiB that is neither
 *     borrowed, read nor streamed.
 * FERRY_ERROR_OUT_OF_MEMORY.
 * In all these cases nothing is sent, and but for FERRY_ERROR_CONNECT_AGAIN the client is as it
 * was. ferry_client_poll() reports what goes wrong with the connection later.
 *
 * In blocking mode this call reports it, too; the status is then a failed one.
 * FERRY_ERROR_ABORTED: ferry_client_wake(). FERRY_ERROR_UNAVAILABLE: a stream of the program's own
 * has no descriptor to wait for. In both cases the request is on its way. */
ferry_error ferry_client_request(ferry_client *client, ferry_method method, const char *url,
                                 const char *const *headers, const char *body);

/* The same with any bytes as the body. */
ferry_error ferry_client_request_raw(ferry_client *client, ferry_method method, const char *url,
                                     const char *const *headers, const void *body,
                                     size_t body_length);

/* The same with everything that a request can have. */
ferry_error ferry_client_send(ferry_client *client, const ferry_request *request);

/* Sends the next piece of a streamed body, and stores how much of it was taken. 0: the connection
 * is full, or the server is still to say 100 (Continue): poll, and try again. On the web the pieces
 * are collected in memory, and ferry_client_finish_request_body() sends them as a whole. In
 * blocking mode the call returns when all is taken, or, once there is a response, when that can be
 * read instead.
 *
 * The exchange ends once request and response are both complete. After the head of a 2xx, which may
 * be an echo of the request, the upload goes on for as long as it takes (RFC 9110 section 7.5).
 *
 * FERRY_ERROR_UPLOAD_STOPPED: a final response that is no 2xx came first. Read it; there is nothing
 *     more to send (RFC 9112 section 9.5). The connection is not used again.
 * FERRY_ERROR_UNCONFIGURED: no streamed request is under way.
 * FERRY_ERROR_INVALID_PARAMETER: more than the announced length.
 * FERRY_ERROR_ABORTED, in blocking mode: ferry_client_wake(). *written is stored then, too.
 * Otherwise the connection's error. */
ferry_error ferry_client_write_request_body(ferry_client *client, const void *data, size_t length,
                                            size_t *written);

/* Says that a streamed body is complete. In blocking mode the call returns when the head of the
 * response is there. A body of announced length is complete with its last byte: its exchange may
 * end before this call, which then gives FERRY_OK all the same. Errors as above.
 * FERRY_ERROR_INVALID_PARAMETER: the body is shorter than announced (write the rest, or close). */
ferry_error ferry_client_finish_request_body(ferry_client *client);

/* Writes fields in the form "a=1&b=2" of a query or of application/x-www-form-urlencoded. Letters,
 * digits and "-._~" stay as they are, every other byte becomes %XX. A NULL value gives the name
 * alone; a name with several values is several fields. Writes at most `capacity` bytes to `dst`,
 * the final NUL included, and returns the length that is needed without it, as snprintf does. `dst`
 * may be NULL if `capacity` is 0. */
size_t ferry_query_string_from_dict(const ferry_field *fields, size_t count, char *dst,
                                    size_t capacity);

/* ---- Progress ----------------------------------------------------------------------------- */

/* Does what can be done without waiting, within the poll budget, and makes at most one step of the
 * status. In blocking mode it waits for that step.
 *
 * Returns FERRY_OK while all is well. Once the status is a failed one, it returns the error that
 * caused it, at every call until connect_to_host or close. A connection that ends in an orderly way
 * is no error.
 *
 * FERRY_ERROR_UNCONFIGURED: there was no connect_to_host since the client was made or closed. */
ferry_error ferry_client_poll(ferry_client *client);

/* Sleeps until the client can go on, or for `timeout_ms` (negative: for as long as it takes). It
 * does no work itself: poll afterwards. Returns at once if there is nothing to wait for. A signal
 * may end it, with FERRY_OK.
 *
 * FERRY_ERROR_TIMEOUT: nothing happened in that time. The client has not failed.
 * FERRY_ERROR_UNAVAILABLE: the wait could never end, or this platform cannot sleep.
 * FERRY_ERROR_ABORTED, in blocking mode: ferry_client_wake(). */
ferry_error ferry_client_wait(ferry_client *client, int timeout_ms);

ferry_status ferry_client_get_status(const ferry_client *client);

/* The error of the last exchange or connection: FERRY_OK unless the status is a failed one. */
ferry_error ferry_client_get_error(const ferry_client *client);

/* The last failure as a sentence for a person, also that of an argument that was refused, and of a
 * request that failed as it was begun, which the next poll reports; "" if there was none. Text that
 * it quotes is made printable (see ferry_text_make_printable()). It holds
 * no password of a URL or of a proxy, and no value of a header. Valid until the next call on the
 * client. `client` may be NULL, as ferry_client_new() returns it: the sentence is then "out of
 * memory". */
const char *ferry_client_get_error_detail(const ferry_client *client);

/* For programs with an event loop of their own: what the client waits for. Stores up to `capacity`
 * entries and returns how many there are. Ask again after every call on the client. A descriptor
 * that is no longer listed may be closed, and its number may be another's by then. Poll the client
 * when one of them is ready, or when the time that the next function gives has passed. While
 * several addresses are tried there are several entries. An idle connection has one, so that the
 * client notices when the server closes it. A body has none until a read has found nothing. On the
 * web the entries are no descriptors, and only ferry_client_wait() can use them: poll once a frame.
 */
size_t ferry_client_get_waits(const ferry_client *client, ferry_wait *waits, size_t capacity);

/* In how many milliseconds the client must be polled even if no descriptor is ready; 0: at once;
 * -1: there is no such time. */
int ferry_client_get_wait_timeout_ms(const ferry_client *client);

/* ---- The response ------------------------------------------------------------------------- */

/* What the functions of this section return stays valid until the next request, connect_to_host,
 * close or free, whatever happens to the connection. Calling them again gives the same; only
 * reading takes bytes of the body away. */

/* True from the response head on. False for the answer of a proxy that refuses a tunnel. */
bool ferry_client_has_response(const ferry_client *client);

/* The status code, 100 to 999. 0 if there is neither a response nor a proxy's refusal. */
int ferry_client_get_response_code(const ferry_client *client);

/* The reason phrase of the status line, such as "Not Found", as it came. It is for people: programs
 * go by the code (RFC 9112 section 4). "" if there is none, and if there is neither a response nor
 * a proxy's refusal. On the web also "" if the browser spoke HTTP/2 or HTTP/3, which have none, and
 * if the head would exceed max_head_bytes with it. */
const char *ferry_client_get_response_reason(const ferry_client *client);

/* The version of HTTP in the status line: 11 is HTTP/1.1, 10 is HTTP/1.0. 0 if there is neither a
 * response nor a proxy's refusal, and on the web, where fetch() does not tell. */
int ferry_client_get_response_http_version(const ferry_client *client);

/* True if the body has the chunked transfer coding (RFC 9112 section 7.1). Always false on the web.
 */
bool ferry_client_is_response_chunked(const ferry_client *client);

/* The body's length, if it is exactly known before it is read. -1 if it is not (a chunked body, one
 * that ends with the connection, one whose coding is undone), if there is no response, and always
 * on the web. */
int64_t ferry_client_get_response_body_length(const ferry_client *client);

/* The same for progress bars. On the web it is the Content-Length, if that can be trusted to be the
 * body's: if it comes from the page's own origin, without a content coding. 0 if there is no body;
 * otherwise -1. */
int64_t ferry_client_get_response_body_length_hint(const ferry_client *client);

/* Header lines "Name: value" in the order in which they came. Names are spelled as they came. White
 * space around a value is gone; a folded line is joined by a space (RFC 9112 section 5.2). The list
 * ends with NULL and is never NULL itself; `count` may be NULL. On the web they are as fetch()
 * gives them: names in lower case and sorted, values of one name joined by ", ", no Set-Cookie, and
 * from another origin only those that it exposes (CORS). */
const char *const *ferry_client_get_response_headers(const ferry_client *client, size_t *count);

/* One entry for each name; several values are joined by "; ", in their order. Names are compared
 * without case, and the first spelling is kept. Stores up to `capacity` entries and returns how
 * many there are. */
size_t ferry_client_get_response_headers_as_dictionary(const ferry_client *client,
                                                       ferry_field *fields, size_t capacity);

/* The index-th value of the header `name` (any case); NULL past the last. */
const char *ferry_client_get_response_header(const ferry_client *client, const char *name,
                                             size_t index);

/* The trailer lines of a chunked body (RFC 9110 section 6.5), once it has ended. They are not among
 * the headers. Otherwise as ferry_client_get_response_headers(). */
const char *const *ferry_client_get_response_trailers(const ferry_client *client, size_t *count);

/* The URL that the response is for, on the web after redirects. "" if there is no response, and if
 * the browser does not tell it (of an opaque response). */
const char *ferry_client_get_response_url(const ferry_client *client);

/* Reads the next piece of the body: a view of at most read_chunk_size bytes, valid until the next
 * call on this client. Length 0 means that there is nothing now, or that the budget of the last
 * poll is used up. Then look at the status: with BODY more will come (poll, and try again); with
 * CONNECTED or DISCONNECTED the body has ended. After the end it gives length 0 as well.
 *
 * In blocking mode it waits for a byte or the end. After a write that was not taken whole it also
 * gives length 0 when the connection takes more, since the server may wait for the rest: write, and
 * read again.
 *
 * FERRY_ERROR_UNCONFIGURED: there is no response.
 * FERRY_ERROR_BUSY, in blocking mode: the response has ended, and the program has not finished its
 *     streamed body.
 * Otherwise, once all bytes that came are read, what ended the body early; the status is then
 * CONNECTION_ERROR:
 * FERRY_ERROR_BODY_TRUNCATED, FERRY_ERROR_PROTOCOL, FERRY_ERROR_INVALID_DATA,
 * FERRY_ERROR_TOO_LARGE, FERRY_ERROR_TIMEOUT, FERRY_ERROR_CONNECTION_ERROR.
 * FERRY_ERROR_UPLOAD_STOPPED: the response was a 2xx, and the connection did not take all of the
 *     request's body. */
ferry_error ferry_client_read_response_body_chunk(ferry_client *client, const void **chunk,
                                                  size_t *length);

/* The same, straight into the caller's memory: bytes that have not arrived yet are not copied. The
 * call may write to all of `capacity`, whatever it returns: what is behind the first *length bytes
 * of `dst` is scratch. */
ferry_error ferry_client_read_response_body(ferry_client *client, void *dst, size_t capacity,
                                            size_t *length);

/* Body bytes of the current exchange. Received: as they came, before codings are undone and without
 * framing (on the web after codings are undone). Sent: given to the connection. Both are 0 after
 * connect_to_host, close and request. */
int64_t ferry_client_get_bytes_received(const ferry_client *client);
int64_t ferry_client_get_bytes_sent(const ferry_client *client);

/* The address of the peer, or of the proxy if there is one: "192.0.2.1:80", "[2001:db8::1]:443". It
 * stays until connect_to_host, set_connection or close. "" before the peer is connected to, for a
 * stream of the program's own, and on the web, where fetch() does not tell. */
const char *ferry_client_get_peer_address(const ferry_client *client);

/* True if the connection had carried a request before the latest one. Servers end such connections
 * when they like. Always false on the web, where connections are the browser's. */
bool ferry_client_is_connection_reused(const ferry_client *client);

/* True if the latest request may be sent once more without being carried out twice. Either the
 * connection was given no byte of it, so that the server cannot have seen any (on the web: fetch()
 * was not called yet). Or its method is idempotent (RFC 9110 section 9.2.2): GET, HEAD, PUT,
 * DELETE, OPTIONS or TRACE. False if there was no request. Ask after a failure and before
 * connect_to_host. */
bool ferry_client_may_send_again(const ferry_client *client);

/* When each step happened, in microseconds. -1: it has not happened, or the time is not known. The
 * client learns of a step in its calls: if a program polls late, the times are late. */
typedef struct ferry_timings {
    /* Of the connection, counted from connect_to_host (from start_tls, where only ready_us is
     * known). All are -1 on the web and for a stream of the program's own. */
    int64_t resolved_us;  /* the addresses are known: the proxy's if there is one */
    int64_t connected_us; /* TCP is connected */
    int64_t ready_us;     /* the status is CONNECTED: proxy and TLS are done */

    /* Of the latest exchange, counted from when the connection was given the request. */
    int64_t sent_us; /* all of the request is sent; -1 on the web, where fetch() does not tell */
    int64_t first_byte_us; /* the first byte of a response, also of an interim one; on the web the
                              head */
    int64_t end_us;        /* the last byte of the response has come; if the length of its body is
                              not known, it was read */
} ferry_timings;

void ferry_client_get_timings(const ferry_client *client, ferry_timings *timings);

/* True if the body of the current request was cut. The server answered before it had all of it,
 * with a code that is no 2xx or instead of 100 (Continue); or the connection did not take it. Also
 * true for a tunnel that the peer has ended. */
bool ferry_client_is_upload_stopped(const ferry_client *client);

/* ---- Properties --------------------------------------------------------------------------- */

/* In blocking mode a call returns when it is done, or with the error that it ended in:
 *
 * - connect_to_host and start_tls, when the client is CONNECTED;
 * - request, request_raw, send and finish_request_body, when the head of the response is there. The
 *   status is then BODY, or what comes after a response without a body. A request with a streamed
 *   body returns before that, as soon as the body may be written;
 * - writes, when all is taken, and reads, when there is a byte or the end;
 * - poll, when the status has changed. Only a program whose wait was ended needs it.
 *
 * Meanwhile the thread sleeps. Time-outs hold, and signals end nothing. Off by default. On the web
 * it works in builds with Asyncify or JSPI, and on pthreads other than the main one.
 *
 * FERRY_ERROR_UNAVAILABLE: this platform cannot sleep.
 * FERRY_ERROR_OUT_OF_MEMORY, and FERRY_ERROR_FAILED: the system has no descriptor left, of which a
 *     client that was once in blocking mode keeps two for ferry_client_wake() until it is freed. */
ferry_error ferry_client_set_blocking_mode(ferry_client *client, bool enabled);
bool ferry_client_is_blocking_mode_enabled(const ferry_client *client);

/* Ends the call that waits for the network in blocking mode, with FERRY_ERROR_ABORTED. If no call
 * waits, it ends the next one that comes to wait, so that it is never too early. Waking twice
 * before that is waking once. Nothing else changes: neither the status nor what is under way. So
 * the program may go on, with ferry_client_poll() while the status is RESOLVING, CONNECTING or
 * REQUESTING and with the same read or write otherwise; or it gives up, with ferry_client_close().
 * A client that is not in blocking mode is not woken, but as soon as it is.
 *
 * Any thread may call it at any time until ferry_client_free(), and a signal handler may. On the
 * web JavaScript may, through a function of the program's, while a build with Asyncify or JSPI
 * sleeps. */
void ferry_client_wake(ferry_client *client);

/* The most that read_response_body_chunk gives at once: 256 bytes to 16 MiB, by default 65,536.
 * FERRY_ERROR_INVALID_PARAMETER: a size outside of that. FERRY_ERROR_OUT_OF_MEMORY. */
ferry_error ferry_client_set_read_chunk_size(ferry_client *client, size_t size);
size_t ferry_client_get_read_chunk_size(const ferry_client *client);

/* Replaces all time-outs, also those of the current exchange, unless its request brought its own.
 * NULL: the defaults. */
void ferry_client_set_timeouts(ferry_client *client, const ferry_timeouts *timeouts);

/* Each time-out that runs ends so many milliseconds later. For a program that could not poll for so
 * long, such as one whose page was hidden: nobody was late then. It must be called before the next
 * poll or read. Numbers that are not positive do nothing. */
void ferry_client_extend_timeouts(ferry_client *client, int milliseconds);

/* ---- Text -------------------------------------------------------------------------------- */

/* Makes a text from elsewhere fit for a terminal, in place. '?' replaces control characters (C0,
 * DEL, C1), separators of lines, marks that change the direction of text (Unicode's Bidi_Control),
 * and each byte that is no part of UTF-8. The text never grows. A program gets header values and
 * bodies as they came: call this for what it shows. */
void ferry_text_make_printable(char *text);

#ifdef __cplusplus
}
#endif

#include "ferry_cookies.h"
#include "ferry_events.h"
#include "ferry_form.h"
#include "ferry_session.h"
#include "ferry_url.h"

#endif
