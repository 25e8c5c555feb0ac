/* SPDX-License-Identifier: MIT */
/* verify: whether a server's chain of certificates is good. mbedTLS looks for the path to an
 * authority and checks signatures, dates and revocation. This file checks the rest: the name, name
 * constraints, the length of the path, critical extensions, versions and pins. It also writes the
 * sentence that says what is wrong. */
#include "verify.h"

#include "extensions.h"
#include "name_constraints.h"
#include "names.h"

#include <mbedtls/oid.h>
#include <mbedtls/sha256.h>
#include <mbedtls/x509.h>
#include <stdio.h>
#include <string.h>

enum {
    /* mbedTLS has taken an issuer for its name alone: its signature is not good. */
    BROKEN_LINK = MBEDTLS_X509_BADCERT_NOT_TRUSTED | MBEDTLS_X509_BADCERT_BAD_MD |
                  MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY,
};

/* ---- One certificate ---- */

static bool certificate_has_issued(const mbedtls_x509_crt *issuer,
                                   const mbedtls_x509_crt *certificate) {
    return issuer->subject_raw.len == certificate->issuer_raw.len &&
           memcmp(issuer->subject_raw.p, certificate->issuer_raw.p, issuer->subject_raw.len) == 0;
}

/* An authority issues such a certificate to itself when it changes its key. It does not count in
 * the length of the path, and name constraints do not apply to it (RFC 5280 sections 6.1.3 and
 * 6.1.4). */
static bool certificate_is_self_issued(const mbedtls_x509_crt *certificate) {
    return certificate_has_issued(certificate, certificate);
}

static bool certificate_is_pinned(const ferry_tls_config *config,
                                  const mbedtls_x509_crt *certificate) {
    unsigned char digest[FERRY_TLS_DIGEST_SIZE];
    if (config->pin_count == 0 ||
        mbedtls_sha256(certificate->pk_raw.p, certificate->pk_raw.len, digest, 0) != 0) {
        return false;
    }
    for (size_t i = 0; i < config->pin_count; i++) {
        if (memcmp(config->pins[i], digest, sizeof digest) == 0) {
            return true;
        }
    }
    return false;
}

/* An issuer may not issue for servers either, where its own uses do not include servers. */
static bool certificate_may_serve(const mbedtls_x509_crt *certificate) {
    return mbedtls_x509_crt_check_extended_key_usage(certificate, MBEDTLS_OID_SERVER_AUTH,
                                                     MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) ==
           0;
}

static void certificate_log(const ferry_context *context, const mbedtls_x509_crt *certificate) {
    if (context->log != NULL) {
        char text[600];
        ferry_tls_certificate_write_parties(certificate, text, sizeof text);
        ferry_log(context, FERRY_LOG_INFO, "certificate: %s", text);
        ferry_tls_certificate_write_validity(certificate, text, sizeof text);
        ferry_log(context, FERRY_LOG_INFO, "    %s", text);
    }
}

/* ---- What is looked at, and what is wrong ---- */

static void verification_record(ferry_tls_verification *verification, const char *words) {
    size_t used = strlen(verification->words);
    snprintf(verification->words + used, sizeof verification->words - used, "%s%s",
             used > 0 ? "; " : "", words);
}

static void verification_record_about(ferry_tls_verification *verification,
                                      const mbedtls_x509_crt *certificate, const char *what) {
    char subject[100];
    char words[FERRY_TLS_WORDS_SIZE];
    ferry_tls_certificate_write_subject(certificate, subject, sizeof subject);
    snprintf(words, sizeof words, "the certificate of %s %s", subject, what);
    verification_record(verification, words);
}

/* False: it may not be an issuer. */
static bool verification_add_issuer(ferry_tls_verification *verification,
                                    const mbedtls_x509_crt *issuer) {
    if (verification->config->roots != NULL && issuer->version < 3) {
        verification_record_about(verification, issuer,
                                  "is of version 1: it may not be that of an authority");
        return false;
    }
    if (verification->issuer_count < FERRY_TLS_MAX_CERTIFICATES) {
        verification->issuers[verification->issuer_count++] = issuer;
    }
    return true;
}

static bool verification_permits_names(ferry_tls_verification *verification,
                                       const mbedtls_x509_crt *certificate) {
    for (size_t i = 0; i < verification->issuer_count; i++) {
        const mbedtls_x509_crt *issuer = verification->issuers[i];
        if (!ferry_tls_name_constraints_permit(issuer, certificate)) {
            char subject[100];
            char what[200];
            ferry_tls_certificate_write_subject(issuer, subject, sizeof subject);
            snprintf(what, sizeof what, "has a name that its issuer %s may not give", subject);
            verification_record_about(verification, certificate, what);
            return false;
        }
    }
    return true;
}

