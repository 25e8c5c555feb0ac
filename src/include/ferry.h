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
 * Conventions, for everything below:
 * - A call that can fail returns a ferry_error; 0 is FERRY_OK. Results come last and are left as
 *   they were when the call fails. ferry_client_get_error_detail() says in a sentence what was
 *   wrong with the last call that failed.
 * - Option structs may be zeroed: a member that is 0 means its documented default.
 * - Times are in milliseconds (microseconds where a name ends in _us), sizes in bytes, text is
 * UTF-8 or bytes and ends with NUL.
 * - These structs may grow at their end with a minor version, and 0 in a new member means what was
 *   so before: ferry_client_options, ferry_request, ferry_timeouts, ferry_tls_options,
 *   ferry_fetch_options, ferry_timings, ferry_stream_ops. Name their members in an initialiser, or
 *   zero them first. The other structs stay as they are; enumerations may get further values.
 *   Compile a program with the header of the minor version that it is linked with: a shared library
 *   of another one has another name (soname).
 * - Pointers that are passed in are read during the call only, unless it says otherwise.
 * - Clients on different threads are independent; one client is used by one thread at a time.
 * - After fork() the child may make clients of its own. Those that it has from its parent it may
 * free, close or connect again, which leaves the parent's connections as they are; anything else on
 * them fails with CONNECTION_ERROR (CANT_RESOLVE or CANT_CONNECT while they connect), so that no
 * byte of the parent's is read or written twice. A stream of the program's own has to see to that
 * itself. fork() while another thread is inside a call on a client that speaks TLS leaves mbedTLS's
 * locks as they were: such a child may only exec.
 * - "On the web" means built with Emscripten: in a page, in a Web Worker or under Node, where the
 *   requests go through fetch(). Nothing gets on there before the program has returned to the event
 *   loop, so it polls once a frame; what is said of it holds for all three unless it names one.
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
    X(CONNECT_AGAIN, 20, "the kept connection had ended: nothing was sent, connect again")

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

/* What the client is doing. The walk of an exchange that goes well is
 * DISCONNECTED, RESOLVING, CONNECTING, CONNECTED, REQUESTING, BODY, CONNECTED;
 * a response without a body goes from REQUESTING to CONNECTED at once, unless it comes before the
 * request is sent. A connection that can carry no further request ends in DISCONNECTED instead. One
 * poll makes at most one step. */
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

/* The name of a status, such as "CONNECTED"; "?" for a number that is none. */
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

/* Where the library's memory comes from. Zeroed: malloc, realloc and free of the C library.
 * Either all three functions are given, or none: where only some are, the client uses none of them,
 * and connecting says so (INVALID_PARAMETER). They are called on the thread that calls the
 * client. Outside are what TLS takes (mbedTLS, certificates, keys and sessions), what the C library
 * allocates in getaddrinfo(), and the small job of a resolver thread, which may outlive a client
 * that was freed in the middle of a look-up. */
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
 * message is valid during the call, at most 1,023 bytes (longer ones are cut), and may hold text
 * that came from the network, made printable (see ferry_text_make_printable()). What Authorization,
 * Proxy-Authorization, Cookie and Set-Cookie say is not in it: "***" stands there. */
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
    FERRY_STREAM_OK = 0,    /* at least one byte was moved; a stream that says so of none fails */
    FERRY_STREAM_AGAIN,     /* nothing could be moved now */
    FERRY_STREAM_END,       /* reading: the peer has ended the stream in an orderly way */
    FERRY_STREAM_TRUNCATED, /* reading: the stream ended without the end that it should have had
                               (TLS without close_notify) */
    FERRY_STREAM_FAILED,    /* it is broken; get_error_detail says why */
} ferry_stream_result;

/* A non-blocking byte stream. A program can give the client one of its own (a tunnel, a test, an
 * encrypted channel): put a ferry_stream first in a struct and fill in `ops`. */
typedef struct ferry_stream ferry_stream;

typedef struct ferry_stream_ops {
    /* Reads 1 to `capacity` bytes into `dst` and stores their number. */
    ferry_stream_result (*read)(ferry_stream *stream, void *dst, size_t capacity, size_t *length);
    /* Takes bytes from the `count` slices, in order, and stores how many it took: any number from 1
     * up, so the first slice alone, or a part of it, will do. */
    ferry_stream_result (*write)(ferry_stream *stream, const ferry_slice *slices, size_t count,
                                 size_t *length);
    /* Says what must happen before the stream can go on, given that the client wants `events`. A
     * TLS stream may have to write in order to read. Returns true where there is something to wait
     * on; may be NULL: then there is not, and blocking calls and ferry_client_wait() are refused,
     * as they are on the web in any case. */
    bool (*wants)(ferry_stream *stream, unsigned events, ferry_wait *wait);
    /* Says that nothing more will be written. FERRY_STREAM_OK: the end is out. FERRY_STREAM_AGAIN:
     * there is no room for it yet; it is called again when there may be. FERRY_STREAM_FAILED: it
     * cannot be told. NULL: the stream has no such end. */
    ferry_stream_result (*shutdown)(ferry_stream *stream);
    /* Closes the stream at once and frees it. */
    void (*destroy)(ferry_stream *stream);
    /* Why the last call gave FERRY_STREAM_FAILED, as a sentence; may be NULL, may return NULL. */
    const char *(*get_error_detail)(ferry_stream *stream);
    /* Passes on what was taken before. FERRY_STREAM_OK: nothing of it is left here;
     * FERRY_STREAM_AGAIN: for some of it there is no room yet. A request counts as sent once
     * nothing is left. NULL: the stream keeps nothing of what it takes. */
    ferry_stream_result (*flush)(ferry_stream *stream);
} ferry_stream_ops;

