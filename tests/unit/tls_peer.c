/* SPDX-License-Identifier: MIT */
/* tls_peer: the server, and the pipes between it and the client. */
#include "tls_peer.h"

#include "request_text.h"

#include <mbedtls/ecp.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* mbedTLS's own, which its headers do not show: sends what out_msg holds. */
int mbedtls_ssl_write_record(mbedtls_ssl_context *ssl, int force_flush);

enum { PIPE_BYTES = 256 * 1024, NAME_SIZE = 256 };

/* Bytes on their way. */
typedef struct pipe {
    unsigned char *bytes; /* PIPE_BYTES */
    size_t begin;
    size_t end;
} pipe;

struct tls_peer {
    ferry_stream stream;
    tls_peer_behaviour behaviour;
    pipe to_client;
    pipe to_server;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    bool is_closed;
    bool was_told;
    bool was_ended_in_order;
    bool has_refused;
    bool is_tunnel;
    bool has_ended; /* its own end */
    bool is_broken;
    unsigned reads;
    unsigned writes;
    size_t window; /* what the client can still write */
    char request[4096];
    size_t request_length;
    request_text whole_request;
    size_t received;
    size_t body_left; /* of the request; its answer waits for it */
    char name[NAME_SIZE];
};

/* One key, one certificate and one key for tickets, for all peers of the process. */
static struct {
    bool is_ready;
    mbedtls_pk_context key;
    mbedtls_x509_crt certificate;
    mbedtls_ssl_ticket_context tickets;
    char pem[4096];
} identity;

static void require(int result, const char *what) {
    if (result != 0) {
        fprintf(stderr, "tls_peer: %s: -0x%04x\n", what, (unsigned)-result);
        abort();
    }
}

static int random_bytes(void *ctx, unsigned char *bytes, size_t length) {
    return mbedtls_psa_get_random(ctx, bytes, length);
}

static void write_certificate(void) {
    static unsigned char serial[] = {1};
    static unsigned char address[] = {127, 0, 0, 1};
    mbedtls_x509_san_list second = {
        .node = {.type = MBEDTLS_X509_SAN_IP_ADDRESS,
                 .san = {.unstructured_name = {.p = address, .len = sizeof address}}},
    };
    static unsigned char name[] = "peer.example";
    mbedtls_x509_san_list first = {
        .node = {.type = MBEDTLS_X509_SAN_DNS_NAME,
                 .san = {.unstructured_name = {.p = name, .len = sizeof name - 1}}},
        .next = &second,
    };
    mbedtls_x509write_cert writer;
    mbedtls_x509write_crt_init(&writer);
    mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&writer, &identity.key);
    mbedtls_x509write_crt_set_issuer_key(&writer, &identity.key);
    require(mbedtls_x509write_crt_set_subject_name(&writer, "CN=peer"), "subject");
    require(mbedtls_x509write_crt_set_issuer_name(&writer, "CN=peer"), "issuer");
    require(mbedtls_x509write_crt_set_serial_raw(&writer, serial, sizeof serial), "serial");
    require(mbedtls_x509write_crt_set_validity(&writer, "20200101000000", "20491231235959"),
            "validity");
    require(mbedtls_x509write_crt_set_basic_constraints(&writer, 1, -1), "constraints");
    require(mbedtls_x509write_crt_set_subject_alternative_name(&writer, &first), "names");
    require(mbedtls_x509write_crt_pem(&writer, (unsigned char *)identity.pem, sizeof identity.pem,
                                      random_bytes, MBEDTLS_PSA_RANDOM_STATE),
            "certificate");
    mbedtls_x509write_crt_free(&writer);
}

static void make_ticket_keys(void) {
    mbedtls_ssl_ticket_init(&identity.tickets);
    require(mbedtls_ssl_ticket_setup(&identity.tickets, random_bytes, MBEDTLS_PSA_RANDOM_STATE,
                                     MBEDTLS_CIPHER_AES_256_GCM, 86400),
            "tickets");
}

static void free_identity(void) {
    mbedtls_ssl_ticket_free(&identity.tickets);
    mbedtls_x509_crt_free(&identity.certificate);
    mbedtls_pk_free(&identity.key);
}

static void make_identity(void) {
    if (identity.is_ready) {
        return;
    }
    identity.is_ready = true;
    require((int)psa_crypto_init(), "PSA");
    mbedtls_pk_init(&identity.key);
    mbedtls_x509_crt_init(&identity.certificate);
    require(mbedtls_pk_setup(&identity.key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)), "key");
    require(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(identity.key), random_bytes,
                                MBEDTLS_PSA_RANDOM_STATE),
            "key");
    write_certificate();
    require(mbedtls_x509_crt_parse(&identity.certificate, (const unsigned char *)identity.pem,
                                   strlen(identity.pem) + 1),
            "certificate");
    make_ticket_keys();
    atexit(free_identity);
}

