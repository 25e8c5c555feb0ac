/* SPDX-License-Identifier: MIT */
/* bench_tls: what mbedTLS itself costs: how fast it opens records that are in memory already, and
 * how large the buffers of a connection are that it keeps for records. */
#include "bench.h"

#include <mbedtls/cipher.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>

enum {
    RECORD_BYTES = 16384,
    INNER_BYTES = RECORD_BYTES + 1, /* the content type is within (RFC 8446 section 5.2) */
    HEADER_BYTES = 5,
    NONCE_BYTES = 12,
    TAG_BYTES = 16,
    MIB = 1024 * 1024,
};

static const struct {
    const char *name; /* as RFC 8446 has it: the mode */
    mbedtls_cipher_type_t type;
    int key_bits;
} suites[] = {
    {"TLS_AES_128_GCM_SHA256", MBEDTLS_CIPHER_AES_128_GCM, 128},
    {"TLS_AES_256_GCM_SHA384", MBEDTLS_CIPHER_AES_256_GCM, 256},
    {"TLS_CHACHA20_POLY1305_SHA256", MBEDTLS_CIPHER_CHACHA20_POLY1305, 256},
};

static void expect_ok(int result) {
    if (result != 0) {
        bench_fail("mbedTLS: -0x%04x", (unsigned)-result);
    }
}

static void set_key(mbedtls_cipher_context_t *cipher, size_t suite, mbedtls_operation_t operation) {
    static const unsigned char key[32] = {1, 2, 3};
    mbedtls_cipher_init(cipher);
    expect_ok(mbedtls_cipher_setup(cipher, mbedtls_cipher_info_from_type(suites[suite].type)));
    expect_ok(mbedtls_cipher_setkey(cipher, key, suites[suite].key_bits, operation));
}

/* `n` MiB in records of 16 KiB, as TLS 1.3 protects them. */
static void run_decrypt(bench *run, size_t suite) {
    static const unsigned char nonce[NONCE_BYTES];
    static const unsigned char header[HEADER_BYTES] = {23, 3, 3, 64, 17};
    static unsigned char plain[INNER_BYTES];
    static unsigned char record[INNER_BYTES + TAG_BYTES];
    static unsigned char opened[INNER_BYTES + TAG_BYTES];
    size_t length = 0;
    mbedtls_cipher_context_t cipher;
    set_key(&cipher, suite, MBEDTLS_ENCRYPT);
    expect_ok(mbedtls_cipher_auth_encrypt_ext(&cipher, nonce, NONCE_BYTES, header, HEADER_BYTES,
                                              plain, INNER_BYTES, record, sizeof record, &length,
                                              TAG_BYTES));
    mbedtls_cipher_free(&cipher);
    set_key(&cipher, suite, MBEDTLS_DECRYPT);
    bench_start(run);
    for (long i = 0; i < run->n * (MIB / RECORD_BYTES); i++) {
        expect_ok(mbedtls_cipher_auth_decrypt_ext(&cipher, nonce, NONCE_BYTES, header, HEADER_BYTES,
                                                  record, sizeof record, opened, sizeof opened,
                                                  &length, TAG_BYTES));
        run->bytes += RECORD_BYTES;
    }
    bench_stop(run);
    bench_report_begin(run);
    bench_report_text("version", MBEDTLS_VERSION_STRING);
    bench_report_end();
    mbedtls_cipher_free(&cipher);
}

static int no_random(void *ctx, unsigned char *output, size_t length) {
    (void)ctx;
    memset(output, 0, length);
    return 0;
}

/* The two large blocks that a connection has from its beginning to its end, by malloc's own
 * account: what is asked for beyond them is small. */
static void run_buffers(bench *run) {
    mbedtls_ssl_config config;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config_init(&config);
    mbedtls_ssl_init(&ssl);
    expect_ok(mbedtls_ssl_config_defaults(
        &config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT));
    mbedtls_ssl_conf_rng(&config, no_random, NULL);
    expect_ok(mbedtls_ssl_setup(&ssl, &config));
    size_t in = 0;
    size_t out = 0;
#ifdef BENCH_HAVE_MALLINFO2
    in = malloc_usable_size(ssl.MBEDTLS_PRIVATE(in_buf));
    out = malloc_usable_size(ssl.MBEDTLS_PRIVATE(out_buf));
#endif
    bench_report_begin(run);
    bench_report_number("in_bytes", (double)in);
    bench_report_number("out_bytes", (double)out);
    bench_report_end();
    mbedtls_ssl_free(&ssl);
    mbedtls_ssl_config_free(&config);
}

int main(int argc, char **argv) {
    bench run = bench_parse(argc, argv); /* PORT is of no use here */
    if (bench_is(&run, "buffers")) {
        run_buffers(&run);
        return 0;
    }
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        if (bench_is(&run, suites[i].name)) {
            run_decrypt(&run, i);
            return 0;
        }
    }
    bench_fail_mode(&run);
}