struct ferry_stream {
    const ferry_stream_ops *ops;
};

/* ---- TLS ---------------------------------------------------------------------------------- */

/* Natively TLS 1.2 and 1.3 are spoken, with ALPN "http/1.1", by mbedTLS; FERRY_ERROR_UNAVAILABLE
 * where the library is built without it. On the web TLS is the browser's: there is nothing to
 * choose, and any member of the options that is set is UNAVAILABLE.
 *
 * A poll in a handshake goes on for a quarter of a millisecond, or for one step of mbedTLS's, which
 * may take longer: 2 ms where keys are of P-256, 4 ms with P-384, 8 ms with P-521. A message of the
 * server's handshake may have 16 KiB: its certificates, with some 600 names. More is TLS_HANDSHAKE,
 * "... sent a TLS handshake message of more than 16 KiB, such as a certificate with very many
 * names". KeyUpdate (RFC 8446 section 4.6.3) is CONNECTION_ERROR: mbedTLS does not know it. */

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

/* What clients may share: authorities, certificates and keys that are read, and sessions that can
 * be resumed with the same host and port. A server that refuses the session, or the only version
 * that goes with it, is connected to once more without it. It may be used by clients on different
 * threads. */
typedef struct ferry_tls_cache ferry_tls_cache;

/* How to speak TLS. Zeroed: verify the server against the trusted authorities of the system and
 * against the host's name, which must be among the certificate's alternative names (RFC 9525).
 * Everything is borrowed until the call that is given it returns.
 *
 * The system's authorities are those in the file that the environment's SSL_CERT_FILE names and in
 * the folders that SSL_CERT_DIR names, parted by colons; where neither is set, in the places where
 * Debian, Fedora, SUSE, Alpine and the BSDs keep them. A library that is built with
 * FERRY_CA_BUNDLE has its own instead. They are read once in a process, by a thread of the
 * library's, while the connection is made: where they cannot be had connecting fails with
 * UNAVAILABLE (there are none) or FAILED (too many open files, say), and the next connecting reads
 * them anew. What the options bring is read within the call: some 50 microseconds for each
 * certificate. */
typedef struct ferry_tls_options {
    const char *ca_pem;      /* trusted authorities as PEM text; NULL: the system's. What cannot
                                be read is left out, with a FERRY_LOG_WARNING; INVALID_PARAMETER
                                where nothing is left */
    const char *verify_name; /* the name or address to verify instead of the host's, which the
                                server is told all the same; NULL: the host's */
    bool unsafe;             /* the name is not verified, and the chain only where authorities are
                                given; pins hold all the same */
    ferry_slice ca_der;      /* more trusted authorities: DER certificates, one after another;
                                without `ca_pem` they are the only ones */

    /* The client's own certificate, with those that lead to its authority, and its key; both as PEM
     * text, or both NULL. The password opens an encrypted key. */
    const char *certificate_pem;
    const char *key_pem;
    const char *key_password;

    const char *crl_pem;     /* revocation lists as PEM text. Of an issuer that has some here each
                                must be up to date; one without is not asked for revocations.
                                Not together with `unsafe` where no authorities are given */
    const char *const *pins; /* ended by NULL; NULL: none. "sha256//" and the base64 of the SHA-256
                                of a SubjectPublicKeyInfo (RFC 7469 section 2.4). One of them must
                                be that of a certificate in the chain that was verified */
    ferry_tls_version min_version;
    ferry_tls_cipher first_cipher;
    ferry_tls_cache *cache; /* NULL: one that the client keeps to itself */
} ferry_tls_options;

/* TLSOptions.client: both may be NULL. */
ferry_tls_options ferry_tls_options_client(const char *ca_pem, const char *verify_name);

/* TLSOptions.client_unsafe: the chain is checked where `ca_pem` is given, the name never. */
ferry_tls_options ferry_tls_options_client_unsafe(const char *ca_pem);

/* An empty cache; NULL if there is no memory or no TLS. Its memory comes from the C library, as
 * does mbedTLS's. */
ferry_tls_cache *ferry_tls_cache_new(void);

/* Connections that were made with it go on. It must outlive each client whose
 * ferry_client_options.proxy_tls names it. NULL is legal. */
void ferry_tls_cache_free(ferry_tls_cache *cache);

/* ---- Construction ------------------------------------------------------------------------- */

typedef struct ferry_client ferry_client;

/* Time-outs in milliseconds: 0 is the default, negative is none. Each has its own detail, and all
 * end in FERRY_ERROR_TIMEOUT. Every call that moves bytes, and every poll, looks at all of them, in
 * blocking mode while it waits; none is early. */
