/* SPDX-License-Identifier: MIT */
/* proxy_url: cuts out the password first, so that no sentence about the rest can hold it. */
#include "proxy_url.h"

#include "authority.h"
#include "base/base64.h"
#include "base/percent.h"
#include "host.h"

#include <string.h>

enum {
    HOST_LIMIT = 300,         /* what a name or an address cannot exceed */
    CREDENTIALS_LIMIT = 4096, /* so that a request head stays one that proxies take */
};

/* The pieces of the text, as they stand. */
typedef struct proxy_parts {
    bool secure;
    bool has_userinfo;
    ferry_span userinfo;
    ferry_span host; /* with brackets */
    uint16_t port;
} proxy_parts;

static ferry_error proxy_refuse(ferry_context *context, const char *why) {
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "%s", why);
}

/* ---- The scheme ---- */

/* The length of "name" in "name://"; 0 where there is no scheme. */
static size_t proxy_scheme_length(ferry_span text) {
    size_t length = 0;
    while (length < text.length &&
           (ferry_is_tchar((unsigned char)text.data[length]) && text.data[length] != '%')) {
        length++;
    }
    bool is_scheme = text.length - length >= 3 && memcmp(text.data + length, "://", 3) == 0;
    return is_scheme ? length : 0;
}

static ferry_error proxy_take_scheme(ferry_context *context, ferry_span *text, bool *secure) {
    size_t length = proxy_scheme_length(*text);
    ferry_span scheme = {text->data, length};
    *secure = ferry_span_equals(scheme, FERRY_SPAN("https"));
    if (length == 0) {
        return FERRY_OK;
    }
    if (ferry_span_starts_with(scheme, FERRY_SPAN("socks"))) {
        return ferry_fail(context, FERRY_ERROR_UNAVAILABLE,
                          "SOCKS is not spoken: a proxy is \"http://\" or \"https://\"");
    }
    if (!*secure && !ferry_span_equals(scheme, FERRY_SPAN("http"))) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER,
                          "the proxy has the scheme \"%.*s\": a proxy is \"http://\" or "
                          "\"https://\"",
                          (int)(length < 20 ? length : 20), scheme.data);
    }
    *text = ferry_span_skip(*text, length + 3);
    return FERRY_OK;
}

/* ---- User name and password ---- */

/* What stands before the last '@' belongs to them: many passwords hold one. */
static ferry_error proxy_take_userinfo(ferry_context *context, ferry_span *text,
                                       proxy_parts *parts) {
    for (size_t i = text->length; i > 0; i--) {
        if (text->data[i - 1] == '@') {
            parts->userinfo = (ferry_span){text->data, i - 1};
            parts->has_userinfo = i > 1;
            *text = ferry_span_skip(*text, i);
            break;
        }
    }
    if (ferry_span_find_any(parts->userinfo, "/?#") < parts->userinfo.length) {
        return proxy_refuse(context,
                            "the user name or the password of the proxy has a '/', '?' or '#', "
                            "which must be percent-encoded there");
    }
    if (parts->userinfo.length > CREDENTIALS_LIMIT) {
        return proxy_refuse(context, "the user name and the password of the proxy are too long");
    }
    return FERRY_OK;
}

/* Decodes what is percent-encoded; `dst` has room for as much. Control characters cannot be part of
 * credentials (RFC 7617 section 2). */
static ferry_error proxy_decode(ferry_context *context, ferry_span text, char *dst,
                                size_t *length) {
    *length = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c == '%') {
            int decoded = ferry_percent_read(ferry_span_skip(text, i));
            if (decoded < 0) {
                return proxy_refuse(context,
                                    "the user name or the password of the proxy has a '%' that "
                                    "is not followed by two hexadecimal digits");
            }
            c = (char)decoded;
            i += FERRY_PERCENT_SIZE - 1;
        }
        if ((unsigned char)c < 0x20 || c == 0x7f) {
            return proxy_refuse(context, "the user name or the password of the proxy has a control "
                                         "character");
        }
        dst[(*length)++] = c;
    }
    return FERRY_OK;
}

/* "name:password" with its own bytes (RFC 7617 section 2). */
static ferry_error proxy_read_credentials(ferry_context *context, ferry_span userinfo, char *dst,
                                          size_t *length) {
    const char *colon = memchr(userinfo.data, ':', userinfo.length);
    size_t name_length = colon != NULL ? (size_t)(colon - userinfo.data) : userinfo.length;
    size_t name_decoded = 0;
    size_t password_decoded = 0;
    ferry_error error =
        proxy_decode(context, (ferry_span){userinfo.data, name_length}, dst, &name_decoded);
    if (error == FERRY_OK && memchr(dst, ':', name_decoded) != NULL) {
        error = proxy_refuse(context, "the user name of the proxy has a colon, which Basic "
                                      "authentication cannot carry (RFC 7617)");
    }
    dst[name_decoded] = ':';
    if (error == FERRY_OK && colon != NULL) {
        error = proxy_decode(context, ferry_span_skip(userinfo, name_length + 1),
                             dst + name_decoded + 1, &password_decoded);
    }
    *length = name_decoded + 1 + password_decoded;
    return error;
}

