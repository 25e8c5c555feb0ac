/* SPDX-License-Identifier: MIT */
/* config: reads the options of the program, and makes of them what mbedTLS needs. */
#include "config.h"

#include "ciphersuites.h"
#include "codes.h"
#include "describe.h"

#include <mbedtls/base64.h>
#include <mbedtls/psa_util.h>
#include <stdlib.h>
#include <string.h>

/* ---- Reading ---- */

bool ferry_tls_options_have_roots(const ferry_tls_options *options) {
    return options->ca_pem != NULL || options->ca_der.length > 0;
}

static ferry_error reading_fail(ferry_context *context, const char *what, int result) {
    char words[200];
    if (ferry_tls_shortage_caused(result)) {
        return ferry_fail_memory(context);
    }
    ferry_tls_error_write(result, words, sizeof words);
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "%s cannot be read: %s", what, words);
}

static ferry_error pin_read(ferry_context *context, const char *pin,
                            unsigned char digest[FERRY_TLS_DIGEST_SIZE]) {
    static const char prefix[] = "sha256//";
    size_t length = 0;
    if (strncmp(pin, prefix, sizeof prefix - 1) != 0 ||
        mbedtls_base64_decode(digest, FERRY_TLS_DIGEST_SIZE, &length,
                              (const unsigned char *)pin + sizeof prefix - 1,
                              strlen(pin) - (sizeof prefix - 1)) != 0 ||
        length != FERRY_TLS_DIGEST_SIZE) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the pin \"%.80s\" is not \"sha256//\" and the base64 of 32 bytes", pin);
    }
    return FERRY_OK;
}

static ferry_error config_read_pins(ferry_context *context, ferry_tls_config *config,
                                    const char *const *pins) {
    size_t count = 0;
    while (pins != NULL && pins[count] != NULL) {
        count++;
    }
    if (count == 0) {
        return FERRY_OK;
    }
    config->pins = calloc(count, sizeof *config->pins);
    if (config->pins == NULL) {
        return ferry_fail_memory(context);
    }
    config->pin_count = count;
    ferry_error error = FERRY_OK;
    for (size_t i = 0; i < count && error == FERRY_OK; i++) {
        error = pin_read(context, pins[i], config->pins[i]);
    }
    return error;
}

static ferry_error config_read_own_chain(ferry_context *context, ferry_tls_config *config,
                                         const char *pem) {
    ferry_tls_shortage_clear();
    int result =
        mbedtls_x509_crt_parse(&config->certificate, (const unsigned char *)pem, strlen(pem) + 1);
    if (result > 0 && !ferry_tls_shortage_caused(result)) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "of the client's certificates %d cannot be read", result);
    }
    return result != 0 ? reading_fail(context, "the client's certificate", result) : FERRY_OK;
}

static ferry_error config_read_own_key(ferry_context *context, ferry_tls_config *config,
                                       const char *pem, const char *password) {
    ferry_tls_shortage_clear();
    int result = mbedtls_pk_parse_key(
        &config->key, (const unsigned char *)pem, strlen(pem) + 1, (const unsigned char *)password,
        password != NULL ? strlen(password) : 0, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    if (result == MBEDTLS_ERR_PK_PASSWORD_REQUIRED) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the client's key is encrypted, and no password is given");
    }
    /* One wrong password in some hundreds fits by chance: what comes out of it is no key. */
    bool is_encrypted = strstr(pem, "ENCRYPTED") != NULL;
    if (result == MBEDTLS_ERR_PK_PASSWORD_MISMATCH ||
        (is_encrypted && result != 0 && !ferry_tls_shortage_caused(result))) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the password does not open the client's key");
    }
    return result != 0 ? reading_fail(context, "the client's key", result) : FERRY_OK;
}

static ferry_error config_check_own_pair(ferry_context *context, const ferry_tls_config *config) {
    ferry_tls_shortage_clear();
    int result = mbedtls_pk_check_pair(&config->certificate.pk, &config->key,
                                       mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    if (result != 0 && ferry_tls_shortage_caused(result)) {
        return ferry_fail_memory(context);
    }
    if (result != 0) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the client's key does not belong to its certificate");
    }
    return FERRY_OK;
}

