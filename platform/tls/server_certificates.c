/* SPDX-License-Identifier: MIT */
/* server_certificates: a server's certificates, where mbedTLS's handshake does not read them.
 * mbedTLS refuses a certificate with a critical extension that it does not know. Public authorities
 * have such ones: name constraints, which RFC 5280 wants critical. Or the certificate is one that
 * the path does not need.
 *
 * mbedtls_x509_crt_parse_der_with_ext_cb() reads them, but the handshake does not let us pass its
 * callback. So the certificates are read twice. They are read here, and verify.c goes by that:
 * every byte is as it was signed. Then mbedTLS reads the message once more, in which such
 * extensions are marked as not critical. Before mbedTLS takes its digest, the message gets its own
 * bytes back. */
#include "server_certificates.h"

#include "extensions.h"

#include <mbedtls/oid.h>
#include <mbedtls/version.h>
#include <stdlib.h>
#include <string.h>

/* Of a handshake message: its type and its length. */
enum { HEADER_BYTES = 4 };

static size_t bytes_to_number(const unsigned char *bytes, size_t count) {
    size_t number = 0;
    for (size_t i = 0; i < count; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

/* The bytes of the message that have not been read yet. */
typedef struct unread_bytes {
    unsigned char *at;
    size_t length;
} unread_bytes;

/* Takes a vector; its length stands before it, in `length_bytes` bytes. False: so many bytes are
 * not there. */
static bool unread_bytes_take(unread_bytes *from, size_t length_bytes, unread_bytes *taken) {
    if (from->length < length_bytes) {
        return false;
    }
    size_t length = bytes_to_number(from->at, length_bytes);
    if (length > from->length - length_bytes) {
        return false;
    }
    *taken = (unread_bytes){from->at + length_bytes, length};
    from->at += length_bytes + length;
    from->length -= length_bytes + length;
    return true;
}

mbedtls_x509_crt *ferry_tls_chain_last(mbedtls_x509_crt *chain) {
    while (chain->next != NULL) {
        chain = chain->next;
    }
    return chain;
}

/* verify.c looks at the extensions, if the certificate is in the path. */
static int extension_take_any(void *ctx, const mbedtls_x509_crt *certificate,
                              const mbedtls_x509_buf *oid, int critical,
                              const unsigned char *content, const unsigned char *end) {
    (void)ctx;
    (void)certificate;
    (void)oid;
    (void)critical;
    (void)content;
    (void)end;
    return 0;
}

int ferry_tls_chain_add(mbedtls_x509_crt *chain, const unsigned char *der, size_t length) {
    int result =
        mbedtls_x509_crt_parse_der_with_ext_cb(chain, der, length, 1, extension_take_any, NULL);
    if (result == 0) {
        /* With 0, mbedTLS does not check the length of the path. It would count self-issued
         * certificates too, which verify.c does not. */
        ferry_tls_chain_last(chain)->MBEDTLS_PRIVATE(max_pathlen) = 0;
    }
    return result;
}

/* Reads one certificate. In the message, critical extensions that mbedTLS does not know become
 * ones that are not critical. */
static bool chain_read_certificate(mbedtls_x509_crt *chain, unread_bytes der) {
    if (ferry_tls_chain_add(chain, der.at, der.length) != 0) {
        return false;
    }
    const mbedtls_x509_crt *read = ferry_tls_chain_last(chain);
    ferry_tls_extension extension = {.next = NULL};
    while (ferry_tls_extension_next(read, &extension)) {
        if (extension.critical != NULL && !ferry_tls_extension_is_known_to_mbedtls(&extension)) {
            der.at[extension.critical - read->raw.p] = 0; /* DER's FALSE */
        }
    }
    return true;
}

/* RFC 8446 section 4.4.2 and RFC 5246 section 7.4.2. */
static bool chain_read_message(mbedtls_x509_crt *chain, unread_bytes message, bool is_1_3) {
    unread_bytes context;
    unread_bytes list;
    unread_bytes der;
    unread_bytes extensions;
    if ((is_1_3 && !unread_bytes_take(&message, 1, &context)) ||
        !unread_bytes_take(&message, 3, &list)) {
        return false;
    }
    while (list.length > 0) {
        if (!unread_bytes_take(&list, 3, &der) || !chain_read_certificate(chain, der) ||
            (is_1_3 && !unread_bytes_take(&list, 2, &extensions))) {
            return false;
        }
    }
    return true;
}

bool ferry_tls_chain_reread(mbedtls_ssl_context *ssl, ferry_tls_reread *reread) {
    unsigned char *message = ssl->MBEDTLS_PRIVATE(in_msg);
    size_t length = ssl->MBEDTLS_PRIVATE(in_hslen);
    bool is_1_3 = mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
    /* These members are private. What they mean was read in mbedTLS 3.6. */
    if (MBEDTLS_VERSION_NUMBER >= 0x03070000 || reread->was_tried || length <= HEADER_BYTES ||
        message[0] != MBEDTLS_SSL_HS_CERTIFICATE) {
        return false;
    }
    reread->was_tried = true;
    reread->message = message;
    reread->message_length = length;
    reread->original = malloc(length);
    if (reread->original == NULL) {
        return false;
    }
    memcpy(reread->original, message, length);
    if (!chain_read_message(&reread->chain,
                            (unread_bytes){message + HEADER_BYTES, length - HEADER_BYTES},
                            is_1_3)) {
        ferry_tls_chain_restore(reread);
        return false;
    }
    reread->is_used = true;
    ssl->MBEDTLS_PRIVATE(keep_current_message) = 1;
    return true;
}

void ferry_tls_chain_restore(ferry_tls_reread *reread) {
    if (reread->original != NULL) {
        memcpy(reread->message, reread->original, reread->message_length);
        free(reread->original);
        reread->original = NULL;
    }
}

void ferry_tls_reread_deinit(ferry_tls_reread *reread) {
    free(reread->original);
    mbedtls_x509_crt_free(&reread->chain);
}
