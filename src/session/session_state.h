/* SPDX-License-Identifier: MIT */
/* session_state: what the files of this folder share. Nothing else includes it. Each calls those
 * below itself alone. What has happened below comes up by a table of functions:
 *
 *     session            options, polls, the end
 *     download           bodies that go to files: ferry_download_ops
 *     transfer_start     makes a transfer of a request
 *     download_state     what is known of such a file
 *     transfer_files     what a transfer does when the disk has got on
 *     exchange           one request over a connection: ferry_pool_events
 *     exchange_request   the request of a hop
 *     body_file          bodies of requests that are files
 *     response_body      where the bytes of a body go
 *     transfer_redirect  where a transfer goes next
 *     transfer           ends, retries, timers
 *     response           what a transfer keeps of a response
 *     session_disk       what the files of a session share
 *     pool               connections, kept while they are of use
 *     pool_serve         which transfer gets which
 *     pool_queue         who waits for one
 *     owner_body         the body of a request, from the program
 *     pooled             one connection
 *     pool_address       where the connections of an origin go
 *     pool_origin        where requests go that may share connections
 */
#ifndef FERRY_SESSION_SESSION_STATE_H
#define FERRY_SESSION_SESSION_STATE_H

#include "address_book.h"
#include "base/buffer.h"
#include "base/heap.h"
#include "base/list.h"
#include "client/runtime.h"
#include "client_options.h"
#include "cookie_jar.h"
#include "ferry_session.h"
#include "hash.h"
#include "place.h"
#include "rate.h"
#include "request_plan.h"
#include "session_runtime.h"

typedef struct ferry_pool_origin ferry_pool_origin;
typedef struct ferry_pool_connection ferry_pool_connection;
typedef struct ferry_download ferry_download; /* see download_state.h */

/* ---- Connections ---- */

/* Where requests go that may share connections: scheme, host, port, and how TLS is spoken. */
struct ferry_pool_origin {
    ferry_pool_origin *next; /* in its bucket of the table */
    uint64_t hash;
    char *
        key; /* see origin_key.h: the text of `host` is in it, and what TLS options it has itself */
    size_t key_length;
    ferry_span place;     /* scheme, host and port, in the key */
    ferry_span tls_bytes; /* in the key, or the session's own */
    const char *host;     /* "https://example.org" as connect_to_host takes it */
    int port;
    bool has_tls_options;
    ferry_tls_options tls;
    const char **pins;

    ferry_heap waiting;     /* transfers, by priority and age */
    ferry_heap renewing;    /* those that wait for a new connection; they go first */
    ferry_list_node idle;   /* connections, the one used last at the end */
    ferry_list_node making; /* connections, the one begun last at the end */
    ferry_list_node spare;  /* in session.spare: fewer transfers wait than connections are made */
    ferry_list_node turn;   /* in session.starved or .hungry: it waits for room among all */
    bool is_starved;
    size_t connections; /* idle, in use, or being made */
    size_t connecting;  /* being made */
    size_t streams;     /* in use for a response that lasts */
    size_t refusals;    /* attempts that failed since one was made, or given back */
    size_t holds;       /* calls that still look at it */

    size_t look_ups; /* connections being made that look its name up */
};

typedef enum ferry_pool_state {
    FERRY_POOL_CONNECTING,
    FERRY_POOL_IDLE,
    FERRY_POOL_IN_USE,
} ferry_pool_state;

struct ferry_pool_connection {
    ferry_poller_item item; /* what the poller finds ready */
    ferry_heap_node timer;  /* when the client must be polled, or an idle connection ends */
    ferry_list_node rest;   /* in origin.idle or .making */
    ferry_list_node aged;   /* in session.idle, the one that is idle longest first */
    ferry_list_node all;    /* in session.connections */
    ferry_session *session;
    ferry_client *client;
    ferry_pool_origin *origin;
    ferry_transfer *transfer; /* NULL unless it is IN_USE */
    ferry_pool_state state;
    uint64_t epoch; /* of the session, when it was made: an older one is not used again */
    int64_t made_us;
    int64_t idle_end_us; /* when an idle one is closed */
    int max_idle_ms;     /* what the server's Keep-Alive allows; -1: nothing is said */
    bool was_used;       /* a request has gone over it */
    bool is_kept;        /* and another one before the one that is under way */