void tls_peer_forget_tickets(void) {
    make_identity();
    mbedtls_ssl_ticket_free(&identity.tickets);
    make_ticket_keys();
}

const char *tls_peer_certificate(void) {
    make_identity();
    return identity.pem;
}

/* ---- Pipes ---- */

static void pipe_put(tls_peer *peer, pipe *to, const unsigned char *bytes, size_t length) {
    if (to->begin == to->end) {
        to->begin = 0;
        to->end = 0;
    }
    if (length > PIPE_BYTES - to->end) {
        memmove(to->bytes, to->bytes + to->begin, to->end - to->begin);
        to->end -= to->begin;
        to->begin = 0;
    }
    length = length < PIPE_BYTES - to->end ? length : PIPE_BYTES - to->end;
    memcpy(to->bytes + to->end, bytes, length);
    if (peer->behaviour.tamper != NULL && length > 0) {
        peer->behaviour.tamper(peer->behaviour.tamper_ctx, to == &peer->to_client,
                               to->bytes + to->end, &length);
    }
    to->end += length;
}

static size_t pipe_take(pipe *from, void *dst, size_t capacity) {
    size_t length = from->end - from->begin;
    length = length < capacity ? length : capacity;
    memcpy(dst, from->bytes + from->begin, length);
    from->begin += length;
    return length;
}

/* ---- The server ---- */

static int server_send(void *ctx, const unsigned char *bytes, size_t length) {
    tls_peer *peer = ctx;
    size_t room = PIPE_BYTES - (peer->to_client.end - peer->to_client.begin);
    length = length < room ? length : room;
    if (length == 0) {
        return MBEDTLS_ERR_SSL_WANT_WRITE;
    }
    pipe_put(peer, &peer->to_client, bytes, length);
    return (int)length;
}

static int server_receive(void *ctx, unsigned char *dst, size_t capacity) {
    tls_peer *peer = ctx;
    size_t length = pipe_take(&peer->to_server, dst, capacity);
    return length > 0 ? (int)length : MBEDTLS_ERR_SSL_WANT_READ;
}

static int note_name(void *ctx, mbedtls_ssl_context *ssl, const unsigned char *name,
                     size_t length) {
    tls_peer *peer = ctx;
    (void)ssl;
    snprintf(peer->name, sizeof peer->name, "%.*s", (int)length, (const char *)name);
    return 0;
}

static void answer(tls_peer *peer) {
    const tls_peer_behaviour *how = &peer->behaviour;
    bool is_last = how->ends || how->ends_without_alert;
    for (int i = 0; i < how->empty_records; i++) {
        mbedtls_ssl_write(&peer->ssl, (const unsigned char *)"", 0);
    }
    if (how->switches) {
        static const char head[] = "HTTP/1.1 101 Switching Protocols\r\n"
                                   "Connection: upgrade\r\nUpgrade: a\r\n\r\n";
        mbedtls_ssl_write(&peer->ssl, (const unsigned char *)head, sizeof head - 1);
        return;
    }
    if (how->refuses) {
        static const char refusal[] = "HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nhello";
        mbedtls_ssl_write(&peer->ssl, (const unsigned char *)refusal, sizeof refusal - 1);
        peer->has_refused = true;
        return;
    }
    const char *text = is_last ? "HTTP/1.1 200 OK\r\n\r\nhello"
                               : "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    mbedtls_ssl_write(&peer->ssl, (const unsigned char *)text, strlen(text));
    if (how->ends) {
        mbedtls_ssl_close_notify(&peer->ssl);
    }
    peer->has_ended = is_last;
    if (how->asks_again) {
        mbedtls_ssl_renegotiate(&peer->ssl);
    }
}

/* What the tunnel's end has said. */
static bool pass_back(tls_peer *peer) {
    char bytes[2048];
    size_t length = 0;
    ferry_stream *tunnel = peer->behaviour.tunnel;
    if (!peer->is_tunnel ||
        tunnel->ops->read(tunnel, bytes, sizeof bytes, &length) != FERRY_STREAM_OK) {
        return false;
    }
    return mbedtls_ssl_write(&peer->ssl, (const unsigned char *)bytes, length) > 0;
}

static void pass_on(tls_peer *peer, const char *bytes, size_t length) {
    ferry_stream *tunnel = peer->behaviour.tunnel;
    ferry_slice slice = {bytes, length};
    size_t written = 0;
    require(tunnel->ops->write(tunnel, &slice, 1, &written) != FERRY_STREAM_OK || written != length,
            "a tunnel");
}

