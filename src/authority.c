/* SPDX-License-Identifier: MIT */
/* authority: says which argument takes what does not belong into the host. */
#include "authority.h"

#include <string.h>

enum { LABEL_LIMIT = 63, ZONE_LIMIT = 32 };

static ferry_error refuse(ferry_context *context, const char *text, const char *why) {
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "the host \"%.80s\" %s", text, why);
}

static bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The look of an IPv6 address, a zone behind '%' allowed (RFC 4007); the platform reads it. */
static bool looks_like_ipv6(ferry_span host) {
    size_t length = host.length;
    const char *zone = memchr(host.data, '%', length);
    if (zone != NULL) {
        length = (size_t)(zone - host.data);
        size_t zone_length = host.length - length - 1;
        if (zone_length == 0 || zone_length > ZONE_LIMIT) {
            return false;
        }
        for (size_t i = 0; i < zone_length; i++) {
            if (!ferry_is_tchar((unsigned char)zone[1 + i])) {
                return false;
            }
        }
    }
    size_t colons = 0;
    for (size_t i = 0; i < length; i++) {
        colons += host.data[i] == ':';
        if (!is_hex(host.data[i]) && host.data[i] != ':' && host.data[i] != '.') {
            return false;
        }
    }
    return colons >= 2 && colons <= 7;
}

static ferry_error check_name(ferry_context *context, const char *text, ferry_span host) {
    if (host.length > 0 && host.data[host.length - 1] == '.') {
        host.length--; /* the root's dot, which some write */
    }
    if (host.length == 0 || host.length > FERRY_MAX_HOST_LENGTH) {
        return refuse(context, text, host.length == 0 ? "is empty" : "is longer than 253 bytes");
    }
    size_t label = 0;
    for (size_t i = 0; i < host.length; i++) {
        unsigned char c = (unsigned char)host.data[i];
        bool is_name_byte = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                            (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
        if (c >= 0x80) {
            return refuse(context, text,
                          "has letters outside ASCII: give it in its xn-- form (Punycode)");
        }
        if (c == '.' ? label == 0 : !is_name_byte) {
            return refuse(context, text, "is not a host name or an address");
        }
        label = c == '.' ? 0 : label + 1;
        if (label > LABEL_LIMIT) {
            return refuse(context, text, "has a part longer than 63 bytes");
        }
    }
    return FERRY_OK;
}

static ferry_error check_brackets(ferry_context *context, const char *text,
                                  ferry_authority *authority) {
    ferry_span host = authority->host;
    const char *end = memchr(host.data, ']', host.length);
    if (end == NULL) {
        return refuse(context, text, "has no closing bracket");
    }
    size_t length = (size_t)(end - host.data) - 1;
    if (length + 2 < host.length) {
        return refuse(context, text,
                      end[1] == ':' ? "holds a port: give that as the port argument"
                                    : "has something after the bracket");
    }
    authority->host = (ferry_span){host.data + 1, length};
    authority->is_ipv6 = true;
    return looks_like_ipv6(authority->host) ? FERRY_OK
                                            : refuse(context, text, "is not an IPv6 address");
}

static bool contains(ferry_span text, const char *any) {
    for (size_t i = 0; i < text.length; i++) {
        if (strchr(any, text.data[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* strstr() would do, but is a kilobyte where it is built in. */
static bool has_scheme(ferry_span text) {
    for (size_t i = 0; i + 3 <= text.length; i++) {
        if (memcmp(text.data + i, "://", 3) == 0) {
            return true;
        }
    }
    return false;
}

ferry_error ferry_authority_parse(ferry_context *context, const char *text,
                                  ferry_authority *authority) {
    if (text == NULL) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "the host is NULL");
    }
    ferry_span host = ferry_span_of(text);
    *authority = (ferry_authority){.host = host};
    if (ferry_span_starts_with(host, FERRY_SPAN("http://"))) {
        authority->has_scheme = true;
        authority->host = (ferry_span){host.data + 7, host.length - 7};
    } else if (ferry_span_starts_with(host, FERRY_SPAN("https://"))) {
        authority->has_scheme = true;
        authority->secure = true;
        authority->host = (ferry_span){host.data + 8, host.length - 8};
    } else if (has_scheme(host)) {
        return refuse(context, text, "has a scheme other than http:// and https://");
    }
    host = authority->host;
    if (host.length == 0) {
        return refuse(context, text, "is empty");
    }
    if (contains(host, "@")) {
        return refuse(context, text,
                      "holds a user name: send an Authorization header with the request");
    }
    if (contains(host, "/?#\\")) {
        return refuse(context, text, "holds a path: give that as the url of the request");
    }
    if (host.data[0] == '[') {
        return check_brackets(context, text, authority);
    }
    if (looks_like_ipv6(host)) {
        authority->is_ipv6 = true;
        return FERRY_OK;
    }
    if (contains(host, ":")) {
        return refuse(context, text, "holds a port: give that as the port argument");
    }
    return check_name(context, text, host);
}

size_t ferry_authority_write(const ferry_authority *authority, uint16_t port, bool secure,
                             char *dst) {
    size_t length = 0;
    size_t host_length = authority->host.length;
    if (authority->is_ipv6) {
        const char *zone = memchr(authority->host.data, '%', host_length);
        host_length = zone != NULL ? (size_t)(zone - authority->host.data) : host_length;
        dst[length++] = '[';
    }
    memcpy(dst + length, authority->host.data, host_length);
    length += host_length;
    if (authority->is_ipv6) {
        dst[length++] = ']';
    }
    if (port != (secure ? 443 : 80)) {
        length += ferry_format(dst + length, sizeof ":65535", ":%d", port);
    }
    dst[length] = '\0';
    return length;
}