typedef struct ferry_timeouts {
    int connect_ms;  /* from connect_to_host to CONNECTED: look-up, TCP, what a proxy takes, and
                        TLS; default 30,000. On the web nothing is dialled before the request:
                        response_ms, idle_ms and total_ms bound that */
    int response_ms; /* from the end of the request to the response head; default none */
    int idle_ms;     /* without a byte either way, those of an incomplete TLS record included, while
                        the client waits for one: not while it is the program's turn to read what
                        has come, or to write where there is room; default none */
    int total_ms;    /* from request to the end of the response body; default none */
    int continue_ms; /* how long Expect: 100-continue waits before it sends the body all the same
                        (RFC 9110 section 10.1.1); default 1,000; negative: until the server says */
} ferry_timeouts;

/* What a browser lets a page say about a request (Fetch standard section 5.3, RequestInit). Zeroed:
 * the defaults. Natively all of it is ignored. An enumerator out of its range is INVALID_PARAMETER
 * on the web. */
typedef enum ferry_fetch_mode {
    FERRY_FETCH_MODE_CORS = 0,        /* other origins only with their consent (CORS) */
    FERRY_FETCH_MODE_NO_CORS = 1,     /* other origins without it: the response is opaque, that is
                                         code 0, no headers and no body */
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
    FERRY_FETCH_REDIRECT_MANUAL = 2, /* a redirect is an opaque response: a page may not see where
                                        it leads */
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
    bool keepalive;        /* the request may outlive the page; bodies of 64 KiB at most */
    const char *integrity; /* "sha256-..." that the body must have (Subresource Integrity); it is
                              then held back until it is complete. NULL: none */
    size_t window_bytes;   /* memory for body bytes that are read ahead of the program; when it is
                              full the server has to wait (Firefox reads ahead without end all the
                              same). Default 16 MiB */
} ferry_fetch_options;

typedef struct ferry_client_options {
    ferry_allocator allocator;
    ferry_log_function log; /* NULL: no log */
    void *log_ctx;
    const char *user_agent; /* copied; NULL: "ferry/" and the version; "": none is sent. Where it
                               has a CR, LF or another control character, connect_to_host and
                               set_connection say so (INVALID_PARAMETER) */
    ferry_timeouts timeouts;
    size_t max_head_bytes; /* of a response head, all its lines; default 65,536, at most 16 MiB; the
                              trailers of a chunked body have the same limit */
    size_t max_header_count;      /* fields in a response head; default 256 */
    size_t max_interim_responses; /* (1xx but 101) before the final one; default 32; ignored on the
                                     web, where the browser skips them */
    int64_t max_decoded_bytes; /* of a body whose content coding is undone (a small body can unpack
                                  to a very large one); default 1 GiB; negative: none */
    size_t poll_budget_bytes;  /* body bytes that may be read between two polls, and sent by one, so
                                  that no frame is late; default 1 MiB, on the web 4 MiB. Reads
                                  end, too, once they have taken a millisecond since the last poll
                                  (decrypting, decoding, copying). Blocking mode has neither */
    bool keep_content_coding;  /* do not ask for content codings and do not undo them; a browser
                                  undoes them all the same */
    ferry_fetch_options fetch; /* of each request; `integrity` is copied */
    bool proxy_from_environment; /* where no proxy is set for a scheme, the environment names it at
                                    each connect_to_host: https_proxy, HTTPS_PROXY, http_proxy,
                                    and for both all_proxy, ALL_PROXY; no_proxy, NO_PROXY the hosts
                                    that need none of these. Not HTTP_PROXY: CGI programs have that
                                    from their clients. Ignored on the web. See
                                    ferry_client_set_http_proxy() */
    const char *no_proxy; /* hosts that are connected to directly whatever proxy there is, parted by
                             commas or spaces: "example.org", with what is below it; ".example.org"
                             and "*.example.org", what is below alone; addresses; "10.0.0.0/8",
                             "fe80::/10"; each with a ":port" if only that is meant, IPv6 then in
                             brackets; "*" is all. Names are not looked up for this. Copied; NULL:
                             none */
    const ferry_tls_options *proxy_tls; /* how to speak TLS to a proxy that is reached by
                                           "https://"; copied, all but the cache; NULL: zeroed */
    const char *const *resolve; /* "HOST:PORT:ADDRESS" lines, ended by NULL: the host is not looked
                                   up at this port, the address is taken; the first line that is
                                   meant holds. IPv6 stands in brackets as HOST, and may as
                                   ADDRESS. Behind a proxy it is for the proxy's own name. Copied;
                                   NULL: none. ferry_client_connect_to_host() says what is wrong
                                   with a line (INVALID_PARAMETER), and on the web UNAVAILABLE */
    const char *const *proxy_headers; /* lines "Name: value", ended by NULL, for proxies alone: they
                                         go along with CONNECT and with requests in absolute form,
                                         but for those that such a request has itself. Not Host,
                                         Connection, and what is about the body. Copied; NULL:
                                         none. ferry_client_connect_to_host() says what is wrong
                                         with them, as above */
} ferry_client_options;

