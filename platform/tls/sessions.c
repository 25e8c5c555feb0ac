/* SPDX-License-Identifier: MIT */
/* sessions: TLS sessions that later connections can resume. They are kept by host and port, and
 * each configuration has its own. */
#include "sessions.h"

#include "platform.h"

#include <stdlib.h>
#include <string.h>

enum {
    MAX_SESSIONS = 64,        /* of one configuration */
    MAX_SESSIONS_OF_HOST = 4, /* most servers send two */
    /* When a session is resumed, the certificate is not verified again: older ones are dropped. */
    MAX_SESSION_AGE_MS = 24 * 3600 * 1000,
};

struct ferry_tls_session {
    ferry_tls_session *next;
    mbedtls_ssl_session session;
    int64_t verified_ms;
    bool is_for_once; /* of TLS 1.3: it is used only once */
    uint16_t port;
    char host[];
};

static void session_free(ferry_tls_session *session) {
    mbedtls_ssl_session_free(&session->session);
    free(session);
}

static bool session_is_of(const ferry_tls_session *session, const char *host, uint16_t port) {
    return session->port == port && strcmp(session->host, host) == 0;
}

static void sessions_add(ferry_tls_sessions *sessions, ferry_tls_session *made) {
    size_t count = 1;
    size_t of_host = 1;
    made->next = sessions->newest;
    sessions->newest = made;
    for (ferry_tls_session **at = &made->next; *at != NULL;) {
        ferry_tls_session *old = *at;
        bool same = session_is_of(old, made->host, made->port);
        bool surplus = count == MAX_SESSIONS || (same && of_host == MAX_SESSIONS_OF_HOST) ||
                       (same && !made->is_for_once && !old->is_for_once);
        if (surplus) {
            *at = old->next;
            session_free(old);
            continue;
        }
        count++;
        of_host += same ? 1 : 0;
        at = &old->next;
    }
}

bool ferry_tls_sessions_take(ferry_tls_sessions *sessions, const char *host, uint16_t port,
                             int64_t *verified_ms, mbedtls_ssl_context *ssl) {
    int64_t now_ms = ferry_platform_now_ms();
    bool taken = false;
    ferry_platform_lock();
    for (ferry_tls_session **at = &sessions->newest; *at != NULL && !taken;) {
        ferry_tls_session *found = *at;
        if (!session_is_of(found, host, port)) {
            at = &found->next;
            continue;
        }
        bool is_old = now_ms - found->verified_ms > MAX_SESSION_AGE_MS;
        taken = !is_old && mbedtls_ssl_set_session(ssl, &found->session) == 0;
        *verified_ms = found->verified_ms;
        if (is_old || found->is_for_once || !taken) {
            *at = found->next;
            session_free(found);
        }
    }
    ferry_platform_unlock();
    return taken;
}

void ferry_tls_sessions_keep(ferry_tls_sessions *sessions, const char *host, uint16_t port,
                             int64_t verified_ms, const mbedtls_ssl_context *ssl) {
    size_t size = strlen(host) + 1;
    ferry_tls_session *made = malloc(sizeof *made + size);
    if (made == NULL) {
        return;
    }
    mbedtls_ssl_session_init(&made->session);
    if (mbedtls_ssl_get_session(ssl, &made->session) != 0) {
        session_free(made);
        return;
    }
    made->is_for_once = mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
    made->verified_ms = verified_ms;
    made->port = port;
    memcpy(made->host, host, size);
    ferry_platform_lock();
    sessions_add(sessions, made);
    ferry_platform_unlock();
}

void ferry_tls_sessions_forget(ferry_tls_sessions *sessions, const char *host, uint16_t port) {
    ferry_platform_lock();
    for (ferry_tls_session **at = &sessions->newest; *at != NULL;) {
        ferry_tls_session *found = *at;
        if (!session_is_of(found, host, port)) {
            at = &found->next;
            continue;
        }
        *at = found->next;
        session_free(found);
    }
    ferry_platform_unlock();
}

void ferry_tls_sessions_deinit(ferry_tls_sessions *sessions) {
    while (sessions->newest != NULL) {
        ferry_tls_session *first = sessions->newest;
        sessions->newest = first->next;
        session_free(first);
    }
}