/* RFC 5280 section 6.1.4, (l) and (m). The first certificate, the authority itself, is not
 * counted. */
static bool verification_count_path(ferry_tls_verification *verification,
                                    const mbedtls_x509_crt *issuer) {
    bool is_first = verification->issuer_count == 0;
    int length = ferry_tls_extension_get_path_length(issuer);
    if (!is_first && !certificate_is_self_issued(issuer)) {
        if (verification->path_left == 0) {
            verification_record_about(verification, issuer,
                                      "makes the path longer than an authority above allows");
            return false;
        }
        verification->path_left -= verification->path_left > 0 ? 1 : 0;
    }
    if (length >= 0 && (verification->path_left < 0 || length < verification->path_left)) {
        verification->path_left = length;
    }
    return true;
}

static bool verification_knows_extensions(ferry_tls_verification *verification,
                                          const mbedtls_x509_crt *certificate) {
    char unknown[100];
    if (!ferry_tls_extension_find_unknown(certificate, unknown, sizeof unknown)) {
        return true;
    }
    char what[200];
    snprintf(what, sizeof what, "has a critical extension that is not understood (%s)", unknown);
    verification_record_about(verification, certificate, what);
    return false;
}

/* Adds to mbedTLS's flags. mbedTLS compares names in its own way: its answer is not used. */
static uint32_t verification_add_flags(const ferry_tls_verification *verification,
                                       const mbedtls_x509_crt *certificate, bool is_leaf,
                                       uint32_t flags) {
    if (!certificate_may_serve(certificate)) {
        flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    }
    if (!is_leaf) {
        return flags;
    }
    flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH;
    if (verification->name != NULL &&
        !ferry_tls_certificate_is_for(certificate, verification->name)) {
        flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    }
    /* Every cipher suite that is offered has the server sign its part of the key exchange. */
    if (mbedtls_x509_crt_check_key_usage(certificate, MBEDTLS_X509_KU_DIGITAL_SIGNATURE) != 0) {
        flags |= MBEDTLS_X509_BADCERT_KEY_USAGE;
    }
    return flags;
}

/* Looks at all but pins; false: something is wrong with the certificate. */
static bool verification_accepts(ferry_tls_verification *verification,
                                 const mbedtls_x509_crt *certificate, bool is_leaf,
                                 uint32_t flags) {
    bool is_exempt = !is_leaf && certificate_is_self_issued(certificate);
    bool is_good = is_exempt || verification_permits_names(verification, certificate);
    is_good = (is_leaf || verification_count_path(verification, certificate)) && is_good;
    is_good = verification_knows_extensions(verification, certificate) && is_good;
    uint32_t found = verification_add_flags(verification, certificate, is_leaf, flags);
    if (found != 0) {
        char words[FERRY_TLS_WORDS_SIZE];
        ferry_tls_certificate_describe(certificate, found, verification->name, words, sizeof words);
        verification_record(verification, words);
        is_good = false;
    }
    return is_good;
}

/* Looks at one certificate; false: something is wrong with it. */
static bool verification_look_at(ferry_tls_verification *verification,
                                 const mbedtls_x509_crt *certificate, bool is_leaf,
                                 uint32_t flags) {
    const ferry_tls_config *config = verification->config;
    /* A pinned key above a broken link does not vouch for the certificates below it. */
    if ((flags & BROKEN_LINK) != 0) {
        verification->pin_matched = false;
    }
    verification->pin_matched |= certificate_is_pinned(config, certificate);
    /* Where no authority is trusted, pins alone are checked. */
    bool is_good =
        config->roots == NULL || verification_accepts(verification, certificate, is_leaf, flags);
    if (!is_leaf) {
        is_good = verification_add_issuer(verification, certificate) && is_good;
    } else if (config->pin_count > 0 && !verification->pin_matched) {
        verification_record(verification, "none of the pinned keys is in the chain");
        is_good = false;
    }
    return is_good;
}

/* mbedTLS calls it for each certificate, the server's own last. Only then is mbedTLS told what was
 * found, so that it comes to all of them. */
static int verification_call(void *ctx, mbedtls_x509_crt *certificate, int depth, uint32_t *flags) {
    ferry_tls_verification *verification = ctx;
    certificate_log(verification->context, certificate);
    verification->lacks_issuer |= (*flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) != 0;
    bool is_good = verification_look_at(verification, certificate, depth == 0, *flags);
    verification->is_refused |= !is_good;
    *flags = depth == 0 && verification->is_refused ? MBEDTLS_X509_BADCERT_OTHER : 0;
    return 0;
}

/* ---- Chains in another order (RFC 8446 section 4.4.2) ---- */