/* A new client, DISCONNECTED. `options` may be NULL. NULL if there is no memory. What is wrong with
 * the options connect_to_host and set_connection say. */
ferry_client *ferry_client_new(const ferry_client_options *options);

/* Cancels whatever is under way, closes the connection and frees the client. NULL is legal. */
void ferry_client_free(ferry_client *client);

/* ---- Connecting --------------------------------------------------------------------------- */

/* Connects to a host; must come before the first request. Any connection or exchange that there is
 * is dropped first. The status is RESOLVING afterwards; ferry_client_poll() does the rest.
 *
 * `host` is a name or an address (IPv6 with or without brackets), on its own or after "http://" or
 * "https://" (any case). `port` is 1 to 65535, or -1 for 80 (HTTP) or 443 (HTTPS). HTTPS is spoken
 * where the prefix says so or where `tls` is given; its strings are borrowed for the call.
 *
 * Addresses are tried as RFC 8305 says: families in turn, the next one after 250 ms.
 *
 * INVALID_PARAMETER: an empty or impossible host; a port, path or user name within it; a port out
 * of range; "http://" together with `tls`; a proxy in the environment, a `resolve` line,
 * proxy_headers or a user_agent that are none; half an allocator. UNAVAILABLE: TLS; a SOCKS proxy;
 * on the web a port that browsers block (Fetch standard section 2.9), `resolve` and proxy_headers.
 * The connection that there was is kept in these cases; without memory (OUT_OF_MEMORY) the client
 * may be DISCONNECTED. */
ferry_error ferry_client_connect_to_host(ferry_client *client, const char *host, int port,
                                         const ferry_tls_options *tls);

/* Closes the connection and cancels whatever is under way, at once, in any status. The response is
 * forgotten; the client is DISCONNECTED and may be used again. Time-outs, blocking mode, chunk size
 * and proxies stay as they are. */
void ferry_client_close(ferry_client *client);

/* Uses `stream` as the connection: the client is CONNECTED at once, and owns the stream: it is
 * destroyed when the client closes it or is freed, and can be no other client's until then. The
 * Host header names "localhost" unless the request brings its own. NULL drops the connection that
 * there is.
 *
 * ferry_client_set_connection(client, ferry_client_get_connection(client)) makes a tunnel (after
 * CONNECT or 101) a connection that takes requests. Host then names what CONNECT led to; after 101,
 * and for a connection that was idle, it is as before. The response is forgotten.
 *
 * INVALID_PARAMETER: a stream without read, write or destroy, or one that the client's TLS is
 * spoken over; a user_agent or an allocator that is none. BUSY, for the client's own connection: an
 * exchange is under way that is no tunnel, or the tunnel holds bytes that are not read or not sent
 * yet, or it was ended by ferry_client_finish_request_body(). OUT_OF_MEMORY. In all these cases
 * nothing changes; the caller keeps the stream, unless it is the client's own. */
ferry_error ferry_client_set_connection(ferry_client *client, ferry_stream *stream);

/* The stream in use, still owned by the client; NULL where there is none. */
ferry_stream *ferry_client_get_connection(const ferry_client *client);

/* TLS over the connection that there is, which must be idle: the one that set_connection gave, or
 * one that has become a tunnel (by CONNECT, or after 101). The status is RESOLVING and CONNECTING
 * until the handshake has ended, as with connect_to_host; get_connection then gives the TLS stream.
 * `host` is the server's name, for which the certificate must be, and which Host has from then on.
 * UNCONFIGURED: there is no connection. BUSY: as set_connection. INVALID_PARAMETER: as
 * connect_to_host, and a host that says http://.
 * UNAVAILABLE: there is no TLS in this build, or it is one for the web. The connection is as it was
 * in these cases; without memory (OUT_OF_MEMORY) the client may be DISCONNECTED. A server that
 * speaks TLS 1.2 alone and signs with RSA-PSS takes a second connection, which only connect_to_host
 * can make. No session is resumed or remembered: whose port it is nobody knows. */
ferry_error ferry_client_start_tls(ferry_client *client, const char *host,
                                   const ferry_tls_options *tls);

/* Sets the proxy for http:// or https:// origins from the next connect_to_host on. An empty or NULL
 * host, or port -1, means none.
 *
 * `host` is as for connect_to_host; "https://" before it means TLS to the proxy itself, which is
 * verified as ferry_client_options.proxy_tls says. "user:password@" before the name,
 * percent-encoded, is sent to the proxy alone (Basic, RFC 7617); it appears in no detail, and in no
 * line of the log. The proxy resolves the origin's name.
 *
 * In the environment (ferry_client_options.proxy_from_environment) a proxy is a URL,
 * "http://user:password@proxy:3128"; without a scheme it is "http://", without a port 80, or 443
 * with "https://" (curl would take 1080); a path is ignored, and so is an empty value. A value that
 * is none makes connect_to_host fail as below, with the variable's name.
 *
 * To http:// origins requests go in absolute form (RFC 9112 section 3.2.2), with
 * Proxy-Authorization unless the caller's headers or proxy_headers have one; a refusal is a
 * response like others. To https:// ones they go by a tunnel (CONNECT, RFC 9110 section 9.3.6),
 * which belongs to connecting. Where the proxy refuses it the status is CANT_CONNECT and the detail
 * has the proxy's words; get_response_code and the headers are then those of its answer, though
 * has_response is false: it is not the origin's.
 *
 * INVALID_PARAMETER: an impossible host, a port out of range, a user name or password that Basic
 * cannot carry. UNAVAILABLE: SOCKS; on the web, where proxies are the browser's. OUT_OF_MEMORY. The
 * proxy is then the one that was set before. */
