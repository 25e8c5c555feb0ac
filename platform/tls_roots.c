/* SPDX-License-Identifier: MIT */
/* tls_roots: trusted authorities, read once and shared. */
#include "tls_state.h"
#include "trust.h"

#include <mbedtls/oid.h>
#include <mbedtls/pem.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = 1024, LOOKED_SIZE = 448 };

struct ferry_tls_roots {
    unsigned users;
    size_t count;
    size_t refused; /* that could not be read */
    bool out_of_memory;
    char key[KEY_SIZE]; /* of the system's: what they depend on */
    mbedtls_x509_crt chain;
};

/* Those of the system, while somebody uses them; guarded by the platform's lock. */
static ferry_tls_roots *system_roots;

/* mbedTLS knows nothing of name constraints; they are looked at in tls_constraints.c. */
static int take_extension(void *ctx, const mbedtls_x509_crt *certificate,
                          const mbedtls_x509_buf *oid, int critical, const unsigned char *content,
                          const unsigned char *end) {
    (void)ctx;
    (void)certificate;
    (void)content;
    (void)end;
    bool is_known = MBEDTLS_OID_CMP(MBEDTLS_OID_NAME_CONSTRAINTS, oid) == 0;
    return is_known || critical == 0 ? 0 : MBEDTLS_ERR_X509_FEATURE_UNAVAILABLE;
}

static void add_der(ferry_tls_roots *roots, const unsigned char *der, size_t size) {
    int result =
        mbedtls_x509_crt_parse_der_with_ext_cb(&roots->chain, der, size, 1, take_extension, NULL);
    if (result == 0) {
        roots->count++;
    } else if (result == MBEDTLS_ERR_X509_ALLOC_FAILED) {
        roots->out_of_memory = true;
    } else {
        roots->refused++;
    }
}

/* Text around the certificates is passed over. */
static size_t add_pem(void *ctx, const char *pem, size_t size) {
    ferry_tls_roots *roots = ctx;
    size_t before = roots->count;
    const char *end = pem + size;
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    for (const char *at = strstr(pem, begin); at != NULL && at < end;) {
        mbedtls_pem_context context;
        mbedtls_pem_init(&context);
        size_t used = 0;
        int result = mbedtls_pem_read_buffer(&context, begin, "-----END CERTIFICATE-----",
                                             (const unsigned char *)at, NULL, 0, &used);
        if (result == 0) {
            size_t length = 0;
            const unsigned char *der = mbedtls_pem_get_buffer(&context, &length);
            add_der(roots, der, length);
        } else {
            roots->refused++;
            used = sizeof begin - 1;
        }
        mbedtls_pem_free(&context);
        at = strstr(at + used, begin);
    }
    return roots->count - before;
}

/* The length of the DER value that begins here, its header included; 0: it is none. */
static size_t der_length(const unsigned char *der, size_t size) {
    if (size < 2 || der[0] != 0x30) {
        return 0;
    }
    size_t length = der[1];
    size_t header = 2;
    if (length >= 0x80) {
        size_t count = length & 0x7f;
        if (count < 1 || count > 3 || size < 2 + count) {
            return 0;
        }
        length = 0;
        for (size_t i = 0; i < count; i++) {
            length = length << 8 | der[2 + i];
        }
        header += count;
    }
    return length <= size - header ? header + length : 0;
}

static void add_der_list(ferry_tls_roots *roots, const ferry_slice *list) {
    const unsigned char *at = list->data;
    size_t left = list->length;
    while (left > 0) {
        size_t length = der_length(at, left);
        if (length == 0) {
            roots->refused++;
            return;
        }
        add_der(roots, at, length);
        at += length;
        left -= length;
    }
}

static ferry_tls_roots *roots_new(void) {
    ferry_tls_roots *roots = calloc(1, sizeof *roots);
    if (roots != NULL) {
        roots->users = 1;
        mbedtls_x509_crt_init(&roots->chain);
    }
    return roots;
}

static void roots_free(ferry_tls_roots *roots) {
    mbedtls_x509_crt_free(&roots->chain);
    free(roots);
}

static ferry_error read_system(ferry_context *context, ferry_tls_roots **roots) {
    ferry_tls_roots *made = roots_new();
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    char looked[LOOKED_SIZE];
    ferry_trust_read(add_pem, made, looked, sizeof looked);
    if (made->count == 0 || made->out_of_memory) {
        bool out_of_memory = made->out_of_memory;
        roots_free(made);
        return out_of_memory
                   ? ferry_fail_memory(context)
                   : ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                                "no trusted certificate authorities were found in %s: install "
                                "them (ca-certificates), or give some in the TLS options",
                                looked);
    }
    *roots = made;
    return FERRY_OK;
}

ferry_error ferry_tls_roots_of_system(ferry_context *context, ferry_tls_roots **roots) {
    char key[KEY_SIZE];
    ferry_error error = FERRY_OK;
    bool has_key = ferry_trust_write_key(key, sizeof key);
    ferry_platform_lock();
    if (has_key && system_roots != NULL && strcmp(system_roots->key, key) == 0) {
        system_roots->users++;
        *roots = system_roots;
    } else {
        error = read_system(context, roots);
        if (error == FERRY_OK && has_key) {
            memcpy((*roots)->key, key, sizeof key);
            system_roots = *roots; /* earlier ones go when their users do */
        }
    }
    ferry_platform_unlock();
    return error;
}

ferry_error ferry_tls_roots_of_options(ferry_context *context, const ferry_tls_options *options,
                                       ferry_tls_roots **roots) {
    ferry_tls_roots *made = roots_new();
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    if (options->ca_pem != NULL) {
        add_pem(made, options->ca_pem, strlen(options->ca_pem));
    }
    if (options->ca_der.length > 0) {
        add_der_list(made, &options->ca_der);
    }
    ferry_error error = FERRY_OK;
    if (made->out_of_memory) {
        error = ferry_fail_memory(context);
    } else if (made->count == 0) {
        error = ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                           "the trusted authorities (ca_pem, ca_der) hold no certificate that can "
                           "be read");
    } else if (made->refused > 0) {
        error = ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                           "of the trusted authorities (ca_pem, ca_der) %zu cannot be read",
                           made->refused);
    }
    if (error != FERRY_OK) {
        roots_free(made);
        return error;
    }
    *roots = made;
    return FERRY_OK;
}

void ferry_tls_roots_release(ferry_tls_roots *roots) {
    ferry_platform_lock();
    bool is_last = --roots->users == 0;
    if (is_last && roots == system_roots) {
        system_roots = NULL;
    }
    ferry_platform_unlock();
    if (is_last) {
        roots_free(roots);
    }
}

mbedtls_x509_crt *ferry_tls_roots_chain(ferry_tls_roots *roots) {
    return &roots->chain;
}