    /* Since it was last watched it may have closed descriptors and opened others. It may as long as
     * it connects, and not after that. */
    bool has_new_descriptors;

    /* Of its response so much may be read while nobody polls; 0: nothing, or the poller knows. */
    int64_t max_ahead;

    bool is_keepalive; /* its request is counted by ferry_keepalive_begin() */
    bool is_stream;    /* counted in origin.streams */

    /* Its response is not read for now, and not waited for: who holds it back lets it go on. */
    bool is_paused;

    bool is_looking_up;     /* counted in origin.look_ups */
    bool has_known_address; /* it tries the origin's address alone */
};

/* What the pool tells of a transfer that waits for a connection, or has one. Each may submit it
 * again, withdraw it, or end it. */
typedef struct ferry_pool_events {
    /* It has a connection, and sends its request over it. CONNECT_AGAIN: the connection had ended,
     * and nothing was sent: the pool looks for another one. Other errors: the request cannot be
     * sent; on_failure then follows. */
    ferry_error (*on_connection)(ferry_transfer *transfer);
    /* Its connection can go on, maybe. */
    void (*on_ready)(ferry_transfer *transfer);
    /* It waits for a connection no more, and has none. The detail is in its context.
     * `may_send_again`: it may be another time. */
    void (*on_failure)(ferry_transfer *transfer, ferry_error error, bool may_send_again);
    /* It waits no more: it is to be submitted again after so many milliseconds. */
    void (*on_pause)(ferry_transfer *transfer, int64_t delay_ms);
} ferry_pool_events;

/* ---- Transfers ---- */

/* What a read of a body has come to. */
typedef enum ferry_read_result {
    FERRY_READ_MORE,    /* something came, or the exchange has ended: the status says which */
    FERRY_READ_NOTHING, /* nothing is there now */
    FERRY_READ_PAUSED,  /* nothing is to be read now */
    FERRY_READ_ENOUGH,  /* the rest of an error's page is not kept */
    FERRY_READ_OVER,    /* the transfer has given its connection back */
} ferry_read_result;

/* What becomes of a response. */
typedef enum ferry_response_use {
    FERRY_USE_NONE = 0,  /* its head is not seen yet */
    FERRY_USE_DELIVER,   /* the body goes where the request says */
    FERRY_USE_STATUS,    /* it is kept, to be read beside FERRY_ERROR_STATUS */
    FERRY_USE_REDIRECT,  /* it is followed */
    FERRY_USE_RETRY,     /* the request is sent again later */
    FERRY_USE_ANEW,      /* it continues nothing: the request is sent again, for the whole */
    FERRY_USE_WHOLE,     /* all bytes were there before it */
    FERRY_USE_UNCHANGED, /* the file at the path is as the server has it */
} ferry_response_use;

/* What a transfer does with a body that goes to a file: download.c, which programs carry that have
 * such transfers. */
enum { FERRY_DOWNLOAD_MAX_LINES = 5 };
typedef struct ferry_download_ops {
    /* Finds what there is of the file. *is_ready becomes false where that takes time: it is called
     * again then. */
    ferry_error (*prepare)(ferry_transfer *transfer, bool *is_ready);
    /* The lines of the next request, which stay until they are listed again. */
    ferry_error (*list_lines)(ferry_transfer *transfer, const char **lines, size_t *count);
    /* What becomes of a response; NONE: what becomes of others. */
    ferry_response_use (*judge)(const ferry_transfer *transfer);
    /* A body comes, or all of it is there: begins a new file, or goes on with the one that is
     * there.
     */
    ferry_error (*begin)(ferry_transfer *transfer);
    /* As ferry_response_read(), of `most` bytes at most. */
    ferry_read_result (*read)(ferry_transfer *transfer, size_t most);
    /* The body is complete: the file is put in its place, and then the transfer ends. */
    void (*complete)(ferry_transfer *transfer);
    /* The disk has got on with that. */
    void (*look)(ferry_transfer *transfer);
    /* The request is sent again later: keeps what can be continued. OUT_OF_MEMORY. */
    ferry_error (*pause)(ferry_transfer *transfer);
    /* What is there is of no use. */
    void (*begin_anew)(ferry_transfer *transfer);
    /* The transfer is to end so. True: not yet, for the file is removed first, or what has come of
     * it is written out. */
    bool (*settle)(ferry_transfer *transfer, ferry_error error);
    /* The transfer ends so. Lets go of the file, if there is one. */
    void (*abandon)(ferry_transfer *transfer, ferry_error error);
    /* Frees what there is for the transfer. */
    void (*deinit)(ferry_transfer *transfer);
} ferry_download_ops;