ferry_error ferry_client_set_http_proxy(ferry_client *client, const char *host, int port);
ferry_error ferry_client_set_https_proxy(ferry_client *client, const char *host, int port);

/* ---- Requesting --------------------------------------------------------------------------- */

/* Gives the next bytes of a request's body: stores 1 to `capacity` of them in `dst`, and how many
 * in *length; 0 means that the body has ended. It is called within the calls of the client, and
 * must not call the client. An error of its own ends the request, and is told by the call. */
typedef ferry_error (*ferry_body_read)(void *ctx, void *dst, size_t capacity, size_t *length);

/* A request in full. ferry_client_request() and ferry_client_request_raw() are short for it. */
typedef struct ferry_request {
    ferry_method method;
    const char *method_name;    /* a method that has no number, such as "PROPFIND"; sent as it is
                                   (methods are case-sensitive); NULL: `method` */
    const char *url;            /* "/path?query" (RFC 9112 section 3.2.1); an absolute http:// URL
                                   for a proxy; "*" with OPTIONS; "host:port" with CONNECT */
    const char *const *headers; /* lines "Name: value", ended by NULL; NULL: none */
    const void *body;
    size_t body_length;
    bool borrow_body; /* `body` is sent from where it lies: it must stay there, unchanged, until
                         ferry_client_get_bytes_sent() is body_length, or the exchange has ended
                         otherwise: the status is neither REQUESTING nor BODY, or the upload is
                         stopped. Without it `body` may go when the call returns: what the
                         connection did not take at once is copied. On the web it may always go
                         then */
    bool streamed;    /* the body comes by ferry_client_write_request_body(); `body` must be NULL */
    ferry_body_read body_read; /* the body comes from this, when there is room for it: the client
                                  calls it until it ends or the length is reached. `body` must be
                                  NULL, `streamed` false. On the web all is read before the request
                                  is sent, poll_budget_bytes in each poll. NULL: it does not */
    void *body_ctx;            /* its first argument */
    int64_t streamed_length; /* how long a body of the two is; negative: not known, sent chunked */
    const ferry_fetch_options *fetch; /* on the web; NULL: what the client was made with */
    const ferry_timeouts *timeouts; /* for this exchange alone: a member that is 0 is the client's,
                                       as is all where this is NULL; connect_ms is ignored */
} ferry_request;

/* Sends a request to the connected host. The status is REQUESTING afterwards; poll until it
 * changes.
 *
 * The body is ignored for GET, HEAD and TRACE, and for CONNECT. Host goes first: the caller's own,
 * or the authority of the target where that names one (an absolute URL, or "host:port"), or that of
 * the connection. What else the caller's headers do not hold is added after them: Content-Length (0
 * too, for POST, PUT and PATCH) or Transfer-Encoding, Accept-Encoding, User-Agent, Accept. A caller
 * who sets Accept-Encoding gets the body as it was sent, without any coding undone; where Range is
 * set, none is asked for. With "Expect: 100-continue" among the headers the body waits for the
 * server's word (RFC 9110 section 10.1.1).
 *
 * Proxy-Authorization and Proxy-Connection are left out, each with a FERRY_LOG_WARNING, where no
 * proxy reads the request: where none is set, and behind a tunnel, unless the target is an absolute
 * URL or the method is CONNECT. See ferry_client_options.proxy_headers.
 *
 * On the web headers that a browser keeps to itself (Host, Content-Length, Cookie and others: Fetch
 * standard section 2.2.2) are left out, each with a FERRY_LOG_WARNING, redirects are followed
 * unless `fetch` says otherwise, and the target must begin with '/'. TRACE, CONNECT and other
 * targets are UNAVAILABLE.
 *
 * A connection that has been idle is looked at first, without waiting. Where the server has ended
 * it, or has sent what nobody asked for, the call gives CONNECT_AGAIN and the status is
 * DISCONNECTED: nothing was sent, so the same request can go out over a new connection, whatever
 * its method. A server that speaks first, or ends each connection at once, gives it every time: a
 * program that connects again counts how often. Where the server ends it at the very moment in
 * which the request is on its way, the error is CONNECTION_ERROR, and whether the request was
 * processed is not known.
 *
 * Where a final response comes while a body is still being sent, sending goes on after a 2xx (RFC
 * 9110 section 7.5), and stops after any other (RFC 9112 section 9.5):
 * ferry_client_is_upload_stopped() then is true. While only the body is left, the status stays
 * BODY, and reads give length 0. A request that cannot be sent whole is an error at once, unless
 * the server has answered already: CONNECTION_ERROR, or UPLOAD_STOPPED once a 2xx has been read.
 *
 * The response of the request before is forgotten, whatever of it was read.
 *
 * UNCONFIGURED: not connected. CONNECT_AGAIN: see above. BUSY: the connection is still being made,
 * or the exchange before has not ended (read its body, or close).
 * INVALID_PARAMETER: a method, target or header that RFC 9110 does not allow (CR, LF or NUL, a name
 * that is no token, a space in the target), a user name or password in the target (give an
 * Authorization header: RFC 9110 section 4.2.4), two Host headers, a Content-Length that is not the
 * body's, a Transfer-Encoding, Expect: 100-continue without a body. TOO_LARGE: a url over 1 MiB, a
 * head over 4 MiB, a body over 1 GiB that is neither borrowed, read nor streamed. OUT_OF_MEMORY. In
 * all these cases nothing is sent and the client is as it was. What goes wrong with the connection
 * from then on is reported by ferry_client_poll(). */
