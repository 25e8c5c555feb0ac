/* SPDX-License-Identifier: MIT */
/* config: from the options to what mbedTLS needs, read once and kept in a cache. */
#include "tls_state.h"

#include <mbedtls/base64.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/sha256.h>
#include <psa/crypto.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_CONFIGS = 16 }; /* in a cache: the oldest one goes */

struct ferry_tls_cache {
    ferry_tls_config *first;
};

/* ---- The platform's start ---- */

/* A child after fork() has its parent's generator: both would choose the same keys. Earlier
 * releases of mbedTLS have no call for it. */
static psa_status_t reseed(void) {
#if MBEDTLS_VERSION_NUMBER >= 0x03060600
    psa_status_t status = psa_random_reseed(NULL, 0);
    return status == PSA_ERROR_NOT_SUPPORTED ? PSA_SUCCESS : status; /* it is the system's own */
#else
    return PSA_ERROR_NOT_SUPPORTED;
#endif
}

/* PSA is the whole process's, and perhaps the program's too: it is started, and left so. */
static psa_status_t start_psa(void) {
    static int seeded; /* the process whose bytes are its own */
    ferry_platform_lock();
    psa_status_t status = psa_crypto_init();
    if (status == PSA_SUCCESS && seeded != ferry_platform_process()) {
        status = reseed();
        seeded = status == PSA_SUCCESS ? ferry_platform_process() : seeded;
    }
    ferry_platform_unlock();
    return status;
}

ferry_error ferry_tls_check(ferry_context *context) {
    psa_status_t status = start_psa();
    if (status == PSA_ERROR_NOT_SUPPORTED) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "TLS in a child after fork() takes mbedTLS 3.6.6 or later");
    }
    if (status != PSA_SUCCESS) {
        return ferry_fail(context, FERRY_ERROR_FAILED,
                          "cryptography could not be started: this system gives no random bytes");
    }
    return FERRY_OK;
}

/* ---- Options as a key ---- */

static void digest_bytes(mbedtls_sha256_context *sha, const void *bytes, size_t length) {
    uint64_t size = bytes != NULL ? (uint64_t)length : UINT64_MAX;
    mbedtls_sha256_update(sha, (const unsigned char *)&size, sizeof size);
    if (bytes != NULL && length > 0) {
        mbedtls_sha256_update(sha, bytes, length);
    }
}

static void digest_text(mbedtls_sha256_context *sha, const char *text) {
    digest_bytes(sha, text, text != NULL ? strlen(text) : 0);
}

static bool has_own_roots(const ferry_tls_options *options) {
    return options->ca_pem != NULL || options->ca_der.length > 0;
}

/* False: no memory. */
static bool digest_options(const ferry_tls_options *options,
                           unsigned char digest[FERRY_TLS_DIGEST_SIZE]) {
    ferry_trust_places system = {NULL, NULL};
    if (!has_own_roots(options) && !ferry_trust_places_init(&system)) {
        return false;
    }
    int numbers[] = {options->unsafe, (int)options->min_version, (int)options->first_cipher};
    mbedtls_sha256_context sha;
    mbedtls_sha256_init(&sha);
    mbedtls_sha256_starts(&sha, 0);
    digest_text(&sha, system.file);
    digest_text(&sha, system.folders);
    digest_text(&sha, options->ca_pem);
    digest_bytes(&sha, options->ca_der.data, options->ca_der.length);
    digest_text(&sha, options->common_name);
    digest_text(&sha, options->certificate_pem);
    digest_text(&sha, options->key_pem);
    digest_text(&sha, options->key_password);
    digest_text(&sha, options->crl_pem);
    for (const char *const *pin = options->pins; pin != NULL && *pin != NULL; pin++) {
        digest_text(&sha, *pin);
    }
    digest_bytes(&sha, numbers, sizeof numbers);
    mbedtls_sha256_finish(&sha, digest);
    mbedtls_sha256_free(&sha);
    ferry_trust_places_deinit(&system);
    return true;
}

/* ---- Reading ---- */

static ferry_error fail_reading(ferry_context *context, const char *what, int result) {
    char words[200];
    if (ferry_tls_lacked_memory(result)) {
        return ferry_fail_memory(context);
    }
    ferry_tls_write_error(result, words, sizeof words);
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "%s cannot be read: %s", what, words);
}

