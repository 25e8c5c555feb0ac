/* SPDX-License-Identifier: MIT */
/* shortage_calls: every call on a client. tests/check_sources.mjs sees to it that none that
 * ferry.h declares is absent. */
#include "shortage.h"

#include "check.h"

#include <string.h>

/* What a call that fails must leave as it was. */
static const size_t UNTOUCHED = 12345;

/* A script that is connected answers once what is sent ends with this; NULL: at once. */
static void set_gate(shortage_rig *rig, const char *gate) {
    if (rig->script_count > 0 && ferry_client_get_status(rig->client) == FERRY_STATUS_CONNECTED) {
        rig->scripts[rig->script_count - 1].gate = gate;
    }
}

/* ---- Connecting ---- */

static ferry_error call_connect_to_host(shortage_rig *rig) {
    return ferry_client_connect_to_host(rig->client, "peer.example", rig->net->port, NULL);
}

static ferry_error call_close(shortage_rig *rig) {
    ferry_client_close(rig->client);
    rig->is_streaming = false;
    return FERRY_OK;
}

static ferry_error call_set_connection(shortage_rig *rig) {
    ferry_stream *stream = shortage_script(rig, "", 0, NULL, 0);
    ferry_error error = ferry_client_set_connection(rig->client, stream);
    if (error != FERRY_OK) {
        CHECK(!rig->scripts[rig->script_count - 1].is_destroyed);
    }
    return error;
}

static ferry_error call_set_no_connection(shortage_rig *rig) {
    return ferry_client_set_connection(rig->client, NULL);
}

static ferry_error call_get_connection(shortage_rig *rig) {
    ferry_client_get_connection(rig->client);
    return FERRY_OK;
}

#if FERRY_HAVE_TLS
static ferry_error call_connect_to_host_with_tls(shortage_rig *rig) {
    ferry_tls_options tls = shortage_trusting();
    return ferry_client_connect_to_host(rig->client, "peer.example", rig->net->port, &tls);
}

static ferry_error call_start_tls(shortage_rig *rig) {
    ferry_tls_options tls = shortage_trusting();
    set_gate(rig, NULL);
    return ferry_client_start_tls(rig->client, "peer.example", &tls);
}
#else
static ferry_error call_start_tls(shortage_rig *rig) {
    return ferry_client_start_tls(rig->client, "peer.example", NULL);
}
#endif

static ferry_error call_set_http_proxy(shortage_rig *rig) {
    return ferry_client_set_http_proxy(rig->client, "https://user:word@proxy.example", 3128);
}

static ferry_error call_set_https_proxy(shortage_rig *rig) {
    return ferry_client_set_https_proxy(rig->client, "user:word@proxy.example", 3128);
}

static ferry_error call_set_no_proxy(shortage_rig *rig) {
    return ferry_client_set_http_proxy(rig->client, NULL, -1);
}

/* ---- Requesting ---- */

static ferry_error send_request(shortage_rig *rig, const ferry_request *request) {
    bool is_chunked = request->streamed && request->streamed_length < 0;
    set_gate(rig, is_chunked ? "0\r\n\r\n" : (request->streamed ? "end" : "\r\n\r\n"));
    ferry_error error = ferry_client_send(rig->client, request);
    if (error == FERRY_OK) {
        rig->is_streaming = request->streamed;
        rig->unwritten = request->streamed ? SHORTAGE_STREAMED_BYTES : 0;
    }
    return error;
}

static ferry_error call_request(shortage_rig *rig) {
    set_gate(rig, "\r\n\r\n");
    return ferry_client_request(rig->client, FERRY_METHOD_GET, "/path", NULL, NULL);
}

static ferry_error call_request_raw(shortage_rig *rig) {
    static const char *const headers[] = {"X-Key: value", NULL};
    static char body[3000] = "";
    set_gate(rig, "end");
    memset(body, 'x', sizeof body);
    memcpy(body + sizeof body - 3, "end", 3);
    return ferry_client_request_raw(rig->client, FERRY_METHOD_POST, "/path", headers, body,
                                    sizeof body);
}

