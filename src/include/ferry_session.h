/* SPDX-License-Identifier: MIT */
/* ferry_session: requests by URL, many at once. */
#include "ferry.h" /* which includes this file where it has its place */

#ifndef FERRY_SESSION_H
#define FERRY_SESSION_H

#ifdef __cplusplus
extern "C" {
#endif

/*
 * A URL goes in, a body comes out, the same natively and on the web:
 *
 *     ferry_session *session = ferry_session_new(NULL);
 *     ferry_transfer *level = ferry_session_get(session, "https://cdn.example.org/level1.pak");
 *     while (running) {
 *         ferry_session_poll(session, 0);
 *         if (level && ferry_transfer_is_done(level)) {
 *             size_t length;
 *             const void *body = ferry_transfer_get_body(level, &length);
 *             if (ferry_transfer_is_ok(level)) load(body, length);
 *             else show(ferry_transfer_get_error_detail(level));
 *             ferry_transfer_free(level), level = NULL;
 *         }
 *         draw();
 *     }
 *
 * What ferry.h says under "Conventions" holds here too. One thread at a time uses a session and its
 * transfers; only ferry_session_wake() may be called from any thread.
 */

/* ---- Sessions ----------------------------------------------------------------------------- */

/* Makes transfers, and keeps connections for them. */
typedef struct ferry_session ferry_session;

/* One request by URL with all that it takes: redirects, connections that had ended, retries. */
typedef struct ferry_transfer ferry_transfer;

typedef struct ferry_session_options {
    /* For every connection. Copied, but for what `log_ctx` and the allocator's `ctx` point to.
     * Its `fetch` is for each request that brings none of its own. If timeouts.idle_ms is 0, it is
     * 30,000 here. keep_content_coding and proxy_from_environment hold as they do for a client. */
    ferry_client_options client;

    /* How to speak TLS where a request does not say so itself. Copied, except for the cache. NULL:
     * zeroed options. On the web it must be NULL. */
    const ferry_tls_options *tls;

    /* An absolute URL, to which those of requests are relative. Copied. NULL: natively each URL
     * must be absolute; on the web they are relative to the page's, where there is a page. */
    const char *base_url;

    /* "http://user:password@proxy:3128": see ferry_client_set_http_proxy(), which takes host and
     * port apart. For http:// and for https:// URLs. Copied. NULL: what
     * client.proxy_from_environment says. On the web both must be NULL. */
    const char *http_proxy;
    const char *https_proxy;

    /* Where cookies are kept. The jar is the program's, may be shared by several sessions of one
     * thread, and must outlive them. A request with a Cookie line of its own gets none of the
     * jar's, at no origin. NULL: Set-Cookie is ignored. On the web it must be NULL:
     * FERRY_ERROR_UNAVAILABLE otherwise, since the browser has cookies of its own (see
     * ferry_fetch_options.credentials). */
    ferry_cookie_jar *cookies;

    /* Refuse http:// URLs, those of redirects too. */
    bool https_only;

    /* The most connections to one origin, and to all of them. Defaults 6 and 64. On the web, where
     * connections are the browser's, the most requests at once: 256 for both. */
    int max_connections_per_origin;
    int max_connections;

    /* How many event streams to one origin do not count among max_connections_per_origin, since
     * they last: responses with 200 whose Content-Type is text/event-stream, from their head on.
     * Those beyond it count like others, and all count among max_connections. Default 6; negative:
     * none. A browser has no such allowance: over HTTP/1.1 six streams to an origin, from all of
     * its pages, keep all other requests to it waiting. */
    int max_event_streams_per_origin;

    /* How long a connection is kept that nobody uses. Default 60,000; negative: it is closed at
     * once. Ignored on the web. */
    int max_idle_ms;

    /* The most bytes of bodies that all transfers together keep in the library's memory. When so
     * many are kept, all but the oldest transfer pause. Default 256 MiB. In a hidden page, which
     * gets no frames, JavaScript goes on reading bodies that go to memory or files, each up to its
     * own limit, until as much again waits for the next poll. */
    size_t max_memory_bytes;

    /* As in ferry_session_request, for all transfers together. They have turns of a sixteenth of a
     * second. 0: no limit. */
    int64_t max_bytes_per_second;

    /* How long one ferry_session_poll() works at most, in microseconds. It ends with the piece of
     * work during which this time passes, which takes up to a millisecond. A program that polls
     * seldom gives it more: 2 ms of reading are some MB. Default 2,000; negative: no limit. */
    int poll_budget_us;
} ferry_session_options;

/* A new session. `options` may be NULL. Returns NULL if there is no memory. If an option is wrong,
 * every transfer fails and says which. */
ferry_session *ferry_session_new(const ferry_session_options *options);

/* Cancels all transfers, calls none of their functions, closes all connections and frees the
 * session. Transfers that are not freed yet stay readable: those that were not done have failed
 * with FERRY_ERROR_ABORTED. From a function of a transfer's this takes effect when
 * ferry_session_poll() returns. NULL is legal. */
void ferry_session_free(ferry_session *session);

/* Works for all transfers, as long as poll_budget_us allows. 0 never waits. Otherwise, if there is
 * nothing to do, it first sleeps until there is, for `timeout_ms` at most (negative: for as long as
 * it takes, but not without a transfer). Calls functions of transfers. Returns how many transfers
 * are not done. On the web only builds with Asyncify or JSPI, and pthreads other than the main one,
 * can sleep; elsewhere the time is taken for 0. */
size_t ferry_session_poll(ferry_session *session, int timeout_ms);

/* Gives each transfer once that is done, in the order in which they were; NULL: there is none now.
 * Those that are detached are not given, and neither is the one that stands for several
 * without memory: see ferry_session_start(). */
ferry_transfer *ferry_session_next_done(ferry_session *session);

/* From any thread: the poll that sleeps returns. If none sleeps, the next one that would does
 * not. */
void ferry_session_wake(ferry_session *session);

/* Cancels all transfers that are not done: they fail with FERRY_ERROR_ABORTED. */
void ferry_session_cancel_all(ferry_session *session);

/* Drops the connections that nobody uses now, those in use once they are free, and the addresses of
 * names, which are kept for a minute: for a program that has learnt that the machine is in another
 * network. */
void ferry_session_network_changed(ferry_session *session);

/* For programs with an event loop of their own: what a poll would sleep on, natively one descriptor
 * (epoll) or several. As ferry_client_get_waits() and ferry_client_get_wait_timeout_ms(). */
size_t ferry_session_get_waits(const ferry_session *session, ferry_wait *waits, size_t capacity);
int ferry_session_get_wait_timeout_ms(const ferry_session *session);

typedef struct ferry_session_counters {
    size_t transfers_active; /* with a connection */
    size_t transfers_queued; /* waiting for one, or for the time of a retry */
    size_t connections_open; /* in use, idle, or being made */
    size_t connections_idle;
    uint64_t connections_made;   /* since the session was made */
    uint64_t connections_reused; /* how often a request went over one that was there */
    uint64_t bytes_received;     /* of bodies, as they came */
    size_t memory_bytes;         /* of bodies that are kept now */
} ferry_session_counters;

void ferry_session_get_counters(const ferry_session *session, ferry_session_counters *counters);

/* ---- Requests by URL ---------------------------------------------------------------------- */

/* Whether a request may be sent a second time, if it may have been carried out already. */
typedef enum ferry_send_again {
    FERRY_SEND_AGAIN_BY_METHOD = 0, /* idempotent methods may (RFC 9110 section 9.2.2) */
    FERRY_SEND_AGAIN_YES = 1,
    FERRY_SEND_AGAIN_NO = 2,
} ferry_send_again;

/* Called by ferry_session_poll() alone. Each may call whatever it likes, and free its own transfer
 * or another one. */
typedef struct ferry_transfer_functions {
    /* The final response's head is there: code and headers can be read. Any other result than
     * FERRY_OK ends the transfer with that error. Called again if the body begins anew. */
    ferry_error (*on_head)(void *ctx, ferry_transfer *transfer);

    /* The head of a redirect that is to be followed is there: code, headers and URL are its own
     * until the next one is sent. Results as on_head. Never called on the web, where the browser
     * follows redirects. */
    ferry_error (*on_redirect)(void *ctx, ferry_transfer *transfer);

    /* The next bytes of the body, which is then not kept. Results as on_head. */
    ferry_error (*on_data)(void *ctx, ferry_transfer *transfer, const void *data, size_t length);

    /* Bytes were moved; at most once in each poll. */
    void (*on_progress)(void *ctx, ferry_transfer *transfer);

    /* The transfer is done. Called exactly once, but not for one that was freed before. */
    void (*on_done)(void *ctx, ferry_transfer *transfer);
} ferry_transfer_functions;

/* Zeroed but for `url`: a GET whose body is kept in memory. Everything is read during the call and
 * copied, but for what says otherwise. */
typedef struct ferry_session_request {
    const char *url; /* absolute, or relative to base_url */
    ferry_method method;
    const char *method_name;    /* as in ferry_request */
    const char *const *headers; /* lines "Name: value", ended by NULL; NULL: none */

    /* The request's body. It is borrowed until the transfer is done, unless copy_body is set. */
    const void *body;
    size_t body_length;
    bool copy_body;

    /* Or a function gives the body: see ferry_request.body_read. body_rewind begins anew, for
     * redirects and retries; without it a request that would have to be sent again fails. They are
     * called in the middle of sending, also by the call that starts the transfer, and must not call
     * the session nor any transfer of its own, but for ferry_session_wake(). A body that cannot be
     * given is an error that they return. */
    ferry_body_read body_read;
    ferry_error (*body_rewind)(void *ctx);
    void *body_ctx;
    int64_t body_read_length; /* negative: not known. On the web it is not looked at. */

    /* Or the program writes the body, with ferry_transfer_write(), as it gets it from elsewhere;
     * body_read_length says how long it is. A request that would have to be sent again after the
     * first byte was written fails. */
    bool owner_writes;

    /* Or the content of the file at this path is the body: a regular file. It is opened before
     * anything is sent, its size then is Content-Length, and it is sent from its beginning again
     * for redirects and retries. A thread of the session's reads ahead, 1 MiB at most; its memory
     * comes from the C library. FERRY_ERROR_FILE: it cannot be opened (then nothing is sent) or
     * read; or it has become longer or shorter since it was opened, which is known before its last
     * byte is sent. On the web files are Emscripten's, of JavaScript's FS, which is there where the
     * program uses files otherwise (or -sFORCE_FILESYSTEM). They are read as a poll's time allows,
     * and all of the body is in memory before it is sent, since fetch() takes it as a whole: no
     * more than 1 or 2 GiB, by the browser. Copied. */
    const char *body_file;

    /* Where the response's body goes, if not to memory of the library's: to the caller's memory,
     * which must stay until the transfer is done; a body that is longer is FERRY_ERROR_TOO_LARGE.
     * Or to functions.on_data. Or it is read with ferry_transfer_read(). */
    void *dst;
    size_t dst_capacity;
    bool owner_reads;

    ferry_transfer_functions functions;
    void *ctx; /* their first argument, and ferry_transfer_get_ctx() */

    /* A final status outside of 2xx is a success too. Without it the transfer ends with
     * FERRY_ERROR_STATUS; code, headers and body can be read all the same, but on_data and `dst`
     * get nothing. */
    bool any_status;

    /* Authorization, Cookie and all other headers go with redirects to other origins, too. */
    bool headers_follow;

    /* Redirects from https to http are followed. */
    bool allow_downgrade;

    int priority; /* higher ones go first; the default is 0 */

    /* The most redirects that are followed. 0: 20; negative: none, and a redirect is a final
     * response. On the web the browser follows up to 20 whatever is set here; negative is
     * FERRY_FETCH_REDIRECT_MANUAL. */
    int max_redirects;

    /* After a redirect with this code a POST stays a POST, with its body. Otherwise it becomes a
     * GET, as the Fetch standard says. (307 and 308 keep every method.) On the web the browser
     * follows redirects, and these are ignored. */
    bool post_after_301;
    bool post_after_302;
    bool post_after_303;

    /* For a last word that shall arrive although the page is left, such as a score. On the web the
     * request goes out at once, whatever waits, with fetch's keepalive flag. Its body must be in
     * memory (FERRY_ERROR_UNAVAILABLE), and browsers bound what all such requests of a page that
     * are under way send: a body that would make it more than 65,536 bytes is
     * FERRY_ERROR_TOO_LARGE. The page that is left sees no response. Natively it means nothing
     * special: a transfer is sent as soon as there is a connection in any case. */
    bool keepalive;

    /* How often the request is sent again after a failed connection or a response with 408, 429,
     * 502, 503 or 504: after a second, then two, then four, up to 30, each by chance up to a
     * quarter shorter, or after what Retry-After says. 0: twice; negative: never. (A kept
     * connection that had ended before a byte of the response came is another thing: the request
     * goes out once more on a new one, if send_again allows it.) */
    int max_retries;

    /* The longest time that Retry-After may ask for; if it is longer, the response is final.
     * 0: 60,000. */
    int max_retry_after_ms;
    ferry_send_again send_again;

    /* What the body must be: "sha256-", "sha384-" or "sha512-" and the base64 of the digest, one or
     * more, separated by spaces; the strongest kind counts (Subresource Integrity section 3). If it
     * is another, the transfer fails with FERRY_ERROR_INTEGRITY, and no file is put in its place;
     * on_data has had the bytes by then. With FERRY_ERROR_STATUS nothing is compared. On the web
     * fetch() does it, holds the body back until it is complete, and says only that it failed:
     * FERRY_ERROR_NETWORK_OR_CORS. In a build without TLS: FERRY_ERROR_UNAVAILABLE. NULL: any. */
    const char *integrity;

    /* How many bytes of bodies are received in a second, and how many are sent, at most: of the
     * response as it comes, before its codings are undone, and of the request. Reading pauses, and
     * the server is held back by its connection; no time-out counts the pause. What can be read at
     * once is a sixteenth of a second's (16 KiB with a coding), and a program that polls late
     * catches up with a quarter of a second. On the web sending is not limited, since a browser
     * takes a request's body as a whole, and it goes on receiving until its own buffers are full,
     * which may hold some MB: what is limited is what the program gets, and the server is held back
     * then. 0: no limit, but the session's. */
    int64_t max_bytes_per_second;

    /* Of the response; 0: 64 MiB in memory, no limit elsewhere. If the body has more, the transfer
     * fails with FERRY_ERROR_TOO_LARGE. With FERRY_ERROR_STATUS as much of it is kept, 64 MiB at
     * most, and the rest is cut off. */
    int64_t max_body_bytes;
    int64_t expected_bytes; /* what the body's length must be; 0: any */

    /* Authorization for the first origin. A bearer token (RFC 6750), or user and password (Basic,
     * RFC 7617). A URL's own user and password are taken natively; on the web, where fetch()
     * refuses them, they are FERRY_ERROR_INVALID_PARAMETER. */
    const char *bearer;
    const char *user;
    const char *password;

    /* For downloads to files, by GET without a body: if the transfer fails, what has come stays,
     * and a later one goes on from there. It stands beside `path`: the bytes as PATH.ferry-part;
     * URL, validator and length as PATH.ferry-note. Both only their owner may read. They are used
     * if the URL is the same one, and as the end of ferry_session_start_download() says; the part
     * is hashed for `integrity` before the request is sent. All requests ask for no content coding.
     * 416 that says that the part is the whole is success; ferry_transfer_get_response_code() gives
     * it.
     *
     * Nothing stays where the response has no strong validator, and after FERRY_ERROR_INTEGRITY,
     * _TOO_LARGE and _INVALID_DATA, since a part would not help. FERRY_ERROR_FILE: another
     * transfer, of this process or another, has the part: it holds a lock (flock()) from before the
     * request until it ends (a moment longer if it is cancelled); or PATH.ferry-part is a link, has
     * a second name, or is not the user's own. A PATH.ferry-note of that kind, or one that is not
     * whole, is none. Where the file system has no locks nothing is kept. What a machine that loses
     * power has kept may have holes: `integrity` finds them.
     *
     * FERRY_ERROR_INVALID_PARAMETER: it is no download, no such GET, or `headers` has Range,
     * Accept-Encoding or a condition. On the web sessions of one module keep out of each other's
     * way, the browser chooses the coding, and with `integrity` the file begins anew, since fetch()
     * would compare the rest alone. */
    bool resume;

    /* For downloads to files, by GET without a body: the file at `path` is fetched if the server
     * has another one. 304 is then success, the file is not touched, and
     * ferry_transfer_is_unchanged() is true. ETag and Last-Modified are kept beside the file, as
     * PATH.ferry-info, with its URL, size and modification time. If that is of another URL, or the
     * file has another size or time, the whole file is asked for. If there is none, the file's
     * modification time is sent (If-Modified-Since), as curl's -z FILE does: that is right for a
     * file that was whole and current then, by a clock that was right. No file that contradicts
     * `integrity` or expected_bytes counts as current; on the web none does with `integrity`.
     * FERRY_ERROR_INVALID_PARAMETER as above. */
    bool if_changed;

    /* Cookies that go along with the jar's, "a=b; c=d": to the first origin, unless headers_follow
     * is set. Not together with a Cookie line in `headers`. On the web it must be NULL. */
    const char *cookies;

    const ferry_tls_options *tls;     /* copied, except for the cache; NULL: the session's */
    const ferry_fetch_options *fetch; /* on the web; NULL: the session's */
    const ferry_timeouts *timeouts;   /* a member that is 0 is the session's. total_ms is for the
                                         whole transfer, redirects and retries included. On the
                                         web the time for which the page is hidden is not counted
                                         (in a Web Worker nobody knows of it) */
} ferry_session_request;

/* Starts a transfer. Never returns NULL: bad input, and no memory, give a transfer that has failed
 * and says why. (A session keeps memory for one transfer that fails for lack of it. Others that
 * fail so before that one is freed are one transfer, which calls no function; to free it does
 * nothing.) What can begin begins at once: the look-up, or the request over a kept connection, or
 * the fetch(). The transfer is the caller's, until ferry_transfer_free() or
 * ferry_transfer_detach(). */
ferry_transfer *ferry_session_start(ferry_session *session, const ferry_session_request *request);

/* Short ways to start. Forms are sent as application/x-www-form-urlencoded, text as
 * application/json. */
ferry_transfer *ferry_session_get(ferry_session *session, const char *url);
ferry_transfer *ferry_session_post_form(ferry_session *session, const char *url,
                                        const ferry_field *fields, size_t count);
ferry_transfer *ferry_session_post_json(ferry_session *session, const char *url, const char *json);

/* The same with a body that goes to a file. The bytes go to a new file beside `path`, with its name
 * and ".part-" and a number, which only its owner may read. When the body is complete, the new file
 * is synced and takes the place of what is at `path`, with the permissions of the old file if there
 * was one. If the transfer fails, or is cancelled, the new file is removed, and the old one stays
 * as it was; unless it is cancelled, or total_ms ends, while the complete file takes its place:
 * then it may stay there. A thread of the session's makes all calls that may wait for a disk; its
 * memory comes from the C library. `path` is copied. FERRY_ERROR_FILE: the file cannot be written;
 * the detail has the system's words. On the web files are Emscripten's, in memory as a rule: they
 * do not outlive the page.
 *
 * If a GET is tried again after its connection has ended amid the body, only the rest is asked for
 * (Range), at the request's own URL, where the response had a strong validator: an ETag without
 * "W/", or else a Last-Modified that is a minute older than its Date; and had no content coding. A
 * 206 is taken for the rest if offset, length, total and validator are right. After anything else
 * the file begins anew, and `integrity` is about the whole of it in any case. See
 * ferry_session_request.resume for what outlives the transfer. */
ferry_transfer *ferry_session_download(ferry_session *session, const char *url, const char *path);
ferry_transfer *ferry_session_start_download(ferry_session *session,
                                             const ferry_session_request *request,
                                             const char *path);

/* ---- Transfers ---------------------------------------------------------------------------- */

/* Cancels the transfer if it is not done, and frees it. None of its functions is called any more.
 * NULL is legal. */
void ferry_transfer_free(ferry_transfer *transfer);

/* The session frees the transfer when it is done and on_done was called. */
void ferry_transfer_detach(ferry_transfer *transfer);

/* Ends the transfer with FERRY_ERROR_ABORTED, unless it is done. */
void ferry_transfer_cancel(ferry_transfer *transfer);

/* Polls the session until the transfer is done, for `timeout_ms` at most (negative: for as long as
 * it takes). Returns the transfer's error once it is done.
 *
 * FERRY_ERROR_TIMEOUT: it is not done yet (or has failed so: see ferry_transfer_is_done()).
 * FERRY_ERROR_UNAVAILABLE: this platform cannot sleep: poll once a frame.
 * FERRY_ERROR_ABORTED: ferry_session_wake() was called. */
ferry_error ferry_transfer_wait(ferry_transfer *transfer, int timeout_ms);

bool ferry_transfer_is_done(const ferry_transfer *transfer);

/* True if it is done without an error. */
bool ferry_transfer_is_ok(const ferry_transfer *transfer);

/* FERRY_OK until it is done. */
ferry_error ferry_transfer_get_error(const ferry_transfer *transfer);

/* A sentence for a person; "" without an error. As ferry_client_get_error_detail(), but it is valid
 * as long as the transfer is. */
const char *ferry_transfer_get_error_detail(const ferry_transfer *transfer);

/* Of the final response, once its head is there: 0, NULL and empty before. They are valid until the
 * transfer is freed or its body begins anew. As those of ferry_client. */
int ferry_transfer_get_response_code(const ferry_transfer *transfer);
const char *ferry_transfer_get_response_header(const ferry_transfer *transfer, const char *name,
                                               size_t index);
const char *const *ferry_transfer_get_response_headers(const ferry_transfer *transfer,
                                                       size_t *count);

/* The reason phrase, and the version of HTTP (11: HTTP/1.1): as those of ferry_client. */
const char *ferry_transfer_get_response_reason(const ferry_transfer *transfer);
int ferry_transfer_get_response_http_version(const ferry_transfer *transfer);

/* Of the connection that brought the response: the address of the peer, and whether another request
 * had gone over it before. As those of ferry_client. */
const char *ferry_transfer_get_peer_address(const ferry_transfer *transfer);
bool ferry_transfer_is_connection_reused(const ferry_transfer *transfer);

/* The URL that the transfer is at: its own, made absolute, or that of the last redirect. */
const char *ferry_transfer_get_url(const ferry_transfer *transfer);

/* How many redirects were followed. On the web always 0: fetch() does not tell. */
int ferry_transfer_get_redirect_count(const ferry_transfer *transfer);
int ferry_transfer_get_retry_count(const ferry_transfer *transfer);

/* The body as far as it has come, with a NUL behind it that `length` does not count; never NULL.
 * Valid until the next poll or until the transfer is freed. Empty where it went elsewhere. `length`
 * may be NULL. */
const void *ferry_transfer_get_body(const ferry_transfer *transfer, size_t *length);

/* Hands the body of a transfer that is done over to the caller, who frees it with the session's
 * allocator (with free(), by default). NULL: the body is empty, or it went elsewhere, or the
 * transfer is not done. */
void *ferry_transfer_take_body(ferry_transfer *transfer, size_t *length);

/* With owner_reads: reads the next bytes of the body. *length 0: there is nothing now; look at
 * ferry_transfer_is_done(), and poll. */
ferry_error ferry_transfer_read(ferry_transfer *transfer, void *dst, size_t capacity,
                                size_t *length);

/* With owner_writes: sends the next bytes of the request's body, and stores how many of them were
 * taken. Fewer than `length`: there is no connection yet, or it is full, or the server is to say
 * 100 (Continue) first; poll, and go on with the rest. In none of the failures below is anything
 * written.
 *
 * FERRY_ERROR_UPLOAD_STOPPED: the server has answered, and wants no more of the body; see
 *     ferry_client_write_request_body(). The transfer goes on with the response.
 * FERRY_ERROR_UNCONFIGURED: there is no owner_writes, or the body is complete.
 * FERRY_ERROR_INVALID_PARAMETER: more than body_read_length.
 * Otherwise the transfer's error; FERRY_OK without a byte taken once it has ended well. */
ferry_error ferry_transfer_write(ferry_transfer *transfer, const void *data, size_t length,
                                 size_t *written);

/* With owner_writes: says that the body is complete. *is_taken false: there is no connection yet;
 * poll, and say it again. Errors are those of ferry_transfer_write(), and
 * FERRY_ERROR_INVALID_PARAMETER: the body is shorter than body_read_length. */
ferry_error ferry_transfer_finish_body(ferry_transfer *transfer, bool *is_taken);

/* Body bytes of the latest request that the connection was given. */
int64_t ferry_transfer_get_bytes_sent(const ferry_transfer *transfer);

/* True if the server said that the file is the current one (if_changed). */
bool ferry_transfer_is_unchanged(const ferry_transfer *transfer);

/* How many bytes of the body an earlier transfer had left (resume). */
int64_t ferry_transfer_get_resumed_bytes(const ferry_transfer *transfer);

/* Bytes of the body that have come, after codings are undone, and how many there will be; -1: that
 * is not known. Those that were there before are among them. For progress bars. */
int64_t ferry_transfer_get_body_bytes(const ferry_transfer *transfer);
int64_t ferry_transfer_get_body_total(const ferry_transfer *transfer);

void ferry_transfer_set_priority(ferry_transfer *transfer, int priority);
void *ferry_transfer_get_ctx(const ferry_transfer *transfer);

typedef struct ferry_transfer_timings {
    /* In microseconds from ferry_session_start(); -1: it has not happened. Of the last request, if
     * there were redirects or retries. */
    int64_t begun_us;      /* the request was given to a connection */
    int64_t first_byte_us; /* of the response: its head */
    int64_t end_us;        /* the transfer is done */
    /* Of the connection that it used, as ferry_timings has them. -1 where it was there already. */
    int64_t resolved_us;
    int64_t connected_us;
    int64_t ready_us;
} ferry_transfer_timings;

void ferry_transfer_get_timings(const ferry_transfer *transfer, ferry_transfer_timings *timings);

#ifdef __cplusplus
}
#endif

#endif