static ferry_error read_pin(ferry_context *context, const char *pin,
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

static ferry_error read_pins(ferry_context *context, ferry_tls_config *config,
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
        error = read_pin(context, pins[i], config->pins[i]);
    }
    return error;
}

static ferry_error read_own_certificate(ferry_context *context, ferry_tls_config *config,
                                        const ferry_tls_options *options) {
    if (options->certificate_pem == NULL && options->key_pem == NULL) {
        return FERRY_OK;
    }
    if (options->certificate_pem == NULL || options->key_pem == NULL) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "a client certificate and its key go together: the %s is not given",
                          options->key_pem == NULL ? "key" : "certificate");
    }
    const unsigned char *pem = (const unsigned char *)options->certificate_pem;
    ferry_tls_forget_memory();
    int result =
        mbedtls_x509_crt_parse(&config->certificate, pem, strlen(options->certificate_pem) + 1);
    if (result != 0) {
        return result > 0 && !ferry_tls_lacked_memory(result)
                   ? ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                                "of the client's certificates %d cannot be read", result)
                   : fail_reading(context, "the client's certificate", result);
    }
    ferry_tls_forget_memory();
    const unsigned char *password = (const unsigned char *)options->key_password;
    result = mbedtls_pk_parse_key(&config->key, (const unsigned char *)options->key_pem,
                                  strlen(options->key_pem) + 1, password,
                                  password != NULL ? strlen(options->key_password) : 0,
                                  mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    if (result == MBEDTLS_ERR_PK_PASSWORD_REQUIRED) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the client's key is encrypted, and no password is given");
    }
    /* One wrong password in some hundreds opens it to something that makes no sense. */
    bool is_encrypted = strstr(options->key_pem, "ENCRYPTED") != NULL;
    if (result == MBEDTLS_ERR_PK_PASSWORD_MISMATCH ||
        (is_encrypted && result != 0 && !ferry_tls_lacked_memory(result))) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the password does not open the client's key");
    }
    if (result != 0) {
        return fail_reading(context, "the client's key", result);
    }
    ferry_tls_forget_memory();
    result = mbedtls_pk_check_pair(&config->certificate.pk, &config->key, mbedtls_psa_get_random,
                                   MBEDTLS_PSA_RANDOM_STATE);
    if (result != 0 && ferry_tls_lacked_memory(result)) {
        return ferry_fail_memory(context);
    }
    if (result != 0) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the client's key does not belong to its certificate");
    }
    return FERRY_OK;
}

static ferry_error read_crl(ferry_context *context, ferry_tls_config *config, const char *pem) {
    if (pem == NULL) {
        return FERRY_OK;
    }
    ferry_tls_forget_memory();
    int result = mbedtls_x509_crl_parse(&config->crl, (const unsigned char *)pem, strlen(pem) + 1);
    config->has_crl = true;
    return result != 0 ? fail_reading(context, "the revocation list", result) : FERRY_OK;
}

mbedtls_x509_crl *ferry_tls_crl_of(const ferry_tls_config *config) {
    return config->has_crl ? (mbedtls_x509_crl *)&config->crl : NULL;
}

static ferry_error read_name(ferry_context *context, ferry_tls_config *config, const char *name) {
    if (name == NULL) {
        return FERRY_OK;
    }
    if (name[0] == '\0') {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the name to verify (common_name) is empty");
    }
    size_t size = strlen(name) + 1;
    config->name = malloc(size);
    if (config->name == NULL) {
        return ferry_fail_memory(context);
    }
    memcpy(config->name, name, size);
    return FERRY_OK;
}

static ferry_error read_roots(ferry_context *context, ferry_tls_config *config,
                              const ferry_tls_options *options) {
    if (has_own_roots(options)) {
        return ferry_tls_roots_of_options(context, options, &config->roots);
    }
    return options->unsafe ? FERRY_OK : ferry_tls_roots_of_system(context, &config->roots);
}