static ferry_error call_send_with_long_head(shortage_rig *rig) {
    static char url[5000] = "/";
    memset(url + 1, 'x', sizeof url - 2);
    return send_request(rig, &(ferry_request){.url = url});
}

static ferry_error call_send_streamed(shortage_rig *rig) {
    return send_request(rig, &(ferry_request){.method = FERRY_METHOD_PUT,
                                              .url = "/path",
                                              .streamed = true,
                                              .streamed_length = SHORTAGE_STREAMED_BYTES});
}

static ferry_error call_send_chunks(shortage_rig *rig) {
    return send_request(rig, &(ferry_request){.method = FERRY_METHOD_PUT,
                                              .url = "/path",
                                              .streamed = true,
                                              .streamed_length = -1});
}

static ferry_error call_send_expecting(shortage_rig *rig) {
    static const char *const headers[] = {"Expect: 100-continue", NULL};
    return send_request(rig, &(ferry_request){.method = FERRY_METHOD_PUT,
                                              .url = "/path",
                                              .headers = headers,
                                              .body = "a body\r\n\r\n",
                                              .body_length = 10});
}

static ferry_error call_send_borrowed(shortage_rig *rig) {
    static const char body[] = "a body that stays where it is, up to its end";
    set_gate(rig, "end");
    return ferry_client_send(rig->client, &(ferry_request){.method = FERRY_METHOD_PUT,
                                                           .url = "/path",
                                                           .body = body,
                                                           .body_length = sizeof body - 1,
                                                           .borrow_body = true});
}

static ferry_error give_body(void *ctx, void *dst, size_t capacity, size_t *length) {
    shortage_rig *rig = ctx;
    *length = rig->ungiven < capacity ? rig->ungiven : capacity;
    memset(dst, 'x', *length);
    rig->ungiven -= *length;
    return FERRY_OK;
}

static ferry_error call_send_read(shortage_rig *rig) {
    set_gate(rig, "0\r\n\r\n");
    rig->ungiven = 5000;
    return ferry_client_send(rig->client, &(ferry_request){.method = FERRY_METHOD_PUT,
                                                           .url = "/path",
                                                           .body_read = give_body,
                                                           .body_ctx = rig,
                                                           .streamed_length = -1});
}

static ferry_error call_write_request_body(shortage_rig *rig) {
    size_t written = UNTOUCHED;
    size_t length = rig->unwritten < 700 ? rig->unwritten : 700;
    ferry_error error =
        ferry_client_write_request_body(rig->client, shortage_unwritten(rig), length, &written);
    if (error != FERRY_OK) {
        CHECK_INT(written, UNTOUCHED);
    } else {
        rig->unwritten -= written;
    }
    return error;
}

static ferry_error call_finish_request_body(shortage_rig *rig) {
    ferry_error error = ferry_client_finish_request_body(rig->client);
    rig->is_streaming = rig->is_streaming && error != FERRY_OK;
    return error;
}

/* ---- Progress ---- */

static ferry_error call_poll(shortage_rig *rig) {
    return ferry_client_poll(rig->client);
}

static ferry_error call_wait(shortage_rig *rig) {
    ferry_error error = ferry_client_wait(rig->client, 0);
    return error == FERRY_ERROR_TIMEOUT ? FERRY_OK : error; /* that is chance */
}

/* ---- What needs no memory ---- */

/* The next call that waits gives ABORTED, and the one after it goes on. */
static ferry_error call_wake(shortage_rig *rig) {
    ferry_client_wake(rig->client);
    return FERRY_OK;
}