/* ---- Limits of bytes a second: throttle.c ---- */

typedef enum ferry_way {
    FERRY_WAY_IN,  /* bodies of responses */
    FERRY_WAY_OUT, /* bodies of requests */
    FERRY_WAYS,
} ferry_way;

/* A transfer's own, one way. */
typedef struct ferry_throttle {
    ferry_rate rate;
    int64_t counted;         /* of what the client has moved in this exchange */
    ferry_list_node waiting; /* in line.waiting */
    int64_t pass_us;         /* when the first in the line lets others pass; 0: it is not the first,
                                or has just asked */
    ferry_transfer *transfer;
} ferry_throttle;

/* The session's, one way. */
typedef struct ferry_line {
    ferry_rate rate;
    ferry_list_node waiting; /* throttles of those that wait for their turn */
} ferry_line;

/* The rest of a request's body that is limited: feed.c. */
typedef struct ferry_feed ferry_feed;

typedef enum ferry_transfer_state {
    FERRY_TRANSFER_WAITING,   /* for a connection */
    FERRY_TRANSFER_PREPARING, /* its files are looked at, before the request is sent */
    FERRY_TRANSFER_RUNNING,   /* over a connection */
    FERRY_TRANSFER_DELAYED,   /* until its timer: it is tried again then */
    FERRY_TRANSFER_STORING,   /* the response is complete, its file is not yet */
    FERRY_TRANSFER_DONE,
} ferry_transfer_state;

struct ferry_transfer {
    ferry_session *session; /* NULL: the session is gone */
    ferry_transfer_state state;
    ferry_list_node all;      /* in session.transfers */
    ferry_list_node finished; /* in session.finished, until next_done has given it */
    ferry_list_node news;     /* in session.news: functions are to be called */
    ferry_heap_node queue;    /* in origin.waiting or .renewing */
    ferry_heap_node timer;    /* in session.transfer_timers: the end of a delay, or of total_ms */
    int64_t delay_end_us;     /* where it is DELAYED */
    int64_t retry_ms;         /* where the use is RETRY: how long to wait before */
    unsigned holds;           /* calls of functions under way, and polls that look at it */
    bool is_detached;
    bool is_freed; /* by its owner; its memory goes with the last hold */

    ferry_request_plan plan;
    ferry_place place;
    ferry_pool_origin *origin;
    ferry_pool_connection *connection;

    ferry_hash *hash; /* of the body so far; NULL: it may be any */
    ferry_hash_kind hash_kind;
    const ferry_download_ops *download; /* NULL: the body goes to no file */
    char *path;
    struct ferry_disk_file *file;     /* NULL: there is none now */
    ferry_download *saved;            /* what is known of it; NULL: the body goes to no file */
    struct ferry_disk_source *source; /* the request's body; NULL: it is no file */
    int64_t source_taken;             /* of it, by the client */
    ferry_list_node storing;          /* in session.storing: it waits for the disk */

    ferry_throttle throttles[FERRY_WAYS];
    ferry_feed *feed; /* NULL: the client has all of the request's body */

    /* What is under way. */
    ferry_response_use use; /* of the response whose head is seen */
    int redirects;
    int retries;
    int stale_tries;      /* new connections that had ended before a request was sent */
    bool needs_new;       /* a kept connection has failed it: it waits in origin.renewing */
    bool is_first_origin; /* credentials and the caller's headers still go along */
    bool becomes_get;     /* a redirect has turned the method to GET, without a body */
    bool was_sent;        /* the body has been read from: it is rewound before it is sent again */
    bool has_delivered;   /* body bytes have gone where they cannot be called back from */
    bool has_progress;
    bool is_unchanged;
    bool needs_done_call;
    bool is_static; /* what there is where no memory is for another one */
    int64_t started_us;
    int64_t deadline_us; /* of total_ms; INT64_MAX: none */

