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

/* What a transfer looks for. */
typedef struct origin_wish {
    ferry_span place;
    ferry_span tls; /* the session's own, or what stands behind the place */
    bool is_sessions;
    uint64_t hash;
} origin_wish;

static bool span_is_same(ferry_span a, ferry_span b) {
    return a.length == b.length && (a.data == b.data || memcmp(a.data, b.data, a.length) == 0);
}

static ferry_pool_origin *find_origin(ferry_session *session, const origin_wish *wish) {
    if (session->bucket_count == 0) {
        return NULL;
    }
    for (ferry_pool_origin *at = *find_bucket(session, wish->hash); at != NULL; at = at->next) {
        if (at->hash == wish->hash && span_is_same(at->place, wish->place) &&
            span_is_same(at->tls_bytes, wish->tls)) {
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

static bool origin_read_tls(ferry_session *session, ferry_pool_origin *origin) {
    ferry_span bytes = origin->tls_bytes;
    if (bytes.length == 0) {
        origin->tls.cache = session->tls_cache;
        return true;
    }
    size_t pins = ferry_origin_key_count_pins(bytes.data, bytes.length);
    origin->pins = ferry_alloc(&session->context, (pins + 1) * sizeof *origin->pins);
    if (origin->pins == NULL) {
        return false;
    }
    origin->has_tls_options =
        ferry_origin_key_read_tls(bytes.data, bytes.length, origin->pins, &origin->tls);
    if (origin->tls.cache == NULL) {
        origin->tls.cache = session->tls_cache; /* which keeps apart what other options verified */
    }
    return true;
}

static ferry_pool_origin *origin_new(ferry_session *session, const origin_wish *wish) {
    ferry_pool_origin *origin = ferry_alloc(&session->context, sizeof *origin);
    if (origin == NULL) {
        return NULL;
    }
    size_t length = wish->place.length + (wish->is_sessions ? 0 : wish->tls.length);
    *origin = (ferry_pool_origin){.hash = wish->hash, .key_length = length};
    ferry_list_init(&origin->idle);
    ferry_list_init(&origin->making);
    origin->key = ferry_alloc(&session->context, length);
    if (origin->key == NULL) {
        origin_free(session, origin);
        return NULL;
    }
    memcpy(origin->key, wish->place.data, length); /* the two stand behind one another */
    origin->place = (ferry_span){origin->key, wish->place.length};
    origin->tls_bytes = wish->tls;
    if (!wish->is_sessions) {
        origin->tls_bytes.data = origin->key + wish->place.length;
    }
    origin->host = origin->key;
    const char *port = origin->key + strlen(origin->key) + 1;
    int64_t number = 0;
    bool is_number = ferry_decimal_read(ferry_span_of(port + 1), &number);
    assert(is_number);
    (void)is_number;
    origin->port = (int)number;
    if (!origin_read_tls(session, origin)) {
        origin_free(session, origin);
        return NULL;
    }
    return origin;
}

/* The options of the transfer where they are not the session's. The name of the first origin is not
 * another one's, and its client certificate is not for that. False: they are the session's. */
static bool transfer_has_own_tls(const ferry_transfer *transfer, ferry_tls_options *tls) {
    const ferry_session *session = transfer->session;
    const ferry_session_request *request = &transfer->plan.request;
    bool is_own = request->tls != NULL;
    *tls = is_own ? *request->tls : session->tls;
    if (!transfer->is_first_origin) {
        is_own = is_own || tls->verify_name != NULL;
        tls->verify_name = NULL;
    }
    if (!transfer->is_first_origin && !request->headers_follow) {
        is_own = is_own || tls->certificate_pem != NULL || tls->key_pem != NULL ||
                 tls->key_password != NULL;
        tls->certificate_pem = NULL;
        tls->key_pem = NULL;
        tls->key_password = NULL;
    }
    return is_own;
}

/* What the session's options say is neither copied nor hashed for each request: it may be a whole
 * bundle of authorities. */
static ferry_error transfer_find_wish(ferry_transfer *transfer, origin_wish *wish) {
    ferry_session *session = transfer->session;
    ferry_buffer *key = &session->key_scratch;
    const ferry_url *url = &transfer->place.parts;
    ferry_tls_options tls;
    ferry_buffer_clear(key);
    ferry_error error = ferry_origin_key_write(key, &transfer->context, url, NULL);
    size_t place = ferry_buffer_length(key);
    bool is_own = url->secure && transfer_has_own_tls(transfer, &tls);
    if (error == FERRY_OK && is_own) {
        error = ferry_origin_key_write_tls(key, &transfer->context, &tls);
    }
    if (error != FERRY_OK) {
        return error;
    }
    const char *bytes = ferry_buffer_content(key);
    const ferry_buffer *sessions = &session->tls_key;
    *wish = (origin_wish){.place = {bytes, place}, .is_sessions = url->secure && !is_own};
    uint64_t tls_hash = session->tls_hash;
    if (wish->is_sessions) {
        wish->tls = (ferry_span){ferry_buffer_content(sessions), ferry_buffer_length(sessions)};
    } else {
        wish->tls = (ferry_span){bytes + place, ferry_buffer_length(key) - place};
        tls_hash =
            wish->tls.length > 0 ? ferry_origin_key_hash(wish->tls.data, wish->tls.length) : 0;
    }
    wish->hash = ferry_origin_key_hash(bytes, place) ^ tls_hash;
    return FERRY_OK;
}

ferry_pool_origin *ferry_pool_origin_of(ferry_transfer *transfer) {
    ferry_session *session = transfer->session;
    origin_wish wish;
    if (transfer_find_wish(transfer, &wish) != FERRY_OK) {
        return NULL;
    }
    ferry_pool_origin *origin = find_origin(session, &wish);
    if (origin == NULL && reserve_buckets(session, &transfer->context) == FERRY_OK) {
        origin = origin_new(session, &wish);
        if (origin != NULL) {
            ferry_pool_origin **bucket = find_bucket(session, wish.hash);
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