/* ---- Host and port ---- */

/* In a URL: drops the path, and takes the port. */
static ferry_error proxy_take_port(ferry_context *context, proxy_parts *parts) {
    ferry_span host = parts->host;
    host.length = ferry_span_find_any(host, "/?#"); /* without the path */
    const char *bracket = memchr(host.data, ']', host.length);
    size_t from = bracket != NULL ? (size_t)(bracket - host.data) : 0;
    const char *colon = memchr(host.data + from, ':', host.length - from);
    bool is_bare_ipv6 =
        bracket == NULL && colon != NULL &&
        memchr(colon + 1, ':', host.length - (size_t)(colon + 1 - host.data)) != NULL;
    parts->port = parts->secure ? 443 : 80;
    parts->host = host;
    if (colon == NULL || is_bare_ipv6) {
        return FERRY_OK;
    }
    ferry_span digits = ferry_span_skip(host, (size_t)(colon + 1 - host.data));
    parts->host.length = (size_t)(colon - host.data);
    if (digits.length == 0) {
        return FERRY_OK; /* "host:" is a URL with the default port */
    }
    return ferry_port_read(digits, &parts->port)
               ? FERRY_OK
               : proxy_refuse(context, "the port of the proxy is not a number from 1 to 65535");
}

static ferry_error proxy_split(ferry_context *context, const char *text, uint16_t port,
                               proxy_parts *parts) {
    ferry_span rest = ferry_span_trim(ferry_span_of(text));
    *parts = (proxy_parts){.port = port};
    ferry_error error = proxy_take_scheme(context, &rest, &parts->secure);
    if (error == FERRY_OK) {
        error = proxy_take_userinfo(context, &rest, parts);
    }
    parts->host = rest;
    if (error == FERRY_OK && port == 0) {
        error = proxy_take_port(context, parts);
    }
    if (error == FERRY_OK && parts->host.length == 0) {
        error = proxy_refuse(context, "the proxy has no host");
    }
    if (error == FERRY_OK && parts->host.length >= HOST_LIMIT) {
        error = proxy_refuse(context, "the host of the proxy is too long");
    }
    return error;
}

/* Checks the host as that of an origin is checked; `bare` then has it without brackets. What was
 * given is not repeated: it may be a user name and a password, put into the wrong place. */
static ferry_error proxy_check_host(ferry_context *context, ferry_span host,
                                    char bare[HOST_LIMIT]) {
    ferry_authority authority;
    const char *fault = ferry_authority_fault(host, &authority);
    if (fault != NULL) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "the host of the proxy %s",
                          fault);
    }
    if (authority.has_scheme) {
        return proxy_refuse(context, "the proxy has two schemes");
    }
    memcpy(bare, authority.host.data, authority.host.length);
    bare[authority.host.length] = '\0';
    return FERRY_OK;
}

static ferry_proxy *proxy_make(ferry_context *context, const char *host, const proxy_parts *parts,
                               ferry_span credentials) {
    static const char scheme[] = "Basic ";
    size_t host_size = strlen(host) + 1;
    size_t base64_size = ferry_base64_length(credentials.length);
    ferry_proxy *proxy =
        ferry_alloc(context, sizeof *proxy + host_size + sizeof scheme + base64_size);
    if (proxy == NULL) {
        return NULL;
    }
    char *at = (char *)(proxy + 1);
    *proxy = (ferry_proxy){.host = at, .port = parts->port, .secure = parts->secure};
    memcpy(at, host, host_size);
    at += host_size;
    if (parts->has_userinfo) {
        proxy->authorization = at;
        memcpy(at, scheme, sizeof scheme - 1);
        at = ferry_base64_write(credentials, at + sizeof scheme - 1);
        *at = '\0';
    }
    return proxy;
}

ferry_error ferry_proxy_read(ferry_context *context, const char *text, uint16_t port,
                             ferry_proxy **proxy) {
    proxy_parts parts;
    char host[HOST_LIMIT];
    char credentials[CREDENTIALS_LIMIT + 2];
    size_t length = 0;
    ferry_error error = proxy_split(context, text, port, &parts);
    if (error == FERRY_OK && parts.has_userinfo) {
        error = proxy_read_credentials(context, parts.userinfo, credentials, &length);
    }
    if (error == FERRY_OK) {
        error = proxy_check_host(context, parts.host, host);
    }
    if (error != FERRY_OK) {
        return error;
    }
    ferry_proxy *made = proxy_make(context, host, &parts, (ferry_span){credentials, length});
    if (made == NULL) {
        return ferry_fail_memory(context);
    }
    *proxy = made;
    return FERRY_OK;
}
