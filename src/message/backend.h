/* SPDX-License-Identifier: MIT */
/* backend: how the client exchanges requests and responses with one origin, one at a time. Two
 * implement it: the wire backend over a connection (src/wire/), and the fetch backend in browsers
 * (web/). Only the client calls it. */
#ifndef FERRY_MESSAGE_BACKEND_H
#define FERRY_MESSAGE_BACKEND_H

#include "base/context.h"
#include "base/span.h"
#include "exchange.h"
#include "url/proxy_url.h"

/* How far a connection has come, as who makes it tells. */
typedef enum ferry_link_stage {
    FERRY_LINK_STAGE_NONE = 0,
    FERRY_LINK_STAGE_RESOLVED,  /* the addresses are known */
    FERRY_LINK_STAGE_CONNECTED, /* to one of them */
} ferry_link_stage;

/* "127.0.0.1:80", "[fe80::1%eth0]:80" */
enum { FERRY_PEER_SIZE = 80 };

/* What is learned of a connection while it is made. */
typedef struct ferry_link_facts {
    ferry_link_stage stage;
    char peer[FERRY_PEER_SIZE]; /* "": not known */
} ferry_link_facts;

typedef struct ferry_origin {
    const char *host; /* no brackets; not known yet where an origin is only checked */
    uint16_t port;
    bool secure;
    const ferry_tls_options *tls; /* NULL unless secure, and for the default */
    const ferry_proxy *proxy;     /* NULL: none */
    ferry_stream *stream;         /* connected already, for TLS over it; NULL: to be dialled */
    bool tunnels;                 /* by CONNECT, although it is not secure */
    const char *dial_host;        /* where connections go instead (connect_to); NULL: to `host` */
    uint16_t dial_port;
    const char *address;     /* of the host that is dialled, which is the proxy where there is
                                one; NULL: it is looked up */
    ferry_span user_agent;   /* as in ferry_message: what the proxy is told */
    ferry_link_facts *facts; /* filled in while it connects; NULL: nobody asks */
} ferry_origin;

typedef enum ferry_link {
    FERRY_LINK_CLOSED = 0,
    FERRY_LINK_RESOLVING,
    FERRY_LINK_CONNECTING,
    FERRY_LINK_OPEN,
} ferry_link;

/* Headers that the caller's lines hold, so that nobody needs to look for them again. */
enum {
    FERRY_HAS_HOST = 1u << 0,
    FERRY_HAS_CONTENT_LENGTH = 1u << 1,
    FERRY_HAS_ACCEPT_ENCODING = 1u << 2,
    FERRY_HAS_USER_AGENT = 1u << 3,
    FERRY_HAS_ACCEPT = 1u << 4,
    FERRY_HAS_RANGE = 1u << 5,
    FERRY_HAS_UPGRADE = 1u << 6,
    FERRY_HAS_CONNECTION_CLOSE = 1u << 7,
    FERRY_HAS_EXPECT_CONTINUE = 1u << 8,
    FERRY_HAS_PROXY_AUTHORIZATION = 1u << 9,
    FERRY_HAS_PROXY_CONNECTION = 1u << 10,
    FERRY_PROXY_ONLY = FERRY_HAS_PROXY_AUTHORIZATION | FERRY_HAS_PROXY_CONNECTION,
};

/* A request that the client has checked. Everything is borrowed for the call. */
typedef struct ferry_message {
    ferry_method method;
    ferry_span method_name;
    ferry_span target_prefix; /* what makes the target absolute for a proxy; empty: nothing */
    ferry_span target;
    const char *const *headers; /* ends with NULL; never NULL */
    unsigned present;           /* FERRY_HAS_… */
    const void *body;           /* what the method may carry: NULL and 0 otherwise */
    size_t body_length;
    bool is_borrowed;          /* the body stays until the upload has ended */
    bool streamed;             /* it comes by `write`, or from body_read */
    ferry_body_read body_read; /* NULL: it does not come from one */
    void *body_ctx;
    int64_t streamed_length; /* -1: not known */
    ferry_span host;         /* the authority for Host: brackets and port where they belong */
    const char *host_line;   /* the caller's own Host, one of `headers`; NULL: there is none */
    ferry_span user_agent;   /* empty: none */
    bool is_for_proxy;       /* a proxy reads it, as far as anybody knows */
    ferry_span proxy_authorization;   /* what that header says; empty: there is none */
    const char *const *proxy_headers; /* lines for the proxy, ended by NULL; NULL: none */
    const ferry_fetch_options *fetch;
} ferry_message;

