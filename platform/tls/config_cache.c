/* SPDX-License-Identifier: MIT */
/* config_cache: configurations that are read once and shared. The digest of the options is the key.
 */
#include "config.h"
#include "platform.h"

#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CONFIGS = 16 }; /* in a cache; the oldest one is dropped for a new one */

struct ferry_tls_cache {
    ferry_tls_config *first;
};

/* ---- The key: a digest of the options ---- */

static void digest_add_bytes(mbedtls_sha256_context *sha, const void *bytes, size_t length) {
    uint64_t size = bytes != NULL ? (uint64_t)length : UINT64_MAX;
    mbedtls_sha256_update(sha, (const unsigned char *)&size, sizeof size);
    if (bytes != NULL && length > 0) {
        mbedtls_sha256_update(sha, bytes, length);
    }
}

static void digest_add_text(mbedtls_sha256_context *sha, const char *text) {
    digest_add_bytes(sha, text, text != NULL ? strlen(text) : 0);
}

/* False: no memory. */
static bool options_digest(const ferry_tls_options *options,
                           unsigned char digest[FERRY_TLS_DIGEST_SIZE]) {
    ferry_trust_places system = {NULL, NULL};
    if (!ferry_tls_options_have_roots(options) && !ferry_trust_places_init(&system)) {
        return false;
    }
    int numbers[] = {options->unsafe, (int)options->min_version, (int)options->first_cipher};
    mbedtls_sha256_context sha;
    mbedtls_sha256_init(&sha);
    mbedtls_sha256_starts(&sha, 0);
    digest_add_text(&sha, system.file);
    digest_add_text(&sha, system.folders);
    digest_add_text(&sha, options->ca_pem);
    digest_add_bytes(&sha, options->ca_der.data, options->ca_der.length);
    digest_add_text(&sha, options->verify_name);
    digest_add_text(&sha, options->certificate_pem);
    digest_add_text(&sha, options->key_pem);
    digest_add_text(&sha, options->key_password);
    digest_add_text(&sha, options->crl_pem);
    for (const char *const *pin = options->pins; pin != NULL && *pin != NULL; pin++) {
        digest_add_text(&sha, *pin);
    }
    digest_add_bytes(&sha, numbers, sizeof numbers);
    mbedtls_sha256_finish(&sha, digest);
    mbedtls_sha256_free(&sha);
    ferry_trust_places_deinit(&system);
    return true;
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

/* Takes the configurations out whose authorities could not be read: a list. */
static ferry_tls_config *cache_take_failed(ferry_tls_cache *cache) {
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

static ferry_tls_config *cache_find(ferry_tls_cache *cache, const unsigned char *digest) {
    ferry_platform_lock();
    ferry_tls_config *failed = cache_take_failed(cache);
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

/* Where there are too many now, the oldest one is taken out and returned; otherwise NULL. */
static ferry_tls_config *cache_keep(ferry_tls_cache *cache, ferry_tls_config *made) {
    size_t count = 0;
    ferry_platform_lock();
    made->next = cache->first;
    cache->first = made;
    ferry_tls_config **at = &cache->first;
    while (*at != NULL && count < MAX_CONFIGS) {
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
    if (!options_digest(options, digest)) {
        return ferry_fail_memory(context);
    }
    ferry_tls_config *found = cache_find(cache, digest);
    if (found == NULL) {
        error = ferry_tls_config_new(context, options, &found);
        if (error != FERRY_OK) {
            return error;
        }
        memcpy(found->digest, digest, sizeof digest);
        found->users = 2; /* the cache, and the caller */
        ferry_tls_config *surplus = cache_keep(cache, found);
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

ferry_tls_config *ferry_tls_config_retain(ferry_tls_config *config) {
    ferry_platform_lock();
    config->users++;
    ferry_platform_unlock();
    return config;
}

void ferry_tls_config_release(ferry_tls_config *config) {
    ferry_platform_lock();
    bool is_last = --config->users == 0;
    ferry_platform_unlock();
    if (is_last) {
        ferry_tls_config_free(config);
    }
}