ferry_error ferry_client_request(ferry_client *client, ferry_method method, const char *url,
                                 const char *const *headers, const char *body);

/* The same with any bytes as the body. */
ferry_error ferry_client_request_raw(ferry_client *client, ferry_method method, const char *url,
                                     const char *const *headers, const void *body,
                                     size_t body_length);

/* The same with everything that a request can have. */
ferry_error ferry_client_send(ferry_client *client, const ferry_request *request);

/* Sends the next piece of a streamed body, and stores how much of it was taken: 0 while the
 * connection is full or the server's word is awaited (poll, and try again). On the web the pieces
 * are collected in memory, and sent as a whole by ferry_client_finish_request_body(). In blocking
 * mode it returns when all is taken, or, once there is a response, when that can be read instead.
 *
 * UPLOAD_STOPPED: the final response came first, and was no 2xx; read it, there is nothing more to
 * send (RFC 9112 section 9.5; the connection is not reused). After the head of a 2xx, which may be
 * an echo of the request, the upload goes on (RFC 9110 section 7.5), as long as it takes: the
 * exchange ends once both are complete. UNCONFIGURED: no streamed request is under way.
 * INVALID_PARAMETER: more than the announced length. Otherwise the connection's error. */
ferry_error ferry_client_write_request_body(ferry_client *client, const void *data, size_t length,
                                            size_t *written);

/* Says that a streamed body is complete. One of announced length is so with its last byte: the
 * exchange may then end before this call, which gives FERRY_OK all the same. Errors as above;
 * INVALID_PARAMETER: it is shorter than announced (write the rest, or close). */
ferry_error ferry_client_finish_request_body(ferry_client *client);

/* Encodes fields as application/x-www-form-urlencoded does in practice: letters, digits and
 * "-._~" as they are, the rest as %XX of its bytes, joined by "&". A NULL value gives the name
 * alone; a name with several values is several fields. Writes at most `capacity` bytes to `dst`,
 * the final NUL included, and returns the length needed without it, as snprintf does; `dst` may be
 * NULL where `capacity` is 0. */
size_t ferry_query_string_from_dict(const ferry_field *fields, size_t count, char *dst,
                                    size_t capacity);

/* ---- Progress ----------------------------------------------------------------------------- */

/* Does what can be done without waiting, bounded by the poll budget, and makes at most one step of
 * the status. In blocking mode it waits for that step.
 *
 * Returns FERRY_OK while all is well; once the status is one of the failed ones, the error that put
 * it there, at every call until connect_to_host or close. UNCONFIGURED: there was no
 * connect_to_host since the client was made or closed. A connection that ended in an orderly way is
 * no error. */
ferry_error ferry_client_poll(ferry_client *client);

/* Sleeps until the client can go on, or for `timeout_ms` (negative: as long as it takes). It does
 * no work itself: poll afterwards. Returns at once where there is nothing to wait for. TIMEOUT:
 * nothing happened in that time; no error of the client's. UNAVAILABLE: the wait could never end,
 * or this platform cannot sleep. */
ferry_error ferry_client_wait(ferry_client *client, int timeout_ms);

ferry_status ferry_client_get_status(const ferry_client *client);

/* The error of the last exchange or connection: FERRY_OK unless the status is a failed one. */
ferry_error ferry_client_get_error(const ferry_client *client);

/* The last failure in a sentence for a person, that of a refused argument included; "" if there was
 * none. What it quotes is made printable (see ferry_text_make_printable()), and holds no password
 * of a URL or of a proxy, nor the value of a header. Valid until the next call on the client. */
const char *ferry_client_get_error_detail(const ferry_client *client);

/* For programs with an event loop of their own: what the client waits for. Stores up to `capacity`
 * entries, returns how many there are. Ask again after every call on the client; poll it when one
 * of them is ready or when the time below has passed. While several addresses are tried there are
 * several; an idle connection has one, to notice when the server closes it; a body has none until a
 * read has found nothing. On the web the entries are no descriptors, but of use to
 * ferry_client_wait() alone: poll once a frame. */
size_t ferry_client_get_waits(const ferry_client *client, ferry_wait *waits, size_t capacity);

