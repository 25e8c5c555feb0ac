/* SPDX-License-Identifier: MIT */
/* connect: names the host and the proxies to a client. The look-up runs on a thread of its
 * own, and polling the client does the rest. */
#include "connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- Proxies ---- */

/* As with curl the environment's list holds for --proxy too, and --noproxy is used instead of it.
 * What the library takes from the environment by itself is left to it. */
const char *cli_no_proxy(const cli_options *options) {
    if (options->no_proxy != NULL) {
        unsetenv("no_proxy");
        unsetenv("NO_PROXY");
        return options->no_proxy;
    }
    const char *list = getenv("no_proxy");
    return list != NULL ? list : getenv("NO_PROXY");
}

static bool parse_port(const char *digits, int *port) {
    size_t count = strspn(digits, "0123456789");
    *port = count <= 5 ? atoi(digits) : 0;
    return digits[count] == '\0' && *port >= 1 && *port <= 65535;
}

/* Parts "https://user:password@host:port/" before ":port": the library takes the rest as it is. An
 * IPv6 address has its port after brackets. */
static bool split_proxy(char *text, int *port, const char **reason) {
    char *scheme_end = strstr(text, "://");
    char *user_end = strrchr(text, '@');
    char *host = user_end != NULL ? user_end + 1 : scheme_end != NULL ? scheme_end + 3 : text;
    host[strcspn(host, "/?#")] = '\0';
    char *bracket = strchr(host, ']');
    char *colon = strchr(bracket != NULL ? bracket : host, ':');
    *port = strncasecmp(text, "https:", 6) == 0 ? 443 : 80;
    bool has_port = colon != NULL && strchr(colon + 1, ':') == NULL;
    if (has_port && colon[1] != '\0' && !parse_port(colon + 1, port)) {
        *reason = "the port of the proxy is not a number from 1 to 65535";
        return false;
    }
    if (has_port) {
        *colon = '\0';
    }
    return true;
}

static ferry_error set_proxies(ferry_client *client, const char *proxy, const char **detail) {
    if (proxy == NULL || proxy[0] == '\0') {
        return FERRY_OK;
    }
    char *text = strdup(proxy);
    if (text == NULL) {
        return FERRY_ERROR_OUT_OF_MEMORY;
    }
    int port = 0;
    ferry_error error = FERRY_ERROR_INVALID_PARAMETER;
    if (split_proxy(text, &port, detail)) {
        error = ferry_client_set_http_proxy(client, text, port);
        if (error == FERRY_OK) {
            error = ferry_client_set_https_proxy(client, text, port);
        }
        *detail = ferry_client_get_error_detail(client);
    }
    memset(text, 0, strlen(text));
    free(text);
    return error;
}

/* ---- The URL ---- */

/* People leave "http://" out. "http:" alone is a scheme as well, to the URL standard. */
static bool has_scheme(const char *url) {
    const char *separator = strstr(url, "://");
    return (separator != NULL && strcspn(url, "/?#") >= (size_t)(separator - url)) ||
           strncasecmp(url, "http:", 5) == 0 || strncasecmp(url, "https:", 6) == 0;
}

static ferry_error parse(const char *given, char **storage, ferry_url *url, const char **reason) {
    while (*given != '\0' && (unsigned char)*given <= ' ') {
        given++;
    }
    /* "http://" and the URL, and the room that ferry_url_parse() asks for. */
    size_t text_size = strlen(given) + 8;
    size_t storage_size = 3 * text_size + 16;
    *storage = malloc(text_size + storage_size);
    if (*storage == NULL) {
        return FERRY_ERROR_OUT_OF_MEMORY;
    }
    char *text = *storage + storage_size;
    snprintf(text, text_size, "%s%s", has_scheme(given) ? "" : "http://", given);
    ferry_error error = ferry_url_parse(text, *storage, storage_size, url, reason);
    if (error == FERRY_OK && url->userinfo != NULL) {
        *reason = "the URL has a user name; say -H 'Authorization: …' instead";
        return FERRY_ERROR_INVALID_PARAMETER;
    }
    return error;
}

ferry_error cli_connect(ferry_client *client, const cli_options *options, char **storage,
                        ferry_url *url, const char **detail) {
    *detail = "";
    ferry_error error = parse(options->url, storage, url, detail);
    if (error == FERRY_OK) {
        error = set_proxies(client, options->proxy, detail);
    }
    if (error != FERRY_OK) {
        return error;
    }
    /* Where nothing was said about TLS, its options are zeroed: every check that there is. */
    error = ferry_client_connect_to_host(client, url->host, url->port,
                                         url->secure ? &options->tls.options : NULL);
    *detail = ferry_client_get_error_detail(client);
    return error;
}
