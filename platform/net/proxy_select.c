/* SPDX-License-Identifier: MIT */
/* proxy_select: chooses the proxy for an origin: the one that the program has set or the
 * environment names, or none. It also knows the addresses that the program gives for names. */
#include "client/proxy_select.h"

#include "platform.h"
#include "tls_options_copy.h"
#include "url/authority.h"
#include "url/host.h"
#include "url/no_proxy.h"
#include "url/proxy_url.h"

#include <stdlib.h>
#include <string.h>

enum { LITERAL_SIZE = 80 }; /* an address with its zone */

struct ferry_proxy_select {
    ferry_proxy *proxies[2]; /* for http and https; NULL: none is set */
    ferry_proxy *found;      /* in the environment, the latest */
    char *no_proxy;
    bool reads_environment;
    ferry_tls_options_copy *proxy_tls; /* NULL: the default */
    char *resolve;                     /* the lines, each with its NUL; NULL: none */
    size_t resolve_count;
    char *connect_to; /* as `resolve` */
    size_t connect_to_count;
    bool tunnels; /* http:// goes through proxies by CONNECT, too */
    char dial_host[FERRY_MAX_HOST_LENGTH + 1];
    const char **proxy_headers; /* in one block with their texts; NULL: none */
    ferry_proxy chosen;         /* the proxy with its TLS options */
    char address[LITERAL_SIZE]; /* without brackets */
};

/* ---- What is kept ---- */

/* An empty one; NULL where there is no memory. */
static ferry_proxy_select *select_make(const ferry_context *context) {
    ferry_proxy_select *made = ferry_alloc(context, sizeof *made);
    if (made != NULL) {
        *made = (ferry_proxy_select){.no_proxy = NULL};
    }
    return made;
}

/* The texts in one block, one behind the other. False where there is no memory. */
static bool select_copy(ferry_context *context, const char *const *texts, char **block,
                        size_t *count) {
    size_t size = 1;
    for (*count = 0; texts[*count] != NULL; ++*count) {
        size += strlen(texts[*count]) + 1;
    }
    char *at = ferry_alloc(context, size);
    *block = at;
    for (size_t i = 0; at != NULL && i < *count; i++) {
        size_t length = strlen(texts[i]) + 1;
        memcpy(at, texts[i], length);
        at += length;
    }
    return at != NULL;
}

/* The same with their places in front of them, ended by NULL. */
static bool copy_list(ferry_context *context, const char *const *texts, const char ***list) {
    size_t size = sizeof *texts;
    size_t count = 0;
    for (; texts[count] != NULL; count++) {
        size += sizeof *texts + strlen(texts[count]) + 1;
    }
    *list = ferry_alloc(context, size);
    if (*list == NULL) {
        return false;
    }
    char *at = (char *)(*list + count + 1);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(texts[i]) + 1;
        memcpy(at, texts[i], length);
        (*list)[i] = at;
        at += length;
    }
    (*list)[count] = NULL;
    return true;
}

ferry_error ferry_proxy_select_new(ferry_context *context, const ferry_client_options *options,
                                   ferry_proxy_select **select) {
    *select = NULL;
    if (options->no_proxy == NULL && !options->proxy_from_environment &&
        options->proxy_tls == NULL && options->resolve == NULL && options->proxy_headers == NULL &&
        options->connect_to == NULL && !options->proxy_tunnel) {
        return FERRY_OK;
    }
    ferry_proxy_select *made = select_make(context);
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    made->reads_environment = options->proxy_from_environment;
    made->tunnels = options->proxy_tunnel;
    const char *const no_proxy[] = {options->no_proxy, NULL};
    size_t count;
    if (options->proxy_tls != NULL) {
        made->proxy_tls = ferry_tls_options_copy_new(context, options->proxy_tls);
    }
    if ((options->proxy_tls != NULL && made->proxy_tls == NULL) ||
        (options->no_proxy != NULL && !select_copy(context, no_proxy, &made->no_proxy, &count)) ||
        (options->resolve != NULL &&
         !select_copy(context, options->resolve, &made->resolve, &made->resolve_count)) ||
        (options->connect_to != NULL &&
         !select_copy(context, options->connect_to, &made->connect_to, &made->connect_to_count)) ||
        (options->proxy_headers != NULL &&
         !copy_list(context, options->proxy_headers, &made->proxy_headers))) {
        ferry_proxy_select_free(context, made);
        return ferry_fail_memory(context);
    }
    *select = made;
    return FERRY_OK;
}

