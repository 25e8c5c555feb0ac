/* SPDX-License-Identifier: MIT */
/* shortage_statuses: how a client gets into each status, in each way that matters for memory. */
#include "shortage.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

#define WITH_LENGTH(text) (text), sizeof(text) - 1

static const char plain_answer[] = "HTTP/1.1 200 OK\r\nServer: script\r\nContent-Length: 5\r\n\r\n"
                                   "hello";

/* ---- Steps ---- */

static void connect_to(shortage_rig *rig, const char *host, uint16_t port,
                       const ferry_tls_options *tls) {
    CHECK_INT(ferry_client_connect_to_host(rig->client, host, port, tls), FERRY_OK);
}

static void connect_over(shortage_rig *rig, const char *answer, size_t length, const char *gate,
                         size_t gate_at) {
    ferry_stream *stream = shortage_script(rig, answer, length, gate, gate_at);
    CHECK_INT(ferry_client_set_connection(rig->client, stream), FERRY_OK);
}

static void request(shortage_rig *rig, const ferry_request *what) {
    CHECK_INT(ferry_client_send(rig->client, what), FERRY_OK);
    rig->is_streaming = what->streamed;
    rig->unwritten = what->streamed ? SHORTAGE_STREAMED_BYTES : 0;
}

static void poll_until(shortage_rig *rig, ferry_status status) {
    for (int i = 0; i < 1000 && ferry_client_get_status(rig->client) != status; i++) {
        if (!rig->is_blocking) {
            ferry_client_wait(rig->client, 10000);
        }
        ferry_client_poll(rig->client);
    }
    CHECK_INT(ferry_client_get_status(rig->client), status);
}

/* A response up to its head. */
static void get_head(shortage_rig *rig, const char *answer, size_t length) {
    connect_over(rig, answer, length, NULL, 0);
    request(rig, &(ferry_request){.url = "/"});
    poll_until(rig, FERRY_STATUS_BODY);
}

/* ---- Connecting ---- */

static void arrange_new(shortage_rig *rig) {
    (void)rig;
}

static void arrange_new_behind_proxies(shortage_rig *rig) {
    CHECK_INT(ferry_client_set_http_proxy(rig->client, "user:word@127.0.0.1", rig->net->port),
              FERRY_OK);
    CHECK_INT(ferry_client_set_https_proxy(rig->client, "user:word@127.0.0.1", rig->net->port),
              FERRY_OK);
}

static void arrange_resolving(shortage_rig *rig) {
    connect_to(rig, "peer.example", rig->net->port, NULL);
}

static void arrange_cant_resolve(shortage_rig *rig) {
    connect_to(rig, "unknown.example", rig->net->port, NULL);
    poll_until(rig, FERRY_STATUS_CANT_RESOLVE);
}

static void arrange_connecting(shortage_rig *rig) {
    connect_to(rig, "127.0.0.1", rig->net->port, NULL);
    poll_until(rig, FERRY_STATUS_CONNECTING);
}

static void arrange_cant_connect(shortage_rig *rig) {
    connect_to(rig, "127.0.0.1", rig->net->refused_port, NULL);
    poll_until(rig, FERRY_STATUS_CANT_CONNECT);
}

static void arrange_connected(shortage_rig *rig) {
    connect_to(rig, "peer.example", rig->net->port, NULL);
    poll_until(rig, FERRY_STATUS_CONNECTED);
}

static void arrange_connected_to_proxy(shortage_rig *rig) {
    arrange_new_behind_proxies(rig);
    arrange_connected(rig);
}

#if FERRY_HAVE_TLS
static void arrange_refused_tunnel(shortage_rig *rig) {
    ferry_tls_options tls = shortage_trusting();
    arrange_new_behind_proxies(rig);
    connect_to(rig, "refused.example", 443, &tls);
    poll_until(rig, FERRY_STATUS_CANT_CONNECT);
}

static void arrange_connected_by_tunnel(shortage_rig *rig) {
    ferry_tls_options tls = shortage_trusting();
    arrange_new_behind_proxies(rig);
    connect_to(rig, "peer.example", rig->net->port, &tls);
    poll_until(rig, FERRY_STATUS_CONNECTED);
}

static void arrange_handshake(shortage_rig *rig) {
    ferry_tls_options tls = shortage_trusting();
    connect_to(rig, "127.0.0.1", rig->net->port, &tls);
    poll_until(rig, FERRY_STATUS_CONNECTING);
}

static void arrange_wrong_certificate(shortage_rig *rig) {
    connect_to(
        rig, "https://127.0.0.1", rig->net->port,
        &(ferry_tls_options){.ca_pem = shortage_trusting().ca_pem, .verify_name = "other.example"});
    poll_until(rig, FERRY_STATUS_TLS_HANDSHAKE_ERROR);
}

static void arrange_stream_for_tls(shortage_rig *rig) {
    CHECK_INT(ferry_client_set_connection(rig->client, shortage_tls_stream(rig)), FERRY_OK);
}