static ferry_error call_getters(shortage_rig *rig) {
    const ferry_client *client = rig->client;
    size_t calls = rig->memory.calls;
    ferry_wait waits[8];
    ferry_field fields[8];
    ferry_timings timings;
    size_t count;
    ferry_client_get_status(client);
    ferry_client_get_error(client);
    ferry_client_get_error_detail(client);
    ferry_client_get_waits(client, waits, 8);
    ferry_client_get_wait_timeout_ms(client);
    ferry_client_has_response(client);
    ferry_client_get_response_code(client);
    ferry_client_get_response_reason(client);
    ferry_client_get_response_http_version(client);
    ferry_client_is_response_chunked(client);
    ferry_client_get_response_body_length(client);
    ferry_client_get_response_body_length_hint(client);
    ferry_client_get_response_headers(client, &count);
    ferry_client_get_response_headers_as_dictionary(client, fields, 8);
    ferry_client_get_response_header(client, "Server", 0);
    ferry_client_get_response_trailers(client, &count);
    ferry_client_get_response_url(client);
    ferry_client_get_bytes_received(client);
    ferry_client_get_bytes_sent(client);
    ferry_client_is_upload_stopped(client);
    ferry_client_get_peer_address(client);
    ferry_client_is_connection_reused(client);
    ferry_client_may_send_again(client);
    ferry_client_get_timings(client, &timings);
    ferry_client_is_blocking_mode_enabled(client);
    ferry_client_get_read_chunk_size(client);
    ferry_client_set_timeouts(rig->client, NULL);
    ferry_client_extend_timeouts(rig->client, 0);
    ferry_error error = ferry_client_set_blocking_mode(rig->client, rig->is_blocking);
    CHECK_INT(rig->memory.calls, calls);
    return error;
}

/* ---- Reading ---- */

static ferry_error call_read_response_body(shortage_rig *rig) {
    char body[3];
    size_t length = UNTOUCHED;
    ferry_error error = ferry_client_read_response_body(rig->client, body, sizeof body, &length);
    CHECK(error == FERRY_OK ? length <= sizeof body : length == UNTOUCHED);
    return error;
}

static ferry_error call_read_response_body_chunk(shortage_rig *rig) {
    const void *chunk = &UNTOUCHED;
    size_t length = UNTOUCHED;
    ferry_error error = ferry_client_read_response_body_chunk(rig->client, &chunk, &length);
    CHECK((error == FERRY_OK) == (length != UNTOUCHED));
    CHECK((error == FERRY_OK) == (chunk != &UNTOUCHED));
    return error;
}

static ferry_error call_set_read_chunk_size(shortage_rig *rig) {
    size_t before = ferry_client_get_read_chunk_size(rig->client);
    ferry_error error = ferry_client_set_read_chunk_size(rig->client, 100000);
    CHECK_INT(ferry_client_get_read_chunk_size(rig->client), error == FERRY_OK ? 100000 : before);
    return error;
}

/* ---- A client of its own ---- */

static ferry_error call_new(shortage_rig *rig) {
    ferry_client *second = shortage_client_new(rig);
    ferry_client_free(second);
    return second != NULL ? FERRY_OK : FERRY_ERROR_OUT_OF_MEMORY;
}

const shortage_call shortage_calls[] = {
    {"connect_to_host", call_connect_to_host, false},
    {"close", call_close, false},
    {"set_connection", call_set_connection, false},
    {"set_connection(NULL)", call_set_no_connection, false},
    {"get_connection", call_get_connection, true},
#if FERRY_HAVE_TLS
    {"connect_to_host, TLS", call_connect_to_host_with_tls, false},
#endif
    {"start_tls", call_start_tls, false},
    {"set_http_proxy", call_set_http_proxy, true},
    {"set_https_proxy", call_set_https_proxy, true},
    {"set_http_proxy(NULL)", call_set_no_proxy, true},
    {"request", call_request, true},
    {"request_raw", call_request_raw, true},
    {"send, long head", call_send_with_long_head, true},
    {"send, streamed", call_send_streamed, true},
    {"send, chunks", call_send_chunks, true},
    {"send, expecting 100", call_send_expecting, true},
    {"send, borrowed", call_send_borrowed, true},
    {"send, read", call_send_read, true},
    {"write_request_body", call_write_request_body, false},
    {"finish_request_body", call_finish_request_body, true},
    {"poll", call_poll, false},
    {"wait", call_wait, true},
    {"wake", call_wake, true},
    {"getters", call_getters, true},
    {"read_response_body", call_read_response_body, false},
    {"read_response_body_chunk", call_read_response_body_chunk, false},
    {"set_read_chunk_size", call_set_read_chunk_size, true},
    {"new", call_new, true},
};
const size_t shortage_call_count = sizeof shortage_calls / sizeof *shortage_calls;