void ferry_proxy_select_free(ferry_context *context, ferry_proxy_select *select) {
    if (select == NULL) {
        return;
    }
    ferry_tls_options_copy_free(context, select->proxy_tls);
    ferry_free(context, select->proxy_headers);
    ferry_free(context, select->connect_to);
    ferry_free(context, select->resolve);
    ferry_free(context, select->no_proxy);
    ferry_free(context, select->found);
    ferry_free(context, select->proxies[1]);
    ferry_free(context, select->proxies[0]);
    ferry_free(context, select);
}

ferry_error ferry_proxy_select_set_proxy(ferry_context *context, ferry_proxy_select **select,
                                         bool secure, const char *host, uint16_t port) {
    ferry_proxy *proxy = NULL;
    if (host == NULL && *select == NULL) {
        return FERRY_OK;
    }
    ferry_error error = host != NULL ? ferry_proxy_read(context, host, port, &proxy) : FERRY_OK;
    if (error != FERRY_OK) {
        return error;
    }
    if (*select == NULL) {
        *select = select_make(context);
    }
    if (*select == NULL) {
        ferry_free(context, proxy);
        return ferry_fail_memory(context);
    }
    ferry_free(context, (*select)->proxies[secure]);
    (*select)->proxies[secure] = proxy;
    return FERRY_OK;
}

/* ---- The environment ---- */

/* The value of the first of the variables that is set and not empty; NULL: there is none. */
static const char *get_variable(const char *const *names, const char **name) {
    for (; *names != NULL; names++) {
        const char *value = ferry_platform_getenv(*names);
        if (value != NULL && value[0] != '\0') {
            *name = *names;
            return value;
        }
    }
    return NULL;
}

/* HTTP_PROXY is what a CGI program has of a client's header "Proxy:", so it is not among them. */
static const char *const http_variables[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
static const char *const https_variables[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
                                              "ALL_PROXY", NULL};
static const char *const no_proxy_variables[] = {"no_proxy", "NO_PROXY", NULL};

static ferry_error find_in_environment(ferry_context *context, ferry_proxy_select *select,
                                       ferry_span host, const ferry_origin *origin) {
    const char *name = NULL;
    const char *rules = get_variable(no_proxy_variables, &name);
    if (rules != NULL && ferry_no_proxy_matches(ferry_span_of(rules), host, origin->port)) {
        return FERRY_OK;
    }
    const char *text = get_variable(origin->secure ? https_variables : http_variables, &name);
    if (text == NULL) {
        return FERRY_OK;
    }
    ferry_error error = ferry_proxy_read(context, text, 0, &select->found);
    return error == FERRY_OK ? error
                             : ferry_fail_prefix(context, error, "the environment's %s", name);
}

static ferry_error choose_proxy(ferry_context *context, ferry_proxy_select *select, ferry_span host,
                                ferry_origin *origin) {
    ferry_free(context, select->found);
    select->found = NULL;
    if (select->no_proxy != NULL &&
        ferry_no_proxy_matches(ferry_span_of(select->no_proxy), host, origin->port)) {
        return FERRY_OK;
    }
    const ferry_proxy *proxy = select->proxies[origin->secure];
    if (proxy == NULL && select->reads_environment) {
        ferry_error error = find_in_environment(context, select, host, origin);
        if (error != FERRY_OK) {
            return error;
        }
        proxy = select->found;
    }
    if (proxy != NULL) {
        select->chosen = *proxy;
        select->chosen.tls = ferry_tls_options_copy_get(select->proxy_tls);
        select->chosen.headers = select->proxy_headers;
        origin->proxy = &select->chosen;
        origin->tunnels = select->tunnels;
    }
    return FERRY_OK;
}

/* ---- Addresses instead of look-ups ---- */

typedef struct resolve_line {
    ferry_span host;
    uint16_t port;
    char address[LITERAL_SIZE];
} resolve_line;

/* Takes what stands before the colon, without its brackets. */
static bool take_host(ferry_span *text, ferry_span *host) {
    bool is_bracketed = text->length > 0 && text->data[0] == '[';
    const char *end = memchr(text->data, is_bracketed ? ']' : ':', text->length);
    if (end == NULL) {
        return false;
    }
    *host = (ferry_span){text->data + is_bracketed, (size_t)(end - text->data) - is_bracketed};
    size_t taken = (size_t)(end - text->data) + is_bracketed;
    *text = ferry_span_skip(*text, taken);
    return host->length > 0 && ferry_span_take_prefix(text, FERRY_SPAN(":"));
}

static bool read_address(ferry_span text, char address[LITERAL_SIZE]) {
    ferry_address unused;
    if (text.length >= 2 && text.data[0] == '[' && text.data[text.length - 1] == ']') {
        text = (ferry_span){text.data + 1, text.length - 2};
    }
    if (text.length >= LITERAL_SIZE) {
        return false;
    }
    memcpy(address, text.data, text.length);
    address[text.length] = '\0';
    return ferry_address_from_literal(address, 1, &unused);
}

/* "HOST:PORT:ADDRESS" */
static bool read_line(ferry_span text, resolve_line *line) {
    ferry_span port;
    return take_host(&text, &line->host) && take_host(&text, &port) &&
           ferry_port_read(port, &line->port) && read_address(text, line->address);
}

/* ---- Other hosts ---- */

/* "HOST:PORT:" with nothing for what may be any. */
static bool take_place(ferry_span *text, ferry_span *host, uint16_t *port, bool is_last) {
    *host = (ferry_span){text->data, 0};
    *port = 0;
    if (!ferry_span_take_prefix(text, FERRY_SPAN(":")) && !take_host(text, host)) {
        return false;
    }
    const char *end = is_last ? text->data + text->length : memchr(text->data, ':', text->length);
    if (end == NULL) {
        return false;
    }
    ferry_span digits = {text->data, (size_t)(end - text->data)};
    *text = ferry_span_skip(*text, digits.length + !is_last);
    return digits.length == 0 || ferry_port_read(digits, port);
}

/* It goes to a look-up, or into the request for a tunnel. */
static bool span_is_host(ferry_span text) {
    ferry_authority authority;
    return text.length == 0 ||
           (ferry_authority_fault(text, &authority) == NULL && !authority.has_scheme);
}

static ferry_error fail_connect_to(ferry_context *context, const char *line) {
    char quote[FERRY_QUOTE_SIZE];
    const char *quoted = strchr(line, '@') != NULL ? ferry_authority_quote(line, quote) : line;
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                      "the `connect_to` line \"%.120s\" is not HOST1:PORT1:HOST2:PORT2", quoted);
}

