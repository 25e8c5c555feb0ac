/* SPDX-License-Identifier: MIT */
/* chain: a server's certificates that mbedTLS's handshake refuses to read, since one of them
 * has a critical extension that mbedTLS does not know: constraints on names, which public
 * authorities have and RFC 5280 wants critical, or one in a certificate that the path does not
 * need.
 *
 * The handshake has no place for a callback such as mbedtls_x509_crt_parse_der_with_ext_cb() takes.
 * So the message is read again here, and once more by mbedTLS, with such extensions marked as not
 * critical; verify.c then goes by what was read here, where every byte is as it was signed, and
 * the message is as it was before mbedTLS takes its digest. */
#include "chain.h"

#include "extensions.h"

#include <mbedtls/oid.h>
#include <mbedtls/version.h>
#include <stdlib.h>
#include <string.h>

/* The message stands behind its header of four bytes. */
enum { HEADER_BYTES = 4 };

static size_t bytes_to_number(const unsigned char *bytes, size_t count) {
    size_t number = 0;
    for (size_t i = 0; i < count; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

/* What of the message is not read yet. */
typedef struct rest {
    unsigned char *at;
    size_t length;
} rest;

/* Takes a vector with a length of so many bytes; false where it does not fit. */
static bool rest_take(rest *from, size_t length_bytes, rest *taken) {
    if (from->length < length_bytes) {
        return false;
    }
    size_t length = bytes_to_number(from->at, length_bytes);
    if (length > from->length - length_bytes) {
        return false;
    }
    *taken = (rest){from->at + length_bytes, length};
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

/* What it is worth verify.c says, where the certificate is in the path. */
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
        /* verify.c counts: mbedTLS counts a self-issued certificate below it as well. */
        ferry_tls_chain_last(chain)->MBEDTLS_PRIVATE(max_pathlen) = 0;
    }
    return result;
}

/* Reads one certificate, and marks what mbedTLS does not know in the message. */
static bool chain_read_certificate(mbedtls_x509_crt *chain, rest der) {
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
static bool chain_read_message(mbedtls_x509_crt *chain, rest message, bool is_1_3) {
    rest context;
    rest list;
    rest der;
    rest extensions;
    if ((is_1_3 && !rest_take(&message, 1, &context)) || !rest_take(&message, 3, &list)) {
        return false;
    }
    while (list.length > 0) {
        if (!rest_take(&list, 3, &der) || !chain_read_certificate(chain, der) ||
            (is_1_3 && !rest_take(&list, 2, &extensions))) {
            return false;
        }
    }
    return true;
}

bool ferry_tls_chain_reread(mbedtls_ssl_context *ssl, ferry_tls_reread *reread) {
    unsigned char *message = ssl->MBEDTLS_PRIVATE(in_msg);
    size_t length = ssl->MBEDTLS_PRIVATE(in_hslen);
    bool is_1_3 = mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
    /* What is reached into here is as mbedTLS 3.6 has it. */
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
    if (!chain_read_message(&reread->chain, (rest){message + HEADER_BYTES, length - HEADER_BYTES},
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