static void arrange_tls_over_stream(shortage_rig *rig) {
    ferry_tls_options tls = shortage_trusting();
    arrange_stream_for_tls(rig);
    CHECK_INT(ferry_client_start_tls(rig->client, "peer.example", &tls), FERRY_OK);
    poll_until(rig, FERRY_STATUS_CONNECTED);
}
#endif

static void arrange_connected_by_stream(shortage_rig *rig) {
    connect_over(rig, WITH_LENGTH(plain_answer), "\r\n\r\n", 0);
}

/* What it does not take of a request is kept. */
static void arrange_connected_by_slow_stream(shortage_rig *rig) {
    arrange_connected_by_stream(rig);
    rig->scripts[0].write_limit = 50;
}

/* ---- Requesting ---- */

static const char *const expecting[] = {"Expect: 100-continue", NULL};
static const char whole_body[] = "a body that goes out in pieces, up to its end";
static const char continue_answer[] =
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
enum { CONTINUE_LENGTH = sizeof "HTTP/1.1 100 Continue\r\n\r\n" - 1 };

static void arrange_requesting(shortage_rig *rig) {
    connect_over(rig, WITH_LENGTH(plain_answer), "\r\n\r\n", 0);
    request(rig, &(ferry_request){.url = "/"});
}

static void arrange_sending(shortage_rig *rig) {
    connect_over(rig, WITH_LENGTH(plain_answer), "end", 0);
    rig->scripts[0].write_limit = 10;
    request(rig, &(ferry_request){.method = FERRY_METHOD_POST,
                                  .url = "/",
                                  .body = whole_body,
                                  .body_length = sizeof whole_body - 1});
}

static void arrange_streaming(shortage_rig *rig) {
    connect_over(rig, WITH_LENGTH(plain_answer), "end", 0);
    request(rig, &(ferry_request){.method = FERRY_METHOD_PUT,
                                  .url = "/",
                                  .streamed = true,
                                  .streamed_length = SHORTAGE_STREAMED_BYTES});
    rig->scripts[0].write_limit = 100;
}

static void arrange_streaming_chunks(shortage_rig *rig) {
    connect_over(rig, WITH_LENGTH(plain_answer), "0\r\n\r\n", 0);
    request(rig,
            &(ferry_request){
                .method = FERRY_METHOD_PUT, .url = "/", .streamed = true, .streamed_length = -1});
    rig->scripts[0].write_limit = 100;
}

static void arrange_expecting(shortage_rig *rig) {
    connect_over(rig, WITH_LENGTH(continue_answer), "end", CONTINUE_LENGTH);
    rig->scripts[0].write_limit = 10;
    request(rig, &(ferry_request){.method = FERRY_METHOD_PUT,
                                  .url = "/",
                                  .headers = expecting,
                                  .body = whole_body,
                                  .body_length = sizeof whole_body - 1});
}

static void arrange_expecting_streamed(shortage_rig *rig) {
    connect_over(rig, WITH_LENGTH(continue_answer), "0\r\n\r\n", CONTINUE_LENGTH);
    rig->scripts[0].write_limit = 10;
    request(rig, &(ferry_request){.method = FERRY_METHOD_PUT,
                                  .url = "/",
                                  .headers = expecting,
                                  .streamed = true,
                                  .streamed_length = -1});
}

static void arrange_connection_error(shortage_rig *rig) {
    connect_over(rig, WITH_LENGTH("HTTP/1.1 two hundred\r\n\r\n"), NULL, 0);
    request(rig, &(ferry_request){.url = "/"});
    poll_until(rig, FERRY_STATUS_CONNECTION_ERROR);
}

/* ---- Reading ---- */

static void arrange_body(shortage_rig *rig) {
    get_head(rig, WITH_LENGTH(plain_answer));
}

static void arrange_body_by_chunks(shortage_rig *rig) {
    get_head(rig, WITH_LENGTH(plain_answer));
    rig->reads_chunks = true;
}

static void arrange_chunked_body(shortage_rig *rig) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                 "5\r\nhello\r\n0\r\nX-Trailer: yes\r\nX-Other: no\r\n\r\n";
    get_head(rig, WITH_LENGTH(answer));
    rig->scripts[0].piece = 3; /* so that lines are kept */
}

static void arrange_gzip_body(shortage_rig *rig) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                                 "Content-Length: 28\r\n\r\n"
                                 "\x1f\x8b\x08\0\0\0\0\0\0\x03\x01\x05\0\xfa\xff"
                                 "hello\x86\xa6\x10\x36\x05\0\0\0";
    get_head(rig, WITH_LENGTH(answer));
}

static void arrange_brotli_body(shortage_rig *rig) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n"
                                 "Content-Length: 9\r\n\r\n\x0b\x02\x80hello\x03";
    get_head(rig, WITH_LENGTH(answer));
}

