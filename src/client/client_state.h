/* SPDX-License-Identifier: MIT */
/* client_state: what the files of this folder share. Nothing else includes it. */
#ifndef FERRY_CLIENT_STATE_H
#define FERRY_CLIENT_STATE_H

#include "proxy_select.h"
#include "runtime.h"
#include "url/authority.h"

#include <stdatomic.h>

/* What the method is where there is no request. */
enum { FERRY_NO_REQUEST = FERRY_METHOD_MAX + 1 };

/* When what has happened, by ferry_runtime_now_us(); -1: not yet, or it is not known. */
typedef struct ferry_client_times {
    int64_t connect_us; /* connecting began */
    int64_t resolved_us;
    int64_t connected_us;
    int64_t ready_us;
    int64_t request_us;
    int64_t sent_us;
    int64_t first_byte_us;
    int64_t end_us;
} ferry_client_times;

struct ferry_client {
    ferry_context context;
    ferry_exchange exchange; /* the backend in use writes it, and nobody else: read it only */
    ferry_backend *platform_backend; /* the platform's; made at the first connect_to_host */
    ferry_backend *stream_backend;   /* over the caller's stream; NULL where there is none */
    ferry_backend *backend;          /* the one in use: one of the two, or NULL */
    ferry_status status;
    ferry_error error;
    bool was_connected; /* since it was made or closed */

    /* In blocking mode, sleeps until the client can go on: an error of waiting, or FERRY_OK. NULL
     * where the mode is off. */
    ferry_error (*sleep)(ferry_client *client);

    /* What ends such a sleep from another thread: made when blocking mode is first switched on, and
     * kept until the client is freed, since that thread may be about to use it. */
    _Atomic(ferry_wakeup *) wakeup;
    void (*free_wakeup)(ferry_context *context, ferry_wakeup *wakeup);
    atomic_bool is_woken; /* and no call has ended on that account yet */

    bool write_was_short; /* the last write left bytes with the caller */
    bool reader_waits;    /* the last read found nothing: more of the body is wanted */
    bool writer_waits;    /* the last write was not taken whole for want of room */
    bool has_finished;    /* the program has said of a body that was whole that it is */
    size_t unseen_bytes;  /* written since it was last looked what the server says */
    size_t read_chunk_size;
    char *chunk;     /* of read_chunk_size bytes; NULL until it is needed */
    size_t budget;   /* body bytes that may yet be read before the next poll; 0 also once reads have
                        taken their time */
    int64_t read_us; /* which reads have taken since the last poll */

    ferry_timeouts timeouts;      /* the defaults filled in; -1: none */
    ferry_timeouts own_timeouts;  /* those of a request that brought some, the client's filled in */
    const ferry_timeouts *limits; /* which of the two hold for the exchange */
    int64_t connect_since_ms;
    int64_t request_since_ms;
    int64_t sent_since_ms; /* -1: the request is not sent yet */
    int64_t idle_since_ms;
    uint64_t moved_seen;   /* of context.bytes_moved */
    bool is_programs_turn; /* to move the next byte, when the time was last looked at */

    ferry_client_times times;
    bool times_are_final;  /* those of the latest exchange */
    ferry_link_facts link; /* of the connection that there is, or was */
    unsigned requests;     /* that have gone over it */

    ferry_proxy_select *proxy_select; /* NULL: every origin is dialled as it is named */
    bool is_proxied;                  /* what is connected to is the proxy, or will be */
    bool is_absolute;                 /* and it is the proxy that reads the requests */
    ferry_buffer proxy_authorization; /* what it is told then */
    const char *const *proxy_headers; /* and these lines, which proxy_select keeps; NULL: none */

    ferry_method method;    /* of the latest request; MAX: another one; FERRY_NO_REQUEST */
    ferry_buffer url;       /* where it went, and NUL */
    ferry_buffer host;      /* the host, as the platform looks it up, and NUL */
    ferry_buffer authority; /* the same as Host has it, and NUL */
    ferry_buffer url_base;  /* "http://" and the authority */
    ferry_span user_agent;  /* what User-Agent says; empty: it is not sent */
    char *own_user_agent;   /* which that is, where the program gave one */
    const char *bad_option; /* what is wrong with an option that no call before could refuse, as a
                               sentence; NULL: nothing */
    ferry_fetch_options fetch;
    char *integrity; /* what fetch.integrity points to */
};

