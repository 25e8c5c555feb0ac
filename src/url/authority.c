/* SPDX-License-Identifier: MIT */
/* authority: checks a host, and says where what does not belong there should go instead. */
#include "authority.h"

#include "base/number.h"
#include "host.h"
#include "ip.h"

#include <string.h>

enum { LABEL_LIMIT = 63, IPV6_LIMIT = 45, ZONE_LIMIT = 32 };

/* Nothing but what an IPv6 address is spelled with; counts the colons. */
static bool authority_is_like_ipv6(ferry_span text, size_t *colons) {
    *colons = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        *colons += c == ':';
        if (ferry_hex_value(c) < 0 && c != ':' && c != '.') {
            return false;
        }
    }
    return true;
}

/* The look of an IPv6 address, a zone behind '%' allowed (RFC 4007); the platform reads it. */
static bool authority_looks_like_ipv6(ferry_span host) {
    size_t colons;
    ferry_span zone = ferry_ip_cut_zone(&host);
    if (zone.data != NULL && (!ferry_span_is_token(zone) || zone.length > ZONE_LIMIT)) {
        return false;
    }
    return authority_is_like_ipv6(host, &colons) && colons >= 2 && colons <= 7 &&
           host.length <= IPV6_LIMIT;
}

/* What is wrong with a name, as the rest of a sentence; NULL: nothing. The URL standard keeps empty
 * labels, but DNS has one only, the root (RFC 1035 section 3.1): no name with another can be found.
 */
static const char *authority_name_fault(ferry_span host) {
    const char *empty_part = "has an empty part: two dots in a row, or one in front";
    host = ferry_host_without_dot(host);
    if (host.length == 0 || host.length > FERRY_MAX_HOST_LENGTH) {
        return host.length == 0 ? "is empty" : "is longer than 253 bytes";
    }
    size_t label = 0;
    for (size_t i = 0; i < host.length; i++) {
        unsigned char c = (unsigned char)host.data[i];
        bool is_name_byte = ferry_is_digit(host.data[i]) || (c >= 'a' && c <= 'z') ||
                            (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
        if (c >= 0x80) {
            return "has letters outside ASCII: give it in its xn-- form (Punycode)";
        }
        if (c == '.' && label == 0) {
            return empty_part;
        }
        if (c != '.' && !is_name_byte) {
            return "is not a host name or an address";
        }
        label = c == '.' ? 0 : label + 1;
        if (label > LABEL_LIMIT) {
            return "has a part longer than 63 bytes";
        }
    }
    return label == 0 ? empty_part : NULL;
}

static const char *authority_brackets_fault(ferry_authority *authority) {
    ferry_span host = authority->host;
    const char *end = memchr(host.data, ']', host.length);
    if (end == NULL) {
        return "has no closing bracket";
    }
    size_t length = (size_t)(end - host.data) - 1;
    if (length + 2 < host.length) {
        return end[1] == ':' ? "holds a port: give that as the port argument"
                             : "has something after the bracket";
    }
    authority->host = (ferry_span){host.data + 1, length};
    authority->is_ipv6 = true;
    return authority_looks_like_ipv6(authority->host) ? NULL : "is not an IPv6 address";
}

static bool authority_has_any(ferry_span host, const char *set) {
    return ferry_span_find_any(host, set) < host.length;
}

/* Where "://" begins; strstr() would do, but is a kilobyte where it is built in. */
static const char *authority_find_scheme_end(ferry_span text) {
    for (size_t i = 0; i + 3 <= text.length; i++) {
        if (memcmp(text.data + i, "://", 3) == 0) {
            return text.data + i;
        }
    }
    return NULL;
}

const char *ferry_authority_fault(ferry_span text, ferry_authority *authority) {
    *authority = (ferry_authority){.host = text};
    authority->secure = ferry_span_take_prefix(&authority->host, FERRY_SPAN("https://"));
    authority->has_scheme =
        authority->secure || ferry_span_take_prefix(&authority->host, FERRY_SPAN("http://"));
    ferry_span host = authority->host;
    if (!authority->has_scheme && authority_find_scheme_end(host) != NULL) {
        return "has a scheme other than http:// and https://";
    }
    if (host.length == 0) {
        return "is empty";
    }
    if (authority_has_any(host, "@")) {
        return "holds a user name: send an Authorization header with the request";
    }
    if (authority_has_any(host, "/?#\\")) {
        return "holds a path: give that as the url of the request";
    }
    if (host.data[0] == '[') {
        return authority_brackets_fault(authority);
    }
    if (authority_looks_like_ipv6(host)) {
        authority->is_ipv6 = true;
        return NULL;
    }
    return authority_has_any(host, ":") ? "holds a port: give that as the port argument"
                                        : authority_name_fault(host);
}

ferry_error ferry_authority_parse(ferry_context *context, const char *text,
                                  ferry_authority *authority) {
    if (text == NULL) {
        return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "the host is NULL");
    }
    const char *fault = ferry_authority_fault(ferry_span_of(text), authority);
    if (fault == NULL) {
        return FERRY_OK;
    }
    char quote[FERRY_QUOTE_SIZE];
    return ferry_fail(context, FERRY_ERROR_INVALID_PARAMETER, "the host \"%s\" %s",
                      ferry_authority_quote(text, quote), fault);
}