    /* What comes out. */
    ferry_error error;
    int code;
    char *cookie_line; /* the jar's and the request's, of the latest request; NULL: none */
    char *head;        /* the block of header lines; see response_head.c */
    const char *const *header_lines;
    size_t header_count;
    const char *reason; /* in the block; NULL: there is no response */
    int http_version;
    char peer[80];          /* the address of who has answered; "": not known */
    bool is_over_reused;    /* another request had gone over its connection */
    bool has_finished_body; /* owner_writes: it is said that the body is complete */
    int64_t bytes_sent;     /* of the body, where the connection is no more */
    char *body;             /* in memory; NULL: nothing is kept */
    size_t body_length;
    size_t body_capacity;
    int64_t body_bytes; /* wherever they went, with those that were there before */
    int64_t resumed_bytes;
    int64_t body_total;
    ferry_transfer_timings timings;

    /* Its own, since it may outlive the session: memory, and the detail. It is the last member, for
     * most of the detail is never looked at. */
    ferry_context context;
};

struct ferry_session {
    ferry_context context; /* memory, and the last detail */
    ferry_client_options_copy *client_options;
    ferry_buffer tls_key; /* the session's own options, as origin_key.h writes them */
    uint64_t tls_hash;    /* of it */
    const char **tls_pins;
    ferry_tls_options tls;
    ferry_tls_cache *tls_cache; /* of all who bring none of their own; NULL: no TLS */
    char *base_url;
    char *http_proxy; /* as ferry_client_set_http_proxy() takes them */
    char *https_proxy;
    int http_proxy_port;
    int https_proxy_port;
    ferry_cookie_jar *cookies; /* the program's; called by its ops alone. NULL: none */
    ferry_error bad_option;    /* why no transfer can start, which the context's detail says */
    bool https_only;
    int max_per_origin;
    int max_streams_per_origin; /* negative: none */
    int max_connections;
    int max_idle_ms;
    int total_ms;
    size_t max_memory_bytes;
    int64_t poll_budget_us; /* negative: none */

    const ferry_pool_events *events;
    void (*advance_connection)(ferry_poller_item *item); /* where a connection's is ready */
    ferry_poller *poller;
    ferry_list_node ready;       /* items of connections that can go on */
    ferry_list_node connections; /* all of them */
    ferry_list_node idle;        /* the one that is idle longest first */
    ferry_list_node spare;       /* origins that make more connections than they need */
    ferry_list_node starved;     /* origins without a connection that wait for room */
    ferry_list_node hungry;      /* origins with some that wait for room for more */
    ferry_list_node paused;      /* items of connections whose bodies wait for memory */
    ferry_line lines[FERRY_WAYS];
    ferry_list_node transfers; /* all that are not freed */
    void *reserve;             /* for one that fails since there is no memory; NULL: it is in use */
    ferry_list_node finished;
    ferry_list_node news;
    ferry_list_node storing;                   /* transfers that wait for the disk */
    struct ferry_disk *disk;                   /* NULL until it is needed */
    void (*on_disk)(ferry_transfer *transfer); /* it has got on */
    ferry_poller_item disk_item;
    ferry_heap connection_timers;
    ferry_heap transfer_timers;
    ferry_pool_origin **buckets;
    size_t bucket_count; /* a power of two */
    size_t origin_count;
    ferry_address_book addresses;
    ferry_buffer key_scratch;
    uint64_t last_order;
    uint64_t epoch;
    int64_t now_us; /* read once for each step */
    int64_t poll_end_us;
    bool is_polling;
    bool is_freed;   /* takes effect when the poll returns */
    bool is_closing; /* what is freed goes to nobody who waits */
    bool is_woken;   /* a poll that may not sleep has seen it: it is for the next one that may */
    size_t unfinished;
    ferry_session_counters counters;
};

/* Every time-out that runs ends later by the time for which the page was hidden: hidden_time.c. */
void ferry_session_pass_over_hidden(ferry_session *session);

/* Reads the clock, unless a poll does: for calls of the program's own. */
static inline void ferry_session_note_time(ferry_session *session) {
    if (!session->is_polling) {
        session->now_us = ferry_runtime_now_us();
        ferry_session_pass_over_hidden(session);
    }
}

/* True where the poll has worked for as long as it may. */
static inline bool ferry_session_is_out_of_time(const ferry_session *session) {
    return session->poll_budget_us >= 0 && ferry_runtime_now_us() >= session->poll_end_us;
}

/* Connections whose bodies wait for memory look again. */
static inline void ferry_session_resume_paused(ferry_session *session) {
    ferry_list_append_all(&session->ready, &session->paused);
}

#endif