static ferry_error config_read_own_certificate(ferry_context *context, ferry_tls_config *config,
                                               const ferry_tls_options *options) {
    if (options->certificate_pem == NULL && options->key_pem == NULL) {
        return FERRY_OK;
    }
    if (options->certificate_pem == NULL || options->key_pem == NULL) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "a client certificate and its key go together: the %s is not given",
                          options->key_pem == NULL ? "key" : "certificate");
    }
    ferry_error error = config_read_own_chain(context, config, options->certificate_pem);
    if (error == FERRY_OK) {
        error = config_read_own_key(context, config, options->key_pem, options->key_password);
    }
    return error == FERRY_OK ? config_check_own_pair(context, config) : error;
}

static ferry_error config_read_crl(ferry_context *context, ferry_tls_config *config,
                                   const char *pem) {
    if (pem == NULL) {
        return FERRY_OK;
    }
    ferry_tls_shortage_clear();
    int result = mbedtls_x509_crl_parse(&config->crl, (const unsigned char *)pem, strlen(pem) + 1);
    config->has_crl = true;
    return result != 0 ? reading_fail(context, "the revocation list", result) : FERRY_OK;
}

mbedtls_x509_crl *ferry_tls_config_get_crl(const ferry_tls_config *config) {
    return config->has_crl ? (mbedtls_x509_crl *)&config->crl : NULL;
}

static ferry_error config_read_name(ferry_context *context, ferry_tls_config *config,
                                    const char *name) {
    if (name == NULL) {
        return FERRY_OK;
    }
    if (name[0] == '\0') {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the name to verify (verify_name) is empty");
    }
    config->name = ferry_text_copy(&ferry_default_allocator, name);
    return config->name != NULL ? FERRY_OK : ferry_fail_memory(context);
}

static ferry_error config_read_roots(ferry_context *context, ferry_tls_config *config,
                                     const ferry_tls_options *options) {
    if (ferry_tls_options_have_roots(options)) {
        return ferry_tls_roots_of_options(context, options, &config->roots);
    }
    return options->unsafe ? FERRY_OK : ferry_tls_roots_of_system(context, &config->roots);
}

static ferry_error options_check_numbers(ferry_context *context, const ferry_tls_options *options) {
    switch (options->min_version) {
    case FERRY_TLS_VERSION_DEFAULT:
    case FERRY_TLS_VERSION_1_2:
    case FERRY_TLS_VERSION_1_3:
        break;
    default:
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "there is no TLS version number %d", (int)options->min_version);
    }
    if (options->crl_pem != NULL && options->unsafe && !ferry_tls_options_have_roots(options)) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "revocation lists (crl_pem) are of no use where the chain is not "
                          "verified: give authorities (ca_pem, ca_der) or leave out `unsafe`");
    }
    if ((int)options->first_cipher < 0 || options->first_cipher > FERRY_TLS_CIPHER_AES_256_GCM) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "there is no cipher number %d",
                          (int)options->first_cipher);
    }
    return FERRY_OK;
}

static ferry_error config_read_options(ferry_context *context, ferry_tls_config *config,
                                       const ferry_tls_options *options) {
    ferry_error error = options_check_numbers(context, options);
    if (error == FERRY_OK) {
        error = config_read_name(context, config, options->verify_name);
    }
    if (error == FERRY_OK) {
        error = config_read_pins(context, config, options->pins);
    }
    if (error == FERRY_OK) {
        error = config_read_own_certificate(context, config, options);
    }
    if (error == FERRY_OK) {
        error = config_read_crl(context, config, options->crl_pem);
    }
    if (error == FERRY_OK) {
        error = config_read_roots(context, config, options);
    }
    return error;
}

/* ---- mbedTLS's own configuration ---- */

static const char *alpn_protocols[] = {"http/1.1", NULL};

/* P-256 goes first: every TLS 1.3 server has it (RFC 8446 section 9.1), and mbedTLS calculates with
 * it in two thirds of the time that X25519 takes. */
static const uint16_t key_groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_X448,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

/* PKCS #1 goes before PSS: in TLS 1.2 mbedTLS 3.6 accepts no PSS, though it has to offer it for
 * TLS 1.3, where servers ignore PKCS #1. */