static ferry_error check_numbers(ferry_context *context, const ferry_tls_options *options) {
    switch (options->min_version) {
    case FERRY_TLS_VERSION_DEFAULT:
    case FERRY_TLS_VERSION_1_2:
    case FERRY_TLS_VERSION_1_3:
        break;
    default:
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "there is no TLS version number %d", (int)options->min_version);
    }
    if (options->crl_pem != NULL && options->unsafe && !has_own_roots(options)) {
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

/* ---- mbedTLS's own configuration ---- */

static ferry_error set_up(ferry_context *context, ferry_tls_config *config,
                          const ferry_tls_options *options, mbedtls_ssl_config *ssl) {
    static const char *protocols[] = {"http/1.1", NULL};
    /* P-256 goes first: every TLS 1.3 server has it (RFC 8446 section 9.1), and mbedTLS reckons
     * with it in two thirds of the time that X25519 takes. */
    static const uint16_t groups[] = {
        MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
        MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_X448,
        MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1, MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
    };
    /* PKCS #1 goes before PSS: in TLS 1.2 mbedTLS 3.6 takes no PSS, though it has to offer it for
     * TLS 1.3, where servers pass over PKCS #1. */
    static const uint16_t signatures[] = {
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
    bool has_pss = ssl != &config->ssl_without_pss;
    if (mbedtls_ssl_config_defaults(ssl, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0) {
        return ferry_fail_memory(context);
    }
    mbedtls_ssl_conf_rng(ssl, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_min_tls_version(ssl, options->min_version == FERRY_TLS_VERSION_1_3
                                              ? MBEDTLS_SSL_VERSION_TLS1_3
                                              : MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_max_tls_version(ssl, has_pss ? MBEDTLS_SSL_VERSION_TLS1_3
                                                  : MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_ciphersuites(ssl, ferry_tls_suites(options->first_cipher));
    mbedtls_ssl_conf_groups(ssl, groups);
    mbedtls_ssl_conf_sig_algs(ssl, has_pss ? signatures : signatures_without_pss);
    mbedtls_ssl_conf_renegotiation(ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
    mbedtls_ssl_conf_session_tickets(ssl, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        ssl, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
    if (mbedtls_ssl_conf_alpn_protocols(ssl, protocols) != 0) {
        return ferry_fail_memory(context);
    }
    mbedtls_ssl_conf_authmode(ssl, config->roots != NULL ? MBEDTLS_SSL_VERIFY_REQUIRED
                                                         : MBEDTLS_SSL_VERIFY_OPTIONAL);
    if (config->roots != NULL) {
        mbedtls_ssl_conf_ca_chain(ssl, ferry_tls_roots_chain(config->roots),
                                  ferry_tls_crl_of(config));
    }
    if (options->certificate_pem != NULL &&
        mbedtls_ssl_conf_own_cert(ssl, &config->certificate, &config->key) != 0) {
        return ferry_fail_memory(context);
    }
    return FERRY_OK;
}

static void config_free(ferry_tls_config *config) {
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

/* NULL where `result` says why. */
static ferry_tls_config *config_new(ferry_context *context, const ferry_tls_options *options,
                                    ferry_error *result) {
    ferry_tls_config *made = calloc(1, sizeof *made);
    if (made == NULL) {
        *result = ferry_fail_memory(context);
        return NULL;
    }
    made->users = 1;
    made->unsafe_name = options->unsafe;
    made->allows_1_2 = options->min_version != FERRY_TLS_VERSION_1_3;
    mbedtls_ssl_config_init(&made->ssl);
    mbedtls_ssl_config_init(&made->ssl_without_pss);
    mbedtls_x509_crt_init(&made->certificate);
    mbedtls_pk_init(&made->key);
    mbedtls_x509_crl_init(&made->crl);
    ferry_error error = check_numbers(context, options);
    if (error == FERRY_OK) {
        error = read_name(context, made, options->common_name);
    }
    if (error == FERRY_OK) {
        error = read_pins(context, made, options->pins);
    }
    if (error == FERRY_OK) {
        error = read_own_certificate(context, made, options);
    }
    if (error == FERRY_OK) {
        error = read_crl(context, made, options->crl_pem);
    }
    if (error == FERRY_OK) {
        error = read_roots(context, made, options);
    }
    if (error == FERRY_OK) {
        error = set_up(context, made, options, &made->ssl);
    }
    if (error == FERRY_OK && made->allows_1_2) {
        error = set_up(context, made, options, &made->ssl_without_pss);
    }
    if (error != FERRY_OK) {
        config_free(made);
        *result = error;
        return NULL;
    }
    return made;
}

/* ---- The cache ---- */

ferry_tls_cache *ferry_tls_cache_new(void) {
    return calloc(1, sizeof(ferry_tls_cache));
}

void ferry_tls_cache_free(ferry_tls_cache *cache) {
    if (cache == NULL) {
        return;
    }
    while (cache->first != NULL) {
        ferry_tls_config *config = cache->first;
        cache->first = config->next;
        ferry_tls_config_release(config);
    }
    free(cache);
}

/* Takes those out that serve no more: a list. */
static ferry_tls_config *take_failed(ferry_tls_cache *cache) {
    ferry_tls_config *failed = NULL;
    for (ferry_tls_config **at = &cache->first; *at != NULL;) {
        ferry_tls_config *config = *at;
        if (config->is_failed) {
            *at = config->next;
            config->next = failed;
            failed = config;
        } else {
            at = &config->next;
        }
    }
    return failed;
}

static ferry_tls_config *find(ferry_tls_cache *cache, const unsigned char *digest) {
    ferry_platform_lock();
    ferry_tls_config *failed = take_failed(cache);
    ferry_tls_config *config = cache->first;
    while (config != NULL && memcmp(config->digest, digest, FERRY_TLS_DIGEST_SIZE) != 0) {
        config = config->next;
    }
    if (config != NULL) {
        config->users++;
    }
    ferry_platform_unlock();
    while (failed != NULL) {
        ferry_tls_config *next = failed->next;
        ferry_tls_config_release(failed);
        failed = next;
    }
    return config;
}

/* Returns the oldest one, taken out, where there are too many. */
static ferry_tls_config *keep(ferry_tls_cache *cache, ferry_tls_config *made) {
    size_t count = 0;
    ferry_platform_lock();
    made->next = cache->first;
    cache->first = made;
    ferry_tls_config **at = &cache->first;
    while (*at != NULL && count < MOST_CONFIGS) {
        at = &(*at)->next;
        count++;
    }
    ferry_tls_config *surplus = *at;
    *at = NULL;
    ferry_platform_unlock();
    return surplus;
}

ferry_error ferry_tls_config_get(ferry_context *context, const ferry_tls_options *options,
                                 ferry_tls_cache **own, ferry_tls_config **config) {
    ferry_error error = ferry_tls_check(context);
    if (error != FERRY_OK) {
        return error;
    }
    ferry_tls_cache *cache = options->cache;
    if (cache == NULL) {
        if (*own == NULL) {
            *own = ferry_tls_cache_new();
        }
        cache = *own;
    }
    if (cache == NULL) {
        return ferry_fail_memory(context);
    }
    unsigned char digest[FERRY_TLS_DIGEST_SIZE];
    if (!digest_options(options, digest)) {
        return ferry_fail_memory(context);
    }
    ferry_tls_config *found = find(cache, digest);
    if (found == NULL) {
        found = config_new(context, options, &error);
        if (found == NULL) {
            return error;
        }
        memcpy(found->digest, digest, sizeof digest);
        found->users = 2; /* the cache, and who asked */
        ferry_tls_config *surplus = keep(cache, found);
        if (surplus != NULL) {
            ferry_tls_config_release(surplus);
        }
    }
    *config = found;
    return FERRY_OK;
}

ferry_error ferry_tls_config_poll(ferry_tls_config *config, ferry_context *context, bool *ready) {
    *ready = config->roots == NULL;
    if (*ready) {
        return FERRY_OK;
    }
    ferry_error error = ferry_tls_roots_poll(config->roots, context, ready);
    if (error != FERRY_OK) {
        ferry_platform_lock();
        config->is_failed = true;
        ferry_platform_unlock();
    }
    return error;
}

ferry_descriptor ferry_tls_config_begin_wait(ferry_tls_config *config) {
    return ferry_tls_roots_begin_wait(config->roots);
}

void ferry_tls_config_end_wait(ferry_tls_config *config) {
    ferry_tls_roots_end_wait(config->roots);
}

void ferry_tls_config_release(ferry_tls_config *config) {
    ferry_platform_lock();
    bool is_last = --config->users == 0;
    ferry_platform_unlock();
    if (is_last) {
        config_free(config);
    }
}