static bool opens_tunnel(tls_peer *peer) {
    static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
    if (peer->behaviour.tunnel == NULL || memcmp(peer->request, "CONNECT ", 8) != 0) {
        return false;
    }
    peer->is_tunnel = true;
    mbedtls_ssl_write(&peer->ssl, (const unsigned char *)head, sizeof head - 1);
    return true;
}

/* The body too, where one follows. */
static void note_whole_request(tls_peer *peer, const char *bytes, size_t length) {
    request_text *request = &peer->whole_request;
    bool fits = request_text_add(request, bytes, length);
    if (!fits || request->bytes[0] < 'A' || request->bytes[0] > 'Z') {
        mbedtls_ssl_close_notify(&peer->ssl);
        peer->has_ended = true;
        return;
    }
    if (request_text_expects_continue(request)) {
        static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
        mbedtls_ssl_write(&peer->ssl, (const unsigned char *)go_on, sizeof go_on - 1);
    }
    if (request_text_take(request)) {
        answer(peer);
    }
}

static void note_request(tls_peer *peer, const char *bytes, size_t length) {
    peer->received += length;
    if (peer->is_tunnel) {
        pass_on(peer, bytes, length);
        return;
    }
    if (peer->behaviour.awaits_body) {
        note_whole_request(peer, bytes, length);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (peer->body_left > 0) {
            if (--peer->body_left == 0) {
                answer(peer);
            }
            continue;
        }
        peer->request[peer->request_length++ % sizeof peer->request] = bytes[i];
        size_t n = peer->request_length;
        if (n >= 4 && n <= sizeof peer->request &&
            memcmp(peer->request + n - 4, "\r\n\r\n", 4) == 0) {
            peer->request_length = 0;
            peer->body_left = peer->behaviour.body;
            if (!opens_tunnel(peer) && peer->body_left == 0) {
                answer(peer);
            }
        }
    }
}

/* Does what it can with what has come. */
static void work(tls_peer *peer) {
    char bytes[2048];
    while (!peer->is_broken && !peer->has_ended) {
        int result = mbedtls_ssl_read(&peer->ssl, (unsigned char *)bytes, sizeof bytes);
        if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) {
            if (pass_back(peer)) {
                continue;
            }
            return;
        }
        if (result == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
            peer->was_told = true;
            mbedtls_ssl_close_notify(&peer->ssl);
        }
        if (result <= 0) {
            peer->is_broken = true;
            return;
        }
        note_request(peer, bytes, (size_t)result);
    }
}

/* ---- The client's end ---- */

static bool pauses(const tls_peer *peer, unsigned *turn) {
    return peer->behaviour.pause && (*turn)++ % 2 == 0;
}

static ferry_stream_result peer_read(ferry_stream *stream, void *dst, size_t capacity,
                                     size_t *length) {
    tls_peer *peer = (tls_peer *)stream;
    if (pauses(peer, &peer->reads)) {
        return FERRY_STREAM_AGAIN;
    }
    work(peer);
    if (peer->behaviour.piece > 0 && capacity > peer->behaviour.piece) {
        capacity = peer->behaviour.piece;
    }
    *length = pipe_take(&peer->to_client, dst, capacity);
    if (*length > 0) {
        return FERRY_STREAM_OK;
    }
    return peer->has_ended || peer->is_broken ? FERRY_STREAM_END : FERRY_STREAM_AGAIN;
}

static ferry_stream_result peer_write(ferry_stream *stream, const ferry_slice *slices, size_t count,
                                      size_t *length) {
    tls_peer *peer = (tls_peer *)stream;
    (void)count;
    if (peer->has_refused) {
        return FERRY_STREAM_FAILED;
    }
    if (pauses(peer, &peer->writes)) {
        return FERRY_STREAM_AGAIN;
    }
    if (peer->window == 0) {
        work(peer);
        return FERRY_STREAM_AGAIN;
    }
    size_t room = peer->behaviour.room;
    *length = room > 0 && room < slices[0].length ? room : slices[0].length;
    *length = *length < peer->window ? *length : peer->window;
    peer->window -= peer->window < SIZE_MAX ? *length : 0;
    pipe_put(peer, &peer->to_server, slices[0].data, *length);
    work(peer);
    return FERRY_STREAM_OK;
}

/* There is no descriptor, but what it would be watched for is told. */
static bool peer_wants(ferry_stream *stream, unsigned events, ferry_wait *wait) {
    (void)stream;
    *wait = (ferry_wait){FERRY_NO_DESCRIPTOR, events};
    return true;
}