static const uint16_t signatures_with_pss[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,    MBEDTLS_TLS1_3_SIG_NONE,
};

static const uint16_t signatures_without_pss[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
    MBEDTLS_TLS1_3_SIG_NONE,
};

/* What is offered to each server, whatever the options say. */
static ferry_error ssl_config_set_offer(ferry_context *context, mbedtls_ssl_config *ssl,
                                        bool has_pss) {
    if (mbedtls_ssl_config_defaults(ssl, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return ferry_fail_memory(context);
    }
    mbedtls_ssl_conf_rng(ssl, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_max_tls_version(ssl, has_pss ? MBEDTLS_SSL_VERSION_TLS1_3
                                                  : MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_groups(ssl, key_groups);
    mbedtls_ssl_conf_sig_algs(ssl, has_pss ? signatures_with_pss : signatures_without_pss);
    mbedtls_ssl_conf_renegotiation(ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
    mbedtls_ssl_conf_session_tickets(ssl, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        ssl, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
    return mbedtls_ssl_conf_alpn_protocols(ssl, alpn_protocols) != 0 ? ferry_fail_memory(context)
                                                                     : FERRY_OK;
}

/* Sets up `config->ssl`, or `config->ssl_without_pss` for the attempt without PSS. */
static ferry_error config_set_up_ssl(ferry_context *context, ferry_tls_config *config,
                                     const ferry_tls_options *options, mbedtls_ssl_config *ssl) {
    ferry_error error = ssl_config_set_offer(context, ssl, ssl != &config->ssl_without_pss);
    if (error != FERRY_OK) {
        return error;
    }
    mbedtls_ssl_conf_min_tls_version(ssl, options->min_version == FERRY_TLS_VERSION_1_3
                                              ? MBEDTLS_SSL_VERSION_TLS1_3
                                              : MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_ciphersuites(ssl, ferry_tls_suites(options->first_cipher));
    mbedtls_ssl_conf_authmode(ssl, config->roots != NULL ? MBEDTLS_SSL_VERIFY_REQUIRED
                                                         : MBEDTLS_SSL_VERIFY_OPTIONAL);
    if (config->roots != NULL) {
        mbedtls_ssl_conf_ca_chain(ssl, ferry_tls_roots_chain(config->roots),
                                  ferry_tls_config_get_crl(config));
    }
    if (options->certificate_pem != NULL &&
        mbedtls_ssl_conf_own_cert(ssl, &config->certificate, &config->key) != 0) {
        return ferry_fail_memory(context);
    }
    return FERRY_OK;
}

void ferry_tls_config_free(ferry_tls_config *config) {
    ferry_tls_sessions_deinit(&config->sessions);
    mbedtls_ssl_config_free(&config->ssl);
    mbedtls_ssl_config_free(&config->ssl_without_pss);
    mbedtls_x509_crt_free(&config->certificate);
    mbedtls_pk_free(&config->key);
    mbedtls_x509_crl_free(&config->crl);
    if (config->roots != NULL) {
        ferry_tls_roots_release(config->roots);
    }
    free(config->pins);
    free(config->name);
    free(config);
}

ferry_error ferry_tls_config_new(ferry_context *context, const ferry_tls_options *options,
                                 ferry_tls_config **config) {
    ferry_tls_config *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    made->users = 1;
    made->unsafe_name = options->unsafe;
    made->allows_1_2 = options->min_version != FERRY_TLS_VERSION_1_3;
    mbedtls_ssl_config_init(&made->ssl);
    mbedtls_ssl_config_init(&made->ssl_without_pss);
    mbedtls_x509_crt_init(&made->certificate);
    mbedtls_pk_init(&made->key);
    mbedtls_x509_crl_init(&made->crl);
    ferry_error error = config_read_options(context, made, options);
    if (error == FERRY_OK) {
        error = config_set_up_ssl(context, made, options, &made->ssl);
    }
    if (error == FERRY_OK && made->allows_1_2) {
        error = config_set_up_ssl(context, made, options, &made->ssl_without_pss);
    }
    if (error != FERRY_OK) {
        ferry_tls_config_free(made);
        return error;
    }
    *config = made;
    return FERRY_OK;
}
