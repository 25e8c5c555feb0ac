/* SPDX-License-Identifier: MIT */
/* sessions: what a session has for all its requests, from the options of a group. */
#include "sessions.h"

#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Cookies ---- */

static bool group_keeps_cookies(const cli_group *group) {
    return group->cookie_files.count > 0 || group->cookie_jar != NULL;
}

static void sessions_load_cookies(cli_sessions *sessions, const cli_group *group) {
    for (size_t i = 0; i < group->cookie_files.count; i++) {
        const char *file = group->cookie_files.items[i];
        if (file[0] == '\0') {
            continue;
        }
        const char *path = strcmp(file, "-") == 0 ? "/dev/stdin" : file;
        if (ferry_cookie_jar_load(sessions->jar, path) != FERRY_OK) {
            cli_say("warning: no cookies are taken from %s: %s", file,
                    ferry_cookie_jar_get_error_detail(sessions->jar));
        }
    }
    if (group->drops_session_cookies) {
        ferry_cookie_jar_end_session(sessions->jar);
    }
}

void cli_sessions_init(cli_sessions *sessions, const cli_options *options, ferry_log_function log,
                       void *log_ctx) {
    *sessions = (cli_sessions){.options = options, .log = log, .log_ctx = log_ctx};
    const char *list = getenv("no_proxy");
    list = list != NULL ? list : getenv("NO_PROXY");
    sessions->no_proxy = list != NULL ? cli_copy(list) : NULL;
    for (size_t i = 0; i < options->group_count; i++) {
        const cli_group *group = options->groups[i];
        if (group->no_proxy != NULL) { /* the library would add the environment's to it */
            unsetenv("no_proxy");
            unsetenv("NO_PROXY");
        }
        if (group_keeps_cookies(group)) {
            sessions->jar = sessions->jar != NULL ? sessions->jar : ferry_cookie_jar_new(NULL);
            if (sessions->jar != NULL) {
                sessions_load_cookies(sessions, group);
            }
        }
    }
}

/* As ferry_cookie_jar_save() writes a file. */
static void jar_print(ferry_cookie_jar *jar) {
    size_t count = ferry_cookie_jar_list(jar, NULL, 0);
    ferry_cookie *cookies = cli_zeroed(count * sizeof *cookies);
    ferry_cookie_jar_list(jar, cookies, count);
    puts("# Netscape HTTP Cookie File");
    for (size_t i = 0; i < count; i++) {
        const ferry_cookie *cookie = &cookies[i];
        printf("%s%s%s\t%s\t%s\t%s\t%lld\t%s\t%s\n", cookie->http_only ? "#HttpOnly_" : "",
               cookie->host_only ? "" : ".", cookie->domain, cookie->host_only ? "FALSE" : "TRUE",
               cookie->path, cookie->secure ? "TRUE" : "FALSE", (long long)cookie->expires_s,
               cookie->name, cookie->value);
    }
    free(cookies);
}

void cli_sessions_save_cookies(cli_sessions *sessions) {
    for (size_t i = 0; i < sessions->options->group_count && sessions->jar != NULL; i++) {
        const char *path = sessions->options->groups[i]->cookie_jar;
        if (path != NULL && strcmp(path, "-") == 0) {
            jar_print(sessions->jar);
        } else if (path != NULL && ferry_cookie_jar_save(sessions->jar, path) != FERRY_OK) {
            cli_say("warning: the cookies could not be written to %s: %s", path,
                    ferry_cookie_jar_get_error_detail(sessions->jar));
        }
    }
}

/* ---- Which groups share a session ---- */