static ferry_stream_result peer_shutdown(ferry_stream *stream) {
    tls_peer *peer = (tls_peer *)stream;
    work(peer);
    peer->was_ended_in_order = peer->was_told;
    return FERRY_STREAM_OK;
}

static void peer_destroy(ferry_stream *stream) {
    tls_peer *peer = (tls_peer *)stream;
    work(peer);
    peer->is_closed = true;
}

static const ferry_stream_ops peer_ops = {
    .read = peer_read,
    .write = peer_write,
    .wants = peer_wants,
    .shutdown = peer_shutdown,
    .destroy = peer_destroy,
};

static void set_up(tls_peer *peer) {
    mbedtls_ssl_config *config = &peer->config;
    int version = peer->behaviour.version;
    require(mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                        MBEDTLS_SSL_PRESET_DEFAULT),
            "configuration");
    mbedtls_ssl_conf_rng(config, random_bytes, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_min_tls_version(config, version == 13 ? MBEDTLS_SSL_VERSION_TLS1_3
                                                           : MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(config, version == 12 ? MBEDTLS_SSL_VERSION_TLS1_2
                                                           : MBEDTLS_SSL_VERSION_TLS1_3);
    mbedtls_ssl_conf_sni(config, note_name, peer);
    mbedtls_ssl_conf_renegotiation(config, peer->behaviour.asks_again
                                               ? MBEDTLS_SSL_RENEGOTIATION_ENABLED
                                               : MBEDTLS_SSL_RENEGOTIATION_DISABLED);
    mbedtls_ssl_conf_renegotiation_enforced(config, MBEDTLS_SSL_RENEGOTIATION_NOT_ENFORCED);
    mbedtls_ssl_conf_session_tickets_cb(config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                        &identity.tickets);
    if (peer->behaviour.tickets > 0) {
        mbedtls_ssl_conf_new_session_tickets(config, (uint16_t)peer->behaviour.tickets);
    }
    require(mbedtls_ssl_conf_own_cert(config, &identity.certificate, &identity.key), "identity");
    require(mbedtls_ssl_setup(&peer->ssl, config), "context");
    mbedtls_ssl_set_bio(&peer->ssl, peer, server_send, server_receive, NULL);
}

tls_peer *tls_peer_new(const tls_peer_behaviour *behaviour) {
    make_identity();
    tls_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL) {
        return NULL;
    }
    peer->stream.ops = &peer_ops;
    peer->window = SIZE_MAX;
    peer->behaviour = *behaviour;
    peer->to_client.bytes = malloc(PIPE_BYTES);
    peer->to_server.bytes = malloc(PIPE_BYTES);
    if (peer->to_client.bytes == NULL || peer->to_server.bytes == NULL) {
        free(peer->to_client.bytes);
        free(peer->to_server.bytes);
        free(peer);
        return NULL;
    }
    mbedtls_ssl_config_init(&peer->config);
    mbedtls_ssl_init(&peer->ssl);
    set_up(peer);
    return peer;
}

ferry_stream *tls_peer_stream(tls_peer *peer) {
    return &peer->stream;
}

void tls_peer_free(tls_peer *peer) {
    mbedtls_ssl_free(&peer->ssl);
    mbedtls_ssl_config_free(&peer->config);
    free(peer->to_client.bytes);
    free(peer->to_server.bytes);
    free(peer);
}

void tls_peer_send(tls_peer *peer, unsigned char kind, const void *bytes, size_t length) {
    mbedtls_ssl_context *ssl = &peer->ssl;
    ssl->MBEDTLS_PRIVATE(out_msgtype) = kind;
    ssl->MBEDTLS_PRIVATE(out_msglen) = length;
    if (length > 0) {
        memcpy(ssl->MBEDTLS_PRIVATE(out_msg), bytes, length);
    }
    require(mbedtls_ssl_write_record(ssl, 1), "a record");
}

void tls_peer_send_raw(tls_peer *peer, const void *bytes, size_t length) {
    pipe_put(peer, &peer->to_client, bytes, length);
}

void tls_peer_set_window(tls_peer *peer, size_t bytes) {
    peer->window = bytes;
}

void tls_peer_refuse(tls_peer *peer) {
    peer->has_refused = true;
}

bool tls_peer_is_closed(const tls_peer *peer) {
    return peer->is_closed;
}

bool tls_peer_was_told(const tls_peer *peer) {
    return peer->was_told;
}

bool tls_peer_was_ended_in_order(const tls_peer *peer) {
    return peer->was_ended_in_order;
}

const char *tls_peer_server_name(const tls_peer *peer) {
    return peer->name;
}

size_t tls_peer_received(const tls_peer *peer) {
    return peer->received;
}