/* In how many milliseconds the client must be polled even if no descriptor is ready; 0: at once;
 * -1: there is no such time. */
int ferry_client_get_wait_timeout_ms(const ferry_client *client);

/* ---- The response ------------------------------------------------------------------------- */

/* What follows stays as it is until the next request, connect_to_host, close or free, whatever
 * becomes of the connection; pointers too. Reading consumes nothing but the body. */

/* True from the response head on; false for what a proxy says that refuses a tunnel. */
bool ferry_client_has_response(const ferry_client *client);

/* The status code, 100 to 999; 0 where there is no response, nor a proxy's refusal. */
int ferry_client_get_response_code(const ferry_client *client);

/* What the status line says besides the code, such as "Not Found", as it came: it means nothing to
 * a program (RFC 9112 section 4). "" where it says nothing, where there is no response, nor a
 * proxy's refusal, and on the web where the browser spoke HTTP/2 or HTTP/3, which have no such
 * words. */
const char *ferry_client_get_response_reason(const ferry_client *client);

/* The version of HTTP that the status line names: 11 is HTTP/1.1, 10 is HTTP/1.0. 0 where there is
 * no response, nor a proxy's refusal, and on the web, where fetch() does not tell. */
int ferry_client_get_response_http_version(const ferry_client *client);

/* True where the body came with the chunked transfer coding (RFC 9112 section 7.1); false on the
 * web, always. */
bool ferry_client_is_response_chunked(const ferry_client *client);

/* The body's length where it is exactly known before it is read; -1 where it is not (chunked, until
 * the connection closes, content coding undone), where there is no response, and on the web,
 * always. */
int64_t ferry_client_get_response_body_length(const ferry_client *client);

/* The same for progress bars: on the web the Content-Length where it can be trusted to be the
 * body's: of the page's own origin, without a content coding. 0 where there is no body; else -1. */
int64_t ferry_client_get_response_body_length_hint(const ferry_client *client);

/* Header lines "Name: value" in the order in which they came, names spelled as they came; white
 * space around the value is gone, a folded line is joined by a space (RFC 9112 section 5.2). The
 * list ends with NULL; `count` may be NULL. Never NULL. On the web they are as fetch() gives them:
 * names in lower case and sorted, values of one name joined by ", ", without Set-Cookie, and from
 * another origin only those that it exposes (CORS). */
const char *const *ferry_client_get_response_headers(const ferry_client *client, size_t *count);

/* One entry per name, several values joined by "; " in order; names are compared without case, the
 * first spelling is kept. Stores up to `capacity` of them, returns how many there are. */
size_t ferry_client_get_response_headers_as_dictionary(const ferry_client *client,
                                                       ferry_field *fields, size_t capacity);

/* The index-th value of the header `name` (any case); NULL past the last. */
const char *ferry_client_get_response_header(const ferry_client *client, const char *name,
                                             size_t index);

/* The trailer lines of a chunked body (RFC 9110 section 6.5), once it has ended: they are no
 * headers, and appear nowhere else. As ferry_client_get_response_headers(). */
const char *const *ferry_client_get_response_trailers(const ferry_client *client, size_t *count);

/* The URL that the response is for, on the web after redirects. "" where there is no response, and
 * where the browser keeps it to itself (of an opaque one). */
const char *ferry_client_get_response_url(const ferry_client *client);

/* Reads the next piece of the body: a view of at most read_chunk_size bytes, valid until the next
 * call on this client. Length 0: there is nothing now, or the budget of the last poll is used up.
 * Then look at the status: BODY means later (poll, and try again), CONNECTED or DISCONNECTED means
 * that the body has ended. It may be called until it gives 0. In blocking mode it waits for a byte
 * or the end; after a write that was not taken whole it also gives 0, where the peer may wait for
 * the rest of that (write, and read again).
 *
 * UNCONFIGURED: there is no response. BUSY, in blocking mode: the response has ended, and waits for
 * a streamed body that the program has not finished. Otherwise what ended the body early, after all
 * bytes that came were read: BODY_TRUNCATED, PROTOCOL, INVALID_DATA, TOO_LARGE, TIMEOUT,
 * CONNECTION_ERROR, or UPLOAD_STOPPED (a 2xx to a request whose body the connection did not take
 * whole); the status is then CONNECTION_ERROR. After the end it gives length 0. */
ferry_error ferry_client_read_response_body_chunk(ferry_client *client, const void **chunk,
                                                  size_t *length);

/* The same bytes straight into the caller's memory: no copy is made of what has not yet arrived.
 * What is behind the first *length bytes of `dst` is scratch: the call may write to all of
 * `capacity`, whatever it returns. */
ferry_error ferry_client_read_response_body(ferry_client *client, void *dst, size_t capacity,
                                            size_t *length);

/* Body bytes of the current exchange: received as they came (before codings are undone, framing not
 * counted; on the web after they are undone); sent to the connection. 0 after connect_to_host,
 * close and request. */
int64_t ferry_client_get_bytes_received(const ferry_client *client);
int64_t ferry_client_get_bytes_sent(const ferry_client *client);