static bool text_equals(const char *a, const char *b) {
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static bool lines_equal(const cli_lines *a, const cli_lines *b) {
    bool are_equal = a->count == b->count;
    for (size_t i = 0; are_equal && i < a->count; i++) {
        are_equal = strcmp(a->items[i], b->items[i]) == 0;
    }
    return are_equal;
}

/* DER has NULs. */
static bool authorities_equal(const cli_tls *a, const cli_tls *b) {
    return a->authorities_length == b->authorities_length &&
           (a->authorities_length == 0 ||
            memcmp(a->authorities, b->authorities, a->authorities_length) == 0);
}

/* Each request names its own; this is what a proxy is told that is asked for a tunnel. */
static const char *group_user_agent(const cli_group *group) {
    return cli_request_is_named(group, "User-Agent") ? "" : group->user_agent;
}

static bool groups_share_session(const cli_group *a, const cli_group *b) {
    return text_equals(a->proxy, b->proxy) && text_equals(a->proxy_user, b->proxy_user) &&
           text_equals(a->no_proxy, b->no_proxy) &&
           text_equals(group_user_agent(a), group_user_agent(b)) &&
           authorities_equal(&a->proxy_tls, &b->proxy_tls) &&
           a->proxy_tls.options.unsafe == b->proxy_tls.options.unsafe &&
           a->proxy_tunnel == b->proxy_tunnel && a->compressed == b->compressed &&
           a->raw == b->raw && group_keeps_cookies(a) == group_keeps_cookies(b) &&
           lines_equal(&a->resolve, &b->resolve) && lines_equal(&a->connect_to, &b->connect_to) &&
           lines_equal(&a->proxy_headers, &b->proxy_headers);
}

/* ---- The session of a group ---- */

/* As with curl the environment's list holds for --proxy too, and --noproxy is used instead of it.
 */
static const char *sessions_no_proxy(const cli_sessions *sessions, const cli_group *group) {
    return group->no_proxy != NULL ? group->no_proxy : sessions->no_proxy;
}

/* The proxy's URL, with the name and password of -U. NULL: none is named. */
static char *group_write_proxy(const cli_group *group) {
    if (group->proxy == NULL || group->proxy[0] == '\0') {
        return NULL;
    }
    if (group->proxy_user == NULL) {
        return cli_copy(group->proxy);
    }
    const char *scheme_end = strstr(group->proxy, "://");
    size_t scheme = scheme_end != NULL ? (size_t)(scheme_end + 3 - group->proxy) : 0;
    const char *at = strrchr(group->proxy, '@');
    size_t colon = strcspn(group->proxy_user, ":");
    cli_text url = {NULL, 0};
    cli_text_add(&url, group->proxy, scheme);
    cli_text_add_encoded(&url, group->proxy_user, colon);
    cli_text_add_string(&url, ":");
    cli_text_add_encoded(&url, group->proxy_user + colon + 1,
                         strlen(group->proxy_user + colon + 1));
    cli_text_add_string(&url, "@");
    cli_text_add_string(&url, at != NULL ? at + 1 : group->proxy + scheme);
    return url.data;
}

static ferry_session *session_new(cli_sessions *sessions, const cli_group *group) {
    char *proxy = group_write_proxy(group);
    int most = sessions->options->is_parallel ? sessions->options->max_parallel : 1;
    const ferry_session_options options = {
        .client =
            {
                .log = sessions->options->verbose ? sessions->log : NULL,
                .log_ctx = sessions->log_ctx,
                .user_agent = group_user_agent(group),
                .timeouts.idle_ms = -1,
                .max_decoded_bytes = -1,
                .keep_content_coding = !group->compressed || group->raw,
                .proxy_from_environment = group->proxy == NULL,
                .no_proxy = sessions_no_proxy(sessions, group),
                .proxy_tls = &group->proxy_tls.options,
                .resolve = group->resolve.items,
                .proxy_headers = group->proxy_headers.items,
                .connect_to = group->connect_to.items,
                .proxy_tunnel = group->proxy_tunnel,
            },
        .http_proxy = proxy,
        .https_proxy = proxy,
        .cookies = group_keeps_cookies(group) ? sessions->jar : NULL,
        .max_connections_per_origin = most,
        .max_connections = most > 10 ? most : 10,
    };
    ferry_session *session = ferry_session_new(&options);
    if (proxy != NULL) {
        memset(proxy, 0, strlen(proxy));
        free(proxy);
    }
    return session;
}

ferry_session *cli_sessions_get(cli_sessions *sessions, const cli_group *group,
                                const char **problem) {
    for (size_t i = 0; i < sessions->count; i++) {
        if (groups_share_session(sessions->items[i].group, group)) {
            return sessions->items[i].session;
        }
    }
    ferry_session *session = session_new(sessions, group);
    if (session == NULL) {
        *problem = "out of memory";
        return NULL;
    }
    sessions->items = cli_resize(sessions->items, (sessions->count + 1) * sizeof *sessions->items);
    sessions->items[sessions->count++] = (cli_session){group, session};
    return session;
}

void cli_sessions_free(cli_sessions *sessions) {
    for (size_t i = 0; i < sessions->count; i++) {
        ferry_session_free(sessions->items[i].session);
    }
    free(sessions->items);
    free(sessions->no_proxy);
    ferry_cookie_jar_free(sessions->jar);
}