/* The first line that matches counts, and every line is read. */
static ferry_error choose_dial(ferry_context *context, ferry_proxy_select *select, ferry_span host,
                               ferry_origin *origin) {
    const char *at = select->connect_to;
    for (size_t i = 0; i < select->connect_to_count; i++, at += strlen(at) + 1) {
        ferry_span text = ferry_span_of(at);
        ferry_span from, to;
        uint16_t from_port, to_port;
        if (!take_place(&text, &from, &from_port, false) ||
            !take_place(&text, &to, &to_port, true) || !span_is_host(to)) {
            return fail_connect_to(context, at);
        }
        bool is_match = (from.length == 0 || ferry_host_equals(from, host)) &&
                        (from_port == 0 || from_port == origin->port);
        if (!is_match || origin->dial_host != NULL) {
            continue;
        }
        to = to.length > 0 ? to : host;
        memcpy(select->dial_host, to.data, to.length);
        select->dial_host[to.length] = '\0';
        origin->dial_host = select->dial_host;
        origin->dial_port = to_port != 0 ? to_port : origin->port;
        origin->tunnels = true; /* an absolute form could not say so */
    }
    return FERRY_OK;
}

/* Every line is read, so that a bad one is found at once. If several match, the first one counts.
 */
static ferry_error choose_address(ferry_context *context, ferry_proxy_select *select,
                                  ferry_span host, ferry_origin *origin) {
    uint16_t port = origin->port;
    if (origin->proxy != NULL) {
        host = ferry_span_of(origin->proxy->host);
        port = origin->proxy->port;
    } else if (origin->dial_host != NULL) {
        host = ferry_span_of(origin->dial_host);
        port = origin->dial_port;
    }
    const char *at = select->resolve;
    for (size_t i = 0; i < select->resolve_count; i++, at += strlen(at) + 1) {
        resolve_line line;
        if (!read_line(ferry_span_of(at), &line)) {
            char quote[FERRY_QUOTE_SIZE];
            const char *quoted = strchr(at, '@') != NULL ? ferry_authority_quote(at, quote) : at;
            return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                              "the `resolve` line \"%.120s\" is not HOST:PORT:ADDRESS", quoted);
        }
        if (origin->address == NULL && line.port == port && ferry_host_equals(line.host, host)) {
            memcpy(select->address, line.address, sizeof select->address);
            origin->address = select->address;
        }
    }
    return FERRY_OK;
}

ferry_error ferry_proxy_select_choose(ferry_context *context, ferry_proxy_select *select,
                                      ferry_span host, ferry_origin *origin) {
    if (select == NULL) {
        return FERRY_OK;
    }
    ferry_error error = choose_proxy(context, select, host, origin);
    if (error == FERRY_OK && select->connect_to != NULL) {
        error = choose_dial(context, select, host, origin);
    }
    if (error == FERRY_OK && select->resolve != NULL) {
        error = choose_address(context, select, host, origin);
    }
    return error;
}