/* Follows the link and the exchange with the status. Returns the client's error. */
ferry_error ferry_client_update(ferry_client *client);

/* Puts the client into a failed status, which lasts until connect_to_host or close. */
ferry_error ferry_client_fail(ferry_client *client, ferry_status status, ferry_error error);

/* The status after connecting has failed with the error. */
ferry_status ferry_client_get_failed_status(const ferry_client *client, ferry_error error);

/* Forgets the request, where it went, what is waited for, and when what of it happened. */
void ferry_client_forget_request(ferry_client *client);

/* Those that hold for the next exchange: the request's own, or NULL. */
void ferry_client_choose_timeouts(ferry_client *client, const ferry_timeouts *own);

/* Drops the connection and all that is under way. */
void ferry_client_drop(ferry_client *client);

void ferry_client_set_status(ferry_client *client, ferry_status status);

/* What the backend waits for, as ferry_client_get_waits(); and until when, INT64_MAX: no such time.
 */
size_t ferry_client_list_waits(const ferry_client *client, ferry_wait *waits, size_t capacity,
                               int64_t *deadline_ms);

/* How long that is from now, the client's own timers counted; -1: there is no such time. */
int ferry_client_remaining_ms(const ferry_client *client, int64_t deadline_ms);

/* True where a poll or a read gets on without anything from outside. */
bool ferry_client_can_go_on(const ferry_client *client);

/* Applies the time-outs, by a clock that is read now: to be called behind the work, so that what
 * the work took is not taken for idleness. `has_tried` says that the work was to try what the
 * client waits for. Reads no clock where no timer can run. Returns the client's error. */
ferry_error ferry_client_check_time(ferry_client *client, bool has_tried);

/* Keeps the times of what has happened by then. */
void ferry_client_record_times(ferry_client *client, int64_t now_us);

/* Lets the backend work, then applies the time-outs. Returns the client's error. */
ferry_error ferry_client_step(ferry_client *client);

/* In blocking mode, goes on until the client is connected, has a response, or awaits the program's
 * next piece of a body. Returns the client's error, or one of waiting. */
ferry_error ferry_client_block(ferry_client *client);

/* Makes the platform's backend ready for an origin. What can fail without the network does so
 * here, before the connection that there is goes. */
ferry_error ferry_client_prepare(ferry_client *client, const ferry_origin *origin);

/* Makes room for any origin's texts, so that ferry_client_open() can note one that has a stream. */
ferry_error ferry_client_make_room(ferry_client *client);

/* INVALID_PARAMETER where the client was made with options that cannot be used. */
ferry_error ferry_client_check_options(ferry_client *client);

/* Connects to the origin, whose host the authority holds. Its stream is taken, once there is room.
 */
ferry_error ferry_client_open(ferry_client *client, const ferry_authority *authority,
                              ferry_origin *origin);

/* Notes the authority of the connection for Host and for URLs. OUT_OF_MEMORY. */
ferry_error ferry_client_set_authority(ferry_client *client, const char *authority, bool secure);

/* True where only the caller can go on: with a streamed body that is not finished. */
static inline bool ferry_client_awaits_caller(const ferry_client *client) {
    const ferry_exchange *exchange = &client->exchange;
    bool waits = client->status == FERRY_STATUS_REQUESTING ||
                 (client->status == FERRY_STATUS_BODY && exchange->response_ended);
    return waits && exchange->awaits_body;
}

/* True in BODY where the response has been read, and what is left is the peer's to take. */
static inline bool ferry_client_awaits_upload(const ferry_client *client) {
    return client->status == FERRY_STATUS_BODY && client->exchange.response_ended &&
           !client->exchange.awaits_body;
}

static inline bool ferry_client_has_failed(const ferry_client *client) {
    return client->error != FERRY_OK;
}

#endif
