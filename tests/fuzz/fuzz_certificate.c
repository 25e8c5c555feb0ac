/* SPDX-License-Identifier: MIT */
/* fuzz_certificate: a certificate of any bytes is matched against names, against its own name
 * constraints, and put into words that end and fit, whatever is in it. */
#include "tls_state.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { GUARD = 0x5a };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

/* Words go to a block of exactly their size, so that a byte beyond it is seen. */
static char *room(size_t size) {
    char *text = malloc(size);
    require(text != NULL);
    memset(text, GUARD, size);
    return text;
}

static void check_words(char *text, size_t size) {
    require(memchr(text, '\0', size) != NULL);
    free(text);
}

static int accept_extension(void *ctx, const mbedtls_x509_crt *certificate,
                            const mbedtls_x509_buf *oid, int critical, const unsigned char *content,
                            const unsigned char *end) {
    (void)ctx;
    (void)certificate;
    (void)oid;
    (void)critical;
    (void)content;
    (void)end;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"a.example", "b.a.example", "127.0.0.1", "::1", ""};
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt_init(&certificate);
    if (mbedtls_x509_crt_parse_der_with_ext_cb(&certificate, data, size, 1, accept_extension,
                                               NULL) == 0) {
        static const size_t sizes[] = {40, 320, 600};
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            char *text = room(sizes[i]);
            ferry_tls_write_summary(&certificate, text, sizes[i]);
            check_words(text, sizes[i]);
            for (uint32_t flag = 1; flag != 0 && flag < 1u << 21; flag <<= 1) {
                text = room(sizes[i]);
                ferry_tls_describe(&certificate, flag, names[0], text, sizes[i]);
                check_words(text, sizes[i]);
            }
            text = room(sizes[i]);
            ferry_tls_describe(&certificate, UINT32_MAX, NULL, text, sizes[i]);
            check_words(text, sizes[i]);
        }
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            ferry_tls_is_for(&certificate, names[i]);
        }
        ferry_tls_is_permitted(&certificate, &certificate);
    }
    mbedtls_x509_crt_free(&certificate);
    return 0;
}