/* Encrypting it takes a third of a millisecond, by the slowest cipher. */
enum { FERRY_SEND_PIECE = 64 * 1024 };

typedef struct ferry_backend ferry_backend;

/* A call that fails leaves its detail in the context. Failures of an exchange go to the exchange
 * (ferry_exchange_fail), which the client looks at after each call. */
typedef struct ferry_backend_ops {
    /* False where the connection is hidden: neither what it is nor when a request has been sent is
     * known. */
    bool shows_connection;
    /* Whether such an origin can be reached from this platform, whatever the network says; reads
     * the origin's options for the `open` that follows. Nothing of the link changes.
     * INVALID_PARAMETER, UNAVAILABLE, OUT_OF_MEMORY. */
    ferry_error (*prepare)(ferry_backend *backend, const ferry_origin *origin);
    /* Begins to connect: the link is RESOLVING afterwards. The origin's stream belongs to the
     * backend from then on, even where this fails. */
    ferry_error (*open)(ferry_backend *backend, const ferry_origin *origin, int64_t now_ms);
    /* Does bounded work without waiting: connects, sends, reads the head. At most one change of
     * the link. An error is the link's (the exchange has its own). On an idle link it notices the
     * peer's close: the link is then CLOSED, which is no error. The time counts while it
     * connects. Of what is to be sent, FERRY_SEND_PIECE at most: sender_has_work says that a call
     * at once sends more. */
    ferry_error (*step)(ferry_backend *backend, int64_t now_ms);
    /* Starts an exchange on an open link. An error means that nothing was sent. */
    ferry_error (*send)(ferry_backend *backend, const ferry_message *message);
    /* The next piece of a streamed body; takes what fits. */
    ferry_error (*write)(ferry_backend *backend, const void *data, size_t length, size_t *written);
    ferry_error (*finish)(ferry_backend *backend);
    /* Stops waiting for 100 (Continue) and sends the body. */
    void (*proceed)(ferry_backend *backend);
    /* Body bytes, at most `capacity`, by a bounded piece of work. 0 means nothing now; the exchange
     * tells whether it ended, or whether a call at once gets on (reader_has_work). */
    size_t (*read)(ferry_backend *backend, void *dst, size_t capacity);
    /* As ferry_connector_ops.get_waits, in every state. A deadline of 0 means at once. A body is
     * left where it is, with the peer if need be, unless the client wants it. */
    size_t (*get_waits)(ferry_backend *backend, ferry_wait *waits, size_t capacity,
                        int64_t *deadline_ms, bool wants_body);
    /* As ferry_connector_ops.get_phase. NULL where there is nothing to be connected. */
    const char *(*get_phase)(const ferry_backend *backend);
    /* Ends an exchange that is under way with the error, and closes the link, at once. What is
     * known of the response stays. */
    void (*abort)(ferry_backend *backend, ferry_error error);
    /* Forgets the exchange and closes the link, at once. */
    void (*close)(ferry_backend *backend);
    void (*destroy)(ferry_backend *backend);
    /* The stream beneath; NULL where there is none. */
    ferry_stream *(*get_stream)(const ferry_backend *backend);
    /* True for that one and for those that it is spoken over (TLS), and while the link is being
     * made for the one that it is made over: they live as long as the link. */
    bool (*owns_stream)(const ferry_backend *backend, const ferry_stream *stream);
    /* The stream beneath, which becomes the caller's: the link is CLOSED. BUSY, with a detail and
     * nothing changed, where an exchange is under way that is no tunnel, or where a tunnel holds
     * bytes that are not read or not sent, or was ended. */
    ferry_error (*take_stream)(ferry_backend *backend, ferry_stream **stream);
    /* Forgets the exchange: the link is as when it was opened. Errors as above. */
    ferry_error (*restart)(ferry_backend *backend);
} ferry_backend_ops;

struct ferry_backend {
    const ferry_backend_ops *ops;
    ferry_context *context;
    ferry_exchange *exchange; /* the client's memory, which only the backend in use writes */
    ferry_link link;
};

#endif
