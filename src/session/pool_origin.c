/* SPDX-License-Identifier: MIT */
/* pool_origin: the origins of a session in a table by their keys. */
#include "pool_origin.h"

#include "base/number.h"
#include "base/span.h"
#include "origin_key.h"

#include <string.h>

static ferry_pool_origin **find_bucket(ferry_session *session, uint64_t hash) {
    return &session->buckets[hash & (session->bucket_count - 1)];
}

static ferry_pool_origin *find_origin(ferry_session *session, const char *key, size_t length,
                                      uint64_t hash) {
    if (session->bucket_count == 0) {
        return NULL;
    }
    for (ferry_pool_origin *at = *find_bucket(session, hash); at != NULL; at = at->next) {
        if (at->hash == hash && at->key_length == length && memcmp(at->key, key, length) == 0) {
            return at;
        }
    }
    return NULL;
}

/* As many buckets as origins, at least. */
static ferry_error reserve_buckets(ferry_session *session, ferry_context *context) {
    if (session->origin_count < session->bucket_count) {
        return FERRY_OK;
    }
    size_t count = session->bucket_count == 0 ? 16 : session->bucket_count * 2;
    ferry_pool_origin **buckets =
        ferry_alloc(&session->context, count * sizeof(ferry_pool_origin *));
    if (buckets == NULL) {
        return ferry_fail_memory(context);
    }
    for (size_t i = 0; i < count; i++) {
        buckets[i] = NULL;
    }
    for (size_t i = 0; i < session->bucket_count; i++) {
        for (ferry_pool_origin *at = session->buckets[i]; at != NULL;) {
            ferry_pool_origin *next = at->next;
            at->next = buckets[at->hash & (count - 1)];
            buckets[at->hash & (count - 1)] = at;
            at = next;
        }
    }
    ferry_free(&session->context, session->buckets);
    session->buckets = buckets;
    session->bucket_count = count;
    return FERRY_OK;
}

static void origin_free(ferry_session *session, ferry_pool_origin *origin) {
    ferry_heap_deinit(&origin->waiting, &session->context);
    ferry_heap_deinit(&origin->renewing, &session->context);
    ferry_tls_cache_free(origin->tls_cache);
    if (origin->key != NULL) {
        ferry_wipe(origin->key, origin->key_length);
    }
    ferry_free(&session->context, origin->key);
    ferry_free(&session->context, origin->pins);
    ferry_free(&session->context, origin);
}

void ferry_pool_origin_release(ferry_session *session, ferry_pool_origin *origin) {
    if (origin->holds > 0 || origin->connections > 0 || origin->waiting.count > 0 ||
        origin->renewing.count > 0) {
        return;
    }
    ferry_list_remove(&origin->turn);
    ferry_pool_origin **at = find_bucket(session, origin->hash);
    while (*at != origin) {
        at = &(*at)->next;
    }
    *at = origin->next;
    session->origin_count--;
    origin_free(session, origin);
}

/* The TLS options that the key holds behind host and port. */
static bool origin_read_tls(ferry_session *session, ferry_pool_origin *origin, const char *bytes) {
    size_t length = origin->key_length - (size_t)(bytes - origin->key);
    if (length == 0) {
        origin->tls.cache = session->tls_cache;
        return true;
    }
    size_t pins = ferry_origin_key_count_pins(bytes, length);
    origin->pins = ferry_alloc(&session->context, (pins + 1) * sizeof *origin->pins);
    if (origin->pins == NULL) {
        return false;
    }
    origin->has_tls_options = ferry_origin_key_read_tls(bytes, length, origin->pins, &origin->tls);
    if (origin->tls.cache == NULL && ferry_session_dials) {
        /* Its own: what was verified otherwise is not resumed here. */
        origin->tls_cache = ferry_tls_cache_new();
        origin->tls.cache = origin->tls_cache;
    }
    return true;
}

static ferry_pool_origin *origin_new(ferry_session *session, const ferry_buffer *key,
                                     uint64_t hash) {
    ferry_pool_origin *origin = ferry_alloc(&session->context, sizeof *origin);
    if (origin == NULL) {
        return NULL;
    }
    size_t length = ferry_buffer_length(key);
    *origin = (ferry_pool_origin){.hash = hash, .key_length = length};
    ferry_list_init(&origin->idle);
    origin->key = ferry_alloc(&session->context, length);
    if (origin->key == NULL) {
        origin_free(session, origin);
        return NULL;
    }
    memcpy(origin->key, ferry_buffer_content(key), length);
    origin->host = origin->key;
    const char *port = origin->key + strlen(origin->key) + 1;
    int64_t number = 0;
    bool is_number = ferry_decimal_read(ferry_span_of(port + 1), &number);
    assert(is_number);
    (void)is_number;
    origin->port = (int)number;
    if (!origin_read_tls(session, origin, port + strlen(port) + 1)) {
        origin_free(session, origin);
        return NULL;
    }
    return origin;
}

/* The name of the first origin is not another one's, and its client certificate is not for that. */
static ferry_error write_key(ferry_transfer *transfer, ferry_buffer *key) {
    ferry_session *session = transfer->session;
    const ferry_session_request *request = &transfer->plan.request;
    ferry_tls_options tls = request->tls != NULL ? *request->tls : session->tls;
    if (!transfer->is_first_origin) {
        tls.verify_name = NULL;
    }
    if (!transfer->is_first_origin && !request->headers_follow) {
        tls.certificate_pem = NULL;
        tls.key_pem = NULL;
        tls.key_password = NULL;
    }
    return ferry_origin_key_write(key, &transfer->context, &transfer->place.parts, &tls);
}

ferry_pool_origin *ferry_pool_origin_of(ferry_transfer *transfer) {
    ferry_session *session = transfer->session;
    ferry_buffer *key = &session->key_scratch;
    ferry_buffer_clear(key);
    if (write_key(transfer, key) != FERRY_OK) {
        return NULL;
    }
    const char *bytes = ferry_buffer_content(key);
    size_t length = ferry_buffer_length(key);
    uint64_t hash = ferry_origin_key_hash(bytes, length);
    ferry_pool_origin *origin = find_origin(session, bytes, length, hash);
    if (origin == NULL && reserve_buckets(session, &transfer->context) == FERRY_OK) {
        origin = origin_new(session, key, hash);
        if (origin != NULL) {
            ferry_pool_origin **bucket = find_bucket(session, hash);
            origin->next = *bucket;
            *bucket = origin;
            session->origin_count++;
        }
    }
    return origin;
}

size_t ferry_pool_origin_count(const ferry_session *session, const ferry_pool_origin *origin) {
    int allowed = session->max_streams_per_origin;
    return origin->connections -
           ferry_size_least(origin->streams, allowed > 0 ? (size_t)allowed : 0);
}
