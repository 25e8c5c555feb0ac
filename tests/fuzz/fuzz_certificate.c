/* SPDX-License-Identifier: MIT */
/* fuzz_certificate: a certificate of any bytes is matched against names, against its own name
 * constraints, its extensions are gone through, and it is put into words that end and fit, whatever
 * is in it. */
#include "tls/describe.h"
#include "tls/extensions.h"
#include "tls/name_constraints.h"
#include "tls/names.h"
#include "tls/server_certificates.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const names[] = {"a.example", "b.a.example", "127.0.0.1", "::1", ""};
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt_init(&certificate);
    if (ferry_tls_chain_add(&certificate, data, size) == 0) {
        static const size_t sizes[] = {40, 320, 600};
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            char *text = room(sizes[i]);
            ferry_tls_certificate_write_parties(&certificate, text, sizes[i]);
            check_words(text, sizes[i]);
            text = room(sizes[i]);
            ferry_tls_certificate_write_validity(&certificate, text, sizes[i]);
            check_words(text, sizes[i]);
            for (uint32_t flag = 1; flag != 0 && flag < 1u << 21; flag <<= 1) {
                text = room(sizes[i]);
                ferry_tls_certificate_describe(&certificate, flag, names[0], text, sizes[i]);
                check_words(text, sizes[i]);
            }
            text = room(sizes[i]);
            ferry_tls_certificate_describe(&certificate, UINT32_MAX, NULL, text, sizes[i]);
            check_words(text, sizes[i]);
        }
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            ferry_tls_certificate_is_for(&certificate, names[i]);
        }
        char unknown[32];
        ferry_tls_name_constraints_permit(&certificate, &certificate);
        ferry_tls_extension_find_unknown(&certificate, unknown, sizeof unknown);
        require(ferry_tls_extension_get_path_length(&certificate) >= -1);
    }
    mbedtls_x509_crt_free(&certificate);
    return 0;
}