static void arrange_zstd_body(shortage_rig *rig) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\n"
                                 "Content-Length: 14\r\n\r\n"
                                 "\x28\xb5\x2f\xfd\x20\x05\x29\0\0hello";
    get_head(rig, WITH_LENGTH(answer));
}

static void arrange_tunnel(shortage_rig *rig) {
    static const char answer[] = "HTTP/1.1 200 OK\r\n\r\nhello";
    connect_over(rig, WITH_LENGTH(answer), NULL, 0);
    rig->scripts[0].end = FERRY_STREAM_END;
    request(rig, &(ferry_request){.method = FERRY_METHOD_CONNECT, .url = "a.example:1"});
    poll_until(rig, FERRY_STATUS_BODY);
}

static void arrange_exchange_done(shortage_rig *rig) {
    static char answers[2 * sizeof plain_answer];
    snprintf(answers, sizeof answers, "%s%s", plain_answer, plain_answer);
    connect_over(rig, answers, strlen(answers), "never", sizeof plain_answer - 1);
    request(rig, &(ferry_request){.url = "/"});
    poll_until(rig, FERRY_STATUS_BODY);
    CHECK_INT(shortage_drive(rig), FERRY_OK);
}

static void arrange_exchange_done_and_closed(shortage_rig *rig) {
    static const char answer[] = "HTTP/1.1 200 OK\r\nConnection: close\r\n"
                                 "Content-Length: 5\r\n\r\nhello";
    get_head(rig, WITH_LENGTH(answer));
    CHECK_INT(shortage_drive(rig), FERRY_OK);
}

/* ---- All of them ---- */

const shortage_status shortage_statuses[] = {
    {"new", FERRY_STATUS_DISCONNECTED, arrange_new, false},
    {"new, behind proxies", FERRY_STATUS_DISCONNECTED, arrange_new_behind_proxies, false},
    {"resolving", FERRY_STATUS_RESOLVING, arrange_resolving, false},
    {"cannot resolve", FERRY_STATUS_CANT_RESOLVE, arrange_cant_resolve, false},
    {"connecting", FERRY_STATUS_CONNECTING, arrange_connecting, false},
    {"cannot connect", FERRY_STATUS_CANT_CONNECT, arrange_cant_connect, false},
    {"connected", FERRY_STATUS_CONNECTED, arrange_connected, false},
    {"connected to a proxy", FERRY_STATUS_CONNECTED, arrange_connected_to_proxy, false},
#if FERRY_HAVE_TLS
    {"refused a tunnel", FERRY_STATUS_CANT_CONNECT, arrange_refused_tunnel, false},
    {"connected by a tunnel", FERRY_STATUS_CONNECTED, arrange_connected_by_tunnel, false},
    {"in the handshake", FERRY_STATUS_CONNECTING, arrange_handshake, false},
    {"wrong certificate", FERRY_STATUS_TLS_HANDSHAKE_ERROR, arrange_wrong_certificate, false},
    {"connected, for TLS", FERRY_STATUS_CONNECTED, arrange_stream_for_tls, true},
    {"TLS over a stream", FERRY_STATUS_CONNECTED, arrange_tls_over_stream, true},
#endif
    {"connected by a stream", FERRY_STATUS_CONNECTED, arrange_connected_by_stream, false},
    {"connected by a slow stream", FERRY_STATUS_CONNECTED, arrange_connected_by_slow_stream, false},
    {"requesting", FERRY_STATUS_REQUESTING, arrange_requesting, false},
    {"sending a body", FERRY_STATUS_REQUESTING, arrange_sending, false},
    {"streaming a body", FERRY_STATUS_REQUESTING, arrange_streaming, false},
    {"streaming chunks", FERRY_STATUS_REQUESTING, arrange_streaming_chunks, false},
    {"expecting 100", FERRY_STATUS_REQUESTING, arrange_expecting, false},
    {"expecting 100, streamed", FERRY_STATUS_REQUESTING, arrange_expecting_streamed, false},
    {"connection error", FERRY_STATUS_CONNECTION_ERROR, arrange_connection_error, false},
    {"body", FERRY_STATUS_BODY, arrange_body, false},
    {"body, by chunks", FERRY_STATUS_BODY, arrange_body_by_chunks, false},
    {"chunked body", FERRY_STATUS_BODY, arrange_chunked_body, false},
    {"gzip body", FERRY_STATUS_BODY, arrange_gzip_body, false},
    {"brotli body", FERRY_STATUS_BODY, arrange_brotli_body, false},
    {"zstd body", FERRY_STATUS_BODY, arrange_zstd_body, false},
    {"tunnel", FERRY_STATUS_BODY, arrange_tunnel, false},
    {"exchange done", FERRY_STATUS_CONNECTED, arrange_exchange_done, false},
    {"exchange done, closed", FERRY_STATUS_DISCONNECTED, arrange_exchange_done_and_closed, false},
};
const size_t shortage_status_count = sizeof shortage_statuses / sizeof *shortage_statuses;