/* Puts behind each certificate the one that has issued it, as long as there is one. `sorted` gets
 * copies, since the chain is mbedTLS's. */
static bool chain_sort(const mbedtls_x509_crt *first, mbedtls_x509_crt *sorted) {
    const mbedtls_x509_crt *last = first;
    for (int i = 0; i < FERRY_TLS_MAX_CERTIFICATES && last != NULL; i++) {
        if (ferry_tls_chain_add(sorted, last->raw.p, last->raw.len) != 0) {
            return false;
        }
        const mbedtls_x509_crt *issuer = first->next;
        while (issuer != NULL && (issuer == last || !certificate_has_issued(issuer, last))) {
            issuer = issuer->next;
        }
        last = issuer;
    }
    return true;
}

/* Verifies the chain in another form. What is found goes to `again`. */
static bool verification_repeat(const ferry_tls_verification *verification, mbedtls_x509_crt *chain,
                                ferry_tls_verification *again) {
    const ferry_tls_config *config = verification->config;
    uint32_t flags = 0;
    *again = (ferry_tls_verification){
        .config = config,
        .context = verification->context,
        .name = verification->name,
        .path_left = -1,
    };
    return mbedtls_x509_crt_verify_with_profile(
               chain, config->roots != NULL ? ferry_tls_roots_chain(config->roots) : NULL,
               ferry_tls_config_get_crl(config), &mbedtls_x509_crt_profile_default, NULL, &flags,
               verification_call, again) == 0;
}

/* mbedTLS looks for an issuer only behind the certificate: in another order it does not find the
 * path. */
static bool verification_try_sorted(ferry_tls_verification *verification,
                                    const mbedtls_x509_crt *first) {
    ferry_tls_verification again = {.config = NULL};
    mbedtls_x509_crt sorted;
    mbedtls_x509_crt_init(&sorted);
    bool is_good = chain_sort(first, &sorted) && verification_repeat(verification, &sorted, &again);
    mbedtls_x509_crt_free(&sorted);
    if (!is_good && again.words[0] != '\0' && !again.lacks_issuer) {
        memcpy(verification->words, again.words, sizeof again.words);
    }
    return is_good;
}

static bool verification_may_be_unsorted(const ferry_tls_verification *verification,
                                         bool lacks_issuer, const mbedtls_x509_crt *first) {
    return verification->config->roots != NULL && lacks_issuer && first->next != NULL;
}

/* Verifies the certificates as chain.c has read them: their bytes are those that were signed. The
 * handshake goes by what mbedTLS has read, so the server's key must be the same in both. */
static bool verification_try_reread(ferry_tls_verification *verification,
                                    const mbedtls_x509_crt *certificate) {
    ferry_tls_verification again;
    mbedtls_x509_crt *first = &verification->reread.chain;
    const mbedtls_x509_buf *key = &certificate->pk_raw;
    if (first->pk_raw.len != key->len || memcmp(first->pk_raw.p, key->p, key->len) != 0) {
        return false;
    }
    if (verification_repeat(verification, first, &again)) {
        return true;
    }
    memcpy(verification->words, again.words, sizeof again.words);
    return verification_may_be_unsorted(verification, again.lacks_issuer, first) &&
           verification_try_sorted(verification, first);
}

/* Where the chain is not verified, mbedTLS ignores the flags: an error ends the handshake even
 * so. */
static int verification_answer(ferry_tls_verification *verification, bool is_good,
                               uint32_t *flags) {
    *flags = is_good ? 0 : MBEDTLS_X509_BADCERT_OTHER;
    if (is_good) {
        verification->words[0] = '\0';
    }
    return is_good || verification->config->roots != NULL ? 0 : MBEDTLS_ERR_X509_FATAL_ERROR;
}

int ferry_tls_verify(void *ctx, mbedtls_x509_crt *certificate, int depth, uint32_t *flags) {
    ferry_tls_verification *verification = ctx;
    verification->was_called = true;
    ferry_tls_chain_restore(&verification->reread);
    if (verification->reread.is_used) {
        *flags = 0;
        return depth > 0
                   ? 0
                   : verification_answer(verification,
                                         verification_try_reread(verification, certificate), flags);
    }
    verification_call(ctx, certificate, depth, flags);
    if (*flags == 0) {
        return 0;
    }
    bool is_good =
        verification_may_be_unsorted(verification, verification->lacks_issuer, certificate) &&
        verification_try_sorted(verification, certificate);
    return verification_answer(verification, is_good, flags);
}

void ferry_tls_verification_free(const ferry_context *context,
                                 ferry_tls_verification *verification) {
    if (verification != NULL) {
        ferry_tls_reread_deinit(&verification->reread);
        ferry_free(context, verification);
    }
}