bool ferry_authority_split(ferry_span text, ferry_authority *authority, uint16_t *port) {
    const char *end = text.data + text.length;
    const char *colon = end;
    while (colon > text.data && ferry_is_digit(colon[-1])) {
        colon--;
    }
    bool has_port = colon > text.data && colon[-1] == ':';
    *port = 0;
    if (has_port && colon < end &&
        !ferry_port_read((ferry_span){colon, (size_t)(end - colon)}, port)) {
        return false;
    }
    ferry_span host = {text.data, has_port ? (size_t)(colon - 1 - text.data) : text.length};
    return ferry_authority_fault(host, authority) == NULL && !authority->has_scheme &&
           authority->is_ipv6 == (host.data[0] == '[') &&
           memchr(host.data, '%', host.length) == NULL; /* a zone means nothing to others */
}

/* True for what stands behind the first colon of a host where that cannot be a password. */
static bool authority_is_port_or_ipv6(ferry_span text) {
    size_t colons;
    int64_t port;
    return authority_is_like_ipv6(text, &colons) &&
           (colons > 0 || text.length == 0 || ferry_decimal_read(text, &port));
}

const char *ferry_authority_quote(const char *text, char quote[FERRY_QUOTE_SIZE]) {
    ferry_span rest = ferry_span_of(text);
    const char *scheme = authority_find_scheme_end(rest);
    const char *host = scheme != NULL ? scheme + 3 : text;
    const char *at = strrchr(host, '@');
    if (text[0] == '/') {
        at = NULL; /* a path, in which an '@' is a character like others */
    } else if (at == NULL && host[0] != '[') {
        size_t length = strcspn(host, "/?#");
        const char *colon = memchr(host, ':', length);
        if (colon != NULL && !authority_is_port_or_ipv6(
                                 (ferry_span){colon + 1, (size_t)(host + length - colon - 1)})) {
            ferry_format(quote, FERRY_QUOTE_SIZE, "%.*s:***", (int)(colon - text), text);
            return quote;
        }
    }
    if (at == NULL) {
        ferry_format(quote, FERRY_QUOTE_SIZE, "%s", text);
    } else {
        ferry_format(quote, FERRY_QUOTE_SIZE, "%.*s***%s", (int)(host - text), text, at);
    }
    return quote;
}

size_t ferry_authority_write(const ferry_authority *authority, uint16_t port, bool secure,
                             char dst[FERRY_AUTHORITY_SIZE]) {
    size_t length = 0;
    ferry_span host = authority->host;
    if (authority->is_ipv6) {
        ferry_ip_cut_zone(&host);
        dst[length++] = '[';
    }
    memcpy(dst + length, host.data, host.length);
    length += host.length;
    if (authority->is_ipv6) {
        dst[length++] = ']';
    }
    if (port != (secure ? 443 : 80)) {
        length += ferry_format(dst + length, sizeof ":65535", ":%d", port);
    }
    dst[length] = '\0';
    return length;
}
