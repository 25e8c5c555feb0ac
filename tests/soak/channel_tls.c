/* SPDX-License-Identifier: MIT */
/* channel_tls: the server's side of TLS, by mbedTLS, with a certificate for *.soak.test of its own.
 */
#include "channel.h"

#ifdef FERRY_HAVE_TLS

#include "require.h"

#include <mbedtls/ecp.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/x509_crt.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_TICKETS = 8 };

typedef struct tls_channel {
    soak_channel base;
    mbedtls_ssl_context ssl;
    bool has_failed;
} tls_channel;

static struct {
    mbedtls_pk_context key;
    mbedtls_x509_crt certificate;
    mbedtls_ssl_ticket_context tickets;
    mbedtls_ssl_config tls_1_2;
    mbedtls_ssl_config tls_1_3[MOST_TICKETS + 1]; /* by the number of tickets */
    char pem[4096];
} identity;

static int random_bytes(void *ctx, unsigned char *bytes, size_t length) {
    return mbedtls_psa_get_random(ctx, bytes, length);
}

static void certificate_write(void) {
    static unsigned char serial[] = {1};
    static unsigned char name[] = "*.soak.test";
    mbedtls_x509_san_list names = {
        .node = {.type = MBEDTLS_X509_SAN_DNS_NAME,
                 .san = {.unstructured_name = {.p = name, .len = sizeof name - 1}}},
    };
    mbedtls_x509write_cert writer;
    mbedtls_x509write_crt_init(&writer);
    mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
    mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
    mbedtls_x509write_crt_set_subject_key(&writer, &identity.key);
    mbedtls_x509write_crt_set_issuer_key(&writer, &identity.key);
    bool is_set =
        mbedtls_x509write_crt_set_subject_name(&writer, "CN=soak") == 0 &&
        mbedtls_x509write_crt_set_issuer_name(&writer, "CN=soak") == 0 &&
        mbedtls_x509write_crt_set_serial_raw(&writer, serial, sizeof serial) == 0 &&
        mbedtls_x509write_crt_set_validity(&writer, "20200101000000", "20491231235959") == 0 &&
        mbedtls_x509write_crt_set_basic_constraints(&writer, 1, -1) == 0 &&
        mbedtls_x509write_crt_set_subject_alternative_name(&writer, &names) == 0 &&
        mbedtls_x509write_crt_pem(&writer, (unsigned char *)identity.pem, sizeof identity.pem,
                                  random_bytes, MBEDTLS_PSA_RANDOM_STATE) == 0;
    require(is_set, "certificate");
    mbedtls_x509write_crt_free(&writer);
}

static void
config_make(mbedtls_ssl_config *config, mbedtls_ssl_protocol_version version, int tickets,
            int (*take_name)(void *, mbedtls_ssl_context *, const unsigned char *, size_t)) {
    mbedtls_ssl_config_init(config);
    require(mbedtls_ssl_config_defaults(config, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM,
                                        MBEDTLS_SSL_PRESET_DEFAULT) == 0,
            "TLS configuration");
    mbedtls_ssl_conf_rng(config, random_bytes, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_min_tls_version(config, version);
    mbedtls_ssl_conf_max_tls_version(config, version);
    mbedtls_ssl_conf_sni(config, take_name, NULL);
    mbedtls_ssl_conf_session_tickets_cb(config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse,
                                        &identity.tickets);
    mbedtls_ssl_conf_new_session_tickets(config, (uint16_t)tickets);
    require(mbedtls_ssl_conf_own_cert(config, &identity.certificate, &identity.key) == 0,
            "TLS identity");
}

/* The name that the client asks for says what befalls the connection from here on. */
static int take_name(void *ctx, mbedtls_ssl_context *ssl, const unsigned char *name,
                     size_t length) {
    (void)ctx;
    uint64_t seed = link_read_name((const char *)name, length);
    if (seed != 0) {
        soak_link link = link_make(seed);
        channel_set_link(mbedtls_ssl_get_user_data_p(ssl), &link);
    }
    return 0;
}

const char *channel_tls_start(void) {
    require(psa_crypto_init() == PSA_SUCCESS, "PSA");
    mbedtls_pk_init(&identity.key);
    mbedtls_x509_crt_init(&identity.certificate);
    mbedtls_ssl_ticket_init(&identity.tickets);
    require(mbedtls_pk_setup(&identity.key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY)) == 0,
            "key");
    require(mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(identity.key), random_bytes,
                                MBEDTLS_PSA_RANDOM_STATE) == 0,
            "key");
    certificate_write();
    require(mbedtls_x509_crt_parse(&identity.certificate, (const unsigned char *)identity.pem,
                                   strlen(identity.pem) + 1) == 0,
            "certificate");
    require(mbedtls_ssl_ticket_setup(&identity.tickets, random_bytes, MBEDTLS_PSA_RANDOM_STATE,
                                     MBEDTLS_CIPHER_AES_256_GCM, 86400) == 0,
            "tickets");
    config_make(&identity.tls_1_2, MBEDTLS_SSL_VERSION_TLS1_2, 1, take_name);
    for (int i = 0; i <= MOST_TICKETS; i++) {
        config_make(&identity.tls_1_3[i], MBEDTLS_SSL_VERSION_TLS1_3, i, take_name);
    }
    return identity.pem;
}