/* The address of the peer that is connected to, the proxy where there is one: "192.0.2.1:80",
 * "[2001:db8::1]:443". It stays until connect_to_host, set_connection or close. "" before the peer
 * is connected to, for a stream of the program's own, and on the web, where fetch() does not tell.
 */
const char *ferry_client_get_peer_address(const ferry_client *client);

/* True where the connection had carried a request before the latest one. Servers end such
 * connections when they like. False on the web, where connections are the browser's. */
bool ferry_client_is_connection_reused(const ferry_client *client);

/* True where the latest request may be sent once more, whatever became of it, without being carried
 * out twice: either not one byte of it was given to the connection, so that the server cannot have
 * seen any (on the web: fetch() was not called yet), or its method is idempotent (RFC 9110 section
 * 9.2.2: GET, HEAD, PUT, DELETE, OPTIONS, TRACE; no other). False where there was no request. It is
 * for the time after a failure: look before connect_to_host. */
bool ferry_client_may_send_again(const ferry_client *client);

/* When what happened, in microseconds; -1: not yet, or it is not known. The client notices in its
 * calls: a program that polls late is told of late times. */
typedef struct ferry_timings {
    /* Of the connection, since connect_to_host (since start_tls: `ready_us` alone). All are -1 on
     * the web and for a stream of the program's own. */
    int64_t resolved_us;  /* the addresses were known: those of the proxy where there is one */
    int64_t connected_us; /* TCP was connected */
    int64_t ready_us;     /* CONNECTED: TLS and what a proxy takes are over */

    /* Of the latest exchange, since the request was given to the connection. */
    int64_t sent_us;       /* all of it was sent; -1 on the web, where fetch() does not tell */
    int64_t first_byte_us; /* of a response, be it an interim one; on the web its head was there */
    int64_t end_us;        /* its last byte had come, or for a body of unknown length was read */
} ferry_timings;

void ferry_client_get_timings(const ferry_client *client, ferry_timings *timings);

/* True where the body of the current request was cut: the server answered before it had all of it,
 * with no 2xx, or instead of a 100 (Continue), or the connection did not take it. So it is for a
 * tunnel that the peer has ended. */
bool ferry_client_is_upload_stopped(const ferry_client *client);

/* ---- Properties --------------------------------------------------------------------------- */

/* In blocking mode, poll returns when the status has changed, reads when there is a byte or the
 * end, writes when all is taken. It sleeps in the kernel, and time-outs hold. Off by default. On
 * the web it works in builds with Asyncify or JSPI, and on pthreads beside the main one.
 * UNAVAILABLE: this platform cannot sleep. */
ferry_error ferry_client_set_blocking_mode(ferry_client *client, bool enabled);
bool ferry_client_is_blocking_mode_enabled(const ferry_client *client);

/* The most that read_response_body_chunk gives at once: 256 bytes to 16 MiB, 65,536 by default.
 * INVALID_PARAMETER: outside of that. OUT_OF_MEMORY. */
ferry_error ferry_client_set_read_chunk_size(ferry_client *client, size_t size);
size_t ferry_client_get_read_chunk_size(const ferry_client *client);

/* Replaces all time-outs, from the current exchange on, unless its request brought its own. NULL:
 * the defaults. */
void ferry_client_set_timeouts(ferry_client *client, const ferry_timeouts *timeouts);

/* ---- Text -------------------------------------------------------------------------------- */

/* Makes a text that came from elsewhere fit for a terminal, in place: '?' stands for control
 * characters (C0, DEL, C1), for separators of lines, for the marks that change the direction of
 * text (Unicode's Bidi_Control) and for each byte that is no part of UTF-8. It never grows. Header
 * values and bodies are given to a program as they came: this is for those that it shows. */
void ferry_text_make_printable(char *text);

/* ---- URLs --------------------------------------------------------------------------------- */

/* An absolute http:// or https:// URL, taken apart (RFC 3986, RFC 9110 section 4.2). */
typedef struct ferry_url {
    bool secure;          /* https */
    int port;             /* as given, or 80 or 443 */
    const char *host;     /* lower case, no brackets, no percent-encoding */
    const char *target;   /* path and query, as request wants it: begins with '/'; no fragment; what
                             may not stand in a request line is percent-encoded */
    const char *userinfo; /* "user:password" as it stands, percent-encoded; NULL: none */
} ferry_url;

/* Takes `text` apart as the URL standard's parser does (https://url.spec.whatwg.org/): backslashes
 * are slashes, dot segments are removed, IPv4 addresses are read in all their spellings, spaces and
 * controls around the URL are dropped. Two things differ: a tab or line break within it is refused
 * rather than dropped, and so is a host name beyond ASCII that is not in its punycode form. The
 * strings are written to `storage`, which needs 3 * strlen(text) + 16 bytes; INVALID_PARAMETER if
 * it is smaller or if `text` is no such URL; `reason`, where it is not NULL, then gets a sentence
 * that lives for ever. */
ferry_error ferry_url_parse(const char *text, char *storage, size_t storage_size, ferry_url *url,
                            const char **reason);

#ifdef __cplusplus
}
#endif

#endif