void channel_tls_stop(void) {
    mbedtls_ssl_config_free(&identity.tls_1_2);
    for (int i = 0; i <= MOST_TICKETS; i++) {
        mbedtls_ssl_config_free(&identity.tls_1_3[i]);
    }
    mbedtls_ssl_ticket_free(&identity.tickets);
    mbedtls_x509_crt_free(&identity.certificate);
    mbedtls_pk_free(&identity.key);
}

/* ---- The channel ---- */

static int below_send(void *ctx, const unsigned char *bytes, size_t length) {
    return channel_write(ctx, bytes, length) ? (int)length : MBEDTLS_ERR_SSL_CONN_EOF;
}

static int below_receive(void *ctx, unsigned char *dst, size_t capacity) {
    size_t length = channel_read(ctx, dst, capacity);
    return length > 0 ? (int)length : MBEDTLS_ERR_SSL_CONN_EOF;
}

static size_t tls_read(soak_channel *channel, void *dst, size_t capacity) {
    tls_channel *tls = (tls_channel *)channel;
    int result = tls->has_failed ? 0 : 1;
    if (result > 0) {
        result = mbedtls_ssl_read(&tls->ssl, dst, capacity);
    }
    tls->has_failed = result <= 0;
    return result > 0 ? (size_t)result : 0;
}

static bool tls_write(soak_channel *channel, const void *bytes, size_t length) {
    tls_channel *tls = (tls_channel *)channel;
    const unsigned char *from = bytes;
    do {
        int written = tls->has_failed ? -1 : mbedtls_ssl_write(&tls->ssl, from, length);
        if (written < 0) {
            tls->has_failed = true;
            return false;
        }
        from += written;
        length -= (size_t)written;
    } while (length > 0);
    return true;
}

static void tls_end(soak_channel *channel, script_end how) {
    tls_channel *tls = (tls_channel *)channel;
    if (how == SCRIPT_END_ORDERLY && !tls->has_failed) {
        mbedtls_ssl_close_notify(&tls->ssl);
    }
    channel_end(channel->below, how);
}

static void tls_free(soak_channel *channel) {
    tls_channel *tls = (tls_channel *)channel;
    mbedtls_ssl_free(&tls->ssl);
    channel_free(channel->below);
    free(tls);
}

static const channel_ops tls_ops = {
    .read = tls_read,
    .write = tls_write,
    .end = tls_end,
    .free = tls_free,
};

soak_channel *channel_new_tls(soak_channel *below, const channel_tls_options *options) {
    tls_channel *tls = require_memory(calloc(1, sizeof *tls));
    tls->base = (soak_channel){&tls_ops, below};
    mbedtls_ssl_init(&tls->ssl);
    const mbedtls_ssl_config *config =
        options->is_1_2 ? &identity.tls_1_2 : &identity.tls_1_3[options->tickets];
    require(mbedtls_ssl_setup(&tls->ssl, config) == 0, "TLS context");
    mbedtls_ssl_set_bio(&tls->ssl, below, below_send, below_receive, NULL);
    mbedtls_ssl_set_user_data_p(&tls->ssl, below);
    if (mbedtls_ssl_handshake(&tls->ssl) != 0) {
        mbedtls_ssl_free(&tls->ssl);
        free(tls);
        return NULL;
    }
    return &tls->base;
}

#else

const char *channel_tls_start(void) {
    return NULL;
}

void channel_tls_stop(void) {
}

soak_channel *channel_new_tls(soak_channel *below, const channel_tls_options *options) {
    (void)below;
    (void)options;
    return NULL;
}

#endif
